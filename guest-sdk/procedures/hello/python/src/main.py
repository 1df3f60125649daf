"""The smallest procedure: one parameter, one step, no grant."""

from lockstep import Ctx, Procedure, log, procedure


@procedure
def hello(p: Procedure) -> None:
    p.describe("hello", "0.1.0").title("Say hello")
    p.parameter("who").title("Whom to greet").fallback("world")
    p.step("greet", "Greet them", greet)


def greet(ctx: Ctx) -> str:
    greeting = f"hello, {ctx.parameter('who')}"
    log.info(greeting)
    return greeting
