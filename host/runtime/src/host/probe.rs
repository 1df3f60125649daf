//! `types.probe`: gathered and checked here; attached to a call it becomes a part of that call's request. It asks nothing by itself.

use lockstep_model::request::{HttpRequest, JsonPart, Probe, ProbeRead, ShellRequest};
use lockstep_model::{Content, Digest, Failure};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::types;
use crate::context::{Context, Kept};
use crate::shown::shown;

const MOST_CODES: usize = 16;
const MOST_PARTS: usize = 8;
const LONGEST_PART: usize = 4 << 10;
const STATUSES: std::ops::RangeInclusive<i32> = 100..=599;

/// A probe being built.
pub struct Draft {
    probe: Probe,
    /// The first thing that is wrong with it. What breaks a rule is not kept; the call that it is attached to says so.
    wrong: Option<Failure>,
}

impl Kept for Draft {
    fn size(&self) -> usize {
        size(&self.probe)
    }
}

/// Bytes that a probe takes in a request.
pub(super) fn size(probe: &Probe) -> usize {
    let read = match &probe.read {
        ProbeRead::Http(request) => size_of_http(request),
        ProbeRead::Shell(request) => size_of_shell(request),
        ProbeRead::File { path, .. } => path.len(),
    };
    let json: usize = probe.json.iter().map(|part| part.pointer.len() + part.value.len()).sum();
    read + json + probe.text.iter().map(String::len).sum::<usize>()
}

/// Bytes that a request of http takes.
pub(super) fn size_of_http(request: &HttpRequest) -> usize {
    let HttpRequest { method, url, headers, body, captures, until, probe, .. } = request;
    let headers: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    let captures: usize = captures.iter().map(|capture| capture.pointer.len() + capture.secret.len()).sum();
    let until = until.as_ref().map_or(0, |until| {
        let json: usize = until.json.iter().map(|part| part.pointer.len() + part.value.len()).sum();
        json + until.text.iter().map(String::len).sum::<usize>()
    });
    method.len() + url.len() + headers + captures + until + body.as_ref().map_or(0, Content::len) + probe.as_deref().map_or(0, size)
}

/// Bytes that a command takes.
pub(super) fn size_of_shell(request: &ShellRequest) -> usize {
    let ShellRequest { program, args, env, env_files, directory, stdin, success_codes, probe, .. } = request;
    let args: usize = args.iter().map(|arg| arg.len() + size_of::<String>()).sum();
    let env: usize = env.iter().chain(env_files).map(|(key, value)| key.len() + value.len()).sum();
    program.len()
        + args
        + env
        + size_of_val(success_codes.as_slice())
        + directory.as_ref().map_or(0, String::len)
        + stdin.len()
        + probe.as_deref().map_or(0, size)
}

fn invalid(what: impl Into<String>) -> Failure {
    Failure::problem("probe.invalid", what)
}

impl Draft {
    /// With the read that it makes, or what is wrong with that.
    fn by(read: Result<ProbeRead, Failure>) -> Self {
        let nothing = ProbeRead::File { path: String::new(), digest: Digest::ZERO };
        match read {
            Ok(read) => Self { probe: Probe::by(read), wrong: None },
            Err(wrong) => Self { probe: Probe::by(nothing), wrong: Some(wrong) },
        }
    }

    pub(super) fn of_http(request: Result<HttpRequest, Failure>) -> Self {
        Self::by(request.and_then(|request| {
            if !request.captures.is_empty() || request.probe.is_some() {
                Err(invalid("the request of a probe can neither capture nor have a probe of its own"))
            } else if request.into_artifact.is_some() {
                Err(invalid("the request of a probe makes no artifact: it may be asked often"))
            } else {
                Ok(ProbeRead::Http(request))
            }
        }))
    }

