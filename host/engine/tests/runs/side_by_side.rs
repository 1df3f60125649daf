//! Several calls at once: side by side outside, one after the other in the journal.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use lockstep_engine::{House, start};
use lockstep_gate::{CallContext, Driver, Drivers, Gate};
use lockstep_grant::Granted;
use lockstep_journal::Store;
use lockstep_journal::event::Event;
use lockstep_model::request::{HttpRequest, HttpResponse};
use lockstep_model::{EffectClass, Failure, RunOutcome};
use lockstep_testkit::{FakeDrivers, Script};

use crate::world::{World, nothing};

/// Reads wait here until as many are under way as are to meet.
struct Meeting {
    drivers: FakeDrivers,
    wanted: usize,
    there: Mutex<usize>,
    another: Condvar,
}

impl Driver<HttpRequest> for Meeting {
    fn perform(&self, call: &Granted<HttpRequest>, context: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        if call.class() == EffectClass::Read {
            let mut there = self.there.lock().unwrap();
            *there += 1;
            self.another.notify_all();
            let (_there, waited) = self.another.wait_timeout_while(there, Duration::from_secs(20), |there| *there < self.wanted).unwrap();
            if waited.timed_out() {
                return Err(Failure::problem("test.alone", "nobody else was under way"));
            }
        }
        Driver::perform(&self.drivers, call, context)
    }
}

fn requests(lines: &[(&str, &str)]) -> Vec<HttpRequest> {
    lines.iter().map(|(method, path)| HttpRequest::to(method, &format!("http://app.test/{path}"))).collect()
}

fn house(world: &World, wanted: usize) -> House {
    let meeting = Meeting { drivers: world.drivers.clone(), wanted, there: Mutex::new(0), another: Condvar::new() };
    let house = world.house();
    let drivers = Drivers { http: Arc::new(meeting), ..house.drivers.clone() };
    House { drivers, ..house }
}

/// What the journal has, in its order: reads, denials, intents.
fn recorded(world: &World) -> Vec<String> {
    let records = world.store.records(world.only_run()).unwrap();
    let calls = records.iter().filter_map(|record| match &record.record.event {
        Event::CallAnswered(call) => Some((&call.id, &call.asked)),
        Event::CallStarted(call) => Some((&call.id, &call.asked)),
        Event::CallDenied(call) => Some((&call.id, &call.asked)),
        _ => None,
    });
    calls.map(|(id, asked)| format!("{} {}", id.call, asked.summary.replace("http://app.test/", ""))).collect()
}

fn all(gate: &Gate, lines: &[(&str, &str)]) -> Result<Vec<Result<HttpResponse, Failure>>, Failure> {
    gate.call_all(requests(lines)).map_err(|stop| Failure::problem("test.stopped", format!("{stop:?}")))
}

#[test]
fn reads_are_performed_side_by_side_and_recorded_in_the_order_asked() {
    let world = World::of(Script::default().step(
        "all",
        |gate| {
            let paths: Vec<String> = (0..20).map(|number| format!("{number}")).collect();
            let lines: Vec<(&str, &str)> = paths.iter().map(|path| ("GET", path.as_str())).collect();
            let answers = all(gate, &lines)?;
            for (answer, path) in answers.into_iter().zip(&paths) {
                assert!(answer?.url.ends_with(&format!("/{path}")));
            }
            Ok(())
        },
        nothing,
    ));
    assert_eq!(start(&house(&world, 20), world.start()).unwrap().outcome, RunOutcome::Succeeded);
    let expected: Vec<String> = (0..20).map(|number| format!("{} GET {number}", number + 1)).collect();
    assert_eq!(recorded(&world), expected);
}

#[test]
fn what_changes_something_is_done_by_itself_in_its_place() {
    let world = World::of(Script::default().step(
        "all",
        |gate| {
            let answers = all(gate, &[("GET", "a"), ("GET", "b"), ("PUT", "c"), ("GET", "d"), ("GET", "e")])?;
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            Ok(())
        },
        nothing,
    ));
    // Two and two: `d` and `e` come after `c`, and are let through by then.
    assert_eq!(start(&house(&world, 2), world.start()).unwrap().outcome, RunOutcome::Succeeded);
    assert_eq!(recorded(&world), ["1 GET a", "2 GET b", "3 PUT c", "4 GET d", "5 GET e"]);
    assert_eq!(world.drivers.summaries()[2], "PUT http://app.test/c");
}

#[test]
fn a_denied_one_is_recorded_in_its_place_and_the_others_are_answered() {
    let world = World::of(Script::default().step(
        "all",
        |gate| {
            let mut lines = requests(&[("GET", "a"), ("GET", "b")]);
            lines.insert(1, HttpRequest::to("GET", "http://elsewhere.test/"));
            let answers = gate.call_all(lines).map_err(|stop| Failure::problem("test.stopped", format!("{stop:?}")))?;
            assert!(answers[0].is_ok() && matches!(answers[1], Err(Failure::Denied(_))) && answers[2].is_ok(), "{answers:?}");
            Ok(())
        },
        nothing,
    ));
    assert_eq!(start(&house(&world, 1), world.start()).unwrap().outcome, RunOutcome::Succeeded);
    assert_eq!(recorded(&world), ["1 GET a", "2 GET http://elsewhere.test/", "3 GET b"]);
}
