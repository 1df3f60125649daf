//! WASI, which is virtual: what it gives is the run's, what it does not have is denied by name.

use std::time::Duration;

use lockstep_engine::{PlanFacts, Procedure};
use lockstep_runtime::{Limits, LoadError};

use crate::support::{Guest, World, load, runtime};

/// Traps unless this holds.
fn expect(condition: &str) -> String {
    format!("(if (i32.eqz {condition}) (then unreachable))")
}

/// Writes to standard output or error: `(call $say …)` with a stream and a text.
fn writing() -> Guest {
    Guest::new()
        .import_wasi("cli/stdout", "get-stdout", "(result i32)")
        .import_wasi("cli/stderr", "get-stderr", "(result i32)")
        .import_wasi("io/streams", "[method]output-stream.check-write", "(param i32 i32)")
        .import_wasi("io/streams", "[method]output-stream.write", "(param i32 i32 i32 i32)")
        .item(
            "(func $say (param $to i32) (param $at i32) (param $length i32)
                (call $output-stream.check-write (local.get $to) (i32.const 8192))
                (if (i32.load8_u (i32.const 8192)) (then unreachable))
                (if (i64.lt_u (i64.load (i32.const 8200)) (i64.const 4096)) (then unreachable))
                (call $output-stream.write (local.get $to) (local.get $at) (local.get $length) (i32.const 8192))
                (if (i32.load8_u (i32.const 8192)) (then unreachable)))",
        )
}

/// Looks at the clocks and at randomness: leaves the wall clock at 8,192, the monotonic clock at 8,208, and two pairs of numbers.
const LOOK: &str = "(call $now (i32.const 8192)) (i64.store (i32.const 8208) (call $monotonic))
    (i64.store (i32.const 8216) (call $get-random-u64)) (call $insecure-seed (i32.const 8224))";

fn looking() -> Guest {
    Guest::new()
        .import_wasi("clocks/wall-clock", "now", "(param i32)")
        .import_wasi_as("clocks/monotonic-clock", "now", "monotonic", "(result i64)")
        .import_wasi("random/random", "get-random-u64", "(result i64)")
        .import_wasi("random/insecure-seed", "insecure-seed", "(param i32)")
}

/// Waits with `poll` for a time in nanoseconds, and for nothing else.
fn polling(nanoseconds: u64) -> Guest {
    let code = format!(
        "(i32.store (i32.const 8192) (call $subscribe-duration (i64.const {nanoseconds})))
         (if (call $pollable.ready (i32.load (i32.const 8192))) (then unreachable))
         (call $poll (i32.const 8192) (i32.const 1) (i32.const 8200))
         {} {} (i32.const 16)",
        expect("(i32.eq (i32.load (i32.const 8204)) (i32.const 1))"),
        expect("(call $pollable.ready (i32.load (i32.const 8192)))"),
    );
    Guest::new()
        .import_wasi("clocks/monotonic-clock", "subscribe-duration", "(param i64) (result i32)")
        .import_wasi("io/poll", "[method]pollable.ready", "(param i32) (result i32)")
        .import_wasi("io/poll", "poll", "(param i32 i32 i32)")
        .run_step(&code)
}

#[test]
fn what_is_written_becomes_log_lines_and_the_last_needs_no_end() {
    let mut guest = writing();
    let (first, second, wrong) = (guest.text("one\ntw"), guest.text("o\n\nthree"), guest.text("look out\n"));
    let say = |to: &str, text: &str| format!("(call $say (call ${to}) {text})");
    let guest = guest.run_step(&format!("{} {} {} (i32.const 16)", say("get-stdout", &first), say("get-stderr", &wrong), say("get-stdout", &second)));
    let world = World::new();
    world.run(&load(&guest)).unwrap();
    assert_eq!(world.asked(), ["log.info: one", "log.warn: look out", "log.info: two", "log.info: ", "log.info: three"]);
}

