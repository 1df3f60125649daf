//! The sections of a component that `lockstep build` writes behind its code: what they say is for people, and no compiler looks at them.

use crate::{descriptor, lines};

/// The names of those that are ours.
const OURS: [&str; 2] = [lines::SECTION, descriptor::SECTION];

/// Magic number and version.
const HEADER: usize = 8;

/// A length is of 32 bits, of which a byte has seven.
const LONGEST_LENGTH: usize = 5;

/// The component without our sections at its end, which is all of it that is compiled: built again with another description it is the same code, and each
/// instruction is at the same place. What is not made of whole sections stays as it is, for the compiler to say what is wrong with it.
pub fn code(component: &[u8]) -> &[u8] {
    let mut rest = component.get(HEADER..).unwrap_or_default();
    let mut behind = rest;
    while let Some(section) = take_section(&mut rest) {
        if !OURS.iter().any(|name| section.holds(name).is_some()) {
            behind = rest;
        }
    }
    let ours = if rest.is_empty() { behind.len() } else { 0 };
    &component[..component.len() - ours]
}

/// What the custom sections of that name hold. Guest-controlled.
pub(crate) fn custom<'a>(component: &'a [u8], name: &str) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = component.get(HEADER..).unwrap_or_default();
    std::iter::from_fn(move || take_section(&mut rest)).filter_map(move |section| section.holds(name))
}

struct Section<'a> {
    id: u8,
    content: &'a [u8],
}

impl<'a> Section<'a> {
    /// What stands behind its name, if it is a custom section of that name.
    fn holds(&self, name: &str) -> Option<&'a [u8]> {
        let mut data = self.content;
        (self.id == 0 && take_bytes(&mut data)? == name.as_bytes()).then_some(data)
    }
}

/// Nothing is taken of what is no whole section.
fn take_section<'a>(rest: &mut &'a [u8]) -> Option<Section<'a>> {
    let (id, mut others) = rest.split_first()?;
    let content = take_bytes(&mut others)?;
    *rest = others;
    Some(Section { id: *id, content })
}

/// A number in LEB128.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A length and so many bytes.
pub(crate) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let before = bytes.len();
    let length = u32::try_from(take(bytes)?).ok()?;
    if before - bytes.len() > LONGEST_LENGTH {
        return None;
    }
    let (taken, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::{OURS, code, custom};

    /// A component of two sections, the last a custom one of somebody else.
    const OTHERS: &[u8] = b"\0asm\x0d\0\x01\0\x07\x02ab\0\x03\x01xy";

    fn with(component: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
        let sizes = [name.len() + data.len() + 1, name.len()].map(|size| u8::try_from(size).unwrap());
        [component, &[0], &sizes, name.as_bytes(), data].concat()
    }

    #[test]
    fn our_sections_at_the_end_are_not_compiled_and_all_before_them_is() {
        assert_eq!(code(OTHERS), OTHERS);
        let ours = with(&with(OTHERS, OURS[0], b"lines"), OURS[1], b"{}");
        assert_eq!(code(&ours), OTHERS);
        let buried = with(&ours, "lockstep", b"");
        assert_eq!((code(&buried), code(&with(&buried, OURS[0], b""))), (&buried[..], &buried[..]));
        assert_eq!(custom(&ours, OURS[1]).collect::<Vec<_>>(), [b"{}"]);
    }

    #[test]
    fn what_is_not_whole_stays_as_it_is() {
        let ours = with(OTHERS, OURS[0], b"lines");
        for end in OTHERS.len() + 1..ours.len() {
            assert_eq!(code(&ours[..end]), &ours[..end], "{end}");
        }
        for start in [&b""[..], b"\0asm", b"\0asm\x0d\0\x01\0"] {
            assert_eq!(code(start), start);
        }
        // A length that no reader of WebAssembly takes: of too many bytes, of more than 32 bits.
        for length in [&[0x8f, 0x80, 0x80, 0x80, 0x80, 0][..], &[0x80, 0x80, 0x80, 0x80, 0x10]] {
            let odd = [OTHERS, &[0], length, b"\x0elockstep:lines"].concat();
            assert_eq!(code(&odd), odd);
        }
    }
}
