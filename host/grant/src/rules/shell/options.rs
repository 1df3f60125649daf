//! Options by name: those that an allow lets through, and what may stand nowhere, in every spelling that programs take for it.
//!
//! What a program makes of an argument is its own affair: it may take `--forc` for `--force`, `-xf` for `-x -f`, and hand what follows `--` to another program.
//! So what is let through is compared as it is written, and what is not is looked for in all of these.

use crate::glob::{Glob, GlobError};

/// An option that an allow lets through: `--oneline`, `--max-count=*`, or with a value of its own, `-n *`.
#[derive(Debug, Clone)]
pub(super) struct OptionPattern {
    text: String,
    option: Glob,
    value: Option<Glob>,
}

/// What may stand nowhere: an option in any spelling, or an argument in any case.
#[derive(Debug, Clone)]
pub(super) struct Anywhere {
    text: String,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// One letter: alone or among others.
    Letter(char),
    /// A word without its dashes; `and_longer`: and whatever begins with it.
    Word { word: String, and_longer: bool },
    /// Anything else, in small letters.
    Argument(Glob),
}

/// Why a text is neither.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum OptionError {
    #[error("an option begins with `-`: `--oneline`, `--max-count=*`, `-n *`")]
    NoDash,
    #[error("say the option without its value: `--force` is about `--force=…` as well")]
    Value,
    #[error("in an option that is looked for everywhere a `*` stands at the end only")]
    Star,
    #[error(transparent)]
    Glob(#[from] GlobError),
}

impl OptionPattern {
    pub(super) fn parse(text: &str) -> Result<Self, OptionError> {
        let (option, value) = match text.split_once(' ') {
            Some((option, value)) => (option, Some(value)),
            None => (text, None),
        };
        if !option.starts_with('-') || option.starts_with("-*") || option.starts_with("--*") {
            return Err(OptionError::NoDash);
        }
        Ok(Self { text: text.to_owned(), option: Glob::parse(option)?, value: value.map(Glob::parse).transpose()? })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// How many arguments it takes of these: none when it is another.
    pub(super) fn takes(&self, arg: &str, next: Option<&str>) -> usize {
        if !arg.starts_with('-') || !self.option.matches(arg.as_bytes()) {
            return 0;
        }
        match (&self.value, next) {
            (None, _) => 1,
            (Some(pattern), Some(value)) if pattern.matches(value.as_bytes()) => 2,
            (Some(_), _) => 0,
        }
    }
}

impl Anywhere {
    pub(super) fn parse(text: &str) -> Result<Self, OptionError> {
        let word = text.trim_start_matches('-');
        let what = if !text.starts_with('-') || text == "-" {
            What::Argument(Glob::parse(&text.to_ascii_lowercase())?)
        } else if word.contains('=') {
            return Err(OptionError::Value);
        } else {
            let (name, and_longer) = word.strip_suffix('*').map_or((word, false), |name| (name, true));
            let mut letters = name.chars();
            match (letters.next(), letters.next()) {
                (None, _) => return Err(OptionError::NoDash),
                _ if name.contains('*') => return Err(OptionError::Star),
                (Some(letter), None) if !and_longer && !text.starts_with("--") => What::Letter(letter),
                (Some(_), _) => What::Word { word: name.to_owned(), and_longer },
            }
        };
        Ok(Self { text: text.to_owned(), what })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether some program takes this argument for it.
    pub(super) fn is(&self, arg: &str) -> bool {
        let head = arg.split('=').next().unwrap_or_default();
        let word = head.trim_start_matches('-');
        let long = arg.starts_with("--");
        match &self.what {
            What::Argument(glob) => glob.matches(arg.to_ascii_lowercase().as_bytes()),
            _ if !arg.starts_with('-') || word.is_empty() => false,
            // A value may hang on the letters (`-mfix`): nobody but the program knows where it begins.
            What::Letter(letter) if long => word.chars().eq([*letter]),
            What::Letter(letter) => word.contains(*letter),
            What::Word { word: wanted, and_longer } => word == wanted || *and_longer && word.starts_with(wanted) || long && wanted.starts_with(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Anywhere, OptionError, OptionPattern};

    fn is(pattern: &str, arg: &str) -> bool {
        Anywhere::parse(pattern).unwrap().is(arg)
    }

    #[test]
    fn an_option_is_found_in_every_spelling() {
        for spelling in ["--force", "--force=yes", "--force=", "--forc", "--f", "-force"] {
            assert!(is("--force", spelling), "{spelling}");
        }
        for other in ["force", "--force-with-lease", "--follow", "--no-force", "-", "--", "---", "", "./--force"] {
            assert!(!is("--force", other), "{other}");
        }
        assert!(is("--force*", "--force-with-lease=main") && is("--force*", "--fo") && !is("--force*", "--format"));
        for spelling in ["-f", "-xf", "-fx", "-f=1", "--f", "-abcfdef"] {
            assert!(is("-f", spelling), "{spelling}");
        }
        for other in ["f", "--follow", "-x", "-x=f", "-F", "--"] {
            assert!(!is("-f", other), "{other}");
        }
    }

    #[test]
    fn an_argument_is_found_in_any_case() {
        assert!(is("flush*", "FlushAll") && is("+*", "+main:main") && is("*:*", "a:b") && !is("flush*", "a-flush"));
    }

    #[test]
    fn what_is_no_option_is_refused() {
        assert_eq!(OptionPattern::parse("oneline").unwrap_err(), OptionError::NoDash);
        assert_eq!(OptionPattern::parse("-*").unwrap_err(), OptionError::NoDash);
        assert_eq!(OptionPattern::parse("--*").unwrap_err(), OptionError::NoDash);
        assert_eq!(Anywhere::parse("--").unwrap_err(), OptionError::NoDash);
        assert_eq!(Anywhere::parse("--force=*").unwrap_err(), OptionError::Value);
        assert_eq!(Anywhere::parse("--*force").unwrap_err(), OptionError::Star);
    }

    #[test]
    fn an_option_takes_its_value_along() {
        let takes = |pattern: &str, arg: &str, next: Option<&str>| OptionPattern::parse(pattern).unwrap().takes(arg, next);
        assert_eq!((takes("-n *", "-n", Some("5")), takes("-n *", "-n", None), takes("-n *", "-n5", Some("5"))), (2, 0, 0));
        assert_eq!((takes("--max-count=*", "--max-count=5", None), takes("--oneline", "--oneline", Some("x"))), (1, 1));
    }
}
