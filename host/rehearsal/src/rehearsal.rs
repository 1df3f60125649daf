//! A rehearsal: a procedure, what it may do, and a scenario; as often as wanted, always from the beginning and always the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_engine::{EngineError, Procedure, RunReport, Start, Waits};
use lockstep_gate::{Interrupt, Live, NoLive};
use lockstep_grant::Grant;
use lockstep_journal::{NoObserver, Observer, SealedRecord};

use crate::expectations;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::world::{Fault, Performed, Things, Unanswered};

/// What a scenario is rehearsed with.
#[derive(Clone)]
pub struct Setting {
    /// What runs.
    pub procedure: Arc<dyn Procedure>,
    /// What it may do.
    pub grant: Arc<Grant>,
    /// Where the grant file is, absolute.
    pub grant_file: String,
    /// The environment's name, unless the scenario has another.
    pub environment: String,
    /// Parameters that win over the scenario's.
    pub parameters: BTreeMap<String, String>,
    /// The program and its version, for the journal.
    pub engine: String,
}

/// A scenario that fits what it is rehearsed with.
pub struct Rehearsal {
    pub(crate) setting: Setting,
    pub(crate) scenario: Arc<Scenario>,
}

/// Who looks on while a scenario is played.
#[derive(Clone)]
pub struct Onlookers {
    /// Sees every record.
    pub observer: Arc<dyn Observer>,
    /// Sees calls and output while they come.
    pub live: Arc<dyn Live>,
    /// Stops the run.
    pub interrupt: Interrupt,
}

impl Default for Onlookers {
    fn default() -> Self {
        Self { observer: Arc::new(NoObserver), live: Arc::new(NoLive), interrupt: Interrupt::default() }
    }
}

/// How a scenario went.
pub struct Play {
    /// How the run stands.
    pub report: RunReport,
    /// Its records.
    pub records: Vec<SealedRecord>,
    /// Calls that no rule answered.
    pub unanswered: Vec<Unanswered>,
    pub(crate) appends: usize,
    pub(crate) before: Things,
    pub(crate) after: Things,
    pub(crate) performed: Vec<Performed>,
}

impl Rehearsal {
    /// Puts a scenario together with what it is rehearsed with.
    ///
    /// # Errors
    /// What of the scenario means nothing under this grant: every problem.
    pub fn new(scenario: Scenario, setting: Setting) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        for id in scenario.secrets.keys().filter(|id| setting.grant.secret(id).is_none()) {
            problems.push(format!("[secrets] has `{id}`, which the grant does not declare"));
        }
        let mounts = setting.grant.files().mounts();
        let mounted = |path: &str| mounts.iter().any(|mount| path == mount.guest || path.strip_prefix(&mount.guest).is_some_and(|rest| rest.starts_with('/')));
        for path in scenario.files.ends().filter(|path| !mounted(path)) {
            problems.push(format!("[files] has `{path}`, which is below no mount of the grant"));
        }
        if problems.is_empty() { Ok(Self { setting, scenario: Arc::new(scenario) }) } else { Err(problems) }
    }

    /// What the scenario is there for.
    pub fn describe(&self) -> Option<&str> {
        self.scenario.describe.as_deref()
    }

    /// Plays it once, from the beginning to where the run stands still.
    ///
    /// # Errors
    /// When the run could not be started: the parameters do not fit, or an import is not granted.
    pub fn play(&self, onlookers: &Onlookers) -> Result<Play, EngineError> {
        self.play_with(onlookers, None).map(|(play, _)| play)
    }

    /// As `play`, with a failure in the place of one call; says whether that call came.
    pub(crate) fn play_with(&self, onlookers: &Onlookers, fault: Option<Fault>) -> Result<(Play, bool), EngineError> {
        let stage = Stage::new(self, onlookers.clone());
        if let Some(fault) = fault {
            stage.world.fail(fault);
        }
        let before = stage.world.things();
        let counting = stage.store_for(usize::MAX);
        let report = lockstep_engine::start(&stage.house(counting.clone()), self.start())?;
        let play = stage.play(report, before, usize::MAX - counting.left())?;
        Ok((play, stage.world.has_failed()))
    }

    /// What in the play is not as the scenario expects it, a line each.
    pub fn unmet(&self, play: &Play) -> Vec<String> {
        expectations::unmet(&self.scenario.expect, play)
    }

    pub(crate) fn start(&self) -> Start {
        let mut parameters = self.scenario.parameters.clone();
        parameters.extend(self.setting.parameters.clone());
        Start {
            procedure: Arc::clone(&self.setting.procedure),
            grant: Arc::clone(&self.setting.grant),
            grant_file: self.setting.grant_file.clone(),
            environment: self.scenario.environment.clone().unwrap_or_else(|| self.setting.environment.clone()),
            parameters,
            initiator: "rehearsal".to_owned(),
            attended: false,
            expected_plan: None,
            waits: Waits::default(),
        }
    }
}
