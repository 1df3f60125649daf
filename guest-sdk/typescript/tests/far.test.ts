// Stores, databases and clusters, and what requests and commands have beside the usual: what is asked of the host, and what is said of its answers.

import assert from "node:assert/strict";
import test from "node:test";

import { codes, db, http, kube, LockstepError, minutes, redis, secs, shell } from "../src/index.js";
import * as clock from "../src/clock.js";
import { Artifact } from "../src/sealed.js";
import * as host from "./host.ts";

/** What was said, without the objects that stand for handles. */
const words = () => host.said.map((line) => line.map((part) => (typeof part === "object" && !(part instanceof Uint8Array) ? "…" : part)));

test("a value is bound as what it is, to its last digit", () => {
    host.begin();
    const bytes = new Uint8Array([0, 255]);
    const values = [null, true, 7, -0, 2n ** 64n, 0.5, "ü", bytes, clock.Timestamp.parse("2026-01-02T03:04:05+01:00")] as const;
    const statement = values.reduce((statement, value) => statement.bind(value), db.sql("SELECT $1"));
    statement.bind(db.decimal("-0.10")).bind(db.float(2)).bind(db.instant("2026-01-02T03:04:05Z")).bind(db.json({ a: 2n ** 63n }));
    host.answers["query"] = () => ({ columns: () => [], count: () => 0 });
    db.open("main").query(statement.timeout(secs(5)).limitRows(10).idempotent());
    assert.deepEqual(words().slice(2, -1), [
        ["bindNull"],
        ["bindBoolean", true],
        ["bindInteger", "7"],
        ["bindInteger", "0"],
        ["bindInteger", "18446744073709551616"],
        ["bindFloat", 0.5],
        ["bindText", "ü"],
        ["bindBytes", bytes],
        ["bindTimestamp", "2026-01-02T02:04:05.000000Z"],
        ["bindDecimal", "-0.10"],
        ["bindFloat", 2],
        ["bindTimestamp", "2026-01-02T03:04:05Z"],
        ["bindJson", '{"a":9223372036854775808}'],
        ["timeout", 5_000],
        ["limitRows", 10],
        ["idempotent"],
    ]);
    assert.throws(() => db.sql("").bind(2 ** 53), { message: "a value is 9007199254740992, which may have been rounded: give a `bigint`, or `db.float(…)`" });
    assert.throws(() => db.sql("").bind(undefined as never), { message: "a value must be a string, found undefined" });
});

/** Rows of one line. */
function row(cells: Record<string, [string, string | null]>): unknown {
    const columns = Object.entries(cells).map(([label, [kind]]) => ({ label, kind, declared: kind }));
    const cell = (_: number, column: number) => Object.values(cells)[column]?.[1] ?? null;
    return { columns: () => columns, count: () => 1, truncated: () => false, cell, cellBytes: () => new Uint8Array([7]) };
}

test("a value is read by its kind, without loss", () => {
    host.begin();
    const cells = { b: ["boolean", "false"], i: ["integer", "9007199254740993"], s: ["integer", "-3"], d: ["decimal", "0.10"], f: ["float", "-inf"] } as const;
    const others = { y: ["bytes", "Bw=="], j: ["json", '{"n":9223372036854775807}'], t: ["date", "2026-01-02"], n: ["integer", null] } as const;
    host.answers["query"] = () => row({ ...cells, ...others } as never);
    const found = db.open("main").query(db.sql("SELECT 1")).one();
    const read = Object.keys({ ...cells, ...others }).map((label) => found.get(label));
    const json = { n: 9223372036854775807n };
    assert.deepEqual(read, [false, 9007199254740993n, -3, "0.10", Number.NEGATIVE_INFINITY, new Uint8Array([7]), json, "2026-01-02", null]);
    assert.equal(found.text("n"), null);
    assert.equal(found.get("s", BigInt), -3n);
    assert.throws(() => found.get("n", BigInt), { code: codes.ASSERTION, message: "column `n` is NULL" });
    assert.throws(() => found.get("d", BigInt), /column `d` is `0.10`: /);
    assert.throws(() => found.text("none"), { message: "there is no column `none`" });
});

