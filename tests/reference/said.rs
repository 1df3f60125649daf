//! What the SDKs call the contract's functions: the same in all of them but for few, as a unit (a module or a type) and a member.

use super::declared::Language;

/// Where the SDKs say it otherwise than the contract does.
const SAID: &[(&str, &str)] = &[
    ("plan.description", "procedure.describe"),
    ("plan.parameter", "procedure.parameter"),
    ("plan.step", "procedure.step"),
    ("plan.step.phase", "procedure.phase"),
    ("plan.step.undoable", "step.undo"),
    ("run.id", "ctx.run-id"),
    ("run.output-of", "ctx.output"),
    ("http.request", "http.get"),
    ("http.request.body", "request.bytes"),
    ("http.request.body-text", "request.text"),
    ("http.request.body-artifact", "request.artifact"),
    ("http.request.poll", "request.until"),
    ("http.batch", "http.all"),
    ("http.batch.add", "http.all"),
    ("http.batch.send", "http.all"),
    ("http.batch.response", "http.all"),
    ("http.response.body", "response.bytes"),
    ("http.response.body-text", "response.text"),
    ("http.response.body-artifact", "response.artifact"),
    ("shell.command.stdin-text", "command.stdin"),
    ("shell.command.success-code", "command.success-codes"),
    ("shell.exit.stdout-text", "exit.text"),
    ("shell.exit.stderr-text", "exit.stderr"),
    ("artifact.draft", "artifacts.draft"),
    ("artifact.draft.append-text", "draft.append"),
    ("artifact.by-id", "artifacts.by-id"),
    ("artifact.sealed.read", "artifact.bytes"),
    ("secret.by-id", "secrets.by-id"),
    ("redis.store.open", "stores.open"),
    ("redis.store.run-text", "store.run"),
    ("redis.store.run", "store.run-bytes"),
    ("files.digest-probe", "probe.file"),
    ("db.database.open", "db.open"),
    ("db.statement", "db.sql"),
    ("db.statement.bind-null", "statement.bind"),
    ("db.statement.bind-boolean", "statement.bind"),
    ("db.statement.bind-integer", "statement.bind"),
    ("db.statement.bind-float", "statement.bind"),
    ("db.statement.bind-decimal", "statement.bind"),
    ("db.statement.bind-text", "statement.bind"),
    ("db.statement.bind-bytes", "statement.bind"),
    ("db.statement.bind-timestamp", "statement.bind"),
    ("db.statement.bind-json", "statement.bind"),
    ("db.database.make-backup", "database.backup"),
    ("db.backup-order", "db.backup"),
    ("db.done.count", "done.all-rows"),
    ("db.done.affected", "done.rows"),
    ("db.migration", "db-migrations.migrations"),
    ("db.migration.down-script", "db-migrations.migrations"),
    ("db.migration.timeout", "migrations.timeout"),
    ("db.migration.without-backup", "migrations.without-backup"),
    ("db.migration.checksum", "migrations.status"),
    ("db.migration.history", "database.history"),
    ("db.migration.up", "migrations.up"),
    ("db.migration.down", "migrations.down-to"),
    ("db.rows.count", "rows.len"),
    ("db.rows.cell", "row.text"),
    ("db.rows.cell-bytes", "row.bytes"),
    ("kube.target", "kube.object"),
    ("kube.selection", "kube-selection.select"),
];

/// Where one language says it otherwise than the others, or not at all: by what all say, or by the contract's name.
const EXCEPTIONS: &[(Language, &str, Option<&str>)] = &[
    (Language::Rust, "ctx.give-up", None),
    (Language::TypeScript, "ctx.give-up", None),
    (Language::Python, "ctx.give-up", None),
    (Language::Go, "ctx.give-up", None),
    (Language::C, "ctx.give-up", None),
    (Language::TypeScript, "probe.file", Some("probes.file")),
    (Language::Go, "probe.file", Some("files.probe")),
    (Language::Go, "response.bytes", Some("response.body")),
    (Language::Go, "secret.marker", Some("secret.string")),
    (Language::C, "response.bytes", Some("response.body")),
    (Language::C, "exit.stdout", Some("exit.out")),
    (Language::C, "exit.stderr", Some("exit.err")),
    (Language::C, "files.append-text-probed", Some("files.append-text")),
    (Language::TypeScript, "rows.len", Some("rows.length")),
    (Language::Python, "rows.len", Some("rows.--len--")),
    (Language::Go, "db.transaction", Some("db.new-transaction")),
    (Language::Go, "db.backup", Some("db.new-backup")),
    (Language::Go, "db-migrations.migrations", Some("db-migrations.read-migrations")),
    (Language::TypeScript, "db-migrations.migrations", Some("db-migrations.read")),
    (Language::Python, "db-migrations.migrations", Some("db-migrations.read")),
    (Language::C, "command.success-codes", Some("command.success-code")),
    (Language::Go, "revision.parse", Some("revisions.parse")),
    (Language::C, "rows.len", Some("rows.count")),
    (Language::C, "db.statement.bind-null", Some("statement.bind-null")),
    (Language::C, "db.statement.bind-boolean", Some("statement.bind-boolean")),
    (Language::C, "db.statement.bind-integer", Some("statement.bind-integer")),
    (Language::C, "db.statement.bind-float", Some("statement.bind-float")),
    (Language::C, "db.statement.bind-decimal", Some("statement.bind-decimal")),
    (Language::C, "db.statement.bind-text", Some("statement.bind-text")),
    (Language::C, "db.statement.bind-bytes", Some("statement.bind-bytes")),
    (Language::C, "db.statement.bind-timestamp", Some("statement.bind-timestamp")),
    (Language::C, "db.statement.bind-json", Some("statement.bind-json")),
    (Language::C, "step.on-failure-pause", Some("step.on-failure")),
    (Language::C, "step.on-failure-undo", Some("step.on-failure")),
    (Language::C, "step.on-failure-continue", Some("step.on-failure")),
];

/// What all SDKs call a function of the contract.
pub(super) fn in_all(name: &str) -> String {
    if let Some((_, said)) = SAID.iter().find(|(asked, _)| *asked == name) {
        return (*said).to_owned();
    }
    match name.split('.').collect::<Vec<_>>()[..] {
        ["run", member] => format!("ctx.{member}"),
        ["artifact", "sealed", member] => format!("artifact.{member}"),
        ["secret", "value", member] => format!("secret.{member}"),
        [.., unit, member] => format!("{unit}.{member}"),
        _ => name.to_owned(),
    }
}

/// What one SDK calls it; none when it has no such thing.
pub(super) fn by(language: Language, name: &str) -> Option<String> {
    let said = in_all(name);
    match EXCEPTIONS.iter().find(|(of, usual, _)| *of == language && (*usual == said || *usual == name)) {
        Some((_, _, otherwise)) => otherwise.map(str::to_owned),
        None => Some(said),
    }
}

/// The usual names of all exceptions, or the contract's.
pub(super) fn exceptions() -> impl Iterator<Item = &'static str> {
    EXCEPTIONS.iter().map(|(_, usual, _)| *usual)
}
