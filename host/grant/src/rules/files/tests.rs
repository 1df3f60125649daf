//! Paths against `[files.mounts]`: the nearest mount, its rights, and no way out.

use std::path::Path;

use lockstep_model::request::FilesRequest;
use lockstep_model::{Content, Digest};
use proptest::prelude::*;

use crate::Grant;
use crate::granted::{Decision, Denial, Grantable, Granted};

const GRANT: &str = r#"
[files.mounts."/app"]
path = "/srv/app"
allow = ["read", "write", "remove"]

[files.mounts."/app/config"]
path = "config"
allow = ["read"]

[files.mounts."/logs"]
path = "/var/log/app"
allow = ["read"]
"#;

fn ask(request: &FilesRequest) -> Result<Granted<FilesRequest>, Denial> {
    match request.decide(&Grant::parse(GRANT, "e.toml", Path::new("/etc/lockstep")).unwrap()) {
        Decision::Allowed(granted) => Ok(granted),
        Decision::Denied(denial) => Err(denial),
    }
}

fn read(path: &str) -> FilesRequest {
    FilesRequest::Read { path: path.to_owned() }
}

fn write(path: &str) -> FilesRequest {
    FilesRequest::Write { path: path.to_owned(), bytes: Content::default() }
}

fn remove(path: &str) -> FilesRequest {
    FilesRequest::Remove { path: path.to_owned() }
}

fn link(path: &str, target: &str) -> FilesRequest {
    FilesRequest::Link { path: path.to_owned(), target: target.to_owned() }
}

#[test]
fn the_longest_mount_that_has_a_path_decides() {
    for (path, root, relative, rule) in [
        ("/app", "/srv/app", "", "files.mounts.\"/app\", e.toml:2"),
        ("/app/a/b", "/srv/app", "a/b", "files.mounts.\"/app\", e.toml:2"),
        ("/app/configuration", "/srv/app", "configuration", "files.mounts.\"/app\", e.toml:2"),
        ("/app/config", "/etc/lockstep/config", "", "files.mounts.\"/app/config\", e.toml:6"),
        ("/app/config/x", "/etc/lockstep/config", "x", "files.mounts.\"/app/config\", e.toml:6"),
    ] {
        let granted = ask(&read(path)).unwrap();
        assert_eq!((granted.terms().root.to_str().unwrap(), granted.terms().relative.as_str(), granted.rule()), (root, relative, rule), "{path}");
    }
}

#[test]
fn every_function_needs_its_right() {
    let path = "/logs/x".to_owned();
    let digest = Digest::ZERO;
    let artifact = "a".to_owned();
    for request in [
        read("/logs/x"),
        FilesRequest::Look { path: path.clone() },
        FilesRequest::Entries { path: path.clone() },
        FilesRequest::Digest { path: path.clone() },
        FilesRequest::DiskFree { path: path.clone() },
        FilesRequest::Keep { path: path.clone(), artifact },
    ] {
        assert!(ask(&request).is_ok(), "{request:?}");
    }
    for request in [
        write("/logs/x"),
        FilesRequest::AppendText { path: path.clone(), text: String::new(), probe: None },
        FilesRequest::MakeDirectory { path: path.clone() },
        FilesRequest::Place { path, digest, executable: false },
        link("/logs/x", "y"),
        remove("/logs/x"),
    ] {
        let denial = ask(&request).unwrap_err();
        let word = if matches!(request, FilesRequest::Remove { .. }) { "remove" } else { "write" };
        assert_eq!(denial.message, format!("to {word} `/logs/x` is not allowed"));
        assert_eq!(denial.hint.unwrap(), format!("add \"{word}\" to `allow` of `files.mounts.\"/logs\"` (e.toml:10)"));
        assert_eq!(denial.rule, "default");
    }
}

#[test]
fn a_nearer_mount_with_fewer_rights_is_not_helped_by_the_one_around_it() {
    assert!(ask(&write("/app/x")).is_ok());
    assert_eq!(ask(&write("/app/config/x")).unwrap_err().rule, "default");
    assert_eq!(ask(&remove("/app/config")).unwrap_err().rule, "default");
}

#[test]
fn a_path_outside_every_mount_is_denied_with_the_mount_to_add() {
    let denial = ask(&read("/etc/passwd")).unwrap_err();
    assert_eq!((denial.rule.as_str(), denial.message.as_str()), ("default", "to read `/etc/passwd` is not allowed"));
    let expect = "add to the grant file, with a directory of this host:\n[files.mounts.\"/etc\"]\npath = \"…\"\nallow = [\"read\"]";
    assert_eq!(denial.hint.as_deref(), Some(expect));
    for path in ["/", "/apple", "/ap"] {
        assert_eq!(ask(&read(path)).unwrap_err().rule, "default", "{path}");
    }
}

