//! What a grant says about how an allowed request is performed: all that a driver needs to know of the grant file.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use lockstep_model::Digest;

use crate::address::{AddressError, address_allowed};
use crate::rules::{DbUrl, HttpRules, KubeAccess, RedisAt};
use crate::sql::{Compiled, Engine};

/// For `http`.
#[derive(Debug, Clone)]
pub struct HttpTerms {
    /// Private, loopback or link-local ranges that may be connected to; every other non-public address is refused.
    pub private_addresses: Arc<[IpNet]>,
    /// PEM files with certificate authorities to trust besides the system's.
    pub authorities: Arc<[PathBuf]>,
    /// The rules again, for each redirect: `rules.allows(method, url)`.
    pub rules: Arc<HttpRules>,
    /// The longest body kept, in bytes.
    pub body_limit: usize,
}

impl HttpTerms {
    /// Whether a resolved address may be connected to: see [`address_allowed`].
    ///
    /// # Errors
    /// Says what the address is.
    pub fn address_allowed(&self, address: IpAddr) -> Result<(), AddressError> {
        address_allowed(address, &self.private_addresses)
    }
}

/// For `shell`.
#[derive(Debug, Clone, Default)]
pub struct ShellTerms {
    /// Variables that the grant sets, before those of the command.
    pub env: Arc<[(String, String)]>,
    /// Where it works; none: at the root.
    pub directory: Option<WorkingDirectory>,
    /// The program's digest, when the rule pins it: checked before it is started.
    pub digest: Option<Digest>,
    /// The exit codes that mean success when the command does not say; none: 0.
    pub success_codes: Arc<[i32]>,
    /// The longest output kept of each stream, in bytes.
    pub output_limit: usize,
    /// The files that the kernel lets the program reach, when the rule says which.
    pub landlock: Option<Arc<Landlock>>,
    /// What the kernel lets each of its processes use.
    pub limits: ProcessLimits,
}

/// Where a command works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkingDirectory {
    /// A directory of the host, by its path.
    Host(PathBuf),
    /// One below a mount, opened without leaving it.
    Mount {
        /// Its path as `files` names it.
        path: String,
        /// The mount, and the way below it.
        within: FilesTerms,
    },
}

/// Files and directories, with all below them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Landlock {
    /// May be read and executed.
    pub read: Vec<PathBuf>,
    /// May be read, executed, written, made and removed.
    pub write: Vec<PathBuf>,
}

/// What a process may use; none: whatever `lockstep` may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Bytes of address space.
    pub memory: Option<u64>,
    /// Seconds of computing.
    pub cpu_seconds: Option<u64>,
    /// Processes and threads of its user, all together.
    pub processes: Option<u64>,
    /// Open descriptors.
    pub files: Option<u64>,
    /// Bytes of a file that it writes.
    pub file_size: Option<u64>,
}

/// For `files`, and for a command that works in a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesTerms {
    /// The mount's directory on the host.
    pub root: PathBuf,
    /// The path below it, normalised, without a leading slash; empty for the mount itself.
    pub relative: String,
}

/// For `redis`.
#[derive(Debug, Clone)]
pub struct RedisTerms {
    /// Where the store is.
    pub at: RedisAt,
    /// None: the default user, or the one in the URL of a secret.
    pub user: Option<String>,
    /// The id of the secret that is the password.
    pub password: Option<String>,
    /// PEM files with certificate authorities to trust besides the system's.
    pub authorities: Arc<[PathBuf]>,
    /// The longest reply kept, in bytes.
    pub reply_limit: usize,
}

/// For `kube`.
#[derive(Debug, Clone)]
pub struct KubeTerms {
    /// Which cluster, and as whom.
    pub access: Arc<KubeAccess>,
    /// How many objects a list may have at most.
    pub list_limit: u32,
    /// The longest logs kept, in bytes.
    pub log_limit: usize,
}

/// For `db`.
#[derive(Debug, Clone)]
pub struct DbTerms {
    /// The id in the grant.
    pub id: String,
    /// What the operator says the server is: another one is refused.
    pub engine: Engine,
    /// How it is reached.
    pub at: DbWhere,
    /// Whether the connection is encrypted. None: unless it stays on this machine.
    pub tls: Option<bool>,
    /// PEM files with certificate authorities to trust besides the system's.
    pub authorities: Arc<[PathBuf]>,
    /// The most rows of one answer.
    pub rows: usize,
    /// The most bytes of one answer, and of one row on its way.
    pub bytes: usize,
    /// Whether an effect leaves a row in the table `lockstep_ledger`, in the same transaction.
    pub ledger: bool,
    /// Whether a dry run may execute statements in a transaction that is rolled back.
    pub dry_run: bool,
    /// The request's statements as they are sent.
    pub statements: Arc<[Compiled]>,
    /// What copies and restores, when the grant allows that.
    pub programs: Arc<DbPrograms>,
}

/// The engine's own programs. A database of SQLite needs none.
#[derive(Debug, Clone, Default)]
pub struct DbPrograms {
    /// Makes a backup: `pg_dump`, `mariadb-dump`, `mysqldump`.
    pub dump: Option<Program>,
    /// Makes statements of an archive: `pg_restore`.
    pub unpack: Option<Program>,
    /// Runs statements: `psql`, `mariadb`, `mysql`.
    pub client: Option<Program>,
}

impl DbPrograms {
    /// Those that are named.
    pub fn named(&self) -> impl Iterator<Item = &Program> {
        [&self.dump, &self.unpack, &self.client].into_iter().flatten()
    }
}

/// A program of the host that a driver may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Absolute.
    pub path: String,
    /// Checked before it is started.
    pub digest: Option<Digest>,
}

/// Where a database is.
#[derive(Debug, Clone)]
pub enum DbWhere {
    /// A file of SQLite.
    File(PathBuf),
    /// A server by a URL of the grant.
    Server {
        /// Without a password.
        url: DbUrl,
        /// The secret that it is given to log in.
        password: Option<String>,
    },
    /// A server by a URL that is a secret as a whole.
    Secret(String),
}

impl DbWhere {
    /// The secrets that its lines place.
    pub(crate) fn placed(&self) -> Vec<String> {
        match self {
            Self::File(_) => Vec::new(),
            Self::Server { password, .. } => password.iter().cloned().collect(),
            Self::Secret(url) => vec![url.clone()],
        }
    }
}
