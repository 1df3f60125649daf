//! Commands against `[[shell.allow]]`: positions, surroundings, and every refusal.

use std::path::{Path, PathBuf};

use lockstep_model::EffectClass;
use lockstep_model::request::ShellRequest;
use proptest::prelude::*;

use crate::Grant;
use crate::granted::{Decision, Denial, Grantable, Granted};
use crate::terms::{FilesTerms, WorkingDirectory};

const GRANT: &str = r#"
[[shell.allow]]
program = "/usr/bin/git"
args = ["status", "--porcelain"]
class = "read"

[[shell.allow]]
program = "/usr/bin/kubectl"
args = ["rollout", "*", "deployment/*", "**"]
env = { KUBECONFIG = "/etc/kube", LANG = "C" }
allow-env = ["TOKEN"]
directories = ["/srv/*/x", "/srv/app", "/srv/app/**"]
output-limit = "2KiB"
digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

[[shell.allow]]
program = "/usr/bin/echo"
args = ["\\*", "a*z"]
class = "at-most-once"

[[shell.deny]]
program = "/usr/bin/kubectl"
args = ["rollout", "undo", "**"]

[[shell.deny]]
program = "/usr/bin/rm"
"#;

fn grant(text: &str) -> Grant {
    Grant::parse(text, "e.toml", Path::new("/base")).unwrap()
}

fn ask(request: &ShellRequest) -> Result<Granted<ShellRequest>, Denial> {
    match request.decide(&grant(GRANT)) {
        Decision::Allowed(granted) => Ok(granted),
        Decision::Denied(denial) => Err(denial),
    }
}

fn check(program: &str, args: &[&str], expect: Result<&str, &str>) {
    let found = ask(&ShellRequest::command(program, args));
    let found = found.as_ref().map(|granted| granted.rule()).map_err(|denial| denial.rule.as_str());
    assert_eq!(found, expect, "{program} {args:?}");
}

#[test]
fn arguments_match_by_position() {
    let (git, kubectl, echo) = (Ok("shell.allow[0], e.toml:2"), Ok("shell.allow[1], e.toml:7"), Ok("shell.allow[2], e.toml:16"));
    let default = Err("default");
    for (program, args, expect) in [
        ("/usr/bin/git", &["status", "--porcelain"][..], git),
        ("/usr/bin/git", &["status"], default),
        ("/usr/bin/git", &["status", "--porcelain", "x"], default),
        ("/usr/bin/git", &["--porcelain", "status"], default),
        ("/usr/bin/git", &["status --porcelain"], default),
        ("/usr/bin/git", &["status", "--porcelain "], default),
        ("/usr/bin/git", &[], default),
        ("/bin/git", &["status", "--porcelain"], default),
        ("/usr/bin/kubectl", &["rollout", "status", "deployment/api"], kubectl),
        ("/usr/bin/kubectl", &["rollout", "", "deployment/"], kubectl),
        ("/usr/bin/kubectl", &["rollout", "status", "deployment/api", "-w", "x"], kubectl),
        ("/usr/bin/kubectl", &["rollout", "status", "daemonset/api"], default),
        ("/usr/bin/kubectl", &["rollout", "status"], default),
        ("/usr/bin/echo", &["*", "abcz"], echo),
        ("/usr/bin/echo", &["x", "abcz"], default),
        ("/usr/bin/echo", &["*", "abc"], default),
        ("/usr/bin/kubectl", &["rollout", "undo", "deployment/api"], Err("shell.deny[0], e.toml:21")),
        ("/usr/bin/rm", &[], Err("shell.deny[1], e.toml:25")),
        ("/usr/bin/rm", &["-rf", "/"], Err("shell.deny[1], e.toml:25")),
    ] {
        check(program, args, expect);
    }
}

