//! Drivers that perform nothing and remember what they were asked to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use lockstep_gate::{CallContext, Driver, Drivers, Trial};
use lockstep_grant::{Grantable, Granted};
use lockstep_model::request::{
    DbAsk, DbBackup, DbBackupOrder, DbRequest, DbResponse, DbRows, FilesRequest, FilesResponse, Header, HttpRequest, HttpResponse, KubeCall, KubeChange,
    KubeRequest, KubeResponse, KubeRevision, RedisAsk, RedisReply, RedisRequest, RedisResponse, Scanned, ShellRequest, ShellResponse, Timing,
};
use lockstep_model::{Content, Digest, Failure, Request};

/// What a driver was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performed {
    /// The request's one line.
    pub summary: String,
    /// The request as the driver got it, values of secrets in it.
    pub request: String,
    /// The idempotency key; empty for a read.
    pub key: String,
}

/// The world of a test: counts, and answers with 200, exit code 0 or nothing, unless told otherwise.
#[derive(Clone, Default)]
pub struct FakeDrivers {
    performed: Arc<Mutex<Vec<Performed>>>,
    answers: Arc<Mutex<VecDeque<Result<Content, Failure>>>>,
    busy: Arc<Mutex<VecDeque<&'static str>>>,
    tried: Arc<Mutex<Vec<String>>>,
    refusal: Arc<Mutex<Option<Failure>>>,
}

impl FakeDrivers {
    /// For a house.
    pub fn drivers(&self) -> Drivers {
        let all = Arc::new(self.clone());
        Drivers { http: all.clone(), shell: all.clone(), files: all.clone(), redis: all.clone(), kube: all.clone(), db: all }
    }

    /// Everything performed so far, in order.
    pub fn performed(&self) -> Vec<Performed> {
        self.performed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The summaries of everything performed so far.
    pub fn summaries(&self) -> Vec<String> {
        self.performed().into_iter().map(|performed| performed.summary).collect()
    }

    /// The summaries of everything that was only tried.
    pub fn tried(&self) -> Vec<String> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whatever is only tried is refused from now on.
    pub fn refuse_trials(&self, failure: Failure) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    /// The next calls are answered with these, in order: a body or output, or a failure.
    pub fn answer(&self, answers: impl IntoIterator<Item = Result<&'static str, Failure>>) {
        let answers = answers.into_iter().map(|answer| answer.map(Content::from));
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// The next requests of http are answered with 503 and these as `retry-after`, in order.
    pub fn answer_busy(&self, retry_after: impl IntoIterator<Item = &'static str>) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).extend(retry_after);
    }

    fn perform<R: Grantable>(&self, call: &Granted<R>, context: &CallContext<'_>) -> Result<Content, Failure> {
        let request = serde_json::to_string(call.request()).unwrap_or_default();
        let performed = Performed { summary: call.request().summary(), request, key: context.idempotency_key.to_owned() };
        self.performed.lock().unwrap_or_else(PoisonError::into_inner).push(performed);
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_else(|| Ok(Content::default()))
    }
}

impl Driver<HttpRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<HttpRequest>, context: &CallContext<'_>) -> Result<HttpResponse, Failure> {
        let body = Self::perform(self, call, context)?;
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let headers = busy.iter().map(|&said| Header { name: "retry-after".to_owned(), value: said.to_owned() }).collect();
        let status = if busy.is_some() { 503 } else { 200 };
        Ok(HttpResponse { status, headers, body, truncated: false, body_artifact: None, url: call.request().url.clone(), timing: Timing::default(), tries: 0 })
    }
}

impl Driver<ShellRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<ShellRequest>, context: &CallContext<'_>) -> Result<ShellResponse, Failure> {
        let stdout = Self::perform(self, call, context)?;
        Ok(ShellResponse { code: 0, success: None, stdout, stderr: Content::default(), truncated: false, stdout_artifact: None, duration: 1 })
    }
}

impl Driver<FilesRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<FilesRequest>, context: &CallContext<'_>) -> Result<FilesResponse, Failure> {
        let content = Self::perform(self, call, context)?;
        Ok(match call.request().function() {
            "read" => FilesResponse::Bytes(content),
            "look" => FilesResponse::Entry(None),
            "entries" => FilesResponse::Names(Vec::new()),
            "digest" => FilesResponse::Digest(Digest::of(&content.0)),
            "disk-free" => FilesResponse::Free("1000000000".to_owned()),
            _ => FilesResponse::Nothing,
        })
    }
}

