//! The verbs of the binary: what can be asked for on the command line, and who does it.
//!
//! `start` and `stop` behave as a service manager's would (detached, idempotent, graceful), because that is what a procedure has to cope with.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::faults::Broken;
use crate::poll::{self, PollArgs};
use crate::release::{Release, ReleaseError};
use crate::supervise::{self, Launch, Started, SuperviseError};
use crate::unit::{self, UnitError};
use crate::{ask, front, service};

/// A small service to deploy, and the front before it.
#[derive(Debug, Parser)]
#[command(name = "lockstep-service")]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Starts the service in the background and waits until it is healthy. Already running is well.
    Start(StartArgs),
    /// Stops what runs from a state directory, letting requests in flight finish. Already stopped is well.
    Stop(StateArgs),
    /// Serves in the foreground.
    Serve(ServeArgs),
    /// Forwards every request to where the switch points, in the foreground.
    Front(FrontArgs),
    /// Starts the front in the background and waits until it listens. Already running is well.
    FrontStart(FrontArgs),
    /// Stops the front, letting requests in flight finish. Already stopped is well.
    FrontStop(StateArgs),
    /// Asks one URL again and again until the stop file exists, then prints what it met.
    Poll(PollArgs),
    /// Prints a port of 127.0.0.1 that is free now.
    FreePort,
    /// Prints the version that answers on a port.
    Version(VersionArgs),
}

#[derive(Debug, Args)]
struct VersionArgs {
    /// Where to ask on 127.0.0.1.
    #[arg(long)]
    port: u16,
}

#[derive(Debug, Args)]
struct StartArgs {
    /// A released version: a directory with `service`, `VERSION` and perhaps `BROKEN`, instead of this binary.
    #[arg(long, value_name = "DIR")]
    release: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Where to listen on 127.0.0.1.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// What `/version` says; without it the file VERSION of the release.
    #[arg(long)]
    version: Option<String>,
    /// Where pid, logs and effects are kept; one running service each.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// How it is broken: health, login, slow[=MS], failing[=RATIO], leak[=BYTES] or crash; without it the file BROKEN of the release.
    #[arg(long)]
    broken: Option<Broken>,
    /// The environment variable that holds the password of `/login`; without it the password is `letmein`.
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
    /// Leaves the session of whoever started it: set by `start`.
    #[arg(long, hide = true)]
    detached: bool,
}

#[derive(Debug, Args)]
struct FrontArgs {
    /// Where to listen on 127.0.0.1.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The symlink to the slot that serves; the slot's file `port` says where.
    #[arg(long, value_name = "LINK")]
    switch: PathBuf,
    /// One JSON line for every request; without it `front.log` in the state directory.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Where pid and logs are kept, one running front each; without it the directory `front` beside the switch.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Leaves the session of whoever started it: set by `front-start`.
    #[arg(long, hide = true)]
    detached: bool,
}

impl FrontArgs {
    fn plan(&self) -> io::Result<front::Plan> {
        let switch = absolute(&self.switch)?;
        let state = match &self.state {
            Some(state) => absolute(state)?,
            None => switch.with_file_name("front"),
        };
        let log = match &self.log {
            Some(log) => absolute(log)?,
            None => state.join("front.log"),
        };
        Ok(front::Plan { port: self.port, switch, log, state })
    }
}

