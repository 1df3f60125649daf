//! Reads the debug information of compilers that write DWARF: those of Rust and C.

use std::collections::BTreeMap;

use addr2line::Context;
use addr2line::gimli::{self, EndianSlice, LittleEndian};
use lockstep_api::lines::Frame;
use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload};

use super::{Instruction, own};
use crate::component::PACKAGE;

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The debug information of a module.
pub(super) struct Dwarf<'a> {
    context: Context<Slice<'a>>,
    /// The names of the module's own functions: not every one is among the debug information.
    names: BTreeMap<usize, &'a str>,
    /// The project's folder, as the compiler calls it.
    root: &'a str,
}

impl<'a> Dwarf<'a> {
    /// Reads it. `root` is what the compiler calls the project's folder.
    ///
    /// # Errors
    /// When it is not to be understood. A module without any is a module of which nothing is known.
    pub(super) fn read(module: &'a [u8], root: &'a str) -> gimli::Result<Self> {
        let (mut sections, mut names, mut imported) = (BTreeMap::new(), BTreeMap::new(), 0);
        for payload in Parser::new(0).parse_all(module) {
            match payload {
                Ok(Payload::ImportSection(imports)) => {
                    imported = imports.into_imports().flatten().filter(|import| matches!(import.ty, wasmparser::TypeRef::Func(_))).count();
                }
                Ok(Payload::CustomSection(section)) => {
                    sections.insert(section.name(), section.data());
                    if let KnownCustom::Name(reader) = section.as_known() {
                        let functions = reader.into_iter().flatten().filter_map(|name| if let Name::Function(names) = name { Some(names) } else { None });
                        names.extend(functions.flatten().flatten().filter_map(|naming| Some(((naming.index as usize).checked_sub(imported)?, naming.name))));
                    }
                }
                _ => {}
            }
        }
        let load = |id: gimli::SectionId| Ok::<_, gimli::Error>(EndianSlice::new(sections.get(id.name()).copied().unwrap_or_default(), LittleEndian));
        Ok(Self { context: Context::from_dwarf(gimli::Dwarf::load(load)?)?, names, root })
    }

    /// The places of an instruction in the project's sources: the compiler puts functions into others, so that there may be several.
    pub(super) fn places(&self, instruction: &Instruction<'_>) -> Vec<Frame> {
        let (mut places, Ok(mut frames)) = (Vec::new(), self.context.find_frames(instruction.address).skip_all_loads()) else { return Vec::new() };
        // What cannot be understood is not known, like what is not there.
        while let Ok(Some(frame)) = frames.next() {
            let Some(location) = frame.location else { continue };
            let (Some(file), Some(line)) = (location.file.and_then(|file| own(file.strip_prefix(self.root)?.strip_prefix('/')?)), location.line) else {
                continue;
            };
            let name = frame.function.and_then(|function| Some(function.raw_name().ok()?.into_owned()));
            let name = name.or_else(|| self.names.get(&instruction.function).map(|name| (*name).to_owned())).unwrap_or_default();
            // What the SDK's macro makes for the contract's exports is at the macro's line, and none of the author's.
            if name.contains(PACKAGE) {
                continue;
            }
            places.push(Frame { file: file.to_owned(), line, function: format!("{:#}", demangle(&name)) });
        }
        places
    }
}
