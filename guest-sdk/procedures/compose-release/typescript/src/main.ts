// Releases an image with docker compose and no outage: both images are there and pinned by digest before anything is touched, the new version starts in the slot
// beside the old one, gets the traffic, and only then is the old one stopped. Its container and image stay, so that there is a way back.

import { clock, type Ctx, during, ensure, fail, files, http, log, millis, minutes, type Procedure, secs, within } from "lockstep-sdk";

import * as engine from "./engine.js";

/** Which slot the front sends clients to: it reads this file for each of them. */
const FRONT = "/front/slot";

export default function composeRelease(p: Procedure): void {
    p.describe("compose-release", "0.1.0").title("Put an image live beside the old one, and take it back if it is not as good");
    p.parameter("image").title("The image to release, with a tag or a digest");
    p.parameter("compose-file").title("The project, with a service `blue` and a service `green`");
    p.parameter("docker").title("The client").fallback("/usr/bin/docker");
    p.parameter("docker-compose").title("And that of compose").fallback("/usr/bin/docker-compose");
    p.parameter("front").title("Where clients reach the service").fallback("http://127.0.0.1:8080");
    p.parameter("blue").title("Where the slot blue answers").fallback("http://127.0.0.1:8081");
    p.parameter("green").title("Where the slot green answers").fallback("http://127.0.0.1:8082");
    p.parameter("soak-seconds").title("How long both run after the switch").fallback(30);
    p.parameter("how").title("Side by side, or `down` first as the old runbook had it").choices(["side-by-side", "down-first"]).fallback("side-by-side");

    p.phase("Pre-flight");
    p.step("present", "One slot serves, and the digest of its image is known", present);
    p.step("images", "Both images are on this machine, each known by its digest", images).timeout(minutes(10));

    p.phase("Release");
    p.step("start", "The new version runs in the idle slot", start).undo(stop).timeout(minutes(3));
    p.step("healthy", "It is healthy", healthy).timeout(minutes(2));

    p.phase("Traffic");
    p.step("switch", "Clients reach the new version", switchOver).undo(switchBack);
    p.step("verify", "It answers them", verify).timeout(minutes(2));
    p.step("soak", "It goes on doing so while the old one is kept", soak);
    p.step("retire", "The old version is stopped; its container and image stay", retire).undo(bringBack).timeout(minutes(3));
}

/** What the pre-flight found. */
interface Slots {
    /** The slot that serves. */
    live: string;
    /** The slot for the new version. */
    idle: string;
    /** What the live one runs, by digest: whatever its tag comes to mean, this is what an undo puts back. */
    image: string;
}

function slots(ctx: Ctx): Slots {
    return ctx.output<Slots>("present");
}

function present(ctx: Ctx): Slots {
    const live = files.readText(FRONT).trim();
    if (live !== "blue" && live !== "green") {
        throw fail(`${FRONT} says ${JSON.stringify(live)}: expected blue or green`);
    }
    const idle = live === "blue" ? "green" : "blue";
    answers(ctx.parameter("front"));
    const image = engine.imageOf(ctx, live);
    log.info(`${live} serves ${image}; ${idle} is idle`);
    return { live, idle, image };
}

/** The output is the new image by its digest: what was pulled here is what is started later, wherever its tag points by then. */
function images(ctx: Ctx): string {
    const pinned = engine.pull(ctx, ctx.parameter("image"));
    engine.expectThere(ctx, slots(ctx).image);
    log.info(`${pinned} is here`);
    return pinned;
}

function start(ctx: Ctx): void {
    if (ctx.parameter("how") === "down-first") {
        engine.compose(ctx, "down").run().expectSuccess();
    }
    const { live, idle, image } = slots(ctx);
    engine.up(ctx, idle, [[idle, ctx.output<string>("images")], [live, image]]);
}

function stop(ctx: Ctx): void {
    engine.stop(ctx, slots(ctx).idle);
}

function healthy(ctx: Ctx): void {
    serves(ctx, slots(ctx).idle);
}

/** Until a slot answers by itself. */
function serves(ctx: Ctx, slot: string): void {
    const address = ctx.parameter(slot);
    within(minutes(1)).every(millis(200)).until(() => void http.get(`${address}/health`).send().expectStatus(200));
}

/** What a client would notice. */
function answers(address: string): void {
    http.get(`${address}/health`).send().expectStatus(200);
    http.get(`${address}/shop`).send().expectStatus(200);
}

function switchOver(ctx: Ctx): void {
    sendClientsTo(slots(ctx).idle);
}

function switchBack(ctx: Ctx): void {
    sendClientsTo(slots(ctx).live);
}

function sendClientsTo(slot: string): void {
    log.info(`clients are sent to ${slot}`);
    files.writeText(FRONT, `${slot}\n`);
}

function verify(ctx: Ctx): void {
    const front = ctx.parameter("front");
    during(secs(2)).every(millis(200)).always(() => answers(front));
}

function soak(ctx: Ctx): void {
    clock.sleep(secs(ctx.parameter("soak-seconds", Number)));
    verify(ctx);
}

function retire(ctx: Ctx): void {
    const { live, idle } = slots(ctx);
    const serving = files.readText(FRONT);
    ensure(serving.trim() === idle, `the front no longer goes to ${idle}: somebody has switched by hand`);
    engine.stop(ctx, live);
}

/** The recorded digest, not what its tag means by now. */
function bringBack(ctx: Ctx): void {
    const { live, idle, image } = slots(ctx);
    engine.up(ctx, live, [[live, image], [idle, ctx.output<string>("images")]]);
    serves(ctx, live);
}