#[test]
fn a_path_that_is_not_normalised_is_refused_whatever_the_grant_says() {
    for path in [
        "",
        "app/x",
        "/app/../etc/passwd",
        "/app/./x",
        "/app//x",
        "/app/x/",
        "//app/x",
        "/app/x\0",
        "/app/..",
        "/app/\u{1b}[2J",
        &format!("/app/{}", "x".repeat(4096)),
    ] {
        let denial = ask(&read(path)).unwrap_err();
        assert_eq!((denial.rule.as_str(), denial.hint), ("built-in", None), "{path:?}");
        assert!(denial.message.len() < 400 && !denial.message.contains(char::is_control));
    }
}

#[test]
fn the_mount_itself_is_neither_replaced_nor_removed() {
    for request in [write("/app"), remove("/app"), link("/app", "x")] {
        assert_eq!(ask(&request).unwrap_err().message, "`/app` is the mount itself: it can be neither replaced nor removed");
    }
    assert!(ask(&FilesRequest::MakeDirectory { path: "/app".to_owned() }).is_ok());
}

#[test]
fn a_link_stays_in_its_mount() {
    for (path, target, expect) in [
        ("/app/current", "releases/2", true),
        ("/app/slots/current", "../releases/2", true),
        ("/app/current", "../etc", false),
        ("/app/slots/current", "../../etc", false),
        ("/app/current", "/etc/passwd", false),
        ("/app/current", "", false),
        ("/app/current", "a\0b", false),
    ] {
        let found = ask(&link(path, target));
        assert_eq!(found.is_ok(), expect, "{path} -> {target}");
        assert!(found.is_ok() || found.unwrap_err().rule == "built-in");
    }
}

#[test]
fn mounts_that_are_not_enforceable_do_not_parse() {
    for (text, expect) in [
        ("[files.mounts.app]\npath = \"/x\"\nallow = [\"read\"]", "files.mounts.app: the path is not absolute"),
        ("[files.mounts.\"/app/\"]\npath = \"/x\"\nallow = [\"read\"]", "files.mounts.\"/app/\": the path has an empty part: `//`, or `/` at its end"),
        ("[files.mounts.\"/a\"]\nallow = [\"read\"]", "`files.mounts.\"/a\"` has no `path`"),
        ("[files.mounts.\"/a\"]\npath = \"/x\"", "`files.mounts.\"/a\"` has no `allow`"),
        ("[files.mounts.\"/a\"]\npath = \"/x\"\nallow = []", "files.mounts.\"/a\".allow: a mount that allows nothing is of no use: leave it out"),
        ("[files.mounts.\"/a\"]\npath = \"/x\"\nallow = [\"write\", \"delete\"]", "files.mounts.\"/a\".allow[1]: unknown word `delete`"),
        ("[files.mounts.\"/a\"]\npath = \"/x\"\nallow = [\"read\"]\ndeny = [\"x\"]", "unknown key `deny` in `files.mounts.\"/a\"`"),
        ("[files.mounts]\n\"/a\" = \"/x\"", "files.mounts.\"/a\": expected a table, found string"),
    ] {
        let errors = Grant::parse(text, "e.toml", Path::new("/")).unwrap_err();
        assert_eq!(errors.problems[0].message, expect, "{text}");
        assert_eq!(errors.problems.len(), 1, "{errors}");
    }
}

#[test]
fn two_mounts_do_not_lead_around_each_others_rights() {
    for (first, first_rights, second, second_rights, expect) in [
        ("/srv/app", "\"read\", \"write\"", "/srv/app/config", "\"read\"", false),
        ("/srv/app/config", "\"read\"", "/srv/app", "\"read\", \"write\"", false),
        ("/srv/app", "\"read\", \"write\"", "/srv/x/../app/config", "\"read\"", false),
        ("/srv/app", "\"read\", \"write\"", "/srv/app", "\"read\"", false),
        ("/srv/app", "\"read\"", "/srv/app/slots", "\"read\", \"write\"", true),
        ("/srv/app", "\"read\", \"write\"", "/srv/apple", "\"read\"", true),
        ("/srv/app", "\"read\"", "/srv/app/config", "\"read\"", true),
    ] {
        let text = format!(
            "[files.mounts.\"/a\"]\npath = \"{first}\"\nallow = [{first_rights}]\n[files.mounts.\"/b\"]\npath = \"{second}\"\nallow = [{second_rights}]"
        );
        assert_eq!(Grant::parse(&text, "e.toml", Path::new("/")).is_ok(), expect, "{text}");
    }
}

proptest! {
    #[test]
    fn no_allowed_path_leaves_its_mount(path in "(/|app|config|\\.|\\.\\.|x){0,8}") {
        if let Ok(granted) = ask(&read(&path)) {
            let relative = &granted.terms().relative;
            prop_assert!(!relative.starts_with('/') && !relative.ends_with('/'));
            prop_assert!(relative.split('/').all(|part| part != ".." && part != "."));
            prop_assert!(path.starts_with("/app") || path.starts_with("/logs"));
        }
    }
}
