//! `lockstep grant`: which rule decides about a call and why the others do not, and what a profile says.

use std::path::PathBuf;

use clap::Subcommand;
use lockstep_api::{Code, Exit};
use lockstep_grant::{Explanation, Grant, Grantable, Profile, Side, Verdict};
use lockstep_model::Request as _;
use lockstep_model::request::{
    DbAsk, DbRequest, DbStatement, DbValue, FilesRequest, HttpRequest, KubeCall, KubeRequest, KubeVersion, ProbeRead, RedisAsk, RedisRequest, ShellRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::calls::{calls, parse_call};
use crate::context::Context;
use crate::error::CliError;
use crate::journal::{Run, read_grant};
use crate::ui::{Style, Ui, harmless};

/// Ask a grant file
#[derive(Debug, clap::Args)]
pub(crate) struct GrantArgs {
    #[command(subcommand)]
    act: GrantAct,
}

#[derive(Debug, Subcommand)]
enum GrantAct {
    Explain(ExplainArgs),
    Profile(ProfileArgs),
}

/// Show a profile of `[[shell.allow]]` whole, or list them all
///
/// A profile is a set of rules for a program of many deployments; a rule names it with `profile = "git/read"`.
#[derive(Debug, clap::Args)]
struct ProfileArgs {
    /// Which: `git/read`; all are listed without it
    name: Option<String>,
}

/// Explain a decision: every rule that was considered, and what it said
///
/// Of a run:   lockstep grant explain RUN --call STEP/ATTEMPT/CALL
/// Beforehand: lockstep grant explain --env E.toml 'GET https://api.example.com/health'
///             lockstep grant explain --env E.toml '/usr/bin/git status --porcelain'
///             lockstep grant explain --env E.toml read /app/config.json
///             lockstep grant explain --env E.toml redis cache FLUSHDB
///             lockstep grant explain --env E.toml kube set-image apps/v1/Deployment shop/api
///             lockstep grant explain --env E.toml db main 'DELETE FROM orders WHERE id = $1'
///             lockstep grant explain --env E.toml --probe '/usr/bin/systemctl is-active app'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct ExplainArgs {
    /// The run, or with --env what might be asked
    #[arg(required = true)]
    what: Vec<String>,
    /// Which call of the run: STEP/ATTEMPT/CALL; an undo's begins with `undo:`
    #[arg(long, value_name = "CALL", conflicts_with = "env")]
    call: Option<String>,
    /// The grant file to ask
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    /// Ask whether it may be a call's probe: allowed, and a read
    #[arg(long, requires = "env")]
    probe: bool,
}

/// A request that a grant decides about.
enum Ask {
    Http(HttpRequest),
    Shell(ShellRequest),
    Files(FilesRequest),
    Redis(RedisRequest),
    Kube(KubeRequest),
    Db(DbRequest),
}

/// Does it.
///
/// # Errors
/// When there is no such run, call or grant file.
pub(super) fn run(args: &GrantArgs, context: &Context) -> Result<Exit, CliError> {
    let args = match &args.act {
        GrantAct::Explain(args) => args,
        GrantAct::Profile(args) => return show_profile(args, context),
    };
    let ui = context.ui();
    let explained = match (&args.env, &args.call) {
        (Some(file), _) => {
            let (grant, _) = read_grant(file)?;
            let ask = parse_ask(&args.what)?.asked_under(&grant);
            let explanation = if args.probe { ask.explain_probe(&grant) } else { ask.explain(&grant) };
            Explained { what: args.what.join(" "), explanation, probe: None }
        }
        (None, Some(call)) => of_run(context, &args.what, call)?,
        (None, None) => {
            return Err(CliError::new(Code::Usage, "say which call").hint("of a run: `--call STEP/ATTEMPT/CALL`; beforehand: `--env FILE 'GET https://…'`"));
        }
    };
    if ui.json() {
        ui.print_json(&shown(&explained))?
    } else {
        show(ui, &explained)
    }
    Ok(Exit::Done)
}

