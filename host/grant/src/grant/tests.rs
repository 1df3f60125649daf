//! The file as a whole: every problem at once, with its place; the reference is true; secrets, parameters and limits.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use crate::granted::Destination;
use crate::rules::{Limits, SecretSource};
use crate::{Grant, REFERENCE};

fn parse(text: &str) -> Grant {
    Grant::parse(text, "e.toml", Path::new("/etc/lockstep")).unwrap()
}

fn problems(text: &str) -> Vec<(usize, usize, String)> {
    let errors = Grant::parse(text, "e.toml", Path::new("/etc/lockstep")).unwrap_err();
    errors.problems.into_iter().map(|problem| (problem.line, problem.column, problem.message)).collect()
}

#[test]
fn the_reference_parses_and_gives_the_defaults() {
    let example = REFERENCE.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let grant = parse(example);
    assert_eq!(grant.limits(), &Limits::default(), "the reference says that it shows the defaults");
    assert_eq!(grant.name(), Some("production"));
    for interface in ["http", "shell", "files", "db", "redis", "kube", "secret"] {
        assert_eq!(grant.allows_interface(interface), Ok(()));
    }
    assert_eq!(grant.secrets().len(), 5);
    assert_eq!(grant.source(), example);
}

#[test]
fn the_reference_names_every_key() {
    let keys =
        [super::KEYS, crate::rules::HttpRules::KEYS, crate::rules::ShellRules::KEYS, crate::rules::FilesRules::KEYS, crate::rules::DbRule::KEYS, Limits::KEYS]
            .concat();
    for key in
        keys.into_iter().chain(["class", "program", "args", "env", "allow-env", "directories", "digest", "output-limit", "file", "capture", "to", "locked"])
    {
        assert!(REFERENCE.contains(key), "{key}");
    }
}

#[test]
fn every_problem_is_reported_at_once_with_its_place_and_a_hint() {
    let text = r#"
nmae = "x"

[http]
alow = []
body-limit = 5

[[shell.allow]]
progarm = "/usr/bin/git"
args = ["status"]
  clas = "read"

[secrets]
KEY = { env = "KEY" }

[limits]
step = "0s"
"#;
    let errors = Grant::parse(text, "production.toml", Path::new("/")).unwrap_err();
    let expect = "production.toml:2:1: unknown key `nmae` in the file
  hint: did you mean `name`?
production.toml:5:1: unknown key `alow` in `http`
  hint: did you mean `allow`?
production.toml:6:1: http.body-limit: expected a string, found integer
production.toml:8:1: `shell.allow[0]` has no `program`
  hint: add `program = \"/usr/bin/git\"`
production.toml:9:1: unknown key `progarm` in `shell.allow[0]`
  hint: did you mean `program`?
production.toml:11:3: unknown key `clas` in `shell.allow[0]`
  hint: did you mean `class`?
production.toml:14:7: `secrets.KEY` has no `to`
  hint: add `to = [\"https://api.example.com\"]`
production.toml:17:1: limits.step: expected 1s to 1d";
    assert_eq!(errors.to_string(), expect);
}

