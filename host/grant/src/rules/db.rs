//! `[db.NAME]`: a database by name, how it is reached, and which classes of statements it takes.

mod backup;

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_model::request::{DbAsk, DbRequest, DbStatement};
use url::Url;

use crate::explain::Watch;
use crate::granted::Denial;
use crate::hint;
use crate::judge::{Judgement, Mismatch, Rule, judge};
use crate::paths;
use crate::place::Place;
use crate::read::{Item, Section};
use crate::rules::secrets::{SecretRule, read_placed};
use crate::sql::{Compiled, Engine, Judged, SqlError, StatementClass, compile, statements_of};
use crate::terms::{DbPrograms, DbTerms, DbWhere};
use backup::BackupRules;

/// `[db]`, compiled. The default allows nothing.
#[derive(Debug, Clone, Default)]
pub struct DbRules {
    databases: Vec<DbRule>,
}

/// One database.
#[derive(Debug, Clone)]
pub struct DbRule {
    /// Where it stands.
    pub place: Place,
    /// The id that procedures ask for.
    pub id: String,
    allow: Vec<StatementClass>,
    functions: Vec<String>,
    judged: Judged,
    backup: BackupRules,
    /// Without statements.
    terms: DbTerms,
}

impl Rule for DbRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        let allow: Vec<&str> = self.allow.iter().map(|class| class.word()).chain(self.backup.words()).collect();
        format!("{} {} ({})", self.terms.engine.word(), self.id, allow.join(", "))
    }
}

impl DbRules {
    /// Rows of one answer when the grant does not say.
    pub const ROWS: u64 = 10_000;
    /// The most rows a grant can ask for: an answer is held in memory and in the journal's store.
    pub const ROWS_MAX: u64 = 1_000_000;
    /// Bytes of one answer when the grant does not say. No row longer than this is taken into memory.
    pub const BYTES: u64 = 4 << 20;
    /// The most bytes a grant can ask for.
    pub const BYTES_MAX: u64 = 64 << 20;

    /// `declared`: `[secrets]`.
    pub(crate) fn read(table: &Item<'_, '_>, declared: &[SecretRule]) -> Self {
        Self { databases: table.entries().into_iter().filter_map(|(id, item)| DbRule::read(id, &item, declared)).collect() }
    }

    /// The databases, for a look before a run.
    pub fn databases(&self) -> &[DbRule] {
        &self.databases
    }

    pub(crate) fn decide(&self, request: &DbRequest, watch: &mut dyn Watch) -> Result<(&DbRule, DbTerms), Denial> {
        let named = self.databases.iter().find(|rule| rule.id == request.database);
        let compiled = named.map(|rule| rule.compile(request)).transpose()?;
        let matches = |rule: &DbRule| match &compiled {
            _ if rule.id != request.database => Err(Mismatch::Database),
            Some(compiled) => rule.takes(request, compiled),
            None => Err(Mismatch::Database),
        };
        match judge(&[], &self.databases, |rule, _| matches(rule), watch) {
            Judgement::Allowed(rule) | Judgement::Denied(rule) => {
                let statements = compiled.unwrap_or_default().into();
                Ok((rule, DbTerms { statements, ..rule.terms.clone() }))
            }
            Judgement::Default => Err(not_allowed(request, named, compiled.as_deref().unwrap_or_default())),
        }
    }
}

