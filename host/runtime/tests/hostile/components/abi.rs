//! Guests that break the canonical ABI: pointers that lead nowhere, lengths that lie, cases that are none, allocators that do what they want.

use super::component;
use crate::cases::End::{Fails, Harmless};
use crate::cases::{Case, SMALL};
use crate::guest::Guest;

const TRAP: crate::cases::End = Fails("guest.trap", 1);
const LITTLE_FUEL: &str = "fuel = 10_000_000";

pub(super) const CASES: &[Case] = &[
    component("text-beyond-the-memory", SMALL, || says("(i32.const 0x7ffffff0) (i32.const 100)"), TRAP),
    component("text-around-the-end", SMALL, || says("(i32.const 0xfffffff0) (i32.const 0x20)"), TRAP),
    component("text-of-four-gigabytes", SMALL, || says("(i32.const 0) (i32.const 0xffffffff)"), TRAP),
    component("text-that-is-not-utf8", SMALL, not_utf8, TRAP),
    component("list-that-overflows", SMALL, || lists("(i32.const 65536) (i32.const 0x10000001)"), TRAP),
    component("list-beyond-the-memory", SMALL, || lists("(i32.const 65536) (i32.const 0x00ffffff)"), TRAP),
    component("list-at-an-odd-place", SMALL, || lists("(i32.const 65537) (i32.const 1)"), TRAP),
    component("list-of-lies", SMALL, list_of_lies, TRAP),
    component("list-of-one-megabyte-a-thousand-times", "", one_megabyte_a_thousand_times, Fails("limit.call-size", 1)),
    component("result-beyond-the-memory", SMALL, || gives("", "(i32.const 0x7ffffff0)"), TRAP),
    component("result-at-an-odd-place", SMALL, || gives("", "(i32.const 17)"), TRAP),
    component("result-that-is-none", SMALL, || gives("(i32.store8 (i32.const 8192) (i32.const 7))", GIVEN), TRAP),
    component("option-that-is-none", SMALL, || gives("(i32.store8 (i32.const 8196) (i32.const 2))", GIVEN), TRAP),
    component("failure-that-is-none", SMALL, || gives("(i32.store8 (i32.const 8192) (i32.const 1)) (i32.store8 (i32.const 8196) (i32.const 4))", GIVEN), TRAP),
    component("output-that-is-not-json", SMALL, || output(0x61, 100), Fails("step.output", 1)),
    component("output-that-is-not-utf8", SMALL, || output(0xff, 100), TRAP),
    component("output-that-is-deep", SMALL, || output(0x5b, 60_000), Fails("step.output", 1)),
    component("output-that-is-long", SMALL, || output(0x5b, 1 << 20), Fails("limit.step-output", 1)),
    component("output-of-seventy-megabytes", "", || output(0x5b, 70 << 20), Fails("limit.call-size", 1)),
    component("realloc-gives-what-is-not-there", SMALL, || reallocates("(i32.const 0x7ffffff0)"), TRAP),
    component("realloc-gives-the-end", SMALL, || reallocates("(i32.const -1)"), TRAP),
    component("realloc-gives-the-beginning", SMALL, || reallocates("(i32.const 0)"), Harmless),
    component("realloc-traps", SMALL, || reallocates("unreachable"), TRAP),
    component("realloc-loops", LITTLE_FUEL, || reallocates("(loop $ever (br $ever)) unreachable"), Fails("limit.fuel", 1)),
    component("realloc-takes-all", SMALL, || reallocates("(loop $more (drop (memory.grow (i32.const 16))) (br $more)) unreachable"), Fails("limit.memory", 1)),
    component("realloc-calls-out", SMALL, realloc_calls_out, TRAP),
    component("afterwards-traps", SMALL, || afterwards("unreachable"), TRAP),
    component("afterwards-loops", LITTLE_FUEL, || afterwards("(loop $ever (br $ever))"), Fails("limit.fuel", 1)),
    component("afterwards-calls-out", SMALL, || afterwards("(call $now (i32.const 8192))"), TRAP),
];

