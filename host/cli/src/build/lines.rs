//! Where in the project's sources each instruction comes from, so that a trap or a divergence names `src/lib.rs:42`.
//!
//! It is read off what the compiler says about its code, which is many times as long as the code and is left out of the component. What is kept goes into a
//! section of its own, of the project's files only: that the SDK was in between tells nobody anything.

mod dwarf;
mod pclntab;

use std::ops::Range;

use lockstep_api::lines::{Frame, Writer};
use wasmparser::{BinaryReaderError, Operator, Parser, Payload};

use dwarf::Dwarf;
use pclntab::Pclntab;

/// Folders of a project whose files are others' code, as are those outside.
const OTHERS: &[&str] = &["../", "sdk/", "node_modules/", "target/", "vendor/"];

/// What one of the project's own sources is called, by its path seen from the project's folder; none when it is the SDK's, a dependency's or the build's.
pub(super) fn own(path: &str) -> Option<&str> {
    (!OTHERS.iter().any(|other| path.starts_with(other))).then_some(path)
}

/// An instruction of a module.
struct Instruction<'a> {
    /// Which of the module's own functions it is in.
    function: usize,
    /// Where it is, counted from the beginning of the code.
    address: u64,
    /// What it does.
    operator: Operator<'a>,
}

/// The module without its compiler's debug information and names.
pub(super) fn without_debug_information(module: &[u8]) -> Vec<u8> {
    let mut kept = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(payload) = payload else { return module.to_vec() };
        let left_out = matches!(&payload, Payload::CustomSection(section) if section.name() == "name" || section.name().starts_with(".debug_"));
        if let Some((id, range)) = payload.as_section().filter(|_| !left_out) {
            kept.section(&wasm_encoder::RawSection { id, data: bytes(module, &range) });
        }
    }
    kept.finish()
}

/// The component with the places that the debug information of `module` names, which it was made of. `root` is what the compiler calls the project's folder.
/// What cannot be understood is not known: a component without places is as good as one with them.
pub(super) fn of_dwarf(component: Vec<u8>, module: &[u8], root: &str) -> Vec<u8> {
    match Dwarf::read(module, root) {
        Ok(dwarf) => write(component, module, |instruction| dwarf.places(instruction)),
        Err(_) => component,
    }
}

/// The component with the places that a Go module knows of itself, which it was made of. `root` is what the compiler calls the project's folder.
pub(super) fn of_go(component: Vec<u8>, module: &[u8], root: &str) -> Vec<u8> {
    match Pclntab::read(module, root) {
        Some(mut table) => write(component, module, |instruction| table.places(instruction)),
        None => component,
    }
}