test("a transaction is one call, and says what each statement came to", () => {
    host.begin();
    const done = { count: () => 2, affected: (at: number) => ["1", "18446744073709551615"][at], returned: () => row({ id: ["integer", "4"] }) };
    host.answers["commit"] = () => done;
    const change = db.transaction().add(db.sql("UPDATE a")).expectRows(1).add(db.sql("UPDATE b")).timeout(minutes(1)).idempotent();
    const came = db.open("main").expectEngine("postgresql").commit(change);
    assert.deepEqual(words(), [
        ["database", "main"],
        ["transaction"],
        ["statement", "UPDATE a"],
        ["add", "…"],
        ["expectRows", 1],
        ["statement", "UPDATE b"],
        ["add", "…"],
        ["timeout", 60_000],
        ["idempotent"],
        ["commit", "…"],
    ]);
    assert.deepEqual(came.expectRows(1).allRows(), [1, 18446744073709551615n]);
    assert.equal(came.returned()[1]?.value(), 4);
    assert.throws(() => came.expectRows(2), { message: "1 rows were concerned, expected 2" });
    assert.throws(() => db.open("main").expectEngine("sqlite"), { message: "database `main` is postgresql, expected sqlite" });
});

test("a reply is read as what it is", () => {
    host.begin();
    host.answers["runText"] = () => ({ kind: () => "integer", integer: () => "9223372036854775807", json: () => "9223372036854775807" });
    const cache = redis.open("cache").timeout(secs(1));
    const reply = cache.run(["INCRBY", "n", 2n ** 62n]);
    assert.equal(reply.expect(2n ** 63n - 1n).integer(), 2n ** 63n - 1n);
    assert.throws(() => reply.expect(1), { message: "cache INCRBY: expected  to be 1, found 9223372036854775807" });
    const nothing = host.failing({ tag: "failed", val: { code: "redis.reply", message: "it is nil", retryable: false } });
    host.answers["run"] = () => ({ kind: () => "nil", text: nothing });
    const nil = cache.runBytes(["GET", new Uint8Array([255])]);
    assert.equal(nil.isNil(), true);
    assert.throws(() => nil.text(), { code: "redis.reply", message: "cache GET: it is nil" });
    host.answers["ping"] = () => 1_500;
    assert.equal(cache.ping().milliseconds, 1.5);
    host.answers["scan"] = () => host.giving({ keys: [new Uint8Array([97])], total: 2_000, slowest: 1_000 });
    assert.equal(cache.scan("ü", 3).slowest().milliseconds, 1);
    assert.deepEqual(host.said.slice(1), [
        ["timeout", 1_000],
        ["runText", ["INCRBY", "n", "4611686018427387904"]],
        ["run", [new Uint8Array([71, 69, 84]), new Uint8Array([255])]],
        ["ping"],
        ["scan", new Uint8Array([0xc3, 0xbc]), 3],
    ]);
});

/** How an object stood. */
function stood(object: unknown, replicas: number | null): () => unknown {
    return () => host.giving({ text: "as it stood", object: object === null ? null : JSON.stringify(object), replicas });
}

test("a change is recorded before it is made, and the first one is put back", () => {
    host.begin();
    host.answers["revision"] = host.answers["parse"] = stood({ spec: { template: {} } }, 2);
    host.answers["setImage"] = host.answers["scale"] = host.answers["rolloutUndo"] = () => host.giving({ object: "{}", unpinned: ["api:2"] });
    const api = kube.deployment("shop", "api").timeout(secs(20));
    assert.throws(() => api.setImage("api", "api:2").expectPinned(), { message: "expected images with digests, found api:2" });
    api.scale(5);
    assert.deepEqual(host.remembered, { "kube:Deployment shop/api": "as it stood", "scaled:Deployment shop/api": "true" });
    host.said.length = 0;
    api.putBack();
    assert.deepEqual(words(), [
        ["parse", "as it stood"],
        ["target", "apps/v1", "Deployment", "shop", "api"],
        ["timeout", 20_000],
        ["force"],
        ["rolloutUndo", "…"],
        ["revision"],
        ["scale", "…", 2],
    ]);
    host.said.length = 0;
    api.putBack();
    assert.deepEqual(host.said, []);
});

test("what was not there is deleted, and another object applied as it was", () => {
    for (const [object, wanted] of [[null, ["delete", "…"]], [{ data: {} }, ["apply", "…", '{"data":{}}']]] as const) {
        host.begin();
        host.answers["revision"] = host.answers["parse"] = stood(object, null);
        host.answers["apply"] = () => host.giving({ object: "{}", unpinned: [] });
        const settings = kube.object("v1", "ConfigMap", "", "x".repeat(80)).force();
        settings.apply({ data: { a: 1 } });
        // The same key in every language.
        assert.deepEqual(Object.keys(host.remembered), ["kube:34ed9cb4b00c0412"]);
        settings.putBack();
        assert.deepEqual(words().at(-1), wanted);
    }
});

