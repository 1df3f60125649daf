//! Keeps the beginning and the end of an output, whatever its length, in memory that does not grow with it.
//!
//! The beginning says what was started, the end says why it failed: what can be spared is the middle.

use std::collections::VecDeque;

/// An output as far as it is kept.
#[derive(Debug)]
pub(crate) struct Capture {
    limit: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    seen: u64,
}

impl Capture {
    /// Keeps at most `limit` bytes: half from the beginning, half from the end.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, head: Vec::new(), tail: VecDeque::new(), seen: 0 }
    }

    /// Takes the next bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        let (first, rest) = bytes.split_at(bytes.len().min(self.head_limit() - self.head.len()));
        self.head.extend_from_slice(first);
        let room = self.limit - self.head_limit();
        // Of a chunk longer than the whole tail only its end can stay.
        let rest = &rest[rest.len().saturating_sub(room)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(room);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// Whether something was left out.
    pub(crate) fn is_cut(&self) -> bool {
        self.seen > (self.head.len() + self.tail.len()) as u64
    }

    /// What was kept, with a mark where something is missing. Text stays text: no character is cut in two.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let cut = self.is_cut();
        let Self { mut head, tail, seen, .. } = self;
        let tail = Vec::from(tail);
        if !cut {
            head.extend_from_slice(&tail);
            return head;
        }
        head.truncate(head.len() - torn_end(&head));
        let tail = &tail[torn_start(&tail)..];
        let missing = seen - (head.len() + tail.len()) as u64;
        head.extend_from_slice(format!("…[{missing} bytes cut]…").as_bytes());
        head.extend_from_slice(tail);
        head
    }

    /// The last of it as text, for a message: at most about `longest` bytes.
    pub(crate) fn last_words(&self, longest: usize) -> String {
        let kept: Vec<u8> = self.head.iter().chain(&self.tail).copied().collect();
        let end = &kept[kept.len().saturating_sub(longest)..];
        String::from_utf8_lossy(&end[if end.len() < kept.len() { torn_start(end) } else { 0 }..]).trim().to_owned()
    }

    fn head_limit(&self) -> usize {
        self.limit / 2
    }
}

/// How many bytes at the end begin a character that does not end there. At most 3: what is longer is not UTF-8 and is left alone.
fn torn_end(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let length = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if back < length { back } else { 0 };
    }
    0
}

/// How many bytes at the start continue a character that began before.
fn torn_start(bytes: &[u8]) -> usize {
    bytes.iter().take(3).take_while(|byte| (0x80..=0xbf).contains(*byte)).count()
}

#[cfg(test)]
mod tests {
    use super::Capture;

    fn captured(limit: usize, chunks: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut capture = Capture::new(limit);
        chunks.iter().for_each(|chunk| capture.take(chunk));
        let cut = capture.is_cut();
        (capture.into_bytes(), cut)
    }

    #[test]
    fn what_fits_is_kept_as_it_came() {
        assert_eq!(captured(10, &[b"01234", b"5678", b"9"]), (b"0123456789".to_vec(), false));
        assert_eq!(captured(0, &[]), (Vec::new(), false));
    }

    #[test]
    fn of_what_does_not_fit_the_middle_is_cut() {
        let (kept, cut) = captured(10, &[b"0123456789abcdef"]);
        assert_eq!(String::from_utf8(kept).unwrap(), "01234…[6 bytes cut]…bcdef");
        assert!(cut);
        let (kept, _) = captured(10, &[b"012", b"3456", b"789ab", b"cdef"]);
        assert_eq!(String::from_utf8(kept).unwrap(), "01234…[6 bytes cut]…bcdef");
        assert_eq!(String::from_utf8(captured(0, &[b"abc"]).0).unwrap(), "…[3 bytes cut]…");
    }

    #[test]
    fn a_cut_does_not_tear_a_character() {
        for limit in 4..24 {
            let (kept, cut) = captured(limit, &["äöü€𝄞".repeat(10).as_bytes()]);
            assert!(cut && String::from_utf8(kept).is_ok(), "{limit}");
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_output() {
        let mut capture = Capture::new(1000);
        for _ in 0..10_000 {
            capture.take(&[b'x'; 4096]);
        }
        assert!(capture.head.capacity() + capture.tail.capacity() < 20_000);
        assert!(capture.is_cut());
    }

    #[test]
    fn last_words_are_the_end_of_what_was_said() {
        let mut capture = Capture::new(100);
        capture.take("first line\nlast wörds\n".as_bytes());
        assert_eq!(capture.last_words(5), "rds");
        assert_eq!(capture.last_words(1000), "first line\nlast wörds");
    }
}
