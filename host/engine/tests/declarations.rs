//! What a procedure may declare, and what it is told: every problem at once, and nothing started.

use std::collections::BTreeMap;

use lockstep_engine::{EngineError, declare};
use lockstep_model::StepId;
use lockstep_testkit::{Script, grant};

fn nothing(_: &lockstep_gate::Gate) -> Result<(), lockstep_model::Failure> {
    Ok(())
}

fn script() -> Script {
    Script::default().imports(&[])
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect()
}

/// Declares under `toml` with `pairs` given; gives the problems, or the parameters.
#[track_caller]
fn check(script: &Script, toml: &str, pairs: &[(&str, &str)], expected: Result<&[(&str, &str)], &[&str]>) {
    match (declare(script, &grant(toml), "test", &given(pairs)), expected) {
        (Ok(declared), Ok(values)) => assert_eq!(declared.parameters, given(values)),
        (Err(EngineError::Plan(found) | EngineError::Parameters(found)), Err(parts)) => {
            assert_eq!(found.len(), parts.len(), "{found:#?}");
            for (found, part) in found.iter().zip(parts) {
                assert!(found.contains(part), "expected `{part}` in `{found}`");
            }
        }
        (found, expected) => panic!("expected {expected:?}, found {found:?}"),
    }
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_fallback() {
    let script = script().parameter("a", Some("fallback")).parameter("b", Some("fallback")).parameter("c", Some("fallback")).step("one", nothing, nothing);
    let toml = "[parameters]\nb = \"environment\"\nc = \"environment\"";
    check(&script, toml, &[("c", "given")], Ok(&[("a", "fallback"), ("b", "environment"), ("c", "given")]));
}

#[test]
fn every_problem_with_the_parameters_is_named() {
    let script = script().parameter("a", None).parameter("b", None).parameter("c", None).step("one", nothing, nothing);
    let toml = "[parameters]\nb = { value = \"environment\", locked = true }";
    check(&script, toml, &[("b", "given"), ("x", "given")], Err(&["`b` is locked", "`x` is not a parameter", "`a` is missing", "`c` is missing"]));
}

#[test]
fn a_plan_without_steps_does_not_hold() {
    check(&script(), "", &[], Err(&["no step"]));
}

#[test]
fn a_step_declared_twice_or_needing_what_is_not_there_is_named() {
    let twice = script().step("one", nothing, nothing).step("one", nothing, nothing).with(|step| step.needs = vec![StepId::parse("nowhere").unwrap()]);
    check(&twice, "", &[], Err(&["`one` is declared twice", "needs `nowhere`"]));
}

#[test]
fn a_circle_is_shown_from_end_to_end() {
    let id = |text: &str| StepId::parse(text).unwrap();
    let circle = script()
        .step("start", nothing, nothing)
        .step("a", nothing, nothing)
        .with(|step| step.needs = vec![id("start"), id("c")])
        .step("b", nothing, nothing)
        .step("c", nothing, nothing);
    check(&circle, "", &[], Err(&["a → c → b → a"]));
}

#[test]
fn the_digest_of_a_plan_is_the_same_until_the_plan_changes() {
    let digest = |script: &Script| declare(script, &grant(""), "test", &BTreeMap::new()).unwrap().digest;
    let one = || script().step("one", nothing, nothing);
    assert_eq!(digest(&one()), digest(&one()));
    assert_ne!(digest(&one()), digest(&one().with(|step| step.timeout_seconds = Some(1))));
}
