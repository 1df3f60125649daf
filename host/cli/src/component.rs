//! Reads a component without running it: what it imports and exports, and the descriptor that its builder wrote into it.

use lockstep_api::{Code, Descriptor, descriptor};
use lockstep_model::Digest;
use lockstep_runtime::Wasi;
use wasmparser::{Encoding, Parser, Payload};
use wit_component::DecodedWasm;

use crate::error::CliError;

/// How WebAssembly begins.
const MAGIC: &[u8] = b"\0asm";

/// The contract's package.
pub(crate) const PACKAGE: &str = "lockstep:contract/";

/// The version of the contract that the SDK in this program speaks.
pub(crate) const CONTRACT_VERSION: &str = "0.1.0";

/// The contract this program speaks. A component may be of any 0.1.x: what a newer one added is seen when it is linked.
const CONTRACT: (u64, u64) = (0, 1);

/// What can be read off a component's bytes.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Of the bytes.
    pub(crate) digest: Digest,
    /// In bytes.
    pub(crate) size: u64,
    /// The interfaces it imports, `lockstep:contract/http@0.1.0`, sorted.
    pub(crate) imports: Vec<String>,
    /// What its builder wrote into it.
    pub(crate) descriptor: Option<Descriptor>,
}

/// Reads a component's bytes. `name` is what messages call it.
///
/// # Errors
/// When it is no component, no procedure, of a newer contract, or imports what the contract does not have.
pub(crate) fn read(bytes: &[u8], name: &str) -> Result<Facts, CliError> {
    let descriptor = sections(bytes, name)?;
    let not_a_component = |error: &dyn std::fmt::Display| CliError::new(Code::NotAComponent, format!("{name} is not a valid component: {error}"));
    let decoded = wit_component::decode(bytes).map_err(|error| not_a_component(&error))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(CliError::new(Code::NotAComponent, format!("{name} is a package of WIT, not a component")));
    };
    let world = &resolve.worlds[world];
    let names = |items: &mut dyn Iterator<Item = &wit_parser::WorldKey>| {
        let mut names: Vec<String> = items.map(|key| resolve.name_world_key(key)).collect();
        names.sort();
        names
    };
    let imports = names(&mut world.imports.keys());
    check_imports(&imports, name)?;
    check_exports(&names(&mut world.exports.keys()), name)?;
    Ok(Facts { digest: Digest::of(bytes), size: bytes.len() as u64, imports, descriptor })
}

/// The descriptor, while seeing that the bytes are a component at all.
fn sections(bytes: &[u8], name: &str) -> Result<Option<Descriptor>, CliError> {
    if !bytes.starts_with(MAGIC) {
        return Err(CliError::new(Code::NotAComponent, format!("{name} is not a component: it is not WebAssembly")));
    }
    let mut found = None;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| CliError::new(Code::NotAComponent, format!("{name} is not a component: {error}")))?;
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(CliError::new(Code::NotAComponent, format!("{name} is a core WebAssembly module, not a component"))
                    .hint("`lockstep build` makes a component of a project"));
            }
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 1 && section.name() == descriptor::SECTION => found = serde_json::from_slice(section.data()).ok(),
            _ => {}
        }
    }
    Ok(found)
}

fn check_imports(imports: &[String], name: &str) -> Result<(), CliError> {
    let foreign: Vec<&String> = imports.iter().filter(|import| !import.starts_with(PACKAGE) && !is_wasi(import)).collect();
    if !foreign.is_empty() {
        let error = CliError::new(Code::ForeignImport, format!("{name} imports what no procedure can have"));
        let error =
            if foreign.iter().any(|import| Wasi::of(import).is_some()) { error.hint("of WASI it can have version 0.2, which is virtual") } else { error };
        return Err(foreign.into_iter().fold(error, |error, import| error.detail(import)));
    }
    let newer: Vec<&String> =
        imports.iter().filter(|import| import.starts_with(PACKAGE) && version(import).is_some_and(|version| version > CONTRACT)).collect();
    if !newer.is_empty() {
        return Err(newer_contract(name, &newer));
    }
    Ok(())
}

/// Whether the interface is one of WASI that every procedure has: nothing of the machine is behind it.
pub(crate) fn is_wasi(import: &str) -> bool {
    Wasi::of(import) == Some(Wasi::Virtual)
}

