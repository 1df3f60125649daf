"""Waits between two marks: how a run lets go of everything for minutes or weeks, and how one in the middle of a long call is stopped."""

from lockstep import Ctx, Procedure, clock, files, procedure, secs, shell


@procedure
def wait(p: Procedure) -> None:
    p.describe("wait", "0.1.0").title("Wait between two marks")
    p.parameter("sleep").title("Seconds to wait without holding anything").fallback(0)
    p.parameter("hold").title("Seconds that a program runs").fallback(0)
    p.step("begin", "Leave the first mark", lambda ctx: files.write_text("/marks/begun", "begun")).undo(lambda ctx: files.remove("/marks/begun"))
    p.step("hold", "Run a program for a while", hold)
    p.step("rest", "Wait", rest)
    p.step("end", "Leave the last mark", lambda ctx: files.write_text("/marks/ended", "ended")).undo(lambda ctx: files.remove("/marks/ended"))


def hold(ctx: Ctx) -> None:
    seconds = ctx.parameter("hold", int)
    if seconds > 0:
        shell.command("/usr/bin/sleep").arg(seconds).run().expect_success()


def rest(ctx: Ctx) -> None:
    seconds = ctx.parameter("sleep", int)
    if seconds > 0:
        clock.sleep(secs(seconds))
