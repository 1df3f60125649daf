//! Bytes become lines: a log has messages, a stream has none.

/// The longest line, in bytes: as long as the log's longest message. What is longer is several lines.
const LONGEST: usize = 16 << 10;

/// What has been written since the last line ended. Guest-controlled, and never more than the longest line.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes bytes up to the end of the next line and gives that line; none when they end first, and are kept.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<String> {
        let room = LONGEST - self.begun.len();
        let (part, ended) = match bytes.iter().take(room).position(|byte| *byte == b'\n') {
            Some(at) => (at, true),
            None => (bytes.len().min(room), false),
        };
        self.begun.extend_from_slice(&bytes[..part]);
        *bytes = &bytes[part + usize::from(ended)..];
        if ended {
            return Some(text(&std::mem::take(&mut self.begun)));
        }
        if self.begun.len() < LONGEST {
            return None;
        }
        let rest = self.begun.split_off(whole(&self.begun));
        Some(text(&std::mem::replace(&mut self.begun, rest)))
    }

    /// The line that was begun and not ended.
    pub(super) fn end(&mut self) -> Option<String> {
        let begun = std::mem::take(&mut self.begun);
        (!begun.is_empty()).then(|| text(&begun))
    }
}

/// How many of the bytes are whole characters. Those of something that is no text all are.
fn whole(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Ok(_) | Err(_) => bytes.len(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Lines};

    /// The lines of what is written piece by piece, and what is left at the end.
    fn lines(pieces: &[&[u8]]) -> (Vec<String>, Option<String>) {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            let mut bytes = *piece;
            while let Some(line) = lines.next(&mut bytes) {
                found.push(line);
            }
            assert!(bytes.is_empty());
        }
        (found, lines.end())
    }

    #[test]
    fn a_line_is_put_together_of_its_pieces() {
        assert_eq!(lines(&[b"a", b"b\nc", b"\n\nd"]), (vec!["ab".into(), "c".into(), String::new()], Some("d".into())));
        assert_eq!(lines(&[b"whole\n"]), (vec!["whole".into()], None));
        assert_eq!(lines(&["ä".as_bytes().split_at(1).0, "ä\n".as_bytes().split_at(1).1]), (vec!["ä".into()], None));
        assert_eq!(lines(&[b"\xff\n"]), (vec!["\u{fffd}".into()], None));
    }

    #[test]
    fn what_never_ends_comes_in_lines_of_the_longest_and_no_character_is_split() {
        let (found, left) = lines(&["x".as_bytes(), "ä".repeat(LONGEST).as_bytes()]);
        assert!(found.iter().all(|line| line.len() <= LONGEST && !line.contains('\u{fffd}')));
        assert_eq!((found.len(), found.concat() + &left.unwrap_or_default()), (2, format!("x{}", "ä".repeat(LONGEST))));
        let (found, left) = lines(&[&vec![0x80; LONGEST * 3]]);
        assert_eq!((found.len(), left), (3, None));
    }
}