    pub(super) fn of_shell(request: Result<ShellRequest, Failure>) -> Self {
        Self::by(request.and_then(|request| match (&request.probe, &request.stdout_artifact) {
            (None, None) => Ok(ProbeRead::Shell(request)),
            (Some(_), _) => Err(invalid("the command of a probe can have no probe of its own")),
            (None, Some(_)) => Err(invalid("the command of a probe makes no artifact: it may be asked often")),
        }))
    }

    pub(super) fn of_file(path: Result<String, Failure>, digest: &str) -> Self {
        let digest = digest.parse().map_err(|_| invalid(format!("`{}` is no digest: expected `sha256:` and 64 hexadecimal digits", shown(digest))));
        Self::by(path.and_then(|path| Ok(ProbeRead::File { path, digest: digest? })))
    }

    /// As it is attached to a call.
    pub(super) fn finished(&self) -> Result<Box<Probe>, Failure> {
        self.wrong.clone().map_or_else(|| Ok(Box::new(self.probe.clone())), Err)
    }

    fn code(&mut self, code: i32, list: impl Fn(&mut Probe) -> &mut Vec<i32>) {
        let known = self.probe.happened.contains(&code) || self.probe.did_not.contains(&code);
        let full = list(&mut self.probe).len() >= MOST_CODES;
        let checked = match &self.probe.read {
            ProbeRead::File { .. } => Err(invalid("a file has neither status nor exit code")),
            ProbeRead::Http(_) if !STATUSES.contains(&code) => Err(invalid(format!("{code} is no status of http"))),
            ProbeRead::Http(_) | ProbeRead::Shell(_) if known => Err(invalid(format!("the code {code} is given twice"))),
            ProbeRead::Http(_) | ProbeRead::Shell(_) if full => Err(invalid(format!("more than {MOST_CODES} codes"))),
            ProbeRead::Http(_) | ProbeRead::Shell(_) => Ok(()),
        };
        self.say(checked, |probe| list(probe).push(code));
    }

    fn json(&mut self, pointer: String, value: String) {
        let checked = self.part(self.probe.json.len(), &[&pointer, &value]).and_then(|()| {
            let plain = pointer.is_empty() || pointer.starts_with('/');
            if plain { Ok(()) } else { Err(invalid(format!("`{}` is not a JSON pointer: expected it to begin with /", shown(&pointer)))) }
        });
        self.say(checked, |probe| probe.json.push(JsonPart { pointer, value }));
    }

    fn text(&mut self, text: String) {
        let checked = self.part(self.probe.text.len(), &[&text]);
        let checked = checked.and_then(|()| if text.is_empty() { Err(invalid("an empty text is in every answer")) } else { Ok(()) });
        self.say(checked, |probe| probe.text.push(text));
    }

    fn part(&self, count: usize, parts: &[&str]) -> Result<(), Failure> {
        if let ProbeRead::File { .. } = self.probe.read {
            return Err(invalid("of a file only the digest is looked at"));
        }
        match parts.iter().map(|part| part.len()).max() {
            Some(longest) if longest > LONGEST_PART => Err(invalid(format!("a text of {longest} bytes, at most {LONGEST_PART}"))),
            _ if count >= MOST_PARTS => Err(invalid(format!("more than {MOST_PARTS} things to look for"))),
            _ => Ok(()),
        }
    }

    /// Says more about it, unless something is wrong with that.
    fn say(&mut self, checked: Result<(), Failure>, say: impl FnOnce(&mut Probe)) {
        match checked {
            Ok(()) => say(&mut self.probe),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }
}

impl types::HostProbe for Context {
    fn happened(&mut self, probe: Resource<Draft>, code: i32) -> Result<()> {
        self.change(&probe, |draft| draft.code(code, |probe| &mut probe.happened))
    }

    fn did_not(&mut self, probe: Resource<Draft>, code: i32) -> Result<()> {
        self.change(&probe, |draft| draft.code(code, |probe| &mut probe.did_not))
    }

