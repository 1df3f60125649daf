//! Every function of the contract with every wrong argument: texts and lists of 30 megabytes, pointers that lead nowhere, bytes that are no text, numbers
//! at their ends, handles that are none. The guest is made from the contract, so that a function that is added is tried without anyone thinking of it.

use std::fmt::Write as _;
use std::path::Path;

use lockstep_api::failures;
use lockstep_engine::{PlanFacts, Procedure};
use lockstep_model::{Failure, StepId};
use lockstep_runtime::{Limits, Runtime, RuntimeOptions};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId};

use crate::guest::Guest;
use crate::world::World;

/// Fewer, and the contract was not read.
const LEAST_FUNCTIONS: usize = 70;
/// How long a failure may be.
const LONGEST_MESSAGE: usize = 20_000;
/// The functions that a plan may call, and a step may not.
const PLANNING: &str = "plan";

/// A kind of wrong argument.
struct Wrong {
    name: &'static str,
    /// Address and length of each text and list.
    bytes: &'static str,
    number: &'static str,
    /// The handle; none: one that is the guest's own, where a guest can make one.
    handle: Option<&'static str>,
}

const WRONG: [Wrong; 5] = [
    Wrong { name: "huge", bytes: "(i32.const 65536) (i32.const 31457280)", number: "(i32.const -1)", handle: None },
    Wrong { name: "out of reach", bytes: "(i32.const 0x7ffffff0) (i32.const 100)", number: "(i32.const 0x7fffffff)", handle: None },
    Wrong { name: "no text", bytes: "(i32.const 4096) (i32.const 4)", number: "(i32.const 0)", handle: None },
    Wrong { name: "nothing", bytes: "(i32.const 0) (i32.const 0)", number: "(i32.const 0)", handle: None },
    Wrong { name: "forged", bytes: "(i32.const 1024) (i32.const 5)", number: "(i32.const 1)", handle: Some("(i32.const 4711)") },
];

/// How a guest comes by a handle of its own. What is not here only a host can make: then the handle is forged.
const MAKERS: [(&str, &str); 13] = [
    ("request", "(call $make.request (i32.const 4200) (i32.const 3) (i32.const 4210) (i32.const 20))"),
    ("command", "(call $make.command (i32.const 4240) (i32.const 9) (i32.const 0) (i32.const 0))"),
    ("draft", "(call $make.draft (i32.const 1024) (i32.const 5))"),
    ("description", "(call $make.description (i32.const 1024) (i32.const 5) (i32.const 1029) (i32.const 5))"),
    ("parameter", "(call $make.parameter (i32.const 1024) (i32.const 5))"),
    ("step", "(call $make.step (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5))"),
    ("sealed", "(call $sealed)"),
    ("response", "(call $response)"),
    (
        "target",
        "(call $make.target (i32.const 4300) (i32.const 7) (i32.const 4310) (i32.const 10) (i32.const 4330) (i32.const 4) (i32.const 4330) (i32.const 4))",
    ),
    ("selection", "(call $make.selection (i32.const 4300) (i32.const 7) (i32.const 4310) (i32.const 10) (i32.const 4330) (i32.const 4))"),
    ("revision", "(call $revision)"),
    ("statement", "(call $make.statement (i32.const 4340) (i32.const 8))"),
    ("transaction", "(call $make.transaction)"),
];

