"""Makes every call of the contract with values that are easy to get wrong, and meets what each refuses."""

from datetime import datetime

import cluster
import far
import kept
import moved
import stored
from lockstep import Ctx, Procedure, clock, ensure, log, millis, minutes, procedure, random, secs
from refused import refused

ODD = ["", "ü € 𝄞", 'a "quoted" \\ and\ttabbed\nline', "\x01\f\x7f\u2028", "-9223372036854775808"]
"""Nothing, more than ASCII, what JSON has to escape and what it has not, and what looks like a number."""


@procedure
def every_call(p: Procedure) -> None:
    p.describe("every-call", "0.1.0").title("Make every call")
    p.parameter("odd").title("An odd value").fallback('ü "and" more').choices(['ü "and" more', "plain"])
    p.parameter("least").title("The least number of 64 bits").fallback(-(2**63))
    p.parameter("most").title("The largest number of 64 bits").fallback(2**63 - 1)
    p.phase("Here")
    p.step("told", "What the run knows", told).about("Everything that the host alone answers").expected(secs(5)).timeout(minutes(1)).on_failure_pause()
    p.step("numbers", "Whole numbers to the last digit", numbers)
    p.step("kept", "Files and artifacts", kept.keep).undo(kept.remove).retry(2, millis(10), secs(1)).retry_on(["files.io"]).on_failure_undo()
    p.phase("There")
    p.step("asked", "Requests", far.ask).undo(far.forget).needs(["told", "numbers", "kept"]).on_failure_undo()
    p.step("stored", "Stores and databases", stored.store)
    p.step("moved", "Backups and migrations", moved.forward).undo(moved.back)
    p.step("cluster", "Objects of a cluster", cluster.change).undo(cluster.put_back)
    p.step("ran", "Programs", far.run).irreversible()
    p.step("alone", "Needs nothing", lambda _: None).needs([]).on_failure_continue()


def told(ctx: Ctx) -> list[str]:
    for odd in ODD:
        log.info(odd)
        ctx.remember("odd", odd)
        ensure(ctx.recall("odd") == odd, f"{odd} was not kept as it is")
    ctx.remember("nul", "a\0b")
    log.debug(f"{ctx.step()} {ctx.attempt()} {ctx.environment()}")
    log.warn(f"{ctx.run_id()} {ctx.idempotency_key()}")
    log.error(ctx.parameter("odd"))
    log.progress(1, 2, "half")
    before = clock.now()
    clock.pause(millis(5))
    clock.sleep(secs(2))
    clock.sleep_until(datetime.fromisoformat("2026-01-05T09:00:00Z"))
    ensure(clock.now() > before, "time stands still")
    log.info(f"{random.uuid()} {len(random.bytes(5_000))}")
    refused("a key that is too long", lambda: ctx.remember("k" * 65, 1))
    refused("a sleep that is too long", lambda: clock.sleep(minutes(600_000)))
    refused("a parameter that is not declared", lambda: ctx.parameter("none"))
    refused("an output that is not there", lambda: ctx.output("ran"))
    return ODD


def numbers(ctx: Ctx) -> list[int]:
    return [ctx.parameter("least", int), ctx.parameter("most", int)]
