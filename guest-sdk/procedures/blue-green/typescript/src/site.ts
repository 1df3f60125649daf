// The site: two slots, a link that says which one serves, and the program that starts and stops a slot's service.

import { type Ctx, ensure, fail, files, log, shell } from "lockstep-sdk";

/** The link that the front follows. */
const CURRENT = "/site/current";

/** What the pre-flight found: which slot serves, the version in it, and which slot is idle. */
export interface Slots {
    live: string;
    live_version: string;
    idle: string;
}

/** As the step `current` found them. */
export function slots(ctx: Ctx): Slots {
    return ctx.output<Slots>("current");
}

/** The slot that the link points to. */
export function liveSlot(): string {
    const target = files.linkTarget(CURRENT);
    if (target === undefined) {
        throw fail(`${CURRENT} is not a link: the site has never been set up`);
    }
    const slot = target.replace(/^slots\//, "");
    if (target !== `slots/${slot}` || !["blue", "green"].includes(slot)) {
        throw fail(`${CURRENT} points to ${target}: expected slots/blue or slots/green`);
    }
    return slot;
}

/** Where the service of a slot answers. */
export function address(slot: string): string {
    return `http://127.0.0.1:${files.readText(`/site/slots/${slot}/port`).trim()}`;
}

/** The service's own command for a slot. It may be repeated: starting what runs and stopping what does not are both well. */
export function service(ctx: Ctx, verb: string, slot: string): shell.Command {
    return shell.command(ctx.parameter("service")).arg(verb).arg("--state").arg(`${ctx.parameter("site")}/state/${slot}`).idempotent();
}

export function switchOver(ctx: Ctx): void {
    pointTo(slots(ctx).idle);
}

export function switchBack(ctx: Ctx): void {
    pointTo(slots(ctx).live);
}

/** One rename: a request follows the old link or the new one, never none. */
function pointTo(slot: string): void {
    log.info(`clients are sent to ${slot}`);
    files.link(CURRENT, `slots/${slot}`);
}

/** The point of no return: after this, going back means releasing the old version again. */
export function retire(ctx: Ctx): void {
    const { live, live_version, idle } = slots(ctx);
    ensure(liveSlot() === idle, `the link no longer points to ${idle}: somebody has switched by hand`);
    service(ctx, "stop", live).run().expectSuccess();
    log.info(`${live} of version ${live_version} is stopped`);
}
