//! `lockstep retry`: what has failed is tried again, with other parameters if need be.

use std::collections::BTreeMap;

use lockstep_api::Exit;
use lockstep_engine::retry;
use lockstep_journal::Act;

use super::drive::{Driven, drive};
use super::ending::Wish;
use super::resume::AgainArgs;
use super::target::parameter;
use crate::context::Context;
use crate::error::CliError;

/// Try again what has failed, with other parameters if need be
///
/// Without parameters as `lockstep resume`; in a run that another process drives it ends the wait for the next attempt. Parameters can be changed while
/// the run is paused and no attempt is under way: the plan is made again, and steps that were started must be in it as they were.
#[derive(Debug, clap::Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    again: AgainArgs,
    /// Another value for a parameter; once for each
    #[arg(short = 'p', long = "parameter", value_name = "ID=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

/// Does it.
///
/// # Errors
/// When it could not be gone on with; how it ended is its exit code.
pub(super) fn run(args: &RetryArgs, context: &Context) -> Result<Exit, CliError> {
    let (run, again) = args.again.prepare(context, Wish::Forward)?;
    let parameters: BTreeMap<String, String> = args.parameters.iter().cloned().collect();
    let elsewhere = Act::Retry { parameters: parameters.clone(), reason: again.reason.clone() };
    let driven = Driven { store: run.store, before: &run.records, wish: Wish::Forward, elsewhere: Some((run.state.run, elsewhere)) };
    drive(context, driven, |house| retry(house, again, &parameters))
}
