//! `lockstep explain`: a page for every error code, for every code of a failure, and for the files that are written by hand.

use std::io::IsTerminal as _;

use lockstep_api::{Code, Exit, failures};
use serde::Serialize;

use crate::context::Context;
use crate::error::CliError;
use crate::ui::{Style, Table, Ui};

/// Explain an error code, a failure code, the grant file or the scenario file
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// `LS0107`, `http.tls`, `grant` or `scenario`; without one, all codes are listed
    code: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Page<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
    page: &'a str,
}

/// The files that are written by hand.
const REFERENCES: [(&str, &str); 2] = [("grant", lockstep_grant::REFERENCE), ("scenario", lockstep_rehearsal::REFERENCE)];

/// Does it.
///
/// # Errors
/// When there is no such code.
pub(super) fn run(args: &ExplainArgs, context: &Context) -> Result<Exit, CliError> {
    let ui = context.ui();
    let Some(text) = args.code.as_deref() else { return list(ui) };
    if let Some((_, reference)) = REFERENCES.iter().find(|(name, _)| *name == text) {
        return page(ui, &Page { code: text, title: None, exit: None, page: reference });
    }
    if let Some(code) = Code::find(text) {
        return page(ui, &Page { code: code.id(), title: Some(code.title()), exit: Some(code.exit().number()), page: code.page() });
    }
    if let Some(failure) = failures::find(text) {
        return page(ui, &Page { code: failure.code, title: None, exit: None, page: failure.page });
    }
    let shown: String = text.chars().take(40).collect();
    Err(CliError::new(Code::UnknownCode, format!("there is no page for `{shown}`")).hint("`lockstep explain` lists the codes").maybe_hint(near(text)))
}

/// Codes of the same interface: most likely one of them was meant.
fn near(text: &str) -> Option<String> {
    let (interface, _) = text.split_once('.')?;
    let of_it: Vec<&str> = failures::all().map(|page| page.code).filter(|code| code.split('.').next() == Some(interface)).collect();
    (!of_it.is_empty()).then(|| format!("codes of `{interface}`: {}", of_it.join(", ")))
}

fn page(ui: &Ui, page: &Page<'_>) -> Result<Exit, CliError> {
    if ui.json() {
        ui.print_json(page)?;
        return Ok(Exit::Done);
    }
    if let Some(title) = page.title {
        ui.data(ui.out(Style::Strong, &format!("{}: {title}", page.code)));
        ui.data("");
    } else if !is_reference(page.code) {
        ui.data(ui.out(Style::Strong, page.code));
        ui.data("");
    }
    let width = std::io::stdout().is_terminal().then(|| rustix::termios::tcgetwinsize(std::io::stdout()).ok()).flatten();
    let width = width.map_or(usize::MAX, |size| usize::from(size.ws_col).clamp(40, 100));
    for line in page.page.trim().lines() {
        for wrapped in wrap(line, if is_reference(page.code) { usize::MAX } else { width }) {
            ui.data(wrapped.strip_prefix("## ").map_or(wrapped.clone(), |heading| ui.out(Style::Strong, heading)));
        }
    }
    // A page that has more to say about it says all of it.
    if let Some(exit) = page.exit.filter(|_| !page.page.contains("exit code")) {
        ui.data("");
        ui.data(ui.out(Style::Dim, &format!("exit code {exit}")));
    }
    Ok(Exit::Done)
}

fn is_reference(code: &str) -> bool {
    REFERENCES.iter().any(|(name, _)| *name == code)
}

fn list(ui: &Ui) -> Result<Exit, CliError> {
    if ui.json() {
        let mut pages: Vec<Page<'_>> =
            Code::ALL.iter().map(|code| Page { code: code.id(), title: Some(code.title()), exit: Some(code.exit().number()), page: code.page() }).collect();
        pages.extend(failures::all().map(|failure| Page { code: failure.code, title: None, exit: None, page: failure.page }));
        ui.print_json(&pages)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::headed(&["CODE", "EXIT", "WHAT WENT WRONG"]);
    for code in Code::ALL {
        table.row([code.id(), &code.exit().number().to_string(), code.title()]);
    }
    ui.raw(&table.render(ui.colors_data()));
    ui.data("");
    ui.data("Codes of failures, as a procedure and its journal have them:");
    let mut line = String::new();
    for failure in failures::all() {
        if line.len() + failure.code.len() > 100 {
            ui.data(std::mem::take(&mut line).trim_end());
        }
        line.push_str(&format!("{}  ", failure.code));
    }
    ui.data(line.trim_end());
    ui.data("");
    ui.data("The grant file: `lockstep explain grant`. The scenario file: `lockstep explain scenario`.");
    Ok(Exit::Done)
}

/// A paragraph in lines of at most `width` characters, broken at blanks.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        if let Some(last) = lines.last_mut() {
            if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
                lines.push(word.to_owned());
                continue;
            }
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{near, wrap};

    #[test]
    fn a_paragraph_is_broken_at_blanks() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("one two", usize::MAX), ["one two"]);
    }

    #[test]
    fn a_wrong_code_leads_to_its_neighbours() {
        assert!(near("http.tsl").unwrap().contains("http.tls"));
        assert_eq!(near("nothing.here"), None);
    }
}
