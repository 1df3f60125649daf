//! A call that no rule answers: which it is, and the lines that would answer it.

use std::time::Duration;

use lockstep_journal::event::CallId;
use lockstep_model::request::{HttpRequest, ShellRequest};
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

    fn unanswered_call<T>(&self, state: &mut State, id: &CallId, what: String, near: Vec<String>, lines: Vec<String>) -> Scripted<T> {
        let failure = Failure::problem("rehearsal.unanswered", format!("the scenario has no answer to `{what}`"));
        state.unanswered.push(Unanswered { call: id.clone(), what, near, lines });
        self.interrupt.pause();
        Scripted { gives: Err(failure), delay: Duration::ZERO, rule: None }
    }
}
