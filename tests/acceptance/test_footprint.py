"""What a worker process costs: its memory, and what it imports."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from taskward.clock import SystemClock
from taskward.model.states import State
from taskward.notify import LocalNotifier
from taskward.operations import Operation
from taskward.ports import Submission
from taskward.store import PostgresStore, SqliteStore, SqlStore
from tests.fault.operations import idle

ROOT = Path(__file__).parents[2]
TASKS = 1_000
MOST_BYTES = 70_000_000
PATIENCE_SECONDS = 60


def test_a_worker_imports_no_web_framework() -> None:
    program = (
        "import sys, taskward.bootstrap.worker;"
        "print([name for name in ('litestar', 'uvicorn', 'taskward.http') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout.strip() == b"[]"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux how much memory a process has")
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_worker_stays_small(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    dsn: str = request.getfixturevalue("postgres_dsn") if kind == "postgres" else ""
    notifier = LocalNotifier()
    store = PostgresStore(dsn, notifier) if dsn else SqliteStore(tmp_path / "taskward.db", notifier)
    command = [
        sys.executable,
        "-m",
        "taskward.cli",
        "worker",
        "--data-dir",
        str(tmp_path),
        "--app",
        "tests.fault.operations",
    ]
    worker = subprocess.Popen([*command, *(["--database", dsn] if dsn else [])], cwd=ROOT)
    await store.open()
    try:
        await run_idle_tasks(store)
        assert resident_bytes(worker.pid) <= MOST_BYTES
    finally:
        await store.close()
        worker.terminate()
        assert worker.wait(20) == 0


async def run_idle_tasks(store: SqlStore) -> None:
    """Returns when all have ended."""
    clock = SystemClock()
    operation = Operation.of(idle)
    tasks = tuple(operation.new_task(uuid7(), {}) for _ in range(TASKS))
    await store.tasks.submit(Submission(tasks), clock.now())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await completed(store) < TASKS:  # noqa: ASYNC110 - another process completes them
            await asyncio.sleep(0.05)


async def completed(store: SqlStore) -> int:
    return sum(tally.count for tally in await store.tasks.tallies() if tally.state is State.COMPLETED)


def resident_bytes(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found.group(1)) * 1024
