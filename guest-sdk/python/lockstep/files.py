"""Files below the mounts that the grant names. Paths are absolute, as the grant shows them to the procedure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from wit_world.imports import files as host

from . import digest as digests
from . import given, json
from .failure import answer, assertion
from .probe import Probe
from .sealed import Artifact
from .units import spoken_size

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """What `look` found."""

    kind: Literal["file", "directory", "link", "other"]
    """What it is."""
    size: int
    """Size in bytes."""
    modified: datetime
    """Its last change."""
    target: str | None
    """Where a link points."""


def read(path: str) -> bytes:
    """The whole of a file."""
    return _at(path, host.read)


def read_text(path: str) -> str:
    """The whole of a file as text."""
    return _at(path, host.read_text)


def read_json(path: str) -> Any:
    """The whole of a file, read as JSON."""
    return json.read(path, read_text(path))


def write(path: str, content: bytes) -> None:
    """Replaces or makes a file; nobody ever sees it half-written."""
    _at(path, host.write, given.content(f"the content of {path}", content))


def write_text(path: str, text: str) -> None:
    """Replaces or makes a file from text: as `write`."""
    _at(path, host.write_text, given.text(f"the content of {path}", text))


def write_json(path: str, value: object) -> None:
    """Replaces or makes a file from a value, as JSON on several lines."""
    write_text(path, json.write(path, value, indent=2) + "\n")


def append_text(path: str, text: str) -> None:
    """Adds text at the end of a file, making it if needed. The one call here that must not be repeated: a crash in it leaves it in doubt."""
    _at(path, host.append_text, given.text(f"what is added to {path}", text))


def append_text_probed(path: str, text: str, probe: Probe) -> None:
    """As `append_text`, with a way for the host to find out whether it happened when its outcome was lost."""
    _at(path, host.append_text_probed, given.text(f"what is added to {path}", text), probe.ready())


def look(path: str) -> Entry | None:
    """What is there, without following a last link; None when nothing is."""
    found = _at(path, host.look)
    if found is None:
        return None
    return Entry(found.kind(), int(found.size()), datetime.fromisoformat(found.modified()), found.target())


def exists(path: str) -> bool:
    """Whether anything is there."""
    return look(path) is not None


def link_target(path: str) -> str | None:
    """Where a link points; None when there is no link."""
    found = look(path)
    return None if found is None else found.target


def entries(path: str) -> list[str]:
    """The names in a directory, sorted."""
    return _at(path, host.entries)


def make_directory(path: str) -> None:
    """Makes a directory and those above it. There already is well."""
    _at(path, host.make_directory)


def remove(path: str) -> None:
    """Removes a file, a link, or a directory and all in it. Not there is well."""
    _at(path, host.remove)


def link(path: str, target: str) -> None:
    """Points the link at `path` to `target` in one step: a reader sees the old target or the new one, never none."""
    _at(path, host.link, given.text("a link's target", target))


def digest(path: str) -> str:
    """The SHA-256 of a file: `sha256:` and 64 hexadecimal digits."""
    return _at(path, host.digest)


def expect_digest(path: str, pinned: str) -> None:
    """Fails unless the file has that digest."""
    digests.expect_digest(path, digest(path), pinned)


def disk_free(path: str) -> int:
    """Bytes free for the mount's file system."""
    return int(_at(path, host.disk_free))


def expect_disk_free(path: str, size: int) -> None:
    """Fails unless so many bytes are free: `files.expect_disk_free("/app", gib(1))`."""
    free = disk_free(path)
    if free < size:
        raise assertion(f"{path}: expected at least {spoken_size(size)} free, found {spoken_size(free)}")


def keep(path: str, id: str) -> Artifact:
    """Copies a file into a new artifact."""
    return Artifact(_at(path, host.keep, given.text("an artifact's id", id)))


def place(path: str, artifact: Artifact) -> None:
    """Writes an artifact as a file."""
    _at(path, host.place, artifact.sealed, False)


def place_program(path: str, artifact: Artifact) -> None:
    """Writes an artifact as a program: a file that may be executed."""
    _at(path, host.place, artifact.sealed, True)


def _at(path: str, call: Callable[..., T], *args: object) -> T:
    """The host's answer for a path; its messages name the path themselves."""
    return answer(call, given.text("a path", path), *args)


def _probe(path: str, digest: str) -> Probe:
    where, pinned = given.text("a path", path), given.text("a digest", digest)
    return Probe(lambda: host.digest_probe(where, pinned))


Probe.file = staticmethod(_probe)
