"""What `{{name}}` does, step by step. Each step is a function beside its undo."""

from lockstep import Ctx, Procedure, ensure, files, log, procedure, secs

GREETING = "/out/greeting.txt"
"""Where the greeting goes. The grant file `env.toml` says which folder of this machine that is."""


@procedure
def declare(p: Procedure) -> None:
    p.describe("{{name}}", "0.1.0").title("Leave a greeting and see that it is there")
    p.parameter("who").title("Whom to greet").fallback("world")

    p.phase("Pre-flight")
    p.step("look", "No greeting lies there yet, or one of ours", look)
    p.phase("Greet")
    p.step("greet", "Write the greeting", greet).undo(ungreet)
    p.step("verify", "The greeting can be read", verify).retry(3, secs(1))


def look(ctx: Ctx) -> None:
    if files.exists(GREETING):
        found = files.read_text(GREETING)
        ensure(found.startswith("hello"), f"{GREETING} holds something else: {found}")


def greet(ctx: Ctx) -> str:
    greeting = f"hello, {ctx.parameter('who')}"
    files.write_text(GREETING, greeting)
    log.info(f"wrote {GREETING}")
    return greeting


def ungreet(ctx: Ctx) -> None:
    files.remove(GREETING)


def verify(ctx: Ctx) -> None:
    expected = ctx.output("greet", str)
    found = files.read_text(GREETING)
    ensure(found == expected, f"expected `{expected}`, found `{found}`")
