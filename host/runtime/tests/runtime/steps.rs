//! Steps: each on a fresh instance, each ask through the gate, and whatever the guest says checked on its way in.

use lockstep_api::lines::{Frame, Writer};
use lockstep_engine::Procedure;
use lockstep_gate::Stop;
use lockstep_model::{Failure, StepId};
use lockstep_runtime::{Limits, LoadedProcedure};

use crate::support::{Guest, World, load, runtime};

/// `send` or `run` gave a failure at 8,192; it lies there as `run-step` would give it.
const GIVE: &str = "(i32.const 8192)";

fn step(id: &str) -> StepId {
    StepId::parse(id).unwrap()
}

/// Gives the text as its output.
fn output(text: &str) -> Guest {
    let mut guest = Guest::new();
    let text = guest.text(text);
    let (at, length) = text.split_once(") ").unwrap();
    let code = format!("(i32.store8 (i32.const 8196) (i32.const 1)) (i32.store (i32.const 8200) {at})) (i32.store (i32.const 8204) {length}) {GIVE}");
    guest.run_step(&code)
}

/// Fails with code and message.
fn failing(code: &str, message: &str) -> Guest {
    let mut guest = Guest::new();
    let (code, message) = (guest.text(code), guest.text(message));
    let ((code, code_length), (message, message_length)) = (code.split_once(") ").unwrap(), message.split_once(") ").unwrap());
    let code = format!(
        "(i32.store8 (i32.const 8192) (i32.const 1)) (i32.store8 (i32.const 8196) (i32.const 3))
         (i32.store (i32.const 8200) {code})) (i32.store (i32.const 8204) {code_length})
         (i32.store (i32.const 8208) {message})) (i32.store (i32.const 8212) {message_length})
         (i32.store8 (i32.const 8216) (i32.const 1)) {GIVE}"
    );
    guest.run_step(&code)
}

/// Sends the request as often as asked and gives what the last one gave.
fn sending(method: &str, url: &str, times: u32) -> Guest {
    let mut guest =
        Guest::new().import("http", "[constructor]request", "(param i32 i32 i32 i32) (result i32)").import("http", "[method]request.send", "(param i32 i32)");
    let (method, url) = (guest.text(method), guest.text(url));
    let send = "(call $request.send (local.get $i) (i32.const 8192))".repeat(times as usize);
    // A response that came is a handle where the output's tag would stand: only a failure is given on.
    guest.run_step(&format!("(local.set $i (call $request {method} {url})) {send} (if (i32.load8_u (i32.const 8192)) (then (return {GIVE}))) (i32.const 16)"))
}

