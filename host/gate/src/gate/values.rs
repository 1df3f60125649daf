//! The values that a call takes with it: put in for its driver, and said in the journal before, as marks.

use std::borrow::Cow;

use lockstep_grant::Granted;
use lockstep_journal::event::{Event, SecretUsed};
use lockstep_journal::{JournalError, Scribe};
use lockstep_model::Content;

use super::{Way, lock};
use crate::dispatch::Dispatch;
use crate::secrets::mark_purpose;

/// Clears the copy that has values in it.
pub(super) fn wipe<R: Dispatch>(with_values: Cow<'_, Granted<R>>) {
    if let Cow::Owned(granted) = with_values {
        granted.wipe();
    }
}

impl Way<'_> {
    /// The call as its driver needs it. To be wiped once it has been performed.
    pub(super) fn with_values<'a, R: Dispatch>(&self, granted: &'a Granted<R>) -> Cow<'a, Granted<R>> {
        let secrets = &self.run.secrets;
        if secrets.are_none() {
            return Cow::Borrowed(granted);
        }
        let granted = granted.clone().with_secrets(&mut |place| secrets.place(place)).with_placed(|id| secrets.value(id));
        Cow::Owned(granted)
    }

    /// Notes which values the calls that were decided take with them, where no record says so yet: before an intent, with which it becomes durable.
    pub(super) fn note_marks(&self, scribe: &mut Scribe) -> Result<bool, JournalError> {
        let marks = self.run.secrets.take_unmarked();
        let any = !marks.is_empty();
        for (secret, mark) in marks {
            let sealed = scribe.store().seal_secret(scribe.state().run, &mark_purpose(&secret), &mark.0)?;
            scribe.note(Event::SecretUsed(SecretUsed { secret, mark: Content(sealed) }))?;
        }
        Ok(any)
    }

    /// The same where no intent comes before: of a read, a probe, and a call that is repeated after a crash, maybe with another value than the first time.
    pub(super) fn hand_over_marks(&self) -> Result<(), JournalError> {
        let mut scribe = lock(&self.run.scribe);
        if self.note_marks(&mut scribe)? { scribe.hand_over() } else { Ok(()) }
    }
}
