//! `lockstep test`: every scenario of a procedure, held against every law, reported like a test runner's.

mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_api::{Code, Exit};
use lockstep_engine::Procedure;
use lockstep_model::Digest;
use lockstep_rehearsal::{Law, Onlookers, Play, Rehearsal, Verdict};

use crate::context::Context;
use crate::error::CliError;
use crate::rehearsals::{GrantFile, put_together, read_scenario};
use crate::ui::Progress;
use crate::{build, fsio, wiring};

/// Where a project has its scenarios.
const SCENARIOS: &str = "scenarios";
/// The grant file of a scenario that names none.
const DEFAULT_GRANT: &str = "env.toml";

/// Test a procedure by its scenarios
///
/// Each file in the folder's `scenarios/` is rehearsed and held against three laws. plain: it goes as the scenario expects. crash: the host crashes after an
/// append of the journal and goes on, at each of them; the end is the same, and nothing is done twice that must not be. fail: a call fails, each in turn, once in a way
/// that may pass and once for good; the run comes to an end, and when it is undone the world is as it was. Nothing outside is reached.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// The folder with `scenarios/`, a project's for example; without it this folder
    folder: Option<PathBuf>,
    /// The component; without it the project's, as `lockstep build` made it
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only the scenario of that name, or those with that in their names
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Only this law: plain, crash or fail
    #[arg(long, value_name = "LAW")]
    law: Option<Law>,
    /// Only this place of the law: a number of appends, or a call
    #[arg(long, value_name = "PLACE", requires = "law")]
    at: Option<String>,
}

/// One scenario and what became of its laws.
struct Tested {
    name: String,
    file: PathBuf,
    describe: Option<String>,
    laws: Vec<(Verdict, Duration)>,
}

/// A scenario that can be played.
struct Prepared {
    name: String,
    file: PathBuf,
    rehearsal: Rehearsal,
}

/// Does it.
///
/// # Errors
/// When there is nothing to test, or a scenario is not valid; what became of the laws is its exit code.
pub(super) fn run(args: &TestArgs, context: &Context) -> Result<Exit, CliError> {
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    let prepared = prepare(args, &folder, context)?;
    let report = report::Report::new(context.ui(), again(args, &folder));
    let began = Instant::now();
    let mut all = Vec::new();
    for scenario in prepared {
        let tested = test(args, scenario, &report, context)?;
        all.push(tested);
    }
    report.end(&all, began.elapsed())
}

/// Reads everything before anything is played: a scenario that is not valid is found at once.
fn prepare(args: &TestArgs, folder: &Path, context: &Context) -> Result<Vec<Prepared>, CliError> {
    let files = scenario_files(folder, args.only.as_deref())?;
    let component_file = args.file.clone().map_or_else(|| build::component_of(folder), Ok)?;
    let (name, component) = (component_file.display().to_string(), fsio::read(&component_file)?);
    let cache = context.compiled();
    // Scenarios mostly share a grant file, and a component is compiled once for each.
    let mut loaded: BTreeMap<Digest, Arc<dyn Procedure>> = BTreeMap::new();
    let mut prepared = Vec::new();
    for file in files {
        let scenario = read_scenario(&file)?;
        let grant = GrantFile::read(&grant_file(folder, &file, scenario.grant.as_deref())?)?;
        let procedure = match loaded.get(&grant.grant.digest()) {
            Some(procedure) => Arc::clone(procedure),
            None => {
                let procedure: Arc<dyn Procedure> = Arc::new(wiring::load(&component, &name, Some(&grant.grant), cache.as_deref())?);
                loaded.insert(grant.grant.digest(), Arc::clone(&procedure));
                procedure
            }
        };
        let rehearsal = put_together(&file, scenario, &grant, procedure, BTreeMap::new())?;
        prepared.push(Prepared { name: stem(&file), file, rehearsal });
    }
    Ok(prepared)
}

fn grant_file(folder: &Path, scenario: &Path, named: Option<&Path>) -> Result<PathBuf, CliError> {
    let default = folder.join(DEFAULT_GRANT);
    named.map(Path::to_owned).or_else(|| default.is_file().then_some(default)).ok_or_else(|| {
        CliError::new(Code::NoEnvironment, format!("{} names no grant file, and the folder has no {DEFAULT_GRANT}", scenario.display()))
            .hint("name it in the scenario: `grant = \"../grant.toml\"`")
    })
}

/// The scenarios of a folder by name; with `only` the one of that name, else those with that in their names.
fn scenario_files(folder: &Path, only: Option<&str>) -> Result<Vec<PathBuf>, CliError> {
    let scenarios = folder.join(SCENARIOS);
    let entries = std::fs::read_dir(&scenarios).map_err(|_| {
        CliError::new(Code::NoScenarios, format!("there is no folder {}", scenarios.display())).hint("`lockstep explain scenario` says how one is written")
    })?;
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    files.sort();
    let all: Vec<String> = files.iter().map(|file| stem(file)).collect();
    if let Some(only) = only {
        let exact = all.iter().any(|name| name == only);
        files.retain(|file| if exact { stem(file) == only } else { stem(file).contains(only) });
    }
    if !files.is_empty() {
        return Ok(files);
    }
    let error = match only {
        Some(only) => CliError::new(Code::NoScenarios, format!("no scenario has `{only}` in its name")).detail(format!("there are: {}", all.join(", "))),
        None => CliError::new(Code::NoScenarios, format!("{} has no scenario", scenarios.display())),
    };
    Err(error.hint("`lockstep explain scenario` says how one is written"))
}

fn stem(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Plays a scenario and holds the laws against it. When it does not go as expected, there is nothing to compare with.
fn test(args: &TestArgs, scenario: Prepared, report: &report::Report<'_>, context: &Context) -> Result<Tested, CliError> {
    let Prepared { name, file, rehearsal } = scenario;
    let began = Instant::now();
    let play = rehearsal.play(&Onlookers::default()).map_err(|error| CliError::from(error).detail(format!("scenario: {}", file.display())))?;
    let plain = rehearsal.plain(&play);
    let sound = plain.problems.is_empty();
    let mut tested = Tested { name, file, describe: rehearsal.describe().map(str::to_owned), laws: Vec::new() };
    if !sound || args.law.is_none_or(|law| law == Law::Plain) {
        report.law(&tested.name, &plain, began.elapsed());
        tested.laws.push((plain, began.elapsed()));
    }
    let laws = [Law::Crash, Law::Fail].into_iter().filter(|law| sound && args.law.is_none_or(|only| only == *law));
    for law in laws {
        let began = Instant::now();
        let verdict = hold(law, args, (&tested.name, &rehearsal, &play), context)?;
        report.law(&tested.name, &verdict, began.elapsed());
        tested.laws.push((verdict, began.elapsed()));
    }
    Ok(tested)
}

fn hold(law: Law, args: &TestArgs, (name, rehearsal, play): (&str, &Rehearsal, &Play), context: &Context) -> Result<Verdict, CliError> {
    let bar = Progress::new(context.ui());
    let verdict = rehearsal.hold(law, args.at.as_deref(), play, &mut |done, all| bar.show(&format!("{name}: {law}"), done, all));
    bar.end();
    verdict.map_err(|message| CliError::new(Code::Usage, message))
}

/// The command that tests one place again, without the place.
fn again(args: &TestArgs, folder: &Path) -> String {
    let mut command = "lockstep test".to_owned();
    if args.folder.is_some() {
        command.push_str(&format!(" {}", folder.display()));
    }
    if let Some(file) = &args.file {
        command.push_str(&format!(" --file {}", file.display()));
    }
    command
}
