//! Which compiler makes a module of a Rust project, and where the target's standard library comes from.
//!
//! `wasm32-unknown-unknown` gives a procedure nothing but what it imports. Its standard library is taken ready-made where it is installed; where only
//! the compiler's sources are, it is built from them; else rustup, then Debian's package manager, is asked for it.

use std::path::{Path, PathBuf};

use lockstep_api::Code;

use super::super::tool;
use crate::environment;
use crate::error::CliError;
use crate::ui::Ui;

/// The target of every Rust procedure.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The oldest compiler that the SDK builds with: its `rust-version`.
const OLDEST: (u64, u64) = (1, 95);

/// Where a distribution puts its compiler, beside rustup's.
const SYSTEM_COMPILER: &str = "/usr/bin/rustc";

/// Debian's packages: a compiler for the web with the sources of its standard library.
const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "rust-web-src"];

/// How a project is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The compiler.
    pub(super) compiler: PathBuf,
    /// Where its libraries are.
    pub(super) sysroot: PathBuf,
    /// With which linker the standard library is built from source; none: it is there ready-made.
    pub(super) from_source: Option<PathBuf>,
}

impl Way {
    /// The way there is, from what is installed. `folder` is where rustup looks for a toolchain override.
    fn find(folder: &Path) -> Option<Self> {
        let candidates = [environment::compiler(), Some("rustc".into()), Some(SYSTEM_COMPILER.into())];
        candidates.into_iter().flatten().find_map(|compiler| Self::with(compiler, folder))
    }

    fn with(compiler: PathBuf, folder: &Path) -> Option<Self> {
        let ask = |args: &[&str]| tool::output(tool::command(&compiler).args(args).current_dir(folder));
        if version(&ask(&["--version"])?)? < OLDEST {
            return None;
        }
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?);
        let ready = ask(&["--print", "target-libdir", "--target", TARGET]).is_some_and(|libraries| has_std(Path::new(&libraries)));
        if ready {
            return Some(Self { compiler, sysroot, from_source: None });
        }
        let source = sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file();
        let linker = source.then(|| linker(&sysroot, folder)).flatten()?;
        Some(Self { compiler, sysroot, from_source: Some(linker) })
    }

    /// The hash of the compiler's own sources, which its standard library's paths begin with.
    pub(super) fn commit(&self, folder: &Path) -> Option<String> {
        let verbose = tool::output(tool::command(&self.compiler).arg("-vV").current_dir(folder))?;
        verbose.lines().find_map(|line| line.strip_prefix("commit-hash: ")).map(str::to_owned)
    }
}

/// Cargo and the compiler that would be taken here.
///
/// # Errors
/// When there is none; nothing is installed.
pub(crate) fn found() -> Result<String, CliError> {
    let here = Path::new(".");
    let cargo = tool::find_program("cargo").and_then(|cargo| tool::first_line(&cargo, &["--version"])).ok_or_else(no_cargo)?;
    let way = Way::find(here).ok_or_else(no_target)?;
    let compiler = tool::first_line(&way.compiler, &["--version"]).ok_or_else(no_target)?;
    let library = if way.from_source.is_some() { "to be built from source" } else { "installed" };
    Ok(format!("{cargo}; {compiler}, standard library of {TARGET} {library}"))
}

/// The way there is, after having tried to make one.
///
/// # Errors
/// When there is none; says exactly what is missing.
pub(super) fn find_or_install(folder: &Path, ui: &Ui) -> Result<Way, CliError> {
    if tool::find_program("cargo").is_none() {
        return Err(no_cargo());
    }
    if let Some(way) = Way::find(folder) {
        return Ok(way);
    }
    if tool::find_program("rustup").is_some() {
        ui.say(format!("installing the standard library of {TARGET}: rustup target add {TARGET}"));
        if tool::succeeds(tool::command("rustup").args(["target", "add", TARGET]).current_dir(folder))
            && let Some(way) = Way::find(folder)
        {
            return Ok(way);
        }
    }
    if environment::is_root() && tool::find_program("apt-get").is_some() {
        ui.say(format!("installing a compiler with its sources: apt-get install {}", DEBIAN_PACKAGES.join(" ")));
        let install = || tool::succeeds(tool::command("apt-get").args(["install", "-y", "--no-install-recommends"]).args(DEBIAN_PACKAGES));
        let installed = install() || (tool::succeeds(tool::command("apt-get").arg("update")) && install());
        if installed && let Some(way) = Way::find(folder) {
            return Ok(way);
        }
    }
    Err(no_target())
}

fn no_cargo() -> CliError {
    tool::missing("cargo", "install Rust 1.95 or newer: https://rustup.rs, or the packages `cargo` and `rustc` of your system")
}

fn no_target() -> CliError {
    CliError::new(Code::TargetMissing, format!("no Rust compiler here has a standard library for {TARGET}"))
        .detail(format!("wanted: rustc {}.{} or newer with the standard library of {TARGET}, or with its sources and rust-lld", OLDEST.0, OLDEST.1))
        .hint(format!("with rustup: `rustup target add {TARGET}`"))
        .hint(format!("on Debian, as root: `apt-get install -y --no-install-recommends {}`", DEBIAN_PACKAGES.join(" ")))
}

/// `rustc 1.95.0 (…)` gives 1 and 95.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split(' ').nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn has_std(libraries: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(libraries) else { return false };
    entries.filter_map(Result::ok).any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// A linker for WebAssembly: the one that comes with a toolchain, else LLVM's own. A distribution's compiler may have none where rustup's has.
fn linker(sysroot: &Path, folder: &Path) -> Option<PathBuf> {
    let rustup = tool::output(tool::command("rustc").args(["--print", "sysroot"]).current_dir(folder)).map(PathBuf::from);
    let hosts = |sysroot: PathBuf| std::fs::read_dir(sysroot.join("lib/rustlib")).into_iter().flatten().filter_map(Result::ok);
    let beside = [Some(sysroot.to_owned()), rustup].into_iter().flatten().flat_map(hosts).map(|host| host.path().join("bin/rust-lld"));
    let own = beside.into_iter().find(|linker| linker.is_file());
    own.or_else(|| ["rust-lld", "wasm-ld", "wasm-ld-22", "wasm-ld-21", "wasm-ld-20", "wasm-ld-19"].into_iter().find_map(tool::find_program))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_compiler_says_its_version() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(version("rustc 1.97.0-nightly (abc)"), Some((1, 97)));
        assert_eq!(version("something else"), None);
    }
}
