//! What a grant is asked about: a call of a run as its journal has it, or what an operator writes in its place.

use lockstep_api::Code;
use lockstep_grant::{Decision, Explanation, Grant, Grantable as _, WorkingDirectory};
use lockstep_model::request::{
    ArtifactRequest, DbAsk, DbBackup, DbBackupOrder, DbRequest, DbRestore, DbStatement, DbValue, FilesRequest, HttpRequest, KubeCall, KubeRequest, KubeVersion,
    ProbeRead, RedisAsk, RedisRequest, SealedArtifact, SecretRequest, ShellRequest,
};
use lockstep_model::{Digest, Request as _};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::CliError;

/// A request that a grant decides about.
#[derive(Debug)]
pub(super) enum Ask {
    Http(HttpRequest),
    Shell(ShellRequest),
    Files(FilesRequest),
    Redis(RedisRequest),
    Kube(KubeRequest),
    Db(DbRequest),
    Secret(SecretRequest),
    Artifact(ArtifactRequest),
}

/// Does the same with a request of whatever capability.
macro_rules! whichever {
    ($ask:expr, $request:ident => $does:expr) => {
        match $ask {
            Ask::Http($request) => $does,
            Ask::Shell($request) => $does,
            Ask::Files($request) => $does,
            Ask::Redis($request) => $does,
            Ask::Kube($request) => $does,
            Ask::Db($request) => $does,
            Ask::Secret($request) => $does,
            Ask::Artifact($request) => $does,
        }
    };
}

impl Ask {
    /// A call as its journal has it; none when it is of an interface about which no rule decides.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn recorded(interface: &str, request: Value) -> Result<Option<Self>, CliError> {
        Ok(Some(match interface {
            "http" => Self::Http(typed(request)?),
            "shell" => Self::Shell(typed(request)?),
            "files" => Self::Files(typed(request)?),
            "redis" => Self::Redis(typed(request)?),
            "kube" => Self::Kube(typed(request)?),
            "db" => Self::Db(typed(request)?),
            "secret" => Self::Secret(typed(request)?),
            "artifact" => Self::Artifact(typed(request)?),
            _ => return Ok(None),
        }))
    }

    /// `GET https://…`, `/usr/bin/git status`, `read /app/x`, `redis cache GET app:1`.
    ///
    /// # Errors
    /// When it is not clear what it asks for.
    pub(super) fn written(words: &[String]) -> Result<Self, CliError> {
        // One argument with blanks is taken apart; several are taken as they are, so that an argument may hold blanks.
        let split: Vec<&str> = match words {
            [one] => one.split_whitespace().collect(),
            several => several.iter().map(String::as_str).collect(),
        };
        let found = match split.as_slice() {
            [method, url] if method.bytes().all(|b| b.is_ascii_uppercase()) => Some(Self::Http(HttpRequest::to(method, url))),
            [program, args @ ..] if program.starts_with('/') => Some(Self::Shell(ShellRequest::command(program, args))),
            ["redis", store, words @ ..] if !words.is_empty() => Some(Self::Redis(redis_request(store, words))),
            ["db", database, sql @ ..] if !sql.is_empty() => Some(Self::Db(DbRequest { database: (*database).to_owned(), ask: db_ask(sql) })),
            ["kube", verb, kind, place] => kube_request(verb, kind, place).map(Self::Kube),
            ["secret", id] => Some(Self::Secret(SecretRequest { id: (*id).to_owned() })),
            ["artifact", id] => Some(Self::Artifact(ArtifactRequest::ById { id: (*id).to_owned() })),
            [does, path] if path.starts_with('/') => files_request(does, path).map(Self::Files),
            _ => None,
        };
        found.ok_or_else(|| unclear(&split))
    }

    /// With the directory that a command says it works in.
    ///
    /// # Errors
    /// When it is no command.
    pub(super) fn working_in(mut self, directory: Option<&str>) -> Result<Self, CliError> {
        match (&mut self, directory) {
            (_, None) => {}
            (Self::Shell(request), Some(directory)) => request.directory = Some(directory.to_owned()),
            (Self::Http(_) | Self::Files(_) | Self::Redis(_) | Self::Kube(_) | Self::Db(_) | Self::Secret(_) | Self::Artifact(_), Some(_)) => {
                return Err(CliError::new(Code::Usage, "a working directory is of a command: `/usr/bin/git status`"));
            }
        }
        Ok(self)
    }

    /// As a procedure would ask: what only reads is a `query`.
    pub(super) fn asked_under(self, grant: &Grant) -> Self {
        let Self::Db(DbRequest { database, ask: DbAsk::Execute(statement) }) = &self else { return self };
        let query = DbRequest { database: database.clone(), ask: DbAsk::Query(statement.clone()) };
        if grant.explain(&query).decision.is_ok() { Self::Db(query) } else { self }
    }

    /// As the gate decides about it.
    pub(super) fn explain(&self, grant: &Grant) -> Explanation {
        whichever!(self, request => request.explain(grant))
    }

    /// As the gate decides about it when it is a probe.
    pub(super) fn explain_probe(&self, grant: &Grant) -> Explanation {
        whichever!(self, request => request.explain(grant).of_probe(request))
    }

    /// What its probe would ask, with its line.
    pub(super) fn probe(&self) -> Option<(String, Self)> {
        let probe = whichever!(self, request => request.probe())?;
        let ask = match &probe.read {
            ProbeRead::Http(request) => Self::Http(request.clone()),
            ProbeRead::Shell(request) => Self::Shell(request.clone()),
            ProbeRead::File { path, .. } => Self::Files(FilesRequest::Digest { path: path.clone() }),
        };
        Some((probe.summary(), ask))
    }

    /// What the grant does with it that no rule of those considered says: the way it goes, what is shown there, where a value comes from.
    pub(super) fn beside(&self, grant: &Grant) -> Vec<String> {
        match self {
            Self::Http(request) => beside_http(&request.url, grant),
            Self::Secret(request) => {
                grant.secret(&request.id).map(|rule| format!("from {}; may go to {}", rule.source, rule.destinations().join(", "))).into_iter().collect()
            }
            Self::Shell(request) => beside_shell(request, grant),
            Self::Files(_) | Self::Redis(_) | Self::Kube(_) | Self::Db(_) | Self::Artifact(_) => Vec::new(),
        }
    }
}

