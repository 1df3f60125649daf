//! Text that a guest gives or gets: cut to length, and checked to be text at all.

use lockstep_model::Failure;

/// What stands at the end of cut text.
const CUT: &str = " … (cut)";

/// The text, at most `longest` bytes of it. A cut is marked.
pub(crate) fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest.saturating_sub(CUT.len())));
        text.push_str(CUT);
    }
    text
}

/// The bytes as text, or a failure of the given code that says where they are none.
pub(super) fn as_text(bytes: &[u8], code: &str, what: &str) -> Result<String, Failure> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            Err(Failure::problem(code, format!("{what} is not UTF-8: byte {at} of {} does not begin a character", bytes.len())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{as_text, cut};

    #[test]
    fn a_cut_never_splits_a_character_and_is_marked() {
        let long = cut("ä".repeat(100), 51);
        assert!(long.len() <= 51 && long.ends_with("(cut)"), "{long}");
        assert_eq!(cut("short".to_owned(), 51), "short");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        let failure = as_text(b"ab\xff", "http.invalid-utf8", "the body").unwrap_err();
        assert_eq!(failure.code(), "http.invalid-utf8");
        assert!(failure.message().contains("byte 2 of 3"), "{failure}");
    }
}
