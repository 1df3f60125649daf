"""The release: pinned by digest, tagged, put into the idle slot and started there."""

import json

import slots
from git import git
from lockstep import Ctx, artifact, files, secret


def manifest() -> dict[str, str]:
    """Each file of a release with its SHA-256, in the order of their names."""
    return dict(sorted(json.loads(artifact.by_id("manifest.json").text())["files"].items()))


def pin(ctx: Ctx) -> None:
    """Every byte of the release becomes an artifact of this run: what is installed later is what was checked here."""
    folder = f"/releases/{ctx.parameter('version')}"
    files.keep(f"{folder}/manifest.json", "manifest.json").expect_digest(ctx.parameter("release-digest"))
    for name, digest in manifest().items():
        files.keep(f"{folder}/{name}", id_of(name)).expect_digest(digest)


def id_of(name: str) -> str:
    """Artifact ids are lower case."""
    return name.lower()


def tag(ctx: Ctx) -> None:
    """Not forced, so that a tag that somebody else has made meanwhile is never moved. Made twice it would fail: after a crash git is asked whether it is
    there."""
    name, commit = f"v{ctx.parameter('version')}", ctx.output("clean", str)
    there = git(ctx, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}").as_probe().happened(0).text(commit).did_not(1)
    git(ctx, "tag", name, commit).probe(there).run().expect_success()


def untag(ctx: Ctx) -> None:
    name = f"v{ctx.parameter('version')}"
    if git(ctx, "tag", "--list", name).run().text().strip():
        git(ctx, "tag", "--delete", name).idempotent().run().expect_success()


def slot_folder(ctx: Ctx) -> str:
    return f"/site/slots/{slots.of(ctx).idle}/release"


def install(ctx: Ctx) -> None:
    folder = slot_folder(ctx)
    files.remove(folder)
    files.make_directory(folder)
    for name in manifest():
        files.place_program(f"{folder}/{name}", artifact.by_id(id_of(name)))


def remove(ctx: Ctx) -> None:
    files.remove(slot_folder(ctx))


def start(ctx: Ctx) -> None:
    idle = slots.of(ctx).idle
    port = files.read_text(f"/site/slots/{idle}/port").strip()
    password = secret.by_id("APP_PASSWORD")
    release = f"{ctx.parameter('site')}/slots/{idle}/release"
    command = slots.service(ctx, "start", idle).args(["--release", release, "--port", port, "--password-env", "APP_PASSWORD"])
    command.env("APP_PASSWORD", password).run().expect_success()


def stop(ctx: Ctx) -> None:
    slots.service(ctx, "stop", slots.of(ctx).idle).run().expect_success()
