//! Guests that are too many or too large: memories, tables, modules, functions, stacks; and some that only look like it.

use wasm_encoder::{ComponentSectionId, Encode, InstanceSection, ModuleArg};
use wasmparser::{Parser, Payload};

use super::component;
use crate::cases::End::{Fails, Harmless, NoPlan, Refused};
use crate::cases::{Case, SMALL};
use crate::guest::Guest;

const LITTLE_FUEL: &str = "fuel = 10_000_000";

pub(super) const CASES: &[Case] = &[
    component("memory-at-once", SMALL, || Guest::new().memory(r#"(memory (export "memory") 65536)"#).component(), NoPlan("limits.memory")),
    component("ninety-memories", SMALL, || Guest::new().item(&"(memory 16)".repeat(90)).component(), NoPlan("limits.memory")),
    component("table-at-once", SMALL, || Guest::new().item("(table 9000000 funcref)").component(), NoPlan("limits.memory")),
    component("table-that-grows", SMALL, table_that_grows, Fails("limit.memory", 1)),
    component(
        "recursion-without-end",
        SMALL,
        || Guest::new().item("(func $down (call $down))").run_step("(call $down) (i32.const 16)").component(),
        Fails("limit.recursion", 1),
    ),
    component("recursion-of-large-frames", SMALL, recursion_of_large_frames, Fails("limit.recursion", 1)),
    component("recursion-through-a-table", SMALL, recursion_through_a_table, Fails("limit.recursion", 1)),
    component("three-hundred-modules", SMALL, || with_modules("(module)", 300), NoPlan("limit.instances")),
    component("a-hundred-modules-with-memories", SMALL, || with_modules("(module (memory 64))", 100), NoPlan("limits.memory")),
    component(
        "a-module-that-starts-and-loops",
        LITTLE_FUEL,
        || with_modules("(module (func $s (loop $ever (br $ever))) (start $s))", 1),
        NoPlan("limits.fuel"),
    ),
    component("twenty-thousand-functions", SMALL, || Guest::new().item(&"(func)".repeat(20_000)).component(), Harmless),
    component("a-function-of-a-hundred-thousand-instructions", SMALL, long_function, Harmless),
    component("a-thousand-blocks-in-each-other", SMALL, nested_blocks, Harmless),
    component("a-table-of-thirty-thousand-branches", SMALL, branches, Harmless),
    component("forty-thousand-locals", SMALL, || Guest::new().item(&format!("(func (local {}))", "i64 ".repeat(40_000))).component(), Harmless),
    component("memory-that-is-shared", SMALL, || with_modules("(module (memory 1 1 shared))", 1), Refused("invalid")),
    component("exceptions", SMALL, || with_modules("(module (tag))", 1), Refused("invalid")),
    component("garbage-collected", SMALL, || with_modules("(module (type (struct)))", 1), Refused("invalid")),
    component("an-ambient-store", SMALL, ambient_store, Refused("what the contract does not have")),
    component("a-core-module", SMALL, || wat::parse_str("(module)").unwrap(), Refused("core WebAssembly module")),
    component("no-procedure", SMALL, || wat::parse_str("(component)").unwrap(), Refused("exports nothing")),
];

fn table_that_grows() -> Vec<u8> {
    let grow = "(loop $more (br_if $more (i32.ne (table.grow 0 (ref.null func) (i32.const 100000)) (i32.const -1)))) (i32.const 16)";
    Guest::new().item("(table 1 funcref)").run_step(grow).component()
}

fn recursion_of_large_frames() -> Vec<u8> {
    // Used after the call, so that each must be kept in its frame.
    let locals = "(local v128 v128 v128 v128 v128 v128 v128 v128)".repeat(50);
    let keep: String = (0..400).map(|n| format!("(local.set {n} (i64x2.splat (i64.add (local.get 400) (i64.const {n}))))")).collect();
    let sum: String = (0..400).map(|n| format!("(local.set 400 (i64.add (local.get 400) (i64x2.extract_lane 0 (local.get {n}))))")).collect();
    let down = format!("(func $down (result i64) {locals} (local i64) (local.set 400 (call $seed)) {keep} (local.set 400 (call $down)) {sum} (local.get 400))");
    let seed = "(func $seed (result i64) (i64.extend_i32_u (memory.size)))";
    Guest::new().item(seed).item(&down).run_step("(drop (call $down)) (i32.const 16)").component()
}

fn recursion_through_a_table() -> Vec<u8> {
    let items = "(type $v (func)) (table 1 funcref) (elem (i32.const 0) $down) (func $down (call_indirect (type $v) (i32.const 0)))";
    Guest::new().item(items).run_step("(call $down) (i32.const 16)").component()
}

fn long_function() -> Vec<u8> {
    let body = "(local.set 0 (i32.xor (i32.mul (local.get 0) (i32.const 31)) (i32.const 7)))".repeat(20_000);
    Guest::new().item(&format!("(func (param i32) (result i32) {body} (local.get 0))")).component()
}

fn nested_blocks() -> Vec<u8> {
    Guest::new().item(&format!("(func {} {})", "block ".repeat(1_000), "end ".repeat(1_000))).component()
}

fn branches() -> Vec<u8> {
    Guest::new().item(&format!("(func (param i32) (block $b (br_table {} (local.get 0))))", "$b ".repeat(30_000))).component()
}

fn ambient_store() -> Vec<u8> {
    wat::parse_str(r#"(component (import "wasi:keyvalue/store@0.2.0" (instance)))"#).unwrap()
}

/// A guest with a module of that text beside its own, and so many instances of it.
fn with_modules(text: &str, instances: u32) -> Vec<u8> {
    let mut component = Guest::new().component();
    let mut modules = 0;
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(&component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => {
                modules += u32::from(depth == 0);
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ => {}
        }
    }
    let module = wat::parse_str(text).unwrap();
    component.push(ComponentSectionId::CoreModule.into());
    module.as_slice().encode(&mut component);
    let mut made = InstanceSection::new();
    for _ in 0..instances {
        made.instantiate(modules, std::iter::empty::<(&str, ModuleArg)>());
    }
    component.push(ComponentSectionId::CoreInstance.into());
    made.encode(&mut component);
    component
}
