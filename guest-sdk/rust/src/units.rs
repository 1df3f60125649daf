//! Times and sizes as a runbook writes them.

use std::time::Duration;

/// So many milliseconds.
pub const fn millis(count: u32) -> Duration {
    Duration::from_millis(count as u64)
}

/// So many seconds.
pub const fn secs(count: u32) -> Duration {
    Duration::from_secs(count as u64)
}

/// So many minutes.
pub const fn minutes(count: u32) -> Duration {
    Duration::from_secs(count as u64 * 60)
}

/// So many KiB, in bytes.
pub const fn kib(count: u32) -> u64 {
    count as u64 * 1024
}

/// So many MiB, in bytes.
pub const fn mib(count: u32) -> u64 {
    kib(count) * 1024
}

/// So many GiB, in bytes.
pub const fn gib(count: u32) -> u64 {
    mib(count) * 1024
}

/// Milliseconds as the contract takes them. What does not fit is more than any limit there.
pub(crate) fn whole_millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Whole seconds as the contract takes them, rounded up: half a second must not become none.
pub(crate) fn whole_secs(duration: Duration) -> u32 {
    let rounded = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    u32::try_from(rounded).unwrap_or(u32::MAX)
}

/// A time as a person says it: `30 s`, `200 ms`, `1.5 s`, `5 min`.
pub(crate) fn spoken_time(duration: Duration) -> String {
    match duration.as_millis() {
        ms if ms < 1_000 => format!("{ms} ms"),
        ms if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{} s", ms / 1_000),
        ms => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}

/// A size as a person says it: `512 bytes`, `1.5 GiB`.
pub(crate) fn spoken_size(bytes: u64) -> String {
    let (unit, word) = match bytes {
        b if b >= gib(1) => (gib(1), "GiB"),
        b if b >= mib(1) => (mib(1), "MiB"),
        b if b >= kib(1) => (kib(1), "KiB"),
        b => return format!("{b} bytes"),
    };
    format!("{}.{} {word}", bytes / unit, bytes % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_and_capped() {
        assert_eq!(whole_secs(millis(1)), 1);
        assert_eq!(whole_secs(secs(2)), 2);
        assert_eq!(whole_secs(Duration::MAX), u32::MAX);
        assert_eq!(whole_millis(Duration::MAX), u32::MAX);
    }

    #[test]
    fn times_and_sizes_read_as_a_person_says_them() {
        assert_eq!([millis(200), secs(30), millis(1_550), minutes(5)].map(spoken_time), ["200 ms", "30 s", "1.5 s", "5 min"]);
        assert_eq!([12, kib(2), mib(3) + kib(512), gib(1)].map(spoken_size), ["12 bytes", "2.0 KiB", "3.5 MiB", "1.0 GiB"]);
    }
}
