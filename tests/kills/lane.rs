//! One lane: deploys version after version on its own site, has the host killed, and goes on as an operator would.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use super::dice::Dice;
use super::far_side::{arrived, heard, quiet};
use super::journal::{Open, Records, runs};
use super::site::Site;
use super::tally::Tally;
use crate::place::Ran;

/// How often the far side's logs are looked at.
const LOOK: Duration = Duration::from_millis(2);

/// The verb that goes on with a run.
const RESUME: &[&str] = &["resume", "latest", "--yes"];
/// The verb that takes it back.
const UNDO: &[&str] = &["undo", "latest", "--yes", "--reason", "the dice say so"];

/// One lane.
pub(super) struct Lane<'a> {
    site: Site,
    dice: Dice,
    tally: &'a Tally,
    /// The class of each key that any run of the lane has recorded an intent with.
    intents: BTreeMap<String, String>,
}

/// How a process that drove a run came to its end.
enum End {
    Killed,
    Ended(Ran),
}

impl<'a> Lane<'a> {
    pub(super) fn new(number: u64, seed: u64, tally: &'a Tally) -> Self {
        // Every second lane's grant says that nothing may be asked twice.
        Self { site: Site::new(number % 2 == 1), dice: Dice::new(seed, number), tally, intents: BTreeMap::new() }
    }

    /// Deploys until all kills are made.
    pub(super) fn run(mut self) {
        for version in 2.. {
            if self.tally.is_full() {
                return;
            }
            self.deploy(&format!("{version}.0.0"));
        }
    }

    /// One version, from its run to its end, whatever happens in between.
    fn deploy(&mut self, version: &str) {
        self.site.release(version);
        let before = self.site.stands();
        let earlier = runs(&self.site);
        let mut command = self.site.deploy(version);
        let records = loop {
            let end = self.drive(command);
            quiet(&self.site);
            let run = runs(&self.site).into_iter().find(|run| !earlier.contains(run));
            let Some(run) = run else {
                assert!(matches!(end, End::Killed), "it ended by itself without a run");
                self.tally.killed("before the run is recorded".to_owned());
                command = self.site.deploy(version);
                continue;
            };
            let records = Records::of(&self.site, &run);
            self.check(&records);
            match end {
                End::Killed => self.tally.killed(phase(&records, &arrived(&self.site))),
                End::Ended(ran) if records.outcome().is_none() => self.answer(&records, &ran),
                End::Ended(_) => {}
            }
            if records.outcome().is_some() {
                break records;
            }
            let onwards = self.next(&records);
            command = self.site.lockstep(onwards);
        };
        let outcome = records.outcome().unwrap();
        self.tally.ended(outcome);
        let expected = match outcome {
            "succeeded" => before.after(version),
            "undone" | "failed" => before.undone(records.touched("install")),
            other => panic!("the run of {version} ended {other}"),
        };
        assert_eq!(self.site.stands(), expected, "the site after a run that has {outcome}, from {before:?}");
        // However often its host was killed: what is recorded is what the component does.
        Ran::from(self.site.lockstep(&["replay", "latest"]).output().unwrap()).expect(0);
    }