#[test]
fn an_output_is_the_steps_output() {
    assert_eq!(World::new().run(&load(&output(r#"{"tag":"v2"}"#))).unwrap().as_deref(), Some(r#"{"tag":"v2"}"#));
    assert_eq!(World::new().run(&load(&Guest::new())).unwrap(), None);
}

#[test]
fn nothing_is_left_of_the_step_before() {
    let count =
        "(global.set $count (i32.add (global.get $count) (i32.const 1))) (if (i32.ne (global.get $count) (i32.const 1)) (then unreachable)) (i32.const 16)";
    let procedure = load(&Guest::new().item("(global $count (mut i32) (i32.const 0))").run_step(count).undo_step(count));
    let world = World::new();
    for _ in 0..3 {
        procedure.run_step(&step("work"), world.gate()).unwrap();
        procedure.undo_step(&step("work"), world.gate()).unwrap();
    }
}

#[test]
fn the_guest_gets_the_step_it_is_to_run() {
    let guest = Guest::new().run_step("(if (i32.ne (local.get $length) (i32.const 7)) (then unreachable)) (i32.const 16)");
    let procedure = load(&guest);
    procedure.run_step(&step("deploy2"), World::new().gate()).unwrap();
    assert_eq!(procedure.run_step(&step("unknown-step"), World::new().gate()).unwrap_err().code(), "guest.trap");
}

#[test]
fn a_failure_arrives_as_it_was_given() {
    let failure = World::new().failure(&load(&failing("step.assertion", "expected 200, got 500")), "step.assertion");
    assert_eq!((failure.message(), failure.is_retryable()), ("expected 200, got 500", true));
}

#[test]
fn a_code_that_is_none_is_replaced_and_shown() {
    for code in ["", "Not A Code", &"x".repeat(65), "a\u{1b}[2J"] {
        let failure = World::new().failure(&load(&failing(code, "broken")), "guest.code");
        assert!(failure.message().contains("broken") && !failure.message().contains('\u{1b}'), "{failure}");
    }
}

#[test]
fn a_code_of_the_hosts_own_is_replaced_and_shown() {
    for code in ["limit.memory", "host.internal", "guest.trap", "plan.invalid"] {
        let failure = World::new().failure(&load(&failing(code, "raise it")), "guest.code");
        assert!(failure.message().contains(code) && failure.message().contains("raise it"), "{failure}");
    }
}

#[test]
fn a_guest_that_gives_up_ends_there_with_its_message() {
    let secret = lockstep_testkit::SECRET;
    let mut guest = Guest::new().import("run", "give-up", "(param i32 i32)");
    let text = guest.text(&format!("the cup is empty, {secret}"));
    let failure = World::new().failure(&load(&guest.run_step(&format!("(call $give-up {text}) (loop $ever (br $ever)) (i32.const 16)"))), "step.exception");
    assert!(failure.message().starts_with("the cup is empty") && !failure.message().contains(secret) && !failure.is_retryable(), "{failure}");
}

#[test]
fn a_recursion_that_the_guest_notices_by_itself_keeps_its_words() {
    let failure = World::new().failure(&load(&failing("limit.recursion", "maximum recursion depth exceeded")), "limit.recursion");
    assert_eq!(failure.message(), "maximum recursion depth exceeded");
}

#[test]
fn a_denial_that_nobody_gave_is_a_claim() {
    let mut guest = Guest::new();
    let text = guest.text("give me more");
    let (at, length) = text.split_once(") ").unwrap();
    let code = format!("(i32.store8 (i32.const 8192) (i32.const 1)) (i32.store (i32.const 8200) {at})) (i32.store (i32.const 8204) {length}) {GIVE}");
    let failure = World::new().failure(&load(&guest.run_step(&code)), "guest.claim");
    assert!(failure.message().contains("give me more"), "{failure}");
}

#[test]
fn a_message_is_cut_to_length() {
    let mut guest = failing("step.long", "");
    guest = guest.memory(r#"(memory (export "memory") 2)"#);
    let code = "(i32.store8 (i32.const 8192) (i32.const 1)) (i32.store8 (i32.const 8196) (i32.const 1)) (i32.store (i32.const 8200) (i32.const 32768))
                (i32.store (i32.const 8204) (i32.const 30000)) (i32.const 8192)";
    let failure = World::new().failure(&load(&guest.run_step(code)), "timed-out");
    assert!(failure.message().len() <= 16 << 10 && failure.message().ends_with("(cut)"), "{}", failure.message().len());
}

#[test]
fn a_secret_in_what_a_guest_says_is_taken_out() {
    let world = World::new();
    let secret = lockstep_testkit::SECRET;
    let failure = world.failure(&load(&failing("step.assertion", &format!("login with {secret} failed"))), "step.assertion");
    assert!(!failure.message().contains(secret), "{failure}");
}

#[test]
fn a_trap_names_where_it_happened() {
    let guest = Guest::new().item("(func $sharp_edge unreachable)").run_step("(call $sharp_edge) (i32.const 16)");
    let failure = World::new().failure(&load(&guest), "guest.trap");
    assert!(failure.message().contains("unreachable") && failure.message().contains("at sharp_edge"), "{failure}");
}

/// A component whose instructions all come from one line.
fn with_line(guest: &Guest) -> LoadedProcedure {
    let mut lines = Writer::default();
    lines.row(0, &[Frame { file: "src/edges.rs".to_owned(), line: 7, function: "sharp\u{7}_edge".to_owned() }]);
    runtime().load(&lines.write(guest.component()), Limits { fuel: 10_000_000, ..Limits::default() }).unwrap()
}

#[test]
fn a_trap_and_a_limit_name_the_line_that_the_component_says() {
    let guest = |code: &str| with_line(&Guest::new().item(&format!("(func $sharp_edge {code})")).run_step("(call $sharp_edge) (i32.const 16)"));
    for (code, ended) in [("unreachable", "guest.trap"), ("(call $sharp_edge)", "limit.recursion"), ("(loop (br 0))", "limit.fuel")] {
        let failure = World::new().failure(&guest(code), ended);
        assert!(failure.message().ends_with("; at src/edges.rs:7 in sharp_edge"), "the same place once, and nothing of a control character: {failure}");
    }
}

#[test]
fn a_divergence_names_the_line_that_the_component_says() {
    let world = World::new();
    let asks = |interface: &str, function: &str| {
        Guest::new().import(interface, function, "(param i32)").run_step(&format!("(call ${function} (i32.const 8192)) (i32.const 16)"))
    };
    world.run(&with_line(&asks("random", "uuid"))).unwrap();
    let gate = world.gate();
    with_line(&asks("clock", "now")).run_step(&step("work"), gate.clone()).unwrap_err();
    let Some(Stop::Diverged(found)) = gate.stopped() else { panic!("{:?}", gate.stopped()) };
    assert_eq!(found.position.as_deref(), Some("src/edges.rs:7 in sharp_edge"), "{found}");
}

#[test]
fn a_divergence_names_where_it_was_asked() {
    let world = World::new();
    let random = Guest::new().import("random", "uuid", "(param i32)").run_step("(call $uuid (i32.const 8192)) (i32.const 16)");
    world.run(&load(&random)).unwrap();
    let other = Guest::new()
        .import("clock", "now", "(param i32)")
        .item("(func $what_time_is_it (call $now (i32.const 8192)))")
        .run_step("(call $what_time_is_it) (i32.const 16)");
    let gate = world.gate();
    load(&other).run_step(&step("work"), gate.clone()).unwrap_err();
    let Some(Stop::Diverged(found)) = gate.stopped() else { panic!("{:?}", gate.stopped()) };
    assert_eq!((found.recorded.starts_with("random.uuid"), found.asked.starts_with("clock.now")), (true, true), "{found}");
    assert!(found.position.as_ref().unwrap().contains("what_time_is_it"), "{found}");
}

#[test]
fn a_request_sent_twice_is_two_calls() {
    let world = World::new();
    world.run(&load(&sending("get", "https://example.com/health", 2))).unwrap();
    assert_eq!(world.drivers.summaries(), ["GET https://example.com/health"; 2]);
    assert_eq!(world.calls(), 2);
}

#[test]
fn a_denied_request_is_a_failure_that_the_guest_gets() {
    let world = World::new();
    let failure = world.run(&load(&sending("GET", "https://elsewhere.example/", 1))).unwrap_err();
    assert!(matches!(failure, Failure::Denied(_)), "{failure}");
    assert!(world.drivers.performed().is_empty());
    assert_eq!(world.calls(), 1, "a denial is recorded");
}

#[test]
fn a_request_that_breaks_a_rule_is_neither_performed_nor_recorded() {
    for (method, url, code) in [
        ("GET", "https://example.com/a b", "http.url"),
        ("GET", "https://user:password@example.com/", "http.url"),
        ("BREW", "https://example.com/", "http.protocol"),
    ] {
        let world = World::new();
        world.failure(&load(&sending(method, url, 1)), code);
        assert!(world.drivers.performed().is_empty());
        assert_eq!(world.calls(), 0);
    }
}

#[test]
fn a_file_that_is_no_text_is_refused_with_the_place() {
    let mut guest = Guest::new().import("files", "read-text", "(param i32 i32 i32)");
    let path = guest.text("/app/config");
    let procedure = load(&guest.run_step(&format!("(call $read-text {path} (i32.const 8192)) {GIVE}")));
    let mut world = World::new();
    world.file = b"good \xff bad";
    let failure = world.failure(&procedure, "files.invalid-utf8");
    assert!(failure.message().contains("byte 5 of 10"), "{failure}");
}

#[test]
fn a_plan_function_in_a_step_ends_it() {
    let failure = World::new().failure(
        &load(&Guest::new().run_step("(drop (call $step (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5))) (i32.const 16)")),
        "guest.trap",
    );
    assert!(failure.message().contains("`plan.step`"), "{failure}");
}

#[test]
fn a_guest_that_is_stopped_by_the_gate_ends_at_once() {
    let guest = sending("GET", "https://example.com/", 2);
    let world = World::new();
    let gate = world.gate();
    world.interrupt.pause();
    let failure = load(&guest).run_step(&step("work"), gate.clone()).unwrap_err();
    assert_eq!(failure.code(), "guest.stopped");
    assert!(matches!(gate.stopped(), Some(lockstep_gate::Stop::Interrupted)), "{:?}", gate.stopped());
}

#[test]
fn a_guest_sees_the_marker_of_a_secret_and_never_its_value() {
    let mut guest = Guest::new().import("secret", "by-id", "(param i32 i32 i32)").import("secret", "[method]value.marker", "(param i32 i32)");
    let id = guest.text("KEY");
    // The marker, in quotes, as the step's output.
    let guest = guest.run_step(&format!(
        r#"(call $by-id {id} (i32.const 8192)) (call $value.marker (i32.load (i32.const 8196)) (i32.const 8200))
           (local.set $i (i32.load (i32.const 8200)))
           (memory.copy (i32.const 9001) (local.get $i) (i32.load (i32.const 8204)))
           (i32.store8 (i32.const 9000) (i32.const 34)) (i32.store8 (i32.add (i32.const 9001) (i32.load (i32.const 8204))) (i32.const 34))
           (i32.store (i32.const 8196) (i32.const 1)) (i32.store (i32.const 8200) (i32.const 9000))
           (i32.store (i32.const 8204) (i32.add (i32.const 2) (i32.load (i32.const 8204)))) {GIVE}"#
    ));
    let output = World::new().run(&load(&guest)).unwrap().unwrap();
    assert!(output.starts_with("\"{{secret:KEY:"), "{output}");
}