fn show_profile(args: &ProfileArgs, context: &Context) -> Result<Exit, CliError> {
    let ui = context.ui();
    let wanted = |profile: &&Profile| args.name.as_ref().is_none_or(|name| name == profile.name);
    let found: Vec<&Profile> = lockstep_grant::profiles().iter().filter(wanted).collect();
    if let ([], Some(name)) = (found.as_slice(), &args.name) {
        return Err(CliError::new(Code::Usage, format!("there is no profile `{name}`")).hint("`lockstep grant profile` lists them"));
    }
    if ui.json() {
        ui.print_json(&found.iter().map(|profile| serde_json::json!({ "name": profile.name, "rules": profile.text })).collect::<Vec<_>>())?;
    } else if args.name.is_some() {
        found.iter().for_each(|profile| ui.data(profile.text.trim_end()));
    } else {
        found.iter().for_each(|profile| ui.data(profile.name));
    }
    Ok(Exit::Done)
}

/// What was asked, the decision, and the same of the probe that it carries.
struct Explained {
    what: String,
    explanation: Explanation,
    probe: Option<Box<Explained>>,
}

fn of_run(context: &Context, what: &[String], call: &str) -> Result<Explained, CliError> {
    let [run] = what else { return Err(CliError::new(Code::Usage, "one run is explained at a time")) };
    let run = Run::find(context, run)?;
    let no_call = || {
        CliError::new(Code::NoSuchCall, format!("run {} has no call `{call}`", run.state.run))
            .hint(format!("`lockstep show {} --all` lists its calls", run.state.run))
    };
    let id = parse_call(call).ok_or_else(no_call)?;
    let calls = calls(&run.records);
    let found = calls.iter().rev().find(|found| *found.id == id).ok_or_else(no_call)?;
    let (digest, file) = run.grant_at(found.seq);
    let (grant, _) = run.grant_of(digest, file)?;
    let value = run
        .value(&found.asked.request)?
        .ok_or_else(|| CliError::new(Code::BytesMissing, "the store does not have the request any more").detail(run.why_gone()))?;
    let ask = match found.asked.interface.as_str() {
        "http" => Ask::Http(typed(value)?),
        "shell" => Ask::Shell(typed(value)?),
        "files" => Ask::Files(typed(value)?),
        "redis" => Ask::Redis(typed(value)?),
        "kube" => Ask::Kube(typed(value)?),
        "db" => Ask::Db(typed(value)?),
        other => return Err(CliError::new(Code::NoSuchCall, format!("call {id} is of `{other}`, about which no rule decides"))),
    };
    let what = format!("{}.{} {}", found.asked.interface, found.asked.function, found.asked.summary);
    let probe = ask.probe().map(|(what, ask)| Box::new(Explained { what: format!("probe {what}"), explanation: ask.explain_probe(&grant), probe: None }));
    Ok(Explained { what, explanation: ask.explain(&grant), probe })
}

fn typed<R: DeserializeOwned>(value: Value) -> Result<R, CliError> {
    serde_json::from_value(value).map_err(|error| CliError::new(Code::JournalBroken, format!("the recorded request cannot be read: {error}")))
}

impl Ask {
    /// As a procedure would ask: what only reads is a `query`.
    fn asked_under(self, grant: &Grant) -> Self {
        let Self::Db(DbRequest { database, ask: DbAsk::Execute(statement) }) = &self else { return self };
        let query = DbRequest { database: database.clone(), ask: DbAsk::Query(statement.clone()) };
        if grant.explain(&query).decision.is_ok() { Self::Db(query) } else { self }
    }

    fn explain(&self, grant: &Grant) -> Explanation {
        fn of<R: Grantable>(grant: &Grant, request: &R) -> Explanation {
            grant.explain(request)
        }
        match self {
            Self::Http(request) => of(grant, request),
            Self::Shell(request) => of(grant, request),
            Self::Files(request) => of(grant, request),
            Self::Redis(request) => of(grant, request),
            Self::Kube(request) => of(grant, request),
            Self::Db(request) => of(grant, request),
        }
    }

