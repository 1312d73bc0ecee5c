"""A worker that loses its leases drops what it runs and begins anew."""

import asyncio
import queue
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from taskward import Context, Module
from taskward.engine import Tempo
from taskward.model.errors import Unavailable
from taskward.model.states import State
from taskward.ports import Pulse
from taskward.testing import TestEngine

TEMPO = Tempo(
    heartbeat_interval=timedelta(milliseconds=200),
    lease_ttl=timedelta(seconds=1.5),
    abort_grace=timedelta(seconds=1),
    flush_interval=timedelta(milliseconds=10),
)

module = Module("m")
ended: queue.SimpleQueue[int] = queue.SimpleQueue()


@module.operation()
async def sleeper(ctx: Context) -> int:
    try:
        if ctx.attempt == 1:
            await asyncio.sleep(60)
        return ctx.attempt
    finally:
        ended.put(ctx.attempt)


async def next_end() -> int:
    return await asyncio.to_thread(ended.get, timeout=30)


@pytest.fixture
async def engine() -> AsyncIterator[TestEngine]:
    while not ended.empty():
        ended.get_nowait()
    async with TestEngine([module], tempo=TEMPO) as engine:
        yield engine


async def test_a_worker_declared_lost_drops_its_runs_and_registers_anew(engine: TestEngine) -> None:
    task = await engine.submit(sleeper)
    await engine.wait_for(task, lambda now: now.state is State.RUNNING)
    first = engine._worker.id
    await engine.store.workers.retire(first, "lost", engine.clock.now())
    ended_task = await engine.wait(task)
    assert (ended_task.state, ended_task.attempt, ended_task.losses) == (State.COMPLETED, 2, 1)
    assert [await next_end(), await next_end()] == [1, 2]
    assert engine._worker.id != first
    states = {worker.id: worker.state for worker in await engine.store.workers.workers()}
    assert states[engine._worker.id] == "online"


async def test_without_heartbeats_a_worker_fences_itself(engine: TestEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await engine.submit(sleeper)
    await engine.wait_for(task, lambda now: now.state is State.RUNNING)
    heartbeat = engine.store.workers.heartbeat

    async def away(*_args: object) -> Pulse:
        raise Unavailable("away")

    monkeypatch.setattr(engine.store.workers, "heartbeat", away)
    assert await next_end() == 1
    monkeypatch.setattr(engine.store.workers, "heartbeat", heartbeat)
    assert (await engine.wait(task)).attempt == 2


async def test_a_heartbeat_that_hangs_is_none(engine: TestEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await engine.submit(sleeper)
    await engine.wait_for(task, lambda now: now.state is State.RUNNING)

    async def hangs(*_args: object) -> Pulse:
        await asyncio.sleep(60)
        raise AssertionError

    with monkeypatch.context() as patched:
        patched.setattr(engine.store.workers, "heartbeat", hangs)
        assert await next_end() == 1
    assert (await engine.wait(task)).attempt == 2


async def test_a_lost_wake_up_for_a_cancel_costs_one_heartbeat(
    engine: TestEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await engine.submit(sleeper)
    await engine.wait_for(task, lambda now: now.state is State.RUNNING)

    async def deaf(*_args: object) -> Pulse:
        raise Unavailable("away")

    monkeypatch.setattr(engine.store.workers, "stops", deaf)
    await engine.cancel(task)
    assert (await engine.wait(task)).state is State.CANCELED


async def test_heartbeats_keep_a_worker_alive(engine: TestEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat = engine.store.workers.heartbeat
    beats = iter(range(15))  # twice a lease
    enough = asyncio.Event()

    async def counted(worker: UUID, now: datetime) -> Pulse:
        if next(beats, None) is None:
            enough.set()
        return await heartbeat(worker, now)

    monkeypatch.setattr(engine.store.workers, "heartbeat", counted)
    task = await engine.submit(sleeper)
    await engine.wait_for(task, lambda now: now.state is State.RUNNING)
    async with asyncio.timeout(30):
        await enough.wait()
    assert (await engine.get(task)).attempt == 1
    await engine.cancel(task)
    await engine.wait(task)
