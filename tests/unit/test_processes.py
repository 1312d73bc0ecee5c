"""Bodies in processes of their own, on the real store."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from taskward.engine import Tempo, frames
from taskward.model.states import State
from taskward.model.task import Progress, Task
from taskward.operations import Wishes
from taskward.testing import TestEngine
from tests import boxed

QUICK = Tempo(abort_grace=timedelta(seconds=0.5), flush_interval=timedelta(milliseconds=10))


@pytest.fixture
async def engine() -> AsyncIterator[TestEngine]:
    async with TestEngine([boxed.boxed], tempo=QUICK) as engine:
        yield engine


async def pids(marks: Path) -> list[int]:
    async with asyncio.timeout(30):
        while not (marks / "pids").exists() or not (text := (marks / "pids").read_text()):  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.01)
    return [int(pid) for pid in text.split()]


async def wait_until_gone(pid: int) -> None:
    async with asyncio.timeout(30):
        while is_alive(pid):  # noqa: ASYNC110 - another's process
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_body_runs_in_a_process_group_of_its_own(engine: TestEngine) -> None:
    task = await engine.submit(boxed.add, a=2)
    result = await engine.result(task)
    assert (result["sum"], result["attempt"]) == (3, 1)
    assert result["pid"] == result["group"] != os.getpid()
    ended = await engine.get(task)
    assert ended.progress == Progress(1, 1, "sums")
    assert ended.folded_count == 1
    assert [line.message for line in await engine.logs(task)] == ["adding"]
    (report,) = await engine.store.tasks.reports(task.id)
    assert report.done == result["pid"]


async def test_an_async_body_may_have_a_process_too(engine: TestEngine) -> None:
    assert await engine.result(await engine.submit(boxed.add_async, a=2)) == 3


async def test_an_error_comes_with_its_traceback(engine: TestEngine) -> None:
    task = await engine.wait(await engine.submit(boxed.fail, message="broken"))
    assert task.error is not None
    assert (task.error.type, task.error.message) == ("ValueError", "broken")
    assert "boxed.py" in task.error.traceback
    assert "sandbox.py" not in task.error.traceback


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("SIGKILL", "the body's process was killed by SIGKILL"),
        ("SIGSEGV", "the body's process was killed by SIGSEGV"),
        ("SIGTERM", "the body's process was killed by SIGTERM"),
        ("exit", "the body's process ended with exit code 3"),
    ],
)
async def test_an_unexpected_death_says_how(engine: TestEngine, how: str, cause: str) -> None:
    task = await engine.wait(await engine.submit(boxed.die, how=how))
    assert task.state is State.FAILED
    assert task.error is not None
    assert (task.error.code, task.error.message) == ("killed", cause)


async def test_cancel_is_raised_wherever_the_body_is(engine: TestEngine, tmp_path: Path) -> None:
    task = await engine.submit(boxed.sleep, marks=tmp_path)
    own, helper = await pids(tmp_path)
    await engine.cancel(task)
    ended = await engine.wait(task)
    assert ended.state is State.CANCELED
    assert ended.error is not None
    assert ended.error.code == "canceled"
    assert (tmp_path / "asked").read_text() == "True"
    for pid in (own, helper):
        await wait_until_gone(pid)


async def test_a_body_that_does_not_stop_is_killed_with_all_it_started(engine: TestEngine, tmp_path: Path) -> None:
    task = await engine.submit(boxed.sleep, marks=tmp_path, stubborn=True)
    own, helper = await pids(tmp_path)
    await engine.cancel(task)
    ended = await engine.wait(task)
    assert ended.state is State.CANCELED
    assert ended.error is not None
    assert ended.error.code == "aborted"
    assert "SIGKILL" in ended.error.message
    for pid in (own, helper):
        await wait_until_gone(pid)


async def test_what_a_body_started_ends_with_it(engine: TestEngine) -> None:
    await wait_until_gone(await engine.result(await engine.submit(boxed.leave_helper)))


async def test_cancel_reaches_an_async_body_in_its_process(engine: TestEngine, tmp_path: Path) -> None:
    task = await engine.submit(boxed.sleep_async, marks=tmp_path)
    await pids(tmp_path)
    await engine.cancel(task)
    ended = await engine.wait(task)
    assert ended.error is not None
    assert (ended.state, ended.error.code) == (State.CANCELED, "canceled")
    assert (tmp_path / "asked").read_text() == "True"


async def test_a_timeout_kills_what_does_not_stop(engine: TestEngine, tmp_path: Path) -> None:
    wishes = Wishes(timeout=timedelta(seconds=1))
    ended = await engine.wait(await engine.submit(boxed.sleep, wishes=wishes, marks=tmp_path, stubborn=True))
    assert ended.error is not None
    assert (ended.state, ended.error.code) == (State.FAILED, "timeout")


async def test_a_stopped_worker_hands_a_process_back(engine: TestEngine, tmp_path: Path) -> None:
    task = await engine.submit(boxed.sleep, marks=tmp_path)
    own, helper = await pids(tmp_path)
    await engine._worker.stop()
    assert (await engine.get(task)).state is State.QUEUED
    for pid in (own, helper):
        await wait_until_gone(pid)


async def test_children_are_spawned_from_a_process(engine: TestEngine) -> None:
    assert await engine.result(await engine.submit(boxed.parent, count=3)) == [0, 1, 4]
    assert await engine.result(await engine.submit(boxed.async_parent, count=3)) == [0, 1, 4]


async def test_a_body_in_a_process_pauses_at_its_checkpoint(engine: TestEngine, tmp_path: Path) -> None:
    task = await engine.submit(boxed.pausable, marks=tmp_path)
    await pids(tmp_path)
    await engine.store.tasks.pause(task.id, engine.clock.now())
    await engine.wait_for(task, lambda now: now.state is State.PAUSED)
    (tmp_path / "go").touch()
    await engine.store.tasks.resume(task.id, engine.clock.now())
    assert await engine.result(task) == 2


async def test_many_steps_of_a_process_fold(engine: TestEngine) -> None:
    task = await engine.submit(boxed.many_steps, count=25_000)
    ended = await engine.wait(task, timedelta(seconds=60))
    assert ended.folded_count == 25_000


async def test_a_body_ends_with_its_worker(tmp_path: Path) -> None:
    """As when the worker is killed: the socket closes, and nobody asks anything any more."""
    task = frames.SentTask.of(await _task_of(boxed.sleep, marks=tmp_path))
    ours, theirs = socket.socketpair()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "taskward.engine.sandbox",
        str(theirs.fileno()),
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()
    begin = frames.Begin("tests.boxed", "sleep", None, False, task, sys.path, timedelta(seconds=0.1))
    ours.sendall(frames.framed(begin))
    _, helper = await pids(tmp_path)
    ours.close()
    async with asyncio.timeout(30):
        assert await process.wait() == -9
    await wait_until_gone(helper)


async def _task_of(operation: object, **args: object) -> Task:
    async with TestEngine([boxed.boxed]) as engine:
        return await engine.submit(operation, wishes=Wishes(paused=True), **args)  # type: ignore[arg-type]