    /// As the gate decides about it when it is a probe.
    fn explain_probe(&self, grant: &Grant) -> Explanation {
        let explanation = self.explain(grant);
        match self {
            Self::Http(request) => explanation.of_probe(request),
            Self::Shell(request) => explanation.of_probe(request),
            Self::Files(request) => explanation.of_probe(request),
            Self::Redis(request) => explanation.of_probe(request),
            Self::Kube(request) => explanation.of_probe(request),
            Self::Db(request) => explanation.of_probe(request),
        }
    }

    /// What its probe would ask, with its line.
    fn probe(&self) -> Option<(String, Self)> {
        let probe = match self {
            Self::Http(request) => request.probe(),
            Self::Shell(request) => request.probe(),
            Self::Files(request) => request.probe(),
            Self::Redis(request) => request.probe(),
            Self::Kube(request) => request.probe(),
            Self::Db(request) => request.probe(),
        }?;
        let ask = match &probe.read {
            ProbeRead::Http(request) => Self::Http(request.clone()),
            ProbeRead::Shell(request) => Self::Shell(request.clone()),
            ProbeRead::File { path, .. } => Self::Files(FilesRequest::Digest { path: path.clone() }),
        };
        Some((probe.summary(), ask))
    }
}

/// `GET https://…`, `/usr/bin/git status`, `read /app/x`, `redis cache GET app:1`.
fn parse_ask(words: &[String]) -> Result<Ask, CliError> {
    // One argument with blanks is taken apart; several are taken as they are, so that an argument may hold blanks.
    let split: Vec<&str> = match words {
        [one] => one.split_whitespace().collect(),
        several => several.iter().map(String::as_str).collect(),
    };
    let unclear = || {
        CliError::new(Code::Usage, format!("it is not clear what `{}` asks for", words.join(" ").chars().take(80).collect::<String>()))
            .hint("write `METHOD URL`, `/absolute/program ARGS…`, `read|write|remove|look|entries|link PATH`, `redis STORE COMMAND…`, `kube VERB API-VERSION/KIND NAMESPACE/ID` or `db NAME 'SQL'`")
    };
    match split.as_slice() {
        [method, url] if method.bytes().all(|b| b.is_ascii_uppercase()) => Ok(Ask::Http(HttpRequest::to(method, url))),
        ["redis", store, words @ ..] if !words.is_empty() => Ok(Ask::Redis(redis_request(store, words))),
        ["db", database, sql @ ..] if !sql.is_empty() => Ok(Ask::Db(db_request(database, sql))),
        [program, args @ ..] if program.starts_with('/') => Ok(Ask::Shell(ShellRequest::command(program, args))),
        ["kube", verb, kind, place] => kube_request(verb, kind, place).map(Ask::Kube).ok_or_else(unclear),
        [does, path] if path.starts_with('/') => files_request(does, path).map(Ask::Files).ok_or_else(unclear),
        _ => Err(unclear()),
    }
}

fn redis_request(store: &str, words: &[&str]) -> RedisRequest {
    let most = u32::MAX;
    match words {
        ["delete-by-prefix", prefix] => RedisRequest::of(store, RedisAsk::DeleteByPrefix { prefix: (*prefix).into(), most }),
        ["scan", prefix] => RedisRequest::of(store, RedisAsk::Scan { prefix: (*prefix).into(), most }),
        words => RedisRequest::run(store, words),
    }
}