impl DbRule {
    pub(crate) const KEYS: &'static [&'static str] =
        &["engine", "url", "password", "path", "allow", "tls", "authorities", "rows", "bytes", "ledger", "dry-run", "functions", "backup"];

    fn read(id: &str, item: &Item<'_, '_>, declared: &[SecretRule]) -> Option<Self> {
        let legal = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if !legal {
            item.reject("a database's id is 1 to 64 letters, digits, `_`, `-` and `.`");
        }
        let section = item.section(Self::KEYS)?;
        let engine = section.need("engine", "\"postgresql\"").and_then(|item| item.word(&Engine::WORDS));
        let allow = section.need("allow", "[\"read\"]").map(|list| read_classes(&list));
        let at = engine.and_then(|engine| read_where(&section, engine, declared, &format!("db.{id}")));
        let authorities = section.get("authorities").map(|item| item.items()).unwrap_or_default();
        let number = |key: &str, most, fallback| section.get(key).and_then(|item| item.number(1..=most)).unwrap_or(fallback);
        let functions = section.get("functions").map(|item| item.items()).unwrap_or_default();
        let ledger = section.get("ledger").and_then(|item| {
            if engine == Some(Engine::Postgresql) {
                item.reject("PostgreSQL is asked for the transaction itself and needs no ledger: leave it out");
            }
            item.flag()
        });
        let backup = engine.zip(section.get("backup")).map(|(engine, item)| BackupRules::read(&item, engine)).unwrap_or_default();
        let terms = DbTerms {
            id: id.to_owned(),
            engine: engine?,
            at: at?,
            tls: section.get("tls").and_then(|item| item.word(&[("require", true), ("off", false)])),
            authorities: authorities.iter().filter_map(|item| item.host_path()).collect::<Vec<PathBuf>>().into(),
            rows: usize::try_from(number("rows", DbRules::ROWS_MAX, DbRules::ROWS)).unwrap_or(usize::MAX),
            bytes: usize::try_from(section.get("bytes").and_then(|item| item.size(1..=DbRules::BYTES_MAX)).unwrap_or(DbRules::BYTES)).unwrap_or(usize::MAX),
            ledger: ledger.unwrap_or(false),
            dry_run: section.get("dry-run").and_then(|item| item.flag()).unwrap_or(false),
            statements: Arc::new([]),
            programs: Arc::new(backup.programs.clone()),
        };
        let functions = functions.iter().filter_map(|item| item.text().map(str::to_owned)).collect();
        Some(Self { place: item.place(), id: id.to_owned(), allow: allow?, functions, judged: Judged::default(), backup, terms })
    }

    /// The engine that the operator says it is.
    pub fn engine(&self) -> Engine {
        self.terms.engine
    }

    /// The engine's own programs, which backups need.
    pub fn programs(&self) -> &DbPrograms {
        &self.terms.programs
    }

    fn compile(&self, request: &DbRequest) -> Result<Vec<Compiled>, Denial> {
        if let DbAsk::Migrate(migration) = &request.ask {
            let script = |error| Denial::built_in(format!("migration {}: {error}", hint::shown(&migration.version)), None);
            let statements = statements_of(self.terms.engine, &migration.script).map_err(script)?;
            return statements.into_iter().map(|sql| self.compile_one(&DbStatement { sql, ..DbStatement::default() })).collect();
        }
        request.statements().into_iter().map(|statement| self.compile_one(statement)).collect()
    }

    fn compile_one(&self, statement: &DbStatement) -> Result<Compiled, Denial> {
        compile(self.terms.engine, statement, &self.functions, &self.judged).map_err(|error| match &error {
            SqlError::Function(name) => Denial::by_default(
                format!("{}: {error}", hint::shown(&statement.sql)),
                hint::fitting(format!(
                    "if it only gives a value, add {} to `functions` of `{}` ({}:{})",
                    name.replace('`', "\""),
                    self.place.name,
                    self.place.file,
                    self.place.line
                )),
            ),
            SqlError::Ambiguous(_)
            | SqlError::Placeholder(_)
            | SqlError::Unparsable(_)
            | SqlError::Several(_)
            | SqlError::Refused(_)
            | SqlError::Empty
            | SqlError::TooMany(_)
            | SqlError::TooLong(_) => Denial::built_in(format!("{}: {error}", hint::shown(&statement.sql)), None),
        })
    }

    fn takes(&self, request: &DbRequest, compiled: &[Compiled]) -> Result<(), Mismatch> {
        if let Some(right) = backup::right(&request.ask) {
            return if self.backup.allows(right) { Ok(()) } else { Err(Mismatch::BackupRight) };
        }
        let reads_only = match &request.ask {
            DbAsk::Query(_) => true,
            DbAsk::Open | DbAsk::Ping | DbAsk::Execute(_) | DbAsk::Commit(_) | DbAsk::History | DbAsk::Migrate(_) => false,
            // Their right has been asked for.
            DbAsk::MakeBackup(_) | DbAsk::BackupIn(_) | DbAsk::VerifyBackup(_) | DbAsk::Restore(_) => false,
        };
        let fits = |statement: &Compiled| self.allow.contains(&statement.class) && (statement.class == StatementClass::Read || !reads_only);
        if compiled.iter().all(fits) { Ok(()) } else { Err(Mismatch::Statement) }
    }
}

fn read_classes(list: &Item<'_, '_>) -> Vec<StatementClass> {
    const CLASSES: [(&str, StatementClass); 4] =
        [("read", StatementClass::Read), ("write", StatementClass::Write), ("ddl", StatementClass::Ddl), ("destructive", StatementClass::Destructive)];
    let items = list.items();
    if items.is_empty() {
        list.reject("a database that takes nothing is of no use: leave it out");
    }
    items.iter().filter_map(|item| item.word(&CLASSES)).collect()
}

