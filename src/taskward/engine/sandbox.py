"""The process of a body with process isolation: `python -m taskward.engine.sandbox FD`.

It speaks with its worker over the socket FD, runs one body, and ends. When the worker is gone it ends at once, with
whatever the body started.
"""

import asyncio
import concurrent.futures
import contextlib
import importlib
import os
import runpy
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial, reduce
from types import FrameType
from typing import Any
from uuid import UUID

import msgspec

from taskward.clock import SystemClock
from taskward.engine import frames
from taskward.engine.notes import RunNotes
from taskward.engine.outcome import Outcome, PausedAtBoundary, Raised, Returned, Stopped
from taskward.engine.run import name_in_logs, outcome_of, returned, unfit
from taskward.model.errors import Invalid
from taskward.model.states import State
from taskward.model.task import Progress, Report, Task, TaskError
from taskward.operations import Canceled, Context, SyncContext
from taskward.operations.arguments import Arguments
from taskward.operations.run import SpawnRequest, StepOpening

_SIGNAL_BEFORE_WORD_SECONDS = 0.5
"""How long the message that explains a SIGTERM may come after it."""


class Line:
    """The socket to the worker. Any thread may send; one thread receives."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._incoming = connection.makefile("rb")

    def send(self, message: frames.ToWorker) -> None:
        """Raises OSError when the worker is gone."""
        framed = frames.framed(message)
        with self._lock:
            self._connection.sendall(framed)

    def receive(self) -> frames.ToBody | None:
        """The next message; None when the worker is gone."""
        try:
            header = self._incoming.read(frames.HEADER.size)
            if len(header) < frames.HEADER.size:
                return None
            (length,) = frames.HEADER.unpack(header)
            message: frames.ToBody = frames.decode_to_body(self._incoming.read(length))
        except (OSError, msgspec.DecodeError):
            return None
        return message


class SandboxRun:
    """The run as the body's context sees it, on this side of the socket."""

    def __init__(self, line: Line, task: Task, flush_interval: timedelta) -> None:
        self.task = task
        self.pause_requested = False
        self.is_over = False
        self.stopping = threading.Event()
        self.notes = RunNotes(task, SystemClock(), self._on_dirty)
        self._line = line
        self._flush_seconds = flush_interval.total_seconds() / 2
        self._dirty = threading.Event()
        self._requests: dict[int, concurrent.futures.Future[list[Task]]] = {}
        self._next_request = 0
        self._lock = threading.Lock()

    @property
    def stop_requested(self) -> bool:
        """See `taskward.operations.run.Run`."""
        return self.stopping.is_set()

    def note_progress(self, progress: Progress, step_id: UUID | None) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.progress(progress, step_id)

    def note_report(self, report: Report) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.report(report)

    def note_creation(self, name: str) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.creation(name)

    def note_log(
        self, severity: int, message: str, fields: Mapping[str, Any], step_id: UUID | None, *, visible: bool = True
    ) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.log(severity, message, fields, step_id, visible=visible)
        self._make_room()

    def open_step(self, opening: StepOpening) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.open(opening)
        self._make_room()

    def close_step(self, step_id: UUID, state: State, error: TaskError | None) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.close(step_id, state, error)
        self._make_room()

    def ask(self, message: Callable[[int], frames.ToWorker]) -> concurrent.futures.Future[list[Task]]:
        """Sends a request; its answer will be in the future."""
        future: concurrent.futures.Future[list[Task]] = concurrent.futures.Future()
        with self._lock:
            self._next_request += 1
            number = self._next_request
            self._requests[number] = future
        if self.stop_requested:
            future.cancel()
        else:
            self._line.send(message(number))
        return future

    def answer(self, answer: frames.Answer) -> None:
        """An answer has come."""
        future = self._requests.pop(answer.to, None)
        if future is None or not future.set_running_or_notify_cancel():
            return
        if answer.error is not None:
            future.set_exception(frames.received(answer.error))
        else:
            future.set_result([sent.open() for sent in answer.tasks])

    def stop(self) -> None:
        """The body is to end."""
        self.stopping.set()
        for future in list(self._requests.values()):
            future.cancel()

    def flush(self) -> None:
        """Sends what the body told."""
        if notes := self.notes.take():
            self._line.send(frames.sorted_notes(notes))

    def flush_for_ever(self) -> None:
        """Sends what the body tells, a moment later, together."""
        with contextlib.suppress(OSError):
            while True:
                self._dirty.wait()
                self._dirty.clear()
                time.sleep(self._flush_seconds)
                self.flush()

    def _on_dirty(self, _notes: RunNotes) -> None:
        self._dirty.set()

    def _make_room(self) -> None:
        # The worker reads as fast as it can write, so this waits when the body tells faster than that.
        if self.notes.is_full:
            with contextlib.suppress(OSError):
                self.flush()


