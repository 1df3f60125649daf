"""The SDK's own tests: `python3 -m unittest discover --start-directory tests --top-level-directory .`. The modules that a build makes of the contract are put here in the place of the host."""

from . import host

host.install()
