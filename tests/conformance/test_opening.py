"""Opening, migrating, closing; several processes on one database."""

import asyncio
import re
import sqlite3
import stat
from pathlib import Path

import pytest

from taskward.model.errors import SchemaTooNew, Unavailable
from taskward.model.states import State
from taskward.store import PostgresStore, SqliteStore, SqlStore
from taskward.store.catalogue import compose, load
from taskward.store.migrate import migrations
from taskward.store.plan import Plan
from tests.conftest import MakeStore
from tests.house import House, RecordingNotifier, new_task


def executed(sql: str) -> Plan[None]:
    yield compose("executed", sql)()


async def test_many_open_an_empty_database_at_once(make_empty_store: MakeStore) -> None:
    stores = [make_empty_store(RecordingNotifier()) for _ in range(6)]
    await asyncio.gather(*(store.open() for store in stores))
    houses = [House(store, RecordingNotifier()) for store in stores]
    await asyncio.gather(*(house.submit() for house in houses))
    for house in houses:
        assert await house.tallies() == {State.QUEUED: 6}
    await asyncio.gather(*(store.close() for store in stores))


async def test_what_was_answered_is_there_after_reopening(make_store: MakeStore) -> None:
    store = make_store(RecordingNotifier())
    await store.open()
    task = await House(store, RecordingNotifier()).submit()
    await store.close()
    again = make_store(RecordingNotifier())
    await again.open()
    assert await again.tasks.get(task.id) == task
    await again.close()


async def test_nobody_else_may_read_a_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "taskward.db", RecordingNotifier())
    await store.open()
    await House(store, RecordingNotifier()).submit()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    await store.close()
    assert modes == {"taskward.db": 0o600, "taskward.db-wal": 0o600, "taskward.db-shm": 0o600}


async def test_the_schema_of_a_newer_taskward_is_refused(make_empty_store: MakeStore) -> None:
    store = make_empty_store(RecordingNotifier())
    await store.open()
    table = (
        "PRAGMA user_version = 9999" if isinstance(store, SqliteStore) else "INSERT INTO taskward_schema VALUES (9999)"
    )
    await store.database.write(executed, table)
    await store.close()
    newer = make_empty_store(RecordingNotifier())
    with pytest.raises(SchemaTooNew, match=r"schema 9999.*run a newer Taskward"):
        await newer.open()
    await newer.close()


async def test_a_migration_that_fails_changes_nothing(
    make_empty_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskward.store import postgres, sqlite

    def broken(flavour: str, version: int, place: str) -> object:
        real = [one for one in migrations("sqlite" if flavour == "sqlite" else "postgres") if one.number > version]
        return [real[0], type(real[0])(2, "broken", ("CREATE TABLE second (x INTEGER)", "NO SQL"))]

    store = make_empty_store(RecordingNotifier())
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "missing", broken)
        patch.setattr(postgres, "missing", broken)
        with pytest.raises(Exception, match=r"(?i)syntax|NO SQL"):
            await store.open()
        await store.close()
    again = make_empty_store(RecordingNotifier())
    await again.open()
    assert await again.tasks.tallies() == []
    await again.close()


async def test_two_stores_on_one_database_work_together(house: House, other_house: House) -> None:
    both = (house, other_house)
    await asyncio.gather(*(one.submit_all(*(new_task() for _ in range(10))) for one in both for _ in range(5)))
    for n, one in enumerate(both):
        await one.worker(f"w{n}")
    done = 0
    while done < 100:
        claims = await asyncio.gather(*(one.claim(7, worker=f"w{n}") for n, one in enumerate(both)))
        ids = [task.id for claimed in claims for task in claimed]
        assert len(ids) == len(set(ids))
        ends = [both[n].finish(task, worker=f"w{n}") for n, claimed in enumerate(claims) for task in claimed]
        assert all(await asyncio.gather(*ends))
        done += len(ids)
    assert await house.tallies() == await other_house.tallies() == {State.COMPLETED: 100}


async def test_what_one_store_writes_the_other_sees_at_once(house: House, other_house: House) -> None:
    for _ in range(20):
        task = await house.submit()
        assert await other_house.get(task) == task


async def test_a_closed_store_says_so(make_store: MakeStore) -> None:
    store = make_store(RecordingNotifier())
    await store.close()
    await store.open()
    house = House(store, RecordingNotifier())
    submits = [asyncio.ensure_future(house.submit()) for _ in range(20)]
    await asyncio.sleep(0)
    await store.close()
    for answer in await asyncio.gather(*submits, return_exceptions=True):
        assert not isinstance(answer, BaseException), answer
    await store.close()
    with pytest.raises(Unavailable):
        await house.submit()
    with pytest.raises(Unavailable):
        await store.tasks.tallies()
    with pytest.raises(Unavailable):
        await store.check()


async def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is not a database, and long enough to be looked at." * 100)
    for store in (
        SqliteStore(tmp_path / "text.db", RecordingNotifier()),
        SqliteStore(tmp_path / "text.db" / "below.db", RecordingNotifier()),
        PostgresStore(f"postgresql://postgres@/nothing?host={tmp_path}", RecordingNotifier()),
    ):
        with pytest.raises(Unavailable):
            await store.open()
        await store.close()


async def test_a_locked_file_is_waited_for(house: House, tmp_path: Path) -> None:
    if not isinstance(house.store, SqliteStore):
        pytest.skip("about the file")
    other = sqlite3.connect(tmp_path / "taskward.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    submitting = asyncio.ensure_future(house.submit())
    reading = await house.tallies()
    assert reading == {}
    assert not submitting.done()
    other.execute("COMMIT")
    other.close()
    assert (await submitting).state is State.QUEUED


async def test_in_memory_it_is_a_store_too() -> None:
    store: SqlStore = SqliteStore(":memory:", RecordingNotifier())
    await store.open()
    house = House(store, RecordingNotifier())
    task = await house.complete()
    assert (await store.tasks.tree(task.id, 9, 9)).nodes[0].task == task
    await store.close()


def test_every_statement_of_the_catalogue_is_used() -> None:
    import taskward.store

    source = "".join(path.read_text() for path in Path(next(iter(taskward.store.__path__))).glob("*.py"))
    unused = sorted(name for name in load().names() if f"Q.{name}" not in source)
    assert unused == []


def test_no_statement_leaves_anything_in_its_session() -> None:
    # Connections are not cleared when they are given back.
    catalogue = load()
    lasting = re.compile(
        r"\A\s*(SET|LISTEN|DECLARE|PREPARE)\b|TEMP TABLE|pg_(try_)?advisory_lock|set_config", re.IGNORECASE
    )
    left = [name for name in catalogue.names() if lasting.search(getattr(catalogue, name).postgres)]
    assert left == []


def test_both_databases_get_the_same_migrations() -> None:
    ours, theirs = migrations("sqlite"), migrations("postgres")
    assert [one.number for one in ours] == [one.number for one in theirs] == list(range(1, len(ours) + 1))
    assert [one.name for one in ours] == [one.name for one in theirs]
