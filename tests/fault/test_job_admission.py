"""Many jobs and several worker processes: each starts once, and never more run than may."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from uuid_utils.compat import uuid7

from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import NewTask
from taskward.ports import Submission
from taskward.store import SqlStore
from tests.fault.conftest import record_of, store_of
from tests.fault.fleet import Fleet
from tests.fault.history import Record, faults

JOBS = {"sqlite": 10_000, "postgres": 1_500}
"""Unless `TASKWARD_FAULT_JOBS` says how many. On a busy machine of two processors 10,000 took 53 s and 78 s."""
CLIENTS = ("acme", "beta")
BATCH = 1000
BOUND = 32
"""Fewer than the slots of all workers, and no less than those of two."""
PATIENCE_SECONDS = 120


@pytest.fixture
def heartbeat() -> timedelta:
    """Nobody is to be given up here, however busy the machine is."""
    return timedelta(seconds=20)


def job(client: str, priority: int) -> NewTask:
    return NewTask(
        id=uuid7(),
        operation="work.idle",
        name="work.idle",
        module="work",
        client=client,
        pool=f"jobs:{client}",
        priority=priority,
    )


async def prepare(store: SqlStore, chance: Random, jobs: int) -> None:
    """Jobs of two clients, with slots reserved and a bound around both that is less than what they may run."""
    now = datetime.now(UTC)
    for client in CLIENTS:
        await store.workers.set_pool(Pool(f"jobs:{client}", 24, reserved=8, threshold=3), now)
    await store.workers.enclose(Pool("all-jobs", BOUND, threshold=10), [f"jobs:{client}" for client in CLIENTS])
    for start in range(0, jobs, BATCH):
        count = min(BATCH, jobs - start)
        new = tuple(job(chance.choice(CLIENTS), chance.randint(1, 10)) for _ in range(count))
        await store.tasks.submit(Submission(new), now)


async def wait_until_all_have_ended(store: SqlStore, jobs: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            tallies = await store.tasks.tallies()
            if sum(tally.count for tally in tallies if tally.state is State.COMPLETED) == jobs:
                return
            await asyncio.sleep(0.1)


async def test_each_of_many_jobs_starts_once_and_never_more_run_than_may(fleet: Fleet, chance: Random) -> None:
    jobs = int(os.environ.get("TASKWARD_FAULT_JOBS") or JOBS["postgres" if fleet.database else "sqlite"])
    store = store_of(fleet)
    await store.open()
    try:
        await prepare(store, chance, jobs)
        for name in ("one", "two", "three", "four"):
            fleet.work(name, "--concurrency=12")
        await wait_until_all_have_ended(store, jobs)
    finally:
        await store.close()
    record = await record_of(fleet)
    assert faults(record) == []
    starts = [change.task_id for change in record.changes if change.begins_attempt]
    assert len(starts) == len(set(starts)) == jobs
    # It says something only if several processes were at it, and the bound was in their way.
    assert len({task.worker for task in record.tasks.values()}) >= 3
    assert most_at_once(record) == BOUND


def most_at_once(record: Record) -> int:
    """The most jobs that ran at one instant."""
    running = most = 0
    for change in record.changes:
        running += change.begins_attempt - change.ends_attempt
        most = max(most, running)
    return most
