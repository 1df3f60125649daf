//! The codes of failures: what a procedure gets from a capability and what stands in a journal, each with a page.
//!
//! An open set: a capability may add one. Each interface has a file of pages, one heading a code.

/// One file for each part of a code before the dot.
const FILES: &[&str] = &[
    include_str!("pages/failures/artifact.md"),
    include_str!("pages/failures/cases.md"),
    include_str!("pages/failures/clock.md"),
    include_str!("pages/failures/db.md"),
    include_str!("pages/failures/files.md"),
    include_str!("pages/failures/guest.md"),
    include_str!("pages/failures/host.md"),
    include_str!("pages/failures/http.md"),
    include_str!("pages/failures/kube.md"),
    include_str!("pages/failures/limit.md"),
    include_str!("pages/failures/plan.md"),
    include_str!("pages/failures/probe.md"),
    include_str!("pages/failures/redis.md"),
    include_str!("pages/failures/rehearsal.md"),
    include_str!("pages/failures/run.md"),
    include_str!("pages/failures/secret.md"),
    include_str!("pages/failures/shell.md"),
    include_str!("pages/failures/step.md"),
    include_str!("pages/failures/wasi.md"),
];

/// A documented failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailurePage {
    /// `http.tls`.
    pub code: &'static str,
    /// What it means and what to do about it. Markdown without the title.
    pub page: &'static str,
}

/// Every documented failure, in the order of the files.
pub fn all() -> impl Iterator<Item = FailurePage> {
    FILES.iter().flat_map(|file| {
        file.split("\n## ").skip(1).filter_map(|section| {
            let (code, page) = section.split_once('\n')?;
            Some(FailurePage { code: code.trim(), page: page.trim() })
        })
    })
}

/// The page of a failure's code.
pub fn find(code: &str) -> Option<FailurePage> {
    all().find(|page| page.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::{FailurePage, all};

    /// Crates that make failures or hand them on. The command line and this crate only speak about them.
    const SPEAKERS: [&str; 2] = ["host/api", "host/cli"];

    /// The codes that host, SDK and contract name: texts in Rust such as `"http.tls"` that are no function of the contract, and what stands behind
    /// `Errors` in WIT.
    fn named() -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let interfaces: BTreeSet<&str> = all().filter_map(|page| page.code.split_once('.')).map(|(interface, _)| interface).collect();
        let (mut functions, mut codes) = (BTreeSet::new(), BTreeSet::new());
        for file in sources(&root.join("wit"), "wit") {
            let text = std::fs::read_to_string(&file).unwrap();
            functions.extend(text.lines().filter_map(declared));
            for errors in text.lines().filter(|line| line.contains("Errors")) {
                codes.extend(errors.split('`').skip(1).step_by(2).filter(|text| is_code(text, &interfaces)).map(str::to_owned));
            }
        }
        let speakers = [("host", "rs"), ("guest-sdk/rust/src", "rs"), ("guest-sdk/typescript/src", "ts"), ("guest-sdk/python/lockstep", "py")];
        for file in speakers.into_iter().flat_map(|(folder, extension)| sources(&root.join(folder), extension)) {
            if SPEAKERS.iter().any(|speaker| file.starts_with(root.join(speaker))) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let literals = text.split('"').filter(|text| is_code(text, &interfaces));
            codes.extend(literals.filter(|code| code.split_once('.').is_some_and(|(_, what)| !functions.contains(what))).map(str::to_owned));
        }
        codes
    }

    /// The function or resource that a line of WIT declares.
    fn declared(line: &str) -> Option<String> {
        let line = line.trim();
        let function = line.split_once(": func(").or_else(|| line.split_once(": static func(")).map(|(name, _)| name);
        function.or_else(|| line.strip_prefix("resource ")?.split(' ').next()).map(|name| name.trim_matches(';').to_owned())
    }

    /// `interface.what`, of an interface that has pages. Sections of the grant file are called `http.allow` and the like.
    fn is_code(text: &str, interfaces: &BTreeSet<&str>) -> bool {
        const GRANT_KEYS: [&str; 4] = ["allow", "deny", "private-addresses", "mounts"];
        let Some((interface, what)) = text.split_once('.') else { return false };
        let plain = !what.is_empty() && what.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        plain && interfaces.contains(interface) && !GRANT_KEYS.contains(&what)
    }

    fn sources(folder: &Path, extension: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|found| found == extension) && !path.to_string_lossy().contains("test") {
                    files.push(path);
                }
            }
        }
        files
    }

    #[test]
    fn every_failure_code_in_host_and_contract_has_a_page() {
        let documented: BTreeSet<String> = all().map(|page| page.code.to_owned()).collect();
        let named = named();
        assert!(named.len() > 20, "found only {named:?}: the scan is broken");
        let missing: Vec<_> = named.difference(&documented).collect();
        assert!(missing.is_empty(), "no page for {missing:?}");
    }

    #[test]
    fn every_limit_says_how_to_raise_it_or_that_it_is_fixed() {
        let is_limit = |page: &FailurePage| page.code.starts_with("limit.") || page.code.ends_with(".limit");
        let silent: Vec<_> = all().filter(is_limit).filter(|page| !page.page.contains("`limits.") && !page.page.contains("fixed")).collect();
        assert!(silent.is_empty(), "{silent:?}");
    }

    #[test]
    fn every_failure_page_says_something_once() {
        let mut seen = BTreeSet::new();
        for page in all() {
            assert!(seen.insert(page.code), "{} has two pages", page.code);
            assert!(page.page.len() > 80, "{} says next to nothing", page.code);
        }
    }
}
