//! What a driver notes before anything happens: the intent shares the note's sync, and nothing happens unless both are durable, whatever the disk does.

use std::sync::{Arc, Mutex};

use lockstep_engine::{House, resume, start};
use lockstep_gate::{CallContext, Driver, Drivers, Settled};
use lockstep_grant::{Grant, Granted};
use lockstep_journal::{Durability, Event, Store, StoreError};
use lockstep_model::request::{DbAsk, DbRequest, DbResponse, DbStatement};
use lockstep_model::{Failure, RunOutcome};
use lockstep_testkit::{FakeDrivers, Script, ask, grant, house, resume_of, start_of};
use serde_json::{Value, json};

use crate::disk::{Disk, Fate};

/// A database that keeps what it did once its id is noted.
#[derive(Clone)]
struct Noting {
    disk: Disk,
    kept: Arc<Mutex<Vec<String>>>,
}

impl Driver<DbRequest> for Noting {
    fn notes_first(&self, _: &Granted<DbRequest>) -> bool {
        true
    }

    fn perform(&self, _: &Granted<DbRequest>, context: &CallContext<'_>) -> Result<DbResponse, Failure> {
        context.notes.note(&json!({ "xid": "7" }))?;
        let key = context.idempotency_key;
        assert!(self.disk.has_durable_intent(key), "it happens without a durable intent");
        assert!(!self.disk.is_sick(), "it happens though the store has failed");
        self.kept.lock().unwrap().push(key.to_owned());
        Ok(DbResponse::Done(Vec::new()))
    }

    fn settle(&self, _: &Granted<DbRequest>, note: Option<&Value>, context: &CallContext<'_>) -> Settled<DbResponse> {
        let kept = self.kept.lock().unwrap().iter().any(|key| key == context.idempotency_key);
        assert!(note.is_some() || !kept, "it happened without a note");
        if kept { Settled::Happened(DbResponse::Done(Vec::new()), "kept".to_owned()) } else { Settled::DidNot("not kept".to_owned()) }
    }
}

fn on(disk: &Disk, kept: &Arc<Mutex<Vec<String>>>) -> House {
    let db = Arc::new(Noting { disk: disk.clone(), kept: Arc::clone(kept) });
    let fakes = FakeDrivers::default();
    House { drivers: Drivers { db, ..fakes.drivers() }, ..house(Arc::new(disk.clone()), &fakes) }
}

fn inserting() -> (Arc<Script>, Arc<Grant>) {
    let insert = DbRequest {
        database: "main".to_owned(),
        ask: DbAsk::Execute(DbStatement { sql: "INSERT INTO t (id) VALUES (1)".to_owned(), ..DbStatement::default() }),
    };
    let script = Script::default().imports(&["db"]).step("work", move |gate| ask(gate, insert.clone()).map(drop), |_| Ok(()));
    let grant = grant("[db.main]\nengine = \"postgresql\"\nurl = \"postgresql://a@127.0.0.1/shop\"\nallow = [\"read\", \"write\"]\n");
    (Arc::new(script), grant)
}

#[test]
fn an_effect_that_is_noted_first_costs_one_sync() {
    let (script, grant) = inserting();
    let (disk, kept) = (Disk::new(Fate::Well), Arc::default());
    assert_eq!(start(&on(&disk, &kept), start_of(script, grant)).unwrap().outcome, RunOutcome::Succeeded);
    assert_eq!(kept.lock().unwrap().len(), 1);
    let written = disk.kept();
    let of = |wanted: fn(&Event) -> bool| {
        let found = written.iter().find(|(batch, _)| batch.records.iter().any(|record| wanted(&record.record.event)));
        found.map(|(_, durability)| *durability).unwrap()
    };
    assert_eq!(of(|event| matches!(event, Event::CallStarted(_))), Durability::Written);
    assert_eq!(of(|event| matches!(event, Event::CallNoted(_))), Durability::Durable);
    assert_eq!(of(|event| matches!(event, Event::CallFinished(_))), Durability::Written);
}

#[test]
fn what_is_noted_first_happens_once_and_not_without_its_note_wherever_the_disk_fails_or_the_power_goes() {
    let fates: [fn(usize) -> Fate; 3] = [Fate::DiesAfter, |append| Fate::Refuses(append, StoreError::Full), |append| Fate::FailsLate(append, StoreError::Full)];
    for fate in fates {
        // The first append makes the run.
        for append in 2.. {
            let (script, grant) = inserting();
            let (disk, kept) = (Disk::new(fate(append)), Arc::default());
            let ended = start(&on(&disk, &kept), start_of(script.clone(), Arc::clone(&grant)));
            if !disk.is_sick() {
                assert_eq!(ended.unwrap().outcome, RunOutcome::Succeeded);
                break;
            }
            // With the power, whatever was not synced is gone; without a loss of power it is there.
            let (lost, left) = (disk.after_power_loss(), disk);
            left.mend(Fate::Well);
            for survivor in [left, lost] {
                let run = survivor.runs().unwrap()[0];
                let kept = Arc::new(Mutex::new(kept.lock().unwrap().clone()));
                let ended = resume(&on(&survivor, &kept), resume_of(run, script.clone(), Arc::clone(&grant)));
                if let Ok(report) = ended {
                    assert_eq!(report.outcome, RunOutcome::Succeeded, "append {append}");
                }
                assert_eq!(kept.lock().unwrap().len(), 1, "append {append}: not once");
            }
        }
    }
}
