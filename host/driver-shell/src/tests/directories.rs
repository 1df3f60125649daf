//! Working directories: on the host and in a mount, with what leads out of it or is exchanged on the way.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use lockstep_gate::{CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::{Decision, Grant, Grantable as _, ShellTerms, WorkingDirectory};
use lockstep_model::Failure;
use lockstep_model::request::{ShellRequest, ShellResponse};

use super::{KEY, perform_on, sh, terms, text};
use crate::ShellDriver;
use crate::directory::Directory;
use crate::follow::{self, Deadline, Ends};
use crate::start::{self, Starting};

fn context(artifacts: &LooseArtifacts) -> CallContext<'_> {
    static INTERRUPT: std::sync::LazyLock<Interrupt> = std::sync::LazyLock::new(Interrupt::default);
    CallContext { idempotency_key: KEY, time_left: Duration::from_secs(60), interrupt: &INTERRUPT, notes: &NoNotes, live: &NoLiveOutput, artifacts }
}

/// What the grant and the driver say of `sh -c SCRIPT` in `directory`, with a mount `/app` at `root`.
fn in_mount(root: &Path, directories: &str, directory: Option<&str>, script: &str) -> Result<ShellResponse, Failure> {
    let grant = format!(
        "[files.mounts.\"/app\"]\npath = {root:?}\nallow = [\"read\"]\n[[shell.allow]]\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"*\"]\ndirectories = [{directories}]\n"
    );
    let grant = Grant::parse(&grant, "test.toml", Path::new("/")).unwrap();
    let request = ShellRequest { directory: directory.map(str::to_owned), ..sh(script) };
    match request.decide(&grant) {
        Decision::Allowed(granted) => ShellDriver::new().perform(&granted, &context(&LooseArtifacts::default())),
        Decision::Denied(denial) => Err(Failure::Denied(denial.message)),
    }
}

/// A mount with a file in `work`, a link to it, and links that lead out; beside it what must not be reached.
fn yard() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (folder, name) in [("mount/work/deep", "inside"), ("outside", "outside")] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
        fs::write(dir.path().join(folder).join("name"), name).unwrap();
    }
    fs::write(dir.path().join("mount/file"), "").unwrap();
    for (link, target) in [("link", "work/deep"), ("up", "../outside"), ("far", dir.path().join("outside").to_str().unwrap()), ("work/out", "../../outside")] {
        symlink(target, dir.path().join("mount").join(link)).unwrap();
    }
    dir
}

#[test]
fn a_command_works_in_a_directory_of_a_mount_by_the_path_that_files_gives_it() {
    let yard = yard();
    let root = yard.path().join("mount");
    let granted = "{ mount = \"/app\" }, { mount = \"/app/**\" }";
    let said = |directory: Option<&str>, script: &str| in_mount(&root, granted, directory, script).map(|exit| text(&exit.stdout).to_owned());
    assert_eq!(said(Some("/app/work/deep"), "cat name").unwrap(), "inside");
    assert_eq!(said(Some("/app/link"), "cat name").unwrap(), "inside", "a link inside the mount is followed");
    assert_eq!(said(Some("/app"), "cat work/deep/name; echo x > made").unwrap(), "inside");
    assert_eq!(fs::read_to_string(root.join("made")).unwrap(), "x\n");
    assert_eq!(said(None, "cat work/deep/name").unwrap(), "inside", "without a word it works in the first that is spelled out");
    // No descriptor of the directory is left to the program.
    assert_eq!(said(Some("/app/work"), "ls /proc/self/fd | sort -n | tr '\\n' ' '").unwrap(), said(None, "ls /proc/self/fd | sort -n | tr '\\n' ' '").unwrap());
}

#[test]
fn a_directory_of_a_mount_that_the_rule_does_not_name_is_denied() {
    let yard = yard();
    let root = yard.path().join("mount");
    fs::create_dir(yard.path().join("work")).unwrap();
    let code = |granted: &str, directory: &str| {
        in_mount(&root, granted, Some(directory), "true").map_or_else(|failure| failure.code().to_owned(), |_| "ran".to_owned())
    };
    assert_eq!(code("{ mount = \"/app/work\" }", "/app/work"), "ran");
    assert_eq!(code("{ mount = \"/app/work\" }", "/app"), "denied");
    assert_eq!(code("{ mount = \"/app/work\" }", "/app/work/deep"), "denied");
    assert_eq!(code("{ mount = \"/app/work\" }", root.join("work").to_str().unwrap()), "denied", "the host's path is another thing");
    // Of a path of the host the mount is no matter, and the other way around.
    assert_eq!(code("\"/app/work\"", "/app/work"), "shell.directory");
}

#[test]
fn a_link_that_leads_out_of_the_mount_is_not_followed_and_nothing_is_started() {
    let yard = yard();
    let root = yard.path().join("mount");
    for path in ["/app/up", "/app/far", "/app/work/out"] {
        let failure = in_mount(&root, "{ mount = \"/app/**\" }", Some(path), "echo > started").unwrap_err();
        assert_eq!(failure.code(), "shell.directory", "{failure}");
        assert!(failure.message().contains("leads out of the mount") && failure.message().contains(path), "{failure}");
    }
    assert!(!yard.path().join("outside/started").exists());
    for (path, why) in [("/app/missing", "No such file"), ("/app/file", "not a directory"), ("/app/file/below", "not a directory")] {
        let failure = in_mount(&root, "{ mount = \"/app/**\" }", Some(path), "true").unwrap_err();
        assert!(failure.code() == "shell.directory" && failure.message().contains(why), "{failure}");
    }
}

#[test]
fn a_program_starts_in_the_directory_that_was_opened_whatever_its_name_has_become() {
    let yard = yard();
    let root = yard.path().join("mount");
    let within = lockstep_grant::FilesTerms { root: root.clone(), relative: "work/deep".to_owned() };
    for directory in [WorkingDirectory::Mount { path: "/app/work/deep".to_owned(), within }, WorkingDirectory::Host(root.join("work/deep"))] {
        let opened = Directory::open(Some(&directory)).unwrap().unwrap();
        fs::rename(root.join("work"), root.join("aside")).unwrap();
        fs::create_dir(root.join("work")).unwrap();
        symlink(yard.path().join("outside"), root.join("work/deep")).unwrap();
        let artifacts = LooseArtifacts::default();
        let (request, context) = (sh("cat name"), context(&artifacts));
        let starting = Starting { request: &request, terms: &terms(), key: KEY, pinned: None, directory: Some(&opened), fed: false, options: &[] };
        let running = start::start(starting).unwrap();
        let ends = Ends { food: follow::food(&request, &context).unwrap(), live: context.live, keep: None };
        let ended = follow::follow(running, &request.program, ends, 1024, &Deadline::of(None, &context)).unwrap();
        assert_eq!(text(&ended.response(None, Duration::ZERO, &request, &[]).unwrap().stdout), "inside");
        fs::remove_dir_all(root.join("work")).unwrap();
        fs::rename(root.join("aside"), root.join("work")).unwrap();
    }
}

#[test]
fn a_directory_of_the_host_that_cannot_be_entered_is_told_before_the_start() {
    for (path, why) in [("/no/such/place", "No such file"), ("/dev/null", "not a directory")] {
        let terms = ShellTerms { directory: Some(WorkingDirectory::Host(path.into())), ..terms() };
        let failure = perform_on(&sh("true"), &terms).unwrap_err();
        assert!(failure.code() == "shell.directory" && failure.message().contains(why), "{failure}");
    }
}
