"""Requests to the addresses that the grant allows."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from wit_world.imports import http as host

from . import encoding, given, json
from .failure import LockstepError, answer
from .marked import Secret
from .probe import Probe
from .response import Response
from .sealed import Artifact
from .units import whole_millis

__all__ = ["Request", "Response", "all", "delete", "get", "head", "options", "patch", "post", "put"]


class Request:
    """A request being built. Nothing happens before `send`."""

    def __init__(self, method: str, url: str) -> None:
        self._method = given.text("a method", method)
        self._url = given.text("a URL", url)
        self._headers: list[tuple[str, str]] = []
        self._body: str | builtins.bytes | Artifact | None = None
        self._says: list[Callable[[host.Request], None]] = []
        self._probe: Probe | None = None

    def header(self, name: str, value: object) -> Request:
        """Adds a header. The value may hold a secret."""
        self._headers.append((given.text("a header's name", name), given.words(f"the header `{name}`", value)))
        return self

    def bearer(self, token: Secret) -> Request:
        """Shows a token: `authorization: Bearer …`. The host puts the value in on the way out."""
        return self.header("authorization", f"Bearer {token.marker}")

    def query(self, name: str, value: object) -> Request:
        """Adds `name=value` to the query, escaped."""
        self._url = encoding.add_to_query(self._url, name, value)
        return self

    def json(self, value: object) -> Request:
        """A body of JSON. Secrets inside are put in by the host."""
        self._body = given.text("a body", json.write(f"the body of {self._method} {self._url}", value))
        return self.header("content-type", "application/json")

    def form(self, fields: Mapping[str, object]) -> Request:
        """A body as a web form sends it."""
        self._body = encoding.form(fields)
        return self.header("content-type", "application/x-www-form-urlencoded")

    def text(self, text: str) -> Request:
        """A body of text."""
        self._body = given.text("a body", text)
        return self

    def bytes(self, content: builtins.bytes) -> Request:
        """A body of bytes."""
        self._body = given.content("a body", content)
        return self

    def artifact(self, content: Artifact) -> Request:
        """An artifact for the body, of any size and as it is."""
        self._body = content
        return self

    def into_artifact(self, id: str) -> Request:
        """Makes the body of the answer an artifact of any size, when its status is 200 to 299: `Response.artifact` has it."""
        checked = given.text("an artifact's id", id)
        return self._saying(lambda request: request.into_artifact(checked))

    def timeout(self, longest: timedelta) -> Request:
        """Deadline of the whole exchange. Without it 30 seconds."""
        milliseconds = whole_millis("a timeout", longest)
        return self._saying(lambda request: request.timeout(milliseconds))

    def redirects(self, limit: int) -> Request:
        """Follows at most that many redirects, of `GET` and `HEAD`. Without it none."""
        most = given.whole("the number of redirects", limit)
        return self._saying(lambda request: request.redirects(most))

    def idempotent(self) -> Request:
        """Says that repeating this request does no harm, so that a crash does not leave it in doubt."""
        return self._saying(lambda request: request.idempotent())

    def capture(self, pointer: str, id: str) -> Request:
        """Takes the text at a JSON pointer of the response into the secret `id`: see `secret.by_id`."""
        where, into = given.text("a pointer", pointer), given.text("a secret's id", id)
        return self._saying(lambda request: request.capture(where, into))

    def part(self, name: str, value: object) -> Request:
        """A field of a body of several parts, which the host puts together. The value may hold a secret."""
        key, content = given.text("a part's name", name), given.words(f"the part `{name}`", value)
        return self._saying(lambda request: request.part(key, content))

    def part_file(self, name: str, filename: str, content_type: str, content: builtins.bytes) -> Request:
        """A file among the parts of the body: as `part`."""
        key, file = given.text("a part's name", name), given.text("a file's name", filename)
        kind, held = given.text("a content type", content_type), given.content(f"the part `{name}`", content)
        return self._saying(lambda request: request.part_file(key, file, kind, held))

    def until(self, every: timedelta, within: timedelta) -> Request:
        """Asks again, so often and so long, until the answer is the one that the next lines say; without any, one with a status below 400.

        The host does it, in one call; `within` asks from here, call by call. Not for what must not be done twice.
        """
        pause, longest = whole_millis("a wait", every), whole_millis("a deadline", within)
        return self._saying(lambda request: request.poll(pause, longest))

    def until_status(self, status: int) -> Request:
        """Waits for this status, or another one that is said so."""
        wanted = given.whole("a status", status)
        return self._saying(lambda request: request.until_status(wanted))

    def until_json(self, pointer: str, value: object) -> Request:
        """Waits for this value at a JSON pointer of the body: a text, a number or a flag."""
        where, what = given.text("a pointer", pointer), given.words("the value at a pointer", value)
        return self._saying(lambda request: request.until_json(where, what))

    def until_text(self, text: str) -> Request:
        """Waits for a body with this text in it."""
        wanted = given.text("what is waited for", text)
        return self._saying(lambda request: request.until_text(wanted))

    def probe(self, probe: Probe) -> Request:
        """How the host finds out whether it happened when its outcome was lost. Of use for what must not be done twice only."""
        self._probe = probe
        return self

    def as_probe(self) -> Probe:
        """This request as a probe of another call. The grant must call it a read."""
        return Probe(lambda: self._ready().as_probe())

    def send(self) -> Response:
        """Sends it and waits for the whole response. A status of 400 or above is a response as well: say what you expect."""
        return self.received(self.whole().send)

    def received(self, call: Callable[..., Any], *args: int) -> Response:
        """What a call gives for this request."""
        return Response(self._method, answer(call, *args))

    def whole(self) -> host.Request:
        """In the host's words, with its probe."""
        request = self._ready()
        if self._probe is not None:
            request.probe(self._probe.ready())
        return request

    def _saying(self, says: Callable[[Any], None]) -> Request:
        self._says.append(says)
        return self

    def _ready(self) -> host.Request:
        """In the host's words, but for the probe: what is asked as a probe has none."""
        request = host.Request(self._method, self._url)
        for name, value in self._headers:
            request.header(name, value)
        if isinstance(self._body, str):
            request.body_text(self._body)
        elif isinstance(self._body, Artifact):
            request.body_artifact(self._body.sealed)
        elif self._body is not None:
            request.body(self._body)
        for says in self._says:
            says(request)
        return request


