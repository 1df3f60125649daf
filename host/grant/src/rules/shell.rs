//! `[[shell.allow]]` and `[[shell.deny]]`: programs by absolute path, arguments by position and by option, and what the programs run within.

mod command;
mod confinement;
mod directories;
mod options;
mod profiles;

use std::sync::Arc;

use lockstep_model::request::ShellRequest;
use lockstep_model::{Digest, EffectClass};

use crate::explain::Watch;
use crate::glob;
use crate::granted::Denial;
use crate::hint;
use crate::judge::{Judgement, Mismatch, Rule, Side, judge};
use crate::paths;
use crate::place::Place;
use crate::read::{Item, Section};
use crate::rules::FilesRules;
use crate::terms::ShellTerms;
use crate::variables;

use self::directories::Directories;

pub use command::CommandPattern;
pub use profiles::{Profile, profiles};

/// Most arguments of a command, as the contract says.
const ARGS_MAX: usize = 256;
/// Most bytes of all arguments, or of all variables, as the contract says.
const ARGS_BYTES_MAX: usize = 128 * 1024;
/// Most variables that a command may set, as the contract says.
const ENV_MAX: usize = 64;

/// `[shell]`, compiled. The default allows nothing.
#[derive(Debug, Clone, Default)]
pub struct ShellRules {
    allow: Vec<ShellRule>,
    deny: Vec<ShellRule>,
}

#[derive(Debug, Clone)]
pub(crate) struct ShellRule {
    place: Place,
    command: CommandPattern,
    /// Names that the command may set.
    allow_env: Vec<String>,
    directories: Directories,
    pub(crate) class: Option<EffectClass>,
    /// The default directory is filled in; a command may choose another of `directories`.
    terms: ShellTerms,
}

impl Rule for ShellRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        self.command.text()
    }

    fn class(&self) -> Option<EffectClass> {
        self.class
    }
}

impl ShellRules {
    /// The longest output kept of each stream when the rule does not say.
    pub const OUTPUT_LIMIT: usize = 1 << 20;
    /// An output is held in memory and in the journal's store: no grant can ask for more.
    pub const OUTPUT_LIMIT_MAX: u64 = 64 << 20;

    pub(crate) const KEYS: &'static [&'static str] = &["allow", "deny"];

    pub(crate) fn read(section: &Section<'_, '_>, mounts: &Arc<FilesRules>) -> Self {
        let items = |key| section.get(key).map(|item| item.items()).unwrap_or_default();
        let mut rules = Self { allow: Vec::new(), deny: items("deny").iter().filter_map(ShellRule::read_deny).collect() };
        for item in items("allow") {
            rules.read_allow(&item, mounts);
        }
        rules
    }

    /// One rule of the file: itself, or those of the profile that it names.
    fn read_allow(&mut self, item: &Item<'_, '_>, mounts: &Arc<FilesRules>) {
        let Some(section) = item.section(ShellRule::ALLOW_KEYS) else { return };
        match section.get("profile") {
            Some(named) => profiles::read(self, item, &section, &named, Surroundings::read(&section, mounts)),
            None => self.allow.extend(ShellRule::read_allow(item, &section, mounts)),
        }
    }

    /// Whether anything at all is allowed.
    pub(crate) fn allows_something(&self) -> bool {
        !self.allow.is_empty()
    }

    pub(crate) fn decide(&self, request: &ShellRequest, watch: &mut dyn Watch) -> Result<(&ShellRule, ShellTerms), Denial> {
        check_form(request).map_err(|message| Denial::built_in(message, None))?;
        match judge(&self.deny, &self.allow, |rule, side| rule.matches(request, side), watch) {
            Judgement::Allowed(rule) => Ok((rule, rule.terms_for(request))),
            Judgement::Denied(rule) => Err(Denial::by_rule(&rule.place, not_allowed(request))),
            Judgement::Default => Err(Denial::by_default(not_allowed(request), self.hint(request))),
        }
    }

    fn hint(&self, request: &ShellRequest) -> Option<String> {
        let last = |wanted: fn(&Mismatch) -> bool| {
            self.allow.iter().find_map(|rule| rule.matches(request, Side::Allow).err().filter(wanted).map(|mismatch| (rule, mismatch)))
        };
        if let Some((rule, Mismatch::Variable(index))) = last(|mismatch| matches!(mismatch, Mismatch::Variable(_))) {
            let name = hint::quoted(&variables_of(request).nth(index)?.0)?;
            return hint::fitting(format!("add {name} to `allow-env` of {}", rule.place));
        }
        if let Some((rule, _)) = last(|mismatch| matches!(mismatch, Mismatch::Directory)) {
            let entry = rule.directories.entry(request.directory.as_deref()?)?;
            return hint::fitting(format!("add {entry} to `directories` of {}", rule.place));
        }
        if let Some((rule, Mismatch::Option(index))) = last(|mismatch| matches!(mismatch, Mismatch::Option(_))) {
            let argument = hint::shown(request.args.get(index.checked_sub(1)?)?);
            return hint::fitting(format!("leave {argument} out, or see what {} says of options", rule.place));
        }
        let args: Option<Vec<String>> = request.args.iter().map(|arg| hint::quoted(&glob::escape(arg))).collect();
        let (program, args) = (hint::quoted(&request.program)?, args?.join(", "));
        hint::fitting(format!("add to the grant file:\n[[shell.allow]]\nprogram = {program}\nargs = [{args}]"))
    }
}

