//! Artifacts of any size, with the real binary: in constant memory, whole or not at all, and the same for every step and every undo.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::place::{Place, Ran, example, root};

/// What a process of Lockstep's may have in memory at a time, its own code included.
const MOST_MEMORY: u64 = 64_000_000;

/// A place in which `carry` can run, with what its programs do. There is no mirror.
fn carry(filter: &str, serve: &str) -> (Place, PathBuf) {
    carry_to("127.0.0.1:9".parse().unwrap(), filter, serve)
}

fn carry_to(mirror: SocketAddr, filter: &str, serve: &str) -> (Place, PathBuf) {
    let place = Place::new();
    for folder in ["in", "out"] {
        fs::create_dir(place.path().join(folder)).unwrap();
    }
    for (name, script) in [("filter", filter), ("serve", serve)] {
        let program = place.write(name, format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let grant = fs::read_to_string(root().join("guest-sdk/procedures/carry/grant.toml")).unwrap();
    let grant = grant.replace("@ROOT@", place.path().to_str().unwrap()).replace("@MIRROR@", &mirror.to_string());
    let grant = place.write("carry.toml", grant);
    (place, grant)
}

fn start(place: &Place, grant: &Path, more: &[&str]) -> Child {
    let component = example("carry");
    let mut command = place.command();
    command
        .args(["run".as_ref(), component.as_os_str(), "--env".as_ref(), grant.as_os_str()])
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn run(place: &Place, grant: &Path) -> Ran {
    let component = example("carry");
    place.lockstep(["run".as_ref(), component.as_os_str(), "--env".as_ref(), grant.as_os_str(), "--json".as_ref()])
}

/// A file of that many bytes with something in it here and there: the rest takes no room on the disk.
fn sparse(path: &Path, length: u64) {
    let mut file = File::create(path).unwrap();
    file.set_len(length).unwrap();
    for place in 0..200 {
        file.seek(SeekFrom::Start(place * (length / 200 - 9))).unwrap();
        file.write_all(format!("row {place}").as_bytes()).unwrap();
    }
}

/// Whether two readers give the same bytes.
fn are_the_same(mut one: impl Read, mut other: impl Read) -> bool {
    let mut pieces = [vec![0; 1 << 20], vec![0; 1 << 20]];
    loop {
        let counts = [fill(&mut one, &mut pieces[0]), fill(&mut other, &mut pieces[1])];
        if counts[0] != counts[1] || pieces[0][..counts[0]] != pieces[1][..counts[1]] {
            return false;
        }
        if counts[0] == 0 {
            return true;
        }
    }
}

/// As much as there is and fits.
fn fill(reader: &mut impl Read, piece: &mut [u8]) -> usize {
    let mut count = 0;
    while count < piece.len() {
        match reader.read(&mut piece[count..]).unwrap() {
            0 => break,
            more => count += more,
        }
    }
    count
}

/// The most memory that a process has had at a time, in bytes, as long as it lives.
fn most_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The most memory that a run that succeeds has had until shortly before its end.
fn watched(mut child: Child) -> u64 {
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most_memory(child.id()).unwrap_or(most);
        thread::park_timeout(Duration::from_millis(20));
    }
    Ran::from(child.wait_with_output().unwrap()).expect(0);
    most
}

/// Runs `carry` with a file of that many bytes, and says how much memory it took.
fn carried(place: &Place, grant: &Path, length: u64, more: &[&str]) -> u64 {
    // The first run compiles the component, which takes memory of its own.
    place.write("in/dump", "small");
    run(place, grant).expect(0);
    sparse(&place.path().join("in/dump"), length);
    watched(start(place, grant, more))
}

/// Answers `PUT` and `GET` with one exchange a connection: whether what was put are the bytes of `file`, as the status, and these bytes.
fn mirror(listener: TcpListener, file: PathBuf) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            exchange(&stream.unwrap(), &file).unwrap();
        }
    });
}

fn exchange(stream: &TcpStream, file: &Path) -> io::Result<()> {
    let (mut reader, mut stream, file) = (BufReader::new(stream), stream, File::open(file)?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head)?;
    }
    if head.starts_with("GET ") {
        write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", file.metadata()?.len())?;
        return io::copy(&mut &file, &mut stream).map(drop);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let status = if are_the_same(reader.take(length), file) { "201 Created" } else { "409 Conflict" };
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
}

#[test]
fn two_gigabytes_go_through_a_program_and_back_in_64_megabytes_of_memory() {
    let (place, grant) = carry("exec cat", "exit 0");
    let most = carried(&place, &grant, 2_000_000_000, &[]);
    assert!((1..MOST_MEMORY).contains(&most), "{most} bytes of memory");
    let [one, other] = ["in/dump", "out/dump"].map(|name| File::open(place.path().join(name)).unwrap());
    assert!(are_the_same(one, other));
    let listed = place.lockstep(["artifacts", "ls", "latest", "--json"]).expect(0).json();
    assert_eq!((listed[0]["id"].as_str(), listed[0]["size"].as_str(), listed[0]["kept"].as_bool()), (Some("dump"), Some("2000000000"), Some(true)), "{listed}");
}

#[test]
fn half_a_gigabyte_goes_out_by_http_and_comes_back_in_64_megabytes_of_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (place, grant) = carry_to(address, "exec cat", "exit 0");
    mirror(listener, place.path().join("in/dump"));
    let most = carried(&place, &grant, 500_000_000, &["-p", &format!("mirror=http://{address}/dump")]);
    assert!((1..MOST_MEMORY).contains(&most), "{most} bytes of memory");
    let listed = place.lockstep(["artifacts", "ls", "latest", "--json"]).expect(0).json();
    assert_eq!(
        (listed[2]["id"].as_str(), &listed[2]["digest"], listed[2]["size"].as_str()),
        (Some("copy"), &listed[0]["digest"], Some("500000000")),
        "{listed}"
    );
}

