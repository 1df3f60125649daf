"""What is declared, and what steps give."""

import unittest
from dataclasses import dataclass

from lockstep import Ctx, LockstepError, Procedure, assertion, codes, context, ensure, entry, fail, millis, minutes, secs

from . import host


def shop(p: Procedure) -> None:
    p.describe("shop", "1.2.3").title("Deploy the shop")
    p.parameter("slot").title("Which side").fallback("blue").choices(["blue", "green"])
    p.phase("Deploy")
    start = p.step("start", "It runs", lambda ctx: {"pid": 7}).undo(lambda ctx: "ignored").about("It is started.").needs([]).timeout(millis(1500))
    start.retry(3, secs(1)).retry_on(["http.connect"]).on_failure_pause().on_failure_undo().expected(minutes(1))
    p.step("wait", "Wait", lambda ctx: None).irreversible().needs(["start"]).retry(2, minutes(2), minutes(5))


class TheHostIsTold(unittest.TestCase):
    def setUp(self) -> None:
        host.begin()
        entry._declared[:] = [shop]

    def test_the_description_and_the_parameters(self) -> None:
        entry.Exported().describe()
        self.assertEqual(
            host.said,
            [
                ("description", "shop", "1.2.3"),
                ("title", "Deploy the shop"),
                ("parameter", "slot"),
                ("title", "Which side"),
                ("fallback", "blue"),
                ("choices", ["blue", "green"]),
            ],
        )

    def test_the_steps_and_of_what_was_said_twice_the_later(self) -> None:
        entry.Exported().plan()
        start = [("step", "start", "It runs"), ("phase", "Deploy"), ("undoable",), ("about", "It is started."), ("needs", []), ("timeout", 2)]
        start += [("retry", 3, 1_000, 60_000), ("retry_on", ["http.connect"]), ("on_failure_undo",), ("expected", 60)]
        wait = [("step", "wait", "Wait"), ("phase", "Deploy"), ("irreversible",), ("needs", ["start"]), ("retry", 2, 120_000, 300_000)]
        self.assertEqual(sorted(map(repr, host.said)), sorted(map(repr, start + wait)))
        self.assertEqual((host.said[0], host.said[10]), (start[0], wait[0]))

    def test_the_output_of_a_step(self) -> None:
        exported = entry.Exported()
        self.assertEqual(exported.run_step("start"), '{"pid":7}')
        self.assertIsNone(exported.run_step("wait"))
        self.assertIsNone(exported.undo_step("start"))

    def test_that_a_step_or_an_undo_is_not_declared(self) -> None:
        for act, told in (
            (lambda: entry.Exported().run_step("stop"), "the procedure declares no step `stop` for these parameters"),
            (lambda: entry.Exported().undo_step("wait"), "step `wait` declares no undo"),
        ):
            with self.assertRaises(host.Err) as raised:
                act()
            self.assertEqual(raised.exception.value, host.Failure_Failed(host.Problem(codes.UNKNOWN, told, False)))


class AnExceptionBecomesAFailure(unittest.TestCase):
    def told(self, raised: BaseException) -> object:
        def act(_: Ctx) -> None:
            raise raised

        host.begin()
        entry._declared[:] = [lambda p: p.step("fail", "Fail", act)]
        with self.assertRaises(host.Err) as caught:
            entry.Exported().run_step("fail")
        return caught.exception.value

    def test_of_its_own_kind(self) -> None:
        failed = lambda *problem: host.Failure_Failed(host.Problem(*problem))  # noqa: E731
        self.assertEqual(self.told(fail("nobody is on call")), failed("step.failed", "nobody is on call", False))
        self.assertEqual(self.told(assertion("found 503")), failed("step.assertion", "found 503", True))
        self.assertEqual(self.told(fail("taken").with_code("shop.taken").retryable().context("starting")), failed("shop.taken", "starting: taken", True))
        self.assertEqual(self.told(LockstepError("denied", "no rule", "denied", False).with_code("mine")), host.Failure_Denied("no rule"))
        self.assertEqual(self.told(LockstepError("timed-out", "late", "timed-out", True)), host.Failure_TimedOut("late"))
        self.assertEqual(self.told(LockstepError("in-doubt", "perhaps", "in-doubt", False)), host.Failure_InDoubt("perhaps"))
        self.assertEqual(self.told(fail("half \ud83d")), failed("step.failed", "half ?", False))

    def test_with_its_traceback_when_it_is_no_error_of_the_sdk(self) -> None:
        plain = codes.EXCEPTION
        for raised, code, last in (
            (KeyError("slot"), plain, "KeyError: 'slot'"),
            (SystemExit(3), plain, "SystemExit: 3"),
            (RecursionError("deep"), "limit.recursion", "RecursionError: deep"),
        ):
            problem = self.told(raised).value
            self.assertEqual((problem.code, problem.retryable), (code, False))
            self.assertTrue(problem.message.startswith("Traceback") and problem.message.endswith(last), problem.message)
            self.assertNotIn("lockstep/entry.py", problem.message)

    def test_with_what_was_being_done(self) -> None:
        with self.assertRaisesRegex(LockstepError, "^reading: found 503$"), context("reading"):
            ensure(False, "found 503")
        self.assertEqual(str(LockstepError("timed-out", "late", "timed-out", True)), "timed out: late")
        ensure(True, "never")


class NumbersAreWhole(unittest.TestCase):
    def test_of_64_bits_as_parameters_outputs_and_what_is_remembered(self) -> None:
        host.begin()
        ctx = Ctx("it")
        for number in (-(2**63), 2**63 - 1, 2**64 - 1):
            host.parameters["number"] = str(number)
            host.outputs["count"] = f'{{"number":{number}}}'
            ctx.remember("number", number)
            self.assertEqual(ctx.parameter("number", int), number)
            self.assertEqual(ctx.output("count"), {"number": number})
            self.assertEqual((host.remembered["number"], ctx.recall("number", int)), (str(number), number))

    def test_where_the_contract_has_32_bits(self) -> None:
        host.begin()
        entry._declared[:] = [lambda p: p.step("long", "Long", lambda ctx: None).timeout(minutes(10**9))]
        entry.Exported().plan()
        self.assertIn(("timeout", 2**32 - 1), host.said)
        with self.assertRaisesRegex(LockstepError, "a timeout must be a time, as `secs.30.` or `minutes.5.`, found int"):
            Procedure(False).step("x", "X", lambda ctx: None).timeout(30)  # type: ignore[arg-type]


@dataclass
class Slots:
    idle: str


class WhatAStepIsTold(unittest.TestCase):
    def test_has_the_type_asked_for_or_a_code(self) -> None:
        host.begin()
        host.parameters.update(port="many", flag="true")
        host.outputs.update(look='{"idle":"blue"}', other='{"busy":1}')
        ctx = Ctx("it")
        self.assertEqual((ctx.parameter("flag", bool), ctx.output("look", Slots)), (True, Slots("blue")))
        for act, code, message in (
            (lambda: ctx.parameter("port", int), codes.PARAMETER, 'parameter `port` is "many", which does not read as int: '),
            (lambda: ctx.parameter("none"), codes.PARAMETER, "parameter `none` has no value, or the procedure does not declare it"),
            (lambda: ctx.output("none"), codes.OUTPUT, "step `none` has no output"),
            (lambda: ctx.output("other", Slots), codes.OUTPUT, "the output of step `other` does not read as the type asked for: "),
        ):
            with self.assertRaises(LockstepError) as raised:
                act()
            self.assertEqual(raised.exception.code, code)
            self.assertTrue(raised.exception.message.startswith(message), raised.exception.message)
