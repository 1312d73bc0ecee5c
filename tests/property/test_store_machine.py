"""Whatever is done to a store, in whatever order, it does what the model does."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from uuid_utils.compat import uuid7

from taskward.model.errors import Conflict
from taskward.model.policy import Resource, Retry, Rules
from taskward.model.pools import Pool
from taskward.model.states import ACTIVE, FINAL, TRANSITIONS, WAITING, State
from taskward.model.task import Kind, Task
from taskward.ports import Change
from taskward.store import PostgresStore, SqliteStore, SqlStore
from taskward.store.catalogue import compose
from taskward.store.plan import Plan
from tests.house import House, RecordingNotifier, new_task
from tests.postgres import PostgresServer
from tests.property.model import Model, ModelTask

S = State
TTL = timedelta(hours=1)
LINES = compose("lines", "SELECT resource, ticket, task_id, exclusive, granted FROM line ORDER BY resource, ticket")
POOLS = (Pool("wide", 3, 1, 4), Pool("narrow", 1))

resources = st.lists(
    st.builds(Resource, st.sampled_from(["a", "b", "c"]), st.booleans()), max_size=2, unique_by=lambda one: one.name
).map(tuple)
endings = st.sampled_from([S.COMPLETED, S.COMPLETED, S.FAILED, S.CANCELED, S.QUEUED, S.PAUSED, S.SCHEDULED])


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model."""

    make_store: Callable[[RecordingNotifier], SqlStore]

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.run = self.runner.run
        notifier = RecordingNotifier()
        store = type(self).make_store(notifier)
        self.run(store.open())
        self.house = House(store, notifier)
        self.model = Model()
        self.attempts: list[Task] = []
        self.cursor = ""
        self.seen: dict[UUID, str] = {}
        self.workers = ["w0"]
        for pool in POOLS:
            self.run(store.workers.set_pool(pool, self.house.now))
            self.model.limits[pool.name] = pool
        self.run(store.registry.set_setting("", "task_ttl", str(TTL.total_seconds()), self.house.now))

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.run(self.house.store.close())
            self.runner.close()

    @property
    def now(self) -> datetime:
        return self.house.now

    def some(self, data: Any, *states: State) -> UUID | None:
        """A task in one of these states."""
        ids = [task.id for task in self.model.tasks.values() if task.state in states]
        return data.draw(st.sampled_from(ids)) if ids else None

    # ---------------------------------------------------------------- rules

    @rule(
        data=st.data(),
        priority=st.integers(3, 6),
        pool=st.sampled_from(["", "", "wide", "narrow"]),
        wanted=resources,
        delay=st.sampled_from([None, None, None, -5, 5]),
        paused=st.booleans(),
        folds=st.booleans(),
        even_if_failed=st.booleans(),
        lost_limit=st.integers(0, 1),
        key=st.sampled_from([None, None, "k", "l"]),
        external=st.sampled_from([False, False, False, True]),
    )
    def submit(
        self,
        *,
        data: Any,
        priority: int,
        pool: str,
        wanted: tuple[Resource, ...],
        delay: int | None,
        paused: bool,
        folds: bool,
        even_if_failed: bool,
        lost_limit: int,
        key: str | None,
        external: bool,
    ) -> None:
        alive = list(self.model.tasks)
        depends_on = data.draw(st.lists(st.sampled_from(alive), max_size=2, unique=True)) if alive else []
        parents = [one.id for one in self.model.tasks.values() if one.state not in FINAL]
        parent = data.draw(st.none() | st.sampled_from(parents)) if parents else None
        if external:
            depends_on, paused, delay = [], False, None
        run_at = None if delay is None else self.now + timedelta(seconds=delay)
        task = ModelTask(
            id=uuid7(),
            number=0,
            priority=priority,
            pool=pool,
            resources=() if external else wanted,
            parent=parent,
            folds=folds and parent is not None,
            even_if_failed=even_if_failed,
            lost_limit=lost_limit,
            key=key if parent is not None else None,
            is_external=external,
            run_at=run_at,
        )
        new = new_task(
            id=task.id,
            kind=Kind.EXTERNAL if external else Kind.TASK,
            priority=priority,
            pool=pool,
            resources=task.resources,
            parent_id=parent,
            key=task.key,
            folds=task.folds,
            depends_on=tuple(depends_on),
            even_if_failed=even_if_failed,
            run_at=run_at,
            paused=paused and not depends_on,
            rules=Rules(retry=Retry(lost_limit=lost_limit)),
        )
        alone = key is None and parent is None and not depends_on
        supersedes = self.some(data, S.PAUSED, *FINAL) if alone and data.draw(st.integers(0, 9)) == 0 else None
        answer = self.run(self.house.submit_all(new, supersedes=supersedes)).tasks[0]
        if supersedes is not None:
            self.model.supersede(supersedes, self.now)
        expected = self.model.submit(task, depends_on, self.now, paused=paused and not depends_on)
        assert answer.id == expected

    @rule(data=st.data(), limit=st.integers(1, 4))
    def claim(self, data: Any, limit: int) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        claimed = self.run(self.house.claim(limit, worker=worker))
        assert [task.id for task in claimed] == self.model.claim(worker, limit)
        self.attempts += claimed

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), state=endings, delay=st.sampled_from([0, 10]))
    def finish(self, data: Any, state: State, delay: int) -> None:
        """Of any attempt ever made: most late ones must change nothing."""
        attempt = data.draw(st.sampled_from(self.attempts[-12:]))
        run_at = self.now + timedelta(seconds=delay) if state is S.SCHEDULED else None
        worker = attempt.worker
        assert worker is not None
        told = self.run(self.house.finish(attempt, state, worker=worker, run_at=run_at))
        assert told == self.model.finish(attempt.id, attempt.attempt, worker, state=state, run_at=run_at, now=self.now)

    @rule()
    def lose_a_worker(self) -> None:
        """The oldest worker falls silent for too long; the others did not."""
        worker = self.workers.pop(0)
        self.workers.append(f"w{len(self.model.lost) + 2}")
        self.run(self._lose(worker))
        self.model.lose(worker, self.now)
        if len(self.workers) < 2:
            self.workers.append(f"x{len(self.model.lost)}")

    async def _lose(self, worker: str) -> None:
        lost = await self.house.worker(worker)
        self.house.tick(60)
        for name, worker_id in self.house._workers.items():
            if worker_id != lost and name not in self.model.lost:
                await self.house.store.workers.heartbeat(worker_id, self.now)
        await self.house.store.workers.reap(self.now - timedelta(seconds=30), self.now, 1000)

    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        task_id = self.some(data, *WAITING, S.RUNNING)
        if task_id is not None:
            self.run(self.house.store.tasks.cancel(task_id, "", self.now))
            self.model.cancel(task_id, self.now)

    @rule(data=st.data(), state=st.sampled_from([S.COMPLETED, S.FAILED, S.CANCELED]))
    def finish_external(self, data: Any, state: State) -> None:
        running = [one.id for one in self.model.tasks.values() if one.is_external and one.state is S.RUNNING]
        if running:
            task_id = data.draw(st.sampled_from(running))
            self.run(self.house.store.tasks.finish_external(task_id, state, None, None, self.now))
            self.model.finish_external(task_id, state, self.now)

    @rule(data=st.data(), priority=st.none() | st.integers(3, 6), delay=st.sampled_from([None, -5, 5]))
    def change(self, data: Any, priority: int | None, delay: int | None) -> None:
        task_id = self.some(data, *WAITING)
        if task_id is not None:
            run_at = None if delay is None else self.now + timedelta(seconds=delay)
            self.run(self.house.store.tasks.change(task_id, Change(priority=priority, run_at=run_at), self.now))
            self.model.change(task_id, priority, run_at, self.now)

    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        task_id = self.some(data, *FINAL)
        if task_id is None:
            return
        try:
            self.run(self.house.store.tasks.delete(task_id, self.now))
        except Conflict:
            assert not self.model.delete(task_id)
        else:
            assert self.model.delete(task_id)

    @rule(data=st.data())
    def pause(self, data: Any) -> None:
        task_id = self.some(data, *WAITING)
        if task_id is not None:
            self.run(self.house.store.tasks.pause(task_id, self.now))
            self.model.pause(task_id)

    @rule(data=st.data())
    def resume(self, data: Any) -> None:
        task_id = self.some(data, S.PAUSED)
        if task_id is not None:
            self.run(self.house.store.tasks.resume(task_id, self.now))
            self.model.resume(task_id, self.now)

    @rule(seconds=st.sampled_from([1, 7]))
    def advance(self, seconds: int) -> None:
        self.house.tick(seconds)
        self.run(self.house.store.tasks.advance(self.now, 1000))
        self.model.advance(self.now)

    @rule()
    def prune(self) -> None:
        self.house.tick(TTL.total_seconds() / 2)
        self.run(self.house.store.tasks.prune(self.now, 1000))
        self.model.prune(self.now - TTL)

    # ---------------------------------------------------------------- invariants

    @invariant()
    def tasks_are_as_the_model_says(self) -> None:
        if not hasattr(self, "house"):
            return
        known = [*self.model.tasks, *(attempt.id for attempt in self.attempts)]
        stored = self.run(self.house.store.tasks.get_many(known))
        shown = {
            one.id: (one.state, one.attempt, one.failures, one.losses, one.folded_count, one.superseded_by is not None)
            for one in stored.values()
        }
        assert shown == {
            one.id: (one.state, one.attempt, one.failures, one.losses, one.folded, one.superseded)
            for one in self.model.tasks.values()
        }

    @invariant()
    def counters_equal_what_they_count(self) -> None:
        if not hasattr(self, "house"):
            return
        assert self.run(self.house.tallies()) == self.model.counts()
        for pool in self.run(self.house.store.workers.pools()):
            assert pool == self.model.pool(pool.name)
            assert pool.running <= pool.limit
            assert pool.running_ordinary <= pool.limit - pool.reserved

    @invariant()
    def lines_are_granted_by_the_rule(self) -> None:
        if not hasattr(self, "house"):
            return
        lines: dict[str, list[tuple[UUID, bool, bool]]] = {}
        for resource, _ticket, task_id, exclusive, granted in self.run(self.house.store.database.read(_lines)):
            lines.setdefault(resource, []).append((UUID(bytes=task_id), bool(exclusive), bool(granted)))
        assert lines == {
            name: [(one.task, one.place.exclusive, one.place.granted) for one in line]
            for name, line in self.model.lines.items()
            if line
        }

    @invariant()
    def the_journal_knows_only_legal_changes(self) -> None:
        if not hasattr(self, "house"):
            return
        events = self.run(self.house.store.journal.events(self.cursor, limit=100_000))
        for event in events:
            self.cursor = event.cursor
            if event.kind not in {"created", "state"}:
                continue
            before, after = event.data.get("from"), event.data["state"]
            assert self.seen.get(event.task_id) == before
            assert before is None or State(after) in TRANSITIONS[State(before)]
            self.seen[event.task_id] = after
        running = [one for one, state in self.seen.items() if State(state) in ACTIVE]
        assert set(running) == {one.id for one in self.model.tasks.values() if one.state in ACTIVE}


def _lines() -> Plan[list[Any]]:
    return list((yield LINES()))


def check(make_store: Callable[[RecordingNotifier], SqlStore], examples: int, steps: int, phases: list[Phase]) -> None:
    machine = type("Machine", (StoreMachine,), {"make_store": staticmethod(make_store)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=phases,
            database=None,
        ),
    )


def test_sqlite_does_what_the_model_does() -> None:
    check(lambda notifier: SqliteStore(":memory:", notifier), 150, 40, [Phase.generate, Phase.shrink])


def test_postgres_does_what_the_model_does(postgres_server: PostgresServer) -> None:
    made: list[str] = []

    def make(notifier: RecordingNotifier) -> SqlStore:
        made.append(f"machine_{uuid7().hex}")
        postgres_server.create_database(made[-1])
        return PostgresStore(postgres_server.dsn(made[-1]), notifier, connections=2)

    try:
        # A new database for each try would make shrinking take hours.
        check(make, 12, 40, [Phase.generate])
    finally:
        for name in made:
            postgres_server.drop_database(name)
