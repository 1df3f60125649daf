//! Runs that stand still and go on, with the real binary: waiting without a process, acts from another terminal, leases.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::place::{Place, Ran, example};

/// The `wait` example in a place of its own.
fn waiting_place() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path().join("marks")).unwrap();
    let grant = crate::place::root().join("guest-sdk/procedures/wait/grant.toml");
    place.write("staging.toml", std::fs::read(grant).unwrap());
    place
}

fn run_args(more: &[&str]) -> Vec<std::ffi::OsString> {
    let mut args: Vec<std::ffi::OsString> = vec!["run".into(), example("wait").into(), "--env".into(), "staging.toml".into()];
    args.extend(more.iter().map(Into::into));
    args
}

/// A run that goes on in the background, until something is to be seen of it.
struct Background(Option<Child>);

impl Background {
    fn run(place: &Place, args: &[&str]) -> Self {
        let child = place.command().args(run_args(args)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self(Some(child))
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.0.as_ref().unwrap().id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    fn end(mut self) -> Ran {
        self.0.take().unwrap().wait_with_output().unwrap().into()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Looks until something is so. The bound is only there so that a broken test ends.
fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} has not happened");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn shown(place: &Place) -> Option<Value> {
    let ran = place.lockstep(["show", "latest", "--json", "--all"]);
    (ran.code == 0).then(|| ran.json())
}

/// Whether the program of the step `hold` is running.
fn holds(place: &Place) -> bool {
    let doubt = |call: &Value| call["call"] == "hold/1/1" && call["outcome"] == "in-doubt";
    shown(place).is_some_and(|shown| shown["calls"].as_array().unwrap().iter().any(doubt))
}

fn outcome(place: &Place) -> String {
    place.lockstep(["runs", "--json"]).expect(0).json()[0]["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn a_detached_run_ends_with_5_and_is_woken_once_when_it_is_due() {
    let place = waiting_place();
    let ran = place.lockstep(run_args(&["-p", "sleep=7", "--detach"])).expect(5);
    assert!(ran.stderr.contains("LS0408") && ran.stderr.contains("lockstep tick"), "{}", ran.stderr);
    assert_eq!(outcome(&place), "waiting");
    assert_eq!(place.lockstep(["tick", "--json"]).expect(0).json(), Value::Array(Vec::new()), "it is not due");
    until("waking", || {
        // Two at once, over and over: one of them wakes it, and once.
        let tick = || place.command().args(["tick", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (one, other) = (tick(), tick());
        let woken = [one, other].map(|tick| Ran::from(tick.wait_with_output().unwrap()).expect(0).json().as_array().unwrap().len());
        assert!(woken.iter().sum::<usize>() <= 1, "woken twice");
        woken.contains(&1)
    });
    assert_eq!(outcome(&place), "succeeded");
    assert!(place.path().join("marks/ended").exists());
}

#[test]
fn a_worker_wakes_what_is_due_and_hands_on_what_it_is_at() {
    let place = waiting_place();
    place.lockstep(run_args(&["-p", "sleep=6", "--detach"])).expect(5);
    let worker = Background(Some(place.command().args(["worker", "--threads", "2"]).stderr(Stdio::piped()).spawn().unwrap()));
    until("waking", || outcome(&place) == "succeeded");
    worker.signal(Signal::TERM);
    assert_eq!(worker.end().code, 0);
}

#[test]
fn a_pause_from_another_terminal_stops_before_the_next_call_and_names_who_asked() {
    let place = waiting_place();
    let run = Background::run(&place, &["-p", "hold=3"]);
    until("the program", || holds(&place));
    place.lockstep(["pause", "latest", "--reason", "look first"]).expect(0);
    let ended = run.end().expect(4);
    assert!(ended.stderr.contains("look first"), "{}", ended.stderr);
    assert_eq!(shown(&place).unwrap()["outcome"], "paused");
    assert!(!place.path().join("marks/ended").exists());
    place.lockstep(["resume", "latest"]).expect(0);
    assert!(place.path().join("marks/ended").exists());
}

#[test]
fn cancelling_kills_the_program_and_puts_the_call_to_the_operator() {
    let place = waiting_place();
    let run = Background::run(&place, &["-p", "hold=600"]);
    until("the program", || holds(&place));
    place.lockstep(["cancel", "latest"]).expect(0);
    let ended = run.end().expect(4);
    assert!(ended.stderr.contains("LS0404"), "{}", ended.stderr);
    place.lockstep(["resolve", "latest", "done", "--reason", "it did nothing"]).expect(0);
    place.lockstep(["resume", "latest"]).expect(0);
}

#[test]
fn ctrl_c_twice_stops_in_the_middle_of_a_call() {
    let place = waiting_place();
    let run = Background::run(&place, &["-p", "hold=600"]);
    until("the program", || holds(&place));
    run.signal(Signal::INT);
    std::thread::park_timeout(Duration::from_millis(300));
    run.signal(Signal::INT);
    assert!(run.end().expect(4).stderr.contains("LS0404"));
    place.lockstep(["undo", "latest"]).expect(0);
    assert!(!place.path().join("marks/begun").exists());
}

#[test]
fn an_undo_from_another_terminal_turns_the_run_where_it_is_driven() {
    let place = waiting_place();
    let run = Background::run(&place, &["-p", "hold=3"]);
    until("the program", || holds(&place));
    place.lockstep(["undo", "latest", "--reason", "back"]).expect(0);
    run.end().expect(6);
    assert!(!place.path().join("marks/begun").exists());
}

#[test]
fn an_environment_that_is_taken_says_by_whom_and_is_released_with_a_reason() {
    let place = waiting_place();
    let first = place.lockstep(run_args(&["-p", "sleep=600", "--detach", "--json"])).expect(5).json()["run"].as_str().unwrap().to_owned();
    let ran = place.lockstep(run_args(&[])).expect(4);
    assert!(ran.stderr.contains("LS0410") && ran.stderr.contains(&first) && ran.stderr.contains("wait 0.1.0"), "{}", ran.stderr);
    let began = Instant::now();
    place.lockstep(run_args(&["--wait", "1s"])).expect(4);
    assert!(began.elapsed() >= Duration::from_secs(1), "it did not wait");
    assert!(place.lockstep(["lease", "list"]).expect(0).stdout.contains(&first));
    place.lockstep(["lease", "release", "staging", "--reason", " "]).expect(2);
    place.lockstep(["lease", "release", "staging", "--reason", "nobody ends it"]).expect(0);
    place.lockstep(run_args(&[])).expect(0);
    let kinds = place.lockstep(["audit", "export", &first]).expect(0).stdout;
    assert!(kinds.contains("LeaseReleased") && kinds.contains("nobody ends it"));
    place.lockstep(["audit", "verify", "--states"]).expect(0);
}

#[test]
fn a_killed_run_is_taken_over_at_once_and_a_driven_one_is_not() {
    let place = waiting_place();
    let run = Background::run(&place, &["-p", "hold=600"]);
    until("the program", || holds(&place));
    let ran = place.lockstep(["resume", "latest"]).expect(4);
    assert!(ran.stderr.contains("LS0304"), "{}", ran.stderr);
    run.signal(Signal::KILL);
    run.end();
    assert!(place.lockstep(["resume", "latest"]).expect(4).stderr.contains("LS0404"), "the program may have run");
}

#[test]
fn a_process_that_wakes_up_late_performs_nothing_further() {
    let place = waiting_place();
    let run = Background::run(&place, &["-p", "hold=2"]);
    until("the program", || holds(&place));
    run.signal(Signal::STOP);
    place.lockstep(["lease", "release", "staging", "--reason", "it hangs"]).expect(0);
    run.signal(Signal::CONT);
    let ended = run.end().expect(4);
    assert!(ended.stderr.contains("LS0304") && ended.stderr.contains("has lost the lease"), "{}", ended.stderr);
    assert!(!place.path().join("marks/ended").exists(), "nothing was done after the lease was lost");
    place.lockstep(["audit", "verify", "--states"]).expect(0);
}

#[test]
fn a_failed_step_is_left_out_with_a_reason_or_done_by_hand_with_evidence() {
    for (verb, more) in [("skip", ["--reason", "not needed here"]), ("mark-done", ["--evidence", "ticket 7"])] {
        let place = waiting_place();
        // The program may not run, and a pause is asked for, so that there is something to decide.
        let run = Background::run(&place, &["-p", "hold=2"]);
        until("the program", || holds(&place));
        place.lockstep(["pause", "latest"]).expect(0);
        run.end().expect(4);
        let mut args = vec![verb, "latest", "end"];
        args.extend(more);
        place.lockstep(&args).expect(0);
        place.lockstep(["resume", "latest"]).expect(0);
        assert!(!place.path().join("marks/ended").exists(), "{verb}");
        assert_eq!(place.lockstep(&args).code, 2, "the run has ended");
    }
    let place = waiting_place();
    place.lockstep(run_args(&["-p", "sleep=600", "--detach"])).expect(5);
    place.lockstep(["skip", "latest", "end"]).expect(2);
    assert!(place.lockstep(["skip", "latest", "begin", "--reason", "x"]).expect(2).stderr.contains("LS0411"));
}
