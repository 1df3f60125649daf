//! `lockstep doctor`: versions, the store, its disk, the tools that build each guest language, and what an environment's grant asks for.

mod needs;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lockstep_api::Exit;
use serde::Serialize;

use self::needs::Need;
use crate::build::{self, Language};
use crate::context::Context;
use crate::error::CliError;
use crate::journal::read_grant;
use crate::ui::{Style, bytes, harmless, plural};
use crate::wiring::{Compiled, Kernel};
use crate::{environment, wiring};

/// Look at this machine: versions, store, disk, the tools of each guest language
///
/// With `--env` also at what that grant asks for: its cluster, and the programs that back up its databases. The exit code is 1 when the store, its disk or
/// one of these is not as it has to be.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// A grant file, of which to look at the cluster and the programs of databases
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Findings {
    lockstep: String,
    system: String,
    store: Option<String>,
    store_state: String,
    #[serde(skip)]
    store_ok: bool,
    runs: Option<usize>,
    records: Option<u64>,
    compiled_components: Option<u64>,
    compiled_bytes: Option<u64>,
    sync_p50_microseconds: Option<u64>,
    sync_p99_microseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_error: Option<String>,
    landlock: bool,
    no_new_privileges: bool,
    limits: bool,
    languages: Vec<Tools>,
    /// What the grant asks for; none: no grant was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<Vec<Need>>,
    ok: bool,
}

