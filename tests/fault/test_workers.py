"""Workers that stop in good order, are frozen and thawed, or are taken along by what they run."""

import asyncio
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec
import pytest

from taskward.model.states import State
from tests.fault.conftest import record_of
from tests.fault.fleet import Fleet, Process
from tests.fault.history import Record, faults
from tests.fault.submitter import Submitter

PATIENCE_SECONDS = 30


@pytest.fixture
async def submitter(fleet: Fleet, chance: Random) -> AsyncIterator[Submitter]:
    """Speaks to the fleet's server, which has no worker of its own."""
    fleet.serve("--no-worker")
    async with asyncio.timeout(PATIENCE_SECONDS), Submitter(fleet, chance) as submitter:
        yield submitter


async def hold(submitter: Submitter, count: int, until: Path) -> list[UUID]:
    """Tasks that run until a file exists."""
    return [await submitter.submit({"operation": "work.hold", "args": {"until": str(until)}}) for _ in range(count)]


async def test_a_worker_that_is_asked_to_end_hands_back_what_does_not(
    fleet: Fleet, submitter: Submitter, tmp_path: Path
) -> None:
    one = fleet.work("one")
    short = [
        await submitter.submit({"operation": "work.square", "args": {"n": 3, "milliseconds": 600}}) for _ in range(5)
    ]
    long = await hold(submitter, 5, tmp_path / "end")
    await submitter.until_busy(one, len(short) + len(long))
    assert await asyncio.to_thread(fleet.stop, one) == 0
    two = fleet.work("two")
    await submitter.until_busy(two, len(long))
    (tmp_path / "end").touch()
    await submitter.wait_for_all()
    record = await record_of(fleet)
    assert faults(record) == []
    assert results(record, short) == [9] * len(short)
    assert results(record, long) == [2] * len(long)
    assert {task.attempt for task in record.tasks.values()} == {1, 2}
    assert {(task.losses, task.failures) for task in record.tasks.values()} == {(0, 0)}


async def test_what_a_frozen_worker_ends_when_it_thaws_changes_nothing(
    fleet: Fleet, submitter: Submitter, tmp_path: Path
) -> None:
    one = fleet.work("one")
    tasks = await hold(submitter, 5, tmp_path / "end")
    await submitter.until_busy(one, len(tasks))
    await freeze(fleet, one)
    two = fleet.work("two")
    await submitter.until_busy(two, len(tasks))
    (tmp_path / "end").touch()
    await submitter.wait_for_all()
    assert await asyncio.to_thread(fleet.stop, two) == 0
    fleet.kill(one, signal.SIGCONT)
    # Nobody else is there to run it: the worker has seen that it was lost, and begun anew.
    last = await submitter.submit({"operation": "work.square", "args": {"n": 5}})
    await submitter.wait_for_all()
    assert "an end came too late" in one.log.read_text()
    record = await record_of(fleet)
    assert faults(record) == []
    assert results(record, tasks) == [2] * len(tasks)
    assert results(record, [last]) == [25]
    assert {record.tasks[task].worker for task in tasks} == {"two"}
    assert record.tasks[last].worker == "one"


async def test_what_kills_its_workers_fails_when_its_losses_are_used_up(fleet: Fleet, submitter: Submitter) -> None:
    worker = fleet.work("one")
    deadly = await submitter.submit({"operation": "work.deadly"})
    for _ in range(2):
        assert worker.popen is not None
        await asyncio.to_thread(worker.popen.wait, PATIENCE_SECONDS)
        fleet.start(worker)
    harmless = await submitter.submit({"operation": "work.square", "args": {"n": 2}})
    await submitter.wait_for_all()
    assert worker.is_running
    record = await record_of(fleet)
    assert faults(record) == []
    assert results(record, [harmless]) == [4]
    task = record.tasks[deadly]
    assert task.error is not None
    assert (task.state, task.attempt, task.error.code) == (State.FAILED, 2, "worker-lost")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_workers_of_a_server_end_with_it(fleet: Fleet, chance: Random) -> None:
    server = fleet.serve("--workers=2")
    async with asyncio.timeout(PATIENCE_SECONDS), Submitter(fleet, chance) as submitter:
        await submitter.until_workers(2)
        beside = children_of(server.pid)
        fleet.kill(server)
        while any(map(is_alive, beside)):  # noqa: ASYNC110 - processes of another
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_bodies_in_processes_end_with_their_worker(fleet: Fleet, submitter: Submitter) -> None:
    worker = fleet.work("one")
    await submitter.submit({"operation": "work.square_in_process", "args": {"n": 2, "milliseconds": 600_000}})
    await submitter.until_busy(worker)
    async with asyncio.timeout(30):
        while not (bodies := children_of(worker.pid)):  # noqa: ASYNC110 - processes of another
            await asyncio.sleep(0.02)
    fleet.kill(worker)
    async with asyncio.timeout(30):
        while any(map(is_alive, bodies)):  # noqa: ASYNC110 - processes of another
            await asyncio.sleep(0.02)


def results(record: Record, tasks: list[UUID]) -> list[object]:
    return [msgspec.json.decode(result) if (result := record.tasks[task].result) else None for task in tasks]


async def freeze(fleet: Fleet, worker: Process) -> None:
    """Stops the worker's process, though not while it is writing: on SQLite that would stop all who write."""
    fleet.kill(worker, signal.SIGSTOP)
    while not fleet.database and not may_write(fleet.folder / "taskward.db"):
        fleet.kill(worker, signal.SIGCONT)
        await asyncio.sleep(0.01)
        fleet.kill(worker, signal.SIGSTOP)


def may_write(path: Path) -> bool:
    connection = sqlite3.connect(path, timeout=0.5, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["pgrep", "--parent", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in listed.split()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
