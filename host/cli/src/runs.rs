//! Finds the run that an operator means: by its id, the beginning of it, or `latest`.

use lockstep_api::Code;
use lockstep_journal::Store;
use lockstep_model::RunId;

use crate::error::CliError;

/// The word for the run that was created last.
const LATEST: &str = "latest";

/// Candidates are listed up to this many.
const SHOWN: usize = 10;

/// The run that `text` means.
///
/// # Errors
/// When there is none, or more than one.
pub(crate) fn find(store: &dyn Store, text: &str) -> Result<RunId, CliError> {
    choose(&store.runs()?, text)
}

fn choose(runs: &[RunId], text: &str) -> Result<RunId, CliError> {
    let none = |message: String| CliError::new(Code::NoSuchRun, message).hint("`lockstep runs` lists the runs");
    if text == LATEST {
        return runs.last().copied().ok_or_else(|| none("the store has no run yet".to_owned()));
    }
    let wanted = text.to_ascii_uppercase();
    let shown: String = text.chars().take(40).collect();
    let found: Vec<RunId> = runs.iter().copied().filter(|run| !wanted.is_empty() && run.to_string().starts_with(&wanted)).collect();
    match found.as_slice() {
        [] => Err(none(format!("the store has no run `{shown}`"))),
        [one] => Ok(*one),
        several => {
            let error = CliError::new(Code::RunAmbiguous, format!("{} runs begin with `{shown}`", several.len()));
            let error = error.hint("give more characters of it");
            Err(several.iter().rev().take(SHOWN).fold(error, |error, run| error.detail(run.to_string())))
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;
    use lockstep_model::RunId;

    use super::choose;

    #[test]
    fn a_run_is_found_by_what_is_unique_about_it() {
        let runs: Vec<RunId> = ["01J8ZQ0000000000000000000A", "01J8ZQ0000000000000000000B", "01K0000000000000000000000C"].map(|id| id.parse().unwrap()).into();
        assert_eq!(choose(&runs, "latest").unwrap(), runs[2]);
        assert_eq!(choose(&runs, "01k").unwrap(), runs[2]);
        assert_eq!(choose(&runs, "01J8ZQ0000000000000000000A").unwrap(), runs[0]);
        assert_eq!(choose(&runs, "01J").unwrap_err().code(), Code::RunAmbiguous);
        for none in ["", "02", "latest ", "ä"] {
            assert_eq!(choose(&runs, none).unwrap_err().code(), Code::NoSuchRun, "{none}");
        }
        assert_eq!(choose(&[], "latest").unwrap_err().code(), Code::NoSuchRun);
    }
}
