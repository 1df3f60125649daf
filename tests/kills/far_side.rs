//! What arrived at the far side, by its own logs, and the certainty that nothing is still on its way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::site::Site;

/// How long what a killed host began may go on. Nothing takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often each idempotency key arrived, at the service or at its command line.
pub(super) fn arrived(site: &Site) -> BTreeMap<String, u32> {
    let mut keys = BTreeMap::new();
    let mut count = |key: &str| *keys.entry(key.to_owned()).or_default() += 1;
    for line in std::fs::read_to_string(site.path("commands.log")).unwrap().lines() {
        count(line.split(' ').next().unwrap());
    }
    for slot in ["blue", "green"] {
        let log = std::fs::read_to_string(site.path("site/state").join(slot).join("requests.log")).unwrap_or_default();
        for line in log.lines() {
            let request: Value = serde_json::from_str(line).unwrap();
            match request["idempotency_key"].as_str() {
                Some(key) => count(key),
                None => assert!(request["method"] == "GET", "an effect arrived without a key: {line}"),
            }
        }
    }
    keys
}

/// How many effects have arrived. A line may be in the middle of being written.
pub(super) fn heard(site: &Site) -> usize {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let requests = ["blue", "green"].map(|slot| read(site.path("site/state").join(slot).join("requests.log")).matches("\"idempotency_key\":\"").count());
    read(site.path("commands.log")).lines().count() + requests.iter().sum::<usize>()
}

/// Waits until nothing that a killed host began goes on: no program that it started, no connection at the service. What is not in the logs then never
/// arrived.
pub(super) fn quiet(site: &Site) {
    let deadline = Instant::now() + PATIENCE;
    while programs(site) + connections(site) > 0 {
        assert!(Instant::now() < deadline, "the far side is not quiet after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Processes that name the site, but for the service and its front. One that was forked and not yet started bears its parent's name, which does so too.
fn programs(site: &Site) -> usize {
    let needle = site.place.path().as_os_str().as_encoded_bytes();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let ours = lines.filter(|line| line.windows(needle.len()).any(|window| window == needle));
    ours.filter(|line| !line.split(|byte| *byte == 0).any(|word| word == b"--detached")).count()
}

/// Connections that the kernel has taken for the site's ports and nobody has closed on that side.
fn connections(site: &Site) -> usize {
    const SETTLED: [&str; 3] = ["0A", "06", "07"]; // listening, waiting out its time, closed
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let ours = |local: &str| site.all_ports().iter().any(|port| local.ends_with(&format!(":{port:04X}")));
    let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields.filter(|fields| ours(fields[1]) && !SETTLED.contains(&fields[3])).count()
}
