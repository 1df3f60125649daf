//! The process's environment: the one place of the program that reads variables and says who and where it is.
//!
//! Variables that hold secrets stay in this process: a program started by the shell driver gets an empty environment, and no guest can see one.

#![expect(clippy::disallowed_methods, reason = "the command line reads the environment, here and nowhere else")]

use std::ffi::OsString;
use std::path::PathBuf;

/// A variable's value, when it has one that is not empty.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The store's folder when the command line does not say: LOCKSTEP_STORE, else below the XDG state directory.
pub(crate) fn store_folder() -> Option<PathBuf> {
    if let Some(folder) = variable("LOCKSTEP_STORE") {
        return Some(folder.into());
    }
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let state = variable("XDG_STATE_HOME").and_then(absolute);
    let home = || variable("HOME").and_then(absolute).map(|home| home.join(".local/state"));
    state.or_else(home).map(|state| state.join("lockstep"))
}

/// Whether colours are not wanted (no-color.org).
pub(crate) fn no_color() -> bool {
    variable("NO_COLOR").is_some()
}

/// Whether the terminal can do nothing but print.
pub(crate) fn dumb_terminal() -> bool {
    variable("TERM").is_some_and(|term| term == "dumb")
}

/// The bytes of a variable that a grant file names as the source of a secret.
pub(crate) fn secret(name: &str) -> Option<Vec<u8>> {
    std::env::var_os(name).map(std::os::unix::ffi::OsStringExt::into_vec)
}

/// The folders of `PATH`.
pub(crate) fn search_path() -> Vec<PathBuf> {
    variable("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Who gives the command: the user's name, else the number.
pub(crate) fn user() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(variable).and_then(|name| name.into_string().ok());
    let plain = |name: &String| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b));
    let number = rustix::process::getuid().as_raw();
    named.or_else(|| account(number)).filter(plain).unwrap_or_else(|| format!("uid-{number}"))
}

/// The name that the machine's own list of accounts has for a user: services and containers often start without a variable that says so.
fn account(number: u32) -> Option<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let fields = |line: &str| {
        let mut fields = line.split(':');
        Some((fields.next()?.to_owned(), fields.nth(1)?.parse::<u32>().ok()?))
    };
    accounts.lines().filter_map(fields).find(|(_, found)| *found == number).map(|(name, _)| name)
}

/// The machine's name.
pub(crate) fn host() -> String {
    kernel("hostname").or_else(|| variable("HOSTNAME").and_then(|name| name.into_string().ok())).unwrap_or_else(|| "unknown".to_owned())
}

/// The operating system and its version.
pub(crate) fn system() -> String {
    let version = kernel("osrelease").map(|version| format!(" {version}")).unwrap_or_default();
    format!("{}{version} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// What the kernel says of itself, where it does.
fn kernel(what: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/sys/kernel/{what}")).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Whether this process is root, so that the distribution's packages can be installed.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The compiler that the operator wants, when it is not the usual one.
pub(crate) fn compiler() -> Option<PathBuf> {
    variable("RUSTC").map(PathBuf::from)
}

/// Where cargo keeps the sources of dependencies.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    variable("CARGO_HOME").map(PathBuf::from).or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cargo")))
}

/// Who drives runs, for those who find an environment taken.
pub(crate) fn holder() -> String {
    format!("{} on {} (process {})", user(), host(), std::process::id())
}

/// Keeps what is in this process's memory, values of secrets among it, out of core files and from other processes of the same user. Programs that are started
/// are not bound by it. Where the kernel does not know this there is nothing to be done about it.
pub(crate) fn keep_memory_private() {
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
