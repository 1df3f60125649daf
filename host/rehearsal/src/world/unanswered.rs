//! A call that no rule answers: which it is, and the lines that would answer it.

use std::time::Duration;

use lockstep_journal::event::CallId;
use lockstep_model::request::{DbRequest, HttpRequest, KubeRequest, RedisRequest, ShellRequest};
use lockstep_model::{Failure, Request};
use toml::Value;

use super::{Scripted, State, World};

/// A call that the scenario says nothing about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// Which call.
    pub call: CallId,
    /// What it asks for, a line.
    pub what: String,
    /// Rules that are about it and did not answer, with why.
    pub near: Vec<String>,
    /// What to add to the scenario.
    pub lines: Vec<String>,
}

impl World {
    pub(super) fn unanswered_http<T>(&self, state: &mut State, id: &CallId, request: &HttpRequest, near: Vec<String>) -> Scripted<T> {
        let url = request.url.split('#').next().unwrap_or_default();
        let pattern = format!("{} {}", request.method, url.replace('*', "%2A"));
        let lines = vec!["[[http]]".to_owned(), format!("request = {}", Value::String(pattern)), "status = 200".to_owned()];
        self.unanswered_call(state, id, request.summary(), near, lines)
    }

    pub(super) fn unanswered_shell<T>(&self, state: &mut State, id: &CallId, request: &ShellRequest, near: Vec<String>) -> Scripted<T> {
        let args: Vec<Value> = request.args.iter().map(|arg| Value::String(arg.replace('\\', "\\\\").replace('*', "\\*"))).collect();
        let program = Value::String(request.program.clone());
        let lines = vec!["[[shell]]".to_owned(), format!("program = {program}"), format!("args = {}", Value::Array(args)), "code = 0".to_owned()];
        self.unanswered_call(state, id, request.summary(), near, lines)
    }

    pub(super) fn unanswered_redis<T>(&self, state: &mut State, id: &CallId, request: &RedisRequest, near: Vec<String>) -> Scripted<T> {
        let word = |word: &lockstep_model::Content| word.as_text().map_or_else(|| "*".to_owned(), |text| text.replace('\\', "\\\\").replace('*', "\\*"));
        let words: Vec<Value> = request.words().iter().map(|given| Value::String(word(given))).collect();
        let store = Value::String(request.store.clone());
        let lines = vec!["[[redis]]".to_owned(), format!("store = {store}"), format!("words = {}", Value::Array(words)), "reply = \"\"".to_owned()];
        self.unanswered_call(state, id, request.summary(), near, lines)
    }

    pub(super) fn unanswered_kube<T>(&self, state: &mut State, id: &CallId, request: &KubeRequest, near: Vec<String>) -> Scripted<T> {
        let call = Value::String(request.summary().replace('\\', "\\\\").replace('*', "\\*"));
        self.unanswered_call(state, id, request.summary(), near, vec!["[[kube]]".to_owned(), format!("call = {call}")])
    }

    /// `sql`: on one line.
    pub(super) fn unanswered_db<T>(&self, state: &mut State, id: &CallId, request: &DbRequest, sql: &str, near: Vec<String>) -> Scripted<T> {
        const LONGEST: usize = 160;
        let rest = if sql.chars().nth(LONGEST).is_some() { "*" } else { "" };
        let pattern = sql.chars().take(LONGEST).collect::<String>().replace('\\', "\\\\").replace('*', "\\*");
        let (database, pattern) = (Value::String(request.database.clone()), Value::String(pattern + rest));
        let lines = vec!["[[db]]".to_owned(), format!("database = {database}"), format!("sql = {pattern}"), "affected = 0".to_owned()];
        self.unanswered_call(state, id, request.summary(), near, lines)
    }

    pub(super) fn unanswered_call<T>(&self, state: &mut State, id: &CallId, what: String, near: Vec<String>, lines: Vec<String>) -> Scripted<T> {
        let failure = Failure::problem("rehearsal.unanswered", format!("the scenario has no answer to `{what}`"));
        state.unanswered.push(Unanswered { call: id.clone(), what, near, lines });
        self.interrupt.pause();
        Scripted { gives: Err(failure), delay: Duration::ZERO, rule: None }
    }
}
