//! What a probe's answer says: a pure function of what the procedure declared and what came back.

use std::ops::RangeInclusive;

use lockstep_model::request::{JsonPart, Probe, ProbeRead, Seen};

/// Statuses with which a far side, or what stands before it, says that it cannot answer now.
const AWAY: [u16; 4] = [429, 502, 503, 504];

/// The longest piece of an answer that is shown, in characters.
const SHOWN: usize = 80;

/// Whether the call happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It did.
    Happened,
    /// It did not.
    DidNot,
    /// The answer says neither.
    Unknown,
}

/// A verdict and what it was read off.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) detail: String,
}

impl Judged {
    pub(super) fn unknown(detail: String) -> Self {
        Self { verdict: Verdict::Unknown, detail }
    }
}

/// Whether the far side did not answer the question but said that it cannot be asked now.
pub(super) fn is_away(probe: &Probe, seen: &Seen) -> bool {
    match seen {
        Seen::Http(response) => {
            let code = response.status.into();
            AWAY.contains(&response.status) && !probe.happened.contains(&code) && !probe.did_not.contains(&code)
        }
        Seen::Shell(_) | Seen::File(_) => false,
    }
}

/// What the answer says.
pub(super) fn judge(probe: &Probe, seen: &Seen) -> Judged {
    match seen {
        Seen::Http(response) => {
            let code = response.status.into();
            by_code(probe, code, 200..=299, format!("status {code}"), &response.body.0)
        }
        Seen::Shell(exit) => by_code(probe, exit.code, 0..=0, format!("exit code {}", exit.code), &exit.stdout.0),
        Seen::File(None) => Judged { verdict: Verdict::DidNot, detail: "nothing is there".to_owned() },
        Seen::File(Some(found)) => match &probe.read {
            ProbeRead::File { digest, .. } if digest == found => Judged { verdict: Verdict::Happened, detail: found.to_string() },
            ProbeRead::File { .. } | ProbeRead::Http(_) | ProbeRead::Shell(_) => otherwise(probe, format!("another digest: {found}")),
        },
    }
}

fn by_code(probe: &Probe, code: i32, usual: RangeInclusive<i32>, detail: String, text: &[u8]) -> Judged {
    if probe.did_not.contains(&code) {
        return Judged { verdict: Verdict::DidNot, detail };
    }
    let may_have = if probe.happened.is_empty() { usual.contains(&code) } else { probe.happened.contains(&code) };
    if !may_have {
        return Judged::unknown(detail);
    }
    match lacks(probe, text) {
        None => Judged { verdict: Verdict::Happened, detail },
        Some(lack) => otherwise(probe, format!("{detail}, {lack}")),
    }
}

/// An answer of the right kind that does not say what it should.
fn otherwise(probe: &Probe, detail: String) -> Judged {
    Judged { verdict: if probe.otherwise_did_not { Verdict::DidNot } else { Verdict::Unknown }, detail }
}

/// The first thing that is not in the text.
fn lacks(probe: &Probe, text: &[u8]) -> Option<String> {
    if !probe.json.is_empty() {
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(text) else { return Some("which is not JSON".to_owned()) };
        let lack = probe.json.iter().find_map(|part| lacks_part(&json, part));
        if lack.is_some() {
            return lack;
        }
    }
    let missing = probe.text.iter().find(|wanted| memchr::memmem::find(text, wanted.as_bytes()).is_none())?;
    Some(format!("without `{}`", shown(missing)))
}

