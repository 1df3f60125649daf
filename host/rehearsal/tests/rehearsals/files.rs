//! Files in memory behave as the real ones do.

use lockstep_gate::Gate;
use lockstep_model::Failure;
use lockstep_model::request::{FilesRequest, FilesResponse, ShellRequest};
use lockstep_testkit::{Script, ask};

use super::{ensure, nothing, unmet};

const SITE: &str = r#"
[files]
"/site/current" = { link = "slots/blue" }
"/site/slots/blue/port" = "8081"
"/site/slots/green" = { directory = true }
"/site/run.sh" = { text = "exit", executable = true }
"#;

fn path(path: &str) -> String {
    path.to_owned()
}

fn code(result: Result<FilesResponse, Failure>) -> String {
    result.map_or_else(|failure| failure.code().to_owned(), |_| "fine".to_owned())
}

#[test]
fn files_are_written_linked_placed_and_removed_as_on_a_disk() {
    let work = |gate: &Gate| {
        let text = |at: &str| match ask(gate, FilesRequest::Read { path: path(at) })? {
            FilesResponse::Bytes(bytes) => Ok(bytes.as_text().unwrap_or_default().to_owned()),
            _ => Err(Failure::problem("step.assertion", "not bytes")),
        };
        ensure(text("/site/current/port")? == "8081", "read through a link")?;
        ask(gate, FilesRequest::MakeDirectory { path: path("/site/slots/green/a/b") })?;
        ask(gate, FilesRequest::Write { path: path("/site/slots/green/port"), bytes: "8082".into() })?;
        ask(gate, FilesRequest::AppendText { path: path("/site/slots/green/log"), text: path("one "), probe: None })?;
        ask(gate, FilesRequest::AppendText { path: path("/site/slots/green/log"), text: path("two"), probe: None })?;
        ask(gate, FilesRequest::Link { path: path("/site/current"), target: path("slots/green") })?;
        ensure(text("/site/current/log")? == "one two", "appended")?;
        let FilesResponse::Kept(kept) = ask(gate, FilesRequest::Keep { path: path("/site/current/log"), artifact: path("log") })? else {
            return ensure(false, "kept");
        };
        ask(gate, FilesRequest::Place { path: path("/site/slots/green/a/placed"), digest: kept.digest, executable: true })?;
        ask(gate, FilesRequest::Remove { path: path("/site/slots/blue") })?;
        ask(gate, FilesRequest::Remove { path: path("/site/slots/never/was") })?;
        let names = ask(gate, FilesRequest::Entries { path: path("/site/slots") })?;
        ensure(names == FilesResponse::Names(vec![path("green")]), "the names that are left")
    };
    let text = format!(
        "{SITE}\n[expect.world]\n\"/site/current\" = \"slots/green\"\n\"/site/slots/green/log\" = \"one two\"\n\"/site/slots/green/a/placed\" = \"one two\"\n\
         \"/site/slots/blue\" = false\n"
    );
    assert_eq!(unmet(Script::default().step("work", work, nothing), &text), [""; 0]);
}

#[test]
fn what_cannot_be_done_fails_with_the_drivers_codes() {
    let work = |gate: &Gate| {
        let codes: Vec<String> = [
            FilesRequest::Read { path: path("/site/none") },
            FilesRequest::Read { path: path("/site/slots") },
            FilesRequest::Write { path: path("/site/none/x"), bytes: "".into() },
            FilesRequest::Write { path: path("/site/slots"), bytes: "".into() },
            FilesRequest::Link { path: path("/site/run.sh"), target: path("x") },
            FilesRequest::MakeDirectory { path: path("/site/run.sh/x") },
            FilesRequest::Entries { path: path("/site/run.sh") },
            FilesRequest::Look { path: path("/site/none") },
        ]
        .map(|request| code(ask(gate, request)))
        .into();
        let expected = ["files.missing", "files.kind", "files.missing", "files.kind", "files.exists", "files.exists", "files.kind", "fine"];
        ensure(codes == expected, &format!("{codes:?}"))
    };
    assert_eq!(unmet(Script::default().step("work", work, nothing), SITE), [""; 0]);
}

#[test]
fn a_command_works_in_a_directory_of_a_mount_that_is_there_and_in_no_other() {
    let work = |gate: &Gate| {
        let run = |directory: &str| {
            let request = ShellRequest { directory: Some(path(directory)), ..ShellRequest::command("/usr/bin/deploy", &[]) };
            ask(gate, request).map_or_else(|failure| failure.code().to_owned(), |_| "ran".to_owned())
        };
        let codes: Vec<String> = ["/site/slots/green", "/site/current", "/site/none", "/site/run.sh", "/site", "/etc"].map(run).into();
        ensure(codes == ["ran", "ran", "shell.directory", "shell.directory", "denied", "denied"], &format!("{codes:?}"))
    };
    let text = format!("{SITE}\n[[shell]]\nprogram = \"/usr/bin/deploy\"\n");
    assert_eq!(unmet(Script::default().step("work", work, nothing), &text), [""; 0]);
}
