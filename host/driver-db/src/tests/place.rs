//! A database of its own for each test, and its driver.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lockstep_gate::{CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, Notes};
use lockstep_grant::{Decision, Grant, Grantable as _, Granted};
use lockstep_model::request::{DbAsk, DbDone, DbRequest, DbResponse, DbRows, DbStatement, DbValue};
use lockstep_model::{Failure, Secret};
use rusqlite::Connection;
use tokio::runtime::Runtime;
use url::Url;

use crate::DbDriver;

pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(super) struct Place {
    pub(super) engine: &'static str,
    pub(super) grant: String,
    pub(super) password: String,
    pub(super) port: u16,
    pub(super) key: String,
    driver: DbDriver,
    pub(super) artifacts: std::sync::Arc<LooseArtifacts>,
    /// The URL of the server's own administrator, or the file.
    admin: String,
    _folder: Option<std::sync::Arc<tempfile::TempDir>>,
}

/// Keeps what is noted.
pub(super) struct Kept<'a>(pub(super) &'a Mutex<Vec<serde_json::Value>>);

impl Notes for Kept<'_> {
    fn note(&self, note: &serde_json::Value) -> Result<(), Failure> {
        self.0.lock().unwrap().push(note.clone());
        Ok(())
    }
}

pub(super) fn sql(text: &str) -> DbStatement {
    DbStatement { sql: text.to_owned(), ..DbStatement::default() }
}

pub(super) fn with(text: &str, parameters: impl Into<Vec<DbValue>>) -> DbStatement {
    DbStatement { parameters: parameters.into(), ..sql(text) }
}

/// Every engine that can be had here. One that cannot is said, and where a machine must have all is a failure.
pub(super) fn everywhere(check: impl Fn(&Place)) {
    check(&Place::sqlite());
    for place in [Place::postgres(), Place::mariadb()].into_iter().flatten() {
        check(&place);
    }
}

