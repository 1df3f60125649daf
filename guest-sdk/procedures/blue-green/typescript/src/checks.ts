// What must hold: before anything is touched, of the new version by itself, and of what clients see.

import { clock, context, type Ctx, during, files, http, log, mib, millis, secret, secs, shell, within } from "lockstep-sdk";

import * as site from "./site.js";

/** The release, both slots and the artifacts fit into this several times, in MiB. */
const ROOM = 256;

/** A git command in the work tree. */
export function git(ctx: Ctx, ...args: string[]): shell.Command {
    return shell.command("/usr/bin/git").args(["-C", ctx.parameter("work-tree"), ...args]);
}

/** The output is the commit: later steps tag that one, whatever happens to the branch meanwhile. */
export function clean(ctx: Ctx): string {
    git(ctx, "status", "--porcelain").run().expectSuccess().expectNoOutput();
    return git(ctx, "rev-parse", "HEAD").run().expectSuccess().text().trim();
}

export function untagged(ctx: Ctx): void {
    const tag = `v${ctx.parameter("version")}`;
    const found = git(ctx, "tag", "--list", tag).run().expectSuccess();
    context(`${tag} exists: this version was released before`, () => found.expectNoOutput());
}

export function space(): void {
    files.expectDiskFree("/site", mib(ROOM));
}

export function current(ctx: Ctx): site.Slots {
    const live = site.liveSlot();
    const idle = live === "blue" ? "green" : "blue";
    const health = http.get(`${ctx.parameter("front")}/health`).send().expectStatus(200).expectJson("/status", "ok");
    const liveVersion = health.jsonPath<string>("/version");
    log.info(`${live} serves version ${liveVersion}; ${idle} is idle`);
    return { live, live_version: liveVersion, idle };
}

export function healthy(ctx: Ctx): void {
    const address = site.address(site.slots(ctx).idle);
    const version = ctx.parameter("version");
    within(secs(30)).every(millis(200)).until(() => {
        http.get(`${address}/health`).send().expectStatus(200).expectJson("/status", "ok").expectJson("/version", version);
    });
}

/** The token never comes here: the host keeps it and puts it in where it is used. */
export function login(ctx: Ctx): void {
    const address = site.address(site.slots(ctx).idle);
    http.post(`${address}/login`)
        .json({ password: secret.byId("APP_PASSWORD"), user: "smoke" })
        .capture("/token", "SESSION")
        .idempotent()
        .send()
        .expectStatus(200);
    http.get(`${address}/account`).bearer(secret.byId("SESSION")).send().expectStatus(200);
    http.get(`${address}/account`).send().expectStatus(401);
}

/** One look through the front: the new version, answering, and fast enough. */
function good(ctx: Ctx): void {
    const slowest = millis(ctx.parameter("slowest-milliseconds", Number));
    http.get(`${ctx.parameter("front")}/version`).send().expectStatus(200).expectJson("/version", ctx.parameter("version")).expectFasterThan(slowest);
}

export function verify(ctx: Ctx): void {
    during(secs(2)).every(millis(200)).always(() => good(ctx));
}

/** Sleeps through the soak, and looks again at its end. */
export function soak(ctx: Ctx): void {
    clock.sleep(secs(ctx.parameter("soak-seconds", Number)));
    during(secs(1)).every(millis(200)).always(() => good(ctx));
}
