"""Bodies inside the worker's process: on its event loop, or each in a thread."""

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from taskward.engine.outcome import Outcome
from taskward.engine.run import Run, Surroundings, name_in_logs, outcome_of, returned, unfit
from taskward.model.errors import Invalid, Unavailable
from taskward.model.states import State
from taskward.model.task import Task, TaskError
from taskward.operations import Canceled, Context, Operation, SyncContext
from taskward.operations.run import SpawnRequest, StepOpening

T = TypeVar("T")

_UNAVAILABLE_SECONDS = 1.0


class AsyncBody(Run):
    """An `async def` body on the worker's event loop."""

    def __init__(self, task: Task, operation: Operation, surroundings: Surroundings) -> None:
        super().__init__(task, operation, surroundings)
        self._body: asyncio.Task[None] | None = None

    async def spawn(self, request: SpawnRequest) -> Task:
        """See `taskward.operations.run.AsyncRun`."""
        return await self._around.children.spawn(self.task, request)

    async def wait_for(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        """See `taskward.operations.run.AsyncRun`."""
        return await self.wait_for_children(children, timeout)

    async def breathe(self) -> None:
        """See `taskward.operations.run.AsyncRun`."""
        while self._notes is not None and self._notes.is_full:
            try:
                await self._around.recorder.flush()
            except Unavailable:
                await asyncio.sleep(_UNAVAILABLE_SECONDS)
        await asyncio.sleep(0)

    def _start_body(self) -> None:
        self._body = self._around.loop.create_task(self._drive())

    def _interrupt(self) -> None:
        if self._body is not None:
            # Not at once: a task canceled before its first step would never come to its `try`.
            self._around.loop.call_soon(self._body.cancel)

    async def _drive(self) -> None:
        name_in_logs(self.task)
        try:
            arguments = self._operation.bind(self.task.args)
        except Invalid as error:
            self.end(unfit(error))
            return
        try:
            outcome = returned(await self._operation.function(Context(self), **arguments))
        except BaseException as error:  # noqa: BLE001 - SystemExit too ends this body, not the worker
            outcome = outcome_of(error, stop_requested=self.stop_requested)
        self.end(outcome)


class ThreadBody(Run):
    """A `def` body in a thread of its own. It cannot be interrupted, only asked."""

    def __init__(self, task: Task, operation: Operation, surroundings: Surroundings) -> None:
        super().__init__(task, operation, surroundings)
        self._stopped = threading.Event()
        self._blocked_on: set[concurrent.futures.Future[Any]] = set()

    def spawn(self, request: SpawnRequest) -> Task:
        """See `taskward.operations.run.BlockingRun`."""
        return self._block_on(self._around.children.spawn(self.task, request))

    def wait_for(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        """See `taskward.operations.run.BlockingRun`."""
        return self._block_on(self.wait_for_children(children, timeout))

    def sleep(self, duration: timedelta) -> None:
        """See `taskward.operations.run.BlockingRun`."""
        if self._stopped.wait(duration.total_seconds()):
            raise Canceled

    def note_log(
        self, severity: int, message: str, fields: Mapping[str, Any], step_id: UUID | None, *, visible: bool = True
    ) -> None:
        """See `taskward.operations.run.Run`."""
        super().note_log(severity, message, fields, step_id, visible=visible)
        self._wait_for_room()

    def open_step(self, opening: StepOpening) -> None:
        """See `taskward.operations.run.Run`."""
        super().open_step(opening)
        self._wait_for_room()

    def close_step(self, step_id: UUID, state: State, error: TaskError | None) -> None:
        """See `taskward.operations.run.Run`."""
        super().close_step(step_id, state, error)
        self._wait_for_room()

    def _start_body(self) -> None:
        # A daemon: a body that never ends must not keep the worker from ending.
        name = f"taskward-{self.task.operation}-{self.task.number}"
        threading.Thread(target=self._drive, name=name, daemon=True).start()

    def _interrupt(self) -> None:
        self._stopped.set()
        for future in list(self._blocked_on):
            future.cancel()

    def _drive(self) -> None:
        outcome: Outcome
        name_in_logs(self.task)
        try:
            arguments = self._operation.bind(self.task.args)
        except Invalid as error:
            outcome = unfit(error)
        else:
            try:
                outcome = returned(self._operation.function(SyncContext(self), **arguments))
            except BaseException as error:  # noqa: BLE001 - SystemExit too ends this body, not the worker
                outcome = outcome_of(error, stop_requested=self.stop_requested)
        with contextlib.suppress(RuntimeError):  # the loop has closed: the worker left this body behind
            self._around.loop.call_soon_threadsafe(self.end, outcome)

    def _block_on(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._around.loop)
        self._blocked_on.add(future)
        if self.stop_requested:
            future.cancel()
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise Canceled from None
        finally:
            self._blocked_on.discard(future)

    def _wait_for_room(self) -> None:
        """Lets the body not tell faster than can be written: memory is finite."""
        while self.notes.is_full and not self._stopped.is_set():
            try:
                asyncio.run_coroutine_threadsafe(self._around.recorder.flush(), self._around.loop).result()
            except Unavailable:
                self._stopped.wait(_UNAVAILABLE_SECONDS)
