"""How objects stood before a step changed them, and what changes have made."""

from __future__ import annotations

from typing import Any

from wit_world.imports import kube as host
from wit_world.imports import run

from . import given, json
from .failure import answer, assertion

_LONGEST_KEY = 64
"""The longest key of `remember`."""


class Revision:
    """How an object stood."""

    def __init__(self, revision: Any) -> None:
        self.revision = revision
        """The host's handle."""

    @staticmethod
    def parse(text: str) -> Revision:
        """From the text of one that another step has returned."""
        return Revision(answer(host.Revision.parse, given.text("a revision", text)))

    def text(self) -> str:
        """As text, for another step."""
        return self.revision.text()

    def object(self) -> Any:
        """The object, without what the server alone says of it; `None` when it was not there."""
        text = self.revision.object()
        return None if text is None else json.read("the recorded object", text)

    def replicas(self) -> int | None:
        """How many replicas were wanted."""
        return self.revision.replicas()

    def image(self, container: str) -> str | None:
        """The image of a container, with the digest that ran where its pods tell it."""
        return self.revision.image(given.text("a container", container))


class Change:
    """What a change has made."""

    def __init__(self, change: Any) -> None:
        self._change = change

    def object(self) -> Any:
        """The object after the change."""
        return json.read("the changed object", self._change.object())

    def unpinned(self) -> list[str]:
        """Images that are not pinned by a digest: what they are may change."""
        return self._change.unpinned()

    def expect_pinned(self) -> Change:
        """Fails when an image is not pinned by a digest."""
        images = self.unpinned()
        if images:
            raise assertion(f"expected images with digests, found {', '.join(images)}")
        return self


def keep(key: str, text: str) -> None:
    """Keeps something of an object for the undo."""
    answer(run.remember, key, text)


def kept(key: str) -> str | None:
    """What an attempt of this step has kept; what was put back is forgotten."""
    text = run.recall(key)
    return None if text == "null" else text


def key(what: str, place: str) -> str:
    """A key for the object, as short as a key must be. The same in every language: an undo may be another's."""
    whole = f"{what}:{place}".encode()
    if len(whole) <= _LONGEST_KEY:
        return whole.decode()
    hash = 0xCBF2_9CE4_8422_2325
    for byte in whole:
        hash = (hash ^ byte) * 0x0100_0000_01B3 & 0xFFFF_FFFF_FFFF_FFFF
    return f"{what}:{hash:016x}"
