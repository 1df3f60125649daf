//! Guests that misbehave before there is a run: in `describe`, in `plan`, or while they are instantiated.

use super::component;
use crate::cases::End::NoPlan;
use crate::cases::{Case, SMALL};
use crate::guest::Guest;

/// So little that an endless loop is over at once.
const LITTLE_FUEL: &str = "fuel = 10_000_000";

const FOR_EVER: &str = "(loop $ever (br $ever))";
const DESCRIBED: &str = "(drop (call $description (i32.const 1024) (i32.const 5) (i32.const 1029) (i32.const 5)))";

pub(super) const CASES: &[Case] = &[
    component("trap-in-describe", SMALL, || Guest::new().describe("unreachable").component(), NoPlan("guest.trap")),
    component("loop-in-describe", LITTLE_FUEL, || Guest::new().describe(FOR_EVER).component(), NoPlan("limits.fuel")),
    component("slow-describe", "fuel = 1_000_000_000_000_000", || Guest::new().describe(FOR_EVER).component(), NoPlan("limit.time")),
    component(
        "memory-in-describe",
        "memory = \"4MiB\"",
        || Guest::new().describe("(loop $more (drop (memory.grow (i32.const 1))) (br $more))").component(),
        NoPlan("limits.memory"),
    ),
    component(
        "recursion-in-describe",
        SMALL,
        || Guest::new().item("(func $down (call $down))").describe("(call $down)").component(),
        NoPlan("limit.recursion"),
    ),
    component("handles-in-describe", SMALL, || Guest::new().describe(&format!("(loop $more {DESCRIBED} (br $more))")).component(), NoPlan("limit.handles")),
    component("calls-in-describe", SMALL, calls_in_describe, NoPlan("clock.now")),
    component("describes-nothing", SMALL, || Guest::new().describe("").component(), NoPlan("no description")),
    component("describes-in-plan", SMALL, || Guest::new().plan(DESCRIBED).component(), NoPlan("only `describe` may")),
    component("plans-nothing", SMALL, || Guest::new().plan("").component(), NoPlan("no step")),
    component("plans-for-ever", SMALL, plans_for_ever, NoPlan("limit.handles")),
    component("fails-with-a-book", SMALL, fails_with_a_book, NoPlan("cut")),
    component("start-traps", SMALL, || Guest::new().item("(func $start unreachable) (start $start)").component(), NoPlan("guest.trap")),
    component("start-loops", LITTLE_FUEL, || Guest::new().item("(func $start (loop $ever (br $ever))) (start $start)").component(), NoPlan("limits.fuel")),
    component("start-calls-out", SMALL, start_calls_out, NoPlan("guest.trap")),
    component("data-beyond-the-memory", SMALL, || Guest::new().item(r#"(data (i32.const 10000000) "x")"#).component(), NoPlan("guest.trap")),
];

fn calls_in_describe() -> Vec<u8> {
    Guest::new().import("clock", "now", "(param i32)").describe("(call $now (i32.const 8192))").component()
}

fn start_calls_out() -> Vec<u8> {
    Guest::new().import("clock", "now", "(param i32)").item("(func $start (call $now (i32.const 8192))) (start $start)").component()
}

/// The same step again and again.
fn plans_for_ever() -> Vec<u8> {
    Guest::new().plan("(loop $more (drop (call $step (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5))) (br $more))").component()
}

/// `plan` gives a failure with a message of 30 megabytes of NULs.
fn fails_with_a_book() -> Vec<u8> {
    let fail = "(i32.store8 (i32.const 8192) (i32.const 1)) (i32.store8 (i32.const 8196) (i32.const 1))
                (i32.store (i32.const 8200) (i32.const 65536)) (i32.store (i32.const 8204) (i32.const 30000000)) (return (i32.const 8192))";
    Guest::new().memory(r#"(memory (export "memory") 500)"#).plan(fail).component()
}
