//! Runs programs for other drivers: as those of a procedure, but what they are told and what becomes of their output is the driver's.

use lockstep_gate::{CallContext, PrivateName, Tool, ToolEnd, Tools};
use lockstep_grant::ShellTerms;
use lockstep_model::request::ShellRequest;
use lockstep_model::{Failure, Secret};

use crate::follow::{self, Deadline, Ends};
use crate::pipes::Food;
use crate::start::Starting;
use crate::{ShellDriver, check, start};

/// What is kept of standard error: its beginning and its end.
const COMPLAINTS: usize = 64 << 10;

impl Tools for ShellDriver {
    fn run(&self, tool: Tool<'_>, context: &CallContext<'_>) -> Result<ToolEnd, Failure> {
        let Tool { program, args, env, private, stdin, stdout } = tool;
        let deadline = Deadline::of(None, context);
        let mut request = ShellRequest { args, ..ShellRequest::command(&program.path, &[]) };
        request.env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut options = Vec::new();
        for (name, content) in private {
            match name {
                PrivateName::Option(name) => options.push((name, content)),
                PrivateName::Variable(name) => request.env_files.push((name.to_owned(), content.expose().clone())),
            }
        }
        let terms = ShellTerms { digest: program.digest, output_limit: COMPLAINTS, ..ShellTerms::default() };
        check::arguments(&request)?;
        let pinned = check::program(&request, terms.digest)?;
        let (pinned, fed) = (pinned.as_ref(), stdin.is_some());
        let starting = Starting { request: &request, terms: &terms, key: context.idempotency_key, pinned, directory: None, fed, options: &options };
        let running = start::start(starting)?;
        let food = stdin.map_or_else(|| Food::Bytes(Secret::new(Vec::new())), Food::Reader);
        let ended = follow::follow(running, &program.path, Ends { food, live: context.live, keep: Some(stdout) }, COMPLAINTS, &deadline)?;
        Ok(ToolEnd { code: ended.code(), complaint: ended.complaint() })
    }
}
