//! The driver against real directories.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lockstep_gate::{CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::{Decision, FilesTerms, Grant, Grantable as _};
use lockstep_model::request::{Entry, EntryKind, FilesRequest, FilesResponse};
use lockstep_model::{Digest, Failure};
use tempfile::TempDir;

use super::FilesDriver;
use super::mount::tests::SYNCS;

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What `Beside` names its file for `KEY`.
const BEGUN: &str = ".lockstep-0123456789abcdef0123456789abcdef";

/// A mount at `mount` of a directory that also holds what no call may reach.
struct Host {
    outer: TempDir,
    root: PathBuf,
    artifacts: LooseArtifacts,
}

impl Host {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("mount");
        fs::create_dir(&root).unwrap();
        fs::write(outer.path().join("secret"), "not yours").unwrap();
        Self { outer, root, artifacts: LooseArtifacts::default() }
    }

    /// As the grant would have it: the guest's path is `/app/…`, the terms hold what is below.
    fn ask(&self, request: FilesRequest) -> Result<FilesResponse, Failure> {
        let below = request.path().strip_prefix("/app").unwrap().trim_start_matches('/').to_owned();
        let terms = FilesTerms { root: self.root.clone(), relative: below };
        FilesDriver.run(&request, &terms, &self.context(Duration::from_secs(60), &Interrupt::default()))
    }

    fn context<'a>(&'a self, time_left: Duration, interrupt: &'a Interrupt) -> CallContext<'a> {
        CallContext { idempotency_key: KEY, time_left, interrupt, notes: &NoNotes, live: &NoLiveOutput, artifacts: &self.artifacts }
    }

    fn does(&self, request: FilesRequest) {
        assert_eq!(self.ask(request).unwrap(), FilesResponse::Nothing);
    }

    fn code(&self, request: FilesRequest) -> String {
        self.ask(request).unwrap_err().code().to_owned()
    }

    fn at(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    fn names(&self, path: &str) -> Vec<String> {
        match self.ask(FilesRequest::Entries { path: path.into() }).unwrap() {
            FilesResponse::Names(names) => names,
            other => panic!("{other:?}"),
        }
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        match self.ask(look(path)).unwrap() {
            FilesResponse::Entry(entry) => entry,
            other => panic!("{other:?}"),
        }
    }
}

fn read(path: &str) -> FilesRequest {
    FilesRequest::Read { path: path.into() }
}

fn write(path: &str, text: &str) -> FilesRequest {
    FilesRequest::Write { path: path.into(), bytes: text.into() }
}

fn append(path: &str, text: &str) -> FilesRequest {
    FilesRequest::AppendText { path: path.into(), text: text.into(), probe: None }
}

fn look(path: &str) -> FilesRequest {
    FilesRequest::Look { path: path.into() }
}

fn make(path: &str) -> FilesRequest {
    FilesRequest::MakeDirectory { path: path.into() }
}

fn remove(path: &str) -> FilesRequest {
    FilesRequest::Remove { path: path.into() }
}

fn link(path: &str, target: &str) -> FilesRequest {
    FilesRequest::Link { path: path.into(), target: target.into() }
}

fn place(path: &str, digest: Digest, executable: bool) -> FilesRequest {
    FilesRequest::Place { path: path.into(), digest, executable }
}