test("a change that is only tried is not remembered", () => {
    host.begin();
    host.answers["revision"] = stood(null, null);
    host.answers["scale"] = () => host.giving({ object: "{}", unpinned: [] });
    kube.statefulSet("shop", "api").dryRun().scale(0);
    assert.deepEqual(host.remembered, {});
    host.answers["read"] = () => '{"spec":{"replicas":3}}';
    assert.equal(kube.pod("shop", "api").field("/spec/replicas"), 3);
    host.answers["read"] = () => null;
    assert.throws(() => kube.daemonSet("shop", "api").field(""), { code: "kube.missing", message: "there is no DaemonSet shop/api" });
    host.answers["entries"] = () => ['{"a":1}'];
    assert.deepEqual(kube.pods("shop").labels("a=b").fields("c=d").limit(3).entries(), [{ a: 1 }]);
});

test("a request is asked again by the host, and several are sent side by side", () => {
    host.begin();
    host.answers["send"] = () => host.response(200, "");
    const wait = http.get("http://shop/").until(secs(2), minutes(5)).untilStatus(200).untilJson("/state", true).untilText("live");
    assert.equal(wait.send().tries(), 3);
    const bytes = new Uint8Array([1]);
    http.post("http://shop/").part("a", 1).partFile("b", "b.txt", "text/plain", bytes).send();
    assert.deepEqual(host.said, [
        ["request", "GET", "http://shop/"],
        ["poll", 2_000, 300_000],
        ["untilStatus", 200],
        ["untilJson", "/state", "true"],
        ["untilText", "live"],
        ["send"],
        ["request", "POST", "http://shop/"],
        ["part", "a", "1"],
        ["partFile", "b", "b.txt", "text/plain", bytes],
        ["send"],
    ]);
    host.answers["response 0"] = () => host.response(204, "");
    host.answers["response 1"] = host.failing({ tag: "denied", val: "no rule" });
    const [first, second] = http.all([http.get("http://a/"), http.get("http://b/")]);
    assert.equal((first as http.Response).status(), 204);
    assert.equal((second as LockstepError).code, "denied");
});

test("an artifact is sent as a body, and a body becomes one", () => {
    host.begin();
    const image = new Artifact(host.giving({ id: "image" }) as never);
    host.answers["send"] = () => host.response(200, "", image.sealed);
    const got = http.put("http://shop/image").text("in its place").artifact(image).intoArtifact("answer").send();
    assert.equal(got.artifact().id(), "image");
    assert.deepEqual(words(), [["request", "PUT", "http://shop/image"], ["bodyArtifact", "…"], ["intoArtifact", "answer"], ["send"]]);
    host.answers["send"] = () => host.response(404, "");
    const none = http.get("http://shop/image").intoArtifact("answer").send();
    assert.throws(() => none.artifact(), { message: "GET http://shop/health: its body has become no artifact: it was answered with 404" });
});

test("an exit code means what command and grant say", () => {
    host.begin();
    host.answers["run"] = () => host.exit(1, "", "", true);
    const found = shell.command("/bin/grep").successCodes([0, 1]).run();
    assert.equal(found.expectSuccess().isSuccess(), true);
    assert.deepEqual(words().slice(1), [["successCode", 0], ["successCode", 1], ["run"]]);
    host.answers["run"] = () => host.exit(0, "found\n", "", false);
    const message = "`/bin/grep`: exit code 0 does not mean success here; it said: found";
    assert.throws(() => shell.command("/bin/grep").successCodes([1]).run().expectSuccess(), { code: codes.ASSERTION, message });
    // The grant alone can say so as well.
    assert.throws(() => shell.command("/bin/grep").run().expectSuccess(), { message });
    host.answers["run"] = () => host.exit(2, "", "");
    assert.throws(() => shell.command("/bin/grep").run().expectSuccess(), { message: "`/bin/grep`: expected exit code 0, found 2" });
    assert.throws(() => shell.command("/bin/grep").successCodes([1]).run().expectSuccess(), { message: "`/bin/grep`: exit code 2 does not mean success here" });
});

test("a command reads an artifact and makes one", () => {
    host.begin();
    const sealed = host.giving({ id: "dump" });
    const asked: unknown[] = [];
    const read = (...args: unknown[]) => (asked.push(args), new Uint8Array());
    const dump = new Artifact({ ...sealed, readAt: read } as never);
    dump.readAt(2n ** 63n, 5);
    assert.deepEqual(asked, [["9223372036854775808", 5]]);
    assert.throws(() => dump.readAt(2 ** 60, 5), /a `bigint` where a `number` would round it, found 1152921504606847000/);
    host.answers["run"] = () => host.exit(1, "", "");
    const exit = shell.command("/bin/restore").envFile("PASSWORD", "…").stdinArtifact(dump).stdoutArtifact("log").run();
    assert.deepEqual(words().slice(1), [["envFile", "PASSWORD", "…"], ["stdinArtifact", "…"], ["stdoutArtifact", "log"], ["run"]]);
    assert.throws(() => exit.stdoutArtifact(), { message: "`/bin/restore`: its standard output has become no artifact: it ended with 1" });
});
