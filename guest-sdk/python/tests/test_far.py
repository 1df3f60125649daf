"""Stores, databases and clusters, and what requests and commands have beside the usual: what is asked of the host, and what is said of its answers."""

import json
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from lockstep import LockstepError, db, http, kube, minutes, redis, secs, shell
from lockstep.sealed import Artifact

from . import host


def words() -> list[tuple[Any, ...]]:
    """What was said, without the objects that stand for handles."""
    plain = (str, int, float, bool, bytes, list, type(None))
    return [tuple(part if isinstance(part, plain) else "…" for part in line) for line in host.said]


class Case(unittest.TestCase):
    def setUp(self) -> None:
        host.begin()

    def fails(self, act: Any, message: str, code: str = "step.assertion") -> None:
        with self.assertRaises(LockstepError) as raised:
            act()
        self.assertEqual((raised.exception.message, raised.exception.code), (message, code))


def row(cells: dict[str, tuple[str, str | None]]) -> Any:
    """Rows of one line."""
    columns = [SimpleNamespace(label=label, kind=kind) for label, (kind, _) in cells.items()]
    values = [value for _, value in cells.values()]
    return SimpleNamespace(columns=lambda: columns, count=lambda: 1, cell=lambda _, column: values[column], cell_bytes=lambda *_: b"\x07", truncated=lambda: False)


class Databases(Case):
    def test_take_each_value_as_what_it_is_to_its_last_digit(self) -> None:
        instant = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
        statement = db.sql("SELECT $1")
        for value in (None, True, 2**64, 0.5, Decimal("-0.10"), Decimal("1E+3"), "ü", b"\x00\xff", instant, db.Json({"a": 2**63}), db.Instant("2026-01-02T03:04:05Z")):
            statement.bind(value)
        host.answers["query"] = lambda: row({})
        db.open("main").query(statement.timeout(secs(5)).limit_rows(10).idempotent())
        self.assertEqual(
            words()[2:-1],
            [
                ("bind_null",),
                ("bind_boolean", True),
                ("bind_integer", "18446744073709551616"),
                ("bind_float", 0.5),
                ("bind_decimal", "-0.10"),
                ("bind_decimal", "1000"),
                ("bind_text", "ü"),
                ("bind_bytes", b"\x00\xff"),
                ("bind_timestamp", "2026-01-02T02:04:05.000000Z"),
                ("bind_json", '{"a":9223372036854775808}'),
                ("bind_timestamp", "2026-01-02T03:04:05Z"),
                ("timeout", 5_000),
                ("limit_rows", 10),
                ("idempotent",),
            ],
        )
        self.fails(lambda: db.sql("").bind(Decimal("NaN")), "a value is NaN, which has no digits: bind it as a float", "step.failed")
        self.fails(
            lambda: db.sql("").bind(instant.replace(tzinfo=None)),
            "a datetime without a time zone is no instant: give it one, or bind its text",
            "step.failed",
        )
        self.fails(lambda: db.sql("").bind(object()), "a value must be bytes, found object", "step.failed")

    def test_give_each_value_by_its_kind_without_loss(self) -> None:
        cells = {"b": ("boolean", "false"), "i": ("integer", "-18446744073709551616"), "d": ("decimal", "0.10"), "f": ("float", "-inf")}
        others = {"y": ("bytes", "Bw=="), "j": ("json", '{"n":1}'), "t": ("date", "2026-01-02"), "n": ("integer", None)}
        host.answers["query"] = lambda: row({**cells, **others})  # type: ignore[dict-item]
        rows = db.open("main").query(db.sql("SELECT 1"))
        found = rows.one()
        read = [found.get(label) for label in (*cells, *others)]
        self.assertEqual(read, [False, -(2**64), Decimal("0.10"), float("-inf"), b"\x07", {"n": 1}, "2026-01-02", None])
        self.assertEqual(str(read[2]), "0.10")
        self.assertEqual(([row.text("d") for row in rows], found.text("n"), rows.value()), (["0.10"], None, False))
        self.fails(lambda: found.text("none"), "there is no column `none`")

    def test_commit_a_transaction_in_one_call(self) -> None:
        done = SimpleNamespace(count=lambda: 2, affected=lambda at: ["1", "18446744073709551615"][at], returned=lambda _: row({"id": ("integer", "4")}))
        host.answers["commit"] = lambda: done
        host.answers["engine"] = lambda: "postgresql"
        change = db.transaction().add(db.sql("UPDATE a")).expect_rows(1).add(db.sql("UPDATE b")).timeout(minutes(1)).idempotent()
        came = db.open("main").expect_engine("postgresql").commit(change)
        self.assertEqual(
            words()[2:],
            [
                ("transaction",),
                ("statement", "UPDATE a"),
                ("add", "…"),
                ("expect_rows", 1),
                ("statement", "UPDATE b"),
                ("add", "…"),
                ("timeout", 60_000),
                ("idempotent",),
                ("commit", "…"),
            ],
        )
        self.assertEqual((came.expect_rows(1).all_rows(), came.returned()[1].value()), ([1, 2**64 - 1], 4))
        self.fails(lambda: came.expect_rows(2), "1 rows were concerned, expected 2")
        self.fails(lambda: db.open("main").expect_engine("sqlite"), "database `main` is postgresql, expected sqlite")


