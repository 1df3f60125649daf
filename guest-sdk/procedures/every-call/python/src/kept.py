"""Files and artifacts."""

from lockstep import Ctx, Probe, artifact, ensure, files, log
from refused import refused

LARGE = (1 << 20) + 1
"""As large as the largest part of an artifact that is read at once, and one more."""

LINE = "sha256:3887c2cd3bec16420dc71507a74cf7f0a5effdd361f6d9cbe27b77831de8f65f"
"""The digest of a file that has one line."""


def keep(ctx: Ctx) -> None:
    odd = ctx.output("told")
    files.make_directory("/box/all/inner")
    files.write_text("/box/all/odd", "|".join(odd))
    files.append_text("/box/all/odd", "+")
    log.info(f"{files.read_text('/box/all/odd')} {files.digest('/box/all/odd')}")
    files.append_text_probed("/box/all/line", "one line\n", Probe.file("/box/all/line", LINE).otherwise_did_not())
    files.expect_digest("/box/all/line", LINE)
    files.write("/box/all/bytes", bytes([0, 255, 10, 0]))
    ensure(files.read("/box/all/bytes") == bytes([0, 255, 10, 0]), "other bytes were read")
    files.write("/box/all/empty", b"")
    log.info(str(len(files.read("/box/all/empty"))))
    files.link("/box/all/link", "odd")
    ensure(files.link_target("/box/all/link") == "odd", "the link points elsewhere")
    ensure(not files.exists("/box/all/none"), "there is something where nothing was made")
    log.info(f"{','.join(files.entries('/box/all'))} {files.disk_free('/box')}")
    refused("what is not there", lambda: files.read_text("/box/all/none"))
    refused("what is outside", lambda: files.read_text("/etc/passwd"))
    refused("what is no text", lambda: files.read_text("/box/all/bytes"))
    refused("what is no file", lambda: files.read("/box/all/inner"))
    refused("what is no path", lambda: files.read("/box/../etc"))
    refused("what stands there", lambda: files.link("/box/all/odd", "line"))
    artifacts()


def artifacts() -> None:
    odd = files.keep("/box/all/odd", "odd")
    log.info(f"{odd.id()} {odd.digest()}")
    files.place("/box/all/placed", artifact.by_id("odd"))
    files.place_program("/box/all/program", odd)
    large = artifact.from_text("large", "x" * LARGE)
    log.info(f"{large.digest()} {len(large.bytes())}")
    log.info(f"{len(large.read_at(1 << 20, 5))} {len(large.read_at(1 << 63, 5))}")
    log.info(f"{artifact.from_bytes('empty', b'').size()} {odd.text()}")
    refused("another of the same id", lambda: artifact.from_text("large", "another"))
    refused("an id that is none", lambda: artifact.from_text("No id", ""))
    refused("no artifact", lambda: artifact.by_id("none"))


def remove(_: Ctx) -> None:
    files.remove("/box/all")
