//! Answers `shell` by the scenario's `[[shell]]`.

use lockstep_gate::{Artifacts, CallContext, Driver, Stream};
use lockstep_grant::{Granted, WorkingDirectory};
use lockstep_model::Failure;
use lockstep_model::request::{ShellRequest, ShellResponse};

use super::{Capability, Scripted, World};
use crate::scenario::ShellAnswer;
use crate::tree::{Tree, What};

impl Driver<ShellRequest> for World {
    fn perform(&self, call: &Granted<ShellRequest>, context: &CallContext<'_>) -> Result<ShellResponse, Failure> {
        let request = call.request();
        let response = self.perform(call, context, |state, id| {
            if let Err(refused) = enter(&state.things.files, call.terms().directory.as_ref()) {
                return Scripted { gives: Err(refused), delay: std::time::Duration::ZERO, rule: None };
            }
            let respond = |ShellAnswer { code, stdout, stderr }, delay: std::time::Duration| {
                let duration = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
                ShellResponse { code, success: None, stdout, stderr, truncated: false, stdout_artifact: None, duration }
            };
            self.pick(state, (Capability::Shell, &self.scenario.shell), |rule| rule.matches(request), respond)
                .unwrap_or_else(|near| self.unanswered_shell(state, id, request, near))
        })?;
        let success = request.success(response.code, &call.terms().success_codes);
        let response = into_artifact(request, ShellResponse { success, ..response }, context.artifacts)?;
        for (stream, output) in [(Stream::Stdout, &response.stdout), (Stream::Stderr, &response.stderr)] {
            context.live.output(stream, &output.0);
        }
        Ok(response)
    }
}

/// A directory of a mount is there or not, as for the real driver; what a host has beside its mounts no scenario says.
fn enter(files: &Tree, directory: Option<&WorkingDirectory>) -> Result<(), Failure> {
    let Some(WorkingDirectory::Mount { path, within }) = directory else { return Ok(()) };
    let found = files.follow(path).ok().and_then(|path| files.at(&path));
    if within.relative.is_empty() || found.is_some_and(|node| node.what == What::Directory) {
        return Ok(());
    }
    Err(Failure::problem("shell.directory", format!("the working directory `{path}` cannot be entered: it is not there, or is not a directory")))
}

/// Standard output as an artifact, where the command says so.
fn into_artifact(request: &ShellRequest, mut response: ShellResponse, artifacts: &dyn Artifacts) -> Result<ShellResponse, Failure> {
    if let Some(id) = request.stdout_artifact.as_ref().filter(|_| response.is_success()) {
        let mut sink = artifacts.create_scrubbed(id)?;
        sink.append(&std::mem::take(&mut response.stdout).0)?;
        response.stdout_artifact = Some(sink.finish()?);
    }
    Ok(response)
}
