//! `lockstep build`: from a project to a component.

use std::path::PathBuf;

use lockstep_api::Exit;
use lockstep_api::wire::Built;

use crate::build;
use crate::context::{Context, absolute};
use crate::error::CliError;
use crate::ui::{Style, bytes, harmless};

/// Build a procedure: from its language to a component with its description in it
#[derive(Debug, clap::Args)]
pub(crate) struct BuildArgs {
    /// The project's folder
    #[arg(default_value = ".", hide_default_value = true)]
    dir: PathBuf,
}

/// Does it.
///
/// # Errors
/// When it does not build.
pub(super) fn run(args: &BuildArgs, context: &Context) -> Result<Exit, CliError> {
    let ui = context.ui();
    let build::Product { file, facts, procedure } = build::build(&absolute(&args.dir)?, context.store().ok().as_deref(), ui)?;
    if ui.json() {
        let file = file.display().to_string();
        ui.print_json(&Built { file, digest: facts.digest, imports: facts.imports, size: facts.size, procedure })?;
        return Ok(Exit::Done);
    }
    ui.say(format!("{} built {} ({})", ui.err(Style::Good, "✓"), ui.err(Style::Strong, &harmless(&procedure)), bytes(facts.size)));
    ui.say(format!("  imports  {}", super::names::import_names(&facts.imports)));
    ui.say(format!("  digest   {}", facts.digest));
    ui.data(file.display().to_string());
    Ok(Exit::Done)
}
