"""The site: two slots, a link that says which one serves, and the program that starts and stops a slot's service."""

from dataclasses import dataclass

from lockstep import Ctx, ensure, fail, files, log, shell

CURRENT = "/site/current"
"""The link that the front follows."""


@dataclass
class Slots:
    """What the pre-flight found: which slot serves, the version in it, and which slot is idle."""

    live: str
    live_version: str
    idle: str


def of(ctx: Ctx) -> Slots:
    """As the step `current` found them."""
    return ctx.output("current", Slots)


def live_slot() -> str:
    """The slot that the link points to."""
    target = files.link_target(CURRENT)
    if target is None:
        raise fail(f"{CURRENT} is not a link: the site has never been set up")
    if target not in ("slots/blue", "slots/green"):
        raise fail(f"{CURRENT} points to {target}: expected slots/blue or slots/green")
    return target.removeprefix("slots/")


def address(slot: str) -> str:
    """Where the service of a slot answers."""
    return f"http://127.0.0.1:{files.read_text(f'/site/slots/{slot}/port').strip()}"


def service(ctx: Ctx, verb: str, slot: str) -> shell.Command:
    """The service's own command for a slot. It may be repeated: starting what runs and stopping what does not are both well."""
    state = f"{ctx.parameter('site')}/state/{slot}"
    return shell.command(ctx.parameter("service")).arg(verb).arg("--state").arg(state).idempotent()


def switch_over(ctx: Ctx) -> None:
    point_to(of(ctx).idle)


def switch_back(ctx: Ctx) -> None:
    point_to(of(ctx).live)


def point_to(slot: str) -> None:
    """One rename: a request follows the old link or the new one, never none."""
    log.info(f"clients are sent to {slot}")
    files.link(CURRENT, f"slots/{slot}")


def retire(ctx: Ctx) -> None:
    """The point of no return: after this, going back means releasing the old version again."""
    slots = of(ctx)
    ensure(live_slot() == slots.idle, f"the link no longer points to {slots.idle}: somebody has switched by hand")
    service(ctx, "stop", slots.live).run().expect_success()
    log.info(f"{slots.live} of version {slots.live_version} is stopped")