#[test]
fn a_command_that_could_not_be_started_is_refused_whatever_the_grant_says() {
    for program in ["git", "", "./git", "/usr/bin/../bin/git", "/usr/bin//git", "/usr/bin/git/", "/usr/bin/git\0", "/usr/./bin/git"] {
        check(program, &["status", "--porcelain"], Err("built-in"));
    }
    check("/usr/bin/git", &["a\0b"], Err("built-in"));
    check("/usr/bin/git", &vec!["x"; 257], Err("built-in"));
    check("/usr/bin/git", &[&"x".repeat(128 * 1024 + 1)], Err("built-in"));
    let mut request = ShellRequest::command("/usr/bin/git", &["status", "--porcelain"]);
    for variable in [("A\0", "x"), ("A", "x\0")] {
        request.env = vec![(variable.0.to_owned(), variable.1.to_owned())];
        assert_eq!(ask(&request).unwrap_err().message, "variable 1 has a NUL");
    }
    request.env = vec![("A".to_owned(), String::new()); 65];
    assert_eq!(ask(&request).unwrap_err().message, "a command has at most 64 variables of 131072 bytes in all");
    request.env = vec![("A".to_owned(), "x".repeat(128 * 1024))];
    assert_eq!(ask(&request).unwrap_err().rule, "built-in");
    request.env.clear();
    for directory in ["srv", "/srv/../etc", "/srv/"] {
        request.directory = Some(directory.to_owned());
        assert_eq!(ask(&request).unwrap_err().rule, "built-in", "{directory}");
    }
}

#[test]
fn the_class_is_the_rules_own_else_the_requests() {
    let mut git = ShellRequest::command("/usr/bin/git", &["status", "--porcelain"]);
    let mut kubectl = ShellRequest::command("/usr/bin/kubectl", &["rollout", "status", "deployment/api"]);
    let mut echo = ShellRequest::command("/usr/bin/echo", &["*", "az"]);
    let class = |request: &ShellRequest| ask(request).unwrap().class();
    assert_eq!([class(&git), class(&kubectl), class(&echo)], [EffectClass::Read, EffectClass::AtMostOnce, EffectClass::AtMostOnce]);
    for request in [&mut git, &mut kubectl, &mut echo] {
        request.idempotent = true;
    }
    assert_eq!([class(&git), class(&kubectl), class(&echo)], [EffectClass::Read, EffectClass::Idempotent, EffectClass::AtMostOnce]);
}

#[test]
fn variables_and_directories_are_those_of_the_rule() {
    let mut request = ShellRequest::command("/usr/bin/kubectl", &["rollout", "status", "deployment/api"]);
    let terms = ask(&request).unwrap().terms().clone();
    assert_eq!(&*terms.env, [("KUBECONFIG".to_owned(), "/etc/kube".to_owned()), ("LANG".to_owned(), "C".to_owned())]);
    assert_eq!(terms.directory, Some(WorkingDirectory::Host("/srv/app".into())));
    assert_eq!(terms.output_limit, 2048);
    assert!(terms.digest.unwrap().to_string().starts_with("sha256:9f86"));

    request.directory = Some("/srv/app/a/b".to_owned());
    request.env = vec![("TOKEN".to_owned(), "t".to_owned())];
    assert_eq!(ask(&request).unwrap().terms().directory, Some(WorkingDirectory::Host("/srv/app/a/b".into())));

    request.env = vec![("TOKEN".to_owned(), "t".to_owned()), ("PATH".to_owned(), "/tmp".to_owned())];
    let denial = ask(&request).unwrap_err();
    assert_eq!((denial.rule.as_str(), denial.hint.as_deref()), ("default", Some("add \"PATH\" to `allow-env` of shell.allow[1], e.toml:7")));

    request.env = vec![("KUBECONFIG".to_owned(), "/tmp/mine".to_owned())];
    assert_eq!(ask(&request).unwrap_err().rule, "default");

    request.env.clear();
    request.directory = Some("/etc*".to_owned());
    let denial = ask(&request).unwrap_err();
    assert_eq!((denial.rule.as_str(), denial.hint.as_deref()), ("default", Some("add \"/etc\\\\*\" to `directories` of shell.allow[1], e.toml:7")));
}

#[test]
fn a_denied_command_is_denied_in_every_directory_and_with_every_variable() {
    let mut request = ShellRequest::command("/usr/bin/kubectl", &["rollout", "undo", "deployment/api"]);
    request.directory = Some("/srv/app".to_owned());
    request.env = vec![("TOKEN".to_owned(), "t".to_owned())];
    let denial = ask(&request).unwrap_err();
    assert_eq!(denial.rule, "shell.deny[0], e.toml:21");
    assert_eq!(denial.message, "`/usr/bin/kubectl rollout undo deployment/api` is not allowed");
}

#[test]
fn what_no_rule_allows_is_denied_with_the_rule_to_add() {
    let denial = ask(&ShellRequest::command("/usr/bin/kubectl", &["delete", "*", "say \"hi\"\n\\"])).unwrap_err();
    assert_eq!(denial.message, "`/usr/bin/kubectl delete * say \"hi\"\u{fffd}\\` is not allowed");
    let expect = r#"add to the grant file:
[[shell.allow]]
program = "/usr/bin/kubectl"
args = ["delete", "\\*", "say \"hi\"\u000A\\\\"]"#;
    assert_eq!(denial.hint.as_deref(), Some(expect));
    let denial = ask(&ShellRequest::command("/usr/bin/kubectl", &[&"x".repeat(100_000)])).unwrap_err();
    assert!(denial.hint.is_none() && denial.message.len() < 300);
}

