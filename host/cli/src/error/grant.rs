//! Problems of a grant file or a scenario, with the line of the file that each is about.

use lockstep_api::Code;
use lockstep_grant::{Denial, GrantError, GrantErrors};

use super::CliError;

/// A kind of file that is written by hand.
struct HandWritten {
    /// What it is when something is wrong with it.
    invalid: Code,
    /// Where it is described.
    reference: &'static str,
}

const GRANT: HandWritten = HandWritten { invalid: Code::GrantInvalid, reference: "`lockstep explain grant` describes the whole file" };
const SCENARIO: HandWritten = HandWritten { invalid: Code::ScenarioInvalid, reference: "`lockstep explain scenario` describes the whole file" };

/// All problems of a grant file as one error.
pub(crate) fn grant_errors(errors: &GrantErrors, text: &str) -> CliError {
    all(&GRANT, errors, text)
}

/// All problems of a scenario file as one error.
pub(crate) fn scenario_errors(errors: &GrantErrors, text: &str) -> CliError {
    all(&SCENARIO, errors, text)
}

/// The first in the message when it is alone, else each in the details.
fn all(kind: &HandWritten, errors: &GrantErrors, text: &str) -> CliError {
    match errors.problems.as_slice() {
        [alone] => problem(kind, alone, text),
        several => {
            let file = several.first().map_or("the file", |problem| problem.file.as_str());
            let mut error = CliError::new(kind.invalid, format!("{file} has {} problems", several.len()));
            for problem in several {
                error = error.detail(format!("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message)).detail(excerpt(problem, text));
                if let Some(hint) = &problem.hint {
                    error = error.detail(format!("  hint: {hint}"));
                }
            }
            error.hint(kind.reference)
        }
    }
}

fn problem(kind: &HandWritten, problem: &GrantError, text: &str) -> CliError {
    CliError::new(kind.invalid, problem.message.clone())
        .detail(format!("{}:{}:{}", problem.file, problem.line, problem.column))
        .detail(excerpt(problem, text))
        .hint(problem.hint.as_deref().unwrap_or(kind.reference))
}

/// The line with a mark below the column.
fn excerpt(problem: &GrantError, text: &str) -> String {
    const LONGEST: usize = 120;
    let Some(line) = text.lines().nth(problem.line.saturating_sub(1)).filter(|line| line.chars().count() <= LONGEST) else { return String::new() };
    let number = problem.line.to_string();
    let blank = " ".repeat(number.len());
    let before: String = line.chars().take(problem.column.saturating_sub(1)).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("{number} | {line}\n{blank} | {before}^")
}

/// The imports that the grant does not give.
pub(crate) fn denied_imports(denials: &[Denial]) -> CliError {
    let message = match denials {
        [alone] => alone.message.clone(),
        several => format!("{} of the component's imports are not granted", several.len()),
    };
    let mut error = CliError::new(Code::ImportsDenied, message);
    for denial in denials {
        if denials.len() > 1 {
            error = error.detail(&denial.message);
        }
        error = error.detail(format!("rule: {}", denial.rule));
    }
    denials.iter().fold(error, |error, denial| error.maybe_hint(denial.hint.clone()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lockstep_grant::Grant;

    use super::grant_errors;

    #[test]
    fn a_typo_is_shown_where_it_stands() {
        let text = "[http]\nalow = []\n";
        let errors = Grant::parse(text, "production.toml", Path::new("/")).unwrap_err();
        let shown = grant_errors(&errors, text).render(false);
        assert!(shown.starts_with("error[LS0101]: "), "{shown}");
        assert!(shown.contains("  production.toml:2:1\n  2 | alow = []\n    | ^\n"), "{shown}");
        assert!(shown.contains("hint: "), "{shown}");
    }
}