/// Where a result is laid down.
const GIVEN: &str = "(i32.const 8192)";

/// Logs a text of that address and length.
fn says(text: &str) -> Vec<u8> {
    Guest::new()
        .import("log", "info", "(param i32 i32 i32 i32)")
        .run_step(&format!("(call $info {text} (i32.const 0) (i32.const 0)) (i32.const 16)"))
        .component()
}

fn not_utf8() -> Vec<u8> {
    let guest = Guest::new().import("log", "info", "(param i32 i32 i32 i32)").item(r#"(data (i32.const 4096) "ok\ff\fe")"#);
    guest.run_step("(call $info (i32.const 4096) (i32.const 4) (i32.const 0) (i32.const 0)) (i32.const 16)").component()
}

/// Logs fields of that address and count.
fn lists(fields: &str) -> Vec<u8> {
    Guest::new()
        .import("log", "info", "(param i32 i32 i32 i32)")
        .run_step(&format!("(call $info (i32.const 0) (i32.const 0) {fields}) (i32.const 16)"))
        .component()
}

/// One field whose key lies beyond the memory.
fn list_of_lies() -> Vec<u8> {
    let guest = Guest::new().import("log", "info", "(param i32 i32 i32 i32)");
    let code = "(i32.store (i32.const 8192) (i32.const 0x7ffffff0)) (i32.store (i32.const 8196) (i32.const 0x7fffffff))
                (call $info (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 1)) (i32.const 16)";
    guest.run_step(code).component()
}

/// Two gigabytes, if it were copied as often as it is pointed at.
fn one_megabyte_a_thousand_times() -> Vec<u8> {
    let guest = Guest::new().memory(r#"(memory (export "memory") 40)"#).import("log", "info", "(param i32 i32 i32 i32)");
    let code = "(local $at i32) (local.set $at (i32.const 65536))
         (loop $more
           (i32.store (local.get $at) (i32.const 131072)) (i32.store offset=4 (local.get $at) (i32.const 1048576))
           (i32.store offset=8 (local.get $at) (i32.const 131072)) (i32.store offset=12 (local.get $at) (i32.const 1048576))
           (local.set $at (i32.add (local.get $at) (i32.const 16)))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))
         (call $info (i32.const 1024) (i32.const 5) (i32.const 65536) (i32.const 1000)) (i32.const 16)";
    guest.run_step(code).component()
}

/// Lays a result down and gives its address.
fn gives(lay: &str, address: &str) -> Vec<u8> {
    Guest::new().run_step(&format!("{lay} {address}")).component()
}

/// An output of so many of that byte.
fn output(byte: u8, length: u32) -> Vec<u8> {
    let fill = format!(
        "(drop (memory.grow (i32.const {})))
         (memory.fill (i32.const 65536) (i32.const {byte}) (i32.const {length}))
         (i32.store8 (i32.const 8196) (i32.const 1)) (i32.store (i32.const 8200) (i32.const 65536)) (i32.store (i32.const 8204) (i32.const {length}))",
        length / 65_536 + 2
    );
    gives(&fill, GIVEN)
}

/// Makes room for the step's id as told.
fn reallocates(code: &'static str) -> Vec<u8> {
    Guest::new().realloc(code).component()
}

fn realloc_calls_out() -> Vec<u8> {
    Guest::new().import("clock", "now", "(param i32)").realloc("(call $now (i32.const 8192)) (i32.const 65536)").component()
}

/// Does that when the host is done with the result.
fn afterwards(code: &str) -> Vec<u8> {
    let after = format!(r#"(func (export "cabi_post_lockstep:contract/procedure@0.1.0#run-step") (param i32) {code})"#);
    Guest::new().import("clock", "now", "(param i32)").item(&after).component()
}