/// Each placeholder has a value: which one decides nothing.
fn db_request(database: &str, sql: &[&str]) -> DbRequest {
    let sql = sql.join(" ");
    let placeholders = (1..=64).rev().find(|number| sql.contains(&format!("${number}"))).unwrap_or(0);
    let statement = DbStatement { sql, parameters: vec![DbValue::Null; placeholders], ..DbStatement::default() };
    DbRequest { database: database.to_owned(), ask: DbAsk::Execute(statement) }
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

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shown {
    asked: String,
    allowed: bool,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    /// What the procedure asked for, when the rule's class stands instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    overruled: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    considered: Vec<ShownRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<Box<Shown>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ShownRule {
    rule: String,
    text: String,
    side: &'static str,
    verdict: &'static str,
    why: String,
}

fn shown(Explained { what, explanation, probe }: &Explained) -> Shown {
    let considered = explanation.considered.iter().map(|considered| ShownRule {
        rule: considered.rule.clone(),
        text: considered.text.clone(),
        side: side(considered.side),
        verdict: match considered.verdict {
            Verdict::Decides => "decides",
            Verdict::Overruled => "overruled",
            Verdict::NoMatch => "no-match",
        },
        why: considered.why.clone(),
    });
    let considered = considered.collect();
    let (asked, probe) = (what.clone(), probe.as_ref().map(|probe| Box::new(shown(probe))));
    match &explanation.decision {
        Ok(allowance) => {
            let (class, overruled) = (Some(allowance.class.to_string()), allowance.overrules().then(|| allowance.asked.to_string()));
            Shown { asked, allowed: true, rule: allowance.rule.clone(), class, overruled, message: None, hint: None, considered, probe }
        }
        Err(denial) => {
            let (message, hint) = (Some(denial.message.clone()), denial.hint.clone());
            Shown { asked, allowed: false, rule: denial.rule.clone(), class: None, overruled: None, message, hint, considered, probe }
        }
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Allow => "allow",
        Side::Deny => "deny",
    }
}

fn show(ui: &Ui, Explained { what, explanation, probe }: &Explained) {
    ui.data(ui.out(Style::Strong, &harmless(what)));
    for considered in &explanation.considered {
        let (mark, style) = match considered.verdict {
            Verdict::Decides => ("→", Style::Strong),
            Verdict::Overruled => ("·", Style::Warn),
            Verdict::NoMatch => ("·", Style::Dim),
        };
        ui.data(format!("  {} {:5}  {}", ui.out(style, mark), side(considered.side), harmless(&considered.text)));
        ui.data(ui.out(Style::Dim, &format!("           {}: {}", harmless(&considered.rule), harmless(&considered.why))));
    }
    match &explanation.decision {
        Ok(allowance) => {
            let overruled = if allowance.overrules() { format!(", overruling the procedure's {}", allowance.asked) } else { String::new() };
            ui.data(format!("{} by {}, class {}{overruled}", ui.out(Style::Good, "allowed"), harmless(&allowance.rule), allowance.class));
        }
        Err(denial) => {
            ui.data(format!("{} by {}: {}", ui.out(Style::Bad, "denied"), harmless(&denial.rule), harmless(&denial.message)));
            if let Some(hint) = &denial.hint {
                ui.data(format!("{}: {}", ui.out(Style::Hint, "hint"), hint.lines().map(harmless).collect::<Vec<_>>().join("\n      ")));
            }
        }
    }
    if let Some(probe) = probe {
        show(ui, probe);
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, parse_ask};

    #[test]
    fn what_is_asked_is_read_from_one_argument_or_several() {
        let ask = |words: &[&str]| parse_ask(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert!(matches!(ask(&["GET https://a.example/x"]).unwrap(), Ask::Http(request) if request.url == "https://a.example/x"));
        assert!(matches!(ask(&["/bin/echo", "a b"]).unwrap(), Ask::Shell(request) if request.args == ["a b"]));
        assert!(matches!(ask(&["/bin/echo a b"]).unwrap(), Ask::Shell(request) if request.args == ["a", "b"]));
        assert!(matches!(ask(&["redis cache FLUSHDB"]).unwrap(), Ask::Redis(request) if request.store == "cache" && request.words().len() == 1));
        for words in [&["db main DELETE FROM t"][..], &["db", "main", "DELETE FROM t"]] {
            assert!(matches!(ask(words).unwrap(), Ask::Db(request) if request.database == "main" && request.statements()[0].sql == "DELETE FROM t"));
        }
        assert!(matches!(ask(&["read /app/x"]).unwrap(), Ask::Files(request) if request.path() == "/app/x"));
        for unclear in [&["git status"][..], &["fly /x"], &[""], &["get https://x"]] {
            assert!(ask(unclear).is_err(), "{unclear:?}");
        }
    }
}
