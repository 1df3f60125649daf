"""Many calls in one step: what a call costs, in every language."""

from lockstep import Ctx, Procedure, procedure, random


@procedure
def often(p: Procedure) -> None:
    p.describe("often", "0.1.0").title("Ask the host many times")
    p.parameter("times").title("How often").fallback(100)
    p.step("count", "Ask what the run knows, of which nothing is recorded", count)
    p.step("draw", "Ask for something that is recorded", draw)


def count(ctx: Ctx) -> int:
    return sum(ctx.attempt() for _ in range(ctx.parameter("times", int)))


def draw(ctx: Ctx) -> str:
    last = ""
    for _ in range(ctx.parameter("times", int)):
        last = random.uuid()
    return last
