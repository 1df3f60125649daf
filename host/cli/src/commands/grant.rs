//! `lockstep grant`: which rule decides about a call and why the others do not, and what a profile says.

mod ask;

use std::path::PathBuf;

use clap::Subcommand;
use lockstep_api::{Code, Exit};
use lockstep_grant::{Explanation, Grant, Profile, Side, Verdict};
use serde::Serialize;

use self::ask::Ask;
use super::calls::{calls, parse_call};
use crate::context::Context;
use crate::error::CliError;
use crate::journal::{Run, read_grant};
use crate::ui::{Style, Ui, harmless};

/// Ask a grant file
#[derive(Debug, clap::Args)]
pub(crate) struct GrantArgs {
    #[command(subcommand)]
    act: GrantAct,
}

#[derive(Debug, Subcommand)]
enum GrantAct {
    Explain(ExplainArgs),
    Profile(ProfileArgs),
}

/// Show a profile of `[[shell.allow]]` whole, or list them all
///
/// A profile is a set of rules for a program of many deployments; a rule names it with `profile = "git/read"`.
#[derive(Debug, clap::Args)]
struct ProfileArgs {
    /// Which: `git/read`; all are listed without it
    name: Option<String>,
}

/// Explain a decision: every rule that was considered, and what it said
///
/// Of a run:   lockstep grant explain RUN --call STEP/ATTEMPT/CALL
/// Beforehand: lockstep grant explain --env E.toml 'GET https://api.example.com/health'
///             lockstep grant explain --env E.toml '/usr/bin/git status --porcelain'
///             lockstep grant explain --env E.toml read /app/config.json
///             lockstep grant explain --env E.toml redis cache FLUSHDB
///             lockstep grant explain --env E.toml kube set-image apps/v1/Deployment shop/api
///             lockstep grant explain --env E.toml db main 'DELETE FROM orders WHERE id = $1'
///             lockstep grant explain --env E.toml db main make-backup
///             lockstep grant explain --env E.toml secret API_KEY
///             lockstep grant explain --env E.toml --probe '/usr/bin/systemctl is-active app'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct ExplainArgs {
    /// The run, or with --env what might be asked
    #[arg(required = true)]
    what: Vec<String>,
    /// Which call of the run: STEP/ATTEMPT/CALL; an undo's begins with `undo:`
    #[arg(long, value_name = "CALL", conflicts_with = "env")]
    call: Option<String>,
    /// The grant file to ask
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    /// Ask about a command that says it works in this directory, of the host or of a mount
    #[arg(long, value_name = "PATH", requires = "env")]
    directory: Option<String>,
    /// Ask whether it may be a call's probe: allowed, and a read
    #[arg(long, requires = "env")]
    probe: bool,
}

/// Does it.
///
/// # Errors
/// When there is no such run, call or grant file.
pub(super) fn run(args: &GrantArgs, context: &Context) -> Result<Exit, CliError> {
    let args = match &args.act {
        GrantAct::Explain(args) => args,
        GrantAct::Profile(args) => return show_profile(args, context),
    };
    let ui = context.ui();
    let explained = match (&args.env, &args.call) {
        (Some(file), _) => {
            let (grant, _) = read_grant(file)?;
            let ask = Ask::written(&args.what)?.working_in(args.directory.as_deref())?.asked_under(&grant);
            let explanation = if args.probe { ask.explain_probe(&grant) } else { ask.explain(&grant) };
            Explained::of(args.what.join(" "), &ask, explanation, &grant)
        }
        (None, Some(call)) => of_run(context, &args.what, call)?,
        (None, None) => {
            return Err(CliError::new(Code::Usage, "say which call").hint("of a run: `--call STEP/ATTEMPT/CALL`; beforehand: `--env FILE 'GET https://…'`"));
        }
    };
    if ui.json() {
        ui.print_json(&shown(&explained))?
    } else {
        show(ui, &explained)
    }
    Ok(Exit::Done)
}

fn show_profile(args: &ProfileArgs, context: &Context) -> Result<Exit, CliError> {
    let ui = context.ui();
    let wanted = |profile: &&Profile| args.name.as_ref().is_none_or(|name| name == profile.name);
    let found: Vec<&Profile> = lockstep_grant::profiles().iter().filter(wanted).collect();
    if let ([], Some(name)) = (found.as_slice(), &args.name) {
        return Err(CliError::new(Code::Usage, format!("there is no profile `{name}`")).hint("`lockstep grant profile` lists them"));
    }
    if ui.json() {
        ui.print_json(&found.iter().map(|profile| serde_json::json!({ "name": profile.name, "rules": profile.text })).collect::<Vec<_>>())?;
    } else if args.name.is_some() {
        found.iter().for_each(|profile| ui.data(profile.text.trim_end()));
    } else {
        found.iter().for_each(|profile| ui.data(profile.name));
    }
    Ok(Exit::Done)
}

/// What was asked, the decision, and the same of the probe that it carries.
struct Explained {
    what: String,
    explanation: Explanation,
    /// What the grant does with it beside: only of what is allowed.
    beside: Vec<String>,
    probe: Option<Box<Explained>>,
}