fn keep(path: &str, artifact: &str) -> FilesRequest {
    FilesRequest::Keep { path: path.into(), artifact: artifact.into() }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_written_is_read() {
    let host = Host::new();
    host.does(write("/app/a", "one"));
    assert_eq!(host.ask(read("/app/a")).unwrap(), FilesResponse::Bytes("one".into()));
    host.does(write("/app/a", "two"));
    assert_eq!(fs::read(host.at("a")).unwrap(), b"two");
    assert_eq!(mode(&host.at("a")), 0o644);
    assert_eq!(host.names("/app"), ["a"]);
}

#[test]
fn a_written_file_keeps_its_permissions() {
    let host = Host::new();
    fs::write(host.at("private"), "").unwrap();
    fs::set_permissions(host.at("private"), fs::Permissions::from_mode(0o600)).unwrap();
    host.does(write("/app/private", "still private"));
    assert_eq!(mode(&host.at("private")), 0o600);
}

#[test]
fn a_reader_of_the_old_file_keeps_the_old_file() {
    let host = Host::new();
    host.does(write("/app/a", "old"));
    let before = fs::metadata(host.at("a")).unwrap().ino();
    host.does(write("/app/a", "new"));
    assert_ne!(fs::metadata(host.at("a")).unwrap().ino(), before, "written over in place");
}

#[test]
fn a_write_that_fails_leaves_nothing_behind() {
    let host = Host::new();
    fs::create_dir_all(host.at("full/of")).unwrap();
    assert_eq!(host.code(write("/app/full", "x")), "files.kind");
    assert_eq!(host.code(write("/app/none/x", "x")), "files.missing");
    assert_eq!(host.code(write(&format!("/app/{}", "x".repeat(300)), "x")), "files.path");
    assert_eq!(host.code(write("/app", "x")), "files.kind");
    assert_eq!(host.names("/app"), ["full"]);
    assert_eq!(host.names("/app/full"), ["of"]);
}

#[test]
fn a_write_begun_before_a_crash_is_cleared_away_when_it_is_done_again() {
    let host = Host::new();
    fs::write(host.at(BEGUN), "half of it").unwrap();
    host.does(write("/app/a", "all of it"));
    assert_eq!(host.names("/app"), ["a"]);
    symlink("nowhere", host.at(BEGUN)).unwrap();
    host.does(link("/app/l", "a"));
    assert_eq!(host.names("/app"), ["a", "l"]);
}

#[test]
fn what_changes_a_directory_syncs_it() {
    let host = Host::new();
    let synced = |request: FilesRequest, directories: u32| {
        let (before, name) = (SYNCS.get(), format!("{request:?}"));
        host.does(request);
        assert_eq!(SYNCS.get() - before, directories, "{name}");
    };
    synced(make("/app/a/b/c"), 3);
    synced(write("/app/a/f", "x"), 1);
    synced(append("/app/a/g", "x"), 1);
    synced(append("/app/a/g", "x"), 0);
    synced(link("/app/a/l", "f"), 1);
    synced(remove("/app/a/l"), 1);
    synced(remove("/app/a"), 1);
}

#[test]
fn text_is_added_at_the_end_of_a_file_that_need_not_be_there() {
    let host = Host::new();
    host.does(append("/app/log", "one\n"));
    host.does(append("/app/log", "two\n"));
    assert_eq!(fs::read(host.at("log")).unwrap(), b"one\ntwo\n");
    assert_eq!(host.code(append("/app", "x")), "files.kind");
    fs::create_dir(host.at("d")).unwrap();
    assert_eq!(host.code(append("/app/d", "x")), "files.kind");
}

#[test]
fn a_look_says_what_stands_there_and_follows_nothing() {
    let host = Host::new();
    fs::write(host.at("f"), "12345").unwrap();
    symlink("/etc/passwd", host.at("out")).unwrap();
    symlink("f", host.at("in")).unwrap();
    let file = host.entry("/app/f").unwrap();
    assert_eq!((file.kind, file.size.as_str(), file.target), (EntryKind::File, "5", None));
    assert!(file.modified.to_string().starts_with("20"));
    assert_eq!(host.entry("/app").unwrap().kind, EntryKind::Directory);
    for (path, target) in [("/app/out", "/etc/passwd"), ("/app/in", "f")] {
        let entry = host.entry(path).unwrap();
        assert_eq!((entry.kind, entry.target.as_deref()), (EntryKind::Link, Some(target)));
    }
    assert_eq!(host.entry("/app/none"), None);
    assert_eq!(host.entry("/app/f/none"), None);
}

#[test]
fn names_come_sorted_and_not_without_end() {
    let host = Host::new();
    for name in ["b", "a", "ü", "Z"] {
        fs::write(host.at(name), "").unwrap();
    }
    assert_eq!(host.names("/app"), ["Z", "a", "b", "ü"]);
    fs::create_dir(host.at("many")).unwrap();
    for number in 0..10_000 {
        fs::write(host.at(&format!("many/{number}")), "").unwrap();
    }
    assert_eq!(host.names("/app/many").len(), 10_000);
    fs::write(host.at("many/one-more"), "").unwrap();
    assert_eq!(host.code(FilesRequest::Entries { path: "/app/many".into() }), "files.limit");
    assert_eq!(host.code(FilesRequest::Entries { path: "/app/a".into() }), "files.kind");
    assert_eq!(host.code(FilesRequest::Entries { path: "/app/none".into() }), "files.missing");
}

#[test]
fn a_directory_that_is_there_is_well_and_a_file_is_not() {
    let host = Host::new();
    host.does(make("/app"));
    host.does(make("/app/a/b"));
    host.does(make("/app/a/b"));
    assert!(host.at("a/b").is_dir());
    fs::write(host.at("f"), "").unwrap();
    assert_eq!(host.code(make("/app/f")), "files.exists");
    assert_eq!(host.code(make("/app/f/g")), "files.exists");
    symlink("a", host.at("way")).unwrap();
    host.does(make("/app/way/c"));
    assert!(host.at("a/c").is_dir());
}

#[test]
fn what_is_removed_is_gone_and_links_in_it_are_not_followed() {
    let host = Host::new();
    fs::create_dir_all(host.at("t/u")).unwrap();
    fs::write(host.at("t/u/f"), "").unwrap();
    fs::write(host.at("kept"), "").unwrap();
    symlink("../../secret", host.at("t/out")).unwrap();
    symlink("../../kept", host.at("t/u/in")).unwrap();
    symlink("t", host.at("l")).unwrap();
    host.does(remove("/app/l"));
    assert!(host.at("t/u/f").exists());
    host.does(remove("/app/t"));
    host.does(remove("/app/t"));
    host.does(remove("/app/t/u/f"));
    assert_eq!(host.names("/app"), ["kept"]);
    assert!(host.outer.path().join("secret").exists());
    assert_eq!(host.code(remove("/app")), "files.kind");
}

#[test]
fn a_link_is_made_and_switched_and_nothing_else_is_replaced_by_it() {
    let host = Host::new();
    host.does(link("/app/current", "releases/1"));
    host.does(link("/app/current", "releases/2"));
    assert_eq!(fs::read_link(host.at("current")).unwrap(), Path::new("releases/2"));
    host.does(make("/app/a"));
    host.does(link("/app/a/up", "../current"));
    host.does(write("/app/f", "x"));
    assert_eq!(host.code(link("/app/f", "a")), "files.exists");
    assert_eq!(host.code(link("/app/a", "f")), "files.exists");
    assert_eq!(host.code(link("/app/none/l", "f")), "files.missing");
    assert_eq!(host.names("/app"), ["a", "current", "f"]);
}

#[test]
fn a_reader_never_misses_a_link_that_is_being_switched() {
    let host = Host::new();
    for slot in ["blue", "green"] {
        host.does(make(&format!("/app/{slot}")));
        host.does(write(&format!("/app/{slot}/name"), slot));
    }
    host.does(link("/app/current", "blue"));
    let (done, path) = (AtomicBool::new(false), host.at("current/name"));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0_u64;
            while !done.load(Ordering::Relaxed) {
                let name = fs::read_to_string(&path).expect("the link was missing");
                assert!(name == "blue" || name == "green");
                seen += 1;
            }
            seen
        });
        for turn in 0..1000 {
            host.does(link("/app/current", if turn % 2 == 0 { "green" } else { "blue" }));
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}

