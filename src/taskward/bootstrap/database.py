"""Looking after the database itself: what schema it has, whether it is sound, a copy of it."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
from msgspec import Struct

from taskward.model.errors import Conflict, Unavailable
from taskward.model.masking import mask_text
from taskward.notify import LocalNotifier
from taskward.settings import Settings
from taskward.store import PostgresStore, SqliteStore
from taskward.store.migrate import migrations

_SQLITE = "sqlite:///"


class Condition(Struct, frozen=True):
    """What state a database is in. `schema` is 0 for one that nothing has been written to yet."""

    database: str
    """Its address, without its password."""
    schema: int
    newest_schema: int
    """What this Taskward knows."""
    faults: list[str]
    """What is damaged; empty for a sound one."""

    @property
    def is_current(self) -> bool:
        """Whether this Taskward can use it as it is."""
        return self.schema == self.newest_schema and not self.faults


async def check(settings: Settings) -> Condition:
    """Looks at the database, without changing it. Raises Unavailable when it cannot be read."""
    url = settings.server.database_url
    if url.startswith(_SQLITE):
        path = Path(url.removeprefix(_SQLITE))
        schema, faults = await asyncio.to_thread(_check_file, path)
        return Condition(str(path), schema, migrations("sqlite")[-1].number, faults)
    return Condition(mask_text(url), await _schema_of(url), migrations("postgres")[-1].number, [])


async def upgrade(settings: Settings) -> Condition:
    """Brings the schema up to date, as every start does. Raises Unavailable, SchemaTooNew."""
    url = settings.server.database_url
    notifier = LocalNotifier()
    if url.startswith(_SQLITE):
        store: SqliteStore | PostgresStore = SqliteStore(Path(url.removeprefix(_SQLITE)), notifier)
    else:
        store = PostgresStore(url, notifier)
    await store.open()
    await store.close()
    return await check(settings)


async def backup(settings: Settings, target: Path) -> Path:
    """Copies a SQLite database to a new file while it is in use; the copy is of one moment.

    Raises Conflict when the file exists or the database is PostgreSQL, which has tools of its own; Unavailable.
    """
    url = settings.server.database_url
    if not url.startswith(_SQLITE):
        raise Conflict("PostgreSQL is copied by its own tools: pg_dump --format=custom --file=FILE URL")
    await asyncio.to_thread(_copy, Path(url.removeprefix(_SQLITE)), target)
    return target


def _check_file(path: Path) -> tuple[int, list[str]]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            [schema] = connection.execute("PRAGMA user_version").fetchone()
            faults = [fault for (fault,) in connection.execute("PRAGMA integrity_check") if fault != "ok"]
    except sqlite3.Error as error:
        raise Unavailable(f"cannot read {path}: {error}") from error
    return schema, faults


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        raise Conflict(f"{target} exists; choose a new file")
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        # What it holds is nobody else's to read.
        unfinished.touch(mode=0o600)
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reader,
            closing(sqlite3.connect(unfinished)) as writer,
        ):
            reader.backup(writer)
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"cannot copy {source} to {target}: {error}") from error
    # The name appears when the copy is complete.
    unfinished.replace(target)


async def _schema_of(url: str) -> int:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unavailable(f"cannot reach PostgreSQL: {error}") from error
    try:
        if await connection.fetchval("SELECT to_regclass('taskward_schema')") is None:
            return 0
        return await connection.fetchval("SELECT max(version) FROM taskward_schema") or 0
    finally:
        await connection.close()
