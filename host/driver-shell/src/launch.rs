//! The launcher: a process between `lockstep` and a program that is confined. It gives up what the grant takes away and becomes the program.
//!
//! What a process may use and which files it reaches can be set by itself alone, before it becomes the program; and setting it in `lockstep` would bind
//! `lockstep`. So it starts itself once more, with the confinement as arguments.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use landlock::{ABI, Access as _, AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus};
use lockstep_grant::{Landlock, ProcessLimits, ShellTerms};
use lockstep_model::Digest;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::set_no_new_privs;

use crate::pinned::Pinned;

/// The word that makes `lockstep` a launcher. Nothing an operator types.
pub const LAUNCH: &str = "internal-exec";

/// The exit code of a launcher that did not become the program.
pub const NOT_LAUNCHED: u8 = 126;

/// How what such a launcher says begins.
pub(crate) const COMPLAINT: &str = "lockstep could not start it: ";

/// The rights over files that are asked of the kernel: an older one gives fewer, none refuses.
const ABI_WANTED: ABI = ABI::V5;

/// What a rule's `limits` bound.
const LIMITED: [Resource; 5] = [Resource::As, Resource::Cpu, Resource::Nproc, Resource::Nofile, Resource::Fsize];

/// Why a launcher did not become the program.
#[derive(Debug, thiserror::Error)]
#[error("{COMPLAINT}{0}")]
pub struct LaunchError(String);

/// What the kernel takes away from programs when it is asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Files that a rule does not name.
    pub landlock: bool,
    /// Privileges that a program would gain when it is executed.
    pub no_new_privileges: bool,
    /// More memory, time, processes, files and file size than a rule gives.
    pub limits: bool,
}

impl Kernel {
    /// Asks it.
    pub fn ask() -> Self {
        Self { landlock: has_landlock(), no_new_privileges: has_no_new_privileges(), limits: takes_limits() }
    }
}

/// The mark stays with the thread that asks for it.
fn has_no_new_privileges() -> bool {
    let asked = thread::Builder::new().name("privileges".to_owned()).spawn(|| set_no_new_privs(true)).map(thread::JoinHandle::join);
    matches!(asked, Ok(Ok(Ok(()))))
}

/// Each is set to what it is.
fn takes_limits() -> bool {
    LIMITED.into_iter().all(|resource| setrlimit(resource, getrlimit(resource)).is_ok())
}

/// Whether the kernel keeps programs to the files that a rule names: a thread of its own asks to be kept to none.
fn has_landlock() -> bool {
    let kept = || Ruleset::default().handle_access(AccessFs::from_all(ABI::V1)).and_then(Ruleset::create).and_then(RulesetCreated::restrict_self);
    let asked = thread::Builder::new().name("landlock".to_owned()).spawn(kept).map(thread::JoinHandle::join);
    matches!(asked, Ok(Ok(Ok(status))) if status.ruleset != RulesetStatus::NotEnforced)
}

/// The launcher's arguments for a program under these terms; none when nothing confines it.
pub(crate) fn arguments(program: &str, args: &[String], terms: &ShellTerms) -> Option<Vec<OsString>> {
    if terms.landlock.is_none() && terms.limits == ProcessLimits::default() {
        return None;
    }
    let ProcessLimits { memory, cpu_seconds, processes, files, file_size } = terms.limits;
    let mut said: Vec<OsString> = vec![LAUNCH.into()];
    for (key, limit) in [("memory", memory), ("cpu", cpu_seconds), ("processes", processes), ("files", files), ("file-size", file_size)] {
        said.extend(limit.map(|limit| format!("{key}={limit}").into()));
    }
    said.extend(terms.digest.map(|digest| format!("digest={digest}").into()));
    if let Some(landlock) = &terms.landlock {
        said.push("landlock=".into());
        let path = |key: &str, path: &PathBuf| OsString::from_vec([key.as_bytes(), path.as_os_str().as_bytes()].concat());
        said.extend(landlock.read.iter().map(|read| path("read=", read)));
        said.extend(landlock.write.iter().map(|write| path("write=", write)));
    }
    said.extend(["--".into(), program.into()]);
    said.extend(args.iter().map(OsString::from));
    Some(said)
}

/// Gives up what the arguments say and becomes the program. Comes back only when it could not.
pub fn launch(arguments: impl IntoIterator<Item = OsString>) -> LaunchError {
    match Launch::read(arguments).and_then(|launch| launch.become_it()) {
        Ok(never) => match never {},
        Err(why) => LaunchError(why),
    }
}

/// What never is.
enum Never {}

#[derive(Default)]
struct Launch {
    limits: ProcessLimits,
    landlock: Option<Landlock>,
    digest: Option<Digest>,
    program: OsString,
    args: Vec<OsString>,
}

