//! `landlock` and `limits` of a command: what the kernel keeps its program from, whatever it does.

use std::path::PathBuf;
use std::time::Duration;

use crate::read::Item;
use crate::terms::{Landlock, ProcessLimits};

/// No program of a deployment needs more, and sums of these stay far from overflowing.
const MEMORY_MAX: u64 = 1 << 50;
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn read_landlock(item: &Item<'_, '_>) -> Option<Landlock> {
    let section = item.section(&["read", "write"])?;
    let paths = |key| -> Vec<PathBuf> {
        let items = section.get(key).map(|item| item.items()).unwrap_or_default();
        items.iter().filter_map(Item::host_path).collect()
    };
    Some(Landlock { read: paths("read"), write: paths("write") })
}

pub(super) fn read_limits(item: &Item<'_, '_>) -> Option<ProcessLimits> {
    let section = item.section(&["memory", "cpu", "processes", "files", "file-size"])?;
    Some(ProcessLimits {
        memory: section.get("memory").and_then(|item| item.size(1..=MEMORY_MAX)),
        cpu_seconds: section.get("cpu").and_then(|item| item.duration(Duration::from_secs(1)..=DAY)).map(|time| time.as_secs()),
        processes: section.get("processes").and_then(|item| item.number(1..=4_194_304)),
        files: section.get("files").and_then(|item| item.number(3..=1_048_576)),
        file_size: section.get("file-size").and_then(|item| item.size(0..=MEMORY_MAX)),
    })
}
