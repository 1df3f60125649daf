//! The one place where wasmtime is configured: compiling, inspecting, running and replaying must agree to the last switch, or a replay diverges.

use std::num::NonZeroUsize;

use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Engine};

use crate::limits::LARGEST_STACK;

/// Where a guest trapped and who called.
const FRAMES: usize = 16;

/// An engine as every part of Lockstep uses it.
///
/// Instances are allocated when they are needed, not from a pool: measured by `benches/step.rs`, a pool of 64 saves 20 µs an instance, costs 130 µs at every
/// start of the program, refuses components with more modules than it has places for, and has to be queued for when it is full.
///
/// # Errors
/// When the machine cannot run one: no support for its processor, or no address space.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Waiting is the host's: a guest function returns when it is done, and a journal has one order.
        .concurrency_support(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES))
        // What differs between processors must not differ between a run and its replay.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // Fuel bounds what a guest computes, epochs bound how long.
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(LARGEST_STACK)
        .memory_init_cow(true)
        .parallel_compilation(true);
    config
}

/// Names everything that compiled code depends on: wasmtime's version, the processor, every switch above.
pub(crate) fn compatibility(engine: &Engine) -> [u8; 32] {
    struct Hasher(Sha256);
    impl std::hash::Hasher for Hasher {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        /// Nobody asks for it: the whole digest is taken below.
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Hasher(Sha256::new());
    std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
    hasher.0.finalize().into()
}
