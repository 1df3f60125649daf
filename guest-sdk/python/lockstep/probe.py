"""Probes: how the host finds out whether a call happened when a crash, a deadline or a broken connection has lost its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from .failure import fail
from .given import signed, text, words


class _Kinds(type):
    """A kind of probe that nobody has brought."""

    def __getattr__(cls, name: str) -> NoReturn:
        modules = {"http": "http", "command": "shell", "file": "files"}
        if name in modules:
            raise fail(f"`Probe.{name}` needs `from lockstep import {modules[name]}`: what is imported is what the procedure may ask")
        raise AttributeError(name)


class Probe(metaclass=_Kinds):
    """A read, and what its answer says about the call that it is attached to: it happened, it did not, or neither.

    After a crash the host asks by itself. A call that happened gives what the probe saw, one that did not is made again with the same idempotency key, and
    only one of which nobody knows is put to an operator. The grant must allow the probe, as a read, or the call is denied before it begins.

    `Probe.http`, `Probe.command` and `Probe.file` come with the modules `http`, `shell` and `files`.
    """

    if TYPE_CHECKING:

        @staticmethod
        def http(url: str) -> Probe:
            """A `GET`: a status of 200 to 299 says that it happened, unless more is said. For headers, a token or another method see `Request.as_probe`."""
            ...

        @staticmethod
        def command(program: str, args: Iterable[object] = ()) -> Probe:
            """A command that the grant calls a read: exit code 0 says that it happened, unless more is said. For variables see `Command.as_probe`."""
            ...

        @staticmethod
        def file(path: str, digest: str) -> Probe:
            """A file: it happened when it has the digest (`sha256:…`), it did not when nothing is there. Any other digest says nothing, unless
            `otherwise_did_not`."""
            ...

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read
        self._says: list[Callable[[Any], None]] = []

    def status(self, status: int) -> Probe:
        """A status with which it may have happened."""
        return self.happened(status)

    def happened(self, code: int) -> Probe:
        """A status or an exit code with which it may have happened."""
        checked = signed("a probe's code", code)
        return self._saying(lambda probe: probe.happened(checked))

    def did_not(self, code: int) -> Probe:
        """A status or an exit code that says that it did not happen. Not one of a far side that may still be at work on it."""
        checked = signed("a probe's code", code)
        return self._saying(lambda probe: probe.did_not(checked))

    def json(self, pointer: str, value: object) -> Probe:
        """What the body or the output must have as well: at this JSON pointer this text, number or flag."""
        where, what = text("a probe's pointer", pointer), words("a probe's value", value)
        return self._saying(lambda probe: probe.json(where, what))

    def text(self, contained: str) -> Probe:
        """A text that the body or the output must contain as well."""
        checked = text("a probe's text", contained)
        return self._saying(lambda probe: probe.text(checked))

    def otherwise_did_not(self) -> Probe:
        """Says that an answer that has the right code and lacks the rest means that it did not happen; of a file, any other digest."""
        return self._saying(lambda probe: probe.otherwise_did_not())

    def ready(self) -> Any:
        """In the host's words."""
        probe = self._read()
        for says in self._says:
            says(probe)
        return probe

    def _saying(self, says: Callable[[Any], None]) -> Probe:
        self._says.append(says)
        return self
