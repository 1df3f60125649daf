//! The journal proven from outside: exported, verified with another library, and every forgery found.

use std::path::{Path, PathBuf};

use crate::place::{Place, Ran};

fn database(place: &Place) -> rusqlite::Connection {
    rusqlite::Connection::open(place.path().join("store/store.db")).unwrap()
}

#[test]
fn the_export_has_a_record_a_line_with_every_field() {
    let place = Place::new();
    let run = place.hello();
    let export = place.lockstep(["audit", "export", &run, "--format", "ndjson"]).expect(0).stdout;
    let mut prev = format!("sha256:{}", "0".repeat(64));
    for (number, line) in export.lines().enumerate() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        for field in ["run", "seq", "time", "actor", "kind", "body", "prev", "hash"] {
            assert!(!record[field].is_null(), "record {number} has no {field}");
        }
        assert_eq!((record["seq"].as_u64(), record["prev"].as_str()), (Some(number as u64), Some(prev.as_str())));
        prev = record["hash"].as_str().unwrap().to_owned();
    }
    assert!(export.lines().count() > 4, "{export}");
}

#[test]
fn a_checkpoint_is_a_signed_note_that_another_library_verifies() {
    use signed_note::{Note, StandardVerifier, VerifierList};
    let place = Place::new();
    place.hello();
    let note = place.lockstep(["audit", "checkpoint"]).expect(0).stdout;
    let key = place.lockstep(["audit", "checkpoint", "--key"]).expect(0).stdout;
    let verifier = StandardVerifier::new(key.trim()).expect("a verifier key");
    let note = Note::from_bytes(note.as_bytes()).expect("a signed note");
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let (verified, _) = note.verify(&known).expect("a signature that verifies");
    assert_eq!(verified.len(), 1);
}

/// Forges a store with `sql`, and expects that the verifier finds it and names `named`.
#[track_caller]
fn found_out(sql: &str, named: &str) {
    let place = Place::new();
    let run = place.hello();
    place.lockstep(["audit", "verify"]).expect(0);
    database(&place).execute_batch(sql).unwrap();
    let Ran { code, stdout, stderr } = place.lockstep(["audit", "verify"]);
    let said = format!("{stdout}{stderr}");
    assert!(code != 0, "{sql} was not found:\n{said}");
    assert!(said.contains(named) && said.contains(&run), "expected `{named}` and the run in\n{said}");
}

#[test]
fn a_changed_record_is_named() {
    found_out("UPDATE record SET bytes = CAST(replace(CAST(bytes AS TEXT), 'hello, world', 'hello, there') AS BLOB) WHERE seq = 3", "record 3");
}

#[test]
fn a_deleted_record_is_named() {
    found_out("DELETE FROM record WHERE seq = 3", "record 3");
}

#[test]
fn a_truncated_journal_is_found_with_a_checkpoint_kept_elsewhere() {
    let place = Place::new();
    place.hello();
    let (store, earlier) = (place.path().join("store"), place.path().join("earlier"));
    copy(&store, &earlier);
    place.hello();
    let note: PathBuf = place.write("kept.note", place.lockstep(["audit", "checkpoint"]).expect(0).stdout);
    let verify = || place.lockstep(["audit", "verify", "--checkpoint", &note.display().to_string()]);
    verify().expect(0);
    // Put back whole as it was, it gives no sign of its own that the second run is gone.
    std::fs::remove_dir_all(&store).unwrap();
    copy(&earlier, &store);
    place.lockstep(["audit", "verify"]).expect(0);
    let ran = verify();
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.code != 0 && said.contains("by the signed checkpoint kept elsewhere"), "{said}");
}

/// By a program, so that the mode of the key file stays.
fn copy(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

#[test]
fn an_inclusion_proof_is_given_for_every_record() {
    let place = Place::new();
    place.hello();
    let proof = place.lockstep(["audit", "prove", "--record", "2", "--json"]).expect(0).stdout;
    assert!(proof.contains("sha256:"), "{proof}");
}
