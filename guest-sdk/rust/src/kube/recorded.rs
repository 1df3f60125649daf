//! How objects stood before a step changed them, and putting them back.

use serde_json::Value;

use super::{Target, answer};
use crate::bindings::lockstep::contract::{kube as host, run};
use crate::{Failure, Result, json};

/// The longest key of `remember`.
const LONGEST_KEY: usize = 64;

/// How an object stood.
pub struct Revision(host::Revision);

/// What a change has made.
pub struct Change(host::Change);

impl Revision {
    pub(super) fn of(revision: host::Revision) -> Self {
        Self(revision)
    }

    pub(super) fn handle(&self) -> &host::Revision {
        &self.0
    }

    /// From the text of one that another step has returned.
    pub fn parse(text: &str) -> Result<Self> {
        answer(host::Revision::parse(text)).map(Self)
    }

    /// As text, for another step.
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// The object, without what the server alone says of it; none when it was not there.
    pub fn object(&self) -> Result<Option<Value>> {
        self.0.object().map(|text| json::read("the recorded object", &text)).transpose()
    }

    /// How many replicas were wanted.
    pub fn replicas(&self) -> Option<u32> {
        self.0.replicas()
    }

    /// The image of a container, with the digest that ran where its pods tell it.
    pub fn image(&self, container: &str) -> Option<String> {
        self.0.image(container)
    }
}

impl Change {
    pub(super) fn of(change: host::Change) -> Self {
        Self(change)
    }

    /// The object after the change.
    pub fn object(&self) -> Result<Value> {
        json::read("the changed object", &self.0.object())
    }

    /// Images that are not pinned by a digest: what they are may change.
    pub fn unpinned(&self) -> Vec<String> {
        self.0.unpinned()
    }

    /// Fails when an image is not pinned by a digest.
    pub fn expect_pinned(self) -> Result<Self> {
        match self.unpinned().as_slice() {
            [] => Ok(self),
            images => Err(Failure::assertion(format!("expected images with digests, found {}", images.join(", ")))),
        }
    }
}

/// Keeps how the object stood, unless this step has kept it already: an undo goes back to before all its changes.
pub(super) fn remember(target: &Target, before: &host::Revision) -> Result<()> {
    let key = key("kube", target);
    if kept(&key).is_some() {
        return Ok(());
    }
    run::remember(&key, &before.text()).map_err(Failure::from_host)
}

/// Keeps that this step has scaled it: else how many there are is somebody else's business.
pub(super) fn remember_scaled(target: &Target) -> Result<()> {
    if target.dry_run {
        return Ok(());
    }
    run::remember(&key("scaled", target), "true").map_err(Failure::from_host)
}

/// What an attempt of this step has kept; what was put back is forgotten.
fn kept(key: &str) -> Option<String> {
    run::recall(key).filter(|text| text != "null")
}

pub(super) fn put_back(target: &Target) -> Result<()> {
    let (key, scaled) = (key("kube", target), key("scaled", target));
    let Some(text) = kept(&key) else { return Ok(()) };
    let recorded = Revision::parse(&text)?;
    let handle = target.clone().force().ready();
    match recorded.object()? {
        None => {
            let now = answer(handle.revision())?;
            answer(handle.delete(&now))?;
        }
        Some(object) if object.pointer("/spec/template").is_some() => {
            answer(handle.rollout_undo(recorded.handle()))?;
            if let (Some(replicas), Some(_)) = (recorded.replicas(), kept(&scaled)) {
                let now = answer(handle.revision())?;
                answer(handle.scale(&now, replicas))?;
            }
        }
        Some(object) => {
            let now = answer(handle.revision())?;
            answer(handle.apply(&now, &object.to_string()))?;
        }
    }
    run::remember(&key, "null").and_then(|()| run::remember(&scaled, "null")).map_err(Failure::from_host)
}

/// A key for the object, as short as a key must be.
fn key(what: &str, target: &Target) -> String {
    let whole = format!("{what}:{}", target.place());
    if whole.len() <= LONGEST_KEY {
        return whole;
    }
    let hash = whole.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{what}:{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::super::deployment;
    use super::key;

    #[test]
    fn a_key_is_the_objects_and_never_too_long() {
        assert_eq!(key("kube", &deployment("shop", "api")), "kube:Deployment shop/api");
        let (one, other) = (key("kube", &deployment("shop", &"a".repeat(200))), key("kube", &deployment("shop", &"b".repeat(200))));
        assert!(one.len() <= 64 && one != other, "{one} {other}");
    }
}
