//! `describe` and `plan`: what is declared arrives, what breaks a rule is named, and nothing can be reached.

use std::time::Duration;

use lockstep_engine::{PlanFacts, Procedure};
use lockstep_model::plan::Undo;
use lockstep_runtime::Limits;

use crate::support::{Guest, load, load_with};

const METHOD_U32: &str = "(param i32 i32)";
const METHOD_TEXT: &str = "(param i32 i32 i32)";
/// Says `guest 1.0.0`, as every guest does that says nothing else.
const DESCRIBED: &str = "(drop (call $description (i32.const 1024) (i32.const 5) (i32.const 1029) (i32.const 5)))";

fn invalid_plan(guest: &Guest) -> String {
    let failure = load(guest).plan(&PlanFacts::default()).unwrap_err();
    assert_eq!(failure.code(), "plan.invalid", "{failure}");
    assert!(failure.message().len() < 20_000, "{}", failure.message().len());
    failure.message().to_owned()
}

fn invalid_description(guest: &Guest) -> String {
    let failure = load(guest).describe().unwrap_err();
    assert_eq!(failure.code(), "plan.invalid", "{failure}");
    failure.message().to_owned()
}

#[test]
fn what_is_declared_arrives() {
    let mut guest = Guest::new()
        .import("plan", "[method]step.undoable", "(param i32)")
        .import("plan", "[method]step.timeout", METHOD_U32)
        .import("plan", "[method]step.phase", METHOD_TEXT)
        .import("plan", "[method]step.needs", "(param i32 i32 i32)");
    let (first, second, title, phase) = (guest.text("first"), guest.text("second"), guest.text("A title"), guest.text("pre-flight"));
    let guest = guest.plan(&format!(
        "(local.set $i (call $step {first} {title}))
         (call $step.undoable (local.get $i)) (call $step.timeout (local.get $i) (i32.const 60)) (call $step.phase (local.get $i) {phase})
         (drop (call $step {second} {title}))
         (local.set $i (call $step (i32.const 1024) (i32.const 5) {title}))
         (call $step.needs (local.get $i) (i32.const 0) (i32.const 0))"
    ));
    let plan = load(&guest).plan(&PlanFacts::default()).unwrap();
    let [first, second, third] = &plan.steps[..] else { panic!("{plan:?}") };
    assert_eq!((first.title.as_str(), first.phase.as_deref(), first.timeout_seconds, first.undo), ("A title", Some("pre-flight"), Some(60), Undo::UndoStep));
    assert_eq!(second.needs, std::slice::from_ref(&first.id), "the step declared before it");
    assert!(third.needs.is_empty(), "an empty list means none");
}

