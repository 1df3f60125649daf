//! Words for what the contract calls differently.

use lockstep_grant::rules::{MountRule, Right};
use lockstep_model::plan::{OnFailure, Undo};

use crate::component::is_wasi;

/// What a component that imports WASI has of it, for one who looks at the component.
pub(super) const VIRTUAL_WASI: &str = "its WASI is virtual: time and randomness are the run's, output becomes log lines, nothing of this machine is behind it";

/// The imports without package and version, those that need no grant last: `http; without a grant: log`. All of WASI is one, which needs none.
pub(super) fn import_names(imports: &[String]) -> String {
    const ALWAYS: &[&str] = &["types", "plan", "run", "log", "clock", "random", "artifact"];
    let (wasi, contract): (Vec<&String>, Vec<&String>) = imports.iter().partition(|import| is_wasi(import));
    let short = contract.into_iter().map(|import| import.rsplit_once('/').map_or(import.as_str(), |(_, name)| name.split('@').next().unwrap_or(name)));
    let (mut always, granted): (Vec<&str>, Vec<&str>) = short.partition(|name| ALWAYS.contains(name));
    if !wasi.is_empty() {
        always.push("virtual WASI");
    }
    match (granted.is_empty(), always.is_empty()) {
        (true, true) => "nothing".to_owned(),
        (true, false) => format!("{} (needs no grant)", always.join(", ")),
        (false, true) => granted.join(", "),
        (false, false) => format!("{}; without a grant: {}", granted.join(", "), always.join(", ")),
    }
}

/// A mount in a line: `/app at /srv/app: read, write`.
pub(super) fn mount(mount: &MountRule) -> String {
    let rights: Vec<&str> = mount.rights.iter().map(|right| right_word(*right)).collect();
    format!("{} at {}: {}", mount.guest, mount.root.display(), rights.join(", "))
}

fn right_word(right: Right) -> &'static str {
    match right {
        Right::Read => "read",
        Right::Write => "write",
        Right::Remove => "remove",
    }
}

/// Whether and how a step is undone, in a word or three.
pub(super) fn undo_word(undo: Undo) -> &'static str {
    match undo {
        Undo::UndoStep => "yes",
        Undo::NothingToUndo => "nothing to undo",
        Undo::Irreversible => "irreversible",
    }
}

/// What a failure does, in a few words.
pub(super) fn on_failure_words(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Decide => "pause when attended, else undo",
        OnFailure::Pause => "pause",
        OnFailure::Undo => "undo",
        OnFailure::Continue => "continue with what does not need it",
    }
}

#[cfg(test)]
mod tests {
    use super::import_names;

    #[test]
    fn imports_that_need_a_grant_come_first() {
        let names = |imports: &[&str]| import_names(&imports.iter().map(|import| format!("lockstep:contract/{import}@0.1.0")).collect::<Vec<_>>());
        assert_eq!(names(&[]), "nothing");
        assert_eq!(names(&["log", "run"]), "log, run (needs no grant)");
        assert_eq!(names(&["http", "log"]), "http; without a grant: log");
        let with_wasi = ["lockstep:contract/log@0.1.0", "wasi:cli/stdout@0.2.3", "wasi:io/streams@0.2.3"].map(str::to_owned);
        assert_eq!(import_names(&with_wasi), "log, virtual WASI (needs no grant)");
    }
}