fn check_exports(exports: &[String], name: &str) -> Result<(), CliError> {
    let procedures: Vec<&String> = exports.iter().filter(|export| export.starts_with("lockstep:contract/procedure@")).collect();
    match procedures.as_slice() {
        [] => {
            let error = CliError::new(Code::NotAProcedure, format!("{name} does not export `lockstep:contract/procedure`"));
            Err(if exports.is_empty() { error.detail("it exports nothing") } else { error.detail(format!("it exports {}", exports.join(", "))) })
        }
        several => {
            let newer: Vec<&String> = several.iter().copied().filter(|export| version(export).is_some_and(|version| version > CONTRACT)).collect();
            if newer.is_empty() { Ok(()) } else { Err(newer_contract(name, &newer)) }
        }
    }
}

fn newer_contract(name: &str, newer: &[&String]) -> CliError {
    let error = CliError::new(Code::NewerContract, format!("{name} wants a newer contract than {}.{}", CONTRACT.0, CONTRACT.1));
    newer.iter().fold(error, |error, interface| error.detail(interface.as_str()))
}

/// Major and minor number behind the `@`.
fn version(interface: &str) -> Option<(u64, u64)> {
    let mut parts = interface.split_once('@')?.1.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The component with a descriptor in it. There must be none yet.
///
/// # Errors
/// When the descriptor is no JSON, which none of ours is.
pub(crate) fn with_descriptor(mut component: Vec<u8>, descriptor: &Descriptor) -> Result<Vec<u8>, CliError> {
    let data = serde_json::to_vec(descriptor).map_err(|error| CliError::internal(format!("a descriptor is not JSON: {error}")))?;
    let section = wasm_encoder::CustomSection { name: descriptor::SECTION.into(), data: data.into() };
    component.push(wasm_encoder::ComponentSection::id(&section));
    wasm_encoder::Encode::encode(&section, &mut component);
    Ok(component)
}

#[cfg(test)]
mod tests {
    use lockstep_api::{Code, Descriptor, descriptor};
    use lockstep_model::plan::Description;

    use super::{check_exports, check_imports, read, sections, with_descriptor};

    #[test]
    fn what_is_not_a_procedure_is_said_so() {
        let empty_component = wasm_encoder::Component::new().finish();
        for (bytes, code) in [
            (&b"#!/bin/sh\n"[..], Code::NotAComponent),
            (b"", Code::NotAComponent),
            (b"\0asm\x01\0\0\0", Code::NotAComponent),
            (&empty_component[..], Code::NotAProcedure),
        ] {
            assert_eq!(read(bytes, "x.wasm").unwrap_err().code(), code, "{bytes:?}");
        }
    }

    #[test]
    fn foreign_imports_and_newer_contracts_are_refused() {
        let names = |name: &str| vec![name.to_owned()];
        assert!(check_imports(&names("lockstep:contract/http@0.1.7"), "x").is_ok());
        assert!(check_imports(&names("wasi:cli/environment@0.2.0"), "x").is_ok());
        for foreign in ["wasi:cli/environment@0.3.0", "wasi:cli/environment@0.1.0", "wasi:http/types@0.2.0"] {
            assert_eq!(check_imports(&names(foreign), "x").unwrap_err().code(), Code::ForeignImport, "{foreign}");
        }
        assert_eq!(check_imports(&names("lockstep:contract/http@0.2.0"), "x").unwrap_err().code(), Code::NewerContract);
        assert_eq!(check_exports(&names("lockstep:contract/procedure@1.0.0"), "x").unwrap_err().code(), Code::NewerContract);
        assert!(check_exports(&names("lockstep:contract/procedure@0.1.0"), "x").is_ok());
    }

    #[test]
    fn a_descriptor_is_found_where_it_was_put() {
        let procedure = Description { name: "hello".into(), version: "1.0.0".into(), title: None, parameters: Vec::new() };
        let written = Descriptor { format: descriptor::FORMAT, contract: "0.1.0".into(), builder: "test".into(), procedure, plan: None };
        let component = with_descriptor(wasm_encoder::Component::new().finish(), &written).unwrap();
        assert_eq!(sections(&component, "x").unwrap(), Some(written));
    }
}
