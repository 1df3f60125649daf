//! `[limits]`: how much a run may take. Every limit has a default; none can be switched off.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::read::Section;

const MIB: u64 = 1 << 20;
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What one attempt of a step, an undo and a run may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory and tables of one instance, in bytes.
    pub memory: u64,
    /// WebAssembly instructions of one attempt, roughly one unit each.
    pub fuel: u64,
    /// Wall time of one attempt of a step. Waits that the host keeps do not count.
    pub step: Duration,
    /// Wall time of the undo of one step.
    pub undo: Duration,
    /// Wall time of a run from its start, waits included.
    pub run: Duration,
    /// Calls of one attempt.
    pub calls: u32,
    /// Bytes that the requests of one attempt may have in all: bodies, standard inputs, artifacts. As they are recorded: up to twice their length.
    pub bytes: u64,
    /// Bytes that the responses of one attempt may have in all: bodies, outputs, file contents.
    pub output: u64,
    /// Bytes of log messages of one attempt.
    pub log: u64,
    /// Bytes that the artifacts of a run may have in all.
    pub artifacts: u64,
}

impl Limits {
    /// Enough for every guest language tried (Python takes most), little enough for many runs on one machine.
    pub const MEMORY: u64 = 256 * MIB;
    /// Minutes of computing: a step waits for the world, it does not compute.
    pub const FUEL: u64 = 100_000_000_000;
    /// What operators call long for one step by hand.
    pub const STEP: Duration = Duration::from_secs(30 * 60);
    /// As for a step: an undo does what a step did.
    pub const UNDO: Duration = Duration::from_secs(30 * 60);
    /// A rollout that takes longer has been forgotten.
    pub const RUN: Duration = Duration::from_secs(90 * 24 * 60 * 60);
    /// A poll every second for as long as a step may take, several times over.
    pub const CALLS: u32 = 10_000;
    /// Thirty of the largest bodies that the contract allows: what is larger is streamed into artifacts, and does not count here.
    pub const BYTES: u64 = 512 * MIB;
    /// A few of the largest bodies that the contract allows.
    pub const OUTPUT: u64 = 256 * MIB;
    /// More than a person reads.
    pub const LOG: u64 = 16 * MIB;

    /// A database's dump and a few images, on a disk that has room for other things as well.
    pub const ARTIFACTS: u64 = 10 * 1024 * MIB;

    const MEMORY_RANGE: RangeInclusive<u64> = MIB..=4096 * MIB;
    const FUEL_RANGE: RangeInclusive<u64> = 1_000_000..=1_000_000_000_000_000;
    const ATTEMPT_RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=DAY;
    const RUN_RANGE: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(3650 * 24 * 60 * 60);
    const CALLS_RANGE: RangeInclusive<u64> = 1..=1_000_000;
    const BYTES_RANGE: RangeInclusive<u64> = 1024..=64 * 1024 * MIB;
    const ARTIFACTS_RANGE: RangeInclusive<u64> = 1024..=64 * 1024 * 1024 * MIB;

    /// Their names in the grant file.
    pub const KEYS: &'static [&'static str] = &["memory", "fuel", "step", "undo", "run", "calls", "bytes", "output", "log", "artifacts"];

    pub(crate) fn read(section: &Section<'_, '_>) -> Self {
        let default = Self::default();
        let duration = |key, range, fallback| section.get(key).and_then(|item| item.duration(range)).unwrap_or(fallback);
        let bytes = |key, range, fallback| section.get(key).and_then(|item| item.size(range)).unwrap_or(fallback);
        let number = |key, range| section.get(key).and_then(|item| item.number(range));
        Self {
            memory: bytes("memory", Self::MEMORY_RANGE, default.memory),
            fuel: number("fuel", Self::FUEL_RANGE).unwrap_or(default.fuel),
            step: duration("step", Self::ATTEMPT_RANGE, default.step),
            undo: duration("undo", Self::ATTEMPT_RANGE, default.undo),
            run: duration("run", Self::RUN_RANGE, default.run),
            calls: number("calls", Self::CALLS_RANGE).and_then(|calls| u32::try_from(calls).ok()).unwrap_or(default.calls),
            bytes: bytes("bytes", Self::BYTES_RANGE, default.bytes),
            output: bytes("output", Self::BYTES_RANGE, default.output),
            log: bytes("log", Self::BYTES_RANGE, default.log),
            artifacts: bytes("artifacts", Self::ARTIFACTS_RANGE, default.artifacts),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: Self::MEMORY,
            fuel: Self::FUEL,
            step: Self::STEP,
            undo: Self::UNDO,
            run: Self::RUN,
            calls: Self::CALLS,
            bytes: Self::BYTES,
            output: Self::OUTPUT,
            log: Self::LOG,
            artifacts: Self::ARTIFACTS,
        }
    }
}
