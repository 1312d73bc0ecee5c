"""The executor: runs claimed tasks and says how each ended."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from uuid import UUID

import structlog
from msgspec.structs import replace

from taskward.engine.bodies import AsyncBody, ThreadBody
from taskward.engine.children import Children
from taskward.engine.outcome import Killed, Outcome, Raised, Stop, conclude, step_outcome
from taskward.engine.process import ProcessBody
from taskward.engine.recorder import Recorder
from taskward.engine.run import Run, Surroundings
from taskward.engine.slots import Slots
from taskward.engine.tempo import Tempo
from taskward.model.errors import NotFound
from taskward.model.job_settings import Bounds
from taskward.model.task import Task, TaskError
from taskward.operations import Registry
from taskward.operations.failure import error_of_task
from taskward.ports import Clock, Finish

_log = structlog.get_logger(__name__)

OnFinish = Callable[[Finish, bool], None]
BoundsOf = Callable[[str], Awaitable[Bounds]]

_BODIES: dict[str, type[Run]] = {"async": AsyncBody, "thread": ThreadBody, "process": ProcessBody}


class Executor:
    """Starts bodies and turns what becomes of them into finishes.

    `on_finish` gets the end of each attempt, and whether notes of it are still to be written before. `bounds_of` tells
    the settings of a client, which decide about retries where a task's policy leaves that to them.
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
        bounds_of: BoundsOf,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._random = randomness
        self._on_finish = on_finish
        self._bounds_of = bounds_of
        self._concluding: set[asyncio.Task[None]] = set()
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
        if isinstance(outcome, Raised | Killed) and run.task.rules.retry.from_settings:
            concluding = asyncio.create_task(self._conclude_by_settings(run, outcome), name="taskward-conclude")
            self._concluding.add(concluding)
            concluding.add_done_callback(self._concluding.discard)
        else:
            self._conclude(run, run.task, outcome)

    async def _conclude_by_settings(self, run: Run, outcome: Outcome) -> None:
        task = run.task
        try:
            bounds = await self._bounds_of(task.client)
        except Exception as error:  # noqa: BLE001 - whatever it is, the attempt has ended
            _log.warning("the settings of retries cannot be read", task=task.number, error=str(error))
            bounds = Bounds.of({}, {})
        retry = task.rules.retry.governed(bounds.retry_limit, timedelta(seconds=bounds.retry_delay))
        self._conclude(run, replace(task, rules=replace(task.rules, retry=retry)), outcome)

    def _conclude(self, run: Run, task: Task, outcome: Outcome) -> None:
        notes = run.told
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
