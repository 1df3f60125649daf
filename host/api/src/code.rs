//! Error codes: one for each kind of error that an operator can meet, each with a page for `lockstep explain`.
//!
//! A closed set. A code without a page does not compile, and a page without a code fails a test.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::exit::Exit;

macro_rules! codes {
    ($($id:ident $name:ident $exit:ident $title:literal)*) => {
        /// What went wrong. The doc comment of each is the title of its page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// `LS0107`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => stringify!($id),)* }
            }

            /// The variant's name, for tests that look for its uses.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What went wrong, in a line.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// How the program ends after it.
            pub fn exit(self) -> Exit {
                match self { $(Self::$name => Exit::$exit,)* }
            }

            /// Its page: what it means, what to do about it. Markdown without the title.
            pub fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("pages/", stringify!($id), ".md")),)* }
            }
        }
    };
}

codes! {
    LS0001 Usage Usage "the command line is not understood"
    LS0002 FileUnreadable Usage "a file cannot be read"
    LS0003 FileUnwritable Usage "a file cannot be written"
    LS0004 NothingToRun Usage "there is no component to run, or it is older than its source"
    LS0005 NoEnvironment Usage "there is no grant file"
    LS0006 InvalidName Usage "the name cannot be a project's"
    LS0007 FolderTaken Usage "the folder is there already"
    LS0008 UnknownCode Usage "there is no such code"
    LS0009 NoSuchStep Usage "the run has no such step"
    LS0010 NoSuchCall Usage "the run has no such call"
    LS0011 Parameters Usage "the parameters do not fit"
    LS0012 NoStoreFolder Usage "it is not known where the store is"
    LS0013 NoSuchArtifact Usage "the run has no such artifact"

    LS0101 GrantInvalid Usage "the grant file is not valid"
    LS0102 ImportsDenied Denied "the component imports what the grant does not give"
    LS0103 SecretMissing Usage "a secret has no value"
    LS0107 CallDenied Denied "the grant refused a call"

    LS0201 NotAComponent Usage "the file is not a component"
    LS0202 NotAProcedure Usage "the component is not a procedure"
    LS0203 NewerContract Usage "the component wants a newer contract"
    LS0204 ForeignImport Usage "the component imports what no host of procedures gives"
    LS0205 DeclarationInvalid Usage "the procedure declares what may not be"
    LS0206 PlanInvalid Usage "the plan does not hold"
    LS0207 PlanChanged Usage "the plan is not the one that was approved"
    LS0208 ComponentChanged Usage "the run was started with another component"
    LS0209 NotLoaded Usage "the component cannot be loaded"

    LS0301 StoreUnopened Usage "the store cannot be opened"
    LS0302 StoreReadOnly Usage "the store is read-only"
    LS0303 StoreLocked Usage "the store is locked by another process"
    LS0304 RunTaken Stuck "another process drives the run"
    LS0305 StoreFull Usage "the store's disk is full"
    LS0306 StoreNewer Usage "the store was written by a newer program"
    LS0307 StoreDamaged Stuck "the store is damaged"
    LS0308 JournalBroken Stuck "the journal of a run does not hold"
    LS0309 AuditFailed Failed "the ledger does not verify"
    LS0310 NoSuchRun Usage "there is no such run"
    LS0311 RunAmbiguous Usage "more than one run begins like that"
    LS0312 BytesMissing Usage "the store does not have the bytes any more"
    LS0313 NoSuchRecord Usage "the ledger has no such record"
    LS0314 KeyExposed Usage "others could read the store's key"
    LS0315 NoStore Usage "there is no store"

    LS0401 RunFailed Failed "the run failed and left nothing behind"
    LS0402 RunUndone Undone "the run failed and was undone"
    LS0403 RunPaused Stuck "the run is paused and needs an operator"
    LS0404 CallInDoubt Stuck "it is not known whether a call happened"
    LS0405 UndoFailed Stuck "an undo failed"
    LS0406 RunDiverged Diverged "the procedure asked for something else than its journal says"
    LS0407 RunInterrupted Stuck "the run was interrupted and can be resumed"
    LS0408 RunWaiting Waiting "the run waits"
    LS0409 RunEnded Usage "the run has ended"
    LS0410 EnvironmentTaken Stuck "the environment belongs to another run"
    LS0411 ActRefused Usage "the run does not stand so that this could be done"
    LS0412 EnvironmentFree Usage "the environment belongs to no run"

    LS0501 NoLanguage Usage "the folder holds no procedure"
    LS0503 ToolMissing Usage "a tool is missing"
    LS0504 TargetMissing Usage "the compiler cannot compile to WebAssembly"
    LS0505 CompilerFailed Failed "the compiler failed"
    LS0506 NoModule Usage "the compiler gave no module that is a procedure"

    LS0601 ScenarioInvalid Usage "the scenario file is not valid"
    LS0602 RehearsalFailed Failed "a rehearsal did not go as it should"
    LS0603 NoScenarios Usage "there is no scenario"
    LS0604 DryRunFailed Failed "a dry run met what a run would fail of"

    LS0901 Internal Internal "Lockstep itself is wrong"
}

impl Code {
    /// The code written so, in any case of letters.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::Code;

    #[test]
    fn every_page_belongs_to_a_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
        let pages: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
            .collect();
        let codes: BTreeSet<String> = Code::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(pages, codes);
    }

    #[test]
    fn every_page_says_what_to_do() {
        for code in Code::ALL {
            let page = code.page();
            assert!(page.contains("## What to do"), "{code} has no section `What to do`");
            assert!(page.len() > 150, "{code} says next to nothing");
            assert!(!page.starts_with('#'), "{code}: the title is added by `explain`");
        }
    }

    #[test]
    fn codes_are_in_order_and_found_in_any_case() {
        assert!(Code::ALL.is_sorted_by_key(|code| code.id()), "keep the table sorted");
        assert_eq!(Code::find("ls0107"), Some(Code::CallDenied));
        assert_eq!(Code::find("LS9999"), None);
    }
}
