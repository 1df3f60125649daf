//! Problems of a grant file, with the line of the file that each is about.

use lockstep_api::Code;
use lockstep_grant::{Denial, GrantError, GrantErrors};

use super::CliError;

/// All problems as one error: the first in the message when it is alone, else each in the details.
pub(crate) fn grant_errors(errors: &GrantErrors, text: &str) -> CliError {
    match errors.problems.as_slice() {
        [alone] => problem(alone, text),
        several => {
            let file = several.first().map_or("the grant file", |problem| problem.file.as_str());
            let mut error = CliError::new(Code::GrantInvalid, format!("{file} has {} problems", several.len()));
            for problem in several {
                error = error.detail(format!("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message)).detail(excerpt(problem, text));
                if let Some(hint) = &problem.hint {
                    error = error.detail(format!("  hint: {hint}"));
                }
            }
            error.hint(REFERENCE)
        }
    }
}

/// Where the file is described.
const REFERENCE: &str = "`lockstep explain grant` describes the whole file";

fn problem(problem: &GrantError, text: &str) -> CliError {
    CliError::new(Code::GrantInvalid, problem.message.clone())
        .detail(format!("{}:{}:{}", problem.file, problem.line, problem.column))
        .detail(excerpt(problem, text))
        .hint(problem.hint.as_deref().unwrap_or(REFERENCE))
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
