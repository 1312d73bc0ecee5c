"""The trail of deeds, as the service sees it."""

from collections.abc import Sequence
from datetime import datetime

from taskward.ports import AuditPage, AuditQuery, Deed
from taskward.store import audit
from taskward.store.plan import Database
from taskward.store.rows import to_micros


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
