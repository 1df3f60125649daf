//! From bytes to a component that can be linked: what they are, what they export, and what they import.

use semver::Version;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::shown::shown;
use crate::wasi::Wasi;

/// The contract's package.
const PACKAGE: &str = "lockstep:contract/";
/// The contract that this host offers.
pub(crate) const CONTRACT: Version = Version::new(0, 1, 0);
/// Its interfaces to import, in alphabetical order.
const INTERFACES: [&str; 14] = ["artifact", "clock", "db", "files", "http", "kube", "log", "plan", "random", "redis", "run", "secret", "shell", "types"];
/// Larger than any guest seen (Python: 18 MB), smaller than what would take the host's memory to compile.
const LARGEST: usize = 256 << 20;
/// How many foreign imports are named.
const IMPORTS_SHOWN: usize = 8;

/// Why bytes are not a procedure that this host can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Nothing there.
    #[error("the file is empty")]
    Empty,
    /// Too large to compile.
    #[error("the file has {found} bytes, at most {LARGEST} are loaded")]
    TooLarge {
        /// How many.
        found: usize,
    },
    /// WebAssembly, but a module.
    #[error("the file is a core WebAssembly module, not a component")]
    CoreModule,
    /// The text format.
    #[error("the file is WebAssembly text, not a compiled component")]
    Text,
    /// Something else.
    #[error("the file is not WebAssembly")]
    NotWasm,
    /// A component of an unknown kind, or damaged.
    #[error("the component is invalid: {0}")]
    Invalid(String),
    /// It exports no `procedure`.
    #[error("the component is of another world: it does not export {PACKAGE}procedure, it exports {}", if .exports.is_empty() { "nothing".to_owned() } else { .exports.join(", ") })]
    NotAProcedure {
        /// What it exports.
        exports: Vec<String>,
    },
    /// It imports what no Lockstep host offers.
    #[error("the component imports what the contract does not have: {}", .imports.join(", "))]
    UnknownImports {
        /// Which, shortened when there are many.
        imports: Vec<String>,
    },
    /// It imports WASI, and not the one that is virtual here.
    #[error("the component imports another WASI than 0.2, which is the one that is virtual here: {}", .imports.join(", "))]
    OtherWasi {
        /// Which, shortened when there are many.
        imports: Vec<String>,
    },
    /// Built for a contract that this host does not know yet.
    #[error("the component needs contract {found} ({interface}), this host has {CONTRACT}")]
    NewerContract {
        /// The interface.
        interface: String,
        /// Its version.
        found: String,
    },
    /// The interface's name and version are right, its functions or types are not.
    #[error("the component does not fit contract {CONTRACT}: {0}")]
    Mismatch(String),
}

/// What a component's header says it is.
pub(crate) fn check_header(bytes: &[u8]) -> Result<(), LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    if bytes.is_empty() {
        return Err(LoadError::Empty);
    }
    if bytes.len() > LARGEST {
        return Err(LoadError::TooLarge { found: bytes.len() });
    }
    if !bytes.starts_with(MAGIC) {
        let text = bytes.trim_ascii_start().starts_with(b"(");
        return Err(if text { LoadError::Text } else { LoadError::NotWasm });
    }
    // Two bytes of version, two of layer: 0 is a module, 1 a component.
    match bytes.get(4..8) {
        Some([_, _, 0, 0]) => Err(LoadError::CoreModule),
        Some([_, _, 1, 0]) => Ok(()),
        Some(_) => Err(LoadError::Invalid("it is of an unknown kind".to_owned())),
        None => Err(LoadError::Invalid("it ends in its header".to_owned())),
    }
}

/// What a component exports and imports.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// Interfaces of the contract without package and version, sorted.
    pub(crate) imports: Vec<String>,
    /// Whether it imports WASI: virtual, so that it says nothing about what the component can reach.
    pub(crate) wasi: bool,
    /// An interface of a later patch of the contract, if there is one: it may link, and if not, this is why.
    later: Option<(String, String)>,
}

impl Manifest {
    /// Reads it off the component's type.
    ///
    /// # Errors
    /// When it is of another world, or of a contract that this host does not have.
    pub(crate) fn of(component: &Component, engine: &Engine) -> Result<Self, LoadError> {
        let component_type = component.component_type();
        let exports: Vec<_> = component_type.exports(engine).map(|(name, _)| name.to_owned()).collect();
        let imports: Vec<_> = component_type.imports(engine).map(|(name, _)| name.to_owned()).collect();
        let mut manifest = Self { imports: Vec::new(), wasi: false, later: None };
        let (mut unknown, mut other_wasi) = (Vec::new(), Vec::new());
        for import in &imports {
            match part_of_contract(import) {
                Some((interface, version)) => {
                    let known = INTERFACES.contains(&interface);
                    manifest.meet(interface, &version)?;
                    if known { manifest.imports.push(interface.to_owned()) } else { unknown.push(shown(import)) }
                }
                None => match Wasi::of(import) {
                    Some(Wasi::Virtual) => manifest.wasi = true,
                    Some(Wasi::OtherVersion) => other_wasi.push(shown(import)),
                    None => unknown.push(shown(import)),
                },
            }
        }
        if !other_wasi.is_empty() {
            other_wasi.truncate(IMPORTS_SHOWN);
            return Err(LoadError::OtherWasi { imports: other_wasi });
        }
        if !unknown.is_empty() {
            unknown.truncate(IMPORTS_SHOWN);
            return Err(LoadError::UnknownImports { imports: unknown });
        }
        match exports.iter().find_map(|export| part_of_contract(export).filter(|(interface, _)| *interface == "procedure")) {
            Some((interface, version)) => manifest.meet(interface, &version)?,
            None => return Err(LoadError::NotAProcedure { exports: exports.iter().take(IMPORTS_SHOWN).map(|export| shown(export)).collect() }),
        }
        manifest.imports.sort();
        Ok(manifest)
    }

    /// Another minor version is another contract; a later patch may do.
    fn meet(&mut self, interface: &str, version: &Version) -> Result<(), LoadError> {
        let newer = || LoadError::NewerContract { interface: interface.to_owned(), found: version.to_string() };
        if (version.major, version.minor) != (CONTRACT.major, CONTRACT.minor) {
            return Err(newer());
        }
        if *version > CONTRACT {
            self.later = Some((interface.to_owned(), version.to_string()));
        }
        Ok(())
    }

    /// Why it does not link.
    pub(crate) fn mismatch(&self, error: &wasmtime::Error) -> LoadError {
        match self.later.clone() {
            Some((interface, found)) => LoadError::NewerContract { interface, found },
            None => LoadError::Mismatch(format!("{error:#}").chars().take(1_000).collect()),
        }
    }
}

/// Interface and version, when the name is one of the contract's.
fn part_of_contract(name: &str) -> Option<(&str, Version)> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    Some((interface, Version::parse(version).ok()?))
}
