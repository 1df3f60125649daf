"""Randomness, as a journaled value: a replay draws the same. Not for keys, since the journal can be read. The modules `random` and `uuid` draw from it too."""

from __future__ import annotations

import builtins

from wit_world.imports import random as host

from .given import whole

_AT_ONCE = 4_096
"""The most that one call of the contract gives."""


def bytes(count: int) -> builtins.bytes:
    """So many bytes."""
    wanted, drawn = whole("the number of random bytes", count), bytearray()
    while len(drawn) < wanted:
        drawn += host.bytes(min(wanted - len(drawn), _AT_ONCE))
    return builtins.bytes(drawn)


def uuid() -> str:
    """A version 4 UUID."""
    return host.uuid()
