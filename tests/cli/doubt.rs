//! Calls in doubt, for real: the real binary is killed in the middle of a call to a real server or program, and resumed.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::place::{Place, Ran, example, root};

/// `401 {"a":1}` and so on; none: the connection stays open without an answer.
type Reply = Option<&'static str>;

/// A bank on loopback that answers as it is told and keeps what it was asked.
struct Bank {
    port: u16,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    heard: Receiver<Asked>,
}

#[derive(Debug, PartialEq)]
struct Asked {
    line: String,
    key: Option<String>,
}

impl Bank {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, replies, (tell, heard)) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(VecDeque::new())), channel());
        let served = Arc::clone(&replies);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for connection in listener.incoming() {
                serve(connection.unwrap(), &served, &tell, &mut kept);
            }
        });
        Self { port, replies, heard }
    }

    /// The next requests are answered so, in order.
    fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// The next request, when it has come.
    fn asked(&self) -> Asked {
        self.heard.recv().unwrap()
    }

    /// What has come besides.
    fn rest(&self) -> Vec<Asked> {
        self.heard.try_iter().collect()
    }
}

fn serve(connection: TcpStream, replies: &Mutex<VecDeque<Reply>>, tell: &Sender<Asked>, kept: &mut Vec<TcpStream>) {
    let mut reader = BufReader::new(connection);
    let (mut line, mut key, mut length) = (String::new(), None, 0);
    reader.read_line(&mut line).unwrap();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = Some(value.trim().to_owned()),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let reply = replies.lock().unwrap().pop_front().expect("a request that the test did not expect");
    let mut connection = reader.into_inner();
    match reply.map(|reply| reply.split_once(' ').unwrap()) {
        Some((status, body)) => {
            let head = format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            connection.write_all((head + body).as_bytes()).unwrap();
        }
        None => kept.push(connection),
    }
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    tell.send(Asked { line, key }).unwrap_or_default();
}

/// A place with a grant for `once` and a program that sends letters.
struct Scene {
    place: Place,
    bank: Bank,
    grant: PathBuf,
}

/// Writes its key down. While there is a pipe, it says there which process it is, and goes on for long.
const MAIL: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
case $1 in
send) echo "$LOCKSTEP_IDEMPOTENCY_KEY" >> keys
      [ ! -e begun ] || { echo $$ > begun; exec sleep 60; } ;;
sent) echo asked >> probes; exit "$(cat sent)" ;;
esac
"#;

