//! What the SDKs of all languages have in common, looked at from the host: the examples' components, as `scripts/test` has built them.

use std::collections::BTreeSet;
use std::path::Path;

use lockstep_engine::Procedure;
use lockstep_model::StepId;
use lockstep_runtime::{Limits, Runtime, RuntimeOptions};
use wit_component::{DecodedWasm, decode};
use wit_parser::{Interface, Resolve, WorldItem};

use crate::support::World;

/// Where they are.
const GUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/guests");

/// What a component's name ends with, beside `.wasm`.
const LANGUAGES: [&str; 5] = ["", "-typescript", "-python", "-go", "-c"];

/// Calls that the Rust SDK says with others: text goes and comes as bytes, and one header is found among all.
const SAID_OTHERWISE: [&str; 6] = [
    "artifact.draft.append-text",
    "http.response.body-text",
    "http.response.header",
    "shell.command.stdin-text",
    "shell.exit.stderr-text",
    "shell.exit.stdout-text",
];

/// With the code that the builds of the examples have left.
fn runtime() -> Runtime {
    Runtime::new(RuntimeOptions { cache_dir: Some(Path::new(GUESTS).join("store/cache")) }).unwrap()
}

fn example(name: &str) -> Vec<u8> {
    let file = Path::new(GUESTS).join(format!("{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}: run scripts/test, which builds it", file.display()))
}

#[test]
fn a_step_that_was_never_declared_is_the_same_failure_in_every_language() {
    let stranger = StepId::parse("stranger").unwrap();
    let runtime = runtime();
    for language in LANGUAGES {
        let procedure = runtime.load(&example(&format!("hello{language}")), Limits::default()).unwrap();
        let ran = procedure.run_step(&stranger, World::new().gate()).unwrap_err();
        let undone = procedure.undo_step(&stranger, World::new().gate()).unwrap_err();
        for failure in [ran, undone] {
            let told = (failure.code(), failure.message(), failure.is_retryable());
            assert_eq!(told, ("step.unknown", "the procedure declares no step `stranger` for these parameters", false), "hello{language}");
        }
    }
}

#[test]
fn every_call_makes_every_call_of_the_contract() {
    let mut contract = Resolve::default();
    contract.push_dir(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"))).unwrap();
    let there: BTreeSet<String> =
        contract.interfaces.iter().filter(|(_, found)| found.name.as_deref() != Some("procedure")).flat_map(|(_, found)| calls(found)).collect();
    assert!(there.len() > 70, "only {there:?}: the contract was not read");
    // What Rust does not call its linker leaves out of the component.
    let DecodedWasm::Component(component, world) = decode(&example("every-call")).unwrap() else { panic!("every-call is no component") };
    let imports = component.worlds[world].imports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(&component.interfaces[*id]),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    });
    let made: BTreeSet<String> = imports.flat_map(calls).chain(SAID_OTHERWISE.map(str::to_owned)).collect();
    let missing: Vec<_> = there.difference(&made).collect();
    assert_eq!(missing, [""; 0], "the example every-call does not make these calls");
}

fn calls(interface: &Interface) -> impl Iterator<Item = String> {
    let name = interface.name.clone().unwrap_or_default();
    interface.functions.keys().map(move |function| format!("{name}.{}", function.rsplit(']').next().unwrap_or(function)))
}
