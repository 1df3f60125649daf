"""Digests that were pinned, compared with those that were found."""

from __future__ import annotations

from .failure import codes, fail


def expect_digest(what: str, found: str, pinned: str) -> None:
    """Fails unless the digests are the same. Not retryable: other bytes do not turn into the right ones."""
    if _digits(found) != _digits(pinned):
        raise fail(f"{what}: expected digest {pinned}, found {found}").with_code(codes.ASSERTION)


def _digits(digest: str) -> str:
    """`sha256:` may be left out."""
    return digest.strip().removeprefix("sha256:").lower()
