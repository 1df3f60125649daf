//! What each tool prints, taken apart. What is not understood is a failure that shows it.

use serde_json::Value;

use super::Status;
use crate::json::shown;
use crate::{Context, Failure, Result};

fn not_understood(tool: &str, text: &str) -> Failure {
    Failure::assertion(format!("what {tool} printed is not understood: {}", shown(text)))
}

/// A revision a line: `1975ea83b712 (head)`.
pub(super) fn alembic(text: &str) -> Vec<String> {
    let revision = |line: &str| {
        let (revision, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let plain = !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        (plain && (rest.is_empty() || rest.starts_with('('))).then(|| revision.to_owned())
    };
    text.lines().filter_map(revision).collect()
}

/// Names after a line that ends in `not yet been applied:`, until an empty one.
pub(super) fn prisma(text: &str) -> Result<Status> {
    let mut lines = text.lines().map(str::trim);
    if lines.any(|line| line.ends_with("not yet been applied:")) {
        let pending: Vec<String> = lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect();
        if !pending.is_empty() {
            return Ok(Status { applied: Vec::new(), pending });
        }
    } else if text.contains("Database schema is up to date") {
        return Ok(Status::default());
    }
    Err(not_understood("Prisma", text))
}

/// `20230101000000/installed create users`.
pub(super) fn sqlx(text: &str) -> Result<Status> {
    let mut status = Status::default();
    for line in text.lines().filter(|line| line.contains('/')) {
        let (version, rest) = line.trim().split_once('/').unwrap_or_default();
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_understood("sqlx", line));
        }
        if rest.starts_with("installed (different checksum)") {
            return Err(Failure::assertion(format!("migration {version} was changed after it had been applied")));
        }
        let word = rest.split(' ').next().unwrap_or_default();
        match word {
            "installed" => status.applied.push(version.to_owned()),
            "pending" => status.pending.push(version.to_owned()),
            _ => return Err(not_understood("sqlx", line)),
        }
    }
    Ok(status)
}

/// JSON with `migrations`, each with `version` and `state`.
pub(super) fn flyway(text: &str) -> Result<Status> {
    let value: Value = serde_json::from_str(text).context("reading what Flyway printed")?;
    let migrations = value["migrations"].as_array().ok_or_else(|| not_understood("Flyway", text))?;
    let mut status = Status::default();
    for migration in migrations {
        let (Some(version), Some(state)) = (migration["version"].as_str(), migration["state"].as_str()) else { return Err(not_understood("Flyway", text)) };
        match state {
            // Repeatable ones have no version, and undo scripts stand beside what they undo.
            _ if version.is_empty() => {}
            "Success" | "Out of Order" | "Baseline" => status.applied.push(version.to_owned()),
            "Pending" | "Undone" => status.pending.push(version.to_owned()),
            "Available" | "Above Target" | "Below Baseline" => {}
            other => return Err(Failure::assertion(format!("migration {version} is in the state `{other}`"))),
        }
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::{alembic, flyway, prisma, sqlx};

    #[test]
    fn alembic_says_its_revisions_and_nothing_when_none_is_applied() {
        assert_eq!(alembic("INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n1975ea83b712 (head)\n"), ["1975ea83b712"]);
        assert_eq!(alembic("27c6a30d7c24\nae1027a6acf (head) (mergepoint)\n"), ["27c6a30d7c24", "ae1027a6acf"]);
        assert!(alembic("").is_empty());
    }

    #[test]
    fn prisma_says_what_is_pending_or_that_nothing_is() {
        let text = "2 migrations found in prisma/migrations\nFollowing migrations have not yet been applied:\n20240115_init\n20240116_users\n\nTo apply migrations in production, run:\n";
        assert_eq!(prisma(text).unwrap().pending, ["20240115_init", "20240116_users"]);
        assert!(prisma("Database schema is up to date!").unwrap().pending.is_empty());
        assert!(prisma("Error: P1001: Can't reach database server").is_err());
    }

    #[test]
    fn sqlx_says_each_version_and_a_changed_script_is_an_error() {
        let status = sqlx("20230101000000/installed create users\n20230201000000/pending add mail\n").unwrap();
        assert_eq!((status.applied, status.pending), (vec!["20230101000000".to_owned()], vec!["20230201000000".to_owned()]));
        assert!(sqlx("20230101000000/installed (different checksum) create users\n").unwrap_err().to_string().contains("changed"));
        assert!(sqlx("what/ever").is_err());
    }

    #[test]
    fn flyway_says_each_version_with_its_state() {
        let text =
            r#"{"schemaVersion":"1","migrations":[{"version":"1","state":"Success"},{"version":"2","state":"Pending"},{"version":"","state":"Pending"}]}"#;
        let status = flyway(text).unwrap();
        assert_eq!((status.applied, status.pending), (vec!["1".to_owned()], vec!["2".to_owned()]));
        assert!(flyway(r#"{"migrations":[{"version":"2","state":"Failed"}]}"#).unwrap_err().to_string().contains("Failed"));
        assert!(flyway("Flyway Community Edition").is_err());
    }
}