class BlockingSandboxRun(SandboxRun):
    """For a `def` body."""

    def spawn(self, request: SpawnRequest) -> Task:
        """See `taskward.operations.run.BlockingRun`."""
        return self._result(self.ask(partial(frames.Spawn, request=request)))[0]

    def wait_for(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        """See `taskward.operations.run.BlockingRun`."""
        ids = [child.id for child in children]
        return self._result(self.ask(partial(frames.Await, children=ids, timeout=timeout)))

    def sleep(self, duration: timedelta) -> None:
        """See `taskward.operations.run.BlockingRun`."""
        if self.stopping.wait(duration.total_seconds()):
            raise Canceled

    @staticmethod
    def _result(future: concurrent.futures.Future[list[Task]]) -> list[Task]:
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise Canceled from None


class AsyncSandboxRun(SandboxRun):
    """For an `async def` body."""

    async def spawn(self, request: SpawnRequest) -> Task:
        """See `taskward.operations.run.AsyncRun`."""
        return (await asyncio.wrap_future(self.ask(partial(frames.Spawn, request=request))))[0]

    async def wait_for(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        """See `taskward.operations.run.AsyncRun`."""
        ids = [child.id for child in children]
        return await asyncio.wrap_future(self.ask(partial(frames.Await, children=ids, timeout=timeout)))

    async def breathe(self) -> None:
        """See `taskward.operations.run.AsyncRun`."""
        await asyncio.sleep(0)


def main() -> None:
    """Runs the body that the worker names."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    line = Line(connection)
    begin = line.receive()
    if not isinstance(begin, frames.Begin):
        return
    sys.path[:] = begin.sys_path
    task = begin.task.open()
    run: AsyncSandboxRun | BlockingSandboxRun
    if begin.is_async:
        run = AsyncSandboxRun(line, task, begin.flush_interval)
    else:
        run = BlockingSandboxRun(line, task, begin.flush_interval)
    on_stop = _OnStop(run)
    signal.signal(signal.SIGTERM, on_stop.handle)
    threading.Thread(target=_listen, args=(line, run, on_stop), daemon=True).start()
    threading.Thread(target=run.flush_for_ever, daemon=True).start()
    try:
        outcome = _outcome(begin, run, on_stop)
    except Canceled:
        # It came between the body and us.
        outcome = Stopped()
    run.is_over = True
    if isinstance(outcome, Returned | Raised | Stopped | PausedAtBoundary):
        with contextlib.suppress(OSError):
            run.flush()
            line.send(frames.Done(outcome))


class _OnStop:
    """Lets a stop reach the body: as Canceled out of a signal handler, or by canceling its task."""

    def __init__(self, run: SandboxRun) -> None:
        self._run = run
        self._told = False
        self.cancel: Callable[[], None] | None = None
        """How an `async def` body is canceled."""

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """SIGTERM came. Raises Canceled in a `def` body."""
        # Somebody else's SIGTERM ends the process as it would any other.
        if not self._run.stopping.wait(_SIGNAL_BEFORE_WORD_SECONDS):
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        if self._told or self._run.is_over or self.cancel is not None:
            return
        self._told = True
        # A body that has seen for itself that it is to end is cleaning up: that must not be interrupted.
        if not _handles_canceled():
            raise Canceled

    def tell(self) -> None:
        """The worker has asked to stop."""
        self._run.stop()
        if self.cancel is not None:
            self.cancel()


def _handles_canceled() -> bool:
    error = sys.exception()
    while error is not None and not isinstance(error, Canceled):
        error = error.__context__
    return error is not None


def _listen(line: Line, run: SandboxRun, on_stop: _OnStop) -> None:
    try:
        _obey(line, run, on_stop)
    except BaseException:  # noqa: BLE001 - whatever it is
        # A body that nobody could stop or answer must not go on.
        traceback.print_exc()
        os._exit(os.EX_SOFTWARE)


def _obey(line: Line, run: SandboxRun, on_stop: _OnStop) -> None:
    while True:
        match line.receive():
            case frames.AskToStop():
                on_stop.tell()
            case frames.AskToPause():
                run.pause_requested = True
            case frames.Answer() as answer:
                run.answer(answer)
            case None if not run.is_over:
                # The worker is gone, and another will run the task: nothing of this run may go on.
                os.killpg(os.getpgid(0), signal.SIGKILL)
            case _:
                return


def _outcome(begin: frames.Begin, run: "AsyncSandboxRun | BlockingSandboxRun", on_stop: _OnStop) -> Outcome:
    name_in_logs(run.task)
    try:
        function = _find(begin)
    except BaseException as error:  # noqa: BLE001 - whatever an import raises
        return outcome_of(error, stop_requested=run.stop_requested)
    try:
        arguments = Arguments(function).bind(run.task.args)
    except Invalid as error:
        return unfit(error)
    try:
        if isinstance(run, AsyncSandboxRun):
            value = asyncio.run(_call_async(function, run, arguments, on_stop))
        else:
            value = function(SyncContext(run), **arguments)
        run.is_over = True
    except BaseException as error:  # noqa: BLE001 - SystemExit too is how a body ended
        run.is_over = True
        return outcome_of(error, stop_requested=run.stop_requested)
    return returned(value)


async def _call_async(
    function: Callable[..., Any], run: AsyncSandboxRun, arguments: dict[str, Any], on_stop: _OnStop
) -> Any:
    loop = asyncio.get_running_loop()
    body = asyncio.current_task()
    if body is not None:
        on_stop.cancel = partial(_cancel_soon, loop, body)
    if run.stop_requested:
        raise asyncio.CancelledError
    return await function(Context(run), **arguments)


def _cancel_soon(loop: asyncio.AbstractEventLoop, body: asyncio.Task[Any]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has closed: the body is over
        loop.call_soon_threadsafe(body.cancel)


def _find(begin: frames.Begin) -> Callable[..., Any]:
    if begin.main is not None:
        found: Any = _Namespace(runpy.run_path(begin.main, run_name="__taskward_main__"))
    else:
        found = importlib.import_module(begin.module)
    function: Callable[..., Any] = reduce(getattr, begin.function.split("."), found)
    return function


class _Namespace:
    """The globals of a script, as attributes."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.__dict__.update(names)


if __name__ == "__main__":
    main()
