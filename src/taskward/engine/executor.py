"""The executor: runs claimed tasks and says how each ended."""

import asyncio
import random
from collections.abc import Callable, Collection
from uuid import UUID

import structlog

from taskward.engine.bodies import AsyncBody, ThreadBody
from taskward.engine.children import Children
from taskward.engine.outcome import Outcome, Raised, Stop, conclude, step_outcome
from taskward.engine.process import ProcessBody
from taskward.engine.recorder import Recorder
from taskward.engine.run import Run, Surroundings
from taskward.engine.slots import Slots
from taskward.engine.tempo import Tempo
from taskward.model.errors import NotFound
from taskward.model.task import Task, TaskError
from taskward.operations import Registry
from taskward.operations.failure import error_of_task
from taskward.ports import Clock, Finish

_log = structlog.get_logger(__name__)

OnFinish = Callable[[Finish, bool], None]

_BODIES: dict[str, type[Run]] = {"async": AsyncBody, "thread": ThreadBody, "process": ProcessBody}


class Executor:
    """Starts bodies and turns what becomes of them into finishes.

    `on_finish` gets the end of each attempt, and whether notes of it are still to be written before.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        slots: Slots,
        children: Children,
        recorder: Recorder,
        clock: Clock,
        tempo: Tempo,
        randomness: random.Random,
        on_finish: OnFinish,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._random = randomness
        self._on_finish = on_finish
        self._surroundings = Surroundings(
            asyncio.get_running_loop(), clock, tempo, slots, children, recorder, self._ended
        )
        self._runs: dict[UUID, Run] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def running(self) -> int:
        """How many bodies have not ended, those that wait for children included."""
        return len(self._runs)

    def start(self, task: Task) -> None:
        """Runs a claimed task."""
        try:
            operation = self._registry.operation(task.operation)
        except NotFound as error:
            outcome = Raised(TaskError("NotFound", str(error), code="unknown-operation"), may_retry=False)
            self._on_finish(conclude(task, outcome, stop=None, progress=None, now=self._clock.now(), spread=0), False)
            return
        run = _BODIES[operation.spec.isolation](task, operation, self._surroundings)
        self._runs[task.id] = run
        self._idle.clear()
        try:
            run.start()
        except Exception as error:  # noqa: BLE001 - no thread to be had, and the like: this task's, not the worker's
            run.end(Raised(error_of_task(error)))

    def runs(self, task_id: UUID, attempt: int) -> bool:
        """Whether the body of this attempt has not ended."""
        run = self._runs.get(task_id)
        return run is not None and run.task.attempt == attempt

    def stop(self, task_id: UUID, attempt: int, reason: Stop) -> None:
        """Asks one body to end, if it is still running."""
        run = self._runs.get(task_id)
        if run is not None and run.task.attempt == attempt:
            run.request_stop(reason)

    def pause(self, task_id: UUID, attempt: int) -> None:
        """Asks one body to end at its next checkpoint."""
        run = self._runs.get(task_id)
        if run is not None and run.task.attempt == attempt:
            run.request_pause()

    def stop_all(self, reason: Stop) -> None:
        """Asks every body to end."""
        for run in list(self._runs.values()):
            run.request_stop(reason)

    def abandon(self, task_ids: Collection[UUID]) -> None:
        """Ends bodies whose attempts are not this worker's any more."""
        for task_id in task_ids:
            if (run := self._runs.get(task_id)) is not None:
                _log.warning("an attempt was lost", task=run.task.number, attempt=run.task.attempt)
                run.request_stop(Stop.ABANDON)

    async def wait_until_idle(self) -> None:
        """Returns when no body is running."""
        await self._idle.wait()

    def _ended(self, run: Run, outcome: Outcome) -> None:
        task, notes = run.task, run.told
        if self._runs.get(task.id) is run:
            del self._runs[task.id]
            if not self._runs:
                self._idle.set()
        if run.stop is Stop.ABANDON:
            if notes is not None:
                notes.discard()
            return
        progress = notes.take_progress() if notes is not None else None
        spread = self._random.uniform(-1, 1)
        finish = conclude(task, outcome, stop=run.stop, progress=progress, now=self._clock.now(), spread=spread)
        if notes is not None:
            notes.close_all(*step_outcome(finish))
        self._on_finish(finish, run.has_unwritten_notes)