def get(url: str) -> Request:
    """A `GET`: read, done again after a crash."""
    return Request("GET", url)


def head(url: str) -> Request:
    """A `HEAD`: read."""
    return Request("HEAD", url)


def post(url: str) -> Request:
    """A `POST`: at most once, unless `idempotent`."""
    return Request("POST", url)


def put(url: str) -> Request:
    """A `PUT`: idempotent."""
    return Request("PUT", url)


def patch(url: str) -> Request:
    """A `PATCH`: at most once, unless `idempotent`."""
    return Request("PATCH", url)


def delete(url: str) -> Request:
    """A `DELETE`: idempotent."""
    return Request("DELETE", url)


def options(url: str) -> Request:
    """An `OPTIONS`: read."""
    return Request("OPTIONS", url)


def all(requests: Iterable[Request]) -> list[Response | LockstepError]:
    """Sends requests, at most 100, reads side by side: what became of each, a response or the failure in its place, in the order given.

    One that changes something is sent by itself, in its place.
    """
    batch, given = host.Batch(), list(requests)
    for request in given:
        batch.add(request.whole())
    answer(batch.send)
    became: list[Response | LockstepError] = []
    for index, request in enumerate(given):
        try:
            became.append(request.received(batch.response, index))
        except LockstepError as failure:
            became.append(failure)
    return became


Probe.http = staticmethod(lambda url: get(url).as_probe())
