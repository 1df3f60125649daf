//! `[[shell.allow]]` and `[[shell.deny]]`: programs by absolute path, arguments by position.

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_model::request::ShellRequest;
use lockstep_model::{Digest, EffectClass};

use crate::explain::Watch;
use crate::glob::{self, Glob};
use crate::granted::Denial;
use crate::hint;
use crate::judge::{Judgement, Mismatch, Rule, Side, judge};
use crate::paths::{self, PathPattern};
use crate::place::Place;
use crate::read::{Item, Section};
use crate::terms::ShellTerms;
use crate::variables;

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
    directories: Vec<PathPattern>,
    pub(crate) class: Option<EffectClass>,
    /// The default directory is filled in; a command may choose another of `directories`.
    terms: ShellTerms,
}

/// Which commands are meant: a program, and its arguments by position.
#[derive(Debug, Clone)]
pub struct CommandPattern {
    program: String,
    args: Args,
}

#[derive(Debug, Clone)]
struct Args {
    patterns: Vec<Glob>,
    rest: bool,
    text: String,
}

impl Rule for ShellRule {
    fn place(&self) -> &Place {
        &self.place
    }

    fn text(&self) -> String {
        format!("{}{}", self.command.program, self.command.args.text)
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

    pub(crate) fn read(section: &Section<'_, '_>) -> Self {
        let items = |key| section.get(key).map(|item| item.items()).unwrap_or_default();
        Self { allow: items("allow").iter().filter_map(ShellRule::read_allow).collect(), deny: items("deny").iter().filter_map(ShellRule::read_deny).collect() }
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
            let name = hint::quoted(&request.env.get(index)?.0)?;
            return hint::fitting(format!("add {name} to `allow-env` of {}", rule.place));
        }
        if let Some((rule, _)) = last(|mismatch| matches!(mismatch, Mismatch::Directory)) {
            let directory = hint::quoted(&glob::escape(request.directory.as_deref()?))?;
            return hint::fitting(format!("add {directory} to `directories` of {}", rule.place));
        }
        let args: Option<Vec<String>> = request.args.iter().map(|arg| hint::quoted(&glob::escape(arg))).collect();
        let (program, args) = (hint::quoted(&request.program)?, args?.join(", "));
        hint::fitting(format!("add to the grant file:\n[[shell.allow]]\nprogram = {program}\nargs = [{args}]"))
    }
}

impl ShellRule {
    const ALLOW_KEYS: &'static [&'static str] = &["program", "args", "class", "env", "allow-env", "directories", "digest", "output-limit"];
    const DENY_KEYS: &'static [&'static str] = &["program", "args"];

    fn read_allow(item: &Item<'_, '_>) -> Option<Self> {
        let section = item.section(Self::ALLOW_KEYS)?;
        // An absent list might mean none or any: in an allow it has to be said.
        let said = section.need("args", "[]");
        let command = CommandPattern::read(&section);
        let class = section.get("class").and_then(|item| item.class());
        let allow_env = section.get("allow-env").map(|item| variables::read_names(&item)).unwrap_or_default();
        let env = section.get("env").map(|item| variables::read_values(&item)).unwrap_or_default();
        let items = section.get("directories").map(|item| item.items()).unwrap_or_default();
        let directories: Vec<PathPattern> = items.iter().filter_map(|item| item.parsed(|text| PathPattern::parse(text, item.base()))).collect();
        let digest = section.get("digest").and_then(|item| item.parsed(str::parse::<Digest>));
        let output = section.get("output-limit").and_then(|item| item.size(1..=ShellRules::OUTPUT_LIMIT_MAX));
        let terms = ShellTerms {
            env: env.into(),
            directory: directories.iter().find_map(PathPattern::as_literal).map(PathBuf::from),
            digest,
            output_limit: output.and_then(|size| usize::try_from(size).ok()).unwrap_or(ShellRules::OUTPUT_LIMIT),
        };
        Some(Self { place: item.place(), command: said.and(command)?, allow_env, directories, class, terms })
    }

    fn read_deny(item: &Item<'_, '_>) -> Option<Self> {
        let section = item.section(Self::DENY_KEYS)?;
        let command = CommandPattern::read(&section)?;
        let terms = ShellTerms { env: Arc::new([]), directory: None, digest: None, output_limit: 0 };
        Some(Self { place: item.place(), command, allow_env: Vec::new(), directories: Vec::new(), class: None, terms })
    }

    fn matches(&self, request: &ShellRequest, side: Side) -> Result<(), Mismatch> {
        self.command.compare(request)?;
        match side {
            // A deny is about what is run; in whichever directory, with whichever variables.
            Side::Deny => Ok(()),
            Side::Allow => self.surroundings_match(request),
        }
    }

    fn surroundings_match(&self, request: &ShellRequest) -> Result<(), Mismatch> {
        if let Some(index) = request.env.iter().position(|(name, _)| !self.allow_env.contains(name)) {
            return Err(Mismatch::Variable(index));
        }
        match &request.directory {
            Some(directory) if !self.directories.iter().any(|pattern| pattern.matches(directory)) => Err(Mismatch::Directory),
            Some(_) | None => Ok(()),
        }
    }

    fn terms_for(&self, request: &ShellRequest) -> ShellTerms {
        let mut terms = self.terms.clone();
        if let Some(directory) = &request.directory {
            terms.directory = Some(PathBuf::from(directory));
        }
        terms
    }
}