/// What the makers need beside constructors: `GET`, `https://example.com/`, `/bin/true`, a recorded revision, a deployment, a statement, and what asks and takes the handle out of the answer.
const ITEMS: &str = r#"
    (data (i32.const 4096) "a\ff\feb") (data (i32.const 4200) "GET") (data (i32.const 4210) "https://example.com/") (data (i32.const 4240) "/bin/true")
    (data (i32.const 4260) "{\22version\22:{\22uid\22:\22\22,\22version\22:\22\22}}") (data (i32.const 4300) "apps/v1") (data (i32.const 4310) "Deployment")
    (data (i32.const 4330) "shop") (data (i32.const 4340) "SELECT 1")
    (func $revision (result i32) (call $make.revision (i32.const 4260) (i32.const 35) (i32.const 8192)) (i32.load (i32.const 8196)))
    (func $sealed (result i32)
        (call $make.seal (call $make.draft (i32.const 1024) (i32.const 5)) (i32.const 8192)) (i32.load (i32.const 8196)))
    (func $response (result i32)
        (call $make.send (call $make.request (i32.const 4200) (i32.const 3) (i32.const 4210) (i32.const 20)) (i32.const 8192)) (i32.load (i32.const 8196)))"#;

#[test]
fn every_function_of_the_contract_survives_every_wrong_argument() {
    let mut resolve = Resolve::default();
    resolve.push_dir(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"))).unwrap();
    let mut functions = Vec::new();
    for (_, interface) in resolve.interfaces.iter().filter(|(_, interface)| interface.name.as_deref() != Some("procedure")) {
        let name = interface.name.as_deref().unwrap();
        functions.extend(interface.functions.values().map(|function| (name, function)));
    }
    assert!(functions.len() >= LEAST_FUNCTIONS, "only {} functions were found", functions.len());
    let mut strange = Vec::new();
    for wrong in &WRONG {
        let procedure = loaded(&resolve, &functions, wrong);
        for (number, (interface, function)) in functions.iter().enumerate() {
            let ended = call(&procedure, number, *interface == PLANNING);
            if let Err(failure) = ended
                && (failures::find(failure.code()).is_none() || failure.message().len() > LONGEST_MESSAGE)
            {
                strange.push(format!("{interface}.{}, {}: {} bytes, [{}]", function.name, wrong.name, failure.message().len(), failure.code()));
            }
        }
    }
    assert!(strange.is_empty(), "not a documented failure: {strange:#?}");
}

/// Calls the function of that number, in a plan or in a step.
fn call(procedure: &impl Procedure, number: usize, planning: bool) -> Result<(), Failure> {
    if planning {
        let facts = PlanFacts { environment: number.to_string(), ..PlanFacts::default() };
        return procedure.plan(&facts).map(drop);
    }
    procedure.run_step(&StepId::parse(&number.to_string()).unwrap(), World::new().gate()).map(drop)
}

/// A guest that calls the function whose number it is given, as the step's id or the environment.
fn loaded(resolve: &Resolve, functions: &[(&str, &Function)], wrong: &Wrong) -> impl Procedure + use<> {
    let mut guest = Guest::new()
        .memory(r#"(memory (export "memory") 600)"#)
        .import_as("http", "[constructor]request", "make.request", "(param i32 i32 i32 i32) (result i32)")
        .import_as("shell", "[constructor]command", "make.command", "(param i32 i32 i32 i32) (result i32)")
        .import_as("artifact", "[constructor]draft", "make.draft", "(param i32 i32) (result i32)")
        .import_as("plan", "[constructor]description", "make.description", "(param i32 i32 i32 i32) (result i32)")
        .import_as("plan", "[constructor]parameter", "make.parameter", "(param i32 i32) (result i32)")
        .import_as("plan", "[constructor]step", "make.step", "(param i32 i32 i32 i32) (result i32)")
        .import_as("artifact", "[method]draft.seal", "make.seal", "(param i32 i32)")
        .import_as("http", "[method]request.send", "make.send", "(param i32 i32)")
        .import_as("kube", "[constructor]target", "make.target", "(param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)")
        .import_as("kube", "[constructor]selection", "make.selection", "(param i32 i32 i32 i32 i32 i32) (result i32)")
        .import_as("kube", "[static]revision.parse", "make.revision", "(param i32 i32 i32)")
        .import_as("db", "[constructor]statement", "make.statement", "(param i32 i32) (result i32)")
        .import_as("db", "[constructor]transaction", "make.transaction", "(result i32)")
        .import_as("run", "environment", "make.environment", "(param i32)")
        .item(ITEMS)
        .item(NUMBER);
    let mut calls = String::new();
    for (number, (interface, function)) in functions.iter().enumerate() {
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
        let word = |ty: &WasmType| match ty {
            WasmType::I64 => "i64 ",
            WasmType::F64 => "f64 ",
            _ => "i32 ",
        };
        let types = |types: &[WasmType]| types.iter().map(word).collect::<String>();
        let results = if signature.results.is_empty() { String::new() } else { format!("(result {})", types(&signature.results)) };
        guest = guest.import_as(interface, &function.name, &format!("f{number}"), &format!("(param {}) {results}", types(&signature.params)));
        let arguments = if signature.indirect_params { "(i32.const 65536)".to_owned() } else { arguments(resolve, function, wrong) };
        let room = if signature.retptr { "(i32.const 8192)" } else { "" };
        let call = format!("(call $f{number} {arguments} {room})");
        let call = if signature.results.is_empty() { call } else { format!("(drop {call})") };
        writeln!(calls, "(if (i32.eq (local.get $i) (i32.const {number})) (then {call}))").unwrap();
    }
    let read = "(call $make.environment (i32.const 8192)) (local.set $i (call $number (i32.load (i32.const 8192)) (i32.load (i32.const 8196))))";
    let guest =
        guest.plan(&format!("{read} {calls}")).run_step(&format!("(local.set $i (call $number (local.get $step) (local.get $length))) {calls} (i32.const 16)"));
    let runtime = Runtime::new(RuntimeOptions::default()).unwrap();
    runtime.load(&guest.component(), Limits::default()).unwrap()
}

/// Decimal digits to a number.
const NUMBER: &str = "(func $number (param $at i32) (param $length i32) (result i32) (local $n i32)
    (loop $more
        (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10)) (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br_if $more (local.get $length)))
    (local.get $n))";

