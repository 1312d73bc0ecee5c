"""How soon the tasks of a killed worker run again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from taskward.model.states import State
from tests.fault.conftest import record_of
from tests.fault.fleet import Fleet
from tests.fault.history import faults
from tests.fault.submitter import Submitter

TASKS = 1_000
HEARTBEAT = timedelta(seconds=2.5)
PATIENCE_SECONDS = 60


@pytest.fixture
def heartbeat() -> timedelta:
    return HEARTBEAT


async def test_a_thousand_tasks_run_again_within_two_heartbeats(fleet: Fleet, chance: Random, tmp_path: Path) -> None:
    fleet.serve("--no-worker")
    victim = fleet.work("victim", f"--concurrency={TASKS}")
    end = tmp_path / "end"
    task = {"operation": "work.hold", "args": {"until": str(end), "look_every_seconds": 1}}
    async with asyncio.timeout(PATIENCE_SECONDS), Submitter(fleet, chance) as submitter:
        await submitter.request("POST", "/v1/tasks", body={"tasks": [task] * TASKS})
        await submitter.until_busy(victim, TASKS)
        heir = fleet.work("heir", f"--concurrency={TASKS}")
        await submitter.until_up(heir)
        # A lease ends so long after the last heartbeat, not after the death: the longest wait is not met by luck.
        while (await submitter.age_of_heartbeat(victim)) < HEARTBEAT / 4:  # noqa: ASYNC110 - it grows with time alone
            await asyncio.sleep(0.05)
        fleet.kill(victim)
        killed_at = datetime.now(UTC)
        await submitter.until_busy(heir, TASKS)
        end.touch()
        await submitter.wait_for_all()
    record = await record_of(fleet)
    assert faults(record) == []
    again = [change.at for change in record.changes if change.begins_attempt and change.attempt == 2]
    assert len(again) == TASKS
    assert max(again) - killed_at <= 2 * HEARTBEAT
    assert {(task.state, task.attempt, task.losses) for task in record.tasks.values()} == {(State.COMPLETED, 2, 1)}