impl ShellRule {
    const ALLOW_KEYS: &'static [&'static str] = &[
        "program",
        "args",
        "options",
        "never",
        "profile",
        "class",
        "env",
        "allow-env",
        "directories",
        "digest",
        "success-codes",
        "output-limit",
        "landlock",
        "limits",
    ];
    const DENY_KEYS: &'static [&'static str] = &["program", "args", "anywhere"];

    fn read_allow(item: &Item<'_, '_>, section: &Section<'_, '_>, mounts: &Arc<FilesRules>) -> Option<Self> {
        // An absent list might mean none or any: in an allow it has to be said.
        let said = section.need("args", "[]");
        let command = CommandPattern::read(section);
        let class = section.get("class").and_then(|item| item.class());
        let surroundings = Surroundings::read(section, mounts);
        Some(surroundings.around(item.place(), said.and(command)?, class))
    }

    fn read_deny(item: &Item<'_, '_>) -> Option<Self> {
        let section = item.section(Self::DENY_KEYS)?;
        Some(Self::denying(item.place(), CommandPattern::read(&section)?))
    }

    /// A deny: about what is run, whatever surrounds it.
    fn denying(place: Place, command: CommandPattern) -> Self {
        Surroundings::default().around(place, command, None)
    }

    fn matches(&self, request: &ShellRequest, side: Side) -> Result<(), Mismatch> {
        self.command.compare(request, side)?;
        match side {
            // A deny is about what is run; in whichever directory, with whichever variables.
            Side::Deny => Ok(()),
            Side::Allow => self.surroundings_match(request),
        }
    }

    fn surroundings_match(&self, request: &ShellRequest) -> Result<(), Mismatch> {
        if let Some(index) = variables_of(request).position(|(name, _)| !self.allow_env.contains(name)) {
            return Err(Mismatch::Variable(index));
        }
        match &request.directory {
            Some(directory) if self.directories.find(directory).is_none() => Err(Mismatch::Directory),
            Some(_) | None => Ok(()),
        }
    }

    fn terms_for(&self, request: &ShellRequest) -> ShellTerms {
        let mut terms = self.terms.clone();
        if let Some(directory) = &request.directory {
            terms.directory = self.directories.find(directory);
        }
        terms
    }
}