/// What builds procedures in a language, or what to do so that something does.
#[derive(Debug, Serialize)]
struct Tools {
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

/// The room for a line's name: as long as those of languages.
const NAME: usize = 10;

/// Enough for a p99 that is not just the worst one, few enough to be over in a second on a slow disk.
const SYNCS: usize = 200;

/// However slow the disk is.
const LONGEST: Duration = Duration::from_secs(2);

/// As large as a small commit: a page of the log and its frame.
const SYNCED: usize = 4_096 + 24;

/// Does it.
///
/// # Errors
/// When the grant file cannot be read: whatever else is wrong is its result.
pub(super) fn run(args: &DoctorArgs, context: &Context) -> Result<Exit, CliError> {
    let grant = args.env.as_deref().map(read_grant).transpose()?;
    let findings = look(context, grant.map(|(grant, _)| needs::of(&grant)));
    let ui = context.ui();
    let exit = if findings.ok { Exit::Done } else { Exit::Failed };
    if ui.json() {
        ui.print_json(&findings)?;
        return Ok(exit);
    }
    let needs = findings.needs.as_deref().unwrap_or_default();
    let width = needs.iter().map(|need| need.name.chars().count()).max().unwrap_or_default().max(NAME);
    let line = |ok: bool, name: &str, text: &str| {
        let mark = if ok { ui.out(Style::Good, "✓") } else { ui.out(Style::Bad, "✗") };
        ui.data(format!("{mark} {name:width$} {text}"));
    };
    line(true, "lockstep", &findings.lockstep);
    line(true, "system", &findings.system);
    let store = findings.store.as_ref().map(|store| format!("{store}, ")).unwrap_or_default();
    line(findings.store_ok, "store", &format!("{store}{}", findings.store_state));
    if let (Some(components), Some(size)) = (findings.compiled_components, findings.compiled_bytes) {
        let components = plural(components, "component");
        line(true, "compiled", &format!("{components}, {}; beyond {} what was used longest ago goes", bytes(size), bytes(Compiled::MOST)));
    }
    match (findings.sync_p50_microseconds, findings.sync_p99_microseconds) {
        (Some(p50), Some(p99)) => line(true, "sync", &format!("p50 {}, p99 {}: each durable effect waits for one", milliseconds(p50), milliseconds(p99))),
        _ => line(false, "sync", &format!("could not be measured: {}", findings.sync_error.as_deref().unwrap_or("it is not known where"))),
    }
    for (has, name, with, without) in [
        (findings.landlock, "landlock", "rules of `shell` can name the files of a program", "a rule of `shell` with `landlock` starts nothing"),
        (findings.no_new_privileges, "privileges", "no program gains any: no-new-privileges", "nothing is started: programs could gain some"),
        (findings.limits, "limits", "rules of `shell` can bound what a program uses", "a rule of `shell` with `limits` starts nothing"),
    ] {
        let kernel = if has { format!("the kernel can: {with}") } else { format!("the kernel cannot: {without}") };
        line(has, name, &kernel);
    }
    for Tools { language, found, missing } in &findings.languages {
        line(found.is_some(), language, found.as_ref().or(missing.as_ref()).map_or("", String::as_str));
    }
    for need in needs {
        line(need.is_met(), &harmless(&need.name), &harmless(&need.text()));
    }
    Ok(exit)
}

fn look(context: &Context, needs: Option<Vec<Need>>) -> Findings {
    let folder = context.store();
    let store = folder.clone().and_then(|folder| store_state(&folder));
    let (store_ok, (store_state, runs, records)) = match store {
        Ok(state) => (true, state),
        Err(error) => (false, (format!("error: {}", error.shown().message), None, None)),
    };
    let folder = folder.ok();
    let compiled = folder.as_deref().and_then(|folder| wiring::compiled(folder).ok());
    let syncs = folder.as_deref().map(measure_syncs).transpose();
    let (syncs, sync_error) = match syncs {
        Ok(syncs) => (syncs.unwrap_or_default(), None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let percentile = |part: usize| syncs.get((syncs.len() * part / 100).min(syncs.len().saturating_sub(1))).copied();
    let kernel = Kernel::ask();
    Findings {
        lockstep: wiring::ENGINE.to_owned(),
        system: environment::system(),
        // A store that cannot be written is one that nothing can be run with, and nothing can be where its grant's cluster is not.
        ok: store_ok && sync_error.is_none() && needs.iter().flatten().all(Need::is_met),
        store: folder.map(|folder| folder.display().to_string()),
        store_state,
        store_ok,
        runs,
        records,
        compiled_components: compiled.map(|compiled| compiled.components),
        compiled_bytes: compiled.map(|compiled| compiled.bytes),
        sync_p50_microseconds: percentile(50),
        sync_p99_microseconds: percentile(99),
        sync_error,
        landlock: kernel.landlock,
        no_new_privileges: kernel.no_new_privileges,
        limits: kernel.limits,
        languages: Language::ALL.into_iter().map(tools).collect(),
        needs,
    }
}

fn tools(language: Language) -> Tools {
    let (found, missing) = match build::tools(language) {
        Ok(found) => (Some(found), None),
        Err(error) => (None, Some(error.in_a_line())),
    };
    Tools { language: language.title(), found, missing }
}

/// What is known of the store, with the numbers of its runs and records.
type StoreState = (String, Option<usize>, Option<u64>);

fn store_state(folder: &Path) -> Result<StoreState, CliError> {
    if !wiring::has_store(folder) {
        return Ok(("not made yet".to_owned(), None, None));
    }
    let store = wiring::open_store_to_look(folder)?;
    let (runs, records) = (store.runs()?.len(), store.head()?.size);
    Ok((format!("{}, {}", plural(runs, "run"), plural(records, "record")), Some(runs), Some(records)))
}

/// How long the store's disk takes to make a small write durable, in microseconds, sorted. The error says which folder cannot be written.
fn measure_syncs(folder: &Path) -> Result<Vec<u64>, String> {
    let place = existing_parent(folder).ok_or_else(|| format!("no folder above {} is there", folder.display()))?;
    let measured = || -> std::io::Result<Vec<u64>> {
        let mut file = tempfile::tempfile_in(&place)?;
        let (begun, bytes) = (Instant::now(), [0_u8; SYNCED]);
        let mut syncs = Vec::new();
        while syncs.len() < SYNCS && begun.elapsed() < LONGEST {
            let started = Instant::now();
            file.write_all(&bytes)?;
            file.sync_data()?;
            syncs.push(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        syncs.sort_unstable();
        Ok(syncs)
    };
    measured().map_err(|error| format!("cannot write to {}: {error}", place.display()))
}

/// The nearest folder that is there: looking makes none.
fn existing_parent(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.is_dir()).map(Path::to_owned)
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{:02} ms", microseconds / 1_000, microseconds % 1_000 / 10)
}

#[cfg(test)]
mod tests {
    use super::{measure_syncs, milliseconds};

    #[test]
    fn syncs_are_measured_without_leaving_anything_behind() {
        let folder = tempfile::tempdir().unwrap();
        let syncs = measure_syncs(&folder.path().join("not/there/yet")).unwrap();
        assert!(!syncs.is_empty() && syncs.is_sorted());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(milliseconds(1_234), "1.23 ms");
    }
}
