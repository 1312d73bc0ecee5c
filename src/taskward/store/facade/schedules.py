"""Schedules, as the engine and the service see them."""

from datetime import datetime
from uuid import UUID

from taskward.ports import Schedule
from taskward.store import small
from taskward.store.plan import Database
from taskward.store.rows import micros_or_none, to_micros


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
