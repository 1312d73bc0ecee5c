"""Processes are killed in mid-load and started again. Nothing is lost, done twice, or left behind."""

import asyncio
import contextlib
from random import Random
from uuid import UUID

import pytest

from tests.fault.conftest import record_of
from tests.fault.fleet import Fleet
from tests.fault.history import Record, faults
from tests.fault.orders import POOL, Order, broken_promises, orders
from tests.fault.submitter import Submitter

PATIENCE_SECONDS = 60
SLOTS = 16
OCCUPIED = 20
"""More than one worker has slots, so that each is at something; together they have some left."""
SCHEDULE = {"operation": "work.square", "args": {"n": 1}, "every_seconds": 1, "first_in_seconds": 0}


async def kill_at_random(fleet: Fleet, submitter: Submitter, chance: Random, rounds: int) -> None:
    """Kills each process once a round while it is at something, at a random moment, and soon starts it again."""
    for _ in range(rounds):
        for victim in chance.sample(fleet.processes, len(fleet.processes)):
            await (submitter.until_up if victim.name == "server" else submitter.until_busy)(victim)
            await asyncio.sleep(chance.uniform(0, 0.3))
            fleet.kill(victim)
            await asyncio.sleep(chance.uniform(0, 0.3))
            fleet.start(victim)


async def load_and_kill(fleet: Fleet, chance: Random, *, count: int, rounds: int) -> tuple[Record, dict[UUID, Order]]:
    """Submits a load while processes are killed; what is there when all has ended."""
    async with Submitter(fleet, chance) as submitter:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await submitter.request("PUT", "/v1/pools/narrow", body=POOL)
            await submitter.request("PUT", "/v1/schedules/ticking", body=SCHEDULE)
            await submitter.occupy(OCCUPIED)
            async with asyncio.TaskGroup() as both:
                both.create_task(submitter.place(orders(chance, count), pause_seconds=0.1))
                both.create_task(kill_at_random(fleet, submitter, chance, rounds))
            await submitter.request("DELETE", "/v1/schedules/ticking", 404)
            await submitter.release()
            for process in fleet.processes:
                await submitter.until_up(process)
        # Who has not ended when patience is over is named by the record.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await submitter.wait_for_all()
    return await record_of(fleet), submitter.accepted


def losses(record: Record) -> int:
    return sum(change.is_loss for change in record.changes)


async def test_a_server_and_its_workers_are_killed(fleet: Fleet, chance: Random) -> None:
    fleet.serve("--no-worker")
    fleet.work("one", f"--concurrency={SLOTS}")
    fleet.work("two", f"--concurrency={SLOTS}")
    record, accepted = await load_and_kill(fleet, chance, count=150, rounds=2)
    assert faults(record) == []
    assert broken_promises(record, accepted) == []
    assert losses(record) > 0, "no worker was killed while it ran something"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_server_that_works_alone_recovers_its_own_work(fleet: Fleet, chance: Random) -> None:
    fleet.serve()
    record, accepted = await load_and_kill(fleet, chance, count=100, rounds=3)
    assert faults(record) == []
    assert broken_promises(record, accepted) == []
    assert losses(record) > 0, "the server was not killed while it ran something"