impl Driver<RedisRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<RedisRequest>, context: &CallContext<'_>) -> Result<RedisResponse, Failure> {
        let content = Self::perform(self, call, context)?;
        Ok(match call.request().ask {
            RedisAsk::Open => RedisResponse::Opened,
            RedisAsk::Run { .. } => RedisResponse::Reply(RedisReply::Text(content)),
            RedisAsk::Ping => RedisResponse::Latency(1),
            RedisAsk::Info { .. } => RedisResponse::Info(content),
            RedisAsk::Scan { .. } => RedisResponse::Keys(Scanned::default()),
            RedisAsk::DeleteByPrefix { .. } => RedisResponse::Deleted(0),
        })
    }
}

impl Driver<KubeRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<KubeRequest>, context: &CallContext<'_>) -> Result<KubeResponse, Failure> {
        let text = String::from_utf8_lossy(&Self::perform(self, call, context)?.0).into_owned();
        Ok(kube_answer(&call.request().call, text))
    }

    fn try_out(&self, call: &Granted<KubeRequest>, _: &CallContext<'_>) -> Trial<KubeResponse> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).push(call.request().summary());
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Trial::Told(refusal.map_or_else(|| Ok(kube_answer(&call.request().call, String::new())), Err))
    }
}

/// What is given for a call of `kube`.
fn kube_answer(call: &KubeCall, text: String) -> KubeResponse {
    match call {
        KubeCall::Read => KubeResponse::Object(Some(text)),
        KubeCall::Revision => KubeResponse::Revision(KubeRevision { object: Some(text), template: Some("{}".to_owned()), ..KubeRevision::default() }),
        KubeCall::Apply { .. }
        | KubeCall::Patch { .. }
        | KubeCall::Scale { .. }
        | KubeCall::SetImage { .. }
        | KubeCall::Restart { .. }
        | KubeCall::RolloutUndo { .. } => KubeResponse::Change(KubeChange { object: text, unpinned: Vec::new() }),
        KubeCall::Delete { .. } | KubeCall::WaitForDeleted => KubeResponse::Nothing,
        KubeCall::RolloutStatus | KubeCall::WaitForCondition { .. } | KubeCall::WaitForJson { .. } | KubeCall::Logs { .. } => KubeResponse::Text(text),
        KubeCall::Events | KubeCall::Entries { .. } => KubeResponse::Entries(Vec::new()),
    }
}

impl Driver<DbRequest> for FakeDrivers {
    fn perform(&self, call: &Granted<DbRequest>, context: &CallContext<'_>) -> Result<DbResponse, Failure> {
        Self::perform(self, call, context)?;
        Ok(match &call.request().ask {
            DbAsk::Open => DbResponse::Opened(call.terms().engine.word().to_owned()),
            DbAsk::Ping => DbResponse::Alive,
            DbAsk::MakeBackup(order) => DbResponse::Backup(backup(call, order, context)?),
            // Answered by the gate, from the journal.
            DbAsk::BackupIn(artifact) => return Err(Failure::problem("db.no-backup", format!("`{}` is no backup", artifact.id))),
            DbAsk::VerifyBackup(_) => DbResponse::Verified,
            DbAsk::Restore(_) => DbResponse::Restored,
            DbAsk::Migrate(_) => DbResponse::Migrated,
            DbAsk::Query(_) | DbAsk::History => DbResponse::Rows(DbRows::default()),
            DbAsk::Execute(_) | DbAsk::Commit(_) => DbResponse::Done(vec![lockstep_model::request::DbDone::default(); call.terms().statements.len()]),
        })
    }
}

/// A backup of no tables.
fn backup(call: &Granted<DbRequest>, order: &DbBackupOrder, context: &CallContext<'_>) -> Result<DbBackup, Failure> {
    let mut sink = context.artifacts.create(&order.artifact)?;
    sink.append(b"everything")?;
    let (database, engine) = (call.request().database.clone(), call.terms().engine.word().to_owned());
    let (format, server_version) = (format!("{engine}-file"), "0".to_owned());
    Ok(DbBackup { artifact: sink.finish()?, database, engine, format, server_version, tables: Vec::new() })
}
