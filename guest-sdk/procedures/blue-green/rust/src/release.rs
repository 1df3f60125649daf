//! The release: pinned by digest, tagged, put into the idle slot and started there.

use std::collections::BTreeMap;

use lockstep::prelude::*;

use crate::checks::git;
use crate::site::{self, Slots};

/// What `manifest.json` of a release says.
#[derive(Deserialize)]
#[serde(crate = "lockstep::serde")]
struct Manifest {
    /// Each file with its SHA-256.
    files: BTreeMap<String, String>,
}

fn manifest() -> Result<Manifest> {
    Ok(lockstep::serde_json::from_str(&artifact::by_id("manifest.json")?.text()?)?)
}

/// Every byte of the release becomes an artifact of this run: what is installed later is what was checked here.
pub fn pin(ctx: &Ctx) -> Result<()> {
    let folder = format!("/releases/{}", ctx.parameter::<String>("version")?);
    files::keep(&format!("{folder}/manifest.json"), "manifest.json")?.expect_digest(&ctx.parameter::<String>("release-digest")?)?;
    for (name, digest) in &manifest()?.files {
        files::keep(&format!("{folder}/{name}"), &id(name))?.expect_digest(digest)?;
    }
    Ok(())
}

/// Artifact ids are lower case.
fn id(name: &str) -> String {
    name.to_lowercase()
}

fn tag_of(ctx: &Ctx) -> Result<String> {
    Ok(format!("v{}", ctx.parameter::<String>("version")?))
}

/// Not forced, so that a tag that somebody else has made meanwhile is never moved. Made twice it would fail: after a crash git is asked whether it is there.
pub fn tag(ctx: &Ctx) -> Result<()> {
    let (tag, commit): (String, String) = (tag_of(ctx)?, ctx.output("clean")?);
    let there = git(ctx, &["rev-parse", "--verify", "--quiet", &format!("refs/tags/{tag}")])?.as_probe().happened(0).text(&commit).did_not(1);
    git(ctx, &["tag", &tag, &commit])?.probe(there).run()?.expect_success()?;
    Ok(())
}

pub fn untag(ctx: &Ctx) -> Result<()> {
    let tag = tag_of(ctx)?;
    if git(ctx, &["tag", "--list", &tag])?.run()?.text()?.trim().is_empty() {
        return Ok(());
    }
    git(ctx, &["tag", "--delete", &tag])?.idempotent().run()?.expect_success()?;
    Ok(())
}

fn slot_folder(ctx: &Ctx) -> Result<String> {
    Ok(format!("/site/slots/{}/release", Slots::of(ctx)?.idle))
}

pub fn install(ctx: &Ctx) -> Result<()> {
    let folder = slot_folder(ctx)?;
    files::remove(&folder)?;
    files::make_directory(&folder)?;
    for name in manifest()?.files.keys() {
        files::place_program(&format!("{folder}/{name}"), &artifact::by_id(&id(name))?)?;
    }
    Ok(())
}

pub fn remove(ctx: &Ctx) -> Result<()> {
    files::remove(&slot_folder(ctx)?)
}

pub fn start(ctx: &Ctx) -> Result<()> {
    let idle = Slots::of(ctx)?.idle;
    let site: String = ctx.parameter("site")?;
    let port = files::read_text(&format!("/site/slots/{idle}/port"))?;
    let password = secret::by_id("APP_PASSWORD")?;
    site::service(ctx, "start", &idle)?
        .args(["--release", &format!("{site}/slots/{idle}/release"), "--port", port.trim(), "--password-env", "APP_PASSWORD"])
        .env("APP_PASSWORD", password)
        .run()?
        .expect_success()?;
    Ok(())
}

pub fn stop(ctx: &Ctx) -> Result<()> {
    site::service(ctx, "stop", &Slots::of(ctx)?.idle)?.run()?.expect_success()?;
    Ok(())
}