#[test]
fn clocks_and_randomness_are_the_runs_and_in_its_journal() {
    let same_second = expect("(i64.eq (i64.load (i32.const 8192)) (i64.div_u (i64.load (i32.const 8208)) (i64.const 1000000000)))");
    let guest = looking().run_step(&format!("{LOOK} {same_second} (i32.const 16)"));
    let world = World::new();
    world.run(&load(&guest)).unwrap();
    let bytes = "random.bytes: 8 bytes";
    assert_eq!(world.asked(), ["clock.now: now", "clock.now: now", bytes, bytes, bytes]);
}

/// What a wait of so many nanoseconds asks for, looks at the clock left out.
fn waits(nanoseconds: u64) -> Vec<String> {
    let world = World::new();
    world.run(&load(&polling(nanoseconds))).unwrap();
    world.asked().into_iter().filter(|call| call != "clock.now: now").collect()
}

#[test]
fn a_short_wait_is_a_pause_and_a_long_one_a_sleep() {
    let short = waits(1_500_000_001);
    // The clock of these tests goes on by itself, so that a little of the time is over before the wait begins.
    assert!(matches!(short.as_slice(), [pause] if pause.starts_with("clock.pause: pause 14")), "{short:?}");
    assert_eq!(waits(3_600_000_000_000), ["clock.sleep: sleep 3600 s"]);
}

#[test]
fn there_are_no_arguments_no_environment_no_directories_no_input_and_no_terminal() {
    let nothing =
        |call: &str| format!("(i32.store (i32.const 8196) (i32.const 7)) (call ${call} (i32.const 8192)) {}", expect("(i32.eqz (i32.load (i32.const 8196)))"));
    let absent = |call: &str| {
        format!("(i32.store8 (i32.const 8192) (i32.const 7)) (call ${call} (i32.const 8192)) {}", expect("(i32.eqz (i32.load8_u (i32.const 8192)))"))
    };
    let code =
        [nothing("get-environment"), nothing("get-arguments"), nothing("get-directories"), absent("initial-cwd"), absent("get-terminal-stdout")].concat();
    // An error, and of its cases the second: the end.
    let ended = "(call $input-stream.read (call $get-stdin) (i64.const 100) (i32.const 8192))";
    let ended = format!("{ended} {} {}", expect("(i32.load8_u (i32.const 8192))"), expect("(i32.load8_u (i32.const 8196))"));
    let guest = Guest::new()
        .import_wasi("cli/environment", "get-environment", "(param i32)")
        .import_wasi("cli/environment", "get-arguments", "(param i32)")
        .import_wasi("cli/environment", "initial-cwd", "(param i32)")
        .import_wasi("cli/terminal-stdout", "get-terminal-stdout", "(param i32)")
        .import_wasi("cli/stdin", "get-stdin", "(result i32)")
        .import_wasi("io/streams", "[method]input-stream.read", "(param i32 i64 i32)")
        .import_wasi("filesystem/preopens", "get-directories", "(param i32)");
    let world = World::new();
    world.run(&load(&guest.run_step(&format!("{code} {ended} (i32.const 16)")))).unwrap();
    assert_eq!(world.calls(), 0);
}

#[test]
fn every_other_function_is_denied_by_name() {
    let network = Guest::new().import_wasi("sockets/instance-network", "instance-network", "(result i32)");
    let failure = World::new().failure(&load(&network.run_step("(drop (call $instance-network)) (i32.const 16)")), "wasi.denied");
    assert!(failure.message().contains("`wasi:sockets/instance-network.instance-network`"), "{failure}");
    let zeroes = writing().import_wasi("io/streams", "[method]output-stream.write-zeroes", "(param i32 i64 i32)");
    let zeroes = zeroes.run_step("(call $output-stream.write-zeroes (call $get-stdout) (i64.const 1) (i32.const 8192)) (i32.const 16)");
    let failure = World::new().failure(&load(&zeroes), "wasi.denied");
    assert!(failure.message().contains("`wasi:io/streams.output-stream.write-zeroes`"), "{failure}");
}

