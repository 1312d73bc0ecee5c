"""Bodies each in a process of its own: really killable, and alone with what they break."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import msgspec
import structlog

from taskward.engine import frames
from taskward.engine.outcome import Killed, Outcome, Raised
from taskward.engine.run import Run, Surroundings
from taskward.model.errors import TaskwardError, Unavailable
from taskward.model.task import Task
from taskward.operations import Operation
from taskward.operations.failure import error_of_task

_log = structlog.get_logger(__name__)

_UNAVAILABLE_SECONDS = 1.0


class ProcessBody(Run):
    """A body in a child process, in a process group of its own."""

    def __init__(self, task: Task, operation: Operation, surroundings: Surroundings) -> None:
        super().__init__(task, operation, surroundings)
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._driving: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._children: dict[UUID, Task] = {}
        self._killed = False

    @property
    def has_unwritten_notes(self) -> bool:
        """Its notes come ready made, so the recorder holds them."""
        return super().has_unwritten_notes or self._around.recorder.holds_notes

    def request_pause(self) -> None:
        """See `Run.request_pause`."""
        super().request_pause()
        self._send(frames.AskToPause())

    def _start_body(self) -> None:
        self._driving = self._around.loop.create_task(self._drive())

    def _interrupt(self) -> None:
        self._send(frames.AskToStop())
        self._signal(signal.SIGTERM)

    def _force(self) -> bool:
        self._killed = True
        self._signal(signal.SIGKILL)
        return True

    async def _drive(self) -> None:
        try:
            outcome = await self._run_process()
        except Exception as error:  # noqa: BLE001 - a process that cannot be started fails the task, not the worker
            outcome = Raised(error_of_task(error))
        for serving in self._serving:
            serving.cancel()
        self.end(outcome)

    async def _run_process(self) -> Outcome:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "taskward.engine.sandbox",
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        try:
            self._send(self._begin())
            if self.pause_requested:
                self._send(frames.AskToPause())
            if self.stop_requested:
                self._interrupt()
            outcome = await self._listen(reader)
            return await self._wait_for_death(outcome)
        finally:
            self._writer.close()
            # Whatever the body started ends with it.
            self._signal(signal.SIGKILL)

    async def _listen(self, reader: asyncio.StreamReader) -> Outcome | None:
        """Serves the body until it has ended; None when it went without a word."""
        try:
            while True:
                (length,) = frames.HEADER.unpack(await reader.readexactly(frames.HEADER.size))
                match frames.decode_to_worker(await reader.readexactly(length)):
                    case frames.Notes() as notes:
                        await self._put(notes)
                    case frames.Spawn() as spawn:
                        self._serve(self._spawn(spawn))
                    case frames.Await() as wait:
                        self._serve(self._await(wait))
                    case frames.Done(outcome):
                        return outcome
        except (asyncio.IncompleteReadError, OSError):
            return None
        except msgspec.DecodeError as error:
            _log.warning("a body's process sent nonsense", task=self.task.number, error=str(error))
            self._signal(signal.SIGKILL)
            return None

    async def _wait_for_death(self, outcome: Outcome | None) -> Outcome:
        if self._process is None:
            raise RuntimeError("there is no process")
        try:
            async with asyncio.timeout(self._around.tempo.abort_grace.total_seconds()):
                code = await self._process.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            code = await self._process.wait()
        return Killed(_cause(code), by_us=self._killed) if outcome is None else outcome

    async def _put(self, notes: frames.Notes) -> None:
        recorder = self._around.recorder
        recorder.put(frames.flat_notes(notes))
        # While the recorder is full, nothing more is read, and the body waits.
        while recorder.is_full:
            try:
                await recorder.flush()
            except Unavailable:
                await asyncio.sleep(_UNAVAILABLE_SECONDS)

    def _serve(self, answering: Coroutine[Any, Any, None]) -> None:
        serving = self._around.loop.create_task(answering)
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _spawn(self, spawn: frames.Spawn) -> None:
        try:
            child = await self._around.children.spawn(self.task, spawn.request)
        except TaskwardError as error:
            self._send(frames.Answer(spawn.number, error=frames.sent(error)))
            return
        self._children[child.id] = child
        self._send(frames.Answer(spawn.number, tasks=[frames.SentTask.of(child)]))

    async def _await(self, wait: frames.Await) -> None:
        try:
            children = [self._children[child_id] for child_id in wait.children]
            ended = await self.wait_for_children(children, wait.timeout)
        except (TaskwardError, TimeoutError) as error:
            self._send(frames.Answer(wait.number, error=frames.sent(error)))
            return
        self._children.update((child.id, child) for child in ended)
        self._send(frames.Answer(wait.number, tasks=[frames.SentTask.of(child) for child in ended]))

    def _begin(self) -> frames.Begin:
        function = self._operation.function
        main = None
        if function.__module__ == "__main__":
            main = getattr(sys.modules["__main__"], "__file__", None)
        return frames.Begin(
            module=function.__module__,
            function=function.__qualname__,
            main=main,
            is_async=asyncio.iscoroutinefunction(function),
            task=frames.SentTask.of(self.task),
            sys_path=sys.path,
            flush_interval=self._around.tempo.flush_interval,
        )

    def _send(self, message: frames.ToBody) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frames.framed(message))

    def _signal(self, number: signal.Signals) -> None:
        """To the process and all it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def _cause(code: int) -> str:
    if code >= 0:
        return f"the body's process ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the body's process was killed by {name}"
