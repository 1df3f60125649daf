//! Guests that take too much: each limit ends them with its own code and says how to raise it. None is a hang, none a crash of the host.

use std::time::{Duration, Instant};

use lockstep_engine::Procedure;
use lockstep_model::{Failure, StepId};
use lockstep_runtime::Limits;

use crate::support::{Guest, World, load, load_with};

const MIB: u64 = 1 << 20;

fn breach(guest: &Guest, limits: Limits, code: &str) -> Failure {
    World::new().failure(&load_with(guest, limits), code)
}

#[test]
fn an_endless_loop_uses_up_its_fuel() {
    let limits = Limits { fuel: 1_000_000, ..Limits::default() };
    let failure = breach(&Guest::new().run_step("(loop $ever (br $ever)) unreachable"), limits, "limit.fuel");
    assert!(failure.message().contains("1000000 instructions") && failure.message().contains("limits.fuel"), "{failure}");
}

#[test]
fn an_endless_loop_ends_at_the_steps_deadline() {
    let limits = Limits { fuel: u64::MAX, ..Limits::default() };
    let procedure = load_with(&Guest::new().run_step("(loop $ever (br $ever)) unreachable"), limits);
    let began = Instant::now();
    let failure = procedure.run_step(&StepId::parse("work").unwrap(), World::new().gate_for(Duration::from_millis(50))).unwrap_err();
    assert!(matches!(failure, Failure::TimedOut(_)), "{failure}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn memory_is_bounded() {
    let limits = Limits { memory: 16 * MIB, ..Limits::default() };
    let grow = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (i32.const 16)";
    let failure = breach(&Guest::new().run_step(grow), limits, "limit.memory");
    assert!(failure.message().contains("16777216 bytes") && failure.message().contains("limits.memory"), "{failure}");
}

#[test]
fn memory_is_counted_over_all_memories_and_tables() {
    // Each of the parts alone would fit.
    let limits = Limits { memory: 16 * MIB, ..Limits::default() };
    let grow = "(drop (memory.grow 1 (i32.const 100))) (drop (memory.grow 2 (i32.const 100))) (i32.const 16)";
    let memories = r#"(memory (export "memory") 2) (memory 1) (memory 1)"#;
    World::new().run(&load_with(&Guest::new().memory(memories).run_step(grow), limits)).unwrap();
    breach(&Guest::new().memory(r#"(memory (export "memory") 60) (memory 1) (memory 1)"#).run_step(grow), limits, "limit.memory");
    breach(&Guest::new().memory(memories).item("(table 500000 funcref)").run_step(grow), limits, "limit.memory");
}

#[test]
fn memory_that_is_there_from_the_start_is_counted() {
    let limits = Limits { memory: 4 * MIB, ..Limits::default() };
    breach(&Guest::new().memory(r#"(memory (export "memory") 100)"#), limits, "limit.memory");
}

#[test]
fn a_growth_beyond_the_guests_own_maximum_is_its_own_affair() {
    let limits = Limits { memory: 4 * MIB, ..Limits::default() };
    let guest = Guest::new().memory(r#"(memory (export "memory") 2 3)"#);
    let guest = guest.run_step("(if (i32.ne (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable)) (i32.const 16)");
    World::new().run(&load_with(&guest, limits)).unwrap();
}

#[test]
fn tables_are_bounded() {
    let grow = "(loop $more (br_if $more (i32.ne (table.grow 0 (ref.null func) (i32.const 100000)) (i32.const -1)))) (i32.const 16)";
    breach(&Guest::new().item("(table 1 funcref)").run_step(grow), Limits { memory: 16 * MIB, ..Limits::default() }, "limit.memory");
}

#[test]
fn what_the_host_keeps_for_a_guest_counts_as_its_memory() {
    let guest = Guest::new().memory(r#"(memory (export "memory") 20)"#).import("artifact", "[constructor]draft", "(param i32 i32) (result i32)").import(
        "artifact",
        "[method]draft.append",
        "(param i32 i32 i32)",
    );
    // A megabyte into draft after draft.
    let guest = guest.run_step(
        "(loop $more (call $draft.append (call $draft (i32.const 1024) (i32.const 5)) (i32.const 65536) (i32.const 1048576)) (br $more)) unreachable",
    );
    breach(&guest, Limits { memory: 32 * MIB, ..Limits::default() }, "limit.memory");
}

#[test]
fn what_is_dropped_does_not_count_any_more() {
    let guest = Guest::new()
        .memory(r#"(memory (export "memory") 20)"#)
        .import_as("artifact", "[constructor]draft", "make", "(param i32 i32) (result i32)")
        .import("artifact", "[method]draft.append", "(param i32 i32 i32)")
        .import_as("artifact", "[resource-drop]draft", "forget", "(param i32)");
    let guest = guest.run_step(
        "(local $draft i32)
         (loop $more
           (local.set $draft (call $make (i32.const 1024) (i32.const 5)))
           (call $draft.append (local.get $draft) (i32.const 65536) (i32.const 1048576))
           (call $forget (local.get $draft))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $i) (i32.const 100))))
         (i32.const 16)",
    );
    World::new().run(&load_with(&guest, Limits { memory: 32 * MIB, ..Limits::default() })).unwrap();
}

#[test]
fn handles_that_are_never_dropped_are_bounded() {
    let guest = Guest::new().import("http", "[constructor]request", "(param i32 i32 i32 i32) (result i32)");
    let guest = guest.run_step("(loop $more (drop (call $request (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5))) (br $more)) unreachable");
    let failure = breach(&guest, Limits::default(), "limit.handles");
    assert!(failure.message().contains("10000"), "{failure}");
}

#[test]
fn a_list_that_points_at_the_same_megabyte_many_times_does_not_fill_the_host() {
    // 1,000 fields, each key and value the same megabyte: two gigabytes when copied.
    let guest = Guest::new().memory(r#"(memory (export "memory") 40)"#).import("log", "info", "(param i32 i32 i32 i32)");
    let guest = guest.run_step(
        "(local $at i32)
         (local.set $at (i32.const 65536))
         (loop $more
           (i32.store (local.get $at) (i32.const 131072)) (i32.store offset=4 (local.get $at) (i32.const 1048576))
           (i32.store offset=8 (local.get $at) (i32.const 131072)) (i32.store offset=12 (local.get $at) (i32.const 1048576))
           (local.set $at (i32.add (local.get $at) (i32.const 16)))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))
         (call $info (i32.const 1024) (i32.const 5) (i32.const 65536) (i32.const 1000))
         (i32.const 16)",
    );
    let failure = breach(&guest, Limits::default(), "limit.call-size");
    assert!(failure.message().len() < 400, "{failure}");
}

#[test]
fn a_recursion_without_an_end_is_ended() {
    let guest = Guest::new().item("(func $down (result i32) (call $down))").run_step("(call $down)");
    let failure = World::new().failure(&load(&guest), "limit.recursion");
    assert!(failure.message().contains("1048576 bytes") && failure.message().contains("fixed"), "{failure}");
}