#[test]
fn broken_syntax_is_reported_with_what_is_wrong_elsewhere() {
    let found = problems("[http]\nallow = [\"GET https://x/\"\n\n[limit]\nstep = \"30m\"\n");
    assert!(found.iter().all(|(line, _, _)| *line >= 2), "{found:?}");
    let found = problems("[limits]\nstep = 30m\nmemroy = \"1GiB\"\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((found[0].0, found[1].0), (2, 3));
    assert_eq!(found[1].2, "unknown key `memroy` in `limits`");
    let found = problems("[[shell.allow]]\nprogram /usr/bin/git\nargs = []\n");
    assert!(found.iter().all(|(line, _, message)| *line == 2 && !message.contains("has no")), "{found:?}");
    let found = problems("[http]\nallow = []\nallow = []\n");
    assert_eq!(found, [(3, 1, "duplicate key".to_owned())]);
}

#[test]
fn what_is_not_a_section_is_an_error() {
    for (text, expect) in [
        ("http = true", "http: expected a table, found boolean"),
        ("[[http]]", "http: expected a table, found array"),
        ("[shell]\nallow = \"git\"", "shell.allow: expected a list, found string"),
        ("shell.allow = [\"git status\"]", "shell.allow[0]: expected a table, found string"),
        ("secrets = []", "secrets: expected a table, found array"),
        ("[files]\nmount = {}", "unknown key `mount` in `files`"),
        ("[metrics]", "unknown key `metrics` in the file"),
        ("name = \"a b\"", "name: an environment's name is 1 to 64 letters, digits, `-`, `_` and `.`"),
        ("name = \"\"", "name: an environment's name is 1 to 64 letters, digits, `-`, `_` and `.`"),
    ] {
        assert_eq!(problems(text)[0].2, expect, "{text}");
        assert_eq!(problems(text).len(), 1, "{text}");
    }
}

#[test]
fn a_secret_goes_where_the_grant_says_and_nowhere_else() {
    let grant = parse("[secrets]\nKEY = { env = \"API_KEY\", to = [\"https://api.example.com\", \"https://x/login\", \"/usr/bin/deploy\"] }\n");
    let secret = grant.secret("KEY").unwrap();
    assert_eq!(secret.source, SecretSource::Env("API_KEY".to_owned()));
    for (url, expect) in [
        ("https://api.example.com/any/thing?x", true),
        ("https://API.example.com:443/", true),
        ("http://api.example.com/", false),
        ("https://api.example.com:8443/", false),
        ("https://api.example.com@evil.example/", false),
        ("https://api.example.com.evil.example/", false),
        ("https://x/login", true),
        ("https://x/login/../other", false),
        ("https://x/", false),
        ("", false),
    ] {
        assert_eq!(secret.may_go_to(&Destination::Url(url.to_owned())), expect, "{url}");
    }
    for (program, expect) in [("/usr/bin/deploy", true), ("/usr/bin/deploy2", false), ("/usr/bin/../bin/deploy", false), ("deploy", false)] {
        assert_eq!(secret.may_go_to(&Destination::Program(program.to_owned())), expect, "{program}");
    }
    let denial = secret.refusal(&Destination::Url("https://other/x".to_owned()));
    assert_eq!((denial.rule.as_str(), denial.message.as_str()), ("secrets.KEY, e.toml:2", "secret `KEY` may not go to `https://other/x`"));
    assert_eq!(denial.hint.as_deref(), Some("add \"https://other/x\" to `to` of `secrets.KEY` (e.toml:2)"));
    assert!(!secret.refusal(&Destination::Url("https://u:hunter2@other/".to_owned())).message.contains("hunter2"));
    assert!(secret.refusal(&Destination::Program("/bin/x".to_owned())).hint.unwrap().starts_with("add \"/bin/x\""));
}

#[test]
fn a_secret_may_come_from_the_cluster_but_not_the_clusters_own_token() {
    let secret = |id: &str| format!("[secrets]\n{id} = {{ kube = \"shop/database\", key = \"password\", to = [\"kube\", \"https://x\"] }}\n");
    let grant = parse(&format!("[kube]\nin-cluster = true\n{}", secret("DB")));
    let source = SecretSource::Kube { namespace: "shop".to_owned(), object: "database".to_owned(), key: "password".to_owned() };
    assert_eq!(grant.secret("DB").unwrap().source, source);
    let circle = problems(&format!("[kube]\nserver = \"https://k:6443\"\ntoken = {{ secret = \"T\" }}\n{}", secret("T")));
    assert_eq!(circle[0].2, "secrets.T: the cluster's token cannot come from the cluster");
}

#[test]
fn a_secret_has_one_source_and_a_destination() {
    let grant = parse("[secrets]\nA = { file = \"token\", to = [\"https://x\"] }\nB = { capture = true, to = [\"https://x\"] }\n");
    assert_eq!(grant.secret("A").unwrap().source, SecretSource::File(PathBuf::from("/etc/lockstep/token")));
    assert!(!grant.secret("A").unwrap().may_be_captured());
    let more =
        parse("[secrets]\nC = { directory = \"keys\", to = [\"https://x\"] }\nD = { command = [\"/usr/bin/pass\", \"show\", \"d\"], to = [\"https://x\"] }\n");
    assert_eq!(more.secret("C").unwrap().source, SecretSource::Directory(PathBuf::from("/etc/lockstep/keys")));
    assert_eq!(more.secret("D").unwrap().source, SecretSource::Command(["/usr/bin/pass", "show", "d"].map(str::to_owned).to_vec()));
    assert!(grant.secret("B").unwrap().may_be_captured());
    for (entry, expect) in [
        ("A = { to = [\"https://x\"] }", "secrets.A: expected one source: `env`, `file`, `directory`, `command`, `kube` or `capture`"),
        (
            "A = { env = \"A\", capture = true, to = [\"https://x\"] }",
            "secrets.A: expected one source: `env`, `file`, `directory`, `command`, `kube` or `capture`",
        ),
        ("A = { command = [], to = [\"https://x\"] }", "secrets.A.command: expected a program and its arguments"),
        ("A = { command = [\"pass\"], to = [\"https://x\"] }", "secrets.A.command[0]: the path is not absolute"),
        ("A = { kube = \"shop\", key = \"a\", to = [\"https://x\"] }", "secrets.A.kube: expected a namespace and a Secret's name: `shop/database`"),
        ("A = { kube = \"shop/..\", key = \"a\", to = [\"https://x\"] }", "secrets.A.kube: expected a namespace and a Secret's name: `shop/database`"),
        ("A = { kube = \"shop/a\", key = \"a/b\", to = [\"https://x\"] }", "secrets.A.key: expected a key of the Secret"),
        ("A = { kube = \"shop/a\", key = \"a\", to = [\"https://x\"] }", "secrets.A: the grant names no cluster"),
        ("A = { env = \"A\", key = \"a\", to = [\"https://x\"] }", "secrets.A.key: is of no use with `env`"),
        ("A = { capture = false, to = [\"https://x\"] }", "secrets.A.capture: leave `capture` out instead of saying `false`"),
        ("A = { env = \"A=B\", to = [\"https://x\"] }", "secrets.A.env: expected the name of a variable"),
        ("A = { env = \"A\", to = [] }", "secrets.A.to: a secret that may go nowhere is of no use: name a URL or an absolute program"),
        ("A = { env = \"A\", to = [\"x.example\"] }", "secrets.A.to[0]: expected `http://` or `https://`"),
        ("A = { env = \"A\", to = [\"/usr/../bin/x\"] }", "secrets.A.to[0]: the path has a part `.` or `..`"),
        ("\"A B\" = { env = \"A\", to = [\"https://x\"] }", "secrets.\"A B\": a secret's id is 1 to 64 letters, digits, `_`, `-` and `.`"),
        ("A = { value = \"hunter2\", to = [\"https://x\"] }", "secrets.A: expected one source: `env`, `file`, `directory`, `command`, `kube` or `capture`"),
    ] {
        let found = problems(&format!("[secrets]\n{entry}"));
        assert_eq!(found[0].2, expect, "{entry}");
        assert!(found.iter().all(|(_, _, message)| !message.contains("hunter2")));
    }
}

#[test]
fn parameters_are_values_that_may_be_locked() {
    let grant = parse("[parameters]\nreplicas = 4\nregion = { value = \"eu-1\", locked = true }\nfast = true\n");
    let found: Vec<_> = grant.parameters().iter().map(|p| (p.id.as_str(), p.value.as_str(), p.locked, p.place.line)).collect();
    assert_eq!(found, [("fast", "true", false, 4), ("region", "eu-1", true, 3), ("replicas", "4", false, 2)]);
    assert_eq!(grant.parameter("region").unwrap().value, "eu-1");
    assert!(grant.parameter("other").is_none());
    for (entry, expect) in [
        ("a = 1.10", "parameters.a: expected a string, a whole number or a flag, found float"),
        ("a = []", "parameters.a: expected a string, a whole number or a flag, found array"),
        ("a = { locked = true }", "`parameters.a` has no `value`"),
        ("a = { value = \"x\", lock = true }", "unknown key `lock` in `parameters.a`"),
        ("A_B = \"x\"", "parameters.A_B: a parameter's id is 1 to 64 of a-z, 0-9 and -"),
        ("a = \"\\u0000\"", "parameters.a: a value has at most 65536 bytes and no NUL"),
    ] {
        assert_eq!(problems(&format!("[parameters]\n{entry}"))[0].2, expect, "{entry}");
    }
}

#[test]
fn limits_are_read_and_bounded() {
    let grant = parse(
        "[limits]\nmemory = \"64MiB\"\nfuel = 1_000_000\nstep = \"90s\"\nundo = \"1h\"\nrun = \"2d\"\ncalls = 7\nbytes = \"2MiB\"\noutput = \"1MiB\"\nlog = \"4KiB\"\nartifacts = \"3GiB\"\n",
    );
    let expect = Limits {
        memory: 64 << 20,
        fuel: 1_000_000,
        step: Duration::from_secs(90),
        undo: Duration::from_secs(3600),
        run: Duration::from_secs(2 * 86_400),
        calls: 7,
        bytes: 2 << 20,
        output: 1 << 20,
        log: 4096,
        artifacts: 3 << 30,
    };
    assert_eq!(grant.limits(), &expect);
    for (entry, expect) in [
        ("memory = \"5GiB\"", "limits.memory: expected 1MiB to 4GiB"),
        ("memory = \"lots\"", "limits.memory: expected a size such as `512KiB`, `4MiB` or `1GiB`"),
        ("fuel = -1", "limits.fuel: expected 1000000 to 1000000000000000, found -1"),
        ("fuel = \"much\"", "limits.fuel: expected a whole number, found string"),
        ("fuel = 99999999999999999999999999", "limits.fuel: expected 1000000 to 1000000000000000, found 99999999999999999999999999"),
        ("step = \"25h\"", "limits.step: expected 1s to 1d"),
        ("step = 30", "limits.step: expected a string, found integer"),
        ("run = \"1s\"", "limits.run: expected 1m to 3650d"),
        ("calls = 0", "limits.calls: expected 1 to 1000000, found 0"),
        ("log = \"1B\"", "limits.log: expected 1KiB to 64GiB"),
        ("cpu = 1", "unknown key `cpu` in `limits`"),
    ] {
        assert_eq!(problems(&format!("[limits]\n{entry}"))[0].2, expect, "{entry}");
    }
}

#[test]
fn an_interface_is_refused_before_anything_runs_unless_the_grant_allows_something_of_it() {
    let nothing = Grant::default();
    for base in ["types", "plan", "run", "log", "clock", "random", "artifact", "lockstep:contract/log@0.1.0", "lockstep:contract/plan@0.1.7"] {
        assert_eq!(nothing.allows_interface(base), Ok(()), "{base}");
    }
    for (interface, example) in [("http", "[http]"), ("shell", "[[shell.allow]]"), ("files", "[files.mounts"), ("kube", "[kube]"), ("secret", "[secrets]")] {
        for name in [interface.to_owned(), format!("lockstep:contract/{interface}@0.1.0")] {
            let denial = nothing.allows_interface(&name).unwrap_err();
            assert_eq!(denial.message, format!("interface `{interface}` is imported, and the grant allows nothing of it"));
            assert!(denial.hint.unwrap().contains(example));
        }
    }
    for unknown in ["metrics", "wasi:io/streams@0.2.0", "other:contract/log@0.1.0", "log@0.1.0", ""] {
        assert_eq!(nothing.allows_interface(unknown).unwrap_err().rule, "built-in", "{unknown}");
    }
    let empty = parse("[http]\nallow = []\ndeny = [\"* https://x/**\"]\n[[shell.deny]]\nprogram = \"/x\"\n");
    assert!(empty.allows_interface("http").is_err() && empty.allows_interface("shell").is_err());
}

#[test]
fn the_digest_is_of_the_files_bytes() {
    assert_eq!(parse("").digest(), lockstep_model::Digest::of(b""));
    assert_ne!(parse("").digest(), parse("# a comment").digest());
    assert_eq!(parse("# a comment").file_name(), "e.toml");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_fail_without_a_place(text in "(\\[|\\]|\"|=|\n|http|shell|allow|deny|files|mounts|secrets|limits|step|\\{|\\}|,|/|\\*|1|é| |\\.){0,30}") {
        if let Err(errors) = Grant::parse(&text, "e.toml", Path::new("/")) {
            prop_assert!(!errors.problems.is_empty());
            for problem in errors.problems {
                prop_assert!(problem.line >= 1 && problem.line <= text.matches('\n').count() + 1);
                prop_assert!(problem.column >= 1);
            }
        }
    }
}
