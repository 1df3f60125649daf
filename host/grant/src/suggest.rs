//! The known word that a misspelt one was probably meant to be.

/// The nearest of `known`, when it is near enough to be worth a question.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    /// Operators write keys by hand; what is longer is no slip of the finger and not worth comparing.
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('_', "-");
    let (distance, nearest) = known.iter().map(|known| (edits(&word, known), *known)).min_by_key(|(distance, _)| *distance)?;
    let tolerated = (word.chars().count().max(nearest.len()) / 3).max(1);
    (distance <= tolerated).then_some(nearest)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (row, cells) in rows.iter_mut().enumerate() {
        cells[0] = row;
    }
    rows[0] = (0..=right.len()).collect();
    for row in 1..=left.len() {
        for column in 1..=right.len() {
            let replaced = rows[row - 1][column - 1] + usize::from(left[row - 1] != right[column - 1]);
            let mut fewest = replaced.min(rows[row - 1][column] + 1).min(rows[row][column - 1] + 1);
            if row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1] {
                fewest = fewest.min(rows[row - 2][column - 2] + 1);
            }
            rows[row][column] = fewest;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["program", "args", "class", "allow-env", "directories"];
        for (word, expect) in [
            ("progarm", Some("program")),
            ("programm", Some("program")),
            ("arg", Some("args")),
            ("klass", Some("class")),
            ("allow_env", Some("allow-env")),
            ("directory", Some("directories")),
            ("timeout", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), expect, "{word}");
        }
    }
}
