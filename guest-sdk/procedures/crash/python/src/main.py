"""Reserves a room, and takes the reservation back unless the inn confirms it: a call of each kind for a crash to happen in."""

from lockstep import Ctx, Probe, Procedure, clock, files, http, minutes, procedure


@procedure
def crash(p: Procedure) -> None:
    p.describe("crash", "0.1.0").title("Reserve a room, and take it back unless it is confirmed")
    p.parameter("inn").title("Where the inn answers")
    p.step("look", "The room is free", look)
    p.step("note", "The desk has a note", note).undo(lambda _: files.remove("/desk/note")).on_failure_undo()
    p.step("reserve", "The room is reserved", reserve).undo(cancel).on_failure_undo()
    p.step("wait", "An hour has passed", lambda _: clock.sleep(minutes(60)))
    p.step("confirm", "The inn has confirmed", confirm).on_failure_undo()


def look(ctx: Ctx) -> int:
    return http.get(f"{ctx.parameter('inn')}/rooms/7").send().expect_json("/free", True).json_path("/price")


def note(ctx: Ctx) -> None:
    files.write_text("/desk/note", f"room 7 for {ctx.output('look')}")


def reserve(ctx: Ctx) -> str:
    """The inn keeps a reservation under the key that the host sends with it. It is remembered first, so that the undo finds it whatever happens."""
    inn = ctx.parameter("inn")
    place = f"{inn}/reservations/{ctx.idempotency_key()}"
    ctx.remember("place", place)
    made = Probe.http(place).status(200).json("/state", "made").did_not(404)
    http.post(f"{inn}/reservations").json({"room": 7}).probe(made).send().expect_success()
    return place


def cancel(ctx: Ctx) -> None:
    place = ctx.recall("place", str)
    if place is not None:
        http.delete(place).send().expect_success()


def confirm(ctx: Ctx) -> None:
    http.get(ctx.output("reserve", str)).send().expect_json("/confirmed", True)