/// What a command that is allowed has around it.
#[derive(Debug, Clone, Default)]
struct Surroundings {
    allow_env: Vec<String>,
    directories: Directories,
    terms: ShellTerms,
}

impl Surroundings {
    fn read(section: &Section<'_, '_>, mounts: &Arc<FilesRules>) -> Self {
        let allow_env = section.get("allow-env").map(|item| variables::read_names(&item)).unwrap_or_default();
        let env = section.get("env").map(|item| variables::read_values(&item)).unwrap_or_default();
        let directories = section.get("directories").map(|item| Directories::read(&item, mounts)).unwrap_or_default();
        let output = section.get("output-limit").and_then(|item| item.size(1..=ShellRules::OUTPUT_LIMIT_MAX));
        let terms = ShellTerms {
            env: env.into(),
            directory: directories.first(),
            digest: section.get("digest").and_then(|item| item.parsed(str::parse::<Digest>)),
            success_codes: section.get("success-codes").map(|item| read_codes(&item)).unwrap_or_default(),
            output_limit: output.and_then(|size| usize::try_from(size).ok()).unwrap_or(ShellRules::OUTPUT_LIMIT),
            landlock: section.get("landlock").and_then(|item| confinement::read_landlock(&item)).map(Arc::new),
            limits: section.get("limits").and_then(|item| confinement::read_limits(&item)).unwrap_or_default(),
        };
        Self { allow_env, directories, terms }
    }

    fn around(self, place: Place, command: CommandPattern, class: Option<EffectClass>) -> ShellRule {
        let Self { allow_env, directories, terms } = self;
        ShellRule { place, command, allow_env, directories, class, terms }
    }
}

/// What a program can end with by itself.
fn read_codes(item: &Item<'_, '_>) -> Arc<[i32]> {
    let items = item.items();
    if items.is_empty() {
        item.reject_with("a program that never succeeds is of no use", "for example `[0, 1]`: of `grep`, 1 says that nothing was found");
    }
    items.iter().filter_map(|item| item.number(0..=255)).filter_map(|code| i32::try_from(code).ok()).collect()
}

/// Guest-controlled: what no program could be started with, or the contract does not take.
fn check_form(request: &ShellRequest) -> Result<(), String> {
    paths::normalised(&request.program).map_err(|error| format!("program {}: {error}", hint::shown(&request.program)))?;
    if let Some(directory) = &request.directory {
        paths::normalised(directory).map_err(|error| format!("directory {}: {error}", hint::shown(directory)))?;
    }
    if request.args.len() > ARGS_MAX || request.args.iter().map(String::len).sum::<usize>() > ARGS_BYTES_MAX {
        return Err(format!("a command has at most {ARGS_MAX} arguments of {ARGS_BYTES_MAX} bytes in all"));
    }
    if let Some(index) = request.args.iter().position(|arg| arg.contains('\0')) {
        return Err(format!("argument {} has a NUL", index + 1));
    }
    let env_bytes: usize = variables_of(request).map(|(name, value)| name.len() + value.len()).sum();
    if variables_of(request).count() > ENV_MAX || env_bytes > ARGS_BYTES_MAX {
        return Err(format!("a command has at most {ENV_MAX} variables of {ARGS_BYTES_MAX} bytes in all"));
    }
    match variables_of(request).position(|(name, value)| name.contains('\0') || value.contains('\0')) {
        Some(index) => Err(format!("variable {} has a NUL", index + 1)),
        None => Ok(()),
    }
}

/// All that the command sets: values and files.
fn variables_of(request: &ShellRequest) -> impl Iterator<Item = &(String, String)> {
    request.env.iter().chain(&request.env_files)
}

fn not_allowed(request: &ShellRequest) -> String {
    let mut command = request.program.clone();
    for arg in request.args.iter().take(32) {
        command.push(' ');
        command.push_str(arg);
    }
    format!("{} is not allowed", hint::shown(&command))
}

#[cfg(test)]
mod tests;
