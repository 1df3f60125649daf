//! `kube`: an object is named and what is said of it is checked for length here; each call goes through the gate. What its address may be is the grant's business.

use lockstep_model::Failure;
use lockstep_model::request::{KubeCall, KubeChange, KubeRequest, KubeResponse, KubeRevision};
use serde_json::Value;
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::kube;
use crate::context::{Context, Kept};
use crate::ended::Refusal;

use super::unexpected;

/// The longest part of an object's address, as Kubernetes says.
const LONGEST_PART: usize = 253;
const LONGEST_TIMEOUT: u32 = 86_400_000;
const LONGEST_OBJECT: usize = 1 << 20;
/// A recorded object is one that a cluster has, with its template once more.
const LONGEST_REVISION: usize = 8 << 20;
/// Of an image, a condition, a pointer, a value.
const LONGEST_WORD: usize = 4 << 10;
const MOST_REPLICAS: u32 = 100_000;
const MOST_LINES: u32 = 10_000;
const MOST_ENTRIES: u32 = 5_000;
/// Without a word of the procedure's.
const USUAL_ENTRIES: u32 = 500;

/// An object that is named.
pub struct Target {
    request: KubeRequest,
    force: bool,
    /// The first thing that is wrong with it. What breaks a rule is not kept; the next call says so.
    wrong: Option<Failure>,
}

/// Objects that are sought.
pub struct Selection {
    target: Target,
    labels: String,
    fields: String,
    limit: u32,
}

impl Kept for Target {
    fn size(&self) -> usize {
        let KubeRequest { api_version, kind, namespace, id, .. } = &self.request;
        [api_version, kind, namespace, id].into_iter().map(String::len).sum()
    }
}

impl Kept for Selection {
    fn size(&self) -> usize {
        self.target.size() + self.labels.len() + self.fields.len()
    }
}

impl Kept for KubeRevision {
    fn size(&self) -> usize {
        let images: usize = self.images.iter().map(|(container, image)| container.len() + image.len()).sum();
        self.object.as_ref().map_or(0, String::len) + self.template.as_ref().map_or(0, String::len) + images
    }
}

impl Kept for KubeChange {
    fn size(&self) -> usize {
        self.object.len() + self.unpinned.iter().map(String::len).sum::<usize>()
    }
}

fn limit(what: String) -> Failure {
    Failure::fixed_limit("kube.limit", what)
}

fn at_most(what: &str, text: String, longest: usize) -> Result<String, Failure> {
    if text.len() <= longest { Ok(text) } else { Err(limit(format!("{what} of {} bytes, at most {longest}", text.len()))) }
}

fn no_more(what: &str, count: u32, most: u32) -> Result<u32, Failure> {
    if count <= most { Ok(count) } else { Err(limit(format!("{count} {what}, at most {most}"))) }
}

/// JSON of an object, of bounded size.
fn object(what: &str, text: String) -> Result<String, Failure> {
    let text = at_most(what, text, LONGEST_OBJECT)?;
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(_)) => Ok(text),
        Ok(_) => Err(Failure::problem("kube.invalid", format!("{what} is JSON, but no object"))),
        Err(error) => Err(Failure::problem("kube.invalid", format!("{what} is not JSON: {error}"))),
    }
}

impl Target {
    fn of(parts: [String; 4]) -> Self {
        let longest = parts.iter().map(String::len).max().unwrap_or_default();
        let wrong = (longest > LONGEST_PART).then(|| limit(format!("an address with a part of {longest} bytes, at most {LONGEST_PART}")));
        let [api_version, kind, namespace, id] = if wrong.is_some() { Default::default() } else { parts };
        Self { request: KubeRequest::of(&api_version, &kind, &namespace, &id, KubeCall::Read), force: false, wrong }
    }

