//! What a procedure costs beside its effects: start, load, instance, step, call. Prints a table; the ratio to a step's 0.3 ms counts.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures and has nobody to hand an error to")]

#[path = "../tests/runtime/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests, which use more of it")]
mod support;

use std::time::{Duration, Instant};

use lockstep_engine::Procedure;
use lockstep_model::StepId;
use lockstep_runtime::{Limits, LoadedProcedure, Runtime, RuntimeOptions};

use support::{Guest, World};

const ROUNDS: usize = 200;
/// Calls in one step, so that the step itself does not count.
const CALLS: u32 = 2_000;

fn main() {
    let root = tempfile::tempdir().unwrap();
    let new = || Runtime::new(RuntimeOptions { cache_dir: Some(root.path().to_owned()) }).unwrap();
    let bytes = Guest::new().component();
    println!("{:<44}{:>12}{:>12}", "", "median µs", "worst µs");

    row("compile", 10, || Runtime::new(RuntimeOptions::default()).unwrap().load(&bytes, Limits::default()).unwrap());
    row("engine and linker", ROUNDS, new);
    new().load(&bytes, Limits::default()).unwrap();
    row("engine, linker and load from the cache", ROUNDS, || new().load(&bytes, Limits::default()).unwrap());
    let runtime = new();
    row("load from the cache", ROUNDS, || runtime.load(&bytes, Limits::default()).unwrap());

    let procedure = runtime.load(&bytes, Limits::default()).unwrap();
    row("describe: instance, call, check", ROUNDS, || procedure.describe().unwrap());
    let step = row("step: gate, instance, call", ROUNDS, stepping(&procedure));

    let attempt = calling(&runtime, Guest::new().import("run", "attempt", "(result i32)"), "(drop (call $attempt))");
    let plain = row(&format!("step with {CALLS} calls that ask nobody"), 20, stepping(&attempt));
    let uuid = calling(&runtime, Guest::new().import("random", "uuid", "(param i32)"), "(call $uuid (i32.const 8192))");
    let recorded = row(&format!("step with {CALLS} recorded reads, in memory"), 20, stepping(&uuid));
    println!("{:<44}{:>12.2}", "one call that asks nobody", per_call(plain, step));
    println!("{:<44}{:>12.2}", "one recorded read", per_call(recorded, step));
}

/// A guest that makes one call many times in its step.
fn calling(runtime: &Runtime, guest: Guest, call: &str) -> LoadedProcedure {
    let code = format!(
        "(loop $more {call} (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $more (i32.lt_u (local.get $i) (i32.const {CALLS})))) (i32.const 16)"
    );
    runtime.load(&guest.run_step(&code).component(), Limits::default()).unwrap()
}

/// A run of its own for each step: a journal that grows would be measured instead.
fn stepping(procedure: &LoadedProcedure) -> impl Fn() + '_ {
    let id = StepId::parse("work").unwrap();
    move || {
        let world = World::new();
        procedure.run_step(&id, world.gate()).unwrap();
    }
}

fn per_call(with: Duration, without: Duration) -> f64 {
    with.saturating_sub(without).as_secs_f64() * 1e6 / f64::from(CALLS)
}

/// Prints median and worst of `rounds`, and gives the median.
fn row<T>(what: &str, rounds: usize, work: impl Fn() -> T) -> Duration {
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            std::hint::black_box(work());
            began.elapsed()
        })
        .collect();
    times.sort();
    let (median, worst) = (times[rounds / 2], times[rounds - 1]);
    println!("{what:<44}{:>12.1}{:>12.1}", median.as_secs_f64() * 1e6, worst.as_secs_f64() * 1e6);
    median
}
