"""Objects of one kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wit_world.imports import kube as host

from . import given, json
from .failure import answer


class Selection:
    """Objects that are sought. Nothing happens before `entries`."""

    def __init__(self, api_version: str, kind: str, namespace: str) -> None:
        self._what = given.text("an API version", api_version), given.text("a kind", kind), given.text("a namespace", namespace)
        self._says: list[Callable[[Any], None]] = []

    def labels(self, selector: str) -> Selection:
        """Only those with these labels: `app=api,tier!=test`."""
        checked = given.text("a selector", selector)
        return self._saying(lambda selection: selection.labels(checked))

    def fields(self, selector: str) -> Selection:
        """Only those with these fields: `status.phase=Running`."""
        checked = given.text("a selector", selector)
        return self._saying(lambda selection: selection.fields(checked))

    def limit(self, count: int) -> Selection:
        """How many there may be: more is a failure. Without it 500."""
        most = given.whole("the number of objects", count)
        return self._saying(lambda selection: selection.limit(most))

    def entries(self) -> list[Any]:
        """The objects, by namespace and name."""
        selection = host.Selection(*self._what)
        for says in self._says:
            says(selection)
        return [json.read(self._what[1], text) for text in answer(selection.entries)]

    def _saying(self, says: Callable[[Any], None]) -> Selection:
        self._says.append(says)
        return self


def pods(namespace: str) -> Selection:
    """Pods of a namespace."""
    return select("v1", "Pod", namespace)


def select(api_version: str, kind: str, namespace: str) -> Selection:
    """Objects of any kind. An empty `namespace` is what belongs to none, or all of them."""
    return Selection(api_version, kind, namespace)