#[derive(Debug, Args)]
struct StateArgs {
    /// The state directory it was started with.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
}

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerbError {
    #[error(transparent)]
    Release(#[from] ReleaseError),
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error(transparent)]
    Service(#[from] service::ServiceError),
    #[error(transparent)]
    Front(#[from] front::FrontError),
    #[error(transparent)]
    Poll(#[from] poll::PollError),
    #[error("environment variable {0} is not set, or not text")]
    Password(String),
    #[error(transparent)]
    Ask(#[from] ask::AskError),
    #[error("cannot set up: {0}")]
    SetUp(#[from] io::Error),
}

/// What the fallback for `--password-env` is; nothing secret.
const DEFAULT_PASSWORD: &str = "letmein";

/// Does what was asked for and says what came of it.
pub(crate) fn run(cli: Cli) -> Result<String, VerbError> {
    match cli.verb {
        Verb::Start(args) => start(args),
        Verb::FrontStart(args) => front_start(args),
        Verb::Stop(StateArgs { state }) | Verb::FrontStop(StateArgs { state }) => Ok(supervise::stop(&state)?.to_string()),
        Verb::Serve(args) => serve(args),
        Verb::Front(args) => serve_front(args),
        Verb::FreePort => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port().to_string()),
        Verb::Version(args) => version(args.port),
        Verb::Poll(args) => runtime()?.block_on(async { Ok(poll::poll(args).await?.to_string()) }),
    }
}

fn version(port: u16) -> Result<String, VerbError> {
    let answer = runtime()?.block_on(ask::get((Ipv4Addr::LOCALHOST, port).into(), "/version"))?;
    let said: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    Ok(said["version"].as_str().unwrap_or("none").to_owned())
}

fn start(args: StartArgs) -> Result<String, VerbError> {
    let release = Release::find(args.release.as_deref())?;
    let serve = args.serve;
    let broken = serve.broken.or(release.broken);
    let version = serve.version.or(release.version).ok_or(ReleaseError::NoVersion)?;
    password(serve.password_env.as_deref())?;
    let state = absolute(&serve.state)?;

    let mut arguments = words(["serve", "--detached", "--port", &serve.port.to_string(), "--version", &version, "--state"]);
    arguments.push(state.clone().into());
    if let Some(broken) = broken {
        arguments.extend(words(["--broken", &broken.to_string()]));
    }
    if let Some(name) = &serve.password_env {
        arguments.extend(words(["--password-env", name]));
    }
    let launch = Launch { program: release.program, arguments, state, port: serve.port, version, until_healthy: broken.is_none() };
    started(&launch)
}

fn front_start(args: FrontArgs) -> Result<String, VerbError> {
    let front::Plan { port, switch, log, state } = args.plan()?;
    let mut arguments = words(["front", "--detached", "--port", &port.to_string()]);
    for (option, path) in [("--switch", &switch), ("--log", &log), ("--state", &state)] {
        arguments.extend([option.into(), path.into()]);
    }
    let program = std::env::current_exe()?;
    // The front has no version of its own and leaves every path to the service behind it: that it listens is all there is to wait for.
    started(&Launch { program, arguments, state, port, version: front::IDENTITY.to_owned(), until_healthy: false })
}

fn started(launch: &Launch) -> Result<String, VerbError> {
    let Launch { port, version, .. } = launch;
    Ok(match runtime()?.block_on(supervise::start(launch))? {
        Started::Now(pid) => format!("{version} started on port {port}, pid {pid}"),
        Started::Already(pid) => format!("{version} is already running on port {port}, pid {pid}"),
    })
}

fn serve(args: ServeArgs) -> Result<String, VerbError> {
    leave_session(args.detached)?;
    let release = Release::find(None)?;
    let version = args.version.or(release.version).ok_or(ReleaseError::NoVersion)?;
    let plan = service::Plan {
        port: args.port,
        version,
        state: absolute(&args.state)?,
        broken: args.broken.or(release.broken),
        password: password(args.password_env.as_deref())?,
    };
    let stop = unit::stop_on_signal()?;
    runtime()?.block_on(service::serve(plan, stop))?;
    Ok("stopped".to_owned())
}

fn serve_front(args: FrontArgs) -> Result<String, VerbError> {
    leave_session(args.detached)?;
    let plan = args.plan()?;
    let stop = unit::stop_on_signal()?;
    runtime()?.block_on(front::serve(plan, stop))?;
    Ok("stopped".to_owned())
}

/// A process of its own session outlives whoever started it: a signal to the starter's process group does not reach it.
fn leave_session(detached: bool) -> Result<(), VerbError> {
    if detached {
        rustix::process::setsid().map_err(io::Error::from)?;
    }
    Ok(())
}

fn password(variable: Option<&str>) -> Result<String, VerbError> {
    let Some(name) = variable else {
        return Ok(DEFAULT_PASSWORD.to_owned());
    };
    std::env::var(name).map_err(|_| VerbError::Password(name.to_owned()))
}

fn runtime() -> Result<tokio::runtime::Runtime, VerbError> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.map(OsString::from).to_vec()
}
