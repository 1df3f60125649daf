//! What a command gave, and what a procedure may expect of it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::host;
use crate::{Failure, Result, json};

/// A value, or a list of replies.
#[derive(Debug)]
pub struct Reply {
    line: String,
    reply: host::Reply,
}

impl Reply {
    pub(super) fn of(line: String, reply: host::Reply) -> Self {
        Self { line, reply }
    }

    /// `nil`, `integer`, `text`, `number`, `boolean`, `list`, `map` or `error`. More kinds may come.
    pub fn kind(&self) -> String {
        self.reply.kind()
    }

    /// Whether there was nothing.
    pub fn is_nil(&self) -> bool {
        self.reply.kind() == "nil"
    }

    /// A text, or a number, flag or error as it is written.
    pub fn text(&self) -> Result<String> {
        self.reply.text().map_err(|failure| self.at(failure))
    }

    /// As `text`, as bytes.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        self.reply.bytes().map_err(|failure| self.at(failure))
    }

    /// A whole number, from an integer or from a text that is one.
    pub fn integer(&self) -> Result<i64> {
        let digits = self.reply.integer().map_err(|failure| self.at(failure))?;
        digits.parse().map_err(|_| Failure::assertion(format!("{}: {digits} is too large a number", self.line)))
    }

    /// How many parts a list has; a map has two for each entry.
    pub fn count(&self) -> u32 {
        self.reply.count()
    }

    /// One part of a list or map, counted from 0; of a map key and value in turn.
    pub fn part(&self, index: u32) -> Result<Reply> {
        let part = self.reply.part(index).map_err(|failure| self.at(failure))?;
        Ok(Self::of(format!("{}, part {index}", self.line), part))
    }

    /// All parts of a list or map.
    pub fn parts(&self) -> Result<Vec<Reply>> {
        (0..self.count()).map(|index| self.part(index)).collect()
    }

    /// All of it read as JSON into a type of your own: a list as a `Vec`, a map as a map.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        json::read(&self.line, &self.reply.json())
    }

    /// Fails unless it is `expected`: a text, a number, a list.
    pub fn expect(self, expected: impl Serialize) -> Result<Self> {
        json::expect(&self.line, &self.reply.json(), "", expected)?;
        Ok(self)
    }

    fn at(&self, failure: crate::bindings::lockstep::contract::types::Failure) -> Failure {
        Failure::from_host(failure).context(&self.line)
    }
}