impl Explained {
    fn of(what: String, ask: &Ask, explanation: Explanation, grant: &Grant) -> Self {
        let beside = if explanation.decision.is_ok() { ask.beside(grant) } else { Vec::new() };
        Self { what, explanation, beside, probe: None }
    }
}

fn of_run(context: &Context, what: &[String], call: &str) -> Result<Explained, CliError> {
    let [run] = what else { return Err(CliError::new(Code::Usage, "one run is explained at a time")) };
    let run = Run::find(context, run)?;
    let no_call = || {
        CliError::new(Code::NoSuchCall, format!("run {} has no call `{call}`", run.state.run))
            .hint(format!("`lockstep show {} --all` lists its calls", run.state.run))
    };
    let id = parse_call(call).ok_or_else(no_call)?;
    let calls = calls(&run.records);
    let found = calls.iter().rev().find(|found| *found.id == id).ok_or_else(no_call)?;
    let (digest, file) = run.grant_at(found.seq);
    let (grant, _) = run.grant_of(digest, file)?;
    let value = run
        .value(&found.asked.request)?
        .ok_or_else(|| CliError::new(Code::BytesMissing, "the store does not have the request any more").detail(run.why_gone()))?;
    let interface = found.asked.interface.as_str();
    let Some(ask) = Ask::recorded(interface, value)? else {
        return Err(CliError::new(Code::NoSuchCall, format!("call {id} is of `{interface}`, about which no rule decides")));
    };
    let what = format!("{interface}.{} {}", found.asked.function, found.asked.summary);
    let mut explained = Explained::of(what, &ask, ask.explain(&grant), &grant);
    explained.probe = ask.probe().map(|(what, ask)| Box::new(Explained::of(format!("probe {what}"), &ask, ask.explain_probe(&grant), &grant)));
    Ok(explained)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shown {
    asked: String,
    allowed: bool,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    /// What the procedure asked for, when the rule's class stands instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    overruled: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// What the grant does with it that no rule says: a proxy, a certificate that is shown, where a secret's value comes from, where a command works.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<String>,
    considered: Vec<ShownRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<Box<Shown>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ShownRule {
    rule: String,
    text: String,
    side: &'static str,
    verdict: &'static str,
    why: String,
}

fn shown(Explained { what, explanation, beside, probe }: &Explained) -> Shown {
    let considered = explanation.considered.iter().map(|considered| ShownRule {
        rule: considered.rule.clone(),
        text: considered.text.clone(),
        side: side(considered.side),
        verdict: match considered.verdict {
            Verdict::Decides => "decides",
            Verdict::Overruled => "overruled",
            Verdict::NoMatch => "no-match",
        },
        why: considered.why.clone(),
    });
    let considered = considered.collect();
    let (asked, beside, probe) = (what.clone(), beside.clone(), probe.as_ref().map(|probe| Box::new(shown(probe))));
    match &explanation.decision {
        Ok(allowance) => {
            let (class, overruled) = (Some(allowance.class.to_string()), allowance.overrules().then(|| allowance.asked.to_string()));
            Shown { asked, allowed: true, rule: allowance.rule.clone(), class, overruled, message: None, hint: None, beside, considered, probe }
        }
        Err(denial) => {
            let (message, hint) = (Some(denial.message.clone()), denial.hint.clone());
            Shown { asked, allowed: false, rule: denial.rule.clone(), class: None, overruled: None, message, hint, beside, considered, probe }
        }
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Allow => "allow",
        Side::Deny => "deny",
    }
}

fn show(ui: &Ui, Explained { what, explanation, beside, probe }: &Explained) {
    ui.data(ui.out(Style::Strong, &harmless(what)));
    for considered in &explanation.considered {
        let (mark, style) = match considered.verdict {
            Verdict::Decides => ("→", Style::Strong),
            Verdict::Overruled => ("·", Style::Warn),
            Verdict::NoMatch => ("·", Style::Dim),
        };
        ui.data(format!("  {} {:5}  {}", ui.out(style, mark), side(considered.side), harmless(&considered.text)));
        ui.data(ui.out(Style::Dim, &format!("           {}: {}", harmless(&considered.rule), harmless(&considered.why))));
    }
    match &explanation.decision {
        Ok(allowance) => {
            let overruled = if allowance.overrules() { format!(", overruling the procedure's {}", allowance.asked) } else { String::new() };
            ui.data(format!("{} by {}, class {}{overruled}", ui.out(Style::Good, "allowed"), harmless(&allowance.rule), allowance.class));
            beside.iter().for_each(|line| ui.data(format!("  {}", harmless(line))));
        }
        Err(denial) => {
            ui.data(format!("{} by {}: {}", ui.out(Style::Bad, "denied"), harmless(&denial.rule), harmless(&denial.message)));
            if let Some(hint) = &denial.hint {
                ui.data(format!("{}: {}", ui.out(Style::Hint, "hint"), hint.lines().map(harmless).collect::<Vec<_>>().join("\n      ")));
            }
        }
    }
    if let Some(probe) = probe {
        show(ui, probe);
    }
}
