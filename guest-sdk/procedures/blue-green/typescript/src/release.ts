// The release: pinned by digest, tagged, put into the idle slot and started there.

import { artifact, type Ctx, files, secret } from "lockstep-sdk";

import { git } from "./checks.js";
import * as site from "./site.js";

/** Each file of a release with its SHA-256, in the order of their names. */
function manifest(): [name: string, digest: string][] {
    const { files } = JSON.parse(artifact.byId("manifest.json").text()) as { files: Record<string, string> };
    return Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Every byte of the release becomes an artifact of this run: what is installed later is what was checked here. */
export function pin(ctx: Ctx): void {
    const folder = `/releases/${ctx.parameter("version")}`;
    files.keep(`${folder}/manifest.json`, "manifest.json").expectDigest(ctx.parameter("release-digest"));
    for (const [name, digest] of manifest()) {
        files.keep(`${folder}/${name}`, id(name)).expectDigest(digest);
    }
}

/** Artifact ids are lower case. */
function id(name: string): string {
    return name.toLowerCase();
}

/** Not forced, so that a tag that somebody else has made meanwhile is never moved. Made twice it would fail: after a crash git is asked whether it is there. */
export function tag(ctx: Ctx): void {
    const name = `v${ctx.parameter("version")}`;
    const commit = ctx.output<string>("clean");
    const there = git(ctx, "rev-parse", "--verify", "--quiet", `refs/tags/${name}`).asProbe().happened(0).text(commit).didNot(1);
    git(ctx, "tag", name, commit).probe(there).run().expectSuccess();
}

export function untag(ctx: Ctx): void {
    const name = `v${ctx.parameter("version")}`;
    if (git(ctx, "tag", "--list", name).run().text().trim() !== "") {
        git(ctx, "tag", "--delete", name).idempotent().run().expectSuccess();
    }
}

function slotFolder(ctx: Ctx): string {
    return `/site/slots/${site.slots(ctx).idle}/release`;
}

export function install(ctx: Ctx): void {
    const folder = slotFolder(ctx);
    files.remove(folder);
    files.makeDirectory(folder);
    for (const [name] of manifest()) {
        files.placeProgram(`${folder}/${name}`, artifact.byId(id(name)));
    }
}

export function remove(ctx: Ctx): void {
    files.remove(slotFolder(ctx));
}

export function start(ctx: Ctx): void {
    const { idle } = site.slots(ctx);
    const port = files.readText(`/site/slots/${idle}/port`).trim();
    const password = secret.byId("APP_PASSWORD");
    site.service(ctx, "start", idle)
        .args(["--release", `${ctx.parameter("site")}/slots/${idle}/release`, "--port", port, "--password-env", "APP_PASSWORD"])
        .env("APP_PASSWORD", password)
        .run()
        .expectSuccess();
}

export function stop(ctx: Ctx): void {
    site.service(ctx, "stop", site.slots(ctx).idle).run().expectSuccess();
}
