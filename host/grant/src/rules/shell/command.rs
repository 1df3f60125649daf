//! Which commands a rule means: a program, its arguments by position, and its options wherever they stand.

use lockstep_model::request::ShellRequest;

use super::options::{Anywhere, OptionPattern};
use crate::glob::Glob;
use crate::judge::{Mismatch, Side};
use crate::paths;
use crate::read::{Item, Section};

/// Which commands are meant.
#[derive(Debug, Clone)]
pub struct CommandPattern {
    program: String,
    /// What a profile's rule has before its own arguments: `compose -f compose.yml`.
    prefix: Args,
    args: Args,
    /// In an allow: the options that may stand anywhere, when it says which.
    options: Option<Vec<OptionPattern>>,
    /// In an allow: what may stand nowhere. In a deny: what it is about, if not about every use.
    anywhere: Vec<Anywhere>,
}

/// Arguments by position.
#[derive(Debug, Clone)]
pub(super) struct Args {
    patterns: Vec<Glob>,
    rest: bool,
    text: String,
}

impl CommandPattern {
    /// From the keys `program`, `args`, `options`, `never` and `anywhere` of a section, as far as it has them. Without `args` any arguments are meant.
    pub fn read(section: &Section<'_, '_>) -> Option<Self> {
        let program = read_program(section);
        let pattern = Self::of_program("", section);
        Some(Self { program: program?, ..pattern })
    }

    /// As `read`, of a section that does not name the program.
    pub(super) fn of_program(program: &str, section: &Section<'_, '_>) -> Self {
        let items = |key| section.get(key).map(|item| item.items());
        let args = section.get("args").map_or_else(Args::any, |item| Args::read(&item));
        let options = items("options").map(|items| items.iter().filter_map(|item| item.parsed(OptionPattern::parse)).collect());
        let anywhere = items("never").or_else(|| items("anywhere")).unwrap_or_default();
        let anywhere = anywhere.iter().filter_map(|item| item.parsed(Anywhere::parse)).collect();
        Self { program: program.to_owned(), prefix: Args::none(), args, options, anywhere }
    }

    /// The same behind other arguments, as a profile has it: no option that it does not spell.
    pub(super) fn behind(self, prefix: Args) -> Self {
        Self { prefix, options: Some(self.options.unwrap_or_default()), ..self }
    }

    /// As it was written, in a line.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}{}{}", self.program, self.prefix.text, self.args.text);
        if let Some(options) = &self.options {
            text.push_str(&format!(" [{}]", options.iter().map(OptionPattern::text).collect::<Vec<_>>().join(", ")));
        }
        if !self.anywhere.is_empty() {
            text.push_str(&format!(" {{{}}}", self.anywhere.iter().map(Anywhere::text).collect::<Vec<_>>().join(", ")));
        }
        text
    }

    /// Whether it is one of these.
    pub fn matches(&self, request: &ShellRequest) -> bool {
        self.compare(request, Side::Allow).is_ok()
    }

    pub(super) fn compare(&self, request: &ShellRequest, side: Side) -> Result<(), Mismatch> {
        if self.program != request.program {
            return Err(Mismatch::Program);
        }
        let before = self.prefix.patterns.len().min(request.args.len());
        let (prefix, args) = request.args.split_at(before);
        self.prefix.matches(&prefix.iter().enumerate().map(|(index, arg)| (index + 1, arg.as_str())).collect::<Vec<_>>())?;
        let args: Vec<(usize, &str)> = args.iter().enumerate().map(|(index, arg)| (before + index + 1, arg.as_str())).collect();
        match side {
            Side::Allow => self.allows(&args),
            Side::Deny => self.denies(&args),
        }
    }

    fn allows(&self, args: &[(usize, &str)]) -> Result<(), Mismatch> {
        if let Some((position, _)) = args.iter().find(|(_, arg)| self.anywhere.iter().any(|pattern| pattern.is(arg))) {
            return Err(Mismatch::Option(*position));
        }
        match &self.options {
            None => self.args.matches(args),
            Some(options) => self.args.matches_without_options(&operands(args, options)),
        }
    }

    fn denies(&self, args: &[(usize, &str)]) -> Result<(), Mismatch> {
        self.args.matches(args)?;
        let found = self.anywhere.is_empty() || args.iter().any(|(_, arg)| self.anywhere.iter().any(|pattern| pattern.is(arg)));
        if found { Ok(()) } else { Err(Mismatch::Nowhere) }
    }
}

/// The arguments that are left when the options are taken out, with their values.
fn operands<'a>(args: &[(usize, &'a str)], options: &[OptionPattern]) -> Vec<(usize, &'a str)> {
    let (mut left, mut rest) = (Vec::new(), args);
    while let [(position, arg), behind @ ..] = rest {
        let value = behind.first().map(|(_, value)| *value);
        let taken = options.iter().map(|option| option.takes(arg, value)).max().unwrap_or(0);
        if taken == 0 {
            left.push((*position, *arg));
        }
        rest = rest.get(taken.max(1)..).unwrap_or_default();
    }
    left
}

impl Args {
    fn any() -> Self {
        Self { patterns: Vec::new(), rest: true, text: " **".to_owned() }
    }

    pub(super) fn none() -> Self {
        Self { patterns: Vec::new(), rest: false, text: String::new() }
    }

    pub(super) fn read(item: &Item<'_, '_>) -> Self {
        let mut args = Self::none();
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

    /// Whether `**` is its last.
    pub(super) fn is_open(&self) -> bool {
        self.rest
    }

    fn matches(&self, args: &[(usize, &str)]) -> Result<(), Mismatch> {
        let fits = if self.rest { args.len() >= self.patterns.len() } else { args.len() == self.patterns.len() };
        if let Some((_, (position, _))) = self.patterns.iter().zip(args).find(|(pattern, (_, arg))| !pattern.matches(arg.as_bytes())) {
            return Err(Mismatch::Argument(*position));
        }
        if fits { Ok(()) } else { Err(Mismatch::ArgumentCount { expected: self.patterns.len(), found: args.len() }) }
    }

    /// As `matches`, where no wildcard stands for an option: a `-` at the beginning has to be spelled.
    fn matches_without_options(&self, args: &[(usize, &str)]) -> Result<(), Mismatch> {
        let spelled = |index: usize| self.patterns.get(index).is_some_and(|pattern| pattern.begins_with(b'-'));
        match args.iter().enumerate().find(|(index, (_, arg))| arg.len() > 1 && arg.starts_with('-') && !spelled(*index)) {
            Some((_, (position, _))) => Err(Mismatch::Option(*position)),
            None => self.matches(args),
        }
    }
}

fn read_program(section: &Section<'_, '_>) -> Option<String> {
    section.need("program", "\"/usr/bin/git\"")?.parsed(paths::normalised).map(str::to_owned)
}
