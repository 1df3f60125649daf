// What is asked of the host, and what is said of its answers.

import assert from "node:assert/strict";
import test from "node:test";

import { assertion, codes, during, fail, files, gib, http, log, millis, minutes, secs, shell, within } from "../src/index.js";
import * as host from "./host.ts";

test("a request is said in the host's words", () => {
    host.begin();
    host.answers["send"] = () => host.response(200, "");
    const request = http.post("http://shop/orders?a=b#c").query("who", "Ada & Bob").header("x", 1).json({ "ü": "<" });
    request.timeout(minutes(1e9)).idempotent().send();
    assert.deepEqual(host.said, [
        ["request", "POST", "http://shop/orders?a=b&who=Ada%20%26%20Bob#c"],
        ["header", "x", "1"],
        ["header", "content-type", "application/json"],
        ["bodyText", '{"ü":"<"}'],
        ["timeout", 0xffff_ffff],
        ["idempotent"],
        ["send"],
    ]);
});

test("an expectation that fails says what was found instead", () => {
    host.begin();
    host.answers["send"] = () => host.response(503, '{"status":"down"}');
    const response = http.get("http://shop/health").send();
    const fails = (act: () => unknown, message: string) =>
        assert.throws(act, { code: codes.ASSERTION, isRetryable: true, message: `GET http://shop/health: ${message}` });
    fails(() => response.expectStatus(200), 'expected status 200, found 503 with {"status":"down"}');
    fails(() => response.expectSuccess(), 'expected success, found status 503 with {"status":"down"}');
    fails(() => response.expectJson("/status", "ok"), 'expected /status to be "ok", found "down"');
    fails(() => response.expectJson("/state", 1), 'expected something at /state, found none in {"status":"down"}');
    fails(() => response.expectText("up"), 'expected "up" in the body, found {"status":"down"}');
    fails(() => response.expectHeader("x-side", "green"), "expected header x-side: green, found blue");
    fails(() => response.expectFasterThan(secs(1)), "expected an answer within 1 s, found 1.5 s");
    assert.equal(response.expectStatus(503).expectJson("/status", "down"), response);
    host.answers["run"] = () => host.exit(1, "a tag\n", " no such tag\n");
    const exit = shell.command("/usr/bin/git").args(["tag", "a b"]).run();
    assert.throws(() => exit.expectSuccess(), { message: '`/usr/bin/git tag "a b"`: expected exit code 0, found 1; it complained: no such tag' });
    assert.throws(() => exit.expectNoOutput(), { message: '`/usr/bin/git tag "a b"`: expected no output, found a tag' });
});

test("a failure of the host is thrown with its code", () => {
    host.begin();
    host.answers["send"] = host.failing({ tag: "failed", val: { code: "http.tls", message: "the certificate has expired", retryable: true } });
    assert.throws(() => http.get("https://shop/").send(), { kind: "failed", code: "http.tls", isRetryable: true, message: "the certificate has expired" });
    host.answers["send"] = host.failing({ tag: "timed-out", val: "late" });
    assert.throws(() => http.get("https://shop/").send(), { kind: "timed-out", code: "timed-out", isRetryable: true });
    host.answers["send"] = host.failing({ tag: "denied", val: "no rule" });
    assert.throws(() => http.get("https://shop/").send(), { kind: "denied", isRetryable: false });
});

test("what would be a trap in the host is refused before", () => {
    const wrong = (act: () => unknown, message: RegExp) => assert.throws(act, message);
    wrong(() => http.get("http://shop/\ud83d"), /valid Unicode/);
    wrong(() => http.get("http://shop/").redirects(-1), /must be a whole number from 0 to 4294967295, found -1/);
    wrong(() => http.get("http://shop/").bytes("text" as unknown as Uint8Array), /must be a Uint8Array, found string/);
    wrong(() => http.get("http://shop/").timeout(30 as never), /must be a time, as `secs\(30\)` or `minutes\(5\)`, found number/);
});

test("a size is exact or refused", () => {
    host.begin();
    host.answers["diskFree"] = () => "9007199254740991";
    assert.equal(files.diskFree("/app"), Number.MAX_SAFE_INTEGER);
    host.answers["diskFree"] = () => "18446744073709551615";
    assert.throws(() => files.diskFree("/app"), { message: 'reading the free space at /app: "18446744073709551615" is no number that fits' });
    host.answers["diskFree"] = () => "1610612736";
    assert.throws(() => files.expectDiskFree("/app", gib(2)), { message: "/app: expected at least 2.0 GiB free, found 1.5 GiB" });
});

test("a wait ends at its deadline with the last failure, or at once when it is hopeless", () => {
    host.begin();
    const look = (failure: Error) => () => {
        throw failure;
    };
    const wait = () => within(millis(500)).every(millis(200)).until(look(assertion("found 503")));
    assert.throws(wait, { message: "not within 500 ms (4 tries), last: found 503" });
    assert.deepEqual(host.said, [["pause", 200], ["pause", 200], ["pause", 100]]);
    assert.throws(() => within(minutes(1)).until(look(fail("no such slot"))), { message: "no such slot" });
    assert.equal(host.said.length, 3);
    let looks = 0;
    const soak = () =>
        during(minutes(5)).every(secs(10)).always(() => {
            if (++looks > 2) {
                throw assertion("found 503");
            }
        });
    assert.throws(soak, { message: "after 20 s of 5 min: found 503" });
});

test("words reach the log with their fields", () => {
    host.begin();
    log.info("started", { pid: 7 });
    assert.deepEqual(host.said, [["info", "started", [{ key: "pid", value: "7" }]]]);
});
