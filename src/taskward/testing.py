"""An engine in memory, for the tests of people who write operations.

In an async test:

    async def test_checksum():
        async with TestEngine([files]) as engine:
            task = await engine.submit(checksum, path="/data")
            await engine.wait_all()
            assert (await engine.get(task.id)).state == "completed"

In a plain one, and as a pytest fixture:

    @pytest.fixture
    def engine():
        with SyncTestEngine([files]) as engine:
            yield engine

    def test_checksum(engine):
        task = engine.wait(engine.submit(checksum, path="/data"))
        assert engine.result(task) == {"path": "/data"}

Time can be turned by hand: with `TestEngine(modules, clock=ManualClock())`, `await engine.advance(timedelta(hours=1))`
lets everything happen that is due by then: retries, schedules, ends of retention.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from taskward.clock import SystemClock
from taskward.engine import Maintenance, Probe, Tempo, Worker
from taskward.model.states import FINAL, State
from taskward.model.task import LogLine, Task
from taskward.notify import LocalNotifier
from taskward.operations import ChildFailed, Module, Operation, Registry, Wishes
from taskward.ports import Clock, Submission, TaskQuery, Topic, Tree
from taskward.store import SqliteStore

__all__ = ["ManualClock", "SyncTestEngine", "TestEngine"]

T = TypeVar("T")

_PATIENCE = timedelta(seconds=30)
_QUICK = Tempo(abort_grace=timedelta(seconds=1), flush_interval=timedelta(milliseconds=10))


class ManualClock:
    """A clock that stands still until it is turned."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant it was turned to, aware, UTC."""
        with self._lock:
            return self._now

    def advance(self, duration: timedelta) -> None:
        """Turns it on."""
        with self._lock:
            self._now += duration


async def _always_open(_url: str) -> bool:
    return True


