//! The section of a component that says where in the project's sources its instructions come from: written by `build`, read when a guest was stopped.
//!
//! It is a custom section, so that what is in it changes nothing of what the component does. Numbers are LEB128. First the texts, each a length and its bytes:
//! paths and names of functions. Then the places, each the number of its path, its line, the number of its function, and the number from 1 of the place that the
//! compiler put this one into, which stands before it; 0 for none. Last the rows, in the order of the instructions: the distance to the row before, and the
//! number from 1 of its place, or 0. A row counts up to the next.

use crate::sections::{custom, take, take_bytes};

/// The section's name.
pub(crate) const SECTION: &str = "lockstep:lines";

/// More than any procedure has: a section that is longer is not one that `lockstep build` has made.
const LONGEST_SECTION: usize = 4 << 20;

/// A line of a source, and the function that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The source's path in its project.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// As its language calls it; empty when it is not known.
    pub function: String,
}

/// `src/lib.rs:42 in switch`.
impl std::fmt::Display for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.function.as_str() {
            "" => write!(f, "{}:{}", self.file, self.line),
            function => write!(f, "{}:{} in {function}", self.file, self.line),
        }
    }
}

/// Gathers rows for a section.
#[derive(Debug, Default)]
pub struct Writer {
    texts: Vec<String>,
    places: Vec<[usize; 4]>,
    rows: Vec<u8>,
    /// Where the last row is, and its place.
    last: (u64, usize),
}

impl Writer {
    /// From this place in the component's file on the instructions are those of `frames`, the innermost first; empty: not known. Places come in ascending order.
    pub fn row(&mut self, offset: u64, frames: &[Frame]) {
        let place = frames.iter().rev().fold(0, |outer, frame| {
            let place = [number(&mut self.texts, frame.file.clone()), frame.line as usize, number(&mut self.texts, frame.function.clone()), outer];
            number(&mut self.places, place) + 1
        });
        if place != self.last.1 {
            put(&mut self.rows, offset.saturating_sub(self.last.0) as usize);
            put(&mut self.rows, place);
            self.last = (offset, place);
        }
    }

    /// The component with the section behind it; as it was when there are no rows.
    pub fn write(self, mut component: Vec<u8>) -> Vec<u8> {
        if self.rows.is_empty() {
            return component;
        }
        let mut section = Vec::new();
        put(&mut section, SECTION.len());
        section.extend(SECTION.as_bytes());
        put(&mut section, self.texts.len());
        for text in &self.texts {
            put(&mut section, text.len());
            section.extend(text.as_bytes());
        }
        put(&mut section, self.places.len());
        self.places.iter().flatten().for_each(|number| put(&mut section, *number));
        section.extend(self.rows);
        component.push(0);
        put(&mut component, section.len());
        component.extend(section);
        component
    }
}

/// Where it stands among the known, as whose last it is added when it is new.
fn number<T: PartialEq>(known: &mut Vec<T>, wanted: T) -> usize {
    known.iter().rposition(|known| *known == wanted).unwrap_or_else(|| {
        known.push(wanted);
        known.len() - 1
    })
}

/// The section of a component, as it lies there; empty when it has none. Guest-controlled, like all that is in it.
pub fn section(component: &[u8]) -> &[u8] {
    custom(component, SECTION).find(|data| data.len() <= LONGEST_SECTION).unwrap_or_default()
}

/// Where the instruction comes from that is at this place in the component's file: the innermost frame first, at most `most`. Empty when it is not known, or
/// the section is none of ours.
pub fn look_up(section: &[u8], offset: u64, most: usize) -> Vec<Frame> {
    found(section, offset, most).unwrap_or_default()
}

