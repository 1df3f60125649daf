// Reserves a room, and takes the reservation back unless the inn confirms it: a call of each kind for a crash to happen in.

import { clock, type Ctx, files, http, minutes, type Procedure } from "lockstep-sdk";
import * as Probe from "lockstep-sdk/probe";

export default function crash(p: Procedure): void {
    p.describe("crash", "0.1.0").title("Reserve a room, and take it back unless it is confirmed");
    p.parameter("inn").title("Where the inn answers");
    p.step("look", "The room is free", look);
    p.step("note", "The desk has a note", note).undo(() => files.remove("/desk/note")).onFailureUndo();
    p.step("reserve", "The room is reserved", reserve).undo(cancel).onFailureUndo();
    p.step("wait", "An hour has passed", () => clock.sleep(minutes(60)));
    p.step("confirm", "The inn has confirmed", confirm).onFailureUndo();
}

function look(ctx: Ctx): number {
    return http.get(`${ctx.parameter("inn")}/rooms/7`).send().expectJson("/free", true).jsonPath<number>("/price");
}

function note(ctx: Ctx): void {
    files.writeText("/desk/note", `room 7 for ${ctx.output<number>("look")}`);
}

/** The inn keeps a reservation under the key that the host sends with it. It is remembered first, so that the undo finds it whatever happens. */
function reserve(ctx: Ctx): string {
    const inn = ctx.parameter("inn");
    const place = `${inn}/reservations/${ctx.idempotencyKey()}`;
    ctx.remember("place", place);
    const made = Probe.http(place).status(200).json("/state", "made").didNot(404);
    http.post(`${inn}/reservations`).json({ room: 7 }).probe(made).send().expectSuccess();
    return place;
}

function cancel(ctx: Ctx): void {
    const place = ctx.recall<string>("place");
    if (place !== undefined) {
        http.delete(place).send().expectSuccess();
    }
}

function confirm(ctx: Ctx): void {
    http.get(ctx.output<string>("reserve")).send().expectJson("/confirmed", true);
}