#[test]
fn t1_t2_t10_an_artifact_is_made_once_and_every_step_and_undo_gets_the_same() {
    let (place, grant) = carry("sed s/rows/none/", "exit 1");
    place.write("in/dump", "rows\n");
    place.write("out/dump", "rows\n");
    let ran = run(&place, &grant).expect(6);
    let id = ran.json()["run"].as_str().unwrap().to_owned();
    assert_eq!(fs::read_to_string(place.path().join("out/dump")).unwrap(), "rows\n", "the undo took another artifact");
    let listed = place.lockstep(["artifacts", "ls", &id, "--json"]).expect(0).json();
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|artifact| artifact["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["dump", "result"], "{listed}");
}

#[test]
fn artifacts_are_listed_taken_out_and_compared_and_a_changed_one_is_named() {
    let (place, grant) = carry("exec cat", "exit 0");
    let bytes: Vec<u8> = (0..400_000_u64).flat_map(u64::to_be_bytes).collect();
    place.write("in/dump", &bytes);
    run(&place, &grant).expect(0);
    let shown = place.lockstep(["artifacts", "ls", "latest"]).expect(0).stdout;
    assert!(shown.contains("dump") && shown.contains("3.0 MiB") && shown.contains("keep") && shown.contains("yes"), "{shown}");
    place.lockstep(["artifacts", "get", "latest", "dump", "-o", "taken"]).expect(0);
    assert!(fs::read(place.path().join("taken")).unwrap() == bytes);
    let piped = place.command().args(["artifacts", "get", "latest", "result"]).output().unwrap();
    assert!(piped.stdout == bytes && piped.status.success());
    assert!(place.lockstep(["artifacts", "verify", "latest"]).expect(0).stdout.contains("2 artifacts verify, 6.1 MiB"));
    assert!(place.lockstep(["artifacts", "get", "latest", "none"]).expect(2).stderr.contains("LS0013"));
    let listed = place.lockstep(["artifacts", "ls", "latest", "--json"]).expect(0).json();
    let file = place.path().join("store/blobs").join(listed[0]["digest"].as_str().unwrap().trim_start_matches("sha256:"));
    let mut changed = fs::read(&file).unwrap();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&file, changed).unwrap();
    let verified = place.lockstep(["artifacts", "verify", "latest"]).expect(1).stderr;
    assert!(verified.contains("LS0309") && verified.contains("`dump` is changed") && verified.contains("`result` is changed"), "{verified}");
    assert!(place.lockstep(["audit", "verify", "--blobs"]).expect(1).stderr.contains("LS0309"));
    let failed = place.lockstep(["artifacts", "get", "latest", "dump", "-o", "again"]).expect(4).stderr;
    assert!(failed.contains("LS0307") && !place.path().join("again").exists(), "{failed}");
    fs::remove_file(&file).unwrap();
    assert!(place.lockstep(["artifacts", "verify", "latest"]).expect(1).stderr.contains("is missing"));
    let ls = place.lockstep(["artifacts", "ls", "latest"]).expect(0).stdout;
    assert!(ls.contains(" no "), "{ls}");
}

#[test]
fn bytes_given_up_by_retention_are_no_flaw_and_their_room_is_free() {
    let (place, grant) = carry("exec cat", "exit 0");
    place.write("in/dump", vec![7; 3_000_000]);
    run(&place, &grant).expect(0);
    let folder = place.path().join("store/blobs");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "dump and result are the same bytes");
    place.lockstep(["store", "retain", "--older-than", "1ms"]).expect(0);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    assert!(place.lockstep(["artifacts", "verify", "latest"]).expect(0).stdout.contains("2 gone by retention"));
    assert!(place.lockstep(["artifacts", "get", "latest", "dump"]).expect(2).stderr.contains("LS0312"));
}

#[test]
fn a_kill_in_the_middle_of_a_stream_leaves_no_half_artifact_and_the_run_goes_on() {
    // It says half of it, and the rest once it is let go.
    let (place, grant) = carry("cd \"${0%/*}\"; head -c 2000000; touch half; until test -e go; do sleep 0.05; done; exec cat", "exit 0");
    let bytes: Vec<u8> = (0..500_000_u64).flat_map(u64::to_be_bytes).collect();
    place.write("in/dump", &bytes);
    let mut child = start(&place, &grant, &[]);
    while !place.path().join("half").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before it was half done");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let ids = |ran: Ran| ran.json().as_array().unwrap().iter().map(|artifact| artifact["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(place.lockstep(["artifacts", "ls", "latest", "--json"]).expect(0)), ["dump"]);
    place.write("go", "");
    place.lockstep(["resume", "latest"]).expect(0);
    assert_eq!(ids(place.lockstep(["artifacts", "ls", "latest", "--json"]).expect(0)), ["dump", "result"]);
    assert!(fs::read(place.path().join("out/dump")).unwrap() == bytes);
    let left: Vec<_> = fs::read_dir(place.path().join("store/blobs")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let mut taken = Vec::new();
    let mut get = place.command().args(["artifacts", "get", "latest", "result"]).stdout(Stdio::piped()).spawn().unwrap();
    get.stdout.take().unwrap().read_to_end(&mut taken).unwrap();
    assert!(get.wait().unwrap().success() && taken == bytes);
}