fn beside_shell(request: &ShellRequest, grant: &Grant) -> Vec<String> {
    let Decision::Allowed(granted) = request.decide(grant) else { return Vec::new() };
    let works = granted.terms().directory.as_ref().map(|directory| match directory {
        WorkingDirectory::Host(path) => format!("works in `{}`", path.display()),
        WorkingDirectory::Mount { path, within } => format!("works in `{path}`, in the mount at `{}`", within.root.display()),
    });
    works.into_iter().collect()
}

fn beside_http(url: &str, grant: &Grant) -> Vec<String> {
    let proxy = grant.http().proxy(url).map(|proxy| {
        let login = proxy.user.as_ref().map(|user| format!(", logged in as `{user}`")).unwrap_or_default();
        format!("goes through the proxy `{}`, {}{login} (http.proxies.{})", proxy.id, proxy.origin(), proxy.id)
    });
    let identity =
        grant.http().identity(url).map(|identity| format!("shows the client certificate `{}` (http.identities.{})", identity.certificate, identity.id));
    proxy.into_iter().chain(identity).collect()
}

fn typed<R: DeserializeOwned>(value: Value) -> Result<R, CliError> {
    serde_json::from_value(value).map_err(|error| CliError::new(Code::JournalBroken, format!("the recorded request cannot be read: {error}")))
}

fn unclear(words: &[&str]) -> CliError {
    let shown: String = words.join(" ").chars().take(80).collect();
    let error = CliError::new(Code::Usage, format!("it is not clear what `{shown}` asks for"));
    let forms = match words.first() {
        Some(&"kube") => {
            "write `kube VERB API-VERSION/KIND NAMESPACE/ID`; a verb is get, list, apply, patch, delete, scale, scale-to-zero, set-image, restart, \
                          rollout-undo, rollout-status, logs or events"
        }
        Some(&"db") => "write `db NAME 'SQL'`, or `db NAME` and ping, history, make-backup, verify-backup, restore or restore-over",
        Some(_) | None => {
            "write `METHOD URL`, `/absolute/program ARGS…`, `read|write|remove|look|entries|link PATH`, `redis STORE COMMAND…`, `kube VERB API-VERSION/KIND \
             NAMESPACE/ID`, `db NAME 'SQL'`, `secret ID` or `artifact ID`"
        }
    };
    error.hint(forms)
}

fn redis_request(store: &str, words: &[&str]) -> RedisRequest {
    let most = u32::MAX;
    match words {
        ["delete-by-prefix", prefix] => RedisRequest::of(store, RedisAsk::DeleteByPrefix { prefix: (*prefix).into(), most }),
        ["scan", prefix] => RedisRequest::of(store, RedisAsk::Scan { prefix: (*prefix).into(), most }),
        words => RedisRequest::run(store, words),
    }
}

