//! The contract as a project's SDK has it, for the languages whose SDK speaks to the host itself: what may be imported, what is exported, and by
//! which core types, so that the declarations of both are made by each build and kept nowhere.

use std::path::{Path, PathBuf};

use lockstep_api::Code;
use wit_component::StringEncoding;
use wit_parser::abi::{AbiVariant, WasmSignature, WasmType};
use wit_parser::{Function, InterfaceId, Mangling, Resolve, TypeDefKind, WorldId, WorldItem, WorldKey};

use crate::error::CliError;

/// Where a project without an SDK has the contract that it speaks by itself.
const OWN: &str = "wit";

/// The contract's folder in a project that speaks to the host without an SDK; none in one that has an SDK to speak for it.
pub(super) fn own(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(OWN)).filter(|contract| contract.is_dir())
}

/// The contract, and the world that has all of it.
pub(super) struct Contract {
    resolve: Resolve,
    world: WorldId,
}

/// A function between host and guest.
pub(super) struct Crossing {
    /// What the linker calls its module; empty of an export.
    pub(super) module: String,
    /// What the linker calls it.
    pub(super) name: String,
    /// What a language may call it: `http_request_send`.
    pub(super) identifier: String,
    /// Its core types.
    pub(super) signature: WasmSignature,
}

impl Contract {
    /// Reads the `.wit` files of a folder.
    ///
    /// # Errors
    /// When they are no contract.
    pub(super) fn read(folder: &Path) -> Result<Self, CliError> {
        let parsed = || -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
            let mut resolve = Resolve::default();
            let (package, _) = resolve.push_dir(folder)?;
            let package = &resolve.packages[package];
            let includes: Vec<String> = package.worlds.keys().map(|world| format!("include {};", package.name.interface_id(world))).collect();
            // What a procedure does not use is gone from its component, so that one world serves all.
            let everything = resolve.push_str("everything.wit", &format!("package lockstep:sdk; world everything {{ {} }}", includes.join(" ")))?;
            let world = resolve.select_world(&[everything], Some("everything"))?;
            Ok(Self { resolve, world })
        };
        parsed().map_err(|error| CliError::new(Code::NoModule, format!("the contract in {} cannot be read", folder.display())).detail(format!("{error:#}")))
    }

    /// What a guest may ask of its host: every function, and the drop of every resource.
    pub(super) fn imports(&self) -> Vec<Crossing> {
        let world = &self.resolve.worlds[self.world];
        let interfaces = world.imports.iter().filter_map(|(key, item)| Some((key, interface(item)?)));
        interfaces.flat_map(|(key, id)| self.imports_of(key, id)).collect()
    }

    fn imports_of(&self, key: &WorldKey, id: InterfaceId) -> Vec<Crossing> {
        let module = self.resolve.name_world_key(key);
        let interface = &self.resolve.interfaces[id];
        let short = interface.name.clone().unwrap_or_default();
        let functions = interface.functions.values().map(|function| Crossing {
            module: module.clone(),
            name: function.name.clone(),
            identifier: identifier(&short, &function.name),
            signature: self.resolve.wasm_signature(AbiVariant::GuestImport, function),
        });
        let resources = interface.types.iter().filter(|(_, id)| matches!(self.resolve.types[**id].kind, TypeDefKind::Resource));
        let drops = resources.map(|(name, _)| Crossing {
            module: module.clone(),
            name: format!("[resource-drop]{name}"),
            identifier: identifier(&short, &format!("{name}.drop")),
            signature: WasmSignature { params: vec![WasmType::I32], results: Vec::new(), indirect_params: false, retptr: false },
        });
        functions.chain(drops).collect()
    }

    /// What a host asks of its guest.
    pub(super) fn exports(&self) -> Vec<Crossing> {
        let world = &self.resolve.worlds[self.world];
        let interfaces = world.exports.iter().filter_map(|(key, item)| Some((key, interface(item)?)));
        let of = |(key, id): (&WorldKey, InterfaceId)| -> Vec<Crossing> {
            let interface = &self.resolve.interfaces[id];
            let export = |function: &Function| Crossing {
                module: String::new(),
                name: function.core_export_name(Some(&self.resolve.name_world_key(key)), Mangling::Legacy).into_owned(),
                identifier: identifier(interface.name.as_deref().unwrap_or_default(), &function.name),
                signature: self.resolve.wasm_signature(AbiVariant::GuestExport, function),
            };
            interface.functions.values().map(export).collect()
        };
        interfaces.flat_map(of).collect()
    }

    /// Writes into a module what its imports and exports are in the contract.
    ///
    /// # Errors
    /// When it is no module.
    pub(super) fn embed(&self, module: &mut Vec<u8>) -> Result<(), CliError> {
        wit_component::embed_component_metadata(module, &self.resolve, self.world, StringEncoding::UTF8)
            .map_err(|error| CliError::new(Code::NoModule, "the contract cannot be written into the module").detail(format!("{error:#}")))
    }
}

fn interface(item: &WorldItem) -> Option<InterfaceId> {
    match item {
        WorldItem::Interface { id, .. } => Some(*id),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    }
}

/// `http` and `[method]request.send` make `http_request_send`; of a constructor, `http_request`.
fn identifier(interface: &str, function: &str) -> String {
    let plain = function.rsplit(']').next().unwrap_or(function);
    format!("{interface}_{plain}").replace(['-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Contract;

    fn contract() -> Contract {
        Contract::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap()
    }

    #[test]
    fn every_function_of_the_contract_is_found_with_its_core_types() {
        let imports = contract().imports();
        let send = imports.iter().find(|function| function.identifier == "http_request_send").unwrap();
        assert_eq!((send.module.as_str(), send.name.as_str()), ("lockstep:contract/http@0.1.0", "[method]request.send"));
        assert!(send.signature.retptr && send.signature.params.len() == 2);
        for name in ["http_request", "http_request_drop", "types_probe_did_not", "files_read", "secret_by_id", "plan_step"] {
            assert!(imports.iter().any(|function| function.identifier == name), "{name}");
        }
        assert!(!imports.iter().any(|function| function.identifier == "http_probe_drop"), "used, not its own");
        let exports: Vec<_> = contract().exports().into_iter().map(|function| function.name).collect();
        assert!(exports.contains(&"lockstep:contract/procedure@0.1.0#run-step".to_owned()), "{exports:?}");
    }
}
