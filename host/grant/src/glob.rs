//! Text with `*` for any run of characters: the one kind of pattern inside an argument or a path's segment.

/// Literal pieces with a `*` between each two; one piece is a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    pieces: Vec<Vec<u8>>,
}

/// Why a text is not a glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// `**` is for lists.
    #[error("`**` stands alone and last: it is all the rest, none included")]
    Rest,
    /// Nothing else can be escaped.
    #[error("`\\` stands before `*` or `\\` only")]
    Escape,
}

impl Glob {
    /// From text in which `\*` and `\\` stand for themselves.
    ///
    /// # Errors
    /// When it has a `**`, or a `\` before something else.
    pub fn parse(text: &str) -> Result<Self, GlobError> {
        let mut pieces = vec![Vec::new()];
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'*' if bytes.peek() == Some(&b'*') => return Err(GlobError::Rest),
                b'*' => pieces.push(Vec::new()),
                b'\\' => push(&mut pieces, bytes.next().filter(|next| matches!(next, b'*' | b'\\')).ok_or(GlobError::Escape)?),
                other => push(&mut pieces, other),
            }
        }
        Ok(Self { pieces })
    }

    /// The pieces between the stars.
    pub(crate) fn pieces(&self) -> &[Vec<u8>] {
        &self.pieces
    }

    /// From the pieces between the stars.
    pub(crate) fn of_pieces(pieces: Vec<Vec<u8>>) -> Self {
        Self { pieces }
    }

    /// Exactly `text`, whatever is in it.
    pub(crate) fn literal(text: &[u8]) -> Self {
        Self { pieces: vec![text.to_vec()] }
    }

    /// The text it stands for, when that is only one.
    pub(crate) fn as_literal(&self) -> Option<&[u8]> {
        match self.pieces.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether all that it stands for begins with this byte.
    pub(crate) fn begins_with(&self, byte: u8) -> bool {
        self.pieces.first().is_some_and(|piece| piece.first() == Some(&byte))
    }

    /// Whether it is `*` and nothing else.
    pub(crate) fn is_star(&self) -> bool {
        self.pieces.len() == 2 && self.pieces.iter().all(Vec::is_empty)
    }

    /// Whether all of `text` is what it stands for.
    pub fn matches(&self, text: &[u8]) -> bool {
        let Some((first, others)) = self.pieces.split_first() else {
            return false;
        };
        let Some((last, middle)) = others.split_last() else {
            return text == first.as_slice();
        };
        let Some(mut rest) = text.strip_prefix(first.as_slice()).and_then(|rest| rest.strip_suffix(last.as_slice())) else {
            return false;
        };
        // The leftmost place of each piece leaves the most for those after it.
        for piece in middle {
            let Some(at) = find(rest, piece) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
        }
        true
    }
}

/// A literal text written so that `parse` reads it back: nothing in it is a wildcard.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*")
}

fn push(pieces: &mut [Vec<u8>], byte: u8) {
    if let Some(last) = pieces.last_mut() {
        last.push(byte);
    }
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    if piece.is_empty() {
        return Some(0);
    }
    text.windows(piece.len()).position(|window| window == piece)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Glob, GlobError, escape};

    fn check(pattern: &str, text: &str, expect: bool) {
        assert_eq!(Glob::parse(pattern).unwrap().matches(text.as_bytes()), expect, "{pattern} against {text}");
    }

    #[test]
    fn a_star_is_any_run_and_everything_else_is_itself() {
        for (pattern, text, expect) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "any\ntext", true),
            ("deployment/*", "deployment/api", true),
            ("deployment/*", "deployment/", true),
            ("deployment/*", "deployments/api", false),
            ("--tag=v*", "--tag=v2", true),
            ("--tag=v*", "x--tag=v2", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*b*", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("\\\\*", "\\x", true),
            ("[a-z]?", "[a-z]?", true),
            ("[a-z]?", "bc", false),
        ] {
            check(pattern, text, expect);
        }
        assert_eq!(Glob::parse("a**"), Err(GlobError::Rest));
        assert_eq!(Glob::parse("a\\n"), Err(GlobError::Escape));
        assert_eq!(Glob::parse("a\\"), Err(GlobError::Escape));
    }

    proptest! {
        #[test]
        fn an_escaped_text_is_itself_and_nothing_else(text in "[a*\\\\]{0,8}", other in "[a*\\\\]{0,8}") {
            let glob = Glob::parse(&escape(&text)).unwrap();
            prop_assert_eq!(glob.matches(other.as_bytes()), text == other);
        }

        #[test]
        fn what_fills_the_stars_matches(parts in proptest::collection::vec("[ab]{0,3}", 1..5), fill in proptest::collection::vec("[abc]{0,3}", 5)) {
            let glob = Glob::parse(&parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("*")).unwrap();
            let mut text = String::new();
            for (index, part) in parts.iter().filter(|part| !part.is_empty()).enumerate() {
                if index > 0 {
                    text.push_str(&fill[index]);
                }
                text.push_str(part);
            }
            prop_assert!(glob.matches(text.as_bytes()));
        }
    }
}
