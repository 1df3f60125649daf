//! A procedure as data: what a random or a written plan does, so that it can be printed, shrunk, and turned into a script as often as a law needs.

use lockstep_gate::Gate;
use lockstep_model::plan::{OnFailure, Retry, Undo};
use lockstep_model::request::{
    ArtifactRequest, ClockRequest, Header, HttpRequest, LogLevel, LogRequest, RandomRequest, RememberRequest, SecretRequest, ShellRequest,
};
use lockstep_model::{Failure, StepId};
use lockstep_testkit::{Script, ask};

/// The code of a failure that a draft asks for.
const FAILS: &str = "draft.fails";

/// The wait before another attempt, in milliseconds: longer than everything else in a plan together, so that what a crash costs in time does not change what
/// comes first.
const LONG: u32 = 3_600_000;

/// The parameter of every draft.
pub(crate) const COLOUR: &str = "colour";

/// Steps in the order declared.
#[derive(Debug, Clone)]
pub(crate) struct Draft(pub(crate) Vec<DraftStep>);

/// One step.
#[derive(Debug, Clone)]
pub(crate) struct DraftStep {
    /// Indices of earlier steps. None: the step before it.
    pub(crate) needs: Option<Vec<usize>>,
    pub(crate) calls: Vec<Call>,
    /// So many attempts fail at their end.
    pub(crate) fails: u32,
    pub(crate) attempts: u32,
    pub(crate) timeout: Option<u32>,
    pub(crate) on_failure: OnFailure,
    pub(crate) undo: Undo,
    /// So many attempts of its undo fail at their end.
    pub(crate) undo_fails: u32,
}

impl Default for DraftStep {
    /// A step that does nothing and can be undone.
    fn default() -> Self {
        let (on_failure, undo) = (OnFailure::Undo, Undo::UndoStep);
        Self { needs: None, calls: Vec::new(), fails: 0, attempts: 1, timeout: None, on_failure, undo, undo_fails: 0 }
    }
}

/// What a step asks for. Numbers name values (`v0`), lists (`l0`) and the like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    /// Reads a value.
    Get(u8),
    /// Sets a value; what was there is kept first, for the undo.
    Put(u8),
    /// Sets a value to what another one is.
    Copy(u8, u8),
    /// Removes a value, likewise.
    Delete(u8),
    /// Adds to a list: must not be done twice.
    Post(u8),
    /// Adds to a list by a command: must not be done twice.
    Tool(u8),
    /// Asks what never works: by a request that may be repeated, or must not be.
    Broken { slow: bool, once: bool },
    /// Sets a value to one that carries a secret.
    Secret(u8),
    /// Sets a value to a text too long for a record, and reads it.
    Long(u8),
    /// Asks for what is not granted; what comes of it is ignored or not.
    Denied { minds: bool },
    /// Reads the clock and keeps a random number.
    Facts,
    /// Waits without letting go.
    Pause(u32),
    /// Waits, however long.
    Sleep(u32),
    /// Sets a value to the parameter.
    Colour(u8),
    /// Says something.
    Log,
    /// Makes an artifact and reads it.
    Seal,
}

impl Draft {
    /// The script that does it.
    pub(crate) fn script(&self) -> Script {
        let mut script = Script::default().imports(&["http", "shell", "secret"]).parameter(COLOUR, Some("blue"));
        for (number, step) in self.0.iter().enumerate() {
            let (run, back) = (step.clone(), step.clone());
            script = script.step(&format!("s{number}"), move |gate| run.run(gate, number), move |gate| back.undo(gate, number)).with(|declared| {
                if let Some(needs) = &step.needs {
                    declared.needs = needs.iter().map(|need| StepId::parse(&format!("s{need}")).unwrap()).collect();
                }
                declared.retry = Retry { attempts: step.attempts, backoff_milliseconds: LONG, longest_milliseconds: LONG, codes: Vec::new() };
                (declared.timeout_seconds, declared.on_failure, declared.undo) = (step.timeout, step.on_failure, step.undo);
            });
        }
        script
    }

    /// The same, each step after all before it: whether a step overtakes one that waits to be tried again is a matter of time, and a host that is away for
    /// long, or an operator who leaves out the step between them, changes that.
    pub(crate) fn in_order(mut self) -> Self {
        self.0.iter_mut().enumerate().for_each(|(number, step)| step.needs = Some((0..number).collect()));
        self
    }

    /// The same, with one attempt for each step where steps need not follow one another: see `in_order`. A crash, too, takes time.
    pub(crate) fn taking_turns(mut self) -> Self {
        if self.0.iter().any(|step| step.needs.is_some()) {
            self.0.iter_mut().for_each(|step| step.attempts = 1);
        }
        self
    }

    /// The same, as far as everything in it can be taken back: no point of no return, no failure that is let pass or waited on, and no two steps that
    /// change the same value without one needing the other.
    pub(crate) fn undoable(self) -> Self {
        let Self(mut steps) = self.in_order();
        for step in &mut steps {
            (step.undo, step.on_failure, step.undo_fails) = (Undo::UndoStep, OnFailure::Undo, step.undo_fails.min(2));
        }
        Self(steps)
    }
}

impl DraftStep {
    fn run(&self, gate: &Gate, step: usize) -> Result<(), Failure> {
        for (number, call) in self.calls.iter().enumerate() {
            call.make(gate, step, number)?;
        }
        if gate.attempt() <= self.fails { Err(Failure::retryable(FAILS, "the draft says so")) } else { Ok(()) }
    }