impl CommandPattern {
    /// From the keys `program` and `args` of a section. Without `args` any arguments are meant.
    pub fn read(section: &Section<'_, '_>) -> Option<Self> {
        let program = read_program(section);
        let args = section.get("args").map_or_else(Args::any, |item| Args::read(&item));
        Some(Self { program: program?, args })
    }

    /// Whether it is one of these.
    pub fn matches(&self, request: &ShellRequest) -> bool {
        self.compare(request).is_ok()
    }

    fn compare(&self, request: &ShellRequest) -> Result<(), Mismatch> {
        if self.program != request.program {
            return Err(Mismatch::Program);
        }
        self.args.matches(&request.args)
    }
}

impl Args {
    fn any() -> Self {
        Self { patterns: Vec::new(), rest: true, text: " **".to_owned() }
    }

    fn read(item: &Item<'_, '_>) -> Self {
        let mut args = Self { patterns: Vec::new(), rest: false, text: String::new() };
        let items = item.items();
        for (index, item) in items.iter().enumerate() {
            let Some(text) = item.text() else { continue };
            args.text.push(' ');
            args.text.push_str(text);
            if text == "**" && index + 1 == items.len() {
                args.rest = true;
            } else if text.contains('\0') {
                item.reject("an argument has no NUL");
            } else if let Some(glob) = item.parsed(Glob::parse) {
                args.patterns.push(glob);
            }
        }
        args
    }

    fn matches(&self, args: &[String]) -> Result<(), Mismatch> {
        let fits = if self.rest { args.len() >= self.patterns.len() } else { args.len() == self.patterns.len() };
        if let Some(index) = self.patterns.iter().zip(args).position(|(pattern, arg)| !pattern.matches(arg.as_bytes())) {
            return Err(Mismatch::Argument(index + 1));
        }
        if fits { Ok(()) } else { Err(Mismatch::ArgumentCount { expected: self.patterns.len(), found: args.len() }) }
    }
}

fn read_program(section: &Section<'_, '_>) -> Option<String> {
    section.need("program", "\"/usr/bin/git\"")?.parsed(paths::normalised).map(str::to_owned)
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
    let env_bytes: usize = request.env.iter().map(|(name, value)| name.len() + value.len()).sum();
    if request.env.len() > ENV_MAX || env_bytes > ARGS_BYTES_MAX {
        return Err(format!("a command has at most {ENV_MAX} variables of {ARGS_BYTES_MAX} bytes in all"));
    }
    match request.env.iter().position(|(name, value)| name.contains('\0') || value.contains('\0')) {
        Some(index) => Err(format!("variable {} has a NUL", index + 1)),
        None => Ok(()),
    }
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
