"""Runs a program in a process group of its own, its output line by line in the task's log."""

import asyncio
import codecs
import contextlib
import os
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from taskward.model.errors import TaskwardError
from taskward.modules.workflow.failures import StepFailed
from taskward.operations import Context

_GUARDIAN = Path(__file__).with_name("guardian.py")
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
_READ_BYTES = 64 * 1024
_LONGEST_LINE = 4_000
_MOST_LINES = 10_000
"""Lines of one stream that go to the log; a program that says more is not worth the store's room."""
_KEPT_CHARACTERS = 1_000_000
"""Of each stream, for the outputs of the step; of more, the end."""
_LAST_WORDS = timedelta(seconds=1)
"""How long after the end of a program its output may still come, from what it left behind outside its group."""


class ProgramMissing(TaskwardError):
    """There is no such program on this worker."""


class ProgramFailed(StepFailed):
    """The program ended with an exit code that does not mean success, or could not be started."""


class Command(Struct, frozen=True, kw_only=True):
    """What to run, with every template filled."""

    arguments: list[str]
    environment: dict[str, str]
    folder: Path
    stdin: str | None
    exit_codes: Sequence[int]
    grace: timedelta
    """Between SIGTERM and SIGKILL."""
    take_progress: Callable[[str], bool]
    """Is given each line, and says whether it was progress: then it stands in no log."""


class Ended(Struct, frozen=True):
    """How a program ended that succeeded, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str


class Programs:
    """Finds and runs programs. `places` has paths of those that the worker's PATH does not lead to, by name."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    async def run(self, ctx: Context, command: Command, hide: Callable[[str], str]) -> Ended:
        """Runs a program to its end. `hide` takes secrets out of what is logged.

        When the body is to end, the whole process group is asked to (SIGTERM) and after the grace made to (SIGKILL).
        Raises ProgramMissing, ProgramFailed.
        """
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | command.environment
        found = self._find(command.arguments[0], environment.get("PATH"))
        ctx.log(f"running {hide(shlex.join([found, *command.arguments[1:]]))[:_LONGEST_LINE]}")
        try:
            running = await _Running.start(ctx, command, [found, *command.arguments[1:]], environment, hide)
        except OSError as error:
            raise ProgramFailed(f"{found} cannot be started: {error.strerror or error}") from None
        return await running.ended()

    def _find(self, name: str, path: str | None) -> str:
        found = shutil.which(self._places.get(name, name), path=path)
        if found is None:
            hint = "install it, or say where it is in the setting workflow.programs (name=path)"
            raise ProgramMissing(f"there is no program `{name}` on this worker; {hint}")
        return str(Path(found).absolute())


_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""The socket to a program's guardian."""


class _Running:
    """A program between its start and its end."""

    def __init__(
        self,
        ctx: Context,
        command: Command,
        process: asyncio.subprocess.Process,
        line: _Line,
        hide: Callable[[str], str],
    ) -> None:
        self._ctx = ctx
        self._command = command
        self._process = process
        self._line, self._writer = line
        self._hide = hide

    @classmethod
    async def start(
        cls,
        ctx: Context,
        command: Command,
        arguments: list[str],
        environment: dict[str, str],
        hide: Callable[[str], str],
    ) -> "_Running":
        """Starts it, with its guardian. Raises OSError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    "-S",
                    str(_GUARDIAN),
                    str(theirs.fileno()),
                    str(command.grace.total_seconds()),
                    *arguments,
                    cwd=command.folder,
                    env=environment,
                    stdin=asyncio.subprocess.DEVNULL if command.stdin is None else asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        return cls(ctx, command, process, await asyncio.open_connection(sock=ours), hide)

    async def ended(self) -> Ended:
        """Waits for the end, whatever it takes. Raises ProgramFailed."""
        out, err = _Output("stdout", self), _Output("stderr", self)
        reading = asyncio.gather(out.read(self._process.stdout), err.read(self._process.stderr), self._feed())
        try:
            word = await self._line.read()
        except asyncio.CancelledError:
            await self._end_it()
            raise
        finally:
            self._signal(signal.SIGKILL)
            self._writer.close()
            await self._process.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS.total_seconds()):
                    await reading
            for output in (out, err):
                output.close()
        return self._judged(word.decode(), out, err)

    def _judged(self, word: str, out: "_Output", err: "_Output") -> Ended:
        name = Path(self._command.arguments[0]).name
        kind, _, detail = word.partition(" ")
        if kind == "exit" and int(detail) in self._command.exit_codes:
            return Ended(int(detail), out.kept, err.kept)
        said = self._hide(err.last_line or out.last_line)
        because = f": {said}" if said else ""
        if kind == "error":
            raise ProgramFailed(f"{name} cannot be started: {detail}")
        if kind != "exit":
            raise ProgramFailed(f"{name} was killed together with its guardian{because}")
        if int(detail) < 0:
            raise ProgramFailed(f"{name} was killed by {_signal_name(-int(detail))}{because}")
        raise ProgramFailed(f"{name} ended with exit code {detail}{because}")

    async def _end_it(self) -> None:
        """Asks the group to end and gives it its grace; being asked to hurry ends the grace."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(self._command.grace.total_seconds()):
                await self._line.read()

    async def _feed(self) -> None:
        if self._process.stdin is None or self._command.stdin is None:
            return
        # A program need not read what it is given.
        with contextlib.suppress(OSError):
            self._process.stdin.write(self._command.stdin.encode())
            await self._process.stdin.drain()
            self._process.stdin.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def takes_progress(self, line: str) -> bool:
        """Whether a line only told how far the program is."""
        return self._command.take_progress(line)

    def log(self, line: str, stream: str) -> None:
        """A line of the program in the task's log."""
        self._ctx.log(self._hide(line), stream=stream)

    async def breathe(self) -> None:
        """Lets the program not write faster than the store can."""
        if not self._ctx.canceled:
            await self._ctx.checkpoint()


class _Output:
    """One of a program's streams."""

    def __init__(self, name: str, running: _Running) -> None:
        self._name = name
        self._running = running
        self._partial = ""
        self._lines = 0
        self.kept = ""
        self.last_line = ""

    async def read(self, stream: asyncio.StreamReader | None) -> None:
        """Reads to the end."""
        if stream is None:
            return
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while chunk := await stream.read(_READ_BYTES):
            self._take(decoder.decode(chunk))
            await self._running.breathe()
        self._take(decoder.decode(b"", final=True))

    def close(self) -> None:
        """Nothing more will come."""
        if self._partial:
            self._line(self._partial)
            self._partial = ""
        if self._lines > _MOST_LINES:
            self._running.log(f"... and {self._lines - _MOST_LINES} more lines, which are not kept", self._name)

    def _take(self, text: str) -> None:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        self.kept = (self.kept + text)[-_KEPT_CHARACTERS:]
        # A progress that overwrites itself in a terminal is a line each time.
        *lines, self._partial = (self._partial + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if len(self._partial) > _LONGEST_LINE:
            lines.append(self._partial)
            self._partial = ""
        for line in lines:
            self._line(line)

    def _line(self, line: str) -> None:
        if not line.strip():
            return
        if self._running.takes_progress(line[:_LONGEST_LINE]):
            return
        self.last_line = line.strip()[:_LONGEST_LINE]
        for start in range(0, len(line), _LONGEST_LINE):
            self._lines += 1
            if self._lines <= _MOST_LINES:
                self._running.log(line[start : start + _LONGEST_LINE], self._name)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
