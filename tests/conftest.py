"""Fixtures that every kind of test may use."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from taskward.ports import Notifier
from taskward.store import PostgresStore, SqliteStore, SqlStore
from tests.house import House, RecordingNotifier
from tests.postgres import PostgresServer, running_postgres

MakeStore = Callable[[Notifier], SqlStore]

_HERE = Path(__file__).parent
_STORIES = "console"
_LONGEST = (_STORIES, "fault", "acceptance", "property")
"""Folders whose files take longest, by what a file takes."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the files that take longest, so that in the end no process is left alone with one of them.

    Files come in random order, and so do the tests of each, but for those of the console: there a file is the story of
    one house, and is told in the order it is written in.
    """

    def place(item: pytest.Item) -> tuple[int, str, int, str]:
        folder = item.path.relative_to(_HERE).parts[0]
        rank = _LONGEST.index(folder) if folder in _LONGEST else len(_LONGEST)
        if folder == _STORIES:
            return rank, item.path.name, item.location[1] or 0, item.name
        return rank, "", 0, ""

    items.sort(key=place)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole run (one per process under pytest-xdist)."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database that is empty and this test's alone."""
    database = f"test_{uuid.uuid4().hex}"
    postgres_server.create_database(database)
    yield postgres_server.dsn(database)
    postgres_server.drop_database(database)


@pytest.fixture(params=["sqlite", "postgres"])
def make_empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Makes unopened stores on one database without tables, as several processes would."""
    if request.param == "sqlite":
        return lambda notifier: SqliteStore(tmp_path / "taskward.db", notifier)
    dsn: str = request.getfixturevalue("postgres_dsn")
    return lambda notifier: PostgresStore(dsn, notifier)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """The name of a database with tables, emptied for each test that uses it."""
    database = f"migrated_{uuid.uuid4().hex}"
    postgres_server.create_database(database)

    async def migrate() -> None:
        store = PostgresStore(postgres_server.dsn(database), RecordingNotifier())
        await store.open()
        await store.close()

    asyncio.run(migrate())
    return database


@pytest.fixture(params=["sqlite", "postgres"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """As `make_empty_store`, on a database that may have its tables: a test runs once per kind of database."""
    if request.param == "sqlite":
        return lambda notifier: SqliteStore(tmp_path / "taskward.db", notifier)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    database: str = request.getfixturevalue("migrated_postgres")
    server.empty_database(database, keeping="taskward_schema")
    return lambda notifier: PostgresStore(server.dsn(database), notifier)


@pytest.fixture
def notifier() -> RecordingNotifier:
    """What `store` publishes to."""
    return RecordingNotifier()


@pytest.fixture
async def store(make_store: MakeStore, notifier: RecordingNotifier) -> AsyncIterator[SqlStore]:
    """An open store on an empty database."""
    store = make_store(notifier)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def house(store: SqlStore, notifier: RecordingNotifier) -> House:
    """`store` with a clock turned by hand."""
    return House(store, notifier)


@pytest.fixture
async def other_house(make_store: MakeStore, house: House) -> AsyncIterator[House]:
    """Another process on the database of `house`."""
    notifier = RecordingNotifier()
    store = make_store(notifier)
    await store.open()
    yield House(store, notifier)
    await store.close()