    fn undo(&self, gate: &Gate, step: usize) -> Result<(), Failure> {
        for (number, call) in self.calls.iter().enumerate().rev() {
            call.take_back(gate, step, number)?;
        }
        if gate.attempt() <= self.undo_fails { Err(Failure::retryable(FAILS, "the draft says so")) } else { Ok(()) }
    }
}

impl Call {
    /// Makes the call, the `number`th of that step.
    fn make(self, gate: &Gate, step: usize, number: usize) -> Result<(), Failure> {
        let own = format!("s{step}c{number}");
        match self {
            Self::Get(value) => get(gate, value).map(|_| ()),
            Self::Put(value) => change(gate, number, value, |gate| put(gate, value, &own, None)),
            Self::Copy(from, to) => {
                let found = get(gate, from)?.unwrap_or_default();
                change(gate, number, to, |gate| put(gate, to, &found, None))
            }
            Self::Colour(value) => {
                let colour = gate.parameter(COLOUR).unwrap_or_default();
                change(gate, number, value, |gate| put(gate, value, &colour, None))
            }
            Self::Delete(value) => change(gate, number, value, |gate| delete(gate, &format!("v{value}"))),
            Self::Post(list) => ask(gate, HttpRequest::to("POST", &url(&format!("l{list}/{own}")))).map(|_| ()),
            Self::Tool(list) => ask(gate, ShellRequest::command("/bin/tool", &[&format!("l{list}"), &own])).map(|_| ()),
            Self::Broken { slow, once } => {
                let path = if slow { "broken/slow" } else { "broken/refused" };
                ask(gate, HttpRequest::to(if once { "POST" } else { "PUT" }, &url(path))).map(|_| ())
            }
            Self::Secret(value) => {
                ask(gate, SecretRequest { id: "API_KEY".into() })?;
                let marker = gate.marker("API_KEY");
                change(gate, number, value, |gate| put(gate, value, "locked", Some(&marker)))
            }
            Self::Long(value) => {
                change(gate, number, value, |gate| put(gate, value, &own.repeat(5_000), None))?;
                get(gate, value).map(|_| ())
            }
            Self::Denied { minds } => {
                let denied = ask(gate, HttpRequest::to("POST", "http://elsewhere.test/")).map(|_| ());
                if minds { denied } else { Ok(()) }
            }
            Self::Facts => {
                ask(gate, ClockRequest::Now)?;
                let random = ask(gate, RandomRequest::Bytes { count: 8 })?;
                ask(gate, RememberRequest { key: format!("fact-{number}"), value: format!("{:?}", random.0) })
            }
            Self::Pause(milliseconds) => ask(gate, ClockRequest::Pause { milliseconds }).map(|_| ()),
            Self::Sleep(seconds) => ask(gate, ClockRequest::Sleep { seconds }).map(|_| ()),
            Self::Log => ask(gate, LogRequest::Message { level: LogLevel::Info, message: own, fields: Vec::new() }),
            Self::Seal => {
                ask(gate, ArtifactRequest::Seal { id: own.clone(), bytes: own.as_str().into() })?;
                ask(gate, ArtifactRequest::ById { id: own }).map(|_| ())
            }
        }
    }

    /// Makes it as if the call had not been, also when it has not.
    fn take_back(self, gate: &Gate, step: usize, number: usize) -> Result<(), Failure> {
        match self {
            Self::Put(value) | Self::Copy(_, value) | Self::Delete(value) | Self::Secret(value) | Self::Long(value) | Self::Colour(value) => {
                match gate.recall(&before(number)) {
                    Some(was) if was.is_empty() => delete(gate, &format!("v{value}")),
                    Some(was) => put(gate, value, &was[1..], None),
                    None => Ok(()),
                }
            }
            Self::Post(list) | Self::Tool(list) => delete(gate, &format!("l{list}/s{step}c{number}")),
            Self::Get(_) | Self::Broken { .. } | Self::Denied { .. } | Self::Facts | Self::Pause(_) | Self::Sleep(_) | Self::Log | Self::Seal => Ok(()),
        }
    }
}

/// Under which key a step keeps what a value was before its `number`th call: nothing, or a mark and the value.
fn before(number: usize) -> String {
    format!("before-{number}")
}

/// Keeps what the value is, unless an earlier attempt has, and changes it.
fn change(gate: &Gate, number: usize, value: u8, change: impl FnOnce(&Gate) -> Result<(), Failure>) -> Result<(), Failure> {
    if gate.recall(&before(number)).is_none() {
        let was = get(gate, value)?.map_or_else(String::new, |was| format!("={was}"));
        ask(gate, RememberRequest { key: before(number), value: was })?;
    }
    change(gate)
}

fn url(path: &str) -> String {
    format!("http://app.test/{path}")
}

fn get(gate: &Gate, value: u8) -> Result<Option<String>, Failure> {
    let response = ask(gate, HttpRequest::to("GET", &url(&format!("v{value}"))))?;
    Ok((response.status == 200).then(|| response.body.as_text().unwrap_or_default().to_owned()))
}

fn put(gate: &Gate, value: u8, text: &str, secret: Option<&str>) -> Result<(), Failure> {
    let mut request = HttpRequest::to("PUT", &url(&format!("v{value}")));
    request.body = Some(text.into());
    request.headers.extend(secret.map(|marker| Header { name: "authorization".into(), value: marker.to_owned() }));
    ask(gate, request).map(|_| ())
}

fn delete(gate: &Gate, path: &str) -> Result<(), Failure> {
    ask(gate, HttpRequest::to("DELETE", &url(path))).map(|_| ())
}
