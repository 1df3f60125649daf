//! How much a guest may take, and the count of what it has taken.
//!
//! Memory is counted over the whole store: a component of many small modules must not get many times as much as one of a single module.

use std::time::Duration;

use lockstep_model::Failure;
use wasmtime::ResourceLimiter;

use crate::ended::Ended;

/// What one call into a guest may take. The wiring fills it from the grant; calls, responses and log messages are counted by the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all memories and tables together, and of what the host keeps for the guest: request bodies, drafts of artifacts, responses.
    pub memory: u64,
    /// Instructions, roughly one unit each.
    pub fuel: u64,
    /// Resources that are alive at a time.
    pub handles: u32,
    /// Wall time of `describe` and of `plan`. A step's time is the gate's.
    pub declaring: Duration,
}

impl Default for Limits {
    /// What a grant that says nothing gives; handles and the time for declaring are not in a grant's hands.
    fn default() -> Self {
        Self { memory: 256 << 20, fuel: 100_000_000_000, handles: 10_000, declaring: Duration::from_secs(10) }
    }
}

impl Limits {
    pub(crate) fn memory_breach(&self) -> Failure {
        raisable("limit.memory", format!("the procedure needs more than {} bytes of memory in all", self.memory), "memory")
    }

    pub(crate) fn fuel_breach(&self) -> Failure {
        raisable("limit.fuel", format!("the procedure has executed {} instructions without coming to an end", self.fuel), "fuel")
    }

    pub(crate) fn handles_breach(&self) -> Failure {
        Failure::fixed_limit("limit.handles", format!("the procedure holds {} resources at a time: it should drop those it is done with", self.handles))
    }

    pub(crate) fn declaring_breach(&self) -> Failure {
        Failure::fixed_limit("limit.time", format!("describing and planning must each be over in {} seconds", self.declaring.as_secs()))
    }
}

fn raisable(code: &str, what: String, key: &str) -> Failure {
    Failure::problem(code, format!("{what}: raise `limits.{key}` in the grant file if it has to"))
}

/// Enough for every guest language tried; a quarter of the smallest main thread, so that host functions never run out.
pub(crate) const LARGEST_STACK: usize = 1 << 20;
/// What one host call may hand over: the largest thing the contract lets a guest pass, an artifact, and a little for what goes with it.
pub(crate) const LARGEST_HAND_OVER: usize = 65 << 20;
/// A component has a dozen modules at most; a hundred times a dozen is an attack on the host's own bookkeeping, which is not counted.
pub(crate) const MOST_INSTANCES: usize = 200;

pub(crate) fn recursion_breach() -> Failure {
    Failure::fixed_limit("limit.recursion", format!("the procedure's calls are nested deeper than a stack of {LARGEST_STACK} bytes takes"))
}

pub(crate) fn call_size_breach() -> Failure {
    Failure::fixed_limit("limit.call-size", format!("the procedure has handed over more than {LARGEST_HAND_OVER} bytes in one call"))
}

pub(crate) fn instances_breach() -> Failure {
    Failure::fixed_limit("limit.instances", format!("the procedure has more than {MOST_INSTANCES} instances, memories or tables"))
}

/// Counts a store's memory.
#[derive(Debug)]
pub(crate) struct Meter {
    used: u64,
    limits: Limits,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { used: 0, limits }
    }

    /// Takes `bytes` for the guest, or ends the attempt.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Ended> {
        let used = self.used.saturating_add(bytes as u64);
        if used > self.limits.memory {
            return Err(Ended::Failed(self.limits.memory_breach()));
        }
        self.used = used;
        Ok(())
    }

    /// Gives back what was taken.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes as u64);
    }

    /// A growth beyond the guest's own maximum fails by itself and takes nothing.
    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>, unit: usize) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.take(desired.saturating_sub(current).saturating_mul(unit))?;
        Ok(true)
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(current, desired, maximum, 1)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(current, desired, maximum, size_of::<usize>())
    }

    fn instances(&self) -> usize {
        MOST_INSTANCES
    }

    fn tables(&self) -> usize {
        MOST_INSTANCES
    }

    fn memories(&self) -> usize {
        MOST_INSTANCES
    }
}