fn read_where(section: &Section<'_, '_>, engine: Engine, declared: &[SecretRule], name: &str) -> Option<DbWhere> {
    let (url, path, password) = (section.get("url"), section.get("path"), section.get("password"));
    match (engine, url, path) {
        (Engine::Sqlite, None, Some(path)) => {
            if let Some(password) = password {
                password.reject("a file of SQLite has no password");
            }
            Some(DbWhere::File(paths::lexical(&path.host_path()?)))
        }
        (Engine::Postgresql | Engine::Mariadb | Engine::Mysql, Some(url), None) if url.is_table() => {
            if let Some(password) = password {
                password.reject("the URL is a secret and has the password in it: leave `password` out");
            }
            Some(DbWhere::Secret(read_placed(&url, declared, name)?))
        }
        (Engine::Postgresql | Engine::Mariadb | Engine::Mysql, Some(url), None) => {
            let parsed = url.parsed(|text| DbUrl::parse(text, engine))?;
            if parsed.password.is_some() {
                url.reject_with("a password does not stand in a grant file", "take it out, and add `password = { secret = \"…\" }`, declared in `[secrets]`");
            }
            let password = password.map(|item| read_placed(&item, declared, name));
            Some(DbWhere::Server { url: parsed, password: password.unwrap_or(None) })
        }
        (Engine::Sqlite, _, _) => {
            section.item().reject_with("a database of SQLite is a file", "write `path = \"/var/lib/shop/shop.db\"` and no `url`");
            None
        }
        (Engine::Postgresql | Engine::Mariadb | Engine::Mysql, _, _) => {
            let example = "write `url = \"postgresql://user@host/database\"`, or `url = { secret = \"DATABASE_URL\" }`, and no `path`";
            section.item().reject_with("a database of a server is reached by a URL", example);
            None
        }
    }
}

fn not_allowed(request: &DbRequest, named: Option<&DbRule>, compiled: &[Compiled]) -> Denial {
    let Some(rule) = named else {
        let hint = hint::quoted(&request.database)
            .and_then(|id| hint::fitting(format!("add to the grant file:\n[db.{id}]\nengine = \"postgresql\"\nurl = \"postgresql://…\"\nallow = [\"read\"]")));
        return Denial::by_default(format!("database {} is not one that the grant has", hint::shown(&request.database)), hint);
    };
    if let Some(right) = backup::right(&request.ask) {
        return rule.backup.denial(right, rule);
    }
    let most = compiled.iter().map(|statement| statement.class).max().unwrap_or(StatementClass::Read);
    if let (DbAsk::Query(_), true) = (&request.ask, rule.allow.contains(&most)) {
        return Denial::built_in(
            format!("`query` takes only what reads, and {} is {most}", hint::shown(&request.summary_of_sql())),
            Some("use `execute`".to_owned()),
        );
    }
    let first = compiled.iter().find(|statement| !rule.allow.contains(&statement.class));
    let (missing, sql) = first.map_or_else(|| (most, request.summary_of_sql()), |statement| (statement.class, statement.sql.clone()));
    Denial::by_default(
        format!("{} is {missing}, which `{}` does not allow", hint::shown(&sql), rule.place.name),
        Some(format!("add \"{missing}\" to `allow` of `{}` ({}:{})", rule.place.name, rule.place.file, rule.place.line)),
    )
}

/// A URL of a database server, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct DbUrl {
    /// A name or an address.
    pub host: String,
    /// The engine's own when the URL has none.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// Only in the value of a secret.
    pub password: Option<String>,
    /// Which database of the server.
    pub database: String,
}

/// Never the password.
impl std::fmt::Debug for DbUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

impl DbUrl {
    /// From text. What it says never repeats the text: it may hold a password.
    ///
    /// # Errors
    /// What is missing or not taken.
    pub fn parse(text: &str, engine: Engine) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "expected a URL such as `postgresql://user@host:5432/database`")?;
        let (schemes, port): (&[&str], u16) = match engine {
            Engine::Postgresql => (&["postgresql", "postgres"], 5432),
            Engine::Mariadb | Engine::Mysql => (&["mariadb", "mysql"], 3306),
            Engine::Sqlite => return Err("a database of SQLite has no URL"),
        };
        if !schemes.contains(&url.scheme()) {
            return Err("the URL's scheme is not that of `engine`");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("options in the URL are not taken: `tls`, `authorities` and the like are keys of their own");
        }
        let decoded = |text: &str| percent_decoded(text).ok_or("a part of the URL is not UTF-8 once decoded");
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("the URL has no host")?;
        let database = decoded(url.path().trim_start_matches('/'))?;
        if url.username().is_empty() || database.is_empty() || database.contains(['/', '\0']) {
            return Err("the URL has to name a user and one database: `postgresql://user@host/database`");
        }
        Ok(Self {
            host: decoded(host)?.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            user: decoded(url.username())?,
            password: url.password().map(decoded).transpose()?,
            database,
        })
    }

    /// Whether it names this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
