// Rolls out an image in a cluster: how it stands is recorded, the image is set, the rollout is watched and looked at, and who depends on it is restarted. A version
// that does not get ready is taken back, to the very pod template that was there.

import { context, type Ctx, ensure, fail, kube, log, type Procedure, secs } from "lockstep-sdk";

export default function kubeRollout(p: Procedure): void {
    p.describe("kube-rollout", "0.1.0").title("Roll out an image, and take it back when it does not get ready");
    p.parameter("namespace").title("Where all of it is").fallback("shop");
    p.parameter("deployment").title("What gets the image").fallback("api");
    p.parameter("container").title("Which of its containers").fallback("api");
    p.parameter("image").title("The image, best with its digest: registry.example.com/shop/api@sha256:…");
    p.parameter("dependants").title("Deployments to restart afterwards, with commas between them").fallback("");
    p.parameter("patience-seconds").title("How long the rollout may take").fallback(300);

    p.phase("Pre-flight");
    p.step("present", "It serves, and how it stands is recorded", present);
    p.step("try", "The cluster would take the image", tryIt);

    p.phase("Rollout");
    p.step("image", "The deployment has the image", setImage).undo(takeBack);
    p.step("rollout", "All of its pods are new and available", rollout);
    p.step("smoke", "Each of its pods runs the image, and is ready", smoke);

    p.phase("Dependants");
    p.step("dependants", "Who depends on it has met the new version", restartDependants).undo(waitForDependants);
}

function deployment(ctx: Ctx): kube.Target {
    return kube.deployment(ctx.parameter("namespace"), ctx.parameter("deployment"));
}

/** The image that was there, with its digest where the cluster tells it. */
function present(ctx: Ctx): string {
    const container = ctx.parameter("container");
    context("before anything is changed", () => deployment(ctx).timeout(secs(20)).rolloutStatus());
    const revision = deployment(ctx).revision();
    const image = revision.image(container);
    if (image === undefined) {
        throw fail(`there is no container \`${container}\``);
    }
    log.info(`${revision.replicas() ?? 0} replicas of ${image}`);
    return image;
}

function tryIt(ctx: Ctx): void {
    const change = deployment(ctx).dryRun().setImage(ctx.parameter("container"), ctx.parameter("image"));
    for (const image of change.unpinned()) {
        log.warn(`${image} has no digest: what it is may change`);
    }
}

function setImage(ctx: Ctx): void {
    deployment(ctx).setImage(ctx.parameter("container"), ctx.parameter("image"));
}

function takeBack(ctx: Ctx): void {
    deployment(ctx).putBack();
    deployment(ctx).rolloutStatus();
}

function rollout(ctx: Ctx): number {
    return deployment(ctx).timeout(secs(ctx.parameter("patience-seconds", Number))).rolloutStatus().available;
}

interface Pod {
    status?: { containerStatuses?: { image: string; ready: boolean }[] };
}

function smoke(ctx: Ctx): void {
    const image = ctx.parameter("image");
    const app = deployment(ctx).field<string>("/spec/selector/matchLabels/app");
    const pods = kube.pods(ctx.parameter("namespace")).labels(`app=${app}`).fields("status.phase=Running").entries<Pod>();
    const ready = pods.filter((pod) => pod.status?.containerStatuses?.some((status) => status.image === image && status.ready)).length;
    const wanted = ctx.output<number>("rollout");
    ensure(ready >= wanted, `expected ${wanted} ready pods with ${image}, found ${ready}`);
}

function dependants(ctx: Ctx): kube.Target[] {
    const ids = ctx.parameter("dependants").split(",").map((id) => id.trim());
    return ids.filter((id) => id !== "").map((id) => kube.deployment(ctx.parameter("namespace"), id));
}

function restartDependants(ctx: Ctx): void {
    dependants(ctx).forEach((dependant) => dependant.restart());
    waitForDependants(ctx);
}

/** A restart is not taken back; that they serve is seen to all the same. */
function waitForDependants(ctx: Ctx): void {
    dependants(ctx).forEach((dependant) => dependant.rolloutStatus());
}
