//! Probes of a real guest: built by one interface, attached by another, checked where they enter, asked by the gate.

use lockstep_model::Failure;

use crate::support::{Guest, World, load};

/// Posts with a probe that gets the state and says with `say` what it means; what the call gave lies at 8,192.
fn paying(say: impl Fn(&mut Guest) -> String) -> Guest {
    let mut guest = Guest::new()
        .import("http", "[constructor]request", "(param i32 i32 i32 i32) (result i32)")
        .import("http", "[method]request.as-probe", "(param i32) (result i32)")
        .import("http", "[method]request.probe", "(param i32 i32)")
        .import("http", "[method]request.send", "(param i32 i32)")
        .import("files", "digest-probe", "(param i32 i32 i32 i32) (result i32)")
        .import("types", "[method]probe.json", "(param i32 i32 i32 i32 i32)")
        .import("types", "[method]probe.did-not", "(param i32 i32)")
        .import("types", "[method]probe.otherwise-did-not", "(param i32)");
    let (get, state, post, pay) = (guest.text("GET"), guest.text("https://example.com/state"), guest.text("POST"), guest.text("https://example.com/pay"));
    let say = say(&mut guest);
    guest.item("(global $probe (mut i32) (i32.const 0))").run_step(&format!(
        "(global.set $probe (call $request.as-probe (call $request {get} {state})))
         {say}
         (local.set $i (call $request {post} {pay}))
         (call $request.probe (local.get $i) (global.get $probe))
         (call $request.send (local.get $i) (i32.const 8192))
         (if (i32.load8_u (i32.const 8192)) (then (return (i32.const 8192)))) (i32.const 16)"
    ))
}

/// That the state is `paid`.
fn is_paid(guest: &mut Guest) -> String {
    let (pointer, value) = (guest.text("/state"), guest.text("paid"));
    format!("(call $probe.json (global.get $probe) {pointer} {value}) (call $probe.did-not (global.get $probe) (i32.const 404))")
}

fn cut_off() -> Failure {
    Failure::TimedOut("no answer".to_owned())
}

#[test]
fn a_call_that_its_probe_finds_done_gives_the_guest_what_the_probe_saw() {
    let world = World::new();
    world.drivers.answer([Err(cut_off()), Ok(r#"{"state":"paid"}"#)]);
    assert_eq!(world.run(&load(&paying(is_paid))).unwrap(), None);
    assert_eq!(world.drivers.summaries(), ["POST https://example.com/pay", "GET https://example.com/state"]);
    assert_eq!(world.calls(), 1, "the probe is no call of the guest's");
}

#[test]
fn what_the_probe_cannot_tell_is_a_doubt_and_what_did_not_happen_a_time_out() {
    let world = World::new();
    world.drivers.answer([Err(cut_off()), Ok(r#"{"state":"open"}"#)]);
    let doubt = world.failure(&load(&paying(is_paid)), "in-doubt");
    assert!(doubt.message().contains("`/state` is `open` and not `paid`"), "{doubt}");

    let world = World::new();
    world.drivers.answer([Err(cut_off()), Ok(r#"{"state":"open"}"#)]);
    let strict = |guest: &mut Guest| is_paid(guest) + "(call $probe.otherwise-did-not (global.get $probe))";
    let late = world.failure(&load(&paying(strict)), "timed-out");
    assert!(late.message().contains("did not happen"), "{late}");
}

#[test]
fn a_probe_that_breaks_a_rule_is_said_by_its_call_and_nothing_is_performed() {
    let no_status = |_: &mut Guest| "(call $probe.did-not (global.get $probe) (i32.const 3))".to_owned();
    let no_digest = |guest: &mut Guest| {
        let (path, digest) = (guest.text("/app/current"), guest.text("md5:00"));
        format!("(global.set $probe (call $digest-probe {path} {digest}))")
    };
    for (guest, words) in [(paying(no_status), "3 is no status"), (paying(no_digest), "`md5:00` is no digest")] {
        let world = World::new();
        let failure = world.failure(&load(&guest), "probe.invalid");
        assert!(failure.message().contains(words), "{failure}");
        assert!(world.drivers.performed().is_empty() && world.calls() == 0);
    }
}

#[test]
fn a_probe_of_a_plan_ends_it() {
    let guest = Guest::new().import("files", "digest-probe", "(param i32 i32 i32 i32) (result i32)");
    let guest = guest.plan("(drop (call $digest-probe (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5)))");
    let failure = lockstep_engine::Procedure::plan(&load(&guest), &lockstep_engine::PlanFacts::default()).unwrap_err();
    assert!(failure.code() == "plan.invalid" && failure.message().contains("files.digest-probe"), "{failure}");
}
