//! Programs that a driver needs for its own work, as a database's driver needs those that copy and restore: named by the grant, started by whoever may start
//! processes, so that no other driver learns how.

use std::io::Read;

use lockstep_grant::Program;
use lockstep_model::{Failure, Secret};

use crate::driver::CallContext;

/// Starts programs for drivers.
pub trait Tools: Send + Sync {
    /// Runs one to its end, or kills it at the deadline or when the operator cancels. What it says on standard error goes to the operator while it comes.
    ///
    /// # Errors
    /// `Failure::Denied` when it is not the program that the grant pins, `Failure::TimedOut`, `Failure::InDoubt` when it was killed because its input or its
    /// output broke off, `Failure::Failed` when it did not start.
    fn run(&self, tool: Tool<'_>, context: &CallContext<'_>) -> Result<ToolEnd, Failure>;
}

/// A program to be run.
pub struct Tool<'a> {
    /// Which.
    pub program: &'a Program,
    /// What it is told; nobody's secrets: every process of the machine can read it.
    pub args: Vec<String>,
    /// Its environment, beside nothing.
    pub env: Vec<(&'static str, String)>,
    /// What it may know and nobody else.
    pub private: Vec<(PrivateName, Secret<String>)>,
    /// Standard input. When it fails, the program is killed before it sees an end.
    pub stdin: Option<Box<dyn Read + Send>>,
    /// Takes standard output. When it fails, the program is killed.
    pub stdout: &'a mut dyn FnMut(&[u8]) -> Result<(), Failure>,
}

/// By what name a program finds a file in memory that it alone can open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateName {
    /// A variable has its path.
    Variable(&'static str),
    /// An argument before the others has its path: `--defaults-extra-file`.
    Option(&'static str),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolEnd {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub code: i32,
    /// The end of what it said on standard error.
    pub complaint: String,
}