/// SQL, or the word of a call that has none: of which backup or with which value decides nothing.
fn db_ask(words: &[&str]) -> DbAsk {
    let artifact = || SealedArtifact { id: "backup".to_owned(), digest: Digest::ZERO, size: "0".to_owned() };
    let backup = || DbBackup {
        artifact: artifact(),
        database: String::new(),
        engine: String::new(),
        format: String::new(),
        server_version: String::new(),
        tables: Vec::new(),
    };
    match words {
        ["ping"] => DbAsk::Ping,
        ["history"] => DbAsk::History,
        ["make-backup"] => {
            DbAsk::MakeBackup(DbBackupOrder { artifact: "backup".to_owned(), at_least_bytes: None, at_least_rows: Vec::new(), timeout_milliseconds: None })
        }
        ["verify-backup"] => DbAsk::VerifyBackup(backup()),
        ["restore"] => DbAsk::Restore(DbRestore { backup: backup(), over: false }),
        ["restore-over"] => DbAsk::Restore(DbRestore { backup: backup(), over: true }),
        sql => {
            let sql = sql.join(" ");
            let placeholders = (1..=64).rev().find(|number| sql.contains(&format!("${number}"))).unwrap_or(0);
            DbAsk::Execute(DbStatement { sql, parameters: vec![DbValue::Null; placeholders], ..DbStatement::default() })
        }
    }
}

/// `NAMESPACE/ID`; of a list the namespace alone, of what belongs to none the id alone.
fn kube_request(verb: &str, kind: &str, place: &str) -> Option<KubeRequest> {
    let before = KubeVersion::default();
    let call = match verb {
        "get" | "read" | "revision" => KubeCall::Read,
        "list" | "entries" => KubeCall::Entries { labels: String::new(), fields: String::new(), limit: 1 },
        "apply" => KubeCall::Apply { before, object: "{}".to_owned(), force: false },
        "patch" => KubeCall::Patch { before, patch: "{}".to_owned() },
        "delete" => KubeCall::Delete { before },
        "scale" => KubeCall::Scale { before, replicas: 1 },
        "scale-to-zero" => KubeCall::Scale { before, replicas: 0 },
        "set-image" => KubeCall::SetImage { before, container: "container".to_owned(), image: "image".to_owned() },
        "restart" => KubeCall::Restart { before },
        "rollout-undo" => KubeCall::RolloutUndo { uid: String::new(), template: "{}".to_owned() },
        "rollout-status" => KubeCall::RolloutStatus,
        "logs" => KubeCall::Logs { container: String::new(), lines: 1, since: 0 },
        "events" => KubeCall::Events,
        _ => return None,
    };
    let (api_version, kind) = kind.rsplit_once('/')?;
    let (namespace, id) = match place.split_once('/') {
        Some(parts) => parts,
        None if matches!(call, KubeCall::Entries { .. }) => (place, ""),
        None => ("", place),
    };
    Some(KubeRequest::of(api_version, kind, namespace, id, call))
}

fn files_request(does: &str, path: &str) -> Option<FilesRequest> {
    let path = path.to_owned();
    Some(match does {
        "read" | "read-text" => FilesRequest::Read { path },
        "write" | "write-text" => FilesRequest::Write { path, bytes: "".into() },
        "append-text" => FilesRequest::AppendText { path, text: String::new(), probe: None },
        "look" => FilesRequest::Look { path },
        "entries" => FilesRequest::Entries { path },
        "make-directory" => FilesRequest::MakeDirectory { path },
        "remove" => FilesRequest::Remove { path },
        "link" => FilesRequest::Link { path, target: "target".to_owned() },
        "digest" => FilesRequest::Digest { path },
        "disk-free" => FilesRequest::DiskFree { path },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Ask, DbAsk, DbRequest, DbRestore};

    #[test]
    fn what_is_asked_is_read_from_one_argument_or_several() {
        let ask = |words: &[&str]| Ask::written(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert!(matches!(ask(&["GET https://a.example/x"]).unwrap(), Ask::Http(request) if request.url == "https://a.example/x"));
        assert!(matches!(ask(&["/bin/echo", "a b"]).unwrap(), Ask::Shell(request) if request.args == ["a b"]));
        assert!(matches!(ask(&["/bin/echo a b"]).unwrap(), Ask::Shell(request) if request.args == ["a", "b"]));
        assert!(matches!(ask(&["redis cache FLUSHDB"]).unwrap(), Ask::Redis(request) if request.store == "cache" && request.words().len() == 1));
        for words in [&["db main DELETE FROM t"][..], &["db", "main", "DELETE FROM t"]] {
            assert!(matches!(ask(words).unwrap(), Ask::Db(request) if request.database == "main" && request.statements()[0].sql == "DELETE FROM t"));
        }
        assert!(matches!(ask(&["read /app/x"]).unwrap(), Ask::Files(request) if request.path() == "/app/x"));
        assert!(matches!(ask(&["db main restore-over"]).unwrap(), Ask::Db(DbRequest { ask: DbAsk::Restore(DbRestore { over: true, .. }), .. })));
        assert!(matches!(ask(&["secret API_KEY"]).unwrap(), Ask::Secret(request) if request.id == "API_KEY"));
        assert!(matches!(ask(&["artifact dump"]).unwrap(), Ask::Artifact(_)));
        for unclear in [&["git status"][..], &["fly /x"], &[""], &["get https://x"], &["kube exec v1/Pod shop/api"]] {
            assert!(ask(unclear).is_err(), "{unclear:?}");
        }
    }
}