class Stores(Case):
    def test_give_replies_as_what_they_are(self) -> None:
        host.answers["run_text"] = lambda: host.giving(kind="integer", integer=str(2**63 - 1), json=str(2**63 - 1))
        cache = redis.open("cache").timeout(secs(1))
        reply = cache.run(["INCRBY", "n", 2**62])
        self.assertEqual(reply.expect(2**63 - 1).integer(), 2**63 - 1)
        self.fails(lambda: reply.expect(1), "cache INCRBY: expected  to be 1, found 9223372036854775807")

        def nothing() -> None:
            raise host.Err(host.Failure_Failed(host.Problem("redis.reply", "it is nil", False)))

        host.answers["run"] = lambda: SimpleNamespace(kind=lambda: "nil", text=nothing)
        nil = cache.run_bytes(["GET", b"\xff"])
        self.assertTrue(nil.is_nil())
        self.fails(nil.text, "cache GET: it is nil", "redis.reply")
        host.answers["ping"] = lambda: 1_500
        self.assertEqual(cache.ping(), timedelta(microseconds=1_500))
        host.answers["scan"] = lambda: host.giving(keys=[b"a"], total=2, slowest=1)
        self.assertEqual(cache.scan("ü", 3).slowest(), timedelta(microseconds=1))
        self.assertEqual(
            host.said[1:],
            [("timeout", 1_000), ("run_text", ["INCRBY", "n", str(2**62)]), ("run", [b"GET", b"\xff"]), ("ping",), ("scan", "ü".encode(), 3)],
        )


class Clusters(Case):
    def stands(self, found: Any, replicas: int | None = None) -> None:
        """How every object stands."""
        stood = host.giving(text="as it stood", object=None if found is None else json.dumps(found), replicas=replicas)
        host.answers["revision"] = host.answers["parse"] = lambda: stood
        for change in ("apply", "scale", "set_image", "rollout_undo"):
            host.answers[change] = lambda: host.giving(object="{}", unpinned=["api:2"])

    def test_record_a_change_before_it_is_made_and_put_the_first_one_back(self) -> None:
        self.stands({"spec": {"template": {}}}, 2)
        api = kube.deployment("shop", "api").timeout(secs(20))
        self.fails(lambda: api.set_image("api", "api:2").expect_pinned(), "expected images with digests, found api:2")
        api.scale(5)
        self.assertEqual(host.remembered, {"kube:Deployment shop/api": "as it stood", "scaled:Deployment shop/api": "true"})
        host.said.clear()
        api.put_back()
        self.assertEqual(
            words(),
            [
                ("parse", "as it stood"),
                ("target", "apps/v1", "Deployment", "shop", "api"),
                ("timeout", 20_000),
                ("force",),
                ("rollout_undo", "…"),
                ("revision",),
                ("scale", "…", 2),
            ],
        )
        host.said.clear()
        api.put_back()
        self.assertEqual(host.said, [])

    def test_delete_what_was_not_there_and_apply_another_object_as_it_was(self) -> None:
        for found, wanted in ((None, ("delete", "…")), ({"data": {}}, ("apply", "…", '{"data": {}}'))):
            host.begin()
            self.stands(found)
            settings = kube.object("v1", "ConfigMap", "", "x" * 80).force()
            settings.apply({"data": {"a": 1}})
            # The same key in every language.
            self.assertEqual(list(host.remembered), ["kube:34ed9cb4b00c0412"])
            settings.put_back()
            self.assertEqual(words()[-1], wanted)

    def test_remember_nothing_of_a_change_that_is_only_tried(self) -> None:
        self.stands(None)
        kube.stateful_set("shop", "api").dry_run().scale(0)
        self.assertEqual(host.remembered, {})
        host.answers["read"] = lambda: '{"spec":{"replicas":3}}'
        self.assertEqual(kube.pod("shop", "api").field("/spec/replicas"), 3)
        host.answers["read"] = lambda: None
        self.fails(lambda: kube.daemon_set("shop", "api").field(""), "there is no DaemonSet shop/api", "kube.missing")
        host.answers["entries"] = lambda: ['{"a":1}']
        self.assertEqual(kube.pods("shop").labels("a=b").fields("c=d").limit(3).entries(), [{"a": 1}])
        host.answers["events"] = lambda: ['{"at":"","kind":"Normal","reason":"Pulled","message":"","count":2,"more":1}']
        self.assertEqual(kube.pod("shop", "api").events(), [kube.Event("", "Normal", "Pulled", "", 2)])


