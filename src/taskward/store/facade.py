"""The store as the rest of Taskward sees it: the protocols of `taskward.ports`, each method one plan."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

from taskward.model.conditions import Condition
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Event, LogLine, Report, Task, TaskError
from taskward.model.tree import Folded
from taskward.ports import (
    Asked,
    AuditPage,
    AuditQuery,
    Board,
    Brood,
    Change,
    Claim,
    Credential,
    Deed,
    Delivery,
    Exchange,
    FailureGroup,
    Finish,
    News,
    Note,
    Notifier,
    Obstacle,
    OperationInfo,
    Pace,
    Particulars,
    Paths,
    Pulse,
    Queue,
    RosterPage,
    Schedule,
    Search,
    Submission,
    Submitted,
    Tally,
    TaskPage,
    TaskQuery,
    Telling,
    Tree,
    WaitingCounts,
    WorkerInfo,
)
from taskward.store import (
    audit,
    callbacks,
    exchange,
    figures,
    fleet,
    journal,
    listing,
    notes,
    pools,
    reading,
    removal,
    roster,
    search,
    small,
    steering,
    why,
)
from taskward.store.plan import Database
from taskward.store.postgres import PostgresDatabase
from taskward.store.rows import from_micros, micros_or_none, to_micros
from taskward.store.sqlite import SqliteDatabase
from taskward.store.submitter import Submitter

_MICROSECOND = timedelta(microseconds=1)
_PIECE = 1000
"""Most tasks that one transaction unregisters, so that others get their turn."""


class Tasks:
    """`taskward.ports.Tasks` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._submitter = Submitter(database)

    async def submit(self, wish: Submission, now: datetime) -> Submitted:
        return await self._submitter.submit(wish, now)

    async def exchange(
        self, worker_id: UUID, finishes: Sequence[Finish], claim: Claim | None, now: datetime
    ) -> Exchange:
        return await self._db.write(exchange.exchange, worker_id.bytes, finishes, claim, to_micros(now))

    async def record(self, worker_id: UUID | None, batch: Sequence[Note], now: datetime) -> frozenset[UUID]:
        worker = None if worker_id is None else worker_id.bytes
        return await self._db.write(notes.record, worker, batch, to_micros(now))

    async def cancel(self, task_id: UUID, reason: str, now: datetime) -> list[Task]:
        return await self._db.write(steering.cancel, task_id.bytes, reason, to_micros(now))

    async def finish_external(
        self, task_id: UUID, state: State, result: bytes | None, error: TaskError | None, now: datetime
    ) -> Task:
        return await self._db.write(steering.finish_external, task_id.bytes, state, result, error, to_micros(now))

    async def pause(self, task_id: UUID, now: datetime) -> Task:
        return await self._db.write(steering.pause, task_id.bytes, to_micros(now))

    async def resume(self, task_id: UUID, now: datetime) -> Task:
        return await self._db.write(steering.resume, task_id.bytes, to_micros(now))

    async def change(self, task_id: UUID, change: Change, now: datetime) -> Task:
        return await self._db.write(steering.change, task_id.bytes, change, to_micros(now))

    async def open_gate(self, task_id: UUID, now: datetime) -> Task:
        return await self._db.write(steering.open_gate, task_id.bytes, to_micros(now))

    async def delete(self, task_id: UUID, now: datetime) -> int:
        return await self._db.write(removal.delete, task_id.bytes, to_micros(now))

    async def purge(self, query: TaskQuery, now: datetime) -> int:
        removed = 0
        rest: TaskQuery | None = query
        while rest is not None and removed < query.limit:
            some, rest = await self._db.write(removal.purge, rest, query.limit - removed, to_micros(now))
            removed += some
        return removed

    async def prune(self, now: datetime, limit: int) -> int:
        return await self._db.write(removal.prune, to_micros(now), limit)

    async def advance(self, now: datetime, limit: int) -> int:
        return await self._db.write(steering.advance, to_micros(now), limit)

    async def next_due(self, now: datetime, but: Sequence[str] = ()) -> datetime | None:
        due = await self._db.read(steering.next_due, to_micros(now), but)
        return None if due is None else from_micros(due)

    async def gated(self, now: datetime, interval: timedelta, limit: int) -> list[Task]:
        return await self._db.write(steering.gated, to_micros(now), interval // _MICROSECOND, limit)

    async def gate_closed(self, ids: Sequence[UUID], reason: str, now: datetime) -> None:
        await self._db.write(steering.gate_closed, [one.bytes for one in ids], reason, to_micros(now))

    async def get(self, task_id: UUID) -> Task:
        return await self._db.read(reading.get, task_id.bytes)

    async def by_number(self, number: int) -> Task:
        return await self._db.read(reading.by_number, number)

    async def get_many(self, ids: Sequence[UUID]) -> dict[UUID, Task]:
        return await self._db.read(reading.get_many, [one.bytes for one in ids])

    async def asked(self, task_id: UUID) -> Asked:
        return await self._db.read(reading.asked, task_id.bytes)

    async def places(self, tasks: Sequence[Task]) -> dict[UUID, int]:
        return await self._db.scan(reading.places, tasks)

    async def page(self, query: TaskQuery) -> TaskPage:
        return await (self._db.read if listing.is_quick(query) else self._db.scan)(listing.page, query)

    async def search(self, wanted: Search) -> list[Task]:
        return await (self._db.read if search.is_quick(wanted) else self._db.scan)(search.search, wanted)

    async def count(self, where: Condition, most: int) -> int:
        return await (self._db.read if search.is_tallied(where) else self._db.scan)(search.count, where, most)

    async def particulars(self, ids: Sequence[UUID]) -> dict[UUID, Particulars]:
        return await self._db.read(search.particulars, [one.bytes for one in ids])

    async def label_values(self, name: str, *, client: str, offset: int, limit: int) -> list[str]:
        return await self._db.scan(search.label_values, name, client, offset, limit)

    async def tree(self, task_id: UUID, depth: int, limit: int) -> Tree:
        return await self._db.scan(reading.tree, task_id.bytes, depth, limit)

    async def children(self, task_id: UUID) -> list[Task]:
        return await self._db.scan(reading.children, task_id.bytes)

    async def descendants(self, task_id: UUID) -> list[Task]:
        return await self._db.scan(reading.descendants, task_id.bytes)

    async def obstacles(self, task_id: UUID, now: datetime) -> list[Obstacle]:
        return await self._db.read(why.obstacles, task_id.bytes, to_micros(now))

    async def reports(self, task_id: UUID) -> list[Report]:
        return await self._db.read(reading.reports, task_id.bytes)

    async def board(self, client: str, limit: int) -> Board:
        return await self._db.scan(reading.board, client, limit)

    async def tallies(self) -> list[Tally]:
        return await self._db.read(reading.tallies)

    async def forgotten(self, client: str) -> int:
        return await self._db.read(reading.forgotten, client)

    async def drain(self) -> None:
        """Waits until what was submitted is written."""
        await self._submitter.drain()


class Roster:
    """`taskward.ports.Roster` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def registered(self, module: str, now: datetime, after: tuple[int, int] | None, limit: int) -> RosterPage:
        return await self._db.scan(roster.registered, module, to_micros(now), after, limit)

    async def unregister(self, ids: Sequence[UUID], now: datetime) -> None:
        await self._db.write(roster.unregister, [one.bytes for one in ids], to_micros(now))

    async def drain(self, module: str, client: str, now: datetime) -> int:
        drained = 0
        while some := await self._db.write(roster.drain, module, client, to_micros(now), _PIECE):
            drained += some
        return drained

    async def modules(self) -> list[str]:
        return await self._db.read(roster.modules)

    async def open_module(self, module: str) -> None:
        await self._db.write(roster.open_module, module)

    async def close_module(self, module: str) -> None:
        await self._db.write(roster.close_module, module)

    async def broods(self, ids: Sequence[UUID], *, marred: bool) -> dict[UUID, Brood]:
        return await self._db.scan(roster.broods, [one.bytes for one in ids], marred=marred)

    async def paths(self, root_id: UUID) -> Paths:
        return await self._db.scan(roster.paths, root_id.bytes)

    async def records(
        self, parents: Sequence[UUID], *, marred: bool, after: int, limit: int
    ) -> list[tuple[int, UUID, Folded]]:
        return await self._db.scan(roster.records, [one.bytes for one in parents], after, limit, marred=marred)

    async def record(self, parent_id: UUID, task_id: UUID) -> Folded | None:
        return await self._db.scan(roster.record, parent_id.bytes, task_id.bytes)


class Journal:
    """`taskward.ports.Journal` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def events(
        self, after: str, *, task_id: UUID | None = None, root_id: UUID | None = None, limit: int = 500
    ) -> list[Event]:
        return await self._db.read(journal.events, after, task_id, root_id, limit)

    async def end(self) -> str:
        return await self._db.read(journal.end)

    async def logs(
        self,
        task_id: UUID,
        *,
        after: int = 0,
        limit: int = 1000,
        min_severity: int = 0,
        step_id: UUID | None = None,
        hidden: bool = False,
    ) -> list[LogLine]:
        return await self._db.read(journal.logs, task_id, after, limit, min_severity, step_id, hidden=hidden)

    async def tree_logs(self, root_id: UUID, *, after: int, limit: int, hidden: bool) -> list[tuple[int, LogLine]]:
        return await self._db.scan(journal.tree_logs, root_id, after, limit, hidden=hidden)


class Workers:
    """`taskward.ports.Workers` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def register(self, info: WorkerInfo) -> None:
        await self._db.write(fleet.register, info)

    async def heartbeat(self, worker_id: UUID, now: datetime) -> Pulse:
        return await self._db.write(fleet.heartbeat, worker_id.bytes, to_micros(now))

    async def stops(self, worker_id: UUID) -> Pulse:
        return await self._db.read(fleet.stops, worker_id.bytes)

    async def held(self, worker_id: UUID) -> list[tuple[UUID, int]]:
        return await self._db.read(fleet.held, worker_id.bytes)

    async def retire(self, worker_id: UUID, state: str, now: datetime) -> None:
        await self._db.write(fleet.retire, worker_id.bytes, state, to_micros(now))

    async def reap(self, before: datetime, now: datetime, limit: int) -> list[Task]:
        return await self._db.write(fleet.reap, to_micros(before), to_micros(now), limit)

    async def workers(self, client: str = "") -> list[WorkerInfo]:
        return await self._db.read(fleet.workers, client)

    async def forget(self, before: datetime) -> int:
        return await self._db.write(fleet.forget, to_micros(before))

    async def set_pool(self, pool: Pool, now: datetime) -> Pool:  # noqa: ARG002 - the port's shape
        return await self._db.write(pools.set_pool, pool)

    async def enclose(self, outer: Pool, names: Sequence[str]) -> None:
        await self._db.write(pools.enclose, outer, names)

    async def delete_pool(self, name: str) -> None:
        await self._db.write(pools.delete_pool, name)

    async def pools(self, client: str = "") -> list[Pool]:
        return await self._db.read(pools.pools, client)

    async def set_queue_paused(self, name: str, *, paused: bool) -> None:
        await self._db.write(fleet.set_queue_paused, name, paused=paused)

    async def queues(self, client: str = "") -> list[Queue]:
        return await self._db.read(fleet.queues, client)

    async def publish_operations(self, operations: Sequence[OperationInfo]) -> None:
        await self._db.write(fleet.publish_operations, operations)

    async def operations(self) -> list[OperationInfo]:
        return await self._db.read(fleet.operations)


class Figures:
    """`taskward.ports.Figures` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def paces(self, since: datetime, before: datetime, step: timedelta, client: str) -> list[Pace]:
        return await self._db.scan(figures.paces, to_micros(since), to_micros(before), step, client)

    async def failures(self, since: datetime, client: str, limit: int) -> list[FailureGroup]:
        return await self._db.scan(figures.failures, to_micros(since), client, limit)

    async def waiting(self, most: int) -> WaitingCounts:
        return await self._db.read(figures.waiting, most)

    async def prune(self, now: datetime) -> None:
        await self._db.write(figures.prune, to_micros(now))


class Audit:
    """`taskward.ports.Audit` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, deeds: Sequence[Deed]) -> None:
        await self._db.write(audit.add, deeds)

    async def page(self, query: AuditQuery) -> AuditPage:
        return await self._db.scan(audit.page, query)

    async def prune(self, now: datetime, limit: int) -> None:
        await self._db.write(audit.prune, to_micros(now), limit)


class Schedules:
    """`taskward.ports.Schedules` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def save(self, schedule: Schedule, now: datetime) -> Schedule:  # noqa: ARG002 - the port's shape
        return await self._db.write(small.save_schedule, schedule)

    async def delete(self, name: str) -> None:
        await self._db.write(small.delete_schedule, name)

    async def all(self) -> list[Schedule]:
        return await self._db.read(small.schedules)

    async def due(self, now: datetime) -> list[Schedule]:
        return await self._db.read(small.due_schedules, to_micros(now))

    async def tick(
        self, name: str, expected: datetime, next_at: datetime | None, task_id: UUID | None, now: datetime
    ) -> bool:
        submitted = None if task_id is None else task_id.bytes
        return await self._db.write(
            small.tick, name, to_micros(expected), micros_or_none(next_at), submitted, to_micros(now)
        )


class Registry:
    """`taskward.ports.Registry` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def settings(self, client: str) -> Mapping[str, str]:
        return await self._db.read(small.settings, client)

    async def set_setting(self, client: str, name: str, value: str | None, now: datetime) -> str | None:
        return await self._db.write(small.set_setting, client, name, value, to_micros(now))

    async def add_credential(self, credential: Credential) -> None:
        await self._db.write(small.add_credential, credential)

    async def credential(
        self, kind: str, *, name: str | None = None, secret_hash: str | None = None
    ) -> Credential | None:
        return await self._db.read(small.credential, kind, name, secret_hash)

    async def credentials(self, kind: str) -> list[Credential]:
        return await self._db.read(small.credentials, kind)

    async def revoke(self, credential_id: UUID, now: datetime) -> None:
        await self._db.write(small.revoke, credential_id.bytes, to_micros(now))

    async def change_credential(self, credential: Credential) -> None:
        await self._db.write(small.change_credential, credential)

    async def touch(self, credential_id: UUID, now: datetime) -> None:
        await self._db.write(small.touch, credential_id.bytes, to_micros(now))


class Callbacks:
    """`taskward.ports.Callbacks` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def lead(self, holder: UUID, now: datetime, silence: timedelta) -> bool:
        return await self._db.write(callbacks.lead, holder, to_micros(now), silence // _MICROSECOND)

    async def news(self, limit: int) -> News | None:
        return await self._db.scan(callbacks.news, limit)

    async def tell(self, what: News, telling: Telling, now: datetime) -> bool:
        return await self._db.write(callbacks.tell, what, telling, to_micros(now))

    async def take(self, now: datetime, until: datetime, limit: int) -> list[Delivery]:
        return await self._db.write(callbacks.take, to_micros(now), to_micros(until), limit)

    async def sent(self, delivery: Delivery, until: datetime) -> Delivery | None:
        return await self._db.write(callbacks.sent, delivery, to_micros(until))

    async def unsent(self, delivery: Delivery, due: datetime) -> None:
        await self._db.write(callbacks.unsent, delivery, to_micros(due))

    async def next_due(self) -> datetime | None:
        due = await self._db.read(callbacks.next_due)
        return None if due is None else from_micros(due)


class Connection(Database, Protocol):
    """A driver with its life."""

    statements: int
    commits: int

    async def open(self) -> None: ...
    async def close(self) -> None: ...


class Definitions:
    """`taskward.ports.Definitions` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def save(self, digest: str, document: bytes, now: datetime) -> None:
        await self._db.write(small.save_definition, digest, document.decode(), to_micros(now))

    async def get(self, digest: str) -> bytes:
        return await self._db.read(small.definition, digest)


class SqlStore:
    """`taskward.ports.Store` on one database driver."""

    def __init__(self, database: Connection) -> None:
        self.database = database
        self.tasks = Tasks(database)
        self.roster = Roster(database)
        self.journal = Journal(database)
        self.workers = Workers(database)
        self.figures = Figures(database)
        self.audit = Audit(database)
        self.schedules = Schedules(database)
        self.registry = Registry(database)
        self.callbacks = Callbacks(database)
        self.definitions = Definitions(database)

    async def open(self) -> None:
        await self.database.open()

    async def close(self) -> None:
        await self.tasks.drain()
        await self.database.close()

    async def check(self) -> None:
        await self.database.write(small.check, to_micros(datetime.now(UTC)))


class SqliteStore(SqlStore):
    """The embedded store: a file, or `:memory:` for tests."""

    def __init__(self, path: str | Path, notifier: Notifier) -> None:
        super().__init__(SqliteDatabase(path, notifier.publish))


class PostgresStore(SqlStore):
    """The distributed store."""

    def __init__(self, dsn: str, notifier: Notifier, *, connections: int = 8) -> None:
        super().__init__(PostgresDatabase(dsn, notifier.publish, connections=connections))
