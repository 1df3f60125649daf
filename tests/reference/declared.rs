//! Where each SDK declares a function, and the line that does: read off its sources, so that a reference cannot say what is not there.

use crate::place::root;

/// A language with an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    TypeScript,
    Python,
    Go,
    C,
}

impl Language {
    pub(super) const ALL: [Self; 5] = [Self::Rust, Self::TypeScript, Self::Python, Self::Go, Self::C];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::TypeScript => "TypeScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// Its folder in `guest-sdk`, which is also what a fence calls it.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
            Self::Go => "go",
            Self::C => "c",
        }
    }

    pub(super) fn fence(self) -> &'static str {
        self.folder()
    }
}

/// A unit of the SDKs: its type, unless it is a module; its file in Rust, in TypeScript and in Python, its package in Go; what its functions begin with in C,
/// and the struct that has its fields there.
struct Unit(&'static str, Option<&'static str>, [&'static str; 4], Option<&'static str>, Option<&'static str>);

const UNITS: &[Unit] = &[
    Unit("procedure", Some("Procedure"), ["procedure", "procedure", "procedure", "procedure"], Some(""), None),
    Unit("description", Some("Description"), ["procedure", "procedure", "procedure", "procedure"], None, Some("ls_description")),
    Unit("parameter", Some("Parameter"), ["procedure", "procedure", "procedure", "procedure"], None, Some("ls_parameter_words")),
    Unit("step", Some("Step"), ["step", "step", "step", "procedure"], None, Some("ls_step_words")),
    Unit("ctx", Some("Ctx"), ["ctx", "ctx", "ctx", "ctx"], Some("ctx_"), None),
    Unit("log", None, ["log", "log", "log", "log/log"], Some(""), None),
    Unit("clock", None, ["clock", "clock", "clock", "clock/clock"], Some("clock_"), None),
    Unit("random", None, ["random", "random", "random", "random/random"], Some("random_"), None),
    Unit("artifacts", None, ["artifact", "artifact", "artifact", "artifact/artifact"], Some("artifact_"), None),
    Unit("artifact", Some("Artifact"), ["artifact", "sealed", "sealed", "artifact/artifact"], Some("artifact_"), Some("ls_artifact")),
    Unit("draft", Some("Draft"), ["artifact", "artifact", "artifact", "artifact/artifact"], Some("draft_"), None),
    Unit("http", None, ["http", "http", "http", "http/http"], Some("http_"), None),
    Unit("request", Some("Request"), ["http", "http", "http", "http/http"], Some("http_"), None),
    Unit("response", Some("Response"), ["http/response", "response", "response", "http/http"], Some("response_"), Some("ls_response")),
    Unit("shell", None, ["shell", "shell", "shell", "shell/shell"], Some("shell_"), None),
    Unit("command", Some("Command"), ["shell", "shell", "shell", "shell/shell"], Some("shell_"), None),
    Unit("exit", Some("Exit"), ["shell/exit", "exit", "exit", "shell/shell"], Some("exit_"), Some("ls_exit")),
    Unit("files", None, ["files", "files", "files", "files/files"], Some("files_"), None),
    Unit("entry", Some("Entry"), ["files", "files", "files", "files/files"], None, Some("ls_entry")),
    Unit("store", Some("Store"), ["redis", "redis", "redis", "redis/redis"], Some("store_"), None),
    Unit("stores", None, ["redis", "redis", "redis", "redis/redis"], Some("redis_"), None),
    Unit("scanned", Some("Scanned"), ["redis", "redis", "redis", "redis/redis"], None, Some("ls_scanned")),
    Unit("reply", Some("Reply"), ["redis/reply", "reply", "reply", "redis/reply"], Some("reply_"), None),
    Unit("db", None, ["db", "db", "db", "db/db"], Some("db_"), None),
    Unit("database", Some("Database"), ["db", "db", "db", "db/db"], Some("database_"), None),
    Unit("statement", Some("Statement"), ["db", "db", "db", "db/db"], Some("statement_"), None),
    Unit("transaction", Some("Transaction"), ["db", "db", "db", "db/db"], Some("transaction_"), None),
    Unit("done", Some("Done"), ["db", "db", "db", "db/db"], None, Some("ls_db_done")),
    Unit("rows", Some("Rows"), ["db/rows", "rows", "rows", "db/rows"], None, Some("ls_rows")),
    Unit("row", Some("Row"), ["db/rows", "rows", "rows", "db/rows"], Some("rows_"), None),
    Unit("backup-order", Some("BackupOrder"), ["db/backup", "db", "db", "db/backup"], Some("backup_order_"), None),
    Unit("backup", Some("Backup"), ["db/backup", "backup", "backup", "db/backup"], Some("backup_"), Some("ls_backup")),
    Unit("kube", None, ["kube", "kube", "kube", "kube/kube"], Some("kube_"), None),
    Unit("target", Some("Target"), ["kube", "kube", "kube", "kube/kube"], Some("target_"), None),
    Unit("revision", Some("Revision"), ["kube/recorded", "recorded", "recorded", "kube/recorded"], Some("revision_"), None),
    Unit("revisions", None, ["", "", "", "kube/recorded"], None, None),
    Unit("change", Some("Change"), ["kube/recorded", "recorded", "recorded", "kube/recorded"], None, Some("ls_change")),
    Unit("selection", Some("Selection"), ["kube/selection", "selection", "selection", "kube/selection"], Some("selection_"), None),
    Unit("kube-selection", None, ["kube/selection", "selection", "selection", "kube/selection"], Some("kube_"), None),
    Unit("db-migrations", None, ["db/migrations", "migrations", "migrations", "db/migrations"], Some("db_"), None),
    Unit("migrations", Some("Migrations"), ["db/migrations", "migrations", "migrations", "db/migrations"], Some("migrations_"), None),
    Unit("secrets", None, ["secret", "secret", "secret", "secret/secret"], Some("secret_"), None),
    Unit("secret", Some("Secret"), ["secret", "secret", "marked", "secret/secret"], None, Some("ls_secret")),
    Unit("probes", None, ["probe", "probe", "probe", "probe"], None, None),
    Unit("probe", Some("Probe"), ["probe", "asked", "probe", "probe"], Some("probe_"), None),
];

/// What declares `unit.member` in an SDK, behind a line that says where it belongs to.
pub(super) fn find(language: Language, said: &str) -> Option<String> {
    let (unit, member) = said.split_once('.')?;
    let unit = UNITS.iter().find(|Unit(name, ..)| *name == unit)?;
    let Unit(_, kind, [rust, typescript, python, go], ..) = unit;
    let read = |path: String| std::fs::read_to_string(root().join("guest-sdk").join(path)).unwrap();
    let belongs = |comment: &str, file: &str, found: String| format!("{comment} {}\n{found}", kind.unwrap_or_else(|| file.rsplit('/').next().unwrap_or(file)));
    match language {
        Language::Rust => in_rust(&read(format!("rust/src/{rust}.rs")), *kind, &member.replace('-', "_")).map(|found| belongs("//", rust, found)),
        Language::TypeScript => {
            in_typescript(&read(format!("typescript/src/{typescript}.ts")), *kind, &camel(member)).map(|found| belongs("//", typescript, found))
        }
        Language::Python => in_python(&read(format!("python/lockstep/{python}.py")), *kind, &member.replace('-', "_")).map(|found| belongs("#", python, found)),
        Language::Go => in_go(&read(format!("go/{go}.go")), *kind, &pascal(member)).map(|found| belongs("//", go, found)),
        Language::C => in_c(&read("c/include/lockstep.h".to_owned()), unit, &member.replace('-', "_")),
    }
}

fn in_rust(text: &str, kind: Option<&str>, name: &str) -> Option<String> {
    let Some(kind) = kind else { return text.lines().find(|line| names(line, "pub fn ", name, "(<")).map(signature) };
    let parts = body(text, |line| ["impl", "impl<'a>", "pub struct"].iter().any(|word| names(line, &format!("{word} "), kind, " <")));
    parts.into_iter().find(|line| names(line, "pub fn ", name, "(<") || names(line, "pub ", name, ":")).map(signature)
}

fn in_typescript(text: &str, kind: Option<&str>, name: &str) -> Option<String> {
    let Some(kind) = kind else {
        return text.lines().find(|line| names(line, "export function ", name, "(<")).map(|line| signature(line.trim_start_matches("export ")));
    };
    // What a probe's answer means is said to what was asked.
    let kind = if kind == "Probe" { "Asked" } else { kind };
    let parts = body(text, |line| ["export class ", "export interface "].iter().any(|word| names(line, word, kind, " ")));
    parts.into_iter().find(|line| ["", "static "].iter().any(|word| names(line, word, name, "(<:?")) || names(line, "readonly ", name, ":")).map(signature)
}

fn in_python(text: &str, kind: Option<&str>, name: &str) -> Option<String> {
    let Some(kind) = kind else { return text.lines().find(|line| names(line, "def ", name, "(")).map(signature) };
    let parts = body(text, |line| names(line, "class ", kind, ":("));
    parts.into_iter().find(|line| names(line, "def ", name, "(") || names(line, "", name, ":")).map(signature)
}

fn in_go(text: &str, kind: Option<&str>, name: &str) -> Option<String> {
    let Some(kind) = kind else { return text.lines().find(|line| names(line, "func ", name, "(")).map(signature) };
    // A package has one name for a function and a type: that of the function that begins it.
    let kind = match kind {
        "Command" => "Cmd",
        "Draft" => "Unsealed",
        _ => kind,
    };
    let method = |line: &&str| {
        let Some((receiver, rest)) = line.strip_prefix("func (").and_then(|rest| rest.split_once(") ")) else { return false };
        receiver.trim_start_matches(|c: char| c != ' ').trim_start_matches([' ', '*']) == kind && names(rest, "", name, "(")
    };
    let field = |line: &&str| line.split(", ").any(|part| names(part, "", name, " ") || part.trim() == name);
    let fields = body(text, |line| names(line, "type ", kind, " "));
    text.lines().find(method).or_else(|| fields.into_iter().find(field)).map(signature)
}

fn in_c(text: &str, Unit(_, _, _, prefix, fields): &Unit, name: &str) -> Option<String> {
    let function = prefix.and_then(|prefix| {
        let call = format!("ls_{prefix}{name}(");
        let declares = |line: &&str| !line.starts_with([' ', '/']) && line.find(&call).is_some_and(|at| at > 0 && line[..at].ends_with([' ', '*']));
        text.lines().find(declares)
    });
    if let Some(line) = function {
        let line = line.split_once("))) ").filter(|_| line.starts_with("__attribute__")).map_or(line, |(_, rest)| rest);
        let shown = line.split("//").next().unwrap_or(line).trim();
        return Some(match shown.strip_prefix("#define ") {
            Some(word) => word.split_inclusive(')').next().unwrap_or(word).to_owned(),
            None => shown.to_owned(),
        });
    }
    let fields = (*fields)?;
    let end = text.find(&format!("}} {fields};"))?;
    let begin = text[..end].rfind("typedef struct")?;
    let mut held: Vec<&str> = Vec::new();
    for line in text[begin..end].lines().skip(1) {
        let code = line.split("//").next().unwrap_or(line).trim_end();
        let inner = !held.is_empty() || code.ends_with("struct {");
        held.extend(inner.then_some(code));
        let named = code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        if named && (!inner || code.trim_start().starts_with('}')) {
            let shown = if inner { held.join("\n") } else { code.trim_start().to_owned() };
            return Some(format!("// {fields}\n{}", shown.trim_start().replace("\n    ", "\n")));
        }
        if code.trim_start().starts_with('}') {
            held.clear();
        }
    }
    None
}

/// Whether a line, without what it is indented by, begins with `before`, the name and one of the characters that may follow it.
fn names(line: &str, before: &str, name: &str, follows: &str) -> bool {
    let rest = line.trim_start().strip_prefix(before).and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with(|c| follows.contains(c)))
}

/// The lines of all blocks whose first line is one that is asked for.
fn body(text: &str, begins: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if !line.is_empty() && !line.starts_with([' ', '\t']) {
            inside = begins(line);
        } else if inside {
            lines.push(line);
        }
    }
    lines
}

/// A line up to where its body begins.
fn signature(line: &str) -> String {
    let line = line.trim();
    let end = line.find(" { ").or_else(|| line.strip_suffix(" {").map(str::len)).unwrap_or(line.len());
    line[..end].trim_end_matches([':', ';', ',']).trim_end_matches(": ...").to_owned()
}

/// `read-text` is `readText`.
fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |made, word| made + &capital(word))
}

/// `read-text` is `ReadText`; what Go writes in capitals is.
fn pascal(name: &str) -> String {
    let word = |word: &str| if ["id", "uuid", "url", "json", "sql"].contains(&word) { word.to_uppercase() } else { capital(word) };
    name.split('-').map(word).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
