"""The worker: everything that claims and runs tasks in one process."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

import taskward
from taskward.engine.children import Children, FindOperation
from taskward.engine.dispatcher import Dispatcher
from taskward.engine.executor import Executor
from taskward.engine.heart import Heart
from taskward.engine.outcome import Stop
from taskward.engine.recorder import Recorder
from taskward.engine.slots import Slots
from taskward.engine.tempo import Tempo
from taskward.model.errors import TaskwardError
from taskward.model.job_settings import Bounds
from taskward.operations import Operation, Registry
from taskward.ports import Clock, Notifier, Pulse, Store, WorkerInfo

_log = structlog.get_logger(__name__)


class Worker:
    """Claims tasks from `queues` and runs up to `concurrency` of them at once.

    Belongs to the event loop it is started on. The store is open already, and stays so. `find_operation` is how bodies
    find what they spawn; without it that is what `registry` has.
    """

    def __init__(
        self,
        store: Store,
        notifier: Notifier,
        registry: Registry,
        clock: Clock,
        *,
        name: str = "",
        queues: Sequence[str] = ("default",),
        concurrency: int = 100,
        tempo: Tempo = Tempo(),  # noqa: B008 - frozen
        find_operation: FindOperation | None = None,
        randomness: random.Random | None = None,
    ) -> None:
        self.id: UUID = uuid7()
        self.name = name or f"{socket.gethostname()}-{os.getpid()}"
        self._store = store
        self._notifier = notifier
        self._registry = registry
        self._clock = clock
        self._queues = tuple(queues)
        self._concurrency = concurrency
        self._tempo = tempo
        self._find_operation = find_operation or self._find_registered
        self._random = randomness or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._parts: _Parts | None = None
        self._draining = False
        self._stopping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Registers the worker and begins to claim. Raises Unavailable."""
        now = self._clock.now()
        operations = self._registry.operations
        await self._store.workers.publish_operations([operation.describe(now) for operation in operations.values()])
        await self._register()
        self._parts = self._assemble()
        self._parts.children.start()
        self._parts.heart.start()
        self._parts.dispatcher.start()
        _log.info("worker started", worker=self.name, queues=self._queues, concurrency=self._concurrency)

    @property
    def running(self) -> int:
        """How many bodies are running or waiting for children."""
        return self._parts.executor.running if self._parts else 0

    async def _bounds_of(self, client: str) -> Bounds:
        registry = self._store.registry
        return Bounds.of(await registry.settings(client), await registry.settings(""))

    async def drain(self, grace: timedelta) -> None:
        """Stops claiming, gives running bodies `grace` to end, and then stops as `stop` does."""
        if self._parts is None:
            return
        self._draining = True
        self._parts.dispatcher.stop_claiming()
        await self._say("draining")
        await _wait_until_idle(self._parts.executor, grace)
        await self.stop()

    async def stop(self) -> None:
        """Asks running bodies to end, hands their tasks back to their queues, and says goodbye. Cuts a drain short.

        A body that does not end when asked to (within `abort_grace`) is left behind; its task runs again elsewhere once
        the store has seen that this worker is gone.
        """
        if self._parts is None:
            return
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(self._parts), name="taskward-worker-stop")
        # Whoever is not patient enough to wait for it does not leave it half done.
        await asyncio.shield(self._stopping)

    async def _stop(self, parts: "_Parts") -> None:
        self._draining = True
        parts.dispatcher.stop_claiming()
        parts.executor.stop_all(Stop.HAND_BACK)
        # A little more than the bodies get, so that those which are killed are seen to end.
        await _wait_until_idle(parts.executor, self._tempo.abort_grace + timedelta(seconds=1))
        if parts.executor.running:
            _log.warning("bodies were left behind", count=parts.executor.running)
        await parts.heart.stop()
        await parts.dispatcher.stop()
        await parts.children.stop()
        await parts.recorder.close()
        await self._say("gone")
        self._parts = None
        _log.info("worker stopped", worker=self.name)

    def _assemble(self) -> "_Parts":
        slots = Slots(self._concurrency, on_free=lambda: dispatcher.on_free_slot())  # noqa: PLW0108 - made below
        children = Children(self._store, self._notifier, self._find_operation, self._clock, self._tempo)
        recorder = Recorder(
            self._store.tasks,
            self._clock,
            self._tempo,
            worker_id=self.id,
            on_over=lambda task_ids: executor.abandon(task_ids),  # noqa: PLW0108 - made below
        )
        executor = Executor(
            self._registry,
            slots=slots,
            children=children,
            recorder=recorder,
            clock=self._clock,
            tempo=self._tempo,
            randomness=self._random,
            on_finish=lambda finish, must_flush: dispatcher.add(finish, must_flush),  # noqa: PLW0108 - made below
            bounds_of=self._bounds_of,
        )
        dispatcher = Dispatcher(
            self._store.tasks,
            self._notifier,
            worker_id=self.id,
            queues=self._queues,
            operations=self._registry.operations,
            slots=slots,
            recorder=recorder,
            clock=self._clock,
            tempo=self._tempo,
            on_claimed=executor.start,
            on_ended=children.ended_here,
            find_unheard=lambda: self._find_unheard(executor),
        )
        heart = Heart(
            self._store.workers,
            self._notifier,
            worker_id=self.id,
            clock=self._clock,
            tempo=self._tempo,
            on_pulse=self._obey,
            on_death=self._begin_anew,
        )
        return _Parts(children, recorder, executor, dispatcher, heart)

    def _obey(self, pulse: Pulse) -> None:
        if self._parts is None:
            return
        for task_id, attempt in pulse.stop:
            self._parts.executor.stop(task_id, attempt, Stop.CANCEL)
        for task_id, attempt in pulse.pause:
            self._parts.executor.pause(task_id, attempt)

    async def _begin_anew(self) -> None:
        """The leases are lost: what runs here may run elsewhere too, so it is dropped, and a new worker begins."""
        parts = self._parts
        if parts is None:
            return
        _log.error("this worker was lost; dropping what it runs", worker=self.name, running=parts.executor.running)
        parts.dispatcher.stop_claiming()
        parts.executor.stop_all(Stop.ABANDON)
        while not self._draining:
            try:
                # What had ended before still counts, if nobody has declared the old worker lost.
                await parts.dispatcher.tell()
                await self._store.workers.retire(self.id, "gone", self._clock.now())
                self.id = uuid7()
                await self._register()
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may succeed
                _log.warning("the worker cannot begin anew yet", error=repr(error))
                await asyncio.sleep(self._tempo.heartbeat_interval.total_seconds() / 4)
        if self._draining:
            return
        parts.dispatcher.worker_id = parts.recorder.worker_id = parts.heart.worker_id = self.id
        parts.dispatcher.claim_again()

    async def _find_unheard(self, executor: Executor) -> list[tuple[UUID, int]]:
        """Attempts that were claimed for this worker without its hearing of it."""
        held = await self._store.workers.held(self.id)
        return [(task_id, attempt) for task_id, attempt in held if not executor.runs(task_id, attempt)]

    async def _find_registered(self, name: str) -> Operation:
        return self._registry.operation(name)

    async def _register(self) -> None:
        now = self._clock.now()
        await self._store.workers.register(
            WorkerInfo(
                id=self.id,
                name=self.name,
                host=socket.gethostname(),
                pid=os.getpid(),
                queues=self._queues,
                operations=tuple(self._registry.operations),
                concurrency=self._concurrency,
                version=taskward.__version__,
                started_at=now,
                heartbeat_at=now,
            )
        )

    async def _say(self, state: str) -> None:
        try:
            await self._store.workers.retire(self.id, state, self._clock.now())
        except TaskwardError as error:
            _log.warning("the store was not told", state=state, error=str(error))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a worker is made of while it runs."""

    children: Children
    recorder: Recorder
    executor: Executor
    dispatcher: Dispatcher
    heart: Heart


async def _wait_until_idle(executor: Executor, grace: timedelta) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace.total_seconds()):
            await executor.wait_until_idle()