fn lacks_part(json: &serde_json::Value, part: &JsonPart) -> Option<String> {
    let JsonPart { pointer, value } = part;
    let found = match json.pointer(pointer) {
        None => return Some(format!("`{}` is not there", shown(pointer))),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    (found != *value).then(|| format!("`{}` is `{}` and not `{}`", shown(pointer), shown(&found), shown(value)))
}

fn shown(text: &str) -> String {
    let mut line: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use lockstep_model::request::{HttpRequest, HttpResponse, JsonPart, Probe, ProbeRead, Seen, ShellRequest, ShellResponse, Timing};
    use lockstep_model::{Content, Digest};

    use super::{Judged, Verdict, is_away, judge};

    fn status(status: u16, body: &str) -> Seen {
        let url = "http://a/".to_owned();
        Seen::Http(HttpResponse {
            status,
            headers: Vec::new(),
            body: body.into(),
            truncated: false,
            body_artifact: None,
            url,
            timing: Timing::default(),
            tries: 0,
        })
    }

    fn exit(code: i32, stdout: &str) -> Seen {
        Seen::Shell(ShellResponse {
            code,
            success: None,
            stdout: stdout.into(),
            stderr: Content::default(),
            truncated: false,
            stdout_artifact: None,
            duration: 1,
        })
    }

    fn http() -> Probe {
        Probe::by(ProbeRead::Http(HttpRequest::to("GET", "http://a/")))
    }

    fn part(pointer: &str, value: &str) -> JsonPart {
        JsonPart { pointer: pointer.into(), value: value.into() }
    }

    fn check(probe: &Probe, seen: &Seen, verdict: Verdict, words: &str) {
        let judged = judge(probe, seen);
        assert!(judged.verdict == verdict && judged.detail.contains(words), "expected {verdict:?} and `{words}`, found {judged:?}");
    }

    #[test]
    fn a_code_says_it_unless_nobody_said_what_it_means() {
        check(&http(), &status(204, ""), Verdict::Happened, "status 204");
        check(&http(), &status(404, ""), Verdict::Unknown, "status 404");
        let declared = Probe { happened: vec![409], did_not: vec![404], ..http() };
        check(&declared, &status(409, ""), Verdict::Happened, "409");
        check(&declared, &status(404, ""), Verdict::DidNot, "404");
        check(&declared, &status(200, ""), Verdict::Unknown, "200");
        let command = Probe { did_not: vec![3], ..Probe::by(ProbeRead::Shell(ShellRequest::command("/bin/is", &[]))) };
        check(&command, &exit(0, ""), Verdict::Happened, "exit code 0");
        check(&command, &exit(3, ""), Verdict::DidNot, "exit code 3");
        check(&command, &exit(137, ""), Verdict::Unknown, "exit code 137");
    }

    #[test]
    fn what_the_text_lacks_leaves_it_open_or_denies_it_as_declared() {
        let live = Probe { json: vec![part("/state", "live"), part("/port", "80")], ..http() };
        check(&live, &status(200, r#"{"state":"live","port":80}"#), Verdict::Happened, "status 200");
        check(&live, &status(200, r#"{"state":"starting","port":80}"#), Verdict::Unknown, "`/state` is `starting` and not `live`");
        check(&live, &status(200, r#"{"state":"live"}"#), Verdict::Unknown, "`/port` is not there");
        check(&live, &status(200, "<html>"), Verdict::Unknown, "not JSON");
        let strict = Probe { otherwise_did_not: true, ..live };
        check(&strict, &status(200, r#"{"state":"idle"}"#), Verdict::DidNot, "idle");
        check(&strict, &status(500, r#"{"state":"idle"}"#), Verdict::Unknown, "500");
        let tag = Probe { text: vec!["v2".into()], otherwise_did_not: true, ..Probe::by(ProbeRead::Shell(ShellRequest::command("/bin/tags", &[]))) };
        check(&tag, &exit(0, "v1\nv2\n"), Verdict::Happened, "exit code 0");
        check(&tag, &exit(0, "v1\n"), Verdict::DidNot, "without `v2`");
    }

    #[test]
    fn a_file_says_it_by_its_digest_or_by_not_being_there() {
        let (right, wrong) = (Digest::of(b"new"), Digest::of(b"old"));
        let file = Probe::by(ProbeRead::File { path: "/app/current".into(), digest: right });
        check(&file, &Seen::File(Some(right)), Verdict::Happened, "sha256:");
        check(&file, &Seen::File(None), Verdict::DidNot, "nothing is there");
        check(&file, &Seen::File(Some(wrong)), Verdict::Unknown, "another digest");
        check(&Probe { otherwise_did_not: true, ..file }, &Seen::File(Some(wrong)), Verdict::DidNot, "another digest");
    }

    #[test]
    fn a_far_side_that_is_away_has_not_answered_unless_that_was_declared_to_be_an_answer() {
        assert!(is_away(&http(), &status(503, "")) && !is_away(&http(), &status(500, "")));
        assert!(!is_away(&Probe { did_not: vec![503], ..http() }, &status(503, "")));
    }

    #[test]
    fn a_long_answer_is_shown_in_part() {
        let probe = Probe { json: vec![part("/state", "live")], ..http() };
        let Judged { detail, .. } = judge(&probe, &status(200, &format!(r#"{{"state":"{}"}}"#, "x".repeat(100_000))));
        assert!(detail.len() < 300, "{}", detail.len());
    }
}
