//! Descriptors that this process was started with, a log of its parent's or a lock: no program that a procedure starts may have them.

use std::os::fd::BorrowedFd;

use rustix::io::{FdFlags, fcntl_setfd};

/// The standard streams: each program gets its own in their place.
const LAST_STREAM: i32 = 2;

/// Lets none of them be inherited any further. Those that are opened later never are. To be called before anything else of this process runs.
pub(crate) fn keep_to_this_process() {
    let Ok(listed) = std::fs::read_dir("/proc/self/fd") else { return };
    for entry in listed.flatten() {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()).filter(|number| *number > LAST_STREAM) else { continue };
        #[expect(unsafe_code, reason = "of a descriptor that somebody else has opened there is only the number")]
        // SAFETY: the kernel has just listed it as open, and nothing else of this process runs that could close it. It is not closed here either, nor kept.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        // What it refuses is no open descriptor.
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
}
