//! Absolute paths as a guest writes them, checked by their text alone: what is not normalised is refused, never repaired.

use std::path::{Component, Path};

use crate::glob::{Glob, GlobError};

/// Longest path taken from a guest, in bytes, as the contract says; also what Linux takes.
pub(crate) const PATH_MAX: usize = 4096;

/// Why a path is not one that can be decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with `/`.
    #[error("the path is not absolute")]
    Relative,
    /// More than 4 KiB.
    #[error("the path is longer than {PATH_MAX} bytes")]
    TooLong,
    /// NUL or another control character.
    #[error("the path has a control character")]
    Control,
    /// `//`, or `/` at the end.
    #[error("the path has an empty part: `//`, or `/` at its end")]
    Empty,
    /// `.` or `..`.
    #[error("the path has a part `.` or `..`")]
    Dots,
}

/// Checks that `path` is absolute and the only way to write what it names.
///
/// # Errors
/// Says which rule it breaks.
pub fn normalised(path: &str) -> Result<&str, PathError> {
    if path.len() > PATH_MAX {
        return Err(PathError::TooLong);
    }
    if path.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    let Some(relative) = path.strip_prefix('/') else {
        return Err(PathError::Relative);
    };
    if relative.is_empty() {
        return Ok(path);
    }
    for part in relative.split('/') {
        match part {
            "" => return Err(PathError::Empty),
            "." | ".." => return Err(PathError::Dots),
            _ => {}
        }
    }
    Ok(path)
}

/// Where a link in `directory` (below a mount, without a leading slash) would point: none when that is outside the mount, judged by the text.
pub(crate) fn link_target(directory: &str, target: &str) -> Option<String> {
    if target.is_empty() || target.len() > PATH_MAX || target.starts_with('/') || target.chars().any(char::is_control) {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

/// A host path without `.` and `..`, by its text: for comparing two paths of the same grant file.
pub(crate) fn lexical(path: &Path) -> std::path::PathBuf {
    let mut clean = std::path::PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => clean.push(component),
        }
    }
    clean
}

/// An absolute path with `*` within a part and `**` for all that is below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    parts: Vec<Glob>,
    rest: bool,
}

/// Why a text is no path pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathPatternError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Glob(#[from] GlobError),
    #[error("a relative path needs the grant file to lie in a directory whose path is UTF-8")]
    Base,
}

impl PathPattern {
    /// From text; a relative one is below `base`.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Self, PathPatternError> {
        let mut parts = Vec::new();
        let relative = match text.strip_prefix('/') {
            Some(relative) => relative,
            None => {
                for component in lexical(base).components() {
                    if let Component::Normal(part) = component {
                        parts.push(Glob::literal(part.to_str().ok_or(PathPatternError::Base)?.as_bytes()));
                    }
                }
                text.strip_prefix("./").unwrap_or(if text == "." { "" } else { text })
            }
        };
        if relative.is_empty() {
            return Ok(Self { parts, rest: false });
        }
        normalised(&format!("/{relative}"))?;
        let (relative, rest) = match relative.strip_suffix("**") {
            Some("") => ("", true),
            Some(above) if above.ends_with('/') => (above.trim_end_matches('/'), true),
            Some(_) => return Err(GlobError::Rest.into()),
            None => (relative, false),
        };
        for part in relative.split('/').filter(|part| !part.is_empty()) {
            parts.push(Glob::parse(part)?);
        }
        Ok(Self { parts, rest })
    }

    /// Whether a normalised absolute path is one of it.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let length_fits = if self.rest { parts.len() > self.parts.len() } else { parts.len() == self.parts.len() };
        length_fits && self.parts.iter().zip(&parts).all(|(glob, part)| glob.matches(part.as_bytes()))
    }

    /// Whether a path of it may be this one, or below it.
    pub(crate) fn may_be_below(&self, path: &str) -> bool {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let fit = self.parts.iter().zip(parts.by_ref()).all(|(glob, part)| glob.matches(part.as_bytes()));
        fit && (self.rest || parts.next().is_none())
    }

    /// The path it names, when that is only one.
    pub(crate) fn as_literal(&self) -> Option<String> {
        if self.rest {
            return None;
        }
        let parts: Option<Vec<&str>> = self.parts.iter().map(|glob| glob.as_literal().and_then(|part| std::str::from_utf8(part).ok())).collect();
        parts.map(|parts| format!("/{}", parts.join("/")))
    }
}

