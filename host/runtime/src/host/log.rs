//! `log`: what the procedure says to the operator. What is too long is cut, never refused: saying something fails nothing.

use lockstep_model::request::{LogLevel, LogRequest};
use wasmtime::Result;

use crate::bindings::lockstep::contract::{log, types};
use crate::context::Context;

use super::text::cut;

const LONGEST_MESSAGE: usize = 16 << 10;
const MOST_FIELDS: usize = 32;
const LONGEST_KEY: usize = 256;
const LONGEST_VALUE: usize = 16 << 10;

impl log::Host for Context {
    fn debug(&mut self, message: String, fields: Vec<types::Pair>) -> Result<()> {
        self.say("log.debug", LogLevel::Debug, message, fields)
    }

    fn info(&mut self, message: String, fields: Vec<types::Pair>) -> Result<()> {
        self.say("log.info", LogLevel::Info, message, fields)
    }

    fn warn(&mut self, message: String, fields: Vec<types::Pair>) -> Result<()> {
        self.say("log.warn", LogLevel::Warn, message, fields)
    }

    fn error(&mut self, message: String, fields: Vec<types::Pair>) -> Result<()> {
        self.say("log.error", LogLevel::Error, message, fields)
    }

    fn progress(&mut self, done: u32, total: u32, message: String) -> Result<()> {
        let message = cut(message, LONGEST_MESSAGE);
        self.ask_surely("log.progress", LogRequest::Progress { done, total, message })
    }
}

impl Context {
    /// A message, cut to the lengths that a log has.
    pub(crate) fn say(&mut self, function: &'static str, level: LogLevel, message: String, fields: Vec<types::Pair>) -> Result<()> {
        let message = cut(message, LONGEST_MESSAGE);
        let short = |field: types::Pair| (cut(field.key, LONGEST_KEY), cut(field.value, LONGEST_VALUE));
        let fields = fields.into_iter().take(MOST_FIELDS).map(short).collect();
        self.ask_surely(function, LogRequest::Message { level, message, fields })
    }
}
