//! Objects of a cluster.

use lockstep::kube::Revision;
use lockstep::prelude::*;
use lockstep::serde_json;

use crate::refused;

const PINNED: &str = "registry.test/api@sha256:2222222222222222222222222222222222222222222222222222222222222222";

pub fn change(_: &Ctx) -> Result<()> {
    stands()?;
    workload()?;
    waits()?;
    others()?;
    refusals();
    Ok(())
}

fn word<'a>(object: &'a serde_json::Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

fn stands() -> Result<()> {
    let api = kube::deployment("shop", "api").timeout(secs(20));
    info!("{} {}", api.read()?.is_some(), api.field::<u32>("/spec/replicas")?);
    ensure!(kube::deployment("shop", "none").read()?.is_none(), "something is there");
    let stood = Revision::parse(&api.revision()?.text())?;
    info!("{} {}", stood.replicas().unwrap_or_default(), stood.image("api").unwrap_or_default());
    ensure!(stood.image("none").is_none() && stood.object()?.is_some(), "it stands otherwise");
    ensure!(kube::deployment("shop", "none").revision()?.object()?.is_none(), "something was there");
    api.rollout_undo(&stood)?;
    Ok(())
}

/// What is put back is what was found first.
fn workload() -> Result<()> {
    let api = || kube::deployment("shop", "api").timeout(secs(20));
    let tried = api().dry_run().set_image("api", PINNED)?.expect_pinned()?;
    info!("{} {}", tried.unpinned().len(), word(&tried.object()?, "kind"));
    api().put_back()?;
    api().set_image("api", PINNED)?;
    api().scale(5)?;
    api().restart()?;
    api().put_back()?;
    api().put_back()
}

fn waits() -> Result<()> {
    let api = kube::deployment("shop", "api");
    let far = api.rollout_status()?;
    info!("{} {} {} {}", far.wanted, far.updated, far.ready, far.available);
    info!("{}", word(&api.wait_for_condition("Available", "True")?, "kind"));
    info!("{}", word(&api.wait_for_json("/spec/replicas", 2)?, "kind"));
    api.wait_for_json("/spec/paused", true)?;
    info!("{}", api.logs("api", 10, millis(1_500))?);
    for event in api.events()? {
        info!("{} {} {} {} {}", event.at, event.kind, event.reason, event.message, event.count);
    }
    let pods = kube::pods("shop").labels("app=api").fields("status.phase=Running").limit(10).entries()?;
    info!("{} {}", pods.len(), word(&pods[0], "name"));
    Ok(())
}

fn others() -> Result<()> {
    let settings = |id: &str| kube::object("v1", "ConfigMap", "shop", id).force();
    settings("there").apply(json!({ "data": { "name": "ü" } }))?;
    settings("there").put_back()?;
    settings("fresh").apply(json!({ "data": { "name": "ü" } }))?;
    settings("fresh").put_back()?;
    let long = "x".repeat(80);
    settings(&long).apply(json!({ "data": {} }))?;
    settings("gone").delete()?;
    settings("gone").wait_for_deleted()
}

/// The one that is not put back above.
pub fn put_back(_: &Ctx) -> Result<()> {
    kube::object("v1", "ConfigMap", "shop", &"x".repeat(80)).put_back()
}

fn refusals() {
    refused("changed since", kube::deployment("shop", "api").patch(json!({ "spec": { "paused": null } })));
    refused("too late", kube::deployment("shop", "slow").timeout(secs(1)).rollout_status());
    refused("not there", kube::deployment("shop", "none").field::<u32>("/spec"));
    refused("another kind", kube::stateful_set("shop", "api").read());
    refused("another namespace", kube::deployment("other", "api").read());
    refused("another verb", kube::daemon_set("shop", "api").restart());
    refused("no name", kube::pod("shop", "").read());
    refused("another list", kube::select("v1", "Secret", "shop").entries());
    refused("no revision", Revision::parse("{}"));
    refused("too many replicas", kube::deployment("shop", "api").scale(u32::MAX));
}
