//! A small tree of files in memory, by the paths that a procedure sees. Two trees are equal when the same things stand in them.

use std::collections::BTreeMap;

use lockstep_model::Timestamp;

/// More links than this on the way to a file are a circle, as for the kernel.
const MOST_LINKS: u32 = 40;

/// What stands at each path. The root is always a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
}

/// One thing in the tree. When it was changed does not make it another.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) what: What,
    pub(crate) modified: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    File { bytes: Vec<u8>, executable: bool },
    Directory,
    Link(String),
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nothing stands there, or on the way.
    Missing,
    /// Something on the way is no directory.
    NotADirectory,
    /// Links lead in a circle.
    Circle,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.what == other.what
    }
}

impl Eq for Node {}

impl Tree {
    /// What stands at exactly this path, links not followed.
    pub(crate) fn at(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The path without links on the way to its last part, which need not be there.
    pub(crate) fn place(&self, path: &str) -> Result<String, Lost> {
        let mut reached = String::new();
        let mut links = 0;
        let mut parts: Vec<String> = path.split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned).collect();
        while let Some(part) = parts.pop() {
            let next = format!("{reached}/{part}");
            if parts.is_empty() {
                return Ok(next);
            }
            match self.nodes.get(&next).map(|node| &node.what) {
                None => return Err(Lost::Missing),
                Some(What::File { .. }) => return Err(Lost::NotADirectory),
                Some(What::Directory) => reached = next,
                Some(What::Link(target)) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(Lost::Circle);
                    }
                    parts.extend(beside(&next, target).split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned));
                    reached = String::new();
                }
            }
        }
        Ok(reached)
    }

    /// The path without any link, of something that is there.
    pub(crate) fn follow(&self, path: &str) -> Result<String, Lost> {
        let mut current = path.to_owned();
        for _ in 0..=MOST_LINKS {
            current = self.place(&current)?;
            match self.nodes.get(&current).map(|node| &node.what) {
                None => return Err(Lost::Missing),
                Some(What::Link(target)) => current = beside(&current, target),
                Some(What::File { .. } | What::Directory) => return Ok(current),
            }
        }
        Err(Lost::Circle)
    }

    /// Puts something at exactly this path.
    pub(crate) fn put(&mut self, path: String, what: What, modified: Timestamp) {
        self.nodes.insert(path, Node { what, modified });
    }

    /// Takes away what is at exactly this path, and all below it.
    pub(crate) fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        self.nodes.retain(|found, _| found != path && !found.starts_with(&below));
    }

    /// The names right below a directory, sorted.
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let below = format!("{directory}/");
        let names = self.nodes.range(below.clone()..).map_while(|(path, _)| path.strip_prefix(&below));
        names.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }

    /// What stands in it that leads to nothing else: files, links, and directories with nothing in them.
    pub(crate) fn ends(&self) -> impl Iterator<Item = &str> {
        let leads_on = |path: &str| self.nodes.range(format!("{path}/")..).next().is_some_and(|(next, _)| next.starts_with(&format!("{path}/")));
        self.nodes.keys().map(String::as_str).filter(move |path| !leads_on(path))
    }

    /// Makes a directory and those above it. False when something else stands there.
    pub(crate) fn put_directory(&mut self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]).filter(|end| *end > 0);
        for end in ends {
            match self.nodes.get(&path[..end]).map(|node| &node.what) {
                None => self.put(path[..end].to_owned(), What::Directory, Timestamp::from_microseconds(0)),
                Some(What::Directory) => {}
                Some(What::File { .. } | What::Link(_)) => return false,
            }
        }
        true
    }

    /// Puts a file where nothing is, with the directories above it.
    pub(crate) fn put_file(&mut self, path: &str, bytes: &[u8], executable: bool) -> bool {
        self.put_below(path, What::File { bytes: bytes.to_vec(), executable })
    }

    /// Puts a link where nothing is, with the directories above it.
    pub(crate) fn put_link(&mut self, path: &str, target: &str) -> bool {
        self.put_below(path, What::Link(target.to_owned()))
    }

    fn put_below(&mut self, path: &str, what: What) -> bool {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let fits = (parent.is_empty() || self.put_directory(parent)) && !self.nodes.contains_key(path);
        if fits {
            self.put(path.to_owned(), what, Timestamp::from_microseconds(0));
        }
        fits
    }

    /// Puts everything of another tree over this one.
    pub(crate) fn cover(&mut self, other: Self) {
        for (path, node) in other.nodes {
            let both_directories = node.what == What::Directory && self.at(&path).is_some_and(|there| there.what == What::Directory);
            if !both_directories {
                self.remove(&path);
                self.nodes.insert(path, node);
            }
        }
    }

    /// What differs, a line each: how it was and how it is.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let paths: std::collections::BTreeSet<&String> = self.nodes.keys().chain(now.nodes.keys()).collect();
        let differs = |path: &&&String| self.nodes.get(**path) != now.nodes.get(**path);
        paths.iter().filter(differs).map(|path| format!("{path}: was {}, is {}", shown(self.nodes.get(*path)), shown(now.nodes.get(*path)))).collect()
    }
}