#[test]
fn a_step_id_of_ten_megabytes_is_named_short() {
    let guest = Guest::new().memory(r#"(memory (export "memory") 200)"#);
    let message = invalid_plan(&guest.plan("(drop (call $step (i32.const 65536) (i32.const 10000000) (i32.const 1024) (i32.const 5)))"));
    assert!(message.contains("10000000 bytes") && message.len() < 400, "{message}");
}

#[test]
fn a_step_declared_twice_is_named() {
    let guest = Guest::new().plan("(drop (call $step (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5)))".repeat(2).as_str());
    assert_eq!(invalid_plan(&guest), "step `guest`: declared twice");
}

/// Declares as many steps as asked: `s00000`, `s00001`, …
fn many_steps(count: u32) -> Guest {
    let mut guest = Guest::new();
    let text = guest.text("s00000");
    let digits = [10_000, 1_000, 100, 10, 1].into_iter().enumerate().map(|(place, unit)| {
        let at = text.trim_start_matches("(i32.const ").split(')').next().unwrap().parse::<usize>().unwrap() + 1 + place;
        format!("(i32.store8 (i32.const {at}) (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get $i) (i32.const {unit})) (i32.const 10))))")
    });
    let code = format!(
        "(loop $more {} (drop (call $step {text} {text})) (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $i) (i32.const {count}))))",
        digits.collect::<String>()
    );
    guest.plan(&code)
}

#[test]
fn a_thousand_steps_are_a_plan_and_one_more_is_not() {
    assert_eq!(load(&many_steps(1_000)).plan(&PlanFacts::default()).unwrap().steps.len(), 1_000);
    assert_eq!(invalid_plan(&many_steps(1_001)), "a step: there are 1000 already, the most there may be");
    assert!(invalid_plan(&many_steps(5_000)).ends_with("; and 3980 more"));
}

#[test]
fn every_broken_rule_is_named() {
    let mut guest = Guest::new()
        .import("plan", "[method]step.timeout", METHOD_U32)
        .import("plan", "[method]step.retry", "(param i32 i32 i32 i32)")
        .import("plan", "[method]step.irreversible", "(param i32)")
        .import("plan", "[method]step.undoable", "(param i32)")
        .import("plan", "[method]step.phase", METHOD_TEXT);
    let (id, two_lines) = (guest.text("deploy"), guest.text("two\nlines"));
    let message = invalid_plan(&guest.plan(&format!(
        "(local.set $i (call $step {id} {two_lines}))
         (call $step.timeout (local.get $i) (i32.const 0)) (call $step.timeout (local.get $i) (i32.const 86401))
         (call $step.retry (local.get $i) (i32.const 101) (i32.const 1) (i32.const 1))
         (call $step.undoable (local.get $i)) (call $step.irreversible (local.get $i))
         (call $step.phase (local.get $i) (i32.const 1024) (i32.const 65))"
    )));
    for part in [
        "title: `two\\nlines`",
        "0 seconds, expected 1 to 86400",
        "86401 seconds",
        "101 attempts, expected 1 to 100",
        "both undoable and irreversible",
        "65 bytes, at most 64",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

#[test]
fn a_description_must_be_made_once_and_be_well_formed() {
    let mut guest = Guest::new();
    let (id, version) = (guest.text("Not Kebab"), guest.text("one"));
    let message = invalid_description(&guest.describe(&format!("(drop (call $description {id} {version}))")));
    assert!(message.contains("`Not Kebab`") && message.contains("`one`"), "{message}");
    assert!(invalid_description(&Guest::new().describe("")).contains("no description"));
    let twice = DESCRIBED.repeat(2);
    assert!(invalid_description(&Guest::new().describe(&twice)).contains("described twice"));
    assert!(invalid_plan(&Guest::new().plan(&twice)).contains("only `describe` may"));
}

#[test]
fn parameters_are_checked() {
    let guest = |ids: &[&str]| {
        let mut guest = Guest::new().import("plan", "[constructor]parameter", "(param i32 i32) (result i32)");
        let declared: String = ids.iter().map(|id| format!("(drop (call $parameter {}))", guest.text(id))).collect();
        guest.describe(&format!("{DESCRIBED} {declared}"))
    };
    assert_eq!(load(&guest(&["replicas"])).describe().unwrap().parameters[0].id, "replicas");
    let message = invalid_description(&guest(&["replicas", "replicas", "Replicas"]));
    assert!(message.contains("parameter `replicas`: declared twice") && message.contains("`Replicas`"), "{message}");
    let ids: Vec<_> = (0..65).map(|number| format!("p{number}")).collect();
    assert!(invalid_description(&guest(&ids.iter().map(String::as_str).collect::<Vec<_>>())).contains("64 already"));
}

#[test]
fn a_plan_may_read_its_parameters_and_environment() {
    let mut guest = Guest::new().import("run", "parameter", "(param i32 i32 i32)").import("run", "environment", "(param i32)");
    let (id, title) = (guest.text("tag"), guest.text("title"));
    let guest = guest.plan(&format!(
        "(call $parameter {id} (i32.const 8192)) (call $environment (i32.const 8208))
         (drop (call $step (i32.load (i32.const 8196)) (i32.load (i32.const 8200)) {title}))
         (drop (call $step (i32.load (i32.const 8208)) (i32.load (i32.const 8212)) {title}))"
    ));
    let facts = PlanFacts { environment: "staging".to_owned(), parameters: [("tag".to_owned(), "v2-0".to_owned())].into() };
    let plan = load(&guest).plan(&facts).unwrap();
    assert_eq!(plan.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["v2-0", "staging"]);
}

#[test]
fn a_capability_called_in_plan_or_describe_makes_it_invalid() {
    let guest = || Guest::new().import("clock", "now", "(param i32)").import("run", "parameter", "(param i32 i32 i32)");
    assert!(invalid_plan(&guest().plan("(call $now (i32.const 8192))")).contains("`clock.now`"));
    assert!(invalid_description(&guest().describe("(call $now (i32.const 8192))")).contains("`clock.now`"));
    let parameter = "(call $parameter (i32.const 1024) (i32.const 5) (i32.const 8192))";
    assert!(invalid_description(&guest().describe(parameter)).contains("`run.parameter`"));
    let request = Guest::new().import("http", "[constructor]request", "(param i32 i32 i32 i32) (result i32)");
    let request = request.plan("(drop (call $request (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))");
    assert!(invalid_plan(&request).contains("`http.request`"));
}

#[test]
fn a_trap_while_declaring_is_a_failure() {
    let failure = load(&Guest::new().describe("unreachable")).describe().unwrap_err();
    assert_eq!(failure.code(), "guest.trap");
    assert!(failure.message().contains("unreachable"), "{failure}");
}

#[test]
fn a_guest_may_give_up_while_declaring_and_says_why() {
    let mut guest = Guest::new().import("run", "give-up", "(param i32 i32)");
    let why = guest.text("no such slot");
    let failure = load(&guest.plan(&format!("(call $give-up {why})"))).plan(&PlanFacts::default()).unwrap_err();
    assert_eq!((failure.code(), failure.message()), ("step.exception", "no such slot"));
}

#[test]
fn planning_for_ever_is_ended() {
    let limits = Limits { declaring: Duration::from_millis(30), fuel: u64::MAX, ..Limits::default() };
    let failure = load_with(&Guest::new().plan("(loop $ever (br $ever))"), limits).plan(&PlanFacts::default()).unwrap_err();
    assert_eq!(failure.code(), "limit.time", "{failure}");
}

#[test]
fn a_plan_that_fails_says_why_itself() {
    let mut guest = Guest::new();
    let text = guest.text("no such region");
    let (at, length) = text.split_once(") ").unwrap();
    // result: err (1), failure: denied (0), text
    let guest = guest.plan(&format!(
        "(i32.store8 (i32.const 8192) (i32.const 1)) (i32.store (i32.const 8200) {at})) (i32.store (i32.const 8204) {length}) (return (i32.const 8192))"
    ));
    let failure = load(&guest).plan(&PlanFacts::default()).unwrap_err();
    assert_eq!((failure.code(), failure.message()), ("denied", "no such region"));
}
