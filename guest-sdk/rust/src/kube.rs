//! Objects of the Kubernetes cluster that the grant names.
//!
//! A change records how the object stands before it is made, and [`Target::put_back`] in the step's undo restores that: the very pod template, with the
//! digests that ran, whatever the cluster's own history says.

mod recorded;
mod selection;

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::bindings::lockstep::contract::{kube as host, types};
use crate::units::{whole_millis, whole_secs};
use crate::{Failure, Result, json};

pub use recorded::{Change, Revision};
pub use selection::{Selection, pods, select};

/// A Deployment.
pub fn deployment(namespace: &str, id: &str) -> Target {
    object("apps/v1", "Deployment", namespace, id)
}

/// A StatefulSet.
pub fn stateful_set(namespace: &str, id: &str) -> Target {
    object("apps/v1", "StatefulSet", namespace, id)
}

/// A DaemonSet.
pub fn daemon_set(namespace: &str, id: &str) -> Target {
    object("apps/v1", "DaemonSet", namespace, id)
}

/// A pod.
pub fn pod(namespace: &str, id: &str) -> Target {
    object("v1", "Pod", namespace, id)
}

/// Any object, whether or not it is there. `namespace` is empty for what belongs to none.
pub fn object(api_version: &str, kind: &str, namespace: &str, id: &str) -> Target {
    let [api_version, kind, namespace, id] = [api_version, kind, namespace, id].map(str::to_owned);
    Target { api_version, kind, namespace, id, timeout: None, dry_run: false, force: false }
}

/// An object that is named. Nothing happens before one of its calls.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn release(ctx: &Ctx) -> Result<()> {
///     let image: String = ctx.parameter("image")?;
///     kube::deployment("shop", "api").set_image("api", &image)?;
///     Ok(())
/// }
/// fn take_back(_: &Ctx) -> Result<()> {
///     kube::deployment("shop", "api").put_back()
/// }
/// fn watch(_: &Ctx) -> Result<()> {
///     let rollout = kube::deployment("shop", "api").timeout(minutes(5)).rollout_status()?;
///     info!("{} of {} serve", rollout.available, rollout.wanted);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Target {
    api_version: String,
    kind: String,
    namespace: String,
    id: String,
    timeout: Option<Duration>,
    dry_run: bool,
    force: bool,
}

/// How far a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Rollout {
    /// Replicas that are wanted.
    pub wanted: u32,
    /// Of the new template.
    pub updated: u32,
    /// Ready.
    pub ready: u32,
    /// Ready for as long as they must be.
    pub available: u32,
}

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// When it was last seen.
    pub at: String,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// `FailedScheduling` and the like.
    pub reason: String,
    /// For a person.
    pub message: String,
    /// How often it was seen.
    pub count: u64,
}

impl Target {
    /// Deadline of each call; without it half a minute, and for a wait the step's.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// Changes are only tried: the server checks them and keeps nothing.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// [`Target::apply`] takes over fields that others manage.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    /// The object; none when it is not there. Values of a `Secret` are not in it.
    pub fn read(&self) -> Result<Option<Value>> {
        answer(self.ready().read())?.map(|text| self.parsed(&text)).transpose()
    }

    /// The value at a JSON pointer of the object, which must be there: `api.field::<u32>("/spec/replicas")?`.
    pub fn field<T: serde::de::DeserializeOwned>(&self, pointer: &str) -> Result<T> {
        let missing = || crate::fail(format!("there is no {} {}", self.kind, self.place())).with_code("kube.missing");
        let text = answer(self.ready().read())?.ok_or_else(missing)?;
        json::path(&self.place(), &text, pointer)
    }

    /// How it stands now.
    pub fn revision(&self) -> Result<Revision> {
        answer(self.ready().revision()).map(Revision::of)
    }

    /// Applies an object on the server: the fields that this procedure manages and no others. It is made when it is not there.
    pub fn apply(&self, object: impl serde::Serialize) -> Result<Change> {
        let text = serde_json::to_string(&object)?;
        self.change(|target, before| target.apply(before, &text))
    }

    /// Merges JSON into it (RFC 7386: lists are replaced, `null` removes).
    pub fn patch(&self, patch: impl serde::Serialize) -> Result<Change> {
        let text = serde_json::to_string(&patch)?;
        self.change(|target, before| target.patch(before, &text))
    }