#[test]
fn nothing_outside_the_mount_can_be_reached() {
    let host = Host::new();
    let outside = host.outer.path();
    symlink("..", host.at("up")).unwrap();
    symlink("../secret", host.at("leak")).unwrap();
    symlink(outside, host.at("absolute")).unwrap();
    for path in ["/app/up/secret", "/app/leak", "/app/absolute/secret", "/app/../secret", "/app/a/../../secret", "/app/./x", "/app/a//b", "/app/a\0b"] {
        for request in [read(path), append(path, "x"), FilesRequest::Digest { path: path.into() }, keep(path, "stolen"), make(&format!("{path}/d"))] {
            let failure = host.ask(request.clone()).unwrap_err();
            assert_eq!(failure.code(), "files.path", "{request:?} {failure}");
        }
    }
    for path in ["/app/up/new", "/app/absolute/new", "/app/../new"] {
        for request in [write(path, "x"), append(path, "x"), remove(path), link(path, "x"), make(path)] {
            assert_eq!(host.code(request.clone()), "files.path", "{request:?}");
        }
    }
    for (path, target) in [("/app/l", "/etc"), ("/app/l", "../secret"), ("/app/l", "a/../../secret"), ("/app/l", "")] {
        assert_eq!(host.code(link(path, target)), "files.path", "{target}");
    }
    // A write replaces a link as such, whatever it points to.
    host.does(write("/app/leak", "mine"));
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"not yours");
    assert_eq!(fs::read_dir(outside).unwrap().count(), 2);
}

