"""Figures by the minute, as the service sees them."""

from datetime import datetime, timedelta

from taskward.ports import FailureGroup, Pace, WaitingCounts
from taskward.store import figures
from taskward.store.plan import Database
from taskward.store.rows import to_micros


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
