//! Guests that use handles which are not theirs, or not any more.

use super::component;
use crate::cases::End::{Fails, Harmless};
use crate::cases::{Case, SMALL};
use crate::guest::Guest;

const TRAP: crate::cases::End = Fails("guest.trap", 1);

pub(super) const CASES: &[Case] = &[
    component("handle-forged", SMALL, || uses("(call $request.send (i32.const 4711) (i32.const 8192))"), TRAP),
    component("handle-nought", SMALL, || uses("(call $request.send (i32.const 0) (i32.const 8192))"), TRAP),
    component("handle-of-another-kind", SMALL, || uses("(call $request.send (call $draft (i32.const 0) (i32.const 0)) (i32.const 8192))"), TRAP),
    component(
        "handle-used-when-gone",
        SMALL,
        || uses("(local.set $i (call $request.new)) (call $gone (local.get $i)) (call $request.send (local.get $i) (i32.const 8192))"),
        TRAP,
    ),
    component("handle-dropped-twice", SMALL, || uses("(local.set $i (call $request.new)) (call $gone (local.get $i)) (call $gone (local.get $i))"), TRAP),
    component("handle-dropped-as-another", SMALL, || uses("(call $gone (call $draft (i32.const 0) (i32.const 0)))"), TRAP),
    component("handle-reused", SMALL, || uses(REUSED), Harmless),
    component(
        "handles-made-and-dropped-for-ever",
        "fuel = 10_000_000",
        || uses("(loop $more (call $gone (call $request.new)) (br $more))"),
        Fails("limit.fuel", 1),
    ),
];

/// The number of a dropped handle is given out again, for another thing of its own kind only.
const REUSED: &str = "(local.set $i (call $request.new)) (call $gone (local.get $i))
    (if (i32.ne (call $request.new) (local.get $i)) (then unreachable))";

fn uses(code: &str) -> Vec<u8> {
    let guest = Guest::new()
        .import("http", "[constructor]request", "(param i32 i32 i32 i32) (result i32)")
        .import("http", "[method]request.send", "(param i32 i32)")
        .import_as("http", "[resource-drop]request", "gone", "(param i32)")
        .import("artifact", "[constructor]draft", "(param i32 i32) (result i32)")
        .item("(func $request.new (result i32) (call $request (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5)))");
    guest.run_step(&format!("{code} (i32.const 16)")).component()
}
