"""Leaves three marks, fails where it is told, and takes back what was left: last in, first out."""

from lockstep import Ctx, Procedure, fail, files, log, procedure


@procedure
def undo(p: Procedure) -> None:
    p.describe("undo", "0.1.0").title("Leave three marks, fail where it is told, and take back what was left")
    p.parameter("fail").title("The step that fails").fallback("none").choices(["none", "first", "second", "third"])
    p.step("first", "Leave the first mark", leave).undo(take_back).on_failure_undo()
    p.step("second", "Leave the second mark", leave).undo(take_back).on_failure_undo()
    p.step("third", "Leave the third mark", leave).undo(take_back).on_failure_undo()


def leave(ctx: Ctx) -> str:
    """What is about to be made is remembered before it is made, so that the undo finds it whatever happens in between."""
    mark = f"/marks/{ctx.step()}"
    ctx.remember("mark", mark)
    files.write_text(mark, ctx.step())
    if ctx.parameter("fail") == ctx.step():
        raise fail(f"told to fail at {ctx.step()}")
    return mark


def take_back(ctx: Ctx) -> None:
    mark = ctx.recall("mark", str)
    if mark is not None:
        log.info(f"taking back {mark}")
        files.remove(mark)
