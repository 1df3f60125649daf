"""Goes wrong in the ways that code goes wrong by itself, to show what becomes of each."""

from lockstep import Ctx, Procedure, artifact, fail, millis, procedure


@procedure
def astray(p: Procedure) -> None:
    p.describe("astray", "0.1.0").title("Go wrong in every way that needs no help")
    p.step("throws", "Panics, and is tried again", throws).retry(2, millis(10)).retry_on(["step.exception"]).on_failure_continue()
    p.step("recurses", "Calls itself without end", lambda _: deeper(0)).needs([]).on_failure_continue()
    p.step("hoards", "Takes all the memory there is", hoards).needs([]).on_failure_continue()
    p.step("answers", "Gives what is no JSON", lambda _: {4, 2}).needs([]).on_failure_continue()
    p.step("leaves", "Leaves something that cannot be taken back", leaves).needs([]).undo(throws)
    p.step("ends", "Gives up", ends).on_failure_undo()


def throws(_: Ctx) -> None:
    raise ValueError("the cup is empty")


def deeper(level: int) -> int:
    return deeper(level + 1) + 1


def hoards(_: Ctx) -> None:
    hoard = []
    while True:
        hoard.append(b"\1" * (1 << 20))


def leaves(_: Ctx) -> None:
    artifact.from_text("left", "something")


def ends(_: Ctx) -> None:
    raise fail("nothing went well")