#[test]
fn rules_that_are_not_enforceable_do_not_parse() {
    for (rule, expect) in [
        ("program = \"git\"\nargs = []", "shell.allow[0].program: the path is not absolute"),
        ("program = \"/usr/bin/../git\"\nargs = []", "shell.allow[0].program: the path has a part `.` or `..`"),
        ("args = []", "`shell.allow[0]` has no `program`"),
        ("program = \"/x\"", "`shell.allow[0]` has no `args`"),
        ("program = \"/x\"\nargs = [\"**\", \"x\"]", "shell.allow[0].args[0]: `**` stands alone and last: it is all the rest, none included"),
        ("program = \"/x\"\nargs = [\"a**\"]", "shell.allow[0].args[0]: `**` stands alone and last: it is all the rest, none included"),
        ("program = \"/x\"\nargs = [\"\\\\d\"]", "shell.allow[0].args[0]: `\\` stands before `*` or `\\` only"),
        ("program = \"/x\"\nargs = [\"\\u0000\"]", "shell.allow[0].args[0]: an argument has no NUL"),
        ("program = \"/x\"\nargs = \"status\"", "shell.allow[0].args: expected a list, found string"),
        ("program = \"/x\"\nargs = []\nclass = \"write\"", "shell.allow[0].class: unknown word `write`"),
        (
            "program = \"/x\"\nargs = []\ndigest = \"sha256:00\"",
            "shell.allow[0].digest: not a digest: expected `sha256:` and 64 hexadecimal digits, found `sha256:00`",
        ),
        ("program = \"/x\"\nargs = []\noutput-limit = \"1GiB\"", "shell.allow[0].output-limit: expected 1B to 64MiB"),
        (
            "program = \"/x\"\nargs = []\nallow-env = [\"LD_PRELOAD\"]",
            "shell.allow[0].allow-env[0]: `LD_PRELOAD` makes a program run something else: a procedure may not set it",
        ),
        (
            "program = \"/x\"\nargs = []\nallow-env = [\"LD_LIBRARY_PATH\"]",
            "shell.allow[0].allow-env[0]: `LD_LIBRARY_PATH` makes a program run something else: a procedure may not set it",
        ),
        (
            "program = \"/x\"\nargs = []\nallow-env = [\"BASH_ENV\"]",
            "shell.allow[0].allow-env[0]: `BASH_ENV` makes a program run something else: a procedure may not set it",
        ),
        ("program = \"/x\"\nargs = []\nallow-env = [\"*\"]", "shell.allow[0].allow-env[0]: `*` is not the name of a variable: letters, digits and `_`"),
        ("program = \"/x\"\nargs = []\nallow-env = [\"LOCKSTEP_X\"]", "shell.allow[0].allow-env[0]: variables that begin with `LOCKSTEP_` are the host's own"),
        ("program = \"/x\"\nargs = []\nenv = { \"A=B\" = \"\" }", "shell.allow[0].env.\"A=B\": `A=B` is not the name of a variable: letters, digits and `_`"),
        ("program = \"/x\"\nargs = []\nenv = { A = 1 }", "shell.allow[0].env.A: expected a string, found integer"),
        ("program = \"/x\"\nargs = []\ndirectories = [\"/a/../b\"]", "shell.allow[0].directories[0]: the path has a part `.` or `..`"),
        ("program = \"/x\"\nargs = []\ndirectory = \"/a\"", "unknown key `directory` in `shell.allow[0]`"),
        ("program = \"/x\"\nargs = []\ntimeout = \"3s\"", "unknown key `timeout` in `shell.allow[0]`"),
    ] {
        let errors = Grant::parse(&format!("[[shell.allow]]\n{rule}"), "e.toml", Path::new("/")).unwrap_err();
        assert_eq!(errors.problems[0].message, expect, "{rule}");
        assert_eq!(errors.problems.len(), 1, "{errors}");
    }
    let errors = Grant::parse("[[shell.deny]]\nprogram = \"/x\"\nclass = \"read\"", "e.toml", Path::new("/")).unwrap_err();
    assert_eq!(errors.problems[0].message, "unknown key `class` in `shell.deny[0]`");
}

