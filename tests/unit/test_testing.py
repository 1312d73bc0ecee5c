"""The engine that users test with."""

import asyncio
from datetime import timedelta

import pytest

from taskward import ChildFailed, Context, Module, Retry, SyncContext
from taskward.model.errors import Invalid, NotFound
from taskward.model.states import State
from taskward.operations import Wishes
from taskward.testing import ManualClock, SyncTestEngine, TestEngine

module = Module("m")


@module.operation()
async def work(ctx: Context, n: int = 0) -> int:
    ctx.log("working")
    with ctx.step("part"):
        return n


@module.operation(retry=Retry(limit=1, delay=timedelta(hours=1), jitter=0))
def flaky(ctx: SyncContext) -> int:
    if ctx.attempt == 1:
        raise OSError("not today")
    return ctx.attempt


@module.operation()
async def sleeper(ctx: Context) -> None:
    await asyncio.sleep(60)


def test_the_plain_face_does_what_the_async_one_does() -> None:
    with SyncTestEngine([module], clock=ManualClock()) as engine:
        tasks = [engine.submit(work, n=n) for n in range(3)]
        engine.wait_all()
        assert [engine.result(task) for task in tasks] == [0, 1, 2]
        assert [line.message for line in engine.logs(tasks[0])] == ["working"]
        assert [node.depth for node in engine.tree(tasks[0]).nodes] == [0, 1]
        sleeping = engine.submit("m.sleeper")
        engine.wait_for(sleeping, lambda now: now.state is State.RUNNING)
        engine.cancel(sleeping)
        assert engine.wait(sleeping).state is State.CANCELED
        retried = engine.submit(flaky)
        engine.wait_all()
        assert engine.get(retried).state is State.SCHEDULED
        engine.advance(timedelta(hours=1))
        assert engine.result(retried) == 2


def test_the_plain_face_raises_what_the_async_one_raises() -> None:
    with SyncTestEngine([module]) as engine:
        with pytest.raises(Invalid, match="/args/n"):
            engine.submit(work, n="x")
        with pytest.raises(NotFound, match="did you mean"):
            engine.submit("m.wrk")
        with pytest.raises(TypeError, match="ManualClock"):
            engine.advance(timedelta(1))
        task = engine.submit(sleeper, wishes=Wishes(paused=True))
        engine.cancel(task)
        with pytest.raises(ChildFailed, match="canceled"):
            engine.result(task)


async def test_waiting_in_vain_says_for_what() -> None:
    async with TestEngine([module]) as engine:
        task = await engine.submit(sleeper)
        for waiting in (engine.wait(task, timedelta(milliseconds=50)), engine.wait_all(timedelta(milliseconds=50))):
            with pytest.raises(TimeoutError, match=r"after 0\.05 seconds task 1 m\.sleeper is running"):
                await waiting


async def test_wait_all_leaves_alone_what_nobody_moves() -> None:
    async with TestEngine([module], clock=ManualClock()) as engine:
        await engine.submit(work, wishes=Wishes(paused=True))
        await engine.submit(work, wishes=Wishes(run_at=engine.clock.now() + timedelta(hours=1)))
        await engine.wait_all()
