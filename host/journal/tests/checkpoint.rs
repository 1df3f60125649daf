//! Checkpoints against another implementation of C2SP signed notes and checkpoints, both ways, and against every kind of damage.

use lockstep_journal::checkpoint::{InvalidCheckpoint, Signer, Verifier};
use lockstep_journal::ledger::TreeHead;
use lockstep_model::Digest;
use signed_note::{Note, StandardVerifier, VerifierList};

fn signer() -> Signer {
    Signer::from_seed(&[42; 32])
}

fn head() -> TreeHead {
    TreeHead { size: 1_234, root: Digest::of(b"root") }
}

#[test]
fn a_checkpoint_opens_to_the_head_that_was_signed() {
    let signer = signer();
    let verifier = Verifier::parse(&signer.verifier().to_string()).unwrap();
    assert_eq!(&verifier, signer.verifier());
    assert_eq!(verifier.open(&signer.sign(&head())), Ok(head()));
}

#[test]
fn another_implementation_accepts_our_checkpoint() {
    let signer = signer();
    let note = signer.sign(&head());
    let parsed = Note::from_bytes(note.as_bytes()).unwrap();
    let verifier = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
    let (valid, unknown) = parsed.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((valid.len(), unknown.len()), (1, 0));
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(parsed.text()).unwrap();
    assert_eq!(checkpoint.origin(), signer.verifier().name());
    assert_eq!(checkpoint.size(), 1_234);
    assert_eq!(checkpoint.hash().0, head().root.0);
}

#[test]
fn we_accept_a_checkpoint_of_another_implementation_with_co_signatures() {
    // The signer key of `signed-note`, made of the same seed by hand.
    let ours = signer();
    let key = ours.verifier().to_string();
    let mut parts = key.split('+');
    let (name, id) = (parts.next().unwrap(), parts.next().unwrap());
    let seed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [&[1][..], &[42; 32]].concat());
    let theirs = signed_note::StandardSigner::new(&format!("PRIVATE+KEY+{name}+{id}+{seed}")).unwrap();
    let witness = signed_note::Signature::new("example.com/witness".into(), 7, vec![9; 76]).unwrap();
    let text = format!("{name}\n1234\n{}\nan extension line\n", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, head().root.0));
    let mut note = Note::new(text.as_bytes(), &[witness]).unwrap();
    note.add_sigs(&[&theirs]).unwrap();
    let note = String::from_utf8(note.to_bytes()).unwrap();
    assert_eq!(ours.verifier().open(&note), Ok(head()), "{note}");
}

#[test]
fn every_changed_character_of_a_checkpoint_is_found() {
    let signer = signer();
    let note = signer.sign(&head());
    for (at, character) in note.char_indices() {
        let other = if character == 'A' { 'B' } else { 'A' };
        let mut changed = note.clone();
        changed.replace_range(at..at + character.len_utf8(), &other.to_string());
        assert!(signer.verifier().open(&changed).is_err(), "{changed}");
        assert!(signer.verifier().open(&note[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn the_error_says_what_does_not_fit() {
    let (signer, other) = (signer(), Signer::from_seed(&[43; 32]));
    let open = |note: &str| signer.verifier().open(note).unwrap_err();
    assert!(matches!(open(&other.sign(&head())), InvalidCheckpoint::Origin { .. }));
    assert!(matches!(open("hello"), InvalidCheckpoint::Form(_)));
    assert!(matches!(open(&"x\n".repeat(100_000)), InvalidCheckpoint::Form("it is too long")));
    let note = signer.sign(&head());
    assert!(matches!(open(&note.replace("\n1234\n", "\n1235\n")), InvalidCheckpoint::Forged(_)));
    assert!(matches!(open(&note.replace("\n1234\n", "\n01234\n")), InvalidCheckpoint::Form(_)));
    let (text, _) = note.split_once("\n\n").unwrap();
    let stranger = other.sign(&head());
    let (_, signature) = stranger.split_once("\n\n").unwrap();
    assert!(matches!(open(&format!("{text}\n\n{signature}")), InvalidCheckpoint::Unsigned(_)));
}

#[test]
fn a_verifier_key_is_checked() {
    let key = signer().verifier().to_string();
    let (name, rest) = key.split_once('+').unwrap();
    for wrong in ["", "name", "name+id", &format!("other+{rest}"), &key[..key.len() - 4], &format!("{name} x+{rest}"), &key.replace("+A", "+B")] {
        assert!(matches!(Verifier::parse(wrong), Err(InvalidCheckpoint::Key(_))), "{wrong}");
    }
}
