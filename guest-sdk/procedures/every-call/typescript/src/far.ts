// Requests, secrets and programs.

import { artifact, type Ctx, ensure, http, LockstepError, log, millis, secret, secs, shell } from "lockstep-sdk";
import * as Probe from "lockstep-sdk/probe";

import { refused } from "./refused.js";

const FAR = "http://far.test";

export function ask(ctx: Ctx): void {
    const [least, most] = ctx.output<bigint[]>("numbers");
    log.info(`${least} ${most}`);
    const token = secret.byId("TOKEN");
    const things = http.post(`${FAR}/things`).bearer(token).header("x-plain", "yes").json({ most, name: "ü" });
    const made = things.timeout(secs(5)).idempotent().capture("/session", "SESSION").send().expectStatus(201);
    log.info(`${made.status()} ${made.jsonPath<string>("/id")}`);
    const thing = `${FAR}/things/1`;
    const session = secret.byId("SESSION");
    http.put(thing).bearer(session).bytes(new Uint8Array([0, 255, 10, 0])).send().expectSuccess();
    const named = http.get(thing).header("x-plain", "yes").asProbe().status(200).json("/name", "x").text("name").didNot(404).otherwiseDidNot();
    http.patch(thing).text("x".repeat(1 << 16)).probe(named).send().expectSuccess();
    http.head(thing).send().expectSuccess();
    http.options(thing).send().expectText("is there");
    http.delete(thing).send().expectSuccess();
    const found = http.get(`${FAR}/find`).query("q", "blue & grün").redirects(2).send().expectJson("/number", most);
    log.info(`${found.url()} ${found.header("X-Odd")} ${found.jsonPath<string>("/found/0")}`);
    log.info(`${found.jsonPath<bigint>("/number")} ${found.timing().total}`);
    ensure(!found.truncated(), "the answer was cut");
    several();
    answersNo();
}

function several(): void {
    const form = http.post(`${FAR}/form`).part("field", 'a "field" of ü').partFile("file", "ü.bin", "application/octet-stream", new Uint8Array([0, 255, 10]));
    form.idempotent().send().expectStatus(201);
    const live = http.get(`${FAR}/live`).until(millis(10), secs(5)).untilStatus(200).untilJson("/state", "live").untilJson("/ready", true);
    log.info(String(live.untilText("live").send().tries()));
    const image = http.get(`${FAR}/image`).intoArtifact("image").send().expectSuccess().artifact();
    log.info(`${image.id()} ${image.text()}`);
    http.put(`${FAR}/image`).header("content-type", "application/x-image").artifact(image).send().expectStatus(204);
    const thing = `${FAR}/things/1`;
    for (const answer of http.all([http.get(thing), http.put(thing).text("ü"), http.get("http://elsewhere.test/")])) {
        log.info(answer instanceof LockstepError ? answer.code : String(answer.status()));
    }
}

export function forget(): void {
    http.delete(`${FAR}/things/1`).send().expectSuccess();
}

function answersNo(): void {
    const get = (path: string) => http.get(`${FAR}${path}`);
    refused("not there", () => get("/missing").send().expectStatus(200));
    refused("no artifact of it", () => get("/missing").intoArtifact("missing").send().artifact());
    refused("no connection", () => get("/broken").send());
    refused("no such name", () => get("/nowhere").send());
    refused("too late", () => get("/slow").timeout(secs(1)).send());
    refused("nobody knows", () => http.post(`${FAR}/slow`).timeout(secs(1)).send());
    refused("elsewhere", () => http.get("http://elsewhere.test/").send());
    refused("no url", () => http.get("far").send());
    refused("no header", () => get("/missing").header("a b", "").send());
    refused("no secret", () => secret.byId("NONE"));
    refused("a secret without a value", () => secret.byId("ABSENT"));
}

export function run(): void {
    const token = secret.byId("TOKEN");
    const tool = shell.command("/usr/bin/tool").args(["say", "it is", "", "ü"]).env("TOKEN", token).env("PLAIN", "ü").directory("/box");
    const there = Probe.command("/usr/bin/look", ["there"]).happened(0).didNot(3).json("/there", true);
    const said = tool.stdin(new Uint8Array([0, 255, 10, 0])).timeout(secs(9)).probe(there).run().expectSuccess();
    log.info(`${said.code()} ${said.text()} ${said.stderr().length} ${said.duration().milliseconds}`);
    ensure(!said.truncated(), "the output was cut");
    shell.command("/usr/bin/look").run().expectJson("/there", true);
    const again = (arg: string) => shell.command("/usr/bin/tool").arg(arg);
    const kept = again("keep").idempotent().envFile("TOKEN", token).stdinArtifact(artifact.byId("odd")).stdoutArtifact("said").run().stdoutArtifact();
    log.info(`${kept.id()} ${kept.text()}`);
    const fails = again("fail").idempotent().successCodes([0, 3]).run().expectSuccess();
    log.info(`${fails.isSuccess()} ${again("fail").idempotent().run().isSuccess()}`);
    refused("no success", () => again("keep").idempotent().successCodes([1]).run().expectSuccess());
    refused("no artifact", () => again("fail").idempotent().stdoutArtifact("none").run().stdoutArtifact());
    refused("fails", () => again("fail").idempotent().run().expectSuccess());
    refused("too late", () => again("sleep").idempotent().timeout(secs(1)).run());
    refused("nobody knows", () => again("sleep").timeout(secs(1)).run());
    refused("not granted", () => shell.command("/usr/bin/other").run());
    refused("no program", () => shell.command("/usr/bin/none").run());
    refused("no path", () => shell.command("tool").run());
}