/// A node in a few words.
pub(crate) fn shown(node: Option<&Node>) -> String {
    const LONGEST: usize = 60;
    match node.map(|node| &node.what) {
        None => "nothing".to_owned(),
        Some(What::Directory) => "a directory".to_owned(),
        Some(What::Link(target)) => format!("a link to {target}"),
        Some(What::File { bytes, executable }) => {
            let kind = if *executable { "a program" } else { "a file" };
            let text: String = String::from_utf8_lossy(bytes).chars().take(LONGEST).flat_map(char::escape_default).collect();
            if bytes.len() <= LONGEST { format!("{kind} \"{text}\"") } else { format!("{kind} of {} bytes", bytes.len()) }
        }
    }
}

/// Where a link at `path` with this target leads.
fn beside(path: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The path itself, when it is a plain one.
pub(crate) fn normalised(path: &str) -> Option<String> {
    let plain = path.starts_with('/') && path.len() > 1 && path[1..].split('/').all(|part| !matches!(part, "" | "." | ".."));
    plain.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Lost, Tree, What};

    fn site() -> Tree {
        let mut tree = Tree::default();
        assert!(tree.put_file("/site/slots/blue/port", b"81", false));
        assert!(tree.put_link("/site/current", "slots/blue"));
        assert!(tree.put_link("/site/slots/up", "../current"));
        tree
    }

    #[test]
    fn links_are_followed_on_the_way_and_at_the_end() {
        let tree = site();
        for path in ["/site/current/port", "/site/slots/up/port", "/site/slots/blue/port"] {
            assert_eq!(tree.follow(path).unwrap(), "/site/slots/blue/port", "{path}");
        }
        assert_eq!(tree.place("/site/current").unwrap(), "/site/current");
        assert_eq!(tree.place("/site/current/new").unwrap(), "/site/slots/blue/new");
        assert_eq!(tree.follow("/site/none"), Err(Lost::Missing));
        assert_eq!(tree.place("/site/current/port/x"), Err(Lost::NotADirectory));
    }

    #[test]
    fn a_circle_of_links_ends() {
        let mut tree = Tree::default();
        assert!(tree.put_link("/a/b", "c") && tree.put_link("/a/c", "b"));
        assert_eq!(tree.follow("/a/b"), Err(Lost::Circle));
        assert_eq!(tree.place("/a/b/x"), Err(Lost::Circle));
    }

    #[test]
    fn what_differs_is_told_by_path() {
        let (before, mut after) = (site(), site());
        assert!(before.differences(&after).is_empty());
        after.remove("/site/slots/blue");
        after.put("/site/current".to_owned(), What::Link("slots/green".to_owned()), lockstep_model::Timestamp::from_microseconds(9));
        assert_eq!(
            before.differences(&after),
            [
                "/site/current: was a link to slots/blue, is a link to slots/green",
                "/site/slots/blue: was a directory, is nothing",
                "/site/slots/blue/port: was a file \"81\", is nothing"
            ]
        );
    }

    #[test]
    fn names_are_those_right_below() {
        assert_eq!(site().names("/site"), ["current", "slots"]);
        assert_eq!(site().names("/site/slots"), ["blue", "up"]);
    }
}
