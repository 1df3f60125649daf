"""What must hold: before anything is touched, of the new version by itself, and of what clients see."""

import slots
from git import git
from lockstep import Ctx, clock, context, during, files, http, log, mib, millis, secret, secs, within

ROOM = 256
"""The release, both slots and the artifacts fit into this several times, in MiB."""


def clean(ctx: Ctx) -> str:
    """The output is the commit: later steps tag that one, whatever happens to the branch meanwhile."""
    git(ctx, "status", "--porcelain").run().expect_success().expect_no_output()
    return git(ctx, "rev-parse", "HEAD").run().expect_success().text().strip()


def untagged(ctx: Ctx) -> None:
    tag = f"v{ctx.parameter('version')}"
    found = git(ctx, "tag", "--list", tag).run().expect_success()
    with context(f"{tag} exists: this version was released before"):
        found.expect_no_output()


def space(ctx: Ctx) -> None:
    files.expect_disk_free("/site", mib(ROOM))


def current(ctx: Ctx) -> slots.Slots:
    live = slots.live_slot()
    idle = "green" if live == "blue" else "blue"
    health = http.get(f"{ctx.parameter('front')}/health").send().expect_status(200).expect_json("/status", "ok")
    live_version = health.json_path("/version")
    log.info(f"{live} serves version {live_version}; {idle} is idle")
    return slots.Slots(live, live_version, idle)


def healthy(ctx: Ctx) -> None:
    address, version = slots.address(slots.of(ctx).idle), ctx.parameter("version")

    def look() -> None:
        http.get(f"{address}/health").send().expect_status(200).expect_json("/status", "ok").expect_json("/version", version)

    within(secs(30)).every(millis(200)).until(look)


def login(ctx: Ctx) -> None:
    """The token never comes here: the host keeps it and puts it in where it is used."""
    address = slots.address(slots.of(ctx).idle)
    credentials = {"password": secret.by_id("APP_PASSWORD"), "user": "smoke"}
    http.post(f"{address}/login").json(credentials).capture("/token", "SESSION").idempotent().send().expect_status(200)
    http.get(f"{address}/account").bearer(secret.by_id("SESSION")).send().expect_status(200)
    http.get(f"{address}/account").send().expect_status(401)


def good(ctx: Ctx) -> None:
    """One look through the front: the new version, answering, and fast enough."""
    slowest = millis(ctx.parameter("slowest-milliseconds", int))
    answer = http.get(f"{ctx.parameter('front')}/version").send().expect_status(200)
    answer.expect_json("/version", ctx.parameter("version")).expect_faster_than(slowest)


def verify(ctx: Ctx) -> None:
    during(secs(2)).every(millis(200)).always(lambda: good(ctx))


def soak(ctx: Ctx) -> None:
    """Sleeps through the soak, and looks again at its end."""
    clock.sleep(secs(ctx.parameter("soak-seconds", int)))
    during(secs(1)).every(millis(200)).always(lambda: good(ctx))
