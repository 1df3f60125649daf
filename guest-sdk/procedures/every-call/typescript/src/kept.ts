// Files and artifacts.

import { artifact, type Ctx, ensure, files, log } from "lockstep-sdk";
import * as Probe from "lockstep-sdk/probe";

import { refused } from "./refused.js";

/** As large as the largest part of an artifact that is read at once, and one more. */
const LARGE = (1 << 20) + 1;

/** The digest of a file that has one line. */
const LINE = "sha256:3887c2cd3bec16420dc71507a74cf7f0a5effdd361f6d9cbe27b77831de8f65f";

export function keep(ctx: Ctx): void {
    const odd = ctx.output<string[]>("told");
    files.makeDirectory("/box/all/inner");
    files.writeText("/box/all/odd", odd.join("|"));
    files.appendText("/box/all/odd", "+");
    log.info(`${files.readText("/box/all/odd")} ${files.digest("/box/all/odd")}`);
    files.appendTextProbed("/box/all/line", "one line\n", Probe.file("/box/all/line", LINE).otherwiseDidNot());
    files.expectDigest("/box/all/line", LINE);
    files.write("/box/all/bytes", new Uint8Array([0, 255, 10, 0]));
    ensure(files.read("/box/all/bytes").join() === "0,255,10,0", "other bytes were read");
    files.write("/box/all/empty", new Uint8Array());
    log.info(String(files.read("/box/all/empty").length));
    files.link("/box/all/link", "odd");
    ensure(files.linkTarget("/box/all/link") === "odd", "the link points elsewhere");
    ensure(!files.exists("/box/all/none"), "there is something where nothing was made");
    log.info(`${files.entries("/box/all").join(",")} ${files.diskFree("/box")}`);
    refused("what is not there", () => files.readText("/box/all/none"));
    refused("what is outside", () => files.readText("/etc/passwd"));
    refused("what is no text", () => files.readText("/box/all/bytes"));
    refused("what is no file", () => files.read("/box/all/inner"));
    refused("what is no path", () => files.read("/box/../etc"));
    refused("what stands there", () => files.link("/box/all/odd", "line"));
    artifacts();
}

function artifacts(): void {
    const odd = files.keep("/box/all/odd", "odd");
    log.info(`${odd.id()} ${odd.digest()}`);
    files.place("/box/all/placed", artifact.byId("odd"));
    files.placeProgram("/box/all/program", odd);
    const large = artifact.fromText("large", "x".repeat(LARGE));
    log.info(`${large.digest()} ${large.bytes().length}`);
    log.info(`${large.readAt(1 << 20, 5).length} ${large.readAt(2n ** 63n, 5).length}`);
    log.info(`${artifact.fromBytes("empty", new Uint8Array()).size()} ${odd.text()}`);
    refused("another of the same id", () => artifact.fromText("large", "another"));
    refused("an id that is none", () => artifact.fromText("No id", ""));
    refused("no artifact", () => artifact.byId("none"));
}

export function remove(): void {
    files.remove("/box/all");
}
