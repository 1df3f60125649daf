//! Takes values out of bytes that come piece by piece, also where a value is split over two of them.

use std::convert::Infallible;
use std::sync::Arc;

use aho_corasick::Input;

use super::{Scrubber, Secrets};

/// Bytes on their way, from which the values known when it began are taken out.
pub struct ScrubStream {
    /// None: there is nothing to take out.
    scrubber: Option<Arc<Scrubber>>,
    /// The end of what came: a value may begin in it.
    held: Vec<u8>,
}

impl Secrets {
    /// Begins a stream without the values that are known now.
    pub fn stream(&self) -> ScrubStream {
        ScrubStream { scrubber: self.current(), held: Vec::new() }
    }

    /// The beginning of something that goes on, without values of secrets, and how many bytes at its end are kept back: they may be the beginning of
    /// a value. Put what follows behind those and ask again.
    pub fn scrub_beginning(&self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let Some(scrubber) = self.current() else { return (bytes.to_vec(), 0) };
        let mut scrubbed = Vec::with_capacity(bytes.len());
        let mut hand_on = |part: &[u8]| {
            scrubbed.extend_from_slice(part);
            Ok::<(), Infallible>(())
        };
        let Ok(done) = scrubber.hand_on(bytes, scrubber.settled(bytes), &mut hand_on);
        (scrubbed, bytes.len() - done)
    }
}

impl ScrubStream {
    /// Takes the next bytes and hands on what no value can be part of any more, with markers for the values in it. Fewer bytes than the longest value stay here.
    pub fn pass<E>(&mut self, bytes: &[u8], hand_on: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let Some(scrubber) = &self.scrubber else { return hand_on(bytes) };
        self.held.extend_from_slice(bytes);
        let done = scrubber.hand_on(&self.held, scrubber.settled(&self.held), hand_on)?;
        self.held.drain(..done);
        Ok(())
    }

    /// Hands on the rest.
    pub fn end<E>(mut self, hand_on: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let Some(scrubber) = self.scrubber.take() else { return Ok(()) };
        scrubber.hand_on(&self.held, self.held.len(), hand_on).map(drop)
    }
}

impl Scrubber {
    /// A value that begins before this ends in what is here.
    fn settled(&self, bytes: &[u8]) -> usize {
        (bytes.len() + 1).saturating_sub(self.longest)
    }

    /// Hands on what begins before `settled`, and says how far that reaches.
    fn hand_on<E>(&self, bytes: &[u8], settled: usize, hand_on: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<usize, E> {
        let mut done = 0;
        while done < settled {
            let next = self.automaton.find(Input::new(bytes).range(done..)).filter(|found| found.start() < settled);
            let Some(found) = next else {
                hand_on(&bytes[done..settled])?;
                return Ok(settled);
            };
            hand_on(&bytes[done..found.start()])?;
            hand_on(self.markers[found.pattern().as_usize()].as_bytes())?;
            done = found.end();
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use lockstep_model::Secret;

    use crate::secrets::Secrets;

    fn passed(secrets: &Secrets, pieces: &[&[u8]]) -> Vec<u8> {
        let (mut stream, mut all) = (secrets.stream(), Vec::new());
        let mut hand_on = |bytes: &[u8]| {
            all.extend_from_slice(bytes);
            Ok::<(), Infallible>(())
        };
        pieces.iter().for_each(|piece| stream.pass(piece, &mut hand_on).unwrap());
        stream.end(&mut hand_on).unwrap();
        all
    }

    #[test]
    fn a_value_is_taken_out_wherever_it_is_split() {
        let secrets = Secrets::new("seed");
        secrets.learn("KEY", Secret::new(b"s3cr3t-value".to_vec()));
        secrets.learn("LONGER", Secret::new(b"s3cr3t-value-and-more".to_vec()));
        let encoded = STANDARD.encode("s3cr3t-value");
        let text = format!("s3cr3t-value one {encoded} two s3cr3t-value-and-more s3cr3t-val s3cr3t-value-and s3cr3t-value");
        let whole = secrets.scrub_text(&text);
        assert!(!whole.contains("s3cr3t-value") && whole.contains("s3cr3t-val "));
        let text = text.as_bytes();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(passed(&secrets, &pieces), whole.as_bytes(), "split at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(passed(&secrets, &single), whole.as_bytes());
    }

    #[test]
    fn what_is_held_back_does_not_grow() {
        let secrets = Secrets::new("seed");
        secrets.learn("KEY", Secret::new(b"aaaaaaaab".to_vec()));
        let mut stream = secrets.stream();
        for _ in 0..1_000 {
            stream.pass(&[b'a'; 1_000], &mut |_| Ok::<(), Infallible>(())).unwrap();
            assert!(stream.held.len() < 100, "{}", stream.held.len());
        }
    }

    #[test]
    fn without_a_secret_bytes_pass_as_they_are() {
        assert_eq!(passed(&Secrets::new("seed"), &[b"a", b"", b"bc"]), b"abc");
    }
}
