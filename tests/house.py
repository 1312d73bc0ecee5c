"""A store with a clock turned by hand, and short words for what tests do to it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from taskward.model.policy import Resource
from taskward.model.states import State
from taskward.model.task import Event, NewTask, Task, TaskError
from taskward.ports import Claim, Finish, IdempotencyKey, Submission, Submitted, Subscription, Topic, WorkerInfo
from taskward.store import SqlStore
from taskward.store.catalogue import compose
from taskward.store.plan import Plan
from tests.tasks import NOON

BOOM = TaskError("Boom", "it went wrong")


class RecordingNotifier:
    """Remembers what was published."""

    def __init__(self) -> None:
        self._published: set[Topic] = set()

    def publish(self, topics: frozenset[Topic]) -> None:
        self._published |= topics

    def subscribe(self, *topics: Topic) -> AbstractAsyncContextManager[Subscription]:
        raise AssertionError("a store only publishes")

    def taken(self) -> set[Topic]:
        """The topics published since the last call."""
        taken, self._published = self._published, set()
        return taken


def new_task(**members: Any) -> NewTask:
    """What a submitter asks for, with the members given."""
    members.setdefault("id", uuid7())
    return NewTask(**{"operation": "m.op", "name": "m.op", "module": "m"} | members)


def exclusive(*names: str) -> tuple[Resource, ...]:
    return tuple(Resource(name) for name in names)


def shared(*names: str) -> tuple[Resource, ...]:
    return tuple(Resource(name, exclusive=False) for name in names)


class House:
    """A store and its present instant."""

    def __init__(self, store: SqlStore, notifier: RecordingNotifier) -> None:
        self.store = store
        self.notifier = notifier
        self.now = NOON
        self._workers: dict[str, UUID] = {}

    def tick(self, seconds: float = 1) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    # ---------------------------------------------------------------- submit

    async def submit(self, **members: Any) -> Task:
        """Accepts one task and returns it."""
        return (await self.submit_all(new_task(**members))).tasks[0]

    async def submit_all(
        self, *new: NewTask, idempotency: IdempotencyKey | None = None, supersedes: UUID | None = None
    ) -> Submitted:
        return await self.store.tasks.submit(Submission(new, idempotency, supersedes), self.now)

    async def child_of(self, parent: Task, **members: Any) -> Task:
        return await self.submit(parent_id=parent.id, root_id=parent.root_id, **members)

    # ---------------------------------------------------------------- work

    async def worker(
        self, name: str = "w", queues: Sequence[str] = ("default",), operations: Sequence[str] = ("m.op",)
    ) -> UUID:
        """The worker of that name; registered when it is named for the first time."""
        if name not in self._workers:
            worker_id = self._workers[name] = uuid7()
            info = WorkerInfo(
                id=worker_id,
                name=name,
                host="h",
                pid=1,
                queues=tuple(queues),
                operations=tuple(operations),
                concurrency=8,
                version="0",
                started_at=self.now,
                heartbeat_at=self.now,
            )
            await self.store.workers.register(info)
        return self._workers[name]

    async def claim(
        self,
        limit: int = 1,
        *,
        worker: str = "w",
        queues: Sequence[str] = ("default",),
        operations: Sequence[str] = ("m.op",),
    ) -> list[Task]:
        """What the worker gets."""
        worker_id = await self.worker(worker, queues, operations)
        wish = Claim(tuple(queues), limit, tuple(operations))
        return list((await self.store.tasks.exchange(worker_id, (), wish, self.now)).claimed)

    async def run(self, **members: Any) -> Task:
        """A task that worker `w` runs now; nothing else may be claimable."""
        task = await self.submit(**members)
        [claimed] = await self.claim(queues=(task.queue,), operations=(task.operation,))
        assert claimed.id == task.id
        return claimed

    async def finish(self, task: Task, state: State = State.COMPLETED, *, worker: str = "w", **members: Any) -> bool:
        """Ends the attempt that `task` shows; False when it came too late."""
        finish = Finish(task_id=task.id, attempt=task.attempt, state=state, **members)
        exchange = await self.store.tasks.exchange(await self.worker(worker), [finish], None, self.now)
        return not exchange.lost

    async def complete(self, **members: Any) -> Task:
        """A task that has run and ended well."""
        task = await self.run(**members)
        assert await self.finish(task)
        return await self.get(task)

    # ---------------------------------------------------------------- look

    async def get(self, task: Task | UUID) -> Task:
        return await self.store.tasks.get(task if isinstance(task, UUID) else task.id)

    async def state(self, task: Task | UUID) -> State:
        return (await self.get(task)).state

    async def states(self, *tasks: Task) -> list[State]:
        return [await self.state(task) for task in tasks]

    async def events(self, task: Task | UUID | None = None) -> list[Event]:
        """Everything in the journal, or about one task."""
        task_id = task.id if isinstance(task, Task) else task
        return await self.store.journal.events("", task_id=task_id, limit=100_000)

    async def count(self, sql: str) -> int:
        """The number a statement gives, for what can be seen in the tables alone."""

        def look() -> Plan[int]:
            rows = yield compose("look", sql)()
            return int(rows[0][0])

        return await self.store.database.read(look)

    async def tallies(self) -> dict[State, int]:
        """The maintained counters by state alone."""
        counts: dict[State, int] = {}
        for tally in await self.store.tasks.tallies():
            counts[tally.state] = counts.get(tally.state, 0) + tally.count
        return counts
