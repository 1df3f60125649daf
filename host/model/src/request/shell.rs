//! `shell`: a program of the host and how it ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Probe, Request, Response, SealedArtifact, SecretPlace, Seen, TextPlace, line};
use crate::{Content, Digest, EffectClass};

/// `shell.run`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShellRequest {
    /// Absolute path.
    pub program: String,
    /// Without the program itself.
    pub args: Vec<String>,
    /// Variables, in the order set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// Variables that name a private file with this content, in the order set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<(String, String)>,
    /// None: the grant's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Standard input.
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub stdin: Content,
    /// The artifact that is standard input, in the place of `stdin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin_artifact: Option<Digest>,
    /// The id of the artifact that standard output becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout_artifact: Option<String>,
    /// None: the step's deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_milliseconds: Option<u32>,
    /// The guest says that repeating it does no harm.
    pub idempotent: bool,
    /// The exit codes that mean success; none: what the grant says of the program, else 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub success_codes: Vec<i32>,
    /// How to find out whether it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Box<Probe>>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShellResponse {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub code: i32,
    /// Whether the code means success, where command or grant say which do; none: 0 does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
    /// Up to the limit.
    pub stdout: Content,
    /// Up to the limit.
    pub stderr: Content,
    /// Whether an output was cut.
    pub truncated: bool,
    /// What standard output has become, when it was to become an artifact and the program succeeded: `stdout` is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout_artifact: Option<SealedArtifact>,
    /// Milliseconds.
    pub duration: u32,
}

impl ShellResponse {
    /// An exit of 0 that says nothing.
    pub fn succeeded() -> Self {
        Self { code: 0, success: None, stdout: Content::default(), stderr: Content::default(), truncated: false, stdout_artifact: None, duration: 0 }
    }

    /// Whether its code means success.
    pub fn is_success(&self) -> bool {
        self.success.unwrap_or(self.code == 0)
    }
}

impl ShellRequest {
    /// A command with the contract's defaults.
    pub fn command(program: &str, args: &[&str]) -> Self {
        Self {
            program: program.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: Vec::new(),
            env_files: Vec::new(),
            directory: None,
            stdin: Content::default(),
            stdin_artifact: None,
            stdout_artifact: None,
            timeout_milliseconds: None,
            idempotent: false,
            success_codes: Vec::new(),
            probe: None,
        }
    }

    /// Whether an exit code means success, where the command, or the grant with `granted`, says which do.
    pub fn success(&self, code: i32, granted: &[i32]) -> Option<bool> {
        let codes = if self.success_codes.is_empty() { granted } else { &self.success_codes };
        (!codes.is_empty()).then(|| codes.contains(&code))
    }
}

impl Request for ShellRequest {
    type Response = ShellResponse;

    fn interface(&self) -> &'static str {
        "shell"
    }

    fn function(&self) -> &'static str {
        "run"
    }

    fn class(&self) -> EffectClass {
        if self.idempotent { EffectClass::Idempotent } else { EffectClass::AtMostOnce }
    }

    fn summary(&self) -> String {
        let mut text = self.program.rsplit('/').next().unwrap_or_default().to_owned();
        for arg in self.args.iter().take(32) {
            text.push(' ');
            text.push_str(arg);
        }
        line(&text)
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout_milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }

    fn visit_secret_places(&mut self, visit: &mut dyn FnMut(SecretPlace<'_>)) {
        for (_, value) in self.env.iter_mut().chain(&mut self.env_files) {
            visit(SecretPlace::Text(value));
        }
        visit(SecretPlace::Bytes(&mut self.stdin.0));
    }

    fn probe(&self) -> Option<&Probe> {
        self.probe.as_deref()
    }

    fn took_place(&self, seen: Seen) -> Option<ShellResponse> {
        Some(match seen {
            Seen::Shell(exit) => exit,
            Seen::Http(_) | Seen::File(_) => ShellResponse::succeeded(),
        })
    }
}

impl Response for ShellResponse {
    fn artifacts(&self) -> Vec<&SealedArtifact> {
        self.stdout_artifact.iter().collect()
    }

    fn visit_texts(&mut self, visit: &mut dyn FnMut(TextPlace<'_>)) {
        visit(TextPlace::Bytes(&mut self.stdout.0));
        visit(TextPlace::Bytes(&mut self.stderr.0));
    }
}
