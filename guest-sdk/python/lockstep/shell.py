"""Programs of the host that the grant allows: one program and its arguments, never a line for a shell to take apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from wit_world.imports import shell as host

from . import given, json
from .exit import Exit
from .failure import answer
from .probe import Probe
from .sealed import Artifact
from .units import whole_millis

__all__ = ["Command", "Exit", "command"]


class Command:
    """A command being built. Nothing happens before `run`."""

    def __init__(self, program: str) -> None:
        self._program = given.text("a program", program)
        self._args: list[str] = []
        self._says: list[Callable[[host.Command], None]] = []
        self._success_codes: list[int] = []
        self._probe: Probe | None = None

    def arg(self, arg: object) -> Command:
        """Adds an argument."""
        self._args.append(given.words("an argument", arg))
        return self

    def args(self, args: Iterable[object]) -> Command:
        """Adds arguments."""
        self._args += given.texts("the arguments", args)
        return self

    def env(self, name: str, value: object) -> Command:
        """Sets a variable the grant allows. The value may hold a secret; arguments may not, other users can read them."""
        key, content = given.text("a variable's name", name), given.words(f"the variable `{name}`", value)
        return self._saying(lambda command: command.env(key, content))

    def env_file(self, name: str, content: object) -> Command:
        """Sets a variable the grant allows to the path of a file with this content, which only the program can open, while it runs.

        For programs that take a password from a file. The content may hold a secret.
        """
        key, held = given.text("a variable's name", name), given.words(f"the file of the variable `{name}`", content)
        return self._saying(lambda command: command.env_file(key, held))

    def directory(self, path: str) -> Command:
        """The working directory, absolute, one the grant allows."""
        checked = given.text("a directory", path)
        return self._saying(lambda command: command.directory(checked))

    def stdin(self, input: str | bytes) -> Command:
        """What it reads on standard input: text or bytes. May hold a secret."""
        content = given.text("standard input", input).encode() if isinstance(input, str) else given.content("standard input", input)
        return self._saying(lambda command: command.stdin(content))

    def stdin_artifact(self, input: Artifact) -> Command:
        """What it reads on standard input: an artifact of any size, as it is. In the place of `stdin`."""
        return self._saying(lambda command: command.stdin_artifact(input.sealed))

    def stdout_artifact(self, id: str) -> Command:
        """Makes its standard output an artifact of any size, once it has succeeded: `Exit.stdout_artifact` has it."""
        checked = given.text("an artifact's id", id)
        return self._saying(lambda command: command.stdout_artifact(checked))

    def timeout(self, longest: timedelta) -> Command:
        """Deadline, after which it and all it started are killed. Without it the step's."""
        milliseconds = whole_millis("a timeout", longest)
        return self._saying(lambda command: command.timeout(milliseconds))

    def idempotent(self) -> Command:
        """Says that repeating this command does no harm, so that a crash does not leave it in doubt."""
        return self._saying(lambda command: command.idempotent())

    def success_codes(self, codes: Iterable[int]) -> Command:
        """The exit codes that mean success, in the place of what the grant says of the program, or of 0: `[0, 1]` of a search that may find nothing."""
        self._success_codes = [given.signed("an exit code", code) for code in codes]
        return self

    def probe(self, probe: Probe) -> Command:
        """How the host finds out whether it happened when its outcome was lost. Of use for what must not be done twice only."""
        self._probe = probe
        return self

    def as_probe(self) -> Probe:
        """This command as a probe of another call. The grant must call it a read."""
        return Probe(lambda: self._ready().as_probe())

    def run(self) -> Exit:
        """Runs it to its end. One that did not succeed has ended as well: say what you expect."""
        command = self._ready()
        if self._probe is not None:
            command.probe(self._probe.ready())
        return Exit(self._line(), bool(self._success_codes), answer(command.run))

    def _saying(self, says: Callable[[Any], None]) -> Command:
        self._says.append(says)
        return self

    def _ready(self) -> host.Command:
        """In the host's words, but for the probe: what is asked as a probe has none."""
        command = host.Command(self._program, self._args)
        for says in self._says:
            says(command)
        for code in self._success_codes:
            command.success_code(code)
        return command

    def _line(self) -> str:
        """The command as a person would type it, for messages only."""
        plain = [word if word and not set(word) & set(" \"'\\\n\t") else json.quoted(word) for word in (self._program, *self._args)]
        return " ".join(plain)


def command(program: str) -> Command:
    """Begins a command. `program` is an absolute path."""
    return Command(program)


Probe.command = staticmethod(lambda program, args=(): command(program).args(args).as_probe())
