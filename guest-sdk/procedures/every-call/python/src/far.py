"""Requests, secrets and programs."""

from lockstep import Ctx, LockstepError, Probe, artifact, ensure, http, log, millis, secret, secs, shell
from refused import refused

FAR = "http://far.test"


def ask(ctx: Ctx) -> None:
    least, most = ctx.output("numbers")
    log.info(f"{least} {most}")
    token = secret.by_id("TOKEN")
    things = http.post(f"{FAR}/things").bearer(token).header("x-plain", "yes").json({"most": most, "name": "ü"})
    made = things.timeout(secs(5)).idempotent().capture("/session", "SESSION").send().expect_status(201)
    log.info(f"{made.status()} {made.json_path('/id')}")
    thing = f"{FAR}/things/1"
    session = secret.by_id("SESSION")
    http.put(thing).bearer(session).bytes(bytes([0, 255, 10, 0])).send().expect_success()
    named = http.get(thing).header("x-plain", "yes").as_probe().status(200).json("/name", "x").text("name").did_not(404).otherwise_did_not()
    http.patch(thing).text("x" * (1 << 16)).probe(named).send().expect_success()
    http.head(thing).send().expect_success()
    http.options(thing).send().expect_text("is there")
    http.delete(thing).send().expect_success()
    found = http.get(f"{FAR}/find").query("q", "blue & grün").redirects(2).send().expect_json("/number", most)
    log.info(f"{found.url()} {found.header('X-Odd')} {found.json_path('/found/0')}")
    log.info(f"{found.json_path('/number')} {found.timing().total}")
    ensure(not found.truncated(), "the answer was cut")
    several()
    answers_no()


def several() -> None:
    form = http.post(f"{FAR}/form").part("field", 'a "field" of ü').part_file("file", "ü.bin", "application/octet-stream", bytes([0, 255, 10]))
    form.idempotent().send().expect_status(201)
    live = http.get(f"{FAR}/live").until(millis(10), secs(5)).until_status(200).until_json("/state", "live").until_json("/ready", True)
    log.info(str(live.until_text("live").send().tries()))
    image = http.get(f"{FAR}/image").into_artifact("image").send().expect_success().artifact()
    log.info(f"{image.id()} {image.text()}")
    http.put(f"{FAR}/image").header("content-type", "application/x-image").artifact(image).send().expect_status(204)
    thing = f"{FAR}/things/1"
    for answer in http.all([http.get(thing), http.put(thing).text("ü"), http.get("http://elsewhere.test/")]):
        log.info(answer.code if isinstance(answer, LockstepError) else str(answer.status()))


def forget(_: Ctx) -> None:
    http.delete(f"{FAR}/things/1").send().expect_success()


def answers_no() -> None:
    def get(path: str) -> http.Request:
        return http.get(f"{FAR}{path}")

    refused("not there", lambda: get("/missing").send().expect_status(200))
    refused("no artifact of it", lambda: get("/missing").into_artifact("missing").send().artifact())
    refused("no connection", lambda: get("/broken").send())
    refused("no such name", lambda: get("/nowhere").send())
    refused("too late", lambda: get("/slow").timeout(secs(1)).send())
    refused("nobody knows", lambda: http.post(f"{FAR}/slow").timeout(secs(1)).send())
    refused("elsewhere", lambda: http.get("http://elsewhere.test/").send())
    refused("no url", lambda: http.get("far").send())
    refused("no header", lambda: get("/missing").header("a b", "").send())
    refused("no secret", lambda: secret.by_id("NONE"))
    refused("a secret without a value", lambda: secret.by_id("ABSENT"))


def run(_: Ctx) -> None:
    token = secret.by_id("TOKEN")
    tool = shell.command("/usr/bin/tool").args(["say", "it is", "", "ü"]).env("TOKEN", token).env("PLAIN", "ü").directory("/box")
    there = Probe.command("/usr/bin/look", ["there"]).happened(0).did_not(3).json("/there", True)
    said = tool.stdin(bytes([0, 255, 10, 0])).timeout(secs(9)).probe(there).run().expect_success()
    log.info(f"{said.code()} {said.text()} {len(said.stderr())} {round(said.duration().total_seconds() * 1000)}")
    ensure(not said.truncated(), "the output was cut")
    shell.command("/usr/bin/look").run().expect_json("/there", True)

    def again(arg: str) -> shell.Command:
        return shell.command("/usr/bin/tool").arg(arg)

    kept = again("keep").idempotent().env_file("TOKEN", token).stdin_artifact(artifact.by_id("odd")).stdout_artifact("said").run().stdout_artifact()
    log.info(f"{kept.id()} {kept.text()}")
    fails = again("fail").idempotent().success_codes([0, 3]).run().expect_success()
    log.info(f"{str(fails.is_success()).lower()} {str(again('fail').idempotent().run().is_success()).lower()}")
    refused("no success", lambda: again("keep").idempotent().success_codes([1]).run().expect_success())
    refused("no artifact", lambda: again("fail").idempotent().stdout_artifact("none").run().stdout_artifact())
    refused("fails", lambda: again("fail").idempotent().run().expect_success())
    refused("too late", lambda: again("sleep").idempotent().timeout(secs(1)).run())
    refused("nobody knows", lambda: again("sleep").timeout(secs(1)).run())
    refused("not granted", lambda: shell.command("/usr/bin/other").run())
    refused("no program", lambda: shell.command("/usr/bin/none").run())
    refused("no path", lambda: shell.command("tool").run())
