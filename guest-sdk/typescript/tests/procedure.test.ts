// What is declared, and what steps give.

import assert from "node:assert/strict";
import test from "node:test";

import { exported } from "../src/entry.js";
import { assertion, codes, context, Ctx, ensure, fail, LockstepError, millis, minutes, type Procedure, secs } from "../src/index.js";
import * as host from "./host.ts";

function shop(p: Procedure): void {
    p.describe("shop", "1.2.3").title("Deploy the shop");
    p.parameter("slot").title("Which side").fallback("blue").choices(["blue", "green"]);
    p.phase("Deploy");
    const start = p.step("start", "It runs", () => ({ pid: 7 })).undo(() => {}).about("It is started.").needs([]).timeout(millis(1_500));
    start.retry(3, secs(1)).retryOn(["http.connect"]).onFailurePause().onFailureUndo().expected(minutes(1));
    p.step("wait", "Wait", () => undefined).irreversible().needs(["start"]).retry(2, minutes(2), minutes(5));
}

test("the host is told the description and the parameters", () => {
    host.begin();
    exported(shop).describe();
    assert.deepEqual(host.said, [
        ["description", "shop", "1.2.3"],
        ["title", "Deploy the shop"],
        ["parameter", "slot"],
        ["title", "Which side"],
        ["fallback", "blue"],
        ["choices", ["blue", "green"]],
    ]);
});

test("the host is told the steps, and of what was said twice the later", () => {
    host.begin();
    exported(shop).plan();
    assert.deepEqual(host.said, [
        ["step", "start", "It runs"],
        ["phase", "Deploy"],
        ["undoable"],
        ["about", "It is started."],
        ["needs", []],
        ["timeout", 2],
        ["retry", 3, 1_000, 60_000],
        ["retryOn", ["http.connect"]],
        ["onFailureUndo"],
        ["expected", 60],
        ["step", "wait", "Wait"],
        ["phase", "Deploy"],
        ["irreversible"],
        ["needs", ["start"]],
        ["retry", 2, 120_000, 300_000],
    ]);
});

test("a step gives its output or its failure to the host", () => {
    host.begin();
    const procedure = exported(shop);
    assert.equal(procedure.runStep("start"), '{"pid":7}');
    assert.equal(procedure.runStep("wait"), null);
    assert.equal(procedure.undoStep("start"), undefined);
    const unknown = (message: string) => ({ tag: "failed", val: { code: codes.UNKNOWN, message, retryable: false } });
    assert.throws(() => procedure.runStep("stop"), unknown("the procedure declares no step `stop` for these parameters"));
    assert.throws(() => procedure.undoStep("wait"), unknown("step `wait` declares no undo"));
});

/** What the host is told when a step throws something. */
function told(thrown: unknown): { tag: string; val: unknown } {
    try {
        exported((p) => {
            p.step("fail", "Fail", () => {
                throw thrown;
            });
        }).runStep("fail");
    } catch (failure) {
        return failure as { tag: string; val: unknown };
    }
    throw new Error("it did not fail");
}

test("an error of its own kind becomes a failure of the contract", () => {
    const failed = (code: string, message: string, retryable: boolean) => ({ tag: "failed", val: { code, message, retryable } });
    assert.deepEqual(told(fail("nobody is on call")), failed("step.failed", "nobody is on call", false));
    assert.deepEqual(told(assertion("found 503")), failed("step.assertion", "found 503", true));
    assert.deepEqual(told(fail("taken").withCode("shop.taken").retryable().context("starting")), failed("shop.taken", "starting: taken", true));
    assert.deepEqual(told(new LockstepError("denied", "no rule", "denied", false).withCode("mine")), { tag: "denied", val: "no rule" });
    assert.deepEqual(told(new LockstepError("timed-out", "late", "timed-out", true)), { tag: "timed-out", val: "late" });
    assert.deepEqual(told(new LockstepError("in-doubt", "perhaps", "in-doubt", false)), { tag: "in-doubt", val: "perhaps" });
});

test("another exception becomes one with its message, its cause, and valid Unicode", () => {
    const message = (thrown: unknown) => told(thrown).val as { code: string; message: string; retryable: boolean };
    assert.deepEqual(message(new RangeError("half \ud83d", { cause: new Error("deep") })), {
        code: codes.EXCEPTION,
        message: "RangeError: half \ufffd\ncaused by Error: deep",
        retryable: false,
    });
    assert.equal(message("text").message, "something was thrown that is no Error: text");
    const promised = () => exported((p) => void p.step("wait", "Wait", async () => 1)).runStep("wait");
    assert.throws(promised, { tag: "failed" });
});

test("a failure says what was being done", () => {
    assert.throws(() => context("reading", () => ensure(false, "found 503")), { message: "reading: found 503", code: codes.ASSERTION });
    assert.throws(() => context("reading", () => JSON.parse("{")), { code: codes.EXCEPTION });
    assert.equal(String(new LockstepError("timed-out", "late", "timed-out", true)), "timed out: late");
    ensure(true, "never");
});

test("numbers of 64 bits are whole or refused, and never another number", () => {
    host.begin();
    const ctx = new Ctx("it");
    for (const number of ["-9223372036854775808", "9223372036854775807", "9007199254740993"]) {
        host.parameters["number"] = number;
        assert.equal(ctx.parameter("number", BigInt), BigInt(number));
        assert.throws(() => ctx.parameter("number", Number), {
            code: codes.PARAMETER,
            message: `parameter \`number\` is "${number}", which does not read as a number: it has more digits than one keeps, \`BigInt\` reads it`,
        });
    }
    host.parameters["number"] = "9007199254740991";
    assert.equal(ctx.parameter("number", Number), Number.MAX_SAFE_INTEGER);
    assert.equal(exported((p) => void p.step("big", "Big", () => 2n ** 63n - 1n)).runStep("big"), "9223372036854775807");
    exported((p) => void p.step("long", "Long", () => {}).timeout(minutes(1e9))).plan();
    assert.deepEqual(host.said.at(-1), ["timeout", 0xffff_ffff]);
});

test("what a step is told has the type asked for, or a code", () => {
    host.begin();
    Object.assign(host.parameters, { port: "many", flag: "true" });
    const ctx = new Ctx("it");
    assert.equal(ctx.parameter("flag", Boolean), true);
    assert.throws(() => ctx.parameter("port", Number), {
        code: codes.PARAMETER,
        message: 'parameter `port` is "many", which does not read as a number',
    });
    assert.throws(() => ctx.parameter("none"), { message: "parameter `none` has no value, or the procedure does not declare it" });
    assert.throws(() => ctx.output("none"), { code: codes.OUTPUT, message: "step `none` has no output" });
    ctx.remember("slot", { idle: "blue" });
    assert.deepEqual(ctx.recall("slot"), { idle: "blue" });
});