fn fresh() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("lockstep_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Place {
    pub(super) fn sqlite() -> Self {
        let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
        let path = folder.path().join("test.db");
        Connection::open(&path).unwrap().execute_batch("PRAGMA journal_mode = WAL").unwrap();
        let grant = format!("[db.main]\nengine = \"sqlite\"\npath = \"{0}\"\nallow = [\"read\", \"write\", \"ddl\", \"destructive\"]\n", path.display());
        let admin = path.display().to_string();
        Self {
            engine: "sqlite",
            grant,
            password: String::new(),
            port: 0,
            key: KEY.to_owned(),
            driver: DbDriver::new(tools()),
            admin,
            artifacts: std::sync::Arc::default(),
            _folder: Some(folder),
        }
    }

    pub(super) fn postgres() -> Option<Self> {
        Some(Self::server_of("postgresql", &lockstep_faults::server("POSTGRES")?))
    }

    pub(super) fn mariadb() -> Option<Self> {
        Some(Self::server_of("mariadb", &lockstep_faults::server("MARIADB")?))
    }

    pub(super) fn server_of(engine: &'static str, url: &str) -> Self {
        let mut url: Url = url.parse().unwrap();
        let (database, password) = (fresh(), url.password().unwrap_or_default().to_owned());
        let port = url.port().unwrap();
        run_on(engine, url.as_str(), &format!("CREATE DATABASE {database}"));
        url.set_path(&database);
        let admin = url.to_string();
        let reached = format!("{engine}://{}@127.0.0.1:{port}/{database}", url.username());
        let grant = format!(
            "[secrets]\nPASSWORD = {{ env = \"PASSWORD\", to = [\"db.main\"] }}\n[db.main]\nengine = \"{engine}\"\nurl = \"{reached}\"\npassword = {{ secret = \"PASSWORD\" }}\n\
             allow = [\"read\", \"write\", \"ddl\", \"destructive\"]\n"
        );
        Self { engine, grant, password, port, key: KEY.to_owned(), driver: DbDriver::new(tools()), admin, artifacts: std::sync::Arc::default(), _folder: None }
    }

    /// The same database by another grant.
    pub(super) fn of(engine: &'static str, grant: String, like: &Self) -> Self {
        let Self { password, port, key, admin, artifacts, _folder, .. } = like;
        let (password, key, admin) = (password.clone(), key.clone(), admin.clone());
        Self {
            engine,
            grant,
            password,
            port: *port,
            key,
            driver: DbDriver::new(tools()),
            artifacts: std::sync::Arc::clone(artifacts),
            admin,
            _folder: _folder.clone(),
        }
    }

    /// The same database with more lines in its grant.
    pub(super) fn again(&self, lines: &str) -> Self {
        Self::of(self.engine, format!("{}{lines}\n", self.grant), self)
    }

    /// The same database, which may be backed up and restored as the line says. None when a program for that is missing.
    pub(super) fn backed_up(&self, allow: &str) -> Option<Self> {
        let programs: &[&str] = match self.engine {
            "postgresql" => &["pg_dump", "pg_restore", "psql"],
            "mariadb" => &["mariadb-dump", "mariadb"],
            _ => &[],
        };
        let named = programs.iter().map(|name| Some(format!("{name} = \"{}\"", lockstep_faults::program(name)?))).collect::<Option<Vec<_>>>()?;
        let programs = if named.is_empty() { String::new() } else { format!("programs = {{ {} }}\n", named.join(", ")) };
        Some(self.again(&format!("[db.main.backup]\nallow = [{allow}]\n{programs}")))
    }

    /// Another database of the same server.
    pub(super) fn another(&self) -> Self {
        let other = match self.engine {
            "postgresql" => Self::postgres(),
            "mariadb" => Self::mariadb(),
            _ => Some(Self::sqlite()),
        };
        Self { artifacts: std::sync::Arc::clone(&self.artifacts), ..other.unwrap() }
    }

    /// What is beside the database's file that should not stay there.
    pub(super) fn files(&self) -> Vec<String> {
        let folder = Path::new(&self.admin).parent().unwrap();
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("scratch")).collect()
    }

    /// Leaves a file beside the database's.
    pub(super) fn leave(&self, name: &str) {
        std::fs::write(Path::new(&self.admin).with_file_name(name), b"half").unwrap();
    }

    /// Past the driver, as the server's administrator.
    pub(super) fn server(&self, text: &str) {
        run_on(self.engine, &self.admin, text);
    }

    /// The first value of the first row, past the driver.
    pub(super) fn asked(&self, text: &str) -> String {
        let runtime = Runtime::new().unwrap();
        match self.engine {
            "postgresql" => runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&self.admin, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                let found = client.simple_query(text).await.unwrap();
                let first = found.iter().find_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                    _ => None,
                });
                first.unwrap()
            }),
            _ => runtime.block_on(async {
                use mysql_async::prelude::Queryable as _;
                let mut conn = mysql_async::Conn::from_url(&self.admin).await.unwrap();
                let found: Option<String> = conn.query_first(text).await.unwrap();
                conn.disconnect().await.unwrap();
                found.unwrap()
            }),
        }
    }

    pub(super) fn setup(&self, text: &str) {
        self.server(text);
    }

    pub(super) fn call<T>(
        &self,
        ask: DbAsk,
        time_left: Duration,
        notes: &Mutex<Vec<serde_json::Value>>,
        call: impl FnOnce(&DbDriver, &Granted<DbRequest>, &CallContext<'_>) -> T,
    ) -> T {
        let grant = Grant::parse(&self.grant, "g.toml", Path::new("/")).unwrap();
        let request = DbRequest { database: "main".to_owned(), ask };
        let granted = match request.decide(&grant) {
            Decision::Allowed(granted) => granted.with_placed(|_| Some(Secret::new(self.password.clone().into_bytes()))),
            Decision::Denied(denial) => panic!("{}: {denial:?}", self.engine),
        };
        let (notes, interrupt) = (Kept(notes), Interrupt::default());
        let context =
            CallContext { idempotency_key: &self.key, time_left, interrupt: &interrupt, notes: &notes, live: &NoLiveOutput, artifacts: &*self.artifacts };
        call(&self.driver, &granted, &context)
    }

    pub(super) fn perform_within(&self, time: Duration, ask: DbAsk, notes: &Mutex<Vec<serde_json::Value>>) -> Result<DbResponse, Failure> {
        self.call(ask, time, notes, |driver, granted, context| driver.perform(granted, context))
    }

    fn perform(&self, ask: DbAsk) -> Result<DbResponse, Failure> {
        self.perform_within(Duration::from_secs(60), ask, &Mutex::default())
    }

    pub(super) fn ping(&self) -> Result<(), Failure> {
        self.perform(DbAsk::Ping).map(|response| assert_eq!(response, DbResponse::Alive))
    }

    pub(super) fn query(&self, statement: DbStatement) -> Result<DbRows, Failure> {
        match self.perform(DbAsk::Query(statement))? {
            DbResponse::Rows(rows) => Ok(rows),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn done(&self, ask: DbAsk) -> Result<Vec<DbDone>, Failure> {
        match self.perform(ask)? {
            DbResponse::Done(done) => Ok(done),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn execute(&self, statement: DbStatement) -> Result<Vec<DbDone>, Failure> {
        self.done(DbAsk::Execute(statement))
    }
}

/// What starts the programs of the engines.
fn tools() -> std::sync::Arc<dyn lockstep_gate::Tools> {
    std::sync::Arc::new(lockstep_driver_shell::ShellDriver::new())
}

fn run_on(engine: &str, address: &str, text: &str) {
    let runtime = || Runtime::new().unwrap();
    match engine {
        "sqlite" => Connection::open(address).unwrap().execute_batch(text).unwrap(),
        "postgresql" => runtime().block_on(async {
            let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(text).await.unwrap();
        }),
        _ => runtime().block_on(async {
            use mysql_async::prelude::Queryable as _;
            let mut conn = mysql_async::Conn::from_url(address).await.unwrap();
            conn.query_drop(text).await.unwrap();
            conn.disconnect().await.unwrap();
        }),
    }
}
