//! The laws over plans written by hand: each kind of call and policy at least once, so that nothing rests on chance.

use lockstep_model::plan::{OnFailure, Undo};

use crate::draft::{Call, Draft, DraftStep};
use crate::{laws, standing};

/// Every kind of call, and an end without trouble.
fn every_kind_of_call() -> Draft {
    let step = |calls: &[Call]| DraftStep { calls: calls.to_vec(), ..DraftStep::default() };
    Draft(vec![
        step(&[Call::Get(0), Call::Put(0), Call::Copy(0, 1), Call::Delete(0), Call::Log]),
        step(&[Call::Facts, Call::Post(0), Call::Tool(1), Call::Denied { minds: false }]),
        step(&[Call::Secret(2), Call::Long(1), Call::Seal, Call::Pause(100), Call::Sleep(600), Call::Put(1), Call::Colour(2)]),
    ])
}

/// A step that is tried again with the same keys, one that may fail, and one whose failure turns the run back.
fn a_way_there_and_back() -> Draft {
    let calls = |calls: &[Call]| calls.to_vec();
    Draft(vec![
        DraftStep { calls: calls(&[Call::Put(0), Call::Post(0)]), fails: 1, attempts: 2, ..DraftStep::default() },
        DraftStep { calls: calls(&[Call::Tool(0), Call::Broken { slow: false, once: false }]), on_failure: OnFailure::Continue, ..DraftStep::default() },
        DraftStep { needs: Some(vec![0]), calls: calls(&[Call::Delete(0), Call::Secret(1)]), undo_fails: 1, ..DraftStep::default() },
        DraftStep { calls: calls(&[Call::Post(1), Call::Broken { slow: true, once: true }]), ..DraftStep::default() },
    ])
}

/// A failure behind the point of no return.
fn a_way_back_that_ends() -> Draft {
    let step = |call, undo, fails| DraftStep { calls: vec![call], undo, fails, ..DraftStep::default() };
    Draft(vec![step(Call::Put(0), Undo::UndoStep, 0), step(Call::Post(0), Undo::Irreversible, 0), step(Call::Put(1), Undo::UndoStep, 1)])
}

/// A failure, and an undo that never works.
fn a_way_back_that_gives_up() -> Draft {
    let step = |call, fails, undo_fails| DraftStep { calls: vec![call], fails, undo_fails, ..DraftStep::default() };
    Draft(vec![step(Call::Put(0), 0, u32::MAX), step(Call::Post(0), 0, 1), step(Call::Put(1), 1, 0)])
}

/// A step that is tried again after one that does not need it has changed the same value.
fn one_step_overtakes_another() -> Draft {
    let step = |calls: &[Call], fails| DraftStep { needs: Some(vec![]), calls: calls.to_vec(), fails, attempts: 2, ..DraftStep::default() };
    Draft(vec![step(&[Call::Put(0)], 1), step(&[Call::Post(0), Call::Secret(0)], 0)])
}

fn all() -> [Draft; 5] {
    [every_kind_of_call(), a_way_there_and_back(), a_way_back_that_ends(), a_way_back_that_gives_up(), one_step_overtakes_another()]
}

#[test]
fn a_crash_at_any_append_ends_in_the_same_state_and_does_nothing_twice() {
    all().iter().for_each(|draft| laws::survives_a_crash_at_every_append(|| draft.script()));
}

#[test]
fn crashes_without_end_end_in_the_same_state() {
    for lives in [[1; 40], [2; 40], [3; 40], [5; 40]] {
        all().iter().for_each(|draft| laws::survives_many_crashes(|| draft.script(), &lives));
    }
}

#[test]
fn a_loss_of_power_at_any_append_ends_in_the_same_state_and_does_nothing_twice() {
    all().map(Draft::in_order).iter().for_each(|draft| laws::survives_a_loss_of_power(|| draft.script()));
}

#[test]
fn a_host_that_dies_in_a_call_repeats_it_only_when_it_may() {
    all().iter().for_each(|draft| laws::repeats_what_may_be_repeated(|| draft.script()));
}

#[test]
fn whichever_call_fails_what_was_there_before_is_there_again() {
    for draft in [every_kind_of_call(), a_way_there_and_back().undoable(), one_step_overtakes_another()] {
        laws::leaves_things_as_they_were(|| draft.script());
    }
}

#[test]
fn a_store_that_fails_at_any_append_lets_no_effect_follow_and_says_so() {
    all().iter().for_each(|draft| laws::does_nothing_that_it_cannot_record(|| draft.script()));
}

#[test]
fn a_run_that_its_operator_stops_at_any_append_goes_on_to_the_same_end() {
    all().map(Draft::in_order).iter().for_each(|draft| standing::goes_on_after_its_operator_stopped_it(|| draft.script()));
}

#[test]
fn an_act_at_any_append_comes_to_the_same_end_however_often_the_host_dies_over_it() {
    let drafts = [a_way_there_and_back(), a_way_back_that_ends(), a_way_back_that_gives_up()];
    drafts.map(Draft::in_order).iter().for_each(standing::heeds_every_act_after_every_append);
}

#[test]
fn a_run_taken_back_at_any_append_leaves_things_as_they_were() {
    for draft in [every_kind_of_call(), a_way_there_and_back(), one_step_overtakes_another()] {
        standing::is_taken_back_after_every_append(|| draft.clone().undoable().script());
    }
}

#[test]
fn a_run_that_waits_and_is_woken_comes_to_the_same_end_wherever_a_waker_dies() {
    all().map(Draft::in_order).iter().for_each(|draft| standing::is_woken_to_the_same_end(|| draft.script()));
}

#[test]
fn nothing_is_performed_after_the_lease_was_lost_at_any_append() {
    all().iter().for_each(|draft| standing::performs_nothing_after_its_lease_was_lost(|| draft.script()));
}

#[test]
fn a_store_that_hangs_at_any_append_is_waited_for_and_changes_nothing() {
    all().iter().for_each(|draft| laws::waits_for_a_store_that_hangs(|| draft.script()));
}

#[test]
fn a_dry_run_changes_nothing() {
    all().iter().for_each(|draft| laws::changes_nothing_when_it_is_dry(|| draft.script()));
}
