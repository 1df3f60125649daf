// Makes every call of the contract with values that are easy to get wrong, and meets what each refuses.

import { clock, type Ctx, ensure, log, millis, minutes, type Procedure, random, secs } from "lockstep-sdk";

import * as cluster from "./cluster.js";
import * as far from "./far.js";
import * as kept from "./kept.js";
import * as moved from "./moved.js";
import { refused } from "./refused.js";
import * as stored from "./stored.js";

/** Nothing, more than ASCII, what JSON has to escape and what it has not, and what looks like a number. */
const ODD = ["", "ü € 𝄞", 'a "quoted" \\ and\ttabbed\nline', "\u0001\f\u007f\u2028", "-9223372036854775808"];

export default function everyCall(p: Procedure): void {
    p.describe("every-call", "0.1.0").title("Make every call");
    p.parameter("odd").title("An odd value").fallback('ü "and" more').choices(['ü "and" more', "plain"]);
    p.parameter("least").title("The least number of 64 bits").fallback(-(2n ** 63n));
    p.parameter("most").title("The largest number of 64 bits").fallback(2n ** 63n - 1n);
    p.phase("Here");
    p.step("told", "What the run knows", told).about("Everything that the host alone answers").expected(secs(5)).timeout(minutes(1)).onFailurePause();
    p.step("numbers", "Whole numbers to the last digit", numbers);
    p.step("kept", "Files and artifacts", kept.keep).undo(kept.remove).retry(2, millis(10), secs(1)).retryOn(["files.io"]).onFailureUndo();
    p.phase("There");
    p.step("asked", "Requests", far.ask).undo(far.forget).needs(["told", "numbers", "kept"]).onFailureUndo();
    p.step("stored", "Stores and databases", stored.store);
    p.step("moved", "Backups and migrations", moved.forward).undo(moved.back);
    p.step("cluster", "Objects of a cluster", cluster.change).undo(cluster.putBack);
    p.step("ran", "Programs", far.run).irreversible();
    p.step("alone", "Needs nothing", () => undefined).needs([]).onFailureContinue();
}

function told(ctx: Ctx): string[] {
    for (const odd of ODD) {
        log.info(odd);
        ctx.remember("odd", odd);
        ensure(ctx.recall("odd") === odd, `${odd} was not kept as it is`);
    }
    ctx.remember("nul", "a\0b");
    log.debug(`${ctx.step()} ${ctx.attempt()} ${ctx.environment()}`);
    log.warn(`${ctx.runId()} ${ctx.idempotencyKey()}`);
    log.error(ctx.parameter("odd"));
    log.progress(1, 2, "half");
    const before = clock.now();
    clock.pause(millis(5));
    clock.sleep(secs(2));
    clock.sleepUntil(clock.Timestamp.parse("2026-01-05T09:00:00Z"));
    ensure(clock.now().micros > before.micros, "time stands still");
    log.info(`${random.uuid()} ${random.bytes(5_000).length}`);
    refused("a key that is too long", () => ctx.remember("k".repeat(65), 1));
    refused("a sleep that is too long", () => clock.sleep(minutes(600_000)));
    refused("a parameter that is not declared", () => ctx.parameter("none"));
    refused("an output that is not there", () => ctx.output("ran"));
    return ODD;
}

/** A `number` would round them. */
function numbers(ctx: Ctx): bigint[] {
    return [ctx.parameter("least", BigInt), ctx.parameter("most", BigInt)];
}