    fn say<T>(&mut self, checked: Result<T, Failure>, say: impl FnOnce(&mut Self, T)) {
        match checked {
            Ok(value) => say(self, value),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn to(&self, call: KubeCall) -> Result<KubeRequest, Failure> {
        self.wrong.clone().map_or_else(|| Ok(KubeRequest { call, ..self.request.clone() }), Err)
    }
}

impl Context {
    fn ask_kube(&mut self, function: &'static str, target: &Resource<Target>, call: Result<KubeCall, Failure>) -> Result<KubeResponse, Refusal> {
        self.gate(function)?;
        let request = self.kept(target)?.to(call?)?;
        self.ask(function, request)
    }

    fn change_kube(&mut self, function: &'static str, target: &Resource<Target>, call: Result<KubeCall, Failure>) -> Result<Resource<KubeChange>, Refusal> {
        match self.ask_kube(function, target, call)? {
            KubeResponse::Change(change) => Ok(self.keep(change)?),
            _ => Err(unexpected(function).into()),
        }
    }

    fn text_of_kube(&mut self, function: &'static str, target: &Resource<Target>, call: Result<KubeCall, Failure>) -> Result<String, Refusal> {
        match self.ask_kube(function, target, call)? {
            KubeResponse::Text(text) => Ok(text),
            _ => Err(unexpected(function).into()),
        }
    }
}

impl kube::Host for Context {}

impl kube::HostTarget for Context {
    fn new(&mut self, api_version: String, kind: String, namespace: String, id: String) -> Result<Resource<Target>> {
        self.gate("kube.target")?;
        self.keep(Target::of([api_version, kind, namespace, id]))
    }

    fn timeout(&mut self, target: Resource<Target>, milliseconds: u32) -> Result<()> {
        let checked = no_more("milliseconds of a timeout", milliseconds, LONGEST_TIMEOUT);
        self.change(&target, |target| target.say(checked, |target, timeout| target.request.timeout_milliseconds = Some(timeout)))
    }

    fn dry_run(&mut self, target: Resource<Target>) -> Result<()> {
        self.change(&target, |target| target.request.dry_run = true)
    }

    fn force(&mut self, target: Resource<Target>) -> Result<()> {
        self.change(&target, |target| target.force = true)
    }

    fn read(&mut self, target: Resource<Target>) -> Result<Option<String>, Refusal> {
        match self.ask_kube("kube.target.read", &target, Ok(KubeCall::Read))? {
            KubeResponse::Object(object) => Ok(object),
            _ => Err(unexpected("kube.target.read").into()),
        }
    }

    fn revision(&mut self, target: Resource<Target>) -> Result<Resource<KubeRevision>, Refusal> {
        match self.ask_kube("kube.target.revision", &target, Ok(KubeCall::Revision))? {
            KubeResponse::Revision(revision) => Ok(self.keep(revision)?),
            _ => Err(unexpected("kube.target.revision").into()),
        }
    }

    fn apply(&mut self, target: Resource<Target>, before: Resource<KubeRevision>, json: String) -> Result<Resource<KubeChange>, Refusal> {
        let before = self.kept(&before)?.version.clone();
        let force = self.kept(&target)?.force;
        self.change_kube("kube.target.apply", &target, object("what to apply", json).map(|object| KubeCall::Apply { before, object, force }))
    }

    fn patch(&mut self, target: Resource<Target>, before: Resource<KubeRevision>, json: String) -> Result<Resource<KubeChange>, Refusal> {
        let before = self.kept(&before)?.version.clone();
        self.change_kube("kube.target.patch", &target, object("a patch", json).map(|patch| KubeCall::Patch { before, patch }))
    }

    fn delete(&mut self, target: Resource<Target>, before: Resource<KubeRevision>) -> Result<(), Refusal> {
        let before = self.kept(&before)?.version.clone();
        self.ask_kube("kube.target.delete", &target, Ok(KubeCall::Delete { before }))?;
        Ok(())
    }

    fn scale(&mut self, target: Resource<Target>, before: Resource<KubeRevision>, replicas: u32) -> Result<Resource<KubeChange>, Refusal> {
        let before = self.kept(&before)?.version.clone();
        self.change_kube("kube.target.scale", &target, no_more("replicas", replicas, MOST_REPLICAS).map(|replicas| KubeCall::Scale { before, replicas }))
    }

    fn set_image(
        &mut self,
        target: Resource<Target>,
        before: Resource<KubeRevision>,
        container: String,
        image: String,
    ) -> Result<Resource<KubeChange>, Refusal> {
        let before = self.kept(&before)?.version.clone();
        let words = at_most("a container's name", container, LONGEST_PART).and_then(|container| Ok((container, at_most("an image", image, LONGEST_WORD)?)));
        self.change_kube("kube.target.set-image", &target, words.map(|(container, image)| KubeCall::SetImage { before, container, image }))
    }

    fn restart(&mut self, target: Resource<Target>, before: Resource<KubeRevision>) -> Result<Resource<KubeChange>, Refusal> {
        let before = self.kept(&before)?.version.clone();
        self.change_kube("kube.target.restart", &target, Ok(KubeCall::Restart { before }))
    }

    fn rollout_undo(&mut self, target: Resource<Target>, recorded: Resource<KubeRevision>) -> Result<Resource<KubeChange>, Refusal> {
        let KubeRevision { version, template, .. } = self.kept(&recorded)?.clone();
        let call = template.map(|template| KubeCall::RolloutUndo { uid: version.uid, template });
        let call = call.ok_or_else(|| Failure::problem("kube.invalid", "no pod template was recorded: only a workload that was there has one"));
        self.change_kube("kube.target.rollout-undo", &target, call)
    }

    fn rollout_status(&mut self, target: Resource<Target>) -> Result<String, Refusal> {
        self.text_of_kube("kube.target.rollout-status", &target, Ok(KubeCall::RolloutStatus))
    }

    fn wait_for_condition(&mut self, target: Resource<Target>, condition: String, status: String) -> Result<String, Refusal> {
        let words = at_most("a condition", condition, LONGEST_WORD).and_then(|condition| Ok((condition, at_most("a status", status, LONGEST_WORD)?)));
        self.text_of_kube("kube.target.wait-for-condition", &target, words.map(|(condition, status)| KubeCall::WaitForCondition { condition, status }))
    }

    fn wait_for_json(&mut self, target: Resource<Target>, pointer: String, value: String) -> Result<String, Refusal> {
        let words = at_most("a pointer", pointer, LONGEST_WORD).and_then(|pointer| Ok((pointer, at_most("a value", value, LONGEST_WORD)?)));
        let words = words.and_then(|(pointer, value)| match pointer.is_empty() || pointer.starts_with('/') {
            true => Ok(KubeCall::WaitForJson { pointer, value }),
            false => Err(Failure::problem("kube.invalid", "a JSON pointer begins with `/`")),
        });
        self.text_of_kube("kube.target.wait-for-json", &target, words)
    }

    fn wait_for_deleted(&mut self, target: Resource<Target>) -> Result<(), Refusal> {
        self.ask_kube("kube.target.wait-for-deleted", &target, Ok(KubeCall::WaitForDeleted))?;
        Ok(())
    }

    fn logs(&mut self, target: Resource<Target>, container: String, lines: u32, since: u32) -> Result<String, Refusal> {
        let checked = at_most("a container's name", container, LONGEST_PART).and_then(|container| Ok((container, no_more("lines", lines, MOST_LINES)?)));
        self.text_of_kube("kube.target.logs", &target, checked.map(|(container, lines)| KubeCall::Logs { container, lines, since }))
    }

    fn events(&mut self, target: Resource<Target>) -> Result<Vec<String>, Refusal> {
        match self.ask_kube("kube.target.events", &target, Ok(KubeCall::Events))? {
            KubeResponse::Entries(events) => Ok(events),
            _ => Err(unexpected("kube.target.events").into()),
        }
    }

    fn drop(&mut self, target: Resource<Target>) -> Result<()> {
        self.forget(target)
    }
}

impl kube::HostRevision for Context {
    fn text(&mut self, revision: Resource<KubeRevision>) -> Result<String> {
        Ok(serde_json::to_string(self.kept(&revision)?)?)
    }

    fn parse(&mut self, text: String) -> Result<Resource<KubeRevision>, Refusal> {
        self.gate("kube.revision.parse")?;
        let text = at_most("a recorded revision", text, LONGEST_REVISION)?;
        let parsed = serde_json::from_str(&text).map_err(|error| Failure::problem("kube.invalid", format!("this is no recorded revision: {error}")))?;
        Ok(self.keep::<KubeRevision>(parsed)?)
    }

    fn object(&mut self, revision: Resource<KubeRevision>) -> Result<Option<String>> {
        Ok(self.kept(&revision)?.object.clone())
    }

    fn replicas(&mut self, revision: Resource<KubeRevision>) -> Result<Option<u32>> {
        Ok(self.kept(&revision)?.replicas)
    }

    fn image(&mut self, revision: Resource<KubeRevision>, container: String) -> Result<Option<String>> {
        let images = &self.kept(&revision)?.images;
        Ok(images.iter().find(|(name, _)| *name == container).map(|(_, image)| image.clone()))
    }

    fn drop(&mut self, revision: Resource<KubeRevision>) -> Result<()> {
        self.forget(revision)
    }
}

impl kube::HostChange for Context {
    fn object(&mut self, change: Resource<KubeChange>) -> Result<String> {
        Ok(self.kept(&change)?.object.clone())
    }

    fn unpinned(&mut self, change: Resource<KubeChange>) -> Result<Vec<String>> {
        Ok(self.kept(&change)?.unpinned.clone())
    }

    fn drop(&mut self, change: Resource<KubeChange>) -> Result<()> {
        self.forget(change)
    }
}

impl kube::HostSelection for Context {
    fn new(&mut self, api_version: String, kind: String, namespace: String) -> Result<Resource<Selection>> {
        self.gate("kube.selection")?;
        let target = Target::of([api_version, kind, namespace, String::new()]);
        self.keep(Selection { target, labels: String::new(), fields: String::new(), limit: USUAL_ENTRIES })
    }

    fn labels(&mut self, selection: Resource<Selection>, selector: String) -> Result<()> {
        let checked = at_most("a selector", selector, LONGEST_WORD);
        self.change(&selection, |selection| match checked {
            Ok(selector) => selection.labels = selector,
            Err(wrong) => selection.target.say(Err(wrong), |_, ()| {}),
        })
    }

    fn fields(&mut self, selection: Resource<Selection>, selector: String) -> Result<()> {
        let checked = at_most("a selector", selector, LONGEST_WORD);
        self.change(&selection, |selection| match checked {
            Ok(selector) => selection.fields = selector,
            Err(wrong) => selection.target.say(Err(wrong), |_, ()| {}),
        })
    }

    fn limit(&mut self, selection: Resource<Selection>, count: u32) -> Result<()> {
        let checked = no_more("objects", count, MOST_ENTRIES);
        self.change(&selection, |selection| match checked {
            Ok(count) => selection.limit = count,
            Err(wrong) => selection.target.say(Err(wrong), |_, ()| {}),
        })
    }

    fn entries(&mut self, selection: Resource<Selection>) -> Result<Vec<String>, Refusal> {
        let Selection { target, labels, fields, limit } = self.kept(&selection)?;
        let request = target.to(KubeCall::Entries { labels: labels.clone(), fields: fields.clone(), limit: *limit })?;
        match self.ask("kube.selection.entries", request)? {
            KubeResponse::Entries(entries) => Ok(entries),
            _ => Err(unexpected("kube.selection.entries").into()),
        }
    }

    fn drop(&mut self, selection: Resource<Selection>) -> Result<()> {
        self.forget(selection)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::request::KubeCall;

    use super::{Target, no_more, object};

    #[test]
    fn what_is_too_long_is_not_kept_and_the_next_call_says_so() {
        let target = Target::of(["v1".to_owned(), "Pod".to_owned(), "a".repeat(1 << 20), "api".to_owned()]);
        let failure = target.to(KubeCall::Read).unwrap_err();
        assert_eq!((failure.code(), target.request.namespace.len()), ("kube.limit", 0));
        assert_eq!(no_more("replicas", 100_001, 100_000).unwrap_err().code(), "kube.limit");
    }

    #[test]
    fn what_is_applied_must_be_an_object() {
        assert!(object("a patch", "{\"spec\":{}}".to_owned()).is_ok());
        for wrong in ["", "[]", "{", "\"text\""] {
            assert_eq!(object("a patch", wrong.to_owned()).unwrap_err().code(), "kube.invalid", "{wrong}");
        }
        assert_eq!(object("a patch", " ".repeat((1 << 20) + 1)).unwrap_err().code(), "kube.limit");
    }
}
