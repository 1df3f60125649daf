//! The store kept in order: bytes given up, room given back, copies, and stores of another time.

use crate::place::{Place, Ran};

fn database(place: &Place) -> rusqlite::Connection {
    rusqlite::Connection::open(place.path().join("store/store.db")).unwrap()
}

#[test]
fn bytes_of_old_runs_are_given_up_and_everything_says_so() {
    let place = Place::new();
    let run = place.hello();
    let announced = place.lockstep(["store", "retain", "--older-than", "1ms", "--dry-run", "--json"]).expect(0).json();
    assert_eq!((announced["runs"].as_u64(), announced["blobs"].as_u64(), announced["dry-run"].as_bool()), (Some(1), Some(2), Some(true)), "{announced}");
    assert_eq!(announced["released-runs"][0].as_str(), Some(run.as_str()));
    assert!(place.lockstep(["audit", "verify"]).expect(0).stdout.contains("2 blobs kept beside the records\n"), "nothing was given up yet");
    assert!(place.lockstep(["store", "retain", "--older-than", "30d"]).expect(0).stdout.contains("the bytes of 0 runs"), "it is not that old");
    let Ran { stdout, stderr, .. } = place.lockstep(["store", "retain", "--older-than", "1ms"]).expect(0);
    assert!(stdout.contains("gave up the bytes of 1 run") && stdout.contains("deleted 2 blobs"), "{stdout}");
    assert!(stderr.contains("lockstep store compact"), "{stderr}");
    let verified = place.lockstep(["audit", "verify", "--states"]).expect(0).stdout;
    assert!(verified.contains("0 blobs kept beside the records, 2 gone by retention"), "{verified}");
    assert!(place.lockstep(["show", &run]).expect(0).stdout.contains("given up by retention on"));
    let exported = place.lockstep(["audit", "export", &run]).expect(0).stdout;
    let last: serde_json::Value = serde_json::from_str(exported.lines().last().unwrap()).unwrap();
    assert_eq!((last["kind"].as_str(), last["body"]["blobs"].as_u64()), (Some("BytesReleased"), Some(2)));
    let undo = place.lockstep(["undo", &run, "--yes"]).expect(2).stderr;
    assert!(undo.contains("LS0312") && undo.contains("retention gave up what the run kept: ") && undo.contains("hint: give it as"), "{undo}");
    assert!(place.lockstep(["store", "retain", "--older-than", "1ms"]).expect(0).stdout.contains("the bytes of 0 runs"));
}

#[test]
fn bytes_that_somebody_deleted_are_found_and_the_record_is_named() {
    let place = Place::new();
    let run = place.hello();
    database(&place).execute_batch("DELETE FROM blob; DELETE FROM kept;").unwrap();
    let ran = place.lockstep(["audit", "verify"]).expect(1);
    assert!(ran.stderr.contains(&format!("record 0 of run {run}")) && ran.stderr.contains("no retention has given them up"), "{}", ran.stderr);
}

#[test]
fn a_changed_component_is_an_error_that_names_its_digest() {
    let place = Place::new();
    let run = place.hello();
    let component = place.lockstep(["show", &run, "--json"]).expect(0).json()["component"].as_str().unwrap().to_owned();
    database(&place).execute_batch("UPDATE blob SET bytes = CAST(bytes || x'00' AS BLOB)").unwrap();
    let undo = place.lockstep(["undo", &run, "--yes"]).expect(4).stderr;
    assert!(undo.contains("LS0307") && undo.contains(&component), "{undo}");
    place.lockstep(["audit", "verify"]).expect(0);
    let audit = place.lockstep(["audit", "verify", "--blobs"]).expect(1).stderr;
    assert!(audit.contains("LS0309") && audit.contains(&component), "{audit}");
}

#[test]
fn looking_at_a_run_needs_no_key() {
    let place = Place::new();
    let run = place.hello();
    std::fs::remove_file(place.path().join("store/key")).unwrap();
    for look in [["show", &run], ["logs", &run], ["audit", "verify"]] {
        place.lockstep(look).expect(0);
    }
}

#[test]
fn a_store_is_compacted_and_its_sizes_are_told() {
    let place = Place::new();
    place.hello();
    place.lockstep(["store", "retain", "--older-than", "1ms"]).expect(0);
    let sizes = place.lockstep(["store", "compact", "--json"]).expect(0).json();
    let number = |when: &str, what: &str| sizes[when][what].as_u64().unwrap();
    assert!(number("before", "free") > 0 && number("after", "free") == 0, "{sizes}");
    assert!(number("after", "database") < number("before", "database"), "{sizes}");
    let told = place.lockstep(["store", "compact"]).expect(0).stdout;
    assert!(told.starts_with("before  database ") && told.contains("\nafter   database "), "{told}");
    place.lockstep(["audit", "verify"]).expect(0);
}

#[test]
fn a_copy_of_the_store_is_a_store_and_is_written_over_nothing() {
    let place = Place::new();
    let run = place.hello();
    let copied = place.lockstep(["store", "backup", "copy"]).expect(0);
    assert!(copied.stderr.contains("the key is not in the copy"), "{}", copied.stderr);
    let copy = place.path().join("copy").display().to_string();
    place.lockstep(["audit", "verify", "--store", &copy]).expect(0);
    assert!(place.lockstep(["show", &run, "--store", &copy]).expect(0).stdout.contains(&run));
    let refused = place.lockstep(["store", "backup", "copy"]).expect(2).stderr;
    assert!(refused.contains("LS0007") && refused.contains("is not empty"), "{refused}");
    assert!(place.lockstep(["store", "backup", "other", "--store", "nowhere"]).expect(2).stderr.contains("LS0315"));
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_not_changed() {
    let place = Place::new();
    let run = place.hello();
    database(&place).execute_batch("PRAGMA user_version = 9").unwrap();
    let before = std::fs::read(place.path().join("store/store.db")).unwrap();
    for verb in
        [vec!["runs"], vec!["show", &run], vec!["undo", &run, "--yes"], vec!["audit", "verify"], vec!["store", "compact"], vec!["store", "backup", "copy"]]
    {
        let ran = place.lockstep(&verb).expect(2);
        assert!(ran.stderr.contains("error[LS0306]: the store has format 9, this program reads up to 1"), "{verb:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read(place.path().join("store/store.db")).unwrap(), before);
    assert!(place.lockstep(["explain", "LS0306"]).expect(0).stdout.contains("newer"));
}

#[test]
fn a_record_of_a_newer_program_is_refused_and_said_to_be_one() {
    let place = Place::new();
    let run = place.hello();
    let newer = "UPDATE record SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"v\":1}', '\"v\":2}') AS BLOB) WHERE seq = 3";
    database(&place).execute_batch(newer).unwrap();
    for verb in [vec!["show", &run], vec!["resume", &run], vec!["store", "retain", "--older-than", "1ms"]] {
        let ran = place.lockstep(&verb).expect(2);
        assert!(ran.stderr.contains("error[LS0306]: a record has format 2, this program reads up to 1"), "{verb:?}: {}", ran.stderr);
    }
}