    /// Says how many replicas there are to be. That is no share of traffic. To 0 it is destructive, which the grant must say.
    pub fn scale(&self, replicas: u32) -> Result<Change> {
        recorded::remember_scaled(self)?;
        self.change(|target, before| target.scale(before, replicas))
    }

    /// Puts another image into one container, in all of the pods. Best with its digest: [`Change::unpinned`] says when it has none.
    pub fn set_image(&self, container: &str, image: &str) -> Result<Change> {
        self.change(|target, before| target.set_image(before, container, image))
    }

    /// Replaces all of its pods.
    pub fn restart(&self) -> Result<Change> {
        self.change(host::Target::restart)
    }

    /// Deletes it; not there is well. Destructive, which the grant must say.
    pub fn delete(&self) -> Result<()> {
        let target = self.ready();
        let before = self.before(&target)?;
        answer(target.delete(&before))
    }

    /// Puts the pod template of a revision back. Most undos want [`Target::put_back`].
    pub fn rollout_undo(&self, recorded: &Revision) -> Result<Change> {
        answer(self.ready().rollout_undo(recorded.handle())).map(Change::of)
    }

    /// For an undo: puts back what the first change of this step has found. The pod template of a workload, and the number of replicas when this step has scaled it; of
    /// other objects all fields; what was not there is deleted. Does nothing when this step has changed nothing.
    pub fn put_back(&self) -> Result<()> {
        recorded::put_back(self)
    }

    /// Waits until the rollout is complete. A failure tells the states of the pods, the events and the last log lines.
    pub fn rollout_status(&self) -> Result<Rollout> {
        json::read(&self.place(), &answer(self.ready().rollout_status())?)
    }

    /// Waits until a condition has a status: `("Available", "True")`.
    pub fn wait_for_condition(&self, condition: &str, status: &str) -> Result<Value> {
        self.parsed(&answer(self.ready().wait_for_condition(condition, status))?)
    }

    /// Waits until it has a value at a JSON pointer: a string, or a number or flag as it is written.
    pub fn wait_for_json(&self, pointer: &str, value: impl ToString) -> Result<Value> {
        self.parsed(&answer(self.ready().wait_for_json(pointer, &value.to_string()))?)
    }

    /// Waits until it is gone.
    pub fn wait_for_deleted(&self) -> Result<()> {
        answer(self.ready().wait_for_deleted())
    }

    /// The last lines that it, or its pods, have logged; each begins with pod and container. `container` is empty for all, `since` zero for ever.
    pub fn logs(&self, container: &str, lines: u32, since: Duration) -> Result<String> {
        answer(self.ready().logs(container, lines, whole_secs(since)))
    }

    /// What happened to it lately, the latest last.
    pub fn events(&self) -> Result<Vec<Event>> {
        answer(self.ready().events())?.iter().map(|event| json::read(&self.place(), event)).collect()
    }

    /// In the host's words.
    fn ready(&self) -> host::Target {
        let target = host::Target::new(&self.api_version, &self.kind, &self.namespace, &self.id);
        if let Some(longest) = self.timeout {
            target.timeout(whole_millis(longest));
        }
        if self.dry_run {
            target.dry_run();
        }
        if self.force {
            target.force();
        }
        target
    }

    /// How it stands before a change; what the first change of the step finds is remembered.
    fn before(&self, target: &host::Target) -> Result<host::Revision> {
        let before = answer(target.revision())?;
        if !self.dry_run {
            recorded::remember(self, &before)?;
        }
        Ok(before)
    }

    fn change(&self, make: impl FnOnce(&host::Target, &host::Revision) -> std::result::Result<host::Change, types::Failure>) -> Result<Change> {
        let target = self.ready();
        let before = self.before(&target)?;
        answer(make(&target, &before)).map(Change::of)
    }

    fn parsed(&self, text: &str) -> Result<Value> {
        json::read(&self.place(), text)
    }

    /// `Deployment shop/api`, for messages.
    fn place(&self) -> String {
        let between = if self.namespace.is_empty() { "" } else { "/" };
        format!("{} {}{between}{}", self.kind, self.namespace, self.id)
    }
}

fn answer<T>(given: std::result::Result<T, types::Failure>) -> Result<T> {
    given.map_err(Failure::from_host)
}
