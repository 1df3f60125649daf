//! How a step stands, in the words of the published JSON.

use lockstep_journal::state::StepStatus;

/// Every word, as a scenario may expect it.
pub(crate) const STATUS_WORDS: [(&str, &str); 9] = [
    ("pending", "pending"),
    ("running", "running"),
    ("retrying", "retrying"),
    ("succeeded", "succeeded"),
    ("failed", "failed"),
    ("skipped", "skipped"),
    ("undoing", "undoing"),
    ("undone", "undone"),
    ("undo-failed", "undo-failed"),
];

/// The word for a status.
pub(crate) fn status_word(status: &StepStatus) -> &'static str {
    match status {
        StepStatus::Pending => "pending",
        StepStatus::Running => "running",
        StepStatus::Retrying(_) => "retrying",
        StepStatus::Succeeded => "succeeded",
        StepStatus::Failed => "failed",
        StepStatus::Skipped => "skipped",
        StepStatus::Undoing => "undoing",
        StepStatus::Undone => "undone",
        StepStatus::UndoFailed => "undo-failed",
    }
}
