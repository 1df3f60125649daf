"""Restarts the shop and sees that it serves: the example of the guide."""

from lockstep import Ctx, Procedure, http, minutes, procedure, secs, shell, within


@procedure
def restart(p: Procedure) -> None:
    p.describe("restart", "0.1.0").title("Restart the shop and see that it serves")
    p.parameter("url").title("Where the shop answers").fallback("http://127.0.0.1:8080")

    p.phase("Pre-flight")
    p.step("look", "The shop is healthy before we touch it", healthy)
    p.phase("Restart")
    p.step("restart", "Restart the shop", restart_it).timeout(minutes(2))
    p.step("verify", "The shop is healthy again", verify)


def healthy(ctx: Ctx) -> None:
    http.get(f"{ctx.parameter('url')}/health").send().expect_status(200).expect_json("/status", "ok")


def restart_it(ctx: Ctx) -> None:
    shell.command("/usr/bin/systemctl").args(["restart", "shop"]).idempotent().run().expect_success()


def verify(ctx: Ctx) -> None:
    within(secs(30)).every(secs(1)).until(lambda: healthy(ctx))