impl Launch {
    fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut launch = Self::default();
        let mut arguments = arguments.into_iter();
        for argument in arguments.by_ref().take_while(|argument| argument != "--") {
            launch.take(&argument)?;
        }
        launch.program = arguments.next().ok_or("no program is named")?;
        launch.args = arguments.collect();
        Ok(launch)
    }

    fn take(&mut self, argument: &OsStr) -> Result<(), String> {
        let bytes = argument.as_bytes();
        let unknown = || format!("`{}` is not understood", argument.display());
        let at = bytes.iter().position(|byte| *byte == b'=').ok_or_else(unknown)?;
        let (key, value) = (&bytes[..at], OsStr::from_bytes(&bytes[at + 1..]));
        let number = || value.to_str().and_then(|text| text.parse::<u64>().ok()).ok_or_else(unknown);
        match key {
            b"memory" => self.limits.memory = Some(number()?),
            b"cpu" => self.limits.cpu_seconds = Some(number()?),
            b"processes" => self.limits.processes = Some(number()?),
            b"files" => self.limits.files = Some(number()?),
            b"file-size" => self.limits.file_size = Some(number()?),
            b"digest" => self.digest = Some(value.to_str().and_then(|text| text.parse().ok()).ok_or_else(unknown)?),
            b"landlock" => self.landlock = Some(Landlock::default()),
            b"read" => self.landlock.get_or_insert_default().read.push(value.into()),
            b"write" => self.landlock.get_or_insert_default().write.push(value.into()),
            _ => return Err(unknown()),
        }
        Ok(())
    }

    fn become_it(self) -> Result<Never, String> {
        let pinned = match (self.digest, self.program.to_str()) {
            (Some(digest), Some(program)) => Some(Pinned::open(program, digest).map_err(|failure| failure.message().to_owned())?),
            (Some(_), None) => return Err("a pinned program has a name that is not text".to_owned()),
            (None, _) => None,
        };
        if let Some(landlock) = &self.landlock {
            confine(landlock, &self.program)?;
        }
        bound(&self.limits)?;
        let executed = pinned.as_ref().map_or_else(|| self.program.clone(), |pinned| pinned.path().into());
        if let Some(pinned) = pinned.as_ref().filter(|pinned| pinned.is_script) {
            fcntl_setfd(pinned.file(), FdFlags::empty()).map_err(|error| error.to_string())?;
        }
        #[expect(clippy::disallowed_methods, reason = "this process becomes what the driver has been granted to start")]
        let error = Command::new(executed).arg0(&self.program).args(&self.args).exec();
        Err(format!("`{}`: {error}", self.program.display()))
    }
}

/// Keeps this process and what it becomes to these files.
fn confine(landlock: &Landlock, program: &OsStr) -> Result<(), String> {
    let failed = |error: landlock::RulesetError| format!("its files cannot be confined: {error}");
    let (all, read) = (AccessFs::from_all(ABI_WANTED), AccessFs::from_read(ABI_WANTED));
    let mut rules = Ruleset::default().handle_access(all).and_then(Ruleset::create).map_err(failed)?;
    let program = PathBuf::from(program);
    let null = PathBuf::from("/dev/null");
    let named = landlock.read.iter().map(|path| (path, read)).chain(landlock.write.iter().map(|path| (path, all)));
    for (path, access) in named.chain([(&program, read), (&null, all)]) {
        let found = PathFd::new(path).map_err(|error| format!("`{}` of its `landlock` cannot be opened: {error}", path.display()))?;
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI_WANTED) };
        rules = rules.add_rule(PathBeneath::new(found, access)).map_err(failed)?;
    }
    match rules.restrict_self().map_err(failed)?.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => {
            Err("this kernel has no Landlock, which the rule asks for with `landlock`; `lockstep doctor` says what it has".to_owned())
        }
    }
}

/// Bounds what each process may use. Nobody raises it again; a core, which could hold secrets, is never written.
fn bound(limits: &ProcessLimits) -> Result<(), String> {
    let ProcessLimits { memory, cpu_seconds, processes, files, file_size } = *limits;
    let wanted = LIMITED.into_iter().zip([memory, cpu_seconds, processes, files, file_size]);
    for (resource, limit) in std::iter::once((Resource::Core, Some(0))).chain(wanted) {
        let Some(limit) = limit else { continue };
        // What `lockstep` itself may not exceed, nobody gives back.
        let limit = getrlimit(resource).maximum.map_or(limit, |most| most.min(limit));
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })
            .map_err(|error| format!("the kernel takes no limit of {limit} on {resource:?}: {error}"))?;
    }
    Ok(())
}
