//! Rolls out an image in a cluster: how it stands is recorded, the image is set, the rollout is watched and looked at, and who depends on it is restarted. A version
//! that does not get ready is taken back, to the very pod template that was there.

use lockstep::kube::Target;
use lockstep::prelude::*;

lockstep::procedure!(kube_rollout);

fn kube_rollout(p: &mut Procedure) {
    p.describe("kube-rollout", "0.1.0").title("Roll out an image, and take it back when it does not get ready");
    p.parameter("namespace").title("Where all of it is").fallback("shop");
    p.parameter("deployment").title("What gets the image").fallback("api");
    p.parameter("container").title("Which of its containers").fallback("api");
    p.parameter("image").title("The image, best with its digest: registry.example.com/shop/api@sha256:…");
    p.parameter("dependants").title("Deployments to restart afterwards, with commas between them").fallback("");
    p.parameter("patience-seconds").title("How long the rollout may take").fallback(300);

    p.phase("Pre-flight");
    p.step("present", "It serves, and how it stands is recorded", present);
    p.step("try", "The cluster would take the image", try_it);

    p.phase("Rollout");
    p.step("image", "The deployment has the image", set_image).undo(take_back);
    p.step("rollout", "All of its pods are new and available", rollout);
    p.step("smoke", "Each of its pods runs the image, and is ready", smoke);

    p.phase("Dependants");
    p.step("dependants", "Who depends on it has met the new version", restart_dependants).undo(wait_for_dependants);
}

fn target(ctx: &Ctx, id: &str) -> Result<Target> {
    Ok(kube::deployment(&ctx.parameter::<String>("namespace")?, id))
}

fn deployment(ctx: &Ctx) -> Result<Target> {
    target(ctx, &ctx.parameter::<String>("deployment")?)
}

/// The image that was there, with its digest where the cluster tells it.
fn present(ctx: &Ctx) -> Result<String> {
    let api = deployment(ctx)?;
    let container: String = ctx.parameter("container")?;
    api.clone().timeout(secs(20)).rollout_status().context("before anything is changed")?;
    let revision = api.revision()?;
    let image = revision.image(&container).ok_or_else(|| fail(format!("there is no container `{container}`")))?;
    info!("{} replicas of {image}", revision.replicas().unwrap_or_default());
    Ok(image)
}

fn try_it(ctx: &Ctx) -> Result<()> {
    let change = deployment(ctx)?.dry_run().set_image(&ctx.parameter::<String>("container")?, &ctx.parameter::<String>("image")?)?;
    for image in change.unpinned() {
        warn!("{image} has no digest: what it is may change");
    }
    Ok(())
}

fn set_image(ctx: &Ctx) -> Result<()> {
    deployment(ctx)?.set_image(&ctx.parameter::<String>("container")?, &ctx.parameter::<String>("image")?)?;
    Ok(())
}

fn take_back(ctx: &Ctx) -> Result<()> {
    let api = deployment(ctx)?;
    api.put_back()?;
    api.rollout_status()?;
    Ok(())
}

fn rollout(ctx: &Ctx) -> Result<u32> {
    let patience = secs(ctx.parameter("patience-seconds")?);
    Ok(deployment(ctx)?.timeout(patience).rollout_status()?.available)
}

fn smoke(ctx: &Ctx) -> Result<()> {
    let (namespace, image): (String, String) = (ctx.parameter("namespace")?, ctx.parameter("image")?);
    let app: String = deployment(ctx)?.field("/spec/selector/matchLabels/app")?;
    let pods = kube::pods(&namespace).labels(format!("app={app}")).fields("status.phase=Running").entries()?;
    let ready = pods.iter().filter(|pod| {
        let statuses = pod["status"]["containerStatuses"].as_array().map(Vec::as_slice).unwrap_or_default();
        statuses.iter().any(|status| status["image"] == image.as_str() && status["ready"] == true)
    });
    let (ready, wanted) = (ready.count(), ctx.output::<usize>("rollout")?);
    ensure!(ready >= wanted, "expected {wanted} ready pods with {image}, found {ready}");
    Ok(())
}

fn dependants(ctx: &Ctx) -> Result<Vec<Target>> {
    let all: String = ctx.parameter("dependants")?;
    all.split(',').map(str::trim).filter(|id| !id.is_empty()).map(|id| target(ctx, id)).collect()
}

fn restart_dependants(ctx: &Ctx) -> Result<()> {
    for dependant in dependants(ctx)? {
        dependant.restart()?;
    }
    wait_for_dependants(ctx)
}

/// A restart is not taken back; that they serve is seen to all the same.
fn wait_for_dependants(ctx: &Ctx) -> Result<()> {
    for dependant in dependants(ctx)? {
        dependant.rollout_status()?;
    }
    Ok(())
}