#[test]
fn a_relative_directory_is_below_the_grant_files_own() {
    let grant = grant("[[shell.allow]]\nprogram = \"/x\"\nargs = []\ndirectories = [\".\", \"work/**\"]");
    let mut request = ShellRequest::command("/x", &[]);
    let Decision::Allowed(granted) = request.decide(&grant) else { panic!() };
    assert_eq!(granted.terms().directory, Some(WorkingDirectory::Host("/base".into())));
    for (directory, expect) in [("/base", true), ("/base/work/a", true), ("/base/work", false), ("/work/a", false)] {
        request.directory = Some(directory.to_owned());
        assert_eq!(matches!(request.decide(&grant), Decision::Allowed(_)), expect, "{directory}");
    }
}

#[test]
fn a_directory_in_a_mount_is_named_as_files_names_it_and_the_entry_says_that_it_is_one() {
    let mounts = "[files.mounts.\"/app\"]\npath = \"/srv/app\"\nallow = [\"read\"]\n[files.mounts.\"/app/data\"]\npath = \"data\"\nallow = [\"read\"]\n";
    let rule = "[[shell.allow]]\nprogram = \"/x\"\nargs = []\ndirectories = [\"/app/own\", { mount = \"/app\" }, { mount = \"/app/**\" }]\n";
    let granted = grant(&format!("{mounts}{rule}"));
    let of = |grant: &Grant, directory: Option<&str>| {
        let request = ShellRequest { directory: directory.map(str::to_owned), ..ShellRequest::command("/x", &[]) };
        match request.decide(grant) {
            Decision::Allowed(granted) => Ok(granted.terms().directory.clone().unwrap()),
            Decision::Denied(denial) => Err(denial.hint.unwrap_or_default()),
        }
    };
    let mount = |path: &str, root: &str, relative: &str| WorkingDirectory::Mount {
        path: path.to_owned(),
        within: FilesTerms { root: root.into(), relative: relative.to_owned() },
    };
    for (directory, expect) in [
        (None, WorkingDirectory::Host("/app/own".into())),
        (Some("/app/own"), WorkingDirectory::Host("/app/own".into())),
        (Some("/app"), mount("/app", "/srv/app", "")),
        (Some("/app/a/b"), mount("/app/a/b", "/srv/app", "a/b")),
        (Some("/app/data/c"), mount("/app/data/c", "/base/data", "c")),
    ] {
        assert_eq!(of(&granted, directory), Ok(expect), "{directory:?}");
    }
    assert_eq!(of(&granted, Some("/srv/app")), Err("add \"/srv/app\" to `directories` of shell.allow[0], e.toml:7".to_owned()));
    let narrow = grant(&format!("{mounts}{}", rule.replace("{ mount = \"/app/**\" }", "{ mount = \"/app/data\" }")));
    assert_eq!(of(&narrow, Some("/app/*")), Err("add { mount = \"/app/\\\\*\" } to `directories` of shell.allow[0], e.toml:7".to_owned()));
    for (entry, expect) in [
        ("{ mount = \"/other\" }", "shell.allow[0].directories[0].mount: it is in no mount of the grant"),
        ("{ mount = \"/*\" }", ""),
        ("{ mount = \"/ap\" }", "shell.allow[0].directories[0].mount: it is in no mount of the grant"),
        ("{ mount = \"app\" }", "shell.allow[0].directories[0].mount: expected an absolute path, as `files` names it"),
        ("{ mount = \"/app/../x\" }", "shell.allow[0].directories[0].mount: the path has a part `.` or `..`"),
        ("{}", "`shell.allow[0].directories[0]` has no `mount`"),
    ] {
        let text = format!("{mounts}[[shell.allow]]\nprogram = \"/x\"\nargs = []\ndirectories = [{entry}]");
        let found = Grant::parse(&text, "e.toml", Path::new("/base")).map_or_else(|errors| errors.problems[0].message.clone(), |_| String::new());
        assert_eq!(found, expect, "{entry}");
    }
}

