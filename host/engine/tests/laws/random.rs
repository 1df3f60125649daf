//! The laws over random plans: steps with random needs, retries, policies, deadlines, undo kinds and failures, and calls of every class.

use lockstep_journal::Act;
use lockstep_model::plan::{OnFailure, Undo};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::draft::{Call, Draft, DraftStep};
use crate::laws::{self, Whole};
use crate::standing;

fn call() -> impl Strategy<Value = Call> {
    let value = || 0..3_u8;
    prop_oneof![
        2 => value().prop_map(Call::Get),
        6 => value().prop_map(Call::Put),
        2 => (value(), value()).prop_map(|(from, to)| Call::Copy(from, to)),
        2 => value().prop_map(Call::Delete),
        5 => (0..2_u8).prop_map(Call::Post),
        3 => (0..2_u8).prop_map(Call::Tool),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(slow, once)| Call::Broken { slow, once }),
        2 => value().prop_map(Call::Secret),
        1 => value().prop_map(Call::Long),
        1 => any::<bool>().prop_map(|minds| Call::Denied { minds }),
        2 => Just(Call::Facts),
        1 => prop_oneof![Just(100), Just(9_000)].prop_map(Call::Pause),
        1 => prop_oneof![Just(1), Just(20)].prop_map(Call::Sleep),
        1 => value().prop_map(Call::Colour),
        1 => Just(Call::Log),
        1 => Just(Call::Seal),
    ]
}

/// A step. What is likely comes first: a failing case shrinks to it.
fn step() -> impl Strategy<Value = DraftStep> {
    let needs = prop_oneof![3 => Just(None), 1 => vec(0..4_usize, 0..3).prop_map(Some)];
    let timeout = prop_oneof![3 => Just(None), 1 => Just(Some(60)), 1 => Just(Some(3))];
    let on_failure = prop_oneof![3 => Just(OnFailure::Undo), 1 => Just(OnFailure::Decide), 1 => Just(OnFailure::Pause), 1 => Just(OnFailure::Continue)];
    let undo = prop_oneof![6 => Just(Undo::UndoStep), 1 => Just(Undo::NothingToUndo), 1 => Just(Undo::Irreversible)];
    let fails = prop_oneof![4 => Just(0), 1 => 1..4_u32];
    let undo_fails = prop_oneof![4 => Just(0), 1 => 1..4_u32];
    (needs, vec(call(), 0..5), fails, 1..4_u32, timeout, on_failure, undo, undo_fails).prop_map(
        |(needs, calls, fails, attempts, timeout, on_failure, undo, undo_fails)| DraftStep {
            needs,
            calls,
            fails,
            attempts,
            timeout,
            on_failure,
            undo,
            undo_fails,
        },
    )
}

/// One to four steps. A need that is no earlier step is left out.
fn draft() -> impl Strategy<Value = Draft> {
    vec(step(), 1..5).prop_map(|mut steps| {
        for (number, step) in steps.iter_mut().enumerate() {
            if let Some(needs) = &mut step.needs {
                needs.retain(|need| *need < number);
                needs.sort_unstable();
                needs.dedup();
            }
        }
        Draft(steps)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn random_plans_survive_a_crash_at_every_append(draft in draft().prop_map(Draft::taking_turns)) {
        laws::survives_a_crash_at_every_append(|| draft.script());
    }

    #[test]
    fn random_plans_survive_many_crashes(draft in draft().prop_map(Draft::taking_turns), lives in vec(1..12_usize, 1..8)) {
        laws::survives_many_crashes(|| draft.script(), &lives);
    }

    #[test]
    fn random_plans_survive_a_loss_of_power(draft in draft().prop_map(Draft::in_order)) {
        laws::survives_a_loss_of_power(|| draft.script());
    }

    #[test]
    fn random_plans_repeat_what_may_be_repeated_and_nothing_else(draft in draft()) {
        laws::repeats_what_may_be_repeated(|| draft.script());
    }

    #[test]
    fn random_plans_leave_things_as_they_were_when_any_call_fails(draft in draft().prop_map(Draft::undoable)) {
        laws::leaves_things_as_they_were(|| draft.script());
    }

    #[test]
    fn random_plans_do_nothing_that_they_cannot_record(draft in draft().prop_map(Draft::taking_turns)) {
        laws::does_nothing_that_it_cannot_record(|| draft.script());
    }

    #[test]
    fn random_plans_go_on_after_their_operator_stopped_them(draft in draft().prop_map(Draft::in_order)) {
        standing::goes_on_after_its_operator_stopped_it(|| draft.script());
    }

    #[test]
    fn random_plans_heed_any_act_however_often_the_host_dies(draft in draft().prop_map(Draft::in_order), acts in any::<Index>(), append in any::<Index>()) {
        let (whole, asks) = (Whole::of(&|| draft.script()), standing::asks(&draft));
        standing::heeds_an_act(|| draft.script(), &whole, acts.get::<Vec<Act>>(&asks), append.index(whole.appends) + 1);
    }

    #[test]
    fn random_plans_are_woken_to_the_same_end(draft in draft().prop_map(Draft::in_order)) {
        standing::is_woken_to_the_same_end(|| draft.script());
    }

    #[test]
    fn random_plans_perform_nothing_after_their_lease_was_lost(draft in draft()) {
        standing::performs_nothing_after_its_lease_was_lost(|| draft.script());
    }

    #[test]
    fn random_plans_change_nothing_in_a_dry_run(draft in draft()) {
        laws::changes_nothing_when_it_is_dry(|| draft.script());
    }
}
