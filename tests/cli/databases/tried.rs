//! The dry run of a release: how far it goes on each engine, and that it leaves nothing behind.

use serde_json::Value;

use super::{REASON, Shop};
use crate::place::Ran;

/// Plans with a dry run.
fn plan(shop: &Shop, more: &[&str]) -> Ran {
    let args = shop.release(more);
    let args = args.iter().filter(|arg| *arg != "--yes").map(|arg| if arg == "run" { "plan" } else { arg.as_str() });
    let args: Vec<&str> = args.chain(["--dry-run", "--json"]).collect();
    let ran = shop.lockstep(&args);
    assert_eq!(shop.state(), Shop::before(), "{}: {}", shop.engine, ran.stdout);
    assert!(!shop.there("lockstep_migrations") && shop.lockstep(&["runs"]).stdout.is_empty(), "{}: {}", shop.engine, ran.stdout);
    ran
}

fn steps(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    ran.json()["dry-run"]["steps"].as_array().unwrap().iter().map(|step| (text(&step["step"]), text(&step["end"]))).collect()
}

fn calls(ran: &Ran) -> Vec<(String, String)> {
    let all = ran.json()["dry-run"]["steps"].clone();
    let calls = all.as_array().unwrap().iter().flat_map(|step| step["calls"].as_array().unwrap().clone());
    calls.map(|call| (call["came"].as_str().unwrap().to_owned(), call.to_string())).collect()
}

#[test]
fn the_dry_run_of_a_release_tries_its_first_migration_where_a_transaction_holds_it() {
    for shop in Shop::everywhere() {
        let ran = plan(&shop, &[REASON]).expect(0);
        let steps = steps(&ran);
        let end = |id: &str| steps.iter().find(|(step, _)| step == id).unwrap().1.as_str();
        assert_eq!([end("record"), end("count"), end("migrate"), end("gate")], ["through", "through", "stopped", "not-reached"], "{}: {steps:?}", shop.engine);
        let calls = calls(&ran);
        let came: Vec<&str> = calls.iter().map(|(came, _)| came.as_str()).collect();
        if shop.engine == "mariadb" {
            assert_eq!(came, ["untried"], "{calls:?}");
        } else {
            assert_eq!(came, ["taken", "untried"], "{}: {calls:?}", shop.engine);
            assert!(calls[1].1.contains("goes on from what was only tried"), "{calls:?}");
        }
    }
}

#[test]
fn the_dry_run_of_a_release_that_a_database_would_refuse_says_so() {
    for shop in Shop::everywhere().filter(|shop| shop.engine != "mariadb") {
        shop.migration("0001_contacts.up.sql", "CREATE TABLE contacts (id INTEGER PRIMARY KEY); INSERT INTO contacts (id) SELECT id FROM ordres");
        let ran = plan(&shop, &[REASON]).expect(1);
        assert!(ran.stderr.contains("LS0604") && ran.stderr.contains("ordres"), "{}: {}", shop.engine, ran.stderr);
        assert_eq!(calls(&ran).iter().map(|(came, _)| came.as_str()).collect::<Vec<_>>(), ["refused"], "{}", shop.engine);
    }
}

#[test]
fn the_dry_run_of_a_release_with_a_backup_ends_where_the_backup_would_be_made() {
    let shop = Shop::sqlite();
    let ran = plan(&shop, &[]).expect(0);
    let steps = steps(&ran);
    let stopped: Vec<&str> = steps.iter().filter(|(_, end)| end == "stopped").map(|(step, _)| step.as_str()).collect();
    assert_eq!(stopped, ["back-up"], "{steps:?}");
}