#[test]
fn an_exit_is_a_failure_whatever_its_code() {
    for code in [0, 1] {
        let mut guest = writing().import_wasi("cli/exit", "exit", "(param i32)");
        let text = guest.text("last words");
        let guest = guest.run_step(&format!("(call $say (call $get-stdout) {text}) (call $exit (i32.const {code})) unreachable"));
        let world = World::new();
        let failure = world.failure(&load(&guest), "wasi.exit");
        assert!(failure.message().contains(&format!("exited with {code} ")), "{failure}");
        assert_eq!(world.asked(), ["log.info: last words"]);
    }
}

#[test]
fn a_plan_sees_the_same_time_and_randomness_every_time_and_what_it_writes_goes_nowhere() {
    // The first look is a millisecond after 1970; the plan's step is called by what was drawn.
    let first = expect("(i64.eqz (i64.load (i32.const 8192)))") + &expect("(i32.eq (i32.load (i32.const 8200)) (i32.const 1000000))");
    let letter = "(i32.add (i32.const 97) (i32.wrap_i64 (i64.rem_u (i64.load (i32.const 8216)) (i64.const 26))))";
    let named = format!("(i32.store8 (i32.const 9000) {letter}) (drop (call $step (i32.const 9000) (i32.const 1) (i32.const 9000) (i32.const 1)))");
    let wait = "(call $pollable.block (call $subscribe-instant (i64.const 0x7fffffffffffffff)))";
    let mut guest = looking()
        .import_wasi("clocks/monotonic-clock", "subscribe-instant", "(param i64) (result i32)")
        .import_wasi("io/poll", "[method]pollable.block", "(param i32)")
        .import_wasi("cli/stdout", "get-stdout", "(result i32)")
        .import_wasi("io/streams", "[method]output-stream.write", "(param i32 i32 i32 i32)");
    let text = guest.text("planning\n");
    let write = format!("(call $output-stream.write (call $get-stdout) {text} (i32.const 9100))");
    let procedure = load(&guest.plan(&format!("{LOOK} {first} {named} {wait} {write}")));
    let facts = PlanFacts { environment: "test".to_owned(), parameters: [].into() };
    let plan = procedure.plan(&facts).unwrap();
    assert_eq!(plan, procedure.plan(&facts).unwrap());
    assert_eq!(plan.steps.len(), 1);
}

#[test]
fn every_patch_of_wasi_0_2_links_and_needs_no_grant() {
    for version in ["0.2.0", "0.2.3", "0.2.12"] {
        let guest = Guest::new().of_wasi(version).import_wasi("random/random", "get-random-u64", "(result i64)");
        let procedure = load(&guest.run_step("(drop (call $get-random-u64)) (i32.const 16)"));
        assert_eq!(procedure.imports(), ["plan", "types"]);
        World::new().run(&procedure).unwrap();
    }
}

#[test]
fn another_wasi_is_named_with_the_one_that_is_there() {
    for version in ["0.1.0", "0.3.0"] {
        let guest = Guest::new().of_wasi(version).import_wasi("random/random", "get-random-u64", "(result i64)");
        let error = runtime().load(&guest.run_step("(drop (call $get-random-u64)) (i32.const 16)").component(), Limits::default()).err().unwrap();
        assert!(matches!(&error, LoadError::OtherWasi { imports } if imports == &[format!("wasi:random/random@{version}")]), "{error}");
        assert!(error.to_string().contains("another WASI than 0.2"), "{error}");
    }
}

#[test]
fn a_wait_is_over_at_the_steps_deadline() {
    let world = World::new();
    let procedure = load(&polling(5_000_000_000));
    let step = lockstep_model::StepId::parse("work").unwrap();
    let failure = procedure.run_step(&step, world.gate_for(Duration::from_secs(1))).unwrap_err();
    assert_eq!(failure.code(), "timed-out", "{failure}");
}
