//! What the process has taken at its most.

/// What the host may take beside what guests are allowed: engine, compiler, store, the largest request three times over while it is written down.
/// Generous: what it is, the test prints. More would be a leak, not a guest.
const HOSTS_OWN: u64 = 1 << 30;
/// What one guest may take under the default limits.
const ONE_GUEST: u64 = 256 << 20;

/// Prints the peak of the resident memory, and fails when it is beyond every reason.
pub(crate) fn stays_bounded(cases: usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    let Some(peak) = peak else {
        eprintln!("missing on this machine: /proc/self/status, the peak of the memory");
        return;
    };
    eprintln!("{cases} hostile guests, some at a time: at most {} MiB resident", peak >> 10);
    assert!(peak << 10 < HOSTS_OWN + ONE_GUEST, "{} MiB resident: the memory of the host is not bounded", peak >> 10);
}
