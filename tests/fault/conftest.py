"""Fleets of real processes on either database, and chance that can be repeated."""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random, SystemRandom

import pytest

from taskward.notify import LocalNotifier
from taskward.store import PostgresStore, SqliteStore, SqlStore
from tests.fault.fleet import Fleet, fleet_in
from tests.fault.history import Record, read


@pytest.fixture
def chance() -> Random:
    """Draws the load and the moments of killing; `TASKWARD_FAULT_SEED` repeats a run."""
    seed = int(os.environ.get("TASKWARD_FAULT_SEED") or SystemRandom().randrange(1_000_000))
    print(f"TASKWARD_FAULT_SEED={seed}")  # noqa: T201 - pytest shows it beside what failed
    return Random(seed)  # noqa: S311 - for a load, not for secrets


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; "" for the file in the fleet's folder."""
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else ""


@pytest.fixture
def heartbeat() -> timedelta:
    """How often the workers of the fleet beat: they are given up quickly."""
    return timedelta(seconds=0.5)


@pytest.fixture
def fleet(database: str, tmp_path: Path, heartbeat: timedelta) -> Iterator[Fleet]:
    """A fleet without processes."""
    with fleet_in(tmp_path, database, heartbeat) as fleet:
        yield fleet


def store_of(fleet: Fleet) -> SqlStore:
    """The fleet's database, unopened."""
    if fleet.database:
        return PostgresStore(fleet.database, LocalNotifier())
    return SqliteStore(fleet.folder / "taskward.db", LocalNotifier())


async def record_of(fleet: Fleet) -> Record:
    """Ends the fleet in good order, and takes down what it has left."""
    codes = await asyncio.gather(
        *(asyncio.to_thread(fleet.stop, process) for process in fleet.processes if process.is_running)
    )
    assert codes == [0] * len(codes)
    store = store_of(fleet)
    await store.open()
    try:
        return await read(store)
    finally:
        await store.close()