/// What lies below `mount` on the way to `path`, when it is below it or is it. Both normalised.
pub(crate) fn below<'p>(path: &'p str, mount: &str) -> Option<&'p str> {
    if mount == "/" {
        return path.strip_prefix('/');
    }
    let rest = path.strip_prefix(mount)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::{PathError, PathPattern, below, link_target, normalised};

    #[test]
    fn only_the_normal_form_of_a_path_is_taken() {
        for right in ["/", "/a", "/a/b.c", "/a/..b/c..", "/ä/…", "/a b", "/a/%2e%2e/b"] {
            assert_eq!(normalised(right), Ok(right));
        }
        for (wrong, expect) in [
            ("", PathError::Relative),
            ("a/b", PathError::Relative),
            ("./a", PathError::Relative),
            ("../a", PathError::Relative),
            ("\\a", PathError::Relative),
            ("//a", PathError::Empty),
            ("/a//b", PathError::Empty),
            ("/a/", PathError::Empty),
            ("/.", PathError::Dots),
            ("/..", PathError::Dots),
            ("/a/./b", PathError::Dots),
            ("/a/../b", PathError::Dots),
            ("/a/..", PathError::Dots),
            ("/a\0b", PathError::Control),
            ("/a\nb", PathError::Control),
            ("/a\u{85}b", PathError::Control),
        ] {
            assert_eq!(normalised(wrong), Err(expect), "{wrong:?}");
        }
        assert_eq!(normalised(&format!("/{}", "x".repeat(4096))), Err(PathError::TooLong));
        assert!(normalised(&format!("/{}", "x".repeat(4095))).is_ok());
    }

    #[test]
    fn a_link_that_points_out_of_its_mount_has_no_target() {
        for (directory, target, expect) in [
            ("", "releases/2", Some("releases/2")),
            ("slots", "../releases/2", Some("releases/2")),
            ("slots", "..", Some("")),
            ("", "./a//b/.", Some("a/b")),
            ("slots", "../..", None),
            ("slots", "../../etc/passwd", None),
            ("slots", "../../app/a", None),
            ("", "..", None),
            ("", "/etc/passwd", None),
            ("", "", None),
            ("", "a\0", None),
            ("", "a/../../b", None),
        ] {
            assert_eq!(link_target(directory, target).as_deref(), expect, "{directory} -> {target}");
        }
    }

    #[test]
    fn a_directory_pattern_is_matched_part_by_part() {
        for (pattern, path, expect) in [
            ("/srv/app", "/srv/app", true),
            ("/srv/app", "/srv/app/x", false),
            ("/srv/app", "/srv/apple", false),
            ("/srv/app/**", "/srv/app", false),
            ("/srv/app/**", "/srv/app/x/y", true),
            ("/srv/app/**", "/srv/apple/x", false),
            ("/srv/*/x", "/srv/app/x", true),
            ("/srv/*/x", "/srv/a/b/x", false),
            ("/srv/app-*", "/srv/app-1", true),
            ("/**", "/", false),
            ("/**", "/x", true),
            ("/", "/", true),
            ("/", "/x", false),
            (".", "/base/dir", true),
            ("work", "/base/dir/work", true),
            ("./work", "/base/dir/work", true),
            ("work/**", "/base/dir/work/1", true),
            ("**", "/base/dir/1", true),
            ("**", "/base/other", false),
        ] {
            let parsed = PathPattern::parse(pattern, Path::new("/base/./x/../dir")).unwrap();
            assert_eq!(parsed.matches(path), expect, "{pattern} against {path}");
        }
        for wrong in ["/a/**/b", "/a**", "/a/../b", "../a", "/a//b", "/a/", "/a\0"] {
            assert!(PathPattern::parse(wrong, Path::new("/base")).is_err(), "{wrong}");
        }
        assert_eq!(PathPattern::parse("x", Path::new("/a*b")).unwrap().as_literal().as_deref(), Some("/a*b/x"));
        assert_eq!(PathPattern::parse("/x/*", Path::new("/")).unwrap().as_literal(), None);
    }

    #[test]
    fn a_path_is_below_a_mount_by_whole_parts() {
        for (path, mount, expect) in [
            ("/app", "/app", Some("")),
            ("/app/x/y", "/app", Some("x/y")),
            ("/apple", "/app", None),
            ("/", "/app", None),
            ("/x", "/", Some("x")),
            ("/", "/", Some("")),
        ] {
            assert_eq!(below(path, mount), expect, "{path} below {mount}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_has_no_way_up(path in "[/.a\\x00]{0,12}") {
            if let Ok(taken) = normalised(&path) {
                prop_assert!(taken.starts_with('/') && !taken.contains("//") && !taken.contains('\0'));
                prop_assert!(taken.split('/').all(|part| part != "." && part != ".."));
            }
        }

        #[test]
        fn a_link_never_has_a_target_with_a_way_up(directory in "(a|b)?(/(a|b)){0,2}", target in "[/.a]{0,10}") {
            if let Some(inside) = link_target(directory.trim_start_matches('/'), &target) {
                prop_assert!(inside.split('/').all(|part| part != ".."));
                prop_assert!(!inside.starts_with('/'));
            }
        }
    }
}
