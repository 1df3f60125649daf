"""What is asked of the host, and what is said of its answers."""

import unittest
from collections.abc import Callable

from lockstep import LockstepError, assertion, during, fail, files, gib, http, log, millis, minutes, secs, shell, within

from . import host


class Requests(unittest.TestCase):
    def setUp(self) -> None:
        host.begin()

    def fails(self, act: Callable[[], object], message: str) -> None:
        with self.assertRaises(LockstepError) as raised:
            act()
        self.assertEqual((raised.exception.message, raised.exception.code, raised.exception.is_retryable), (message, "step.assertion", True))

    def test_are_said_in_the_hosts_words(self) -> None:
        host.answers["send"] = lambda: host.response(200, "")
        http.post("http://shop/orders?a=b#c").query("who", "Ada & Bob").header("x", 1).json({"ü": "<"}).timeout(minutes(10**9)).idempotent().send()
        self.assertEqual(
            host.said,
            [
                ("request", "POST", "http://shop/orders?a=b&who=Ada%20%26%20Bob#c"),
                ("header", "x", "1"),
                ("header", "content-type", "application/json"),
                ("body_text", '{"ü":"<"}'),
                ("timeout", 2**32 - 1),
                ("idempotent",),
                ("send",),
            ],
        )

    def test_that_were_not_answered_as_expected_say_what_was_found(self) -> None:
        host.answers["send"] = lambda: host.response(503, '{"status":"down"}')
        response = http.get("http://shop/health").send()
        origin = "GET http://shop/health: "
        self.fails(lambda: response.expect_status(200), origin + 'expected status 200, found 503 with {"status":"down"}')
        self.fails(lambda: response.expect_success(), origin + 'expected success, found status 503 with {"status":"down"}')
        self.fails(lambda: response.expect_json("/status", "ok"), origin + 'expected /status to be "ok", found "down"')
        self.fails(lambda: response.expect_json("/state", 1), origin + 'expected something at /state, found none in {"status":"down"}')
        self.fails(lambda: response.expect_text("up"), origin + 'expected "up" in the body, found {"status":"down"}')
        self.fails(lambda: response.expect_header("x-side", "green"), origin + "expected header x-side: green, found blue")
        self.fails(lambda: response.expect_faster_than(secs(1)), origin + "expected an answer within 1 s, found 1.5 s")
        self.assertIs(response.expect_status(503).expect_json("/status", "down"), response)

    def test_that_failed_raise_with_the_code_of_the_host(self) -> None:
        def expired() -> None:
            raise host.Err(host.Failure_Failed(host.Problem("http.tls", "the certificate has expired", True)))

        def denied() -> None:
            raise host.Err(host.Failure_Denied("no rule"))

        host.answers["send"] = expired
        with self.assertRaises(LockstepError) as raised:
            http.get("https://shop/").send()
        self.assertEqual((raised.exception.kind, raised.exception.code, raised.exception.is_retryable), ("failed", "http.tls", True))
        host.answers["send"] = denied
        with self.assertRaisesRegex(LockstepError, "^denied: no rule$"):
            http.get("https://shop/").send()

    def test_of_a_wrong_type_are_refused_before_the_host_would_trap(self) -> None:
        for act, message in (
            (lambda: http.get("http://shop/\ud83d").send(), "valid Unicode"),
            (lambda: http.get("http://shop/").redirects(-1), "must be a whole number from 0 to 4294967295, found -1"),
            (lambda: http.get("http://shop/").bytes("text"), "must be bytes, found str"),  # type: ignore[arg-type]
        ):
            with self.assertRaisesRegex(LockstepError, message):
                act()


class Commands(unittest.TestCase):
    def test_that_ended_otherwise_say_how(self) -> None:
        host.begin()
        host.answers["run"] = lambda: host.exit(1, "a tag\n", " no such tag\n")
        exit = shell.command("/usr/bin/git").args(["tag", "a b"]).run()
        for act, message in (
            (exit.expect_success, "`/usr/bin/git tag \"a b\"`: expected exit code 0, found 1; it complained: no such tag"),
            (exit.expect_no_output, "`/usr/bin/git tag \"a b\"`: expected no output, found a tag"),
        ):
            with self.assertRaises(LockstepError) as raised:
                act()
            self.assertEqual(raised.exception.message, message)


class Files(unittest.TestCase):
    def test_have_sizes_of_64_bits(self) -> None:
        host.begin()
        host.answers["disk_free"] = lambda: "18446744073709551615"
        self.assertEqual(files.disk_free("/app"), 2**64 - 1)
        host.answers["disk_free"] = lambda: "1610612736"
        with self.assertRaisesRegex(LockstepError, "^/app: expected at least 2.0 GiB free, found 1.5 GiB$"):
            files.expect_disk_free("/app", gib(2))


class Waits(unittest.TestCase):
    def setUp(self) -> None:
        host.begin()

    def test_end_at_the_deadline_and_show_the_last_failure(self) -> None:
        def look() -> None:
            raise assertion("found 503")

        with self.assertRaisesRegex(LockstepError, r"^not within 500 ms \(4 tries\), last: found 503$"):
            within(millis(500)).every(millis(200)).until(look)
        self.assertEqual(host.said, [("pause", 200), ("pause", 200), ("pause", 100)])

    def test_end_at_once_when_it_is_hopeless(self) -> None:
        def look() -> None:
            raise fail("no such slot")

        with self.assertRaisesRegex(LockstepError, "^no such slot$"):
            within(minutes(1)).until(look)
        self.assertEqual(host.said, [])

    def test_for_a_while_end_with_the_first_failure_and_say_when(self) -> None:
        looks: list[int] = []

        def look() -> None:
            looks.append(1)
            if len(looks) > 2:
                raise assertion("found 503")

        with self.assertRaisesRegex(LockstepError, "^after 20 s of 5 min: found 503$"):
            during(minutes(5)).every(secs(10)).always(look)


class Words(unittest.TestCase):
    def test_reach_the_log_with_their_fields(self) -> None:
        host.begin()
        log.info("started", pid=7)
        self.assertEqual(host.said, [("info", "started", [("pid", "7")])])