/// The component with the places of the instructions of `module`, which it was made of. `places` says those of one, the innermost first: it is asked for each
/// instruction, in the order in which they are in the code.
fn write(component: Vec<u8>, module: &[u8], places: impl FnMut(&Instruction<'_>) -> Vec<Frame>) -> Vec<u8> {
    match gathered(&component, module, places) {
        Ok(Some(writer)) => writer.write(component),
        Ok(None) | Err(_) => component,
    }
}

fn gathered(component: &[u8], module: &[u8], mut places: impl FnMut(&Instruction<'_>) -> Vec<Frame>) -> Result<Option<Writer>, BinaryReaderError> {
    let Some(code) = code_sections(module).next() else { return Ok(None) };
    // The same code is in the component, elsewhere: what a trap knows is its place in the file.
    let Some(there) = code_sections(component).find(|there| bytes(component, there) == bytes(module, &code)) else { return Ok(None) };
    let there = |address: u64| there.start as u64 + address;
    let mut writer = Writer::default();
    let mut function = 0;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CodeSectionEntry(body) = payload? else { continue };
        // A loop without end is stopped where it begins. Compilers say nothing of that place: it is taken for the first after it of which they do.
        let mut beginning = None;
        for operator in body.get_operators_reader()?.into_iter_with_offsets() {
            let (operator, offset) = operator?;
            let address = (offset - code.start) as u64;
            let instruction = Instruction { function, address, operator };
            let frames = places(&instruction);
            if frames.is_empty() && (beginning.is_some() || matches!(instruction.operator, Operator::Loop { .. })) {
                beginning.get_or_insert(address);
                continue;
            }
            writer.row(there(beginning.take().unwrap_or(address)), &frames);
        }
        // What comes between two functions is of neither.
        writer.row(there(beginning.unwrap_or((body.range().end - code.start) as u64)), &[]);
        function += 1;
    }
    Ok(Some(writer))
}

fn code_sections(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    Parser::new(0).parse_all(bytes).filter_map(|payload| match payload {
        Ok(Payload::CodeSectionStart { range, .. }) => Some(range),
        _ => None,
    })
}

/// What the parser has found at this place.
fn bytes<'a>(file: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    file.get(range.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use lockstep_api::lines::{Frame, look_up, section};

    use super::{Operator, of_dwarf, of_go, own, without_debug_information, write};

    fn module(sections: &[&str]) -> Vec<u8> {
        let mut module = wasm_encoder::Module::new();
        for name in sections {
            module.section(&wasm_encoder::CustomSection { name: (*name).into(), data: b"x".as_slice().into() });
        }
        module.finish()
    }

    #[test]
    fn debug_information_and_names_are_left_out_and_the_rest_stays() {
        assert_eq!(without_debug_information(&module(&["name", "kept", ".debug_line"])), module(&["kept"]));
    }

    #[test]
    fn a_source_is_the_projects_own_unless_it_is_in_a_folder_of_others() {
        assert_eq!((own("src/steps/switch.rs"), own("main.go")), (Some("src/steps/switch.rs"), Some("main.go")));
        for others in ["sdk/src/http.c", "../../rust/src/http.rs", "target/lockstep/c/contract.h", "node_modules/zod/index.js", "vendor/x/x.go"] {
            assert_eq!(own(others), None, "{others}");
        }
    }

    #[test]
    fn places_are_those_of_the_same_code_in_the_component() {
        let module = wat::parse_str("(module (func nop unreachable) (func nop))").unwrap();
        let component = wat::parse_str("(component (core module (func unreachable)) (core module (func nop unreachable) (func nop)))").unwrap();
        let mut asked = Vec::new();
        let written = write(component.clone(), &module, |instruction| {
            asked.push(instruction.function);
            let frame = Frame { file: "src/lib.rs".to_owned(), line: instruction.address as u32, function: String::new() };
            if instruction.function == 0 { vec![frame] } else { Vec::new() }
        });
        assert_eq!(asked, [0, 0, 0, 1, 1]);
        assert!(written.starts_with(&component));
        // `nop unreachable end`: before it stand how many functions there are, its size, and how many variables it has.
        let first = component.windows(3).rposition(|window| window == [0x01, 0x00, 0x0b]).unwrap();
        let lines = |offset: usize| look_up(section(&written), offset as u64, 9).iter().map(|frame| frame.line).collect::<Vec<_>>();
        assert_eq!((lines(first - 1), lines(first), lines(first + 1), lines(first + 3)), (vec![], vec![3], vec![4], vec![]));
    }

    #[test]
    fn where_a_loop_begins_is_taken_for_what_follows() {
        let code = "(func (loop (drop (i32.const 0)) nop (br 0)))";
        let (module, component) = (format!("(module {code})"), format!("(component (core module {code}))"));
        let (module, component) = (wat::parse_str(module).unwrap(), wat::parse_str(component).unwrap());
        let frame = Frame { file: "src/lib.rs".to_owned(), line: 7, function: "spin".to_owned() };
        let begins = component.windows(2).position(|window| window == [0x03, 0x40]).unwrap();
        let known = |operator: &Operator<'_>| matches!(operator, Operator::Nop);
        let written = write(component, &module, |instruction| if known(&instruction.operator) { vec![frame.clone()] } else { Vec::new() });
        assert_eq!(look_up(section(&written), begins as u64, 9), std::slice::from_ref(&frame));
    }

    #[test]
    fn what_cannot_be_understood_is_not_known_and_harms_nothing() {
        let component = wat::parse_str("(component (core module (func nop)))").unwrap();
        for section in [".debug_info", ".debug_line", ".debug_abbrev", "name"] {
            let mut module = wat::parse_str("(module (func nop))").unwrap();
            let data = [0x30, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 1, 0xff, 0xff].as_slice();
            wasm_encoder::Section::append_to(&wasm_encoder::CustomSection { name: section.into(), data: data.into() }, &mut module);
            assert_eq!(of_dwarf(component.clone(), &module, "/guest"), component, "{section}");
        }
        let header = r"\f1\ff\ff\ff\00\00\01\08\ff\ff\ff\ff\ff\ff\ff\7f";
        let module = wat::parse_str(format!(r#"(module (memory 1) (data (i32.const 8) "{header}") (func nop))"#)).unwrap();
        assert_eq!(of_go(component.clone(), &module, "shop"), component);
    }

    #[test]
    fn a_component_of_other_code_gets_no_places() {
        let module = wat::parse_str("(module (func nop))").unwrap();
        let component = wat::parse_str("(component (core module (func unreachable)))").unwrap();
        let frame = Frame { file: "src/lib.rs".to_owned(), line: 1, function: String::new() };
        assert_eq!(write(component.clone(), &module, |_| vec![frame.clone()]), component);
    }
}
