"""The registry of tasks that forgets, as the service sees it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from taskward.model.tree import Folded
from taskward.ports import Brood, Paths, RosterPage
from taskward.store import roster
from taskward.store.plan import Database
from taskward.store.rows import to_micros

_PIECE = 1000
"""Most tasks that one transaction unregisters, so that others get their turn."""


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