    fn json(&mut self, probe: Resource<Draft>, pointer: String, value: String) -> Result<()> {
        self.change(&probe, |draft| draft.json(pointer, value))
    }

    fn text(&mut self, probe: Resource<Draft>, text: String) -> Result<()> {
        self.change(&probe, |draft| draft.text(text))
    }

    fn otherwise_did_not(&mut self, probe: Resource<Draft>) -> Result<()> {
        self.change(&probe, |draft| draft.probe.otherwise_did_not = true)
    }

    fn drop(&mut self, probe: Resource<Draft>) -> Result<()> {
        self.forget(probe)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::request::{Capture, HttpRequest, ShellRequest};

    use super::{Draft, size};
    use crate::context::Kept as _;

    fn http() -> Draft {
        Draft::of_http(Ok(HttpRequest::to("GET", "https://example.com/state")))
    }

    fn file(digest: &str) -> Draft {
        Draft::of_file(Ok("/app/current".to_owned()), digest)
    }

    fn refused(make: impl FnOnce() -> Draft) -> String {
        let failure = make().finished().unwrap_err();
        assert_eq!(failure.code(), "probe.invalid", "{failure}");
        assert!(failure.message().len() < 300, "{failure}");
        failure.message().to_owned()
    }

    fn with(mut draft: Draft, change: impl FnOnce(&mut Draft)) -> Draft {
        change(&mut draft);
        draft
    }

    #[test]
    fn a_probe_that_keeps_the_rules_is_kept_as_it_is() {
        let mut draft = http();
        draft.code(409, |probe| &mut probe.happened);
        draft.code(404, |probe| &mut probe.did_not);
        draft.json("/state".to_owned(), "live".to_owned());
        let probe = draft.finished().unwrap();
        assert_eq!((probe.happened.as_slice(), probe.did_not.as_slice(), probe.json.len()), (&[409][..], &[404][..], 1));
        assert_eq!(draft.size(), size(&probe));
    }

    #[test]
    fn what_could_never_say_anything_is_refused() {
        assert!(refused(|| with(http(), |draft| draft.code(3, |probe| &mut probe.happened))).contains("3 is no status"));
        let twice = |draft: &mut Draft| {
            draft.code(200, |probe| &mut probe.happened);
            draft.code(200, |probe| &mut probe.did_not);
        };
        assert!(refused(|| with(http(), twice)).contains("twice"));
        assert!(refused(|| with(http(), |draft| draft.json("state".to_owned(), "live".to_owned()))).contains("pointer"));
        refused(|| with(http(), |draft| draft.text(String::new())));
        refused(|| file("sha1:0"));
        let digest = format!("sha256:{}", "0".repeat(64));
        refused(|| with(file(&digest), |draft| draft.code(0, |probe| &mut probe.happened)));
        refused(|| with(file(&digest), |draft| draft.text("x".to_owned())));
        assert!(file(&digest).finished().is_ok());
    }

    #[test]
    fn more_than_the_limits_is_refused_and_not_kept() {
        let codes = with(http(), |draft| (200..217).for_each(|code| draft.code(code, |probe| &mut probe.happened)));
        assert_eq!(codes.probe.happened.len(), 16);
        refused(|| codes);
        refused(|| with(http(), |draft| (0..9).for_each(|_| draft.text("x".to_owned()))));
        let long = with(http(), |draft| draft.text("x".repeat(1 << 20)));
        assert!(long.size() < 1_000);
        refused(|| long);
    }

    #[test]
    fn a_probe_has_no_capture_and_no_probe_of_its_own() {
        let capture = Capture { pointer: "/token".to_owned(), secret: "TOKEN".to_owned() };
        refused(|| Draft::of_http(Ok(HttpRequest { captures: vec![capture], ..HttpRequest::to("GET", "https://example.com/") })));
        let probe = http().finished().ok();
        refused(|| Draft::of_shell(Ok(ShellRequest { probe, ..ShellRequest::command("/bin/is", &[]) })));
    }
}
