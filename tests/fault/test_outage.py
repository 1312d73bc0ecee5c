"""The database crashes, is away, or has no room left in mid-load. The processes survive it and go on."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from tests.fault.conftest import record_of
from tests.fault.fleet import Fleet
from tests.fault.history import faults
from tests.fault.orders import POOL, broken_promises, orders
from tests.fault.submitter import Submitter

PATIENCE_SECONDS = 100
AWAY_SECONDS = 2
"""Longer than a lease."""
ROOM_BYTES = 64 * 1024


async def administrating(dsn: str) -> asyncpg.Connection:
    """A connection, as soon as PostgreSQL has recovered from a crash just before."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncpg.connect(dsn)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
                await asyncio.sleep(0.02)


async def others(administrator: asyncpg.Connection) -> list[int]:
    """The processes of PostgreSQL that serve somebody else on the same database."""
    rows = await administrator.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return [row["pid"] for row in rows]


async def crash(dsn: str, chance: Random) -> None:
    """Kills one of its processes: PostgreSQL ends all others too, recovers, and lets nobody in meanwhile."""
    administrator = await administrating(dsn)
    # After a crash just before, nobody may have come back yet.
    while not (pids := await others(administrator)):  # noqa: ASYNC110 - who connects tells nobody
        await asyncio.sleep(0.02)
    os.kill(chance.choice(pids), signal.SIGKILL)
    administrator.terminate()


@asynccontextmanager
async def away(dsn: str) -> AsyncIterator[None]:
    """Inside the block nobody reaches the database, and nobody is left connected."""
    folder = Path(parse_qs(urlsplit(dsn).query)["host"][0])
    administrator = await administrating(dsn)
    door = folder / ".s.PGSQL.5432"
    aside = door.with_suffix(".aside")
    door.rename(aside)
    try:
        for pid in await others(administrator):
            await administrator.execute("SELECT pg_terminate_backend($1)", pid)
        yield
    finally:
        aside.rename(door)
        await administrator.close()


@contextmanager
def full_disk(fleet: Fleet) -> Iterator[None]:
    """Inside the block the processes of the fleet can write no file beyond a few pages."""
    pids = [process.pid for process in fleet.processes]
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, before[pid][1]))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before[pid])


@asynccontextmanager
async def loaded(fleet: Fleet, chance: Random, count: int) -> AsyncIterator[Submitter]:
    """A submitter whose orders keep the fleet busy while the block runs; it leaves when all has ended."""
    async with asyncio.timeout(PATIENCE_SECONDS), Submitter(fleet, chance) as submitter:
        await submitter.request("PUT", "/v1/pools/narrow", body=POOL)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(submitter.place(orders(chance, count), pause_seconds=0.1))
            await submitter.occupy(5)
            yield submitter
            await submitter.release()
        await submitter.wait_for_all()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_postgres_crashes(fleet: Fleet, chance: Random) -> None:
    fleet.serve("--no-worker")
    worker = fleet.work("one")
    async with loaded(fleet, chance, 75) as submitter:
        for _ in range(3):
            await submitter.until_busy(worker)
            await asyncio.sleep(chance.uniform(0, 0.5))
            await crash(fleet.database, chance)
    record = await record_of(fleet)
    assert faults(record) == []
    assert broken_promises(record, submitter.accepted) == []


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_postgres_is_away_for_longer_than_a_lease(fleet: Fleet, chance: Random) -> None:
    fleet.serve("--no-worker")
    worker = fleet.work("one")
    async with loaded(fleet, chance, 50) as submitter:
        await submitter.until_busy(worker)
        async with away(fleet.database):
            await asyncio.sleep(AWAY_SECONDS)
    record = await record_of(fleet)
    assert faults(record) == []
    assert broken_promises(record, submitter.accepted) == []
    assert submitter.refused > 0, "nothing was submitted while the database was away"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_disk_is_full_for_a_while(fleet: Fleet, chance: Random) -> None:
    server = fleet.serve()
    async with loaded(fleet, chance, 50) as submitter:
        await submitter.until_busy(server)
        with full_disk(fleet):
            before = submitter.refused
            while submitter.refused < before + 5:  # noqa: ASYNC110 - the server is asked again and again
                await asyncio.sleep(0.05)
    record = await record_of(fleet)
    assert faults(record) == []
    assert broken_promises(record, submitter.accepted) == []