class TestEngine:
    """A store in memory, a worker and its housekeeping, inside `async with`.

    `probe` says which gates are open; by default all are. With a `ManualClock` time passes only by `advance`; the
    timeouts of bodies count real time all the same.
    """

    __test__ = False  # pytest would collect it for its name

    def __init__(
        self,
        modules: Iterable[Module],
        *,
        clock: Clock | None = None,
        concurrency: int = 10,
        tempo: Tempo = _QUICK,
        probe: Probe = _always_open,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.registry = Registry(modules)
        self._notifier = LocalNotifier()
        self.store = SqliteStore(":memory:", self._notifier)
        self._worker = Worker(
            self.store, self._notifier, self.registry, self.clock, name="test", concurrency=concurrency, tempo=tempo
        )
        self._maintenance = Maintenance(
            self.store, self._notifier, self.clock, find_operation=self._find_operation, probe=probe, tempo=tempo
        )

    async def __aenter__(self) -> Self:
        await self.store.open()
        await self._worker.start()
        self._maintenance.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._maintenance.stop()
        await self._worker.stop()
        await self.store.close()

    async def submit(
        self,
        operation: str | Callable[..., Any],
        /,
        *,
        wishes: Wishes = Wishes(),  # noqa: B008 - frozen
        **args: Any,
    ) -> Task:
        """Submits a task of an operation, given as its function or by its full name. Raises NotFound, Invalid."""
        found = self.registry.operation(operation) if isinstance(operation, str) else Operation.of(operation)
        new = found.new_task(uuid7(), args, wishes)
        submitted = await self.store.tasks.submit(Submission((new,)), self.clock.now())
        return submitted.tasks[0]

    async def get(self, task: Task | UUID) -> Task:
        """The task as it is now. Raises NotFound, Gone."""
        return await self.store.tasks.get(_id(task))

    async def wait(self, task: Task | UUID, timeout: timedelta = _PATIENCE) -> Task:
        """The task when it has ended, however it did. Raises TimeoutError."""
        return await self.wait_for(task, lambda now: now.is_final, timeout)

    async def wait_for(
        self, task: Task | UUID, condition: Callable[[Task], bool], timeout: timedelta = _PATIENCE
    ) -> Task:
        """The task as soon as it meets a condition. Raises TimeoutError, saying how it is instead."""
        current = await self.get(task)
        try:
            async with asyncio.timeout(timeout.total_seconds()), self._notifier.subscribe(Topic.EVENTS) as events:
                while not condition(current := await self.get(task)):
                    await events.wait()
        except TimeoutError:
            raise TimeoutError(f"after {timeout.total_seconds():g} seconds {_line(current)}") from None
        return current

    async def wait_all(self, timeout: timedelta = _PATIENCE) -> None:
        """Returns when nothing happens any more by itself: no task is queued or running.

        Nor scheduled, unless time is turned by hand. Raises TimeoutError, naming the tasks that still are.
        """
        try:
            async with asyncio.timeout(timeout.total_seconds()), self._notifier.subscribe(Topic.EVENTS) as events:
                while await self._is_busy():
                    await events.wait()
        except TimeoutError:
            query = TaskQuery(states=tuple(self._busy_states()), internal=True)
            tasks = (await self.store.tasks.page(query)).tasks
            lines = "; ".join(_line(task) for task in tasks)
            raise TimeoutError(f"after {timeout.total_seconds():g} seconds {lines}") from None

    async def result(self, task: Task | UUID) -> Any:
        """What the task returned, when it has ended. Raises ChildFailed when it did not complete, TimeoutError."""
        ended = await self.wait(task)
        if ended.state is not State.COMPLETED:
            raise ChildFailed(ended)
        return None if ended.result is None else msgspec.json.decode(ended.result)

    async def cancel(self, task: Task | UUID, reason: str = "") -> None:
        """Asks a task and all below it to stop. Raises NotFound, Gone, NotAbortable, IllegalTransition."""
        await self.store.tasks.cancel(_id(task), reason, self.clock.now())

    async def tree(self, task: Task | UUID) -> Tree:
        """The task with everything below it, steps included. Raises NotFound, Gone."""
        return await self.store.tasks.tree(_id(task), depth=100, limit=10_000)

    async def logs(self, task: Task | UUID) -> list[LogLine]:
        """The lines of the task's log."""
        return await self.store.journal.logs(_id(task))

    async def advance(self, duration: timedelta) -> None:
        """Turns a ManualClock on. What is due by then happens soon after. Raises TypeError with another clock."""
        if not isinstance(self.clock, ManualClock):
            raise TypeError("only a ManualClock can be turned on; give TestEngine one")
        self.clock.advance(duration)
        await self.store.tasks.advance(self.clock.now(), 1_000_000)
        self._notifier.publish(frozenset(Topic))

    async def _find_operation(self, name: str) -> Operation:
        return self.registry.operation(name)

    async def _is_busy(self) -> bool:
        busy = self._busy_states()
        return any(tally.count > 0 for tally in await self.store.tasks.tallies() if tally.state in busy)

    def _busy_states(self) -> set[State]:
        # What is blocked waits for one of the others, or for somebody to resume it.
        idle = {State.PAUSED, State.BLOCKED} | FINAL
        return set(State) - (idle | {State.SCHEDULED} if isinstance(self.clock, ManualClock) else idle)


class SyncTestEngine:
    """A `TestEngine` for plain tests, inside `with`: the same methods, blocking. It runs in a thread of its own."""

    __test__ = False

    def __init__(
        self,
        modules: Iterable[Module],
        *,
        clock: Clock | None = None,
        concurrency: int = 10,
        tempo: Tempo = _QUICK,
        probe: Probe = _always_open,
    ) -> None:
        self._make = partial(TestEngine, modules, clock=clock, concurrency=concurrency, tempo=tempo, probe=probe)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="taskward-test-engine", daemon=True)
        self._engine: TestEngine | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._engine = self._make()
        self._call(self._engine.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._call(self._inside.__aexit__(kind, error, trace))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    @property
    def clock(self) -> Clock:
        """The engine's clock."""
        return self._inside.clock

    def submit(
        self,
        operation: str | Callable[..., Any],
        /,
        *,
        wishes: Wishes = Wishes(),  # noqa: B008 - frozen
        **args: Any,
    ) -> Task:
        """See `TestEngine.submit`."""
        return self._call(self._inside.submit(operation, wishes=wishes, **args))

    def get(self, task: Task | UUID) -> Task:
        """See `TestEngine.get`."""
        return self._call(self._inside.get(task))

    def wait(self, task: Task | UUID, timeout: timedelta = _PATIENCE) -> Task:
        """See `TestEngine.wait`."""
        return self._call(self._inside.wait(task, timeout))

    def wait_for(self, task: Task | UUID, condition: Callable[[Task], bool], timeout: timedelta = _PATIENCE) -> Task:
        """See `TestEngine.wait_for`."""
        return self._call(self._inside.wait_for(task, condition, timeout))

    def wait_all(self, timeout: timedelta = _PATIENCE) -> None:
        """See `TestEngine.wait_all`."""
        self._call(self._inside.wait_all(timeout))

    def result(self, task: Task | UUID) -> Any:
        """See `TestEngine.result`."""
        return self._call(self._inside.result(task))

    def cancel(self, task: Task | UUID, reason: str = "") -> None:
        """See `TestEngine.cancel`."""
        self._call(self._inside.cancel(task, reason))

    def tree(self, task: Task | UUID) -> Tree:
        """See `TestEngine.tree`."""
        return self._call(self._inside.tree(task))

    def logs(self, task: Task | UUID) -> list[LogLine]:
        """See `TestEngine.logs`."""
        return self._call(self._inside.logs(task))

    def advance(self, duration: timedelta) -> None:
        """See `TestEngine.advance`."""
        self._call(self._inside.advance(duration))

    @property
    def _inside(self) -> TestEngine:
        if self._engine is None:
            raise RuntimeError("use it inside `with`")
        return self._engine

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _id(task: Task | UUID) -> UUID:
    return task.id if isinstance(task, Task) else task


def _line(task: Task) -> str:
    error = f" ({task.error.type}: {task.error.message})" if task.error else ""
    return f"task {task.number} {task.name} is {task.state}{error}"