fn arguments(resolve: &Resolve, function: &Function, wrong: &Wrong) -> String {
    function.params.iter().map(|param| argument(resolve, function, &param.ty, wrong)).collect::<Vec<_>>().join(" ")
}

fn argument(resolve: &Resolve, function: &Function, ty: &Type, wrong: &Wrong) -> String {
    match ty {
        Type::String => wrong.bytes.to_owned(),
        Type::Bool | Type::U8 | Type::U16 | Type::U32 | Type::S8 | Type::S16 | Type::S32 | Type::Char => wrong.number.to_owned(),
        Type::Id(id) => match &resolve.types[*id].kind {
            TypeDefKind::List(_) => wrong.bytes.to_owned(),
            TypeDefKind::Type(ty) => argument(resolve, function, ty, wrong),
            TypeDefKind::Option(ty) => format!("(i32.const 1) {}", argument(resolve, function, ty, wrong)),
            TypeDefKind::Handle(Handle::Own(resource) | Handle::Borrow(resource)) => handle(resolve, *resource, wrong),
            other => panic!("{}: teach this test what a wrong {} is", function.name, other.as_str()),
        },
        Type::F64 => "(f64.const nan)".to_owned(),
        Type::U64 | Type::S64 | Type::F32 | Type::ErrorContext => panic!("{}: no function of the contract has such a parameter", function.name),
    }
}

/// A handle of that resource: the function is a method of it, or takes one.
fn handle(resolve: &Resolve, resource: TypeId, wrong: &Wrong) -> String {
    let defined = &resolve.types[resource];
    if let TypeDefKind::Type(Type::Id(original)) = defined.kind {
        return handle(resolve, original, wrong);
    }
    let made = MAKERS.iter().find(|(name, _)| defined.name.as_deref() == Some(name)).map(|(_, made)| *made);
    wrong.handle.or(made).unwrap_or("(i32.const 4711)").to_owned()
}
