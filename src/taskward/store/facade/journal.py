"""Events and log lines, as the service sees them."""

from uuid import UUID

from taskward.model.task import Event, LogLine
from taskward.store import journal
from taskward.store.plan import Database


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
