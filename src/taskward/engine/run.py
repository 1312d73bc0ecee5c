"""A run: one attempt at a task in this process, whatever its isolation."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from taskward.engine.children import Children
from taskward.engine.notes import RunNotes
from taskward.engine.outcome import Outcome, PausedAtBoundary, Raised, Returned, Stop, Stopped
from taskward.engine.recorder import Recorder
from taskward.engine.slots import Slots
from taskward.engine.tempo import Tempo
from taskward.model.errors import Invalid
from taskward.model.states import State
from taskward.model.task import Progress, Report, Task, TaskError
from taskward.operations import Canceled, Operation, Paused
from taskward.operations.arguments import to_json
from taskward.operations.failure import error_of_task
from taskward.operations.run import StepOpening
from taskward.ports import Clock

_log = structlog.get_logger(__name__)

encode_result = msgspec.json.Encoder(enc_hook=to_json).encode


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every run of a worker shares."""

    loop: asyncio.AbstractEventLoop
    clock: Clock
    tempo: Tempo
    slots: Slots
    children: Children
    recorder: Recorder
    on_end: "Callable[[Run, Outcome], None]"


class Run(ABC):
    """One attempt at a task: its stop requests, its timers, its slot and its notes.

    Belongs to the event loop; only what `taskward.operations.run.Run` names may be called from the body's thread.
    """

    def __init__(self, task: Task, operation: Operation, surroundings: Surroundings) -> None:
        self.task = task
        self.stop: Stop | None = None
        self.pause_requested = False
        self._operation = operation
        self._around = surroundings
        self._notes: RunNotes | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._waits = 0
        self._has_slot = False
        self._ended = False

    @property
    def stop_requested(self) -> bool:
        """See `taskward.operations.run.Run`."""
        return self.stop is not None

    # ---------------------------------------------------------------- life

    def start(self) -> None:
        """Takes a slot and starts the body."""
        self._around.slots.take()
        self._has_slot = True
        if (timeout := self.task.rules.timeout) is not None:
            self._call_later(timeout, self.request_stop, Stop.TIMEOUT)
        self._start_body()

    def request_stop(self, reason: Stop) -> None:
        """Asks the body to end; after the grace period it is ended by force, where its isolation allows."""
        if self._ended or (self.stop is not None and self.stop >= reason):
            return
        is_first = self.stop is None
        self.stop = reason
        if is_first:
            self._interrupt()
            self._call_later(self._around.tempo.abort_grace, self._lose_patience)

    def request_pause(self) -> None:
        """Asks the body to end at its next checkpoint."""
        self.pause_requested = True

    def end(self, outcome: Outcome) -> None:
        """The body has ended. Called once, on the event loop."""
        self._ended = True
        for timer in self._timers:
            timer.cancel()
        self._around.on_end(self, outcome)
        if self._has_slot:
            self._has_slot = False
            self._around.slots.give_back()

    @abstractmethod
    def _start_body(self) -> None: ...

    @abstractmethod
    def _interrupt(self) -> None:
        """Makes the body see that it is to end."""

    def _force(self) -> bool:
        """Ends the body whether it will or not; False when that cannot be done."""
        return False

    def _lose_patience(self) -> None:
        if self._ended or self._force():
            return
        grace_seconds = self._around.tempo.abort_grace.total_seconds()
        message = f"asked to stop, the body still runs after {grace_seconds:g} seconds; it cannot be stopped by force"
        self.notes.log(2, message, {}, None, source="worker")
        _log.warning("a body does not stop", task=self.task.number, operation=self.task.operation)
        self._interrupt()
        self._call_later(self._around.tempo.abort_grace * 6, self._lose_patience)

    def _call_later(self, delay: timedelta, callback: Callable[..., None], *args: Any) -> None:
        self._timers.append(self._around.loop.call_later(delay.total_seconds(), callback, *args))

    # ---------------------------------------------------------------- notes

    @property
    def notes(self) -> RunNotes:
        """Made when first needed: most short bodies tell nothing."""
        if self._notes is None:
            self._notes = self._around.recorder.open(self.task)
        return self._notes

    @property
    def told(self) -> RunNotes | None:
        """The notes, if there are any."""
        return self._notes

    @property
    def has_unwritten_notes(self) -> bool:
        """Whether something it told must be written before its end is."""
        return self._notes is not None and self._notes.unwritten

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

    def open_step(self, opening: StepOpening) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.open(opening)

    def close_step(self, step_id: UUID, state: State, error: TaskError | None) -> None:
        """See `taskward.operations.run.Run`."""
        self.notes.close(step_id, state, error)

    # ---------------------------------------------------------------- children

    async def wait_for_children(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        """The children when all are final. Meanwhile the slot is free for other tasks. Raises TimeoutError."""
        ended = list(children)
        if not all(child.is_final for child in children):
            ended = await self._wait_without_slot(children, timeout)
        if any(child.state is State.CANCELED for child in ended):
            await self._look_for_cancel()
        return ended

    async def _look_for_cancel(self) -> None:
        """A child was canceled, maybe with its parent, which then ends canceled too and not by the child's error."""
        if self.stop is None and await self._around.children.is_canceled(self.task):
            self.request_stop(Stop.CANCEL)
        if self.stop is not None:
            # The interruption comes first, the children's ends come after it.
            await asyncio.sleep(0)

    async def _wait_without_slot(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        self._leave_slot()
        try:
            async with asyncio.timeout(None if timeout is None else timeout.total_seconds()):
                ended = await self._around.children.wait(children)
        except asyncio.CancelledError:
            self._return_at_once()
            raise
        except BaseException:
            await self._return_to_slot()
            raise
        await self._return_to_slot()
        return ended

    def _leave_slot(self) -> None:
        self._waits += 1
        if self._waits == 1 and self._has_slot:
            self._has_slot = False
            self._around.slots.give_back()

    def _return_at_once(self) -> None:
        self._waits -= 1
        if self._needs_slot():
            self._has_slot = True
            self._around.slots.take()

    async def _return_to_slot(self) -> None:
        self._waits -= 1
        if not self._needs_slot():
            return
        try:
            await self._around.slots.take_again()
        finally:
            # Meanwhile the body may have ended, or begun another wait.
            if self._needs_slot():
                self._has_slot = True
            else:
                self._around.slots.give_back()

    def _needs_slot(self) -> bool:
        return not (self._ended or self._waits or self._has_slot)


def name_in_logs(task: Task) -> None:
    """Lets what a body writes to the process's log say which task, and which request, it was written for."""
    structlog.contextvars.bind_contextvars(task=task.number)
    if task.correlation_id:
        structlog.contextvars.bind_contextvars(correlation_id=task.correlation_id)


def outcome_of(error: BaseException, *, stop_requested: bool) -> Outcome:
    """What the exception that ended a body means."""
    if isinstance(error, Paused):
        return PausedAtBoundary()
    # Without having been asked, a stray CancelledError is an error like any other.
    if isinstance(error, Canceled) or (isinstance(error, asyncio.CancelledError) and stop_requested):
        return Stopped()
    return Raised(error_of_task(error))


def returned(value: Any) -> Outcome:
    """What the value that a body returned means."""
    try:
        return Returned(encode_result(value))
    except Exception as error:  # noqa: BLE001 - a value's own hooks may raise anything
        message = f"the result cannot be written as JSON: {error}"
        return Raised(TaskError(type(error).__name__, message, code="result"), may_retry=False)


def unfit(error: Invalid) -> Outcome:
    """The arguments were accepted for another version of the function than this worker has."""
    return Raised(TaskError("Invalid", str(error), code="arguments"), may_retry=False)
