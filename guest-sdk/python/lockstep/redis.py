"""Stores of Redis that the grant names: commands by their words, and the keys that begin with a text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from wit_world.imports import redis as host

from . import given
from .failure import answer
from .reply import Reply
from .units import whole_millis

__all__ = ["Reply", "Scanned", "Store", "open"]


class Scanned:
    """What a scan found."""

    def __init__(self, scanned: Any) -> None:
        self._scanned = scanned

    def keys(self) -> list[bytes]:
        """The keys, each once, in order."""
        return self._scanned.keys()

    def total(self) -> timedelta:
        """How long all of it took."""
        return timedelta(microseconds=self._scanned.total())

    def slowest(self) -> timedelta:
        """The slowest round trip: how long anybody else had to wait for it at most."""
        return timedelta(microseconds=self._scanned.slowest())


class Store:
    """A store of the grant."""

    def __init__(self, id: str, store: Any) -> None:
        self._id = id
        self._store = store

    def timeout(self, longest: timedelta) -> Store:
        """Deadline of each call that follows. Without it the step's."""
        self._store.timeout(whole_millis("a timeout", longest))
        return self

    def run(self, words: Iterable[object]) -> Reply:
        """Sends one command: `cache.run(["GET", "app:1"])`. Whether it is done again after a crash is the command's nature: see the contract."""
        texts = given.texts("a command's words", words)
        return Reply(self._line(texts[:1]), answer(self._store.run_text, texts))

    def run_bytes(self, words: Iterable[str | bytes]) -> Reply:
        """As `run`, with words of bytes, or of text among them."""
        octets = [given.octets("each of a command's words", word) for word in words]
        return Reply(self._line([word.decode("utf-8", "replace") for word in octets[:1]]), answer(self._store.run, octets))

    def ping(self) -> timedelta:
        """Whether it answers, and how soon."""
        return timedelta(microseconds=answer(self._store.ping))

    def info(self, section: str = "") -> str:
        """What the server says of itself: one section (`memory`, `replication`), or what it says by itself without one."""
        return answer(self._store.info, given.text("a section", section))

    def scan(self, prefix: str | bytes, most: int) -> Scanned:
        """The keys that begin with `prefix`, at most `most` of them, up to 1,000,000. It holds nobody up."""
        return Scanned(answer(self._store.scan, given.octets("a prefix", prefix), given.whole("the number of keys", most)))

    def delete_by_prefix(self, prefix: str | bytes, most: int) -> int:
        """Deletes the keys that begin with `prefix`, which is not empty, and gives how many. Counts first, and deletes none when there are more than `most`."""
        return answer(self._store.delete_by_prefix, given.octets("a prefix", prefix), given.whole("the number of keys", most))

    def _line(self, command: list[str]) -> str:
        """What was asked, for messages."""
        return f"{self._id} {command[0] if command else '…'}"


def open(id: str) -> Store:
    """The store that the grant has under that id. Each call connects anew."""
    checked = given.text("a store's id", id)
    return Store(checked, answer(host.Store.open, checked))