proptest! {
    /// A guest writes the arguments and with them the hint: pasted, it must allow these and no others.
    #[test]
    fn a_hint_allows_what_was_asked_and_nothing_more(
        args in proptest::collection::vec("[ab*\\\\\"\n\u{1b}é]{0,4}", 0..3),
        other in proptest::collection::vec("[ab*\\\\]{0,4}", 0..3),
    ) {
        let command = |args: &[String]| ShellRequest::command("/x", &args.iter().map(String::as_str).collect::<Vec<_>>());
        let Decision::Denied(denial) = command(&args).decide(&Grant::default()) else { panic!() };
        let hint = denial.hint.unwrap();
        let widened = grant(hint.split_once('\n').unwrap().1);
        prop_assert!(matches!(command(&args).decide(&widened), Decision::Allowed(_)), "{}", hint);
        prop_assert_eq!(matches!(command(&other).decide(&widened), Decision::Allowed(_)), args == other);
    }
}

fn decided(rules: &str, line: &str) -> Result<String, String> {
    let words: Vec<&str> = line.split(' ').collect();
    match ShellRequest::command(words[0], &words[1..]).decide(&grant(rules)) {
        Decision::Allowed(granted) => Ok(granted.rule().to_owned()),
        Decision::Denied(denial) => Err(format!("{} {}", denial.rule, denial.hint.unwrap_or_default())),
    }
}

#[test]
fn an_option_that_may_stand_nowhere_stands_nowhere() {
    let rules = "[[shell.allow]]\nprogram = \"/x\"\nargs = [\"push\", \"**\"]\nnever = [\"--force\", \"-f\"]\n";
    for line in ["/x push", "/x push origin main", "/x push --follow origin", "/x push --force-with-lease"] {
        assert!(decided(rules, line).is_ok(), "{line}");
    }
    for line in ["/x push --force", "/x push origin --force=1", "/x push -xf", "/x push -- --force", "/x push a b c -f", "/x push --forc"] {
        let hint = decided(rules, line).unwrap_err();
        assert!(hint.contains("leave `-") && hint.contains("shell.allow[0]"), "{line}: {hint}");
    }
}

#[test]
fn options_that_are_listed_stand_anywhere_and_no_wildcard_stands_for_another() {
    let rules = "[[shell.allow]]\nprogram = \"/x\"\nargs = [\"log\", \"*\", \"**\"]\noptions = [\"--oneline\", \"-n *\", \"--\"]\n";
    for line in ["/x log main", "/x --oneline log main", "/x log -n 5 main", "/x log main --oneline -n 5 -- file", "/x log main -"] {
        assert!(decided(rules, line).is_ok(), "{line}");
    }
    for line in ["/x log", "/x log --oneline", "/x log -n main", "/x log --output=x main", "/x log main -- --output=x", "/x log -x main", "/x log main -n"] {
        assert!(decided(rules, line).is_err(), "{line}");
    }
}

#[test]
fn a_deny_is_about_uses_with_an_option_wherever_it_stands() {
    let rules = "[[shell.allow]]\nprogram = \"/x\"\nargs = [\"**\"]\n[[shell.deny]]\nprogram = \"/x\"\nanywhere = [\"--force\", \"DROP *\"]\n";
    assert!(decided(rules, "/x push").is_ok());
    for line in ["/x push --force", "/x --forc push", "/x -- --force=1"] {
        assert!(decided(rules, line).unwrap_err().starts_with("shell.deny[0]"), "{line}");
    }
    let sql = ShellRequest::command("/x", &["-c", "drop table a"]);
    assert!(matches!(sql.decide(&grant(rules)), Decision::Denied(_)));
}

#[test]
fn confinement_is_read_with_its_bounds() {
    let rules = "[[shell.allow]]\nprogram = \"/x\"\nargs = []\nlandlock = { read = [\"/usr\", \"lib\"], write = [\"/tmp/x\"] }\nlimits = { memory = \"1GiB\", cpu = \"60s\", processes = 64, files = 128, file-size = \"2GiB\" }\n";
    let Decision::Allowed(granted) = ShellRequest::command("/x", &[]).decide(&grant(rules)) else { panic!("denied") };
    let terms = granted.terms();
    let landlock = terms.landlock.as_ref().unwrap();
    assert_eq!(landlock.read, [PathBuf::from("/usr"), PathBuf::from("/base/lib")]);
    assert_eq!((terms.limits.memory, terms.limits.cpu_seconds, terms.limits.files), (Some(1 << 30), Some(60), Some(128)));
    for wrong in ["limits = { memory = \"0B\" }", "limits = { cpu = \"1ms\" }", "limits = { files = 2 }", "limits = { core = 1 }", "landlock = { exec = [] }"] {
        assert!(Grant::parse(&format!("[[shell.allow]]\nprogram = \"/x\"\nargs = []\n{wrong}\n"), "e.toml", Path::new("/base")).is_err(), "{wrong}");
    }
}