fn found(section: &[u8], offset: u64, most: usize) -> Option<Vec<Frame>> {
    let mut rest = section;
    let mut texts = Vec::new();
    for _ in 0..take(&mut rest)? {
        texts.push(std::str::from_utf8(take_bytes(&mut rest)?).ok()?);
    }
    let mut places = Vec::new();
    for _ in 0..take(&mut rest)? {
        places.push([take(&mut rest)?, take(&mut rest)?, take(&mut rest)?, take(&mut rest)?]);
    }
    let (mut at, mut place) = (0_u64, 0);
    while !rest.is_empty() {
        at = at.checked_add(take(&mut rest)?)?;
        if at > offset {
            break;
        }
        place = take(&mut rest)?;
    }
    let mut frames = Vec::new();
    while place > 0 && frames.len() < most {
        let text = |number: u64| texts.get(usize::try_from(number).ok()?).map(|text| (*text).to_owned());
        let [file, line, function, outer] = *places.get(usize::try_from(place - 1).ok()?)?;
        frames.push(Frame { file: text(file)?, line: u32::try_from(line).ok()?, function: text(function)? });
        place = outer;
    }
    Some(frames)
}

fn put(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::{Frame, Writer, look_up, section};

    fn frame(file: &str, line: u32, function: &str) -> Frame {
        Frame { file: file.to_owned(), line, function: function.to_owned() }
    }

    /// A component that has another section before ours and another one behind it.
    fn component() -> Vec<u8> {
        let mut writer = Writer::default();
        writer.row(100, &[frame("src/lib.rs", 7, "run")]);
        writer.row(110, &[frame("src/lib.rs", 7, "run")]);
        writer.row(300, &[frame("src/site.rs", 4_000, "ask"), frame("src/lib.rs", 9, "run")]);
        writer.row(310, &[]);
        writer.row(900, &[frame("src/lib.rs", 1, "")]);
        let mut component = writer.write(b"\0asm\x0d\0\x01\0\x07\x02ab\0\x03\x01xy".to_vec());
        component.extend(b"\0\x03\x01zy");
        component
    }

    #[test]
    fn a_row_counts_up_to_the_next_and_what_is_not_known_is_nowhere() {
        let component = component();
        let shown = |offset| look_up(section(&component), offset, 9).iter().map(Frame::to_string).collect::<Vec<_>>();
        for nowhere in [0, 99, 310, 899] {
            assert!(shown(nowhere).is_empty(), "{nowhere}");
        }
        assert_eq!((shown(100), shown(299)), (vec!["src/lib.rs:7 in run".to_owned()], vec!["src/lib.rs:7 in run".to_owned()]));
        assert_eq!(shown(305), ["src/site.rs:4000 in ask", "src/lib.rs:9 in run"]);
        assert_eq!(shown(u64::MAX), ["src/lib.rs:1"]);
        assert_eq!(look_up(section(&component), 305, 1), [frame("src/site.rs", 4_000, "ask")]);
    }

    #[test]
    fn a_component_without_rows_is_as_it_was() {
        let mut writer = Writer::default();
        writer.row(7, &[]);
        assert_eq!(writer.write(b"component".to_vec()), b"component");
        assert!(section(b"\0asm\x0d\0\x01\0\0\x03\x01xy").is_empty());
    }

    #[test]
    fn what_is_none_of_ours_names_no_place() {
        let component = component();
        for end in 0..component.len() - 5 {
            assert!(section(&component[..end]).is_empty(), "{end}");
        }
        let ours = section(&component);
        for end in 0..ours.len() {
            look_up(&ours[..end], 305, 9);
        }
        assert!(section(&[0xff; 40]).is_empty());
        // A place that is in itself, one that is not there, a text that is not there, counts that are not true.
        for hostile in [
            &[1, 1, b'x', 1, 0, 1, 0, 1, 1, 1][..],
            &[1, 1, b'x', 1, 0, 1, 0, 9, 1, 1],
            &[0, 1, 5, 1, 0, 0, 1, 1],
            &[0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0xff; 40],
        ] {
            assert!(look_up(hostile, 100, 9).len() <= 9, "{hostile:?}");
        }
    }
}
