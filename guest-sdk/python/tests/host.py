"""A host: it writes down what it is told and answers what it was given to answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any


@dataclass
class Err(Exception):
    value: Any


@dataclass
class Message:
    value: str


class Failure_Denied(Message): ...


class Failure_TimedOut(Message): ...


class Failure_InDoubt(Message): ...


@dataclass
class Problem:
    code: str
    message: str
    retryable: bool


@dataclass
class Failure_Failed:
    value: Problem


@dataclass
class Pair:
    key: str
    value: str


said: list[tuple[Any, ...]] = []
"""What the host was told."""
parameters: dict[str, str] = {}
outputs: dict[str, str] = {}
remembered: dict[str, str] = {}
answers: dict[str, Callable[[], Any]] = {}
"""By the name of a call of `http`, `shell` or `files`: what it gives or raises."""
folder: dict[str, str] = {}
"""Files by their paths."""
now = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
"""The instant: time passes in pauses only."""


def begin() -> None:
    """Forgets everything."""
    for kept in (said, parameters, outputs, remembered, answers, folder):
        kept.clear()


class Told:
    """A resource that is told things and gives nothing, but for the calls that have an answer."""

    def __init__(self, *args: Any) -> None:
        said.append((type(self).__name__.lower(), *args))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            said.append((name, *args))
            return answers[name]() if name in answers else None

        return call


class Description(Told): ...


class Parameter(Told): ...


class Step(Told): ...


class Request(Told): ...


class Command(Told): ...


class Opened(Told):
    """What is there when the host says so, and made by nobody."""

    @classmethod
    def open(cls, id: str) -> Opened:
        return cls(id)


class Store(Opened): ...


class Database(Opened): ...


class Statement(Told): ...


class Transaction(Told): ...


class BackupOrder(Told): ...


class Migration(Told):
    """Its checksum is made of its script, and what the database has seen is an answer."""

    def __init__(self, version: str, title: str, script: str) -> None:
        super().__init__(version, title, script)
        self.version, self.script = version, script

    @staticmethod
    def history(_: Database) -> Any:
        return answers["history"]()

    def checksum(self) -> str:
        return f"sum of {self.script}"

    def up(self, _: Database) -> None:
        said.append(("up", self.version))

    def down(self, _: Database) -> None:
        said.append(("down", self.version))


class Target(Told): ...


class Selection(Told): ...


class Revision:
    @staticmethod
    def parse(text: str) -> Any:
        said.append(("parse", text))
        return answers["parse"]()


class Batch(Told):
    def response(self, index: int) -> Any:
        return answers[f"response {index}"]()


def pause(milliseconds: int) -> None:
    global now
    said.append(("pause", milliseconds))
    now += timedelta(milliseconds=milliseconds)


def remember(key: str, value: str) -> None:
    remembered[key] = value


def asked(name: str) -> Callable[..., Any]:
    """A function that is answered by `answers`."""
    return lambda *_: answers[name]()


def entries(path: str) -> list[str]:
    return sorted(file.removeprefix(f"{path}/") for file in folder if file.startswith(f"{path}/"))


def read_text(path: str) -> Any:
    return folder[path] if path in folder else answers["read_text"]()


def speak(level: str) -> Callable[..., None]:
    return lambda message, fields: said.append((level, message, [(pair.key, pair.value) for pair in fields]))


def giving(**parts: Any) -> Any:
    """What came of a call: gives the parts as they stand."""
    return SimpleNamespace(**{name: (lambda *_, value=value: value) for name, value in parts.items()})


def response(status: int, body: str, sealed: Any = None) -> Any:
    """What came back."""
    timing = SimpleNamespace(total=1_500_000)
    headers = [Pair("X-Side", "blue")]
    return giving(status=status, body=body.encode(), body_text=body, url="http://shop/health", timing=timing, headers=headers, tries=3, body_artifact=sealed)


def exit(code: int, out: str, err: str = "", success: bool | None = None) -> Any:
    """How a command ended."""
    texts = {"stdout": out.encode(), "stdout_text": out, "stderr": err.encode(), "stderr_text": err}
    return giving(code=code, is_success=code == 0 if success is None else success, duration=3, truncated=False, stdout_artifact=None, **texts)


def install() -> None:
    """Puts the host where the SDK looks for one."""
    files = {name: asked(name) for name in ("disk_free", "look")} | {"read_text": read_text, "entries": entries}
    interfaces: dict[str, dict[str, Any]] = {
        "types": {"Problem": Problem, "Pair": Pair} | {kind.__name__: kind for kind in (Failure_Denied, Failure_TimedOut, Failure_InDoubt, Failure_Failed)},
        "plan": {"Description": Description, "Parameter": Parameter, "Step": Step},
        "run": {"parameter": parameters.get, "output_of": outputs.get, "recall": remembered.get, "remember": remember, "environment": lambda: "staging"},
        "clock": {"now": lambda: now.isoformat(), "pause": pause},
        "log": {level: speak(level) for level in ("debug", "info", "warn", "error")},
        "random": {"bytes": bytes, "uuid": lambda: ""},
        "http": {"Request": Request, "Batch": Batch},
        "shell": {"Command": Command},
        "files": files,
        "redis": {"Store": Store},
        "db": {"Database": Database, "Statement": Statement, "Transaction": Transaction, "BackupOrder": BackupOrder, "Migration": Migration},
        "kube": {"Target": Target, "Revision": Revision, "Selection": Selection},
        "artifact": {"by_id": lambda _: answers["by_id"]()},
        "secret": {},
    }
    put("componentize_py_types", {"Err": Err})
    put("wit_world", {})
    put("wit_world.imports", {name: put(f"wit_world.imports.{name}", members) for name, members in interfaces.items()})


def put(name: str, members: dict[str, Any]) -> ModuleType:
    module = sys.modules[name] = ModuleType(name)
    module.__dict__.update(members)
    return module
