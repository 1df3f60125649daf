// Objects of a cluster.

import { ensure, kube, log, millis, secs } from "lockstep-sdk";

import { refused } from "./refused.js";

const PINNED = "registry.test/api@sha256:2222222222222222222222222222222222222222222222222222222222222222";

export function change(): void {
    stands();
    workload();
    waits();
    others();
    refusals();
}

function stands(): void {
    const api = kube.deployment("shop", "api").timeout(secs(20));
    log.info(`${api.read() !== undefined} ${api.field<number>("/spec/replicas")}`);
    ensure(kube.deployment("shop", "none").read() === undefined, "something is there");
    const stood = kube.Revision.parse(api.revision().text());
    log.info(`${stood.replicas()} ${stood.image("api")}`);
    ensure(stood.image("none") === undefined && stood.object() !== undefined, "it stands otherwise");
    ensure(kube.deployment("shop", "none").revision().object() === undefined, "something was there");
    api.rolloutUndo(stood);
}

/** What is put back is what was found first. */
function workload(): void {
    const api = () => kube.deployment("shop", "api").timeout(secs(20));
    const tried = api().dryRun().setImage("api", PINNED).expectPinned();
    log.info(`${tried.unpinned().length} ${tried.object<{ kind: string }>().kind}`);
    api().putBack();
    api().setImage("api", PINNED);
    api().scale(5);
    api().restart();
    api().putBack();
    api().putBack();
}

function waits(): void {
    const api = kube.deployment("shop", "api");
    const far = api.rolloutStatus();
    log.info(`${far.wanted} ${far.updated} ${far.ready} ${far.available}`);
    log.info(api.waitForCondition<{ kind: string }>("Available", "True").kind);
    log.info(api.waitForJson<{ kind: string }>("/spec/replicas", 2).kind);
    api.waitForJson("/spec/paused", true);
    log.info(api.logs("api", 10, millis(1_500)));
    for (const event of api.events()) {
        log.info(`${event.at} ${event.kind} ${event.reason} ${event.message} ${event.count}`);
    }
    const pods = kube.pods("shop").labels("app=api").fields("status.phase=Running").limit(10).entries<{ name: string }>();
    log.info(`${pods.length} ${pods[0]?.name}`);
}

function others(): void {
    const settings = (id: string) => kube.object("v1", "ConfigMap", "shop", id).force();
    settings("there").apply({ data: { name: "ü" } });
    settings("there").putBack();
    settings("fresh").apply({ data: { name: "ü" } });
    settings("fresh").putBack();
    settings("x".repeat(80)).apply({ data: {} });
    settings("gone").delete();
    settings("gone").waitForDeleted();
}

/** The one that is not put back above. */
export function putBack(): void {
    kube.object("v1", "ConfigMap", "shop", "x".repeat(80)).putBack();
}

function refusals(): void {
    refused("changed since", () => kube.deployment("shop", "api").patch({ spec: { paused: null } }));
    refused("too late", () => kube.deployment("shop", "slow").timeout(secs(1)).rolloutStatus());
    refused("not there", () => kube.deployment("shop", "none").field("/spec"));
    refused("another kind", () => kube.statefulSet("shop", "api").read());
    refused("another namespace", () => kube.deployment("other", "api").read());
    refused("another verb", () => kube.daemonSet("shop", "api").restart());
    refused("no name", () => kube.pod("shop", "").read());
    refused("another list", () => kube.select("v1", "Secret", "shop").entries());
    refused("no revision", () => kube.Revision.parse("{}"));
    refused("too many replicas", () => kube.deployment("shop", "api").scale(0xffff_ffff));
}
