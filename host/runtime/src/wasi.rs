//! A virtual WASI 0.2 for components that import it: what a language's library believes it needs, answered by the run or denied.
//!
//! No arguments, no environment, no directories, no sockets. Clocks and randomness are those of the contract, through the same gate, and so in the journal;
//! what is written to standard output and error becomes log lines. Every other function that a component imports ends its step with `wasi.denied`. So
//! nothing ambient is given, and these imports need no grant.
//!
//! While a procedure describes itself or plans, when nothing may be asked, time and randomness are made up, the same every time, and what is written goes
//! nowhere.

mod cli;
mod clocks;
mod denied;
mod filesystem;
mod lines;
mod poll;
mod random;
mod streams;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType};

use crate::context::{Context, Kept};

use lines::Lines;

/// How the names of WASI's packages begin.
const NAMESPACE: &str = "wasi:";
/// The packages that are answered or denied. Others (`wasi:http`, `wasi:keyvalue`) are for worlds that no procedure is of.
const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];
/// The version's beginning; patches only add.
const VERSION: (u64, u64) = (0, 2);

/// What an import of one of WASI's packages is to this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wasi {
    /// It is answered here: nothing ambient, and no grant needed.
    Virtual,
    /// It is of another version than 0.2.
    OtherVersion,
}

impl Wasi {
    /// What `import` is; none when it is not of these packages.
    pub fn of(import: &str) -> Option<Self> {
        let (package, rest) = import.strip_prefix(NAMESPACE)?.split_once('/')?;
        if !PACKAGES.contains(&package) {
            return None;
        }
        let version = rest.split_once('@').and_then(|(_, version)| semver::Version::parse(version).ok());
        let known = version.is_some_and(|version| (version.major, version.minor) == VERSION && version.pre.is_empty());
        Some(if known { Self::Virtual } else { Self::OtherVersion })
    }
}

/// What a store remembers of WASI.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Nanoseconds since 1970 when there is nobody to ask: it begins there, and every look and every wait moves it on.
    made_up: u64,
    /// How many pieces of randomness there were when there is nobody to ask.
    drawn: u64,
    /// The latest instant seen, in nanoseconds: a monotonic clock does not go back when a wall clock does.
    latest: u64,
    /// What has been written to standard output and error on lines that are not ended.
    out: Lines,
    err: Lines,
}

/// Links what `component` imports of WASI, under the very names and versions that it uses.
pub(crate) fn link(linker: &mut Linker<Context>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine();
    for (import, item) in component.component_type().imports(engine).filter(|(import, _)| Wasi::of(import) == Some(Wasi::Virtual)) {
        let ComponentItem::ComponentInstance(interface) = item.ty else { continue };
        let mut to = linker.instance(import)?;
        for (name, item) in interface.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => function(&mut to, import, name)?,
                ComponentItem::Resource(_) => resource(&mut to, name)?,
                // Types need no definition, and an interface of WASI has nothing else: what has does not link.
                ComponentItem::Type(_)
                | ComponentItem::CoreFunc(_)
                | ComponentItem::Module(_)
                | ComponentItem::Component(_)
                | ComponentItem::ComponentInstance(_) => {}
            }
        }
    }
    Ok(())
}

/// The function as it is offered here, else its denial.
fn function(to: &mut LinkerInstance<'_, Context>, import: &str, name: &str) -> wasmtime::Result<()> {
    let interface = import.strip_prefix(NAMESPACE).and_then(|rest| rest.split('@').next()).unwrap_or(import);
    let offered = match interface.split('/').next() {
        Some("cli") => cli::link(to, interface, name)?,
        Some("clocks") => clocks::link(to, interface, name)?,
        Some("filesystem") => filesystem::link(to, interface, name)?,
        Some("io") => streams::link(to, interface, name)? || poll::link(to, interface, name)?,
        Some("random") => random::link(to, interface, name)?,
        _ => false,
    };
    if offered { Ok(()) } else { denied::link(to, interface, name) }
}

/// A resource of which there never is one: a file, a socket, a terminal.
struct Absent;

impl Kept for Absent {}

fn resource(to: &mut LinkerInstance<'_, Context>, name: &str) -> wasmtime::Result<()> {
    match name {
        "input-stream" => kept::<streams::Input>(to, name),
        "output-stream" => kept::<streams::Output>(to, name),
        "pollable" => kept::<poll::Pollable>(to, name),
        _ => kept::<Absent>(to, name),
    }
}

fn kept<T: Kept>(to: &mut LinkerInstance<'_, Context>, name: &str) -> wasmtime::Result<()> {
    to.resource(name, ResourceType::host::<T>(), |mut store, handle| store.data_mut().forget(Resource::<T>::new_own(handle)))
}

#[cfg(test)]
mod tests {
    use super::Wasi;

    #[test]
    fn wasi_is_virtual_in_every_patch_of_0_2_and_in_no_other_version() {
        for import in ["wasi:cli/stdout@0.2.0", "wasi:sockets/tcp@0.2.12", "wasi:io/poll@0.2.3"] {
            assert_eq!(Wasi::of(import), Some(Wasi::Virtual), "{import}");
        }
        for import in ["wasi:cli/stdout@0.3.0", "wasi:cli/stdout@0.1.0", "wasi:cli/stdout@1.2.0", "wasi:cli/stdout", "wasi:cli/stdout@0.2.0-rc-2023-11-10"] {
            assert_eq!(Wasi::of(import), Some(Wasi::OtherVersion), "{import}");
        }
        for import in ["wasi:http/types@0.2.0", "lockstep:contract/log@0.1.0", "wasi:cli", "other:cli/stdout@0.2.0"] {
            assert_eq!(Wasi::of(import), None, "{import}");
        }
    }
}
