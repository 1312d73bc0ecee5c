"""Tasks, as the engine and the service see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from taskward.model.conditions import Condition
from taskward.model.states import State
from taskward.model.task import Report, Task, TaskError
from taskward.ports import (
    Asked,
    Board,
    Change,
    Claim,
    Exchange,
    Finish,
    Note,
    Obstacle,
    Particulars,
    Search,
    Submission,
    Submitted,
    Tally,
    TaskPage,
    TaskQuery,
    Tree,
)
from taskward.store import exchange, listing, notes, reading, removal, search, steering, why
from taskward.store.plan import Database
from taskward.store.rows import from_micros, to_micros
from taskward.store.submitter import Submitter

_MICROSECOND = timedelta(microseconds=1)


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
