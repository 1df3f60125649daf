//! Guests that wear out the virtual WASI: what they may ask of it is bounded like what they may ask of the contract.

use super::component;
use crate::cases::End::{Fails, Harmless, NoPlan, Refused};
use crate::cases::{Case, SMALL};
use crate::guest::Guest;

const FEW_CALLS: &str = "calls = 300";
const LITTLE_LOG: &str = "log = \"64KiB\"";

pub(super) const CASES: &[Case] = &[
    component("stdout-without-a-newline", LITTLE_LOG, || writes(0x78, FOR_EVER), Fails("limit.log", 1)),
    component("stdout-of-newlines", FEW_CALLS, || writes(0x0a, FOR_EVER), Fails("limit.calls", 1)),
    component("stdout-of-half-characters", SMALL, || writes(0xe2, "(call $write)"), Harmless),
    component("stdout-of-sixty-megabytes", "log = \"1MiB\"\nmemory = \"128MiB\"", stdout_at_once, Fails("limit.log", 1)),
    component("stdout-again-and-again", SMALL, || opens("(drop (call $get-stdout))"), Fails("limit.handles", 1)),
    component("stdout-that-is-none", SMALL, || writes(0x78, "(call $output-stream.write (i32.const 99) (i32.const 0) (i32.const 1) (i32.const 8192))"), TRAP),
    component(
        "polls-for-ever",
        FEW_CALLS,
        || polls("(loop $more (call $pollable.block (call $subscribe-duration (i64.const 0))) (br $more))"),
        Fails("limit.calls", 1),
    ),
    component("polls-till-the-end-of-time", SMALL, || polls("(call $pollable.block (call $subscribe-duration (i64.const -1)))"), Fails("clock.limit", 1)),
    component("polls-for-nothing", SMALL, || polls("(call $poll (i32.const 0) (i32.const 0) (i32.const 8192))"), TRAP),
    component("polls-a-million-lies", SMALL, || polls("(call $poll (i32.const 0) (i32.const 1000000) (i32.const 8192))"), TRAP),
    component("polls-while-it-plans", "fuel = 10_000_000", polls_while_it_plans, NoPlan("limits.fuel")),
    component("four-gigabytes-of-randomness", SMALL, || draws("(i64.const 4294967296)"), Fails("wasi.limit", 1)),
    component("all-randomness-there-is", SMALL, || draws("(i64.const -1)"), Fails("wasi.limit", 1)),
    component("randomness-for-ever", FEW_CALLS, || draws_again("(loop $more (drop (call $get-random-u64)) (br $more))"), Fails("limit.calls", 1)),
    component("exits-while-it-plans", SMALL, exits_while_it_plans, NoPlan("exited with 0")),
    component("a-network", SMALL, || asks_for_a_network(Guest::new()), Fails("wasi.denied", 1)),
    component("a-later-wasi", SMALL, || asks_for_a_network(Guest::new().of_wasi("0.3.0")), Refused("another WASI")),
    component("an-earlier-wasi", SMALL, || asks_for_a_network(Guest::new().of_wasi("0.1.0")), Refused("another WASI")),
];

const TRAP: crate::cases::End = Fails("guest.trap", 1);
const FOR_EVER: &str = "(loop $more (call $write) (br $more))";

/// `$write` writes 64 KiB of that byte.
fn writes(byte: u8, code: &str) -> Vec<u8> {
    let write = format!(
        "(func $write
            (memory.fill (i32.const 65536) (i32.const {byte}) (i32.const 65536))
            (call $output-stream.write (call $get-stdout) (i32.const 65536) (i32.const 65536) (i32.const 8192)))"
    );
    stdout().item(&write).run_step(&format!("{code} (i32.const 16)")).component()
}

fn stdout() -> Guest {
    Guest::new().import_wasi("cli/stdout", "get-stdout", "(result i32)").import_wasi("io/streams", "[method]output-stream.write", "(param i32 i32 i32 i32)")
}

fn stdout_at_once() -> Vec<u8> {
    let code = "(drop (memory.grow (i32.const 1000)))
        (call $output-stream.write (call $get-stdout) (i32.const 65536) (i32.const 60000000) (i32.const 8192)) (i32.const 16)";
    stdout().run_step(code).component()
}

fn opens(code: &str) -> Vec<u8> {
    stdout().run_step(&format!("(loop $more {code} (br $more)) (i32.const 16)")).component()
}

fn polling() -> Guest {
    Guest::new()
        .import_wasi("clocks/monotonic-clock", "subscribe-duration", "(param i64) (result i32)")
        .import_wasi("clocks/monotonic-clock", "now", "(result i64)")
        .import_wasi("io/poll", "[method]pollable.block", "(param i32)")
        .import_wasi("io/poll", "poll", "(param i32 i32 i32)")
}

fn polls(code: &str) -> Vec<u8> {
    polling().run_step(&format!("{code} (i32.const 16)")).component()
}

/// Time that is made up passes at each look, and the end of it is never seen.
fn polls_while_it_plans() -> Vec<u8> {
    polling().plan("(loop $more (br_if $more (i64.ne (call $now) (i64.const -1))))").component()
}

fn draws(count: &str) -> Vec<u8> {
    let guest = Guest::new().import_wasi("random/random", "get-random-bytes", "(param i64 i32)");
    guest.run_step(&format!("(call $get-random-bytes {count} (i32.const 8192)) (i32.const 16)")).component()
}

fn draws_again(code: &str) -> Vec<u8> {
    Guest::new().import_wasi("random/random", "get-random-u64", "(result i64)").run_step(&format!("{code} (i32.const 16)")).component()
}

fn exits_while_it_plans() -> Vec<u8> {
    Guest::new().import_wasi("cli/exit", "exit", "(param i32)").plan("(call $exit (i32.const 0))").component()
}

fn asks_for_a_network(guest: Guest) -> Vec<u8> {
    let guest = guest.import_wasi("sockets/instance-network", "instance-network", "(result i32)");
    guest.run_step("(drop (call $instance-network)) (i32.const 16)").component()
}
