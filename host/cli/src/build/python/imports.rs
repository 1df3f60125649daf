//! Follows the imports of a project's modules, to know what of the contract is asked for. Read off the text and not by Python: nothing of a procedure is run
//! here, and the Python of this machine may be older than the one in the component.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::fsio;

/// The package that the runtime makes of the contract's imports.
const CONTRACT: &str = "wit_world.imports";

/// What a module leads to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The interfaces of the contract.
    pub(super) interfaces: BTreeSet<String>,
    /// The modules in the folders, sorted.
    pub(super) files: BTreeSet<PathBuf>,
}

/// Follows the imports of a file through the folders. What is in none of them is the standard library's and leads nowhere.
///
/// # Errors
/// When a module cannot be read.
pub(super) fn follow(file: &Path, folders: &[PathBuf]) -> Result<Found, CliError> {
    let mut found = Found::default();
    let mut ahead = vec![file.to_owned()];
    while let Some(file) = ahead.pop() {
        if !found.files.insert(file.clone()) {
            continue;
        }
        for import in imports(&fsio::read_text(&file)?) {
            let module = import.absolute(&file, folders);
            if module == CONTRACT {
                found.interfaces.extend(import.names.iter().map(|name| name.replace('_', "-")));
            } else if let Some(interface) = module.strip_prefix(CONTRACT).and_then(|rest| rest.strip_prefix('.')) {
                found.interfaces.insert(interface.replace('_', "-"));
            } else {
                let parents = module.match_indices('.').map(|(end, _)| module[..end].to_owned());
                let members = import.names.iter().map(|name| format!("{module}.{name}"));
                let all = parents.chain([module.clone()]).chain(members);
                ahead.extend(all.filter_map(|module| located(&module, folders)));
            }
        }
    }
    Ok(found)
}

/// The file of a module.
fn located(module: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = module.replace('.', "/");
    let candidates = folders.iter().flat_map(|folder| [folder.join(format!("{path}.py")), folder.join(&path).join("__init__.py")]);
    candidates.into_iter().find(|file| file.is_file())
}

/// One `import` or `from … import …`.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    /// How many packages up, in a relative import.
    dots: usize,
    module: String,
    names: Vec<String>,
}

impl Import {
    /// The module's whole name, seen from a file.
    fn absolute(&self, file: &Path, folders: &[PathBuf]) -> String {
        if self.dots == 0 {
            return self.module.clone();
        }
        let inside = folders.iter().find_map(|folder| file.strip_prefix(folder).ok()).unwrap_or(file);
        let package = inside.ancestors().nth(self.dots).unwrap_or(Path::new(""));
        let mut parts: Vec<_> = package.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        parts.extend((!self.module.is_empty()).then(|| self.module.clone()));
        parts.join(".")
    }
}

/// The imports of a source, wherever they stand; not those that are for type checkers only.
fn imports(source: &str) -> Vec<Import> {
    let mut found = Vec::new();
    let mut for_checkers = None;
    for line in logical_lines(source) {
        let indent = line.len() - line.trim_start().len();
        if for_checkers.is_some_and(|outer| indent > outer) {
            continue;
        }
        let statement = line.trim();
        for_checkers = matches!(statement, "if TYPE_CHECKING:" | "if typing.TYPE_CHECKING:").then_some(indent);
        for statement in statement.split(';') {
            // `try: import x` and the like: behind the colon.
            let begun = statement.find(": import ").or_else(|| statement.find(": from ")).map_or(statement, |colon| &statement[colon + 2..]);
            found.extend(parsed(begun.trim()));
        }
    }
    found
}