impl Scene {
    fn set() -> Self {
        let (place, bank) = (Place::new(), Bank::open());
        let text = std::fs::read_to_string(root().join("guest-sdk/procedures/once/grant.toml")).unwrap();
        let text = text.replace("@PORT@", &bank.port.to_string()).replace("@ROOT@", &place.path().display().to_string());
        let grant = place.write("once.toml", text);
        let mail = place.write("mail", MAIL);
        std::fs::set_permissions(mail, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { place, bank, grant }
    }

    fn start(&self) -> Child {
        let mut run = self.place.command();
        run.arg("run").arg(example("once")).arg("--env").arg(&self.grant).arg("--yes");
        run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Kills the run in the middle of its payment, and gives what the bank was asked.
    fn killed_while_paying(&self) -> Asked {
        self.bank.reply([None]);
        let mut run = self.start();
        let asked = self.bank.asked();
        run.kill().unwrap();
        run.wait().unwrap();
        asked
    }

    fn resume(&self) -> Ran {
        self.place.lockstep(["resume", "latest", "--yes"])
    }

    fn read(&self, name: &str) -> Vec<String> {
        std::fs::read_to_string(self.place.path().join(name)).unwrap().lines().map(str::to_owned).collect()
    }

    /// The call of a step, as `show` gives it.
    fn probe_of(&self, step: &str) -> serde_json::Value {
        let shown = self.place.lockstep(["show", "latest", "--json"]).expect(0).json();
        let calls = shown["calls"].as_array().unwrap().clone();
        let own = |call: &&serde_json::Value| call["call"].as_str().unwrap().starts_with(step) && !call["probe"].is_null();
        calls.iter().find(own).expect("a call that was probed")["probe"].clone()
    }
}

#[test]
fn a_payment_that_happened_is_found_by_its_key_and_not_made_again() {
    let scene = Scene::set();
    let paid = scene.killed_while_paying();
    scene.bank.reply([Some(r#"200 {"state":"booked"}"#)]);
    let resumed = scene.resume().expect(0);
    assert!(resumed.stderr.contains("it happened (status 200)") && resumed.stderr.contains("paid: booked"), "{}", resumed.stderr);
    let key = paid.key.expect("a key in the header");
    assert_eq!(scene.bank.rest(), [Asked { line: format!("GET /payments/{key}"), key: None }], "asked, and not paid twice");
    assert_eq!(scene.probe_of("pay")["answer"], "happened");
}

#[test]
fn a_payment_that_did_not_happen_is_made_with_the_same_key() {
    let scene = Scene::set();
    let paid = scene.killed_while_paying();
    assert!(paid.key.is_some(), "the server is told the key");
    scene.bank.reply([Some("404 none"), Some(r#"201 {"state":"booked"}"#)]);
    scene.resume().expect(0);
    let asked = scene.bank.rest();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1], paid, "the same request, with the same key");
    assert_eq!(scene.probe_of("pay")["answer"], "did-not");
}

#[test]
fn a_payment_of_which_the_bank_says_nothing_is_for_an_operator_until_it_does() {
    let scene = Scene::set();
    scene.killed_while_paying();
    scene.bank.reply([Some(r#"200 {"state":"in review"}"#)]);
    let stuck = scene.resume().expect(4);
    assert!(stuck.stderr.contains("LS0404") && stuck.stderr.contains("in review"), "{}", stuck.stderr);
    let shown = scene.place.lockstep(["show", "latest"]).expect(0).stdout;
    assert!(shown.contains("probe GET http://127.0.0.1:") && shown.contains("in review"), "{shown}");
    scene.bank.reply([Some(r#"200 {"state":"booked"}"#)]);
    scene.resume().expect(0);
    assert!(scene.bank.rest().iter().all(|asked| asked.line.starts_with("GET ")), "never paid again");
}

#[test]
fn a_letter_that_was_not_sent_is_sent_with_the_same_key() {
    let scene = Scene::set();
    scene.place.write("sent", "3\n");
    let begun = scene.place.path().join("begun");
    assert!(Command::new("mkfifo").arg(&begun).status().unwrap().success());
    scene.bank.reply([Some(r#"201 {"state":"booked"}"#)]);
    let mut run = scene.start();
    // Blocks until the program has begun.
    let program = std::fs::read_to_string(&begun).unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(Command::new("sh").arg("-c").arg(format!("kill -9 {program}")).status().unwrap().success());
    std::fs::remove_file(&begun).unwrap();
    scene.resume().expect(0);
    let keys = scene.read("keys");
    assert_eq!((keys.len(), keys[0].len(), &keys[0]), (2, 64, &keys[1]), "the same key in the variable, before and after the crash");
    assert_eq!(scene.read("probes"), ["asked"]);
    assert_eq!((scene.probe_of("write")["answer"].as_str(), scene.probe_of("write")["detail"].as_str()), (Some("did-not"), Some("exit code 3")));
}

#[test]
fn a_probe_that_is_not_granted_is_found_out_before_anything_is_paid() {
    let scene = Scene::set();
    let text = std::fs::read_to_string(&scene.grant).unwrap();
    let port = scene.bank.port;
    std::fs::write(&scene.grant, text.replace(&format!(r#", "GET http://127.0.0.1:{port}/payments/*""#), "")).unwrap();
    let mut run = scene.place.command();
    run.arg("run").arg(example("once")).arg("--env").arg(&scene.grant).arg("--yes");
    let denied = Ran::from(run.output().unwrap()).expect(3);
    assert!(denied.stderr.contains("the probe of the call") && denied.stderr.contains("GET http://127.0.0.1"), "{}", denied.stderr);
    assert!(scene.bank.rest().is_empty());
    let explained = scene.place.lockstep(["grant", "explain", "latest", "--call", "pay/1/1"]).expect(0).stdout;
    assert!(explained.contains("allowed by http.allow[0]") && explained.contains("probe GET") && explained.contains("denied by default"), "{explained}");
}

#[test]
fn whose_word_stands_on_idempotence_is_in_the_plan_and_in_the_explanation() {
    let place = Place::new();
    let grant = place.write(
        "say.toml",
        "[http]\nallow = [{ rule = \"PUT https://example.com/x\", class = \"at-most-once\" }]\n[[shell.allow]]\nprogram = \"/bin/true\"\nargs = []\n",
    );
    let grant = grant.to_str().unwrap();
    let plan = place.lockstep(["plan".as_ref(), example("hello").as_os_str(), "--env".as_ref(), grant.as_ref()]).expect(0).stdout;
    assert!(plan.contains("http allow PUT https://example.com/x as at-most-once, whatever the procedure says"), "{plan}");
    let explained = place.lockstep(["grant", "explain", "--env", grant, "PUT https://example.com/x"]).expect(0).stdout;
    assert!(explained.contains("class at-most-once, overruling the procedure's idempotent"), "{explained}");
    let probe = place.lockstep(["grant", "explain", "--env", grant, "--probe", "/bin/true"]).expect(0).stdout;
    assert!(probe.contains("denied by shell.allow[0]") && probe.contains("class = \"read\""), "{probe}");
}

#[test]
fn a_component_imports_only_the_interfaces_of_the_probes_that_it_makes() {
    let inspected = Place::new().lockstep(["inspect".as_ref(), example("once").as_os_str(), "--json".as_ref()]).expect(0).json();
    let imports: Vec<_> = inspected["imports"].as_array().unwrap().iter().map(|import| import.as_str().unwrap().to_owned()).collect();
    let imported = |interface: &str| imports.iter().any(|import| import.contains(&format!("/{interface}@")));
    assert!(imported("http") && imported("shell") && !imported("files"), "{imports:?}");
}