    /// Lets a process drive the run until it ends, or until it is killed at an instant that the dice choose.
    fn drive(&mut self, mut command: Command) -> End {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (tell, told) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let said = std::thread::spawn(move || {
            // Its first word is about its first record.
            let mut said = vec![0; 1];
            let length = stderr.read(&mut said).unwrap();
            said.truncate(length);
            let _ = begin.send(());
            stderr.read_to_end(&mut said).unwrap();
            // A kill may have cut a character in two.
            String::from_utf8_lossy(&said).into_owned()
        });
        std::thread::spawn(move || {
            let mut given = Vec::new();
            stdout.read_to_end(&mut given).unwrap();
            let _ = tell.send(String::from_utf8_lossy(&given).into_owned());
        });
        let (doomed, life, on_arrival) = (self.tally.take(), self.dice.life(), self.dice.once_in(4));
        // Most are killed in the middle of a run, some while they start.
        if !self.dice.once_in(10) {
            let _ = begun.recv();
        }
        let ended = match (doomed, on_arrival) {
            (false, _) => told.recv().ok(),
            (true, false) => told.recv_timeout(life).ok(),
            (true, true) => self.until_an_effect_arrives(&told),
        };
        if ended.is_none() {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let stderr = said.join().unwrap();
        match status.code() {
            // The signal met it, and not its shadow.
            None => End::Killed,
            Some(code) => {
                if doomed {
                    self.tally.give_back();
                }
                End::Ended(Ran { code, stdout: ended.unwrap_or_default(), stderr })
            }
        }
    }

    /// What the process gives, if it ends before the far side has heard of another effect. How fast the machine is makes no difference to that.
    fn until_an_effect_arrives(&self, told: &Receiver<String>) -> Option<String> {
        let before = heard(&self.site);
        loop {
            match told.recv_timeout(LOOK) {
                Ok(given) => return Some(given),
                Err(RecvTimeoutError::Timeout) if heard(&self.site) == before => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// What must hold at every moment: the journal verifies, nothing arrived that was not intended before, and nothing twice that must not.
    fn check(&mut self, records: &Records) {
        let verified = Ran::from(self.site.lockstep(&["audit", "verify", "--states"]).output().unwrap());
        verified.expect(0);
        self.intents.extend(records.intents());
        for (key, times) in arrived(&self.site) {
            match self.intents.get(&key).map(String::as_str) {
                None => panic!("an effect arrived that is not recorded: {key}"),
                Some("at-most-once") => assert_eq!(times, 1, "an effect arrived {times} times that must not be done twice: {key}"),
                Some(_) => {}
            }
        }
    }

    /// A run that stands still is in doubt, or has something wrong with it. What became of a call the far side's logs say.
    fn answer(&mut self, records: &Records, ran: &Ran) {
        let Some(Open { key, class, what }) = records.open().filter(|_| records.last_kind() == "RunStuck") else {
            panic!("the run stands still, and no call is in doubt: {}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
        };
        assert_eq!((ran.code, class.as_str()), (4, "at-most-once"), "{}", ran.stderr);
        let happened = arrived(&self.site).contains_key(&key);
        let answer = match (happened, what.as_str(), records.undoing()) {
            (false, ..) => "not-done",
            // Nobody can say any more which token the far side gave.
            (true, "http", _) => "unknown",
            // Behind the point of no return a failure has no way back.
            (true, _, false) if !records.touched("retire") && self.dice.once_in(3) => "unknown",
            (true, ..) => "done",
        };
        self.tally.in_doubt(answer);
        Ran::from(self.site.lockstep(&["resolve", "latest", answer, "--reason", "its log says so"]).output().unwrap()).expect(0);
    }

    /// Onwards, or now and then back, as long as there is a way back. A run without its plan has nothing to go back from.
    fn next(&mut self, records: &Records) -> &'static [&'static str] {
        if records.planned() && !records.touched("retire") && self.dice.once_in(12) { UNDO } else { RESUME }
    }
}

/// Where the kill met the run, by what is recorded and what arrived.
fn phase(records: &Records, arrived: &BTreeMap<String, u32>) -> String {
    let way = if records.undoing() { "undo: " } else { "" };
    if let Some(Open { key, class, .. }) = records.open() {
        let heard = if arrived.contains_key(&key) { ", and it arrived" } else { "" };
        return format!("{way}{class}: between intent and outcome{heard}");
    }
    let place = match records.last_kind() {
        "RunCreated" | "PlanDeclared" => "before the first step",
        "RunResumed" => "resumed, nothing new recorded",
        "StepStarted" | "UndoStarted" => "a step begun, no effect yet",
        "StepSucceeded" | "StepFailed" | "UndoBegan" | "UndoSucceeded" => "between steps",
        "RunFinished" => "recorded to be over, not yet said",
        _ => "in a step, after an effect's outcome",
    };
    format!("{way}{place}")
}