fn parsed(statement: &str) -> Vec<Import> {
    let name = |part: &str| part.split_whitespace().next().unwrap_or_default().to_owned();
    if let Some(modules) = statement.strip_prefix("import ") {
        return modules.split(',').map(|module| Import { dots: 0, module: name(module), names: Vec::new() }).collect();
    }
    let Some((module, names)) = statement.strip_prefix("from ").and_then(|rest| rest.split_once(" import")) else { return Vec::new() };
    let plain = module.trim().trim_start_matches('.');
    let names = names.trim().trim_matches(['(', ')']).split(',').map(name).filter(|name| !name.is_empty() && name != "*").collect();
    vec![Import { dots: module.trim().len() - plain.len(), module: plain.trim().to_owned(), names }]
}

/// The lines as Python sees them: without strings and comments, those in brackets or behind a backslash put together.
fn logical_lines(source: &str) -> Vec<String> {
    let (mut lines, mut line, mut depth) = (Vec::new(), String::new(), 0_usize);
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        match character {
            '"' | '\'' => rest = behind_string(rest, character),
            '#' => rest = &rest[rest.find('\n').unwrap_or(rest.len())..],
            '\\' if rest[1..].starts_with('\n') => rest = &rest[2..],
            '\n' => {
                if depth == 0 {
                    lines.push(std::mem::take(&mut line));
                } else {
                    line.push(' ');
                }
                rest = &rest[1..];
            }
            _ => {
                match character {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                line.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    lines.push(line);
    lines
}

/// What follows the string that begins here. One that is not closed ends with its line.
fn behind_string(text: &str, quote: char) -> &str {
    let triple = quote.to_string().repeat(3);
    let long = text.starts_with(&triple);
    let mut at = if long { 3 } else { 1 };
    while let Some(character) = text[at..].chars().next() {
        if long && text[at..].starts_with(&triple) {
            return &text[at + 3..];
        }
        if !long && character == quote {
            return &text[at + 1..];
        }
        if !long && character == '\n' {
            return &text[at..];
        }
        at += character.len_utf8();
        if character == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{follow, imports};

    fn shown(source: &str) -> Vec<String> {
        imports(source).into_iter().map(|found| format!("{}{}:{}", ".".repeat(found.dots), found.module, found.names.join(","))).collect()
    }

    #[test]
    fn imports_are_found_wherever_they_stand() {
        assert_eq!(shown("import a, b.c as d\nfrom e import (\n    f as g,  # a comment, with import\n    h,\n)\n"), ["a:", "b.c:", "e:f,h"]);
        assert_eq!(shown("def f():\n    from . import http\n    from ..a import b; import c\ntry: import d\n"), [".:http", "..a:b", "c:", "d:"]);
        assert_eq!(shown("from a import \\\n    b\nfrom c import *\n"), ["a:b", "c:"]);
    }

    #[test]
    fn what_is_said_in_strings_and_to_type_checkers_is_no_import() {
        assert_eq!(shown("\"\"\"\nimport a\n'\n\"\"\"\nx = 'import b # \\'' # import c\nimport d\n"), ["d:"]);
        assert_eq!(shown("if TYPE_CHECKING:\n    from a import b\n    import c\nimport d\n"), ["d:"]);
    }

    #[test]
    fn the_contract_is_found_through_the_modules_that_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let main = put("src/main.py", "import json\nfrom lockstep import http\nimport checks\n");
        put("src/checks.py", "from wit_world.imports import log, types\n");
        put("sdk/lockstep/__init__.py", "from .ctx import Ctx\n");
        put("sdk/lockstep/ctx.py", "import wit_world.imports.run\n");
        put("sdk/lockstep/http.py", "from wit_world.imports import http as host\n");
        put("sdk/lockstep/shell.py", "from wit_world.imports import shell as host\n");
        let folders: Vec<PathBuf> = ["src", "sdk"].iter().map(|name| folder.path().join(name)).collect();
        let found = follow(&main, &folders).unwrap();
        assert_eq!(found.interfaces.into_iter().collect::<Vec<_>>(), ["http", "log", "run", "types"]);
        assert_eq!(found.files.len(), 5);
    }
}