class Requests(Case):
    def test_are_asked_again_by_the_host_and_sent_side_by_side(self) -> None:
        host.answers["send"] = lambda: host.response(200, "")
        wait = http.get("http://shop/").until(secs(2), minutes(5)).until_status(200).until_json("/state", True).until_text("live")
        self.assertEqual(wait.send().tries(), 3)
        http.post("http://shop/").part("a", 1).part_file("b", "b.txt", "text/plain", b"\x01").send()
        self.assertEqual(
            host.said,
            [
                ("request", "GET", "http://shop/"),
                ("poll", 2_000, 300_000),
                ("until_status", 200),
                ("until_json", "/state", "true"),
                ("until_text", "live"),
                ("send",),
                ("request", "POST", "http://shop/"),
                ("part", "a", "1"),
                ("part_file", "b", "b.txt", "text/plain", b"\x01"),
                ("send",),
            ],
        )

        def denied() -> None:
            raise host.Err(host.Failure_Denied("no rule"))

        host.answers["response 0"], host.answers["response 1"] = lambda: host.response(204, ""), denied
        first, second = http.all([http.get("http://a/"), http.get("http://b/")])
        assert isinstance(first, http.Response) and isinstance(second, LockstepError)
        self.assertEqual((first.status(), second.code), (204, "denied"))


    def test_send_an_artifact_and_make_one(self) -> None:
        image = Artifact(host.giving(id="image"))
        host.answers["send"] = lambda: host.response(200, "", image.sealed)
        got = http.put("http://shop/image").text("in its place").artifact(image).into_artifact("answer").send()
        self.assertEqual(got.artifact().id(), "image")
        self.assertEqual(words(), [("request", "PUT", "http://shop/image"), ("body_artifact", "…"), ("into_artifact", "answer"), ("send",)])
        host.answers["send"] = lambda: host.response(404, "")
        none = http.get("http://shop/image").into_artifact("answer").send()
        self.fails(none.artifact, "GET http://shop/health: its body has become no artifact: it was answered with 404", "step.failed")


class Commands(Case):
    def test_succeed_with_the_codes_that_command_and_grant_say(self) -> None:
        host.answers["run"] = lambda: host.exit(1, "", success=True)
        found = shell.command("/bin/grep").success_codes([0, 1]).run()
        self.assertTrue(found.expect_success().is_success())
        self.assertEqual(words()[1:], [("success_code", 0), ("success_code", 1), ("run",)])
        host.answers["run"] = lambda: host.exit(0, "found\n", success=False)
        message = "`/bin/grep`: exit code 0 does not mean success here; it said: found"
        self.fails(shell.command("/bin/grep").success_codes([1]).run().expect_success, message)
        # The grant alone can say so as well.
        self.fails(shell.command("/bin/grep").run().expect_success, message)
        host.answers["run"] = lambda: host.exit(2, "")
        self.fails(shell.command("/bin/grep").run().expect_success, "`/bin/grep`: expected exit code 0, found 2")
        self.fails(shell.command("/bin/grep").success_codes([1]).run().expect_success, "`/bin/grep`: exit code 2 does not mean success here")

    def test_read_an_artifact_and_make_one(self) -> None:
        asked: list[Any] = []
        dump = Artifact(SimpleNamespace(read_at=lambda *args: asked.append(args)))
        dump.read_at(2**63, 5)
        self.assertEqual(asked, [("9223372036854775808", 5)])
        self.fails(lambda: dump.read_at(-1, 5), "an offset must be a whole number of at least 0, found -1", "step.failed")
        host.answers["run"] = lambda: host.exit(1, "")
        exit = shell.command("/bin/restore").env_file("PASSWORD", "…").stdin_artifact(dump).stdout_artifact("log").run()
        self.assertEqual(words()[1:], [("env_file", "PASSWORD", "…"), ("stdin_artifact", "…"), ("stdout_artifact", "log"), ("run",)])
        self.fails(exit.stdout_artifact, "`/bin/restore`: its standard output has become no artifact: it ended with 1", "step.failed")