#[test]
fn a_link_on_the_way_does_not_make_a_target_lead_further_than_it_looks() {
    let host = Host::new();
    host.does(make("/app/a/b"));
    symlink("../..", host.at("a/b/top")).unwrap();
    // Written it is three deep; really it is in the mount itself, from where `..` is outside.
    assert_eq!(host.code(link("/app/a/b/top/l", "../secret")), "files.path");
    host.does(link("/app/a/b/top/l", "a"));
    assert!(host.at("l").is_symlink());
}

#[test]
fn what_is_not_a_file_is_not_read_as_one() {
    let host = Host::new();
    host.does(make("/app/d"));
    rustix::fs::mknodat(rustix::fs::CWD, host.at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for request in [read("/app/d"), read("/app"), read("/app/pipe"), append("/app/pipe", "x"), FilesRequest::Digest { path: "/app/pipe".into() }] {
        assert_eq!(host.code(request.clone()), "files.kind", "{request:?}");
    }
    assert_eq!(host.entry("/app/pipe").unwrap().kind, EntryKind::Other);
    assert_eq!(host.code(read("/app/none")), "files.missing");
}

#[test]
fn sixteen_mebibytes_are_the_limit_of_reading_and_writing() {
    let host = Host::new();
    let most = "x".repeat(16 * 1024 * 1024);
    host.does(write("/app/big", &most));
    assert!(matches!(host.ask(read("/app/big")).unwrap(), FilesResponse::Bytes(bytes) if bytes.len() == most.len()));
    host.does(append("/app/big", "x"));
    assert_eq!(host.code(read("/app/big")), "files.limit");
    assert_eq!(host.code(write("/app/bigger", &format!("{most}x"))), "files.limit");
    assert_eq!(host.code(append("/app/bigger", &format!("{most}x"))), "files.limit");
    let digest = Digest::of(format!("{most}x").as_bytes());
    assert_eq!(host.ask(FilesRequest::Digest { path: "/app/big".into() }).unwrap(), FilesResponse::Digest(digest));
}

#[test]
fn a_digest_that_takes_too_long_is_a_time_out() {
    let host = Host::new();
    host.does(write("/app/a", "x"));
    let request = FilesRequest::Digest { path: "/app/a".into() };
    let terms = FilesTerms { root: host.root.clone(), relative: "a".into() };
    let interrupt = Interrupt::default();
    assert!(matches!(FilesDriver.run(&request, &terms, &host.context(Duration::ZERO, &interrupt)), Err(Failure::TimedOut(_))));
}

#[test]
fn a_file_becomes_an_artifact_and_an_artifact_a_file() {
    let host = Host::new();
    host.does(write("/app/built", "#!/bin/sh\n"));
    let kept = host.ask(keep("/app/built", "release-2.0")).unwrap();
    let FilesResponse::Kept(sealed) = kept else { panic!("{kept:?}") };
    assert_eq!((sealed.id.as_str(), sealed.digest, sealed.size.as_str()), ("release-2.0", Digest::of(b"#!/bin/sh\n"), "10"));
    host.does(place("/app/run", sealed.digest, true));
    assert_eq!((fs::read(host.at("run")).unwrap().as_slice(), mode(&host.at("run"))), (&b"#!/bin/sh\n"[..], 0o755));
    host.does(place("/app/run", sealed.digest, false));
    assert_eq!(mode(&host.at("run")), 0o644);
    assert_eq!(host.code(place("/app/run", Digest::of(b"unknown"), true)), "artifact.corrupt");
    assert_eq!(host.code(keep("/app/none", "a")), "files.missing");
    assert_eq!(host.code(keep("/app/built", "No Id")), "artifact.id");
}

#[test]
fn a_file_longer_than_any_request_becomes_an_artifact_and_a_file_again() {
    let host = Host::new();
    let bytes: Vec<u8> = (0..10_000_000_u64).flat_map(u64::to_be_bytes).collect();
    fs::write(host.at("dump"), &bytes).unwrap();
    let kept = host.ask(keep("/app/dump", "dump")).unwrap();
    let FilesResponse::Kept(sealed) = kept else { panic!("{kept:?}") };
    assert_eq!((sealed.digest, sealed.size.as_str()), (Digest::of(&bytes), "80000000"));
    host.does(place("/app/copy", sealed.digest, false));
    assert!(fs::read(host.at("copy")).unwrap() == bytes);
}

#[test]
fn an_artifact_that_takes_too_long_is_a_time_out_and_leaves_nothing() {
    let host = Host::new();
    fs::write(host.at("dump"), "x").unwrap();
    let digest = host.artifacts.keep(b"y").unwrap();
    for (request, relative) in [(keep("/app/dump", "dump"), "dump"), (place("/app/copy", digest, false), "copy")] {
        let terms = FilesTerms { root: host.root.clone(), relative: relative.into() };
        let interrupt = Interrupt::default();
        let late = FilesDriver.run(&request, &terms, &host.context(Duration::ZERO, &interrupt));
        assert!(matches!(late, Err(Failure::TimedOut(_))), "{late:?}");
    }
    assert_eq!(host.names("/app"), ["dump"]);
}

#[test]
fn the_free_space_is_a_number() {
    let host = Host::new();
    let response = host.ask(FilesRequest::DiskFree { path: "/app/any/where".into() }).unwrap();
    assert!(matches!(&response, FilesResponse::Free(bytes) if bytes.parse::<u64>().unwrap() > 0), "{response:?}");
}

#[test]
fn a_mount_that_is_not_on_this_host_is_named() {
    let mut host = Host::new();
    host.root = host.outer.path().join("gone");
    let failure = host.ask(read("/app/a")).unwrap_err();
    assert!(failure.code() == "files.missing" && failure.message().contains("/gone") && failure.message().contains("grant"), "{failure}");
}

#[test]
fn a_granted_write_lands_below_its_mount() {
    let host = Host::new();
    let grant = format!("[files.mounts.\"/app\"]\npath = {:?}\nallow = [\"write\"]\n", host.root);
    let grant = Grant::parse(&grant, "test.toml", Path::new("/")).unwrap();
    let Decision::Allowed(granted) = write("/app/a", "x").decide(&grant) else { panic!("denied") };
    let interrupt = Interrupt::default();
    assert_eq!(FilesDriver.perform(&granted, &host.context(Duration::from_secs(60), &interrupt)).unwrap(), FilesResponse::Nothing);
    assert_eq!(fs::read(host.at("a")).unwrap(), b"x");
}
