"""Git in the work tree."""

from lockstep import Ctx, shell


def git(ctx: Ctx, *args: str) -> shell.Command:
    return shell.command("/usr/bin/git").args(["-C", ctx.parameter("work-tree"), *args])
