"""The store as the rest of Taskward sees it: the protocols of `taskward.ports`, each method one plan."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from taskward.ports import Notifier
from taskward.store import small
from taskward.store.facade.audit import Audit
from taskward.store.facade.callbacks import Callbacks
from taskward.store.facade.definitions import Definitions
from taskward.store.facade.figures import Figures
from taskward.store.facade.journal import Journal
from taskward.store.facade.registry import Registry
from taskward.store.facade.roster import Roster
from taskward.store.facade.schedules import Schedules
from taskward.store.facade.tasks import Tasks
from taskward.store.facade.workers import Workers
from taskward.store.plan import Database
from taskward.store.postgres import PostgresDatabase
from taskward.store.rows import to_micros
from taskward.store.sqlite import SqliteDatabase

__all__ = ["PostgresStore", "SqlStore", "SqliteStore"]


class Connection(Database, Protocol):
    """A driver with its life."""

    statements: int
    commits: int

    async def open(self) -> None: ...
    async def close(self) -> None: ...


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
