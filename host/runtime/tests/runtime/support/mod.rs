//! Guests and the world they run in.

#[expect(dead_code, reason = "what breaks the canonical ABI is for the hostile guests")]
mod guest;
mod world;

pub(crate) use guest::{Guest, contract_at};
pub(crate) use world::World;

use lockstep_runtime::{Limits, LoadedProcedure, Runtime, RuntimeOptions};

/// A runtime without a cache.
pub(crate) fn runtime() -> Runtime {
    Runtime::new(RuntimeOptions::default()).unwrap()
}

/// The guest, loaded with the default limits.
pub(crate) fn load(guest: &Guest) -> LoadedProcedure {
    load_with(guest, Limits::default())
}

/// The guest, loaded with these limits.
pub(crate) fn load_with(guest: &Guest, limits: Limits) -> LoadedProcedure {
    runtime().load(&guest.component(), limits).unwrap()
}
