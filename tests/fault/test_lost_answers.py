"""The store does what it was asked and its answer is lost, or it is away. Neither bodies nor leases suffer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from uuid_utils.compat import uuid7

from taskward import ChildFailed, Context, Module
from taskward.clock import SystemClock
from taskward.engine import Tempo, Worker
from taskward.model.errors import Unavailable
from taskward.model.states import State
from taskward.model.task import Task
from taskward.notify import LocalNotifier
from taskward.operations import Operation, Registry
from taskward.ports import Submission, Topic
from taskward.store import SqlStore
from tests.conftest import MakeStore
from tests.fault.history import faults, read

module = Module("m")
TEMPO = Tempo(heartbeat_interval=timedelta(seconds=10), lease_ttl=timedelta(seconds=18))
CLOCK = SystemClock()


@module.operation()
async def child(ctx: Context, n: int) -> int:
    return n


@module.operation(queue="nobody")
async def unserved(ctx: Context) -> None: ...


@module.operation()
async def parent(ctx: Context) -> int:
    results: list[int] = await ctx.gather(*[await ctx.spawn(child, n=n) for n in range(3)])
    return sum(results)


@module.operation()
async def parent_of_waiting(ctx: Context) -> None:
    await (await ctx.spawn(unserved)).result()


class Bench:
    """A worker on a store whose answers can be lost."""

    def __init__(self, store: SqlStore, notifier: LocalNotifier) -> None:
        self.store = store
        self.notifier = notifier
        self.worker = Worker(store, notifier, Registry([module]), CLOCK, tempo=TEMPO)

    async def submit(self, operation: Callable[..., Any], **args: Any) -> Task:
        new = Operation.of(operation).new_task(uuid7(), args)
        return (await self.store.tasks.submit(Submission((new,)), CLOCK.now())).tasks[0]

    async def wait(self, task: Task, *states: State) -> Task:
        async with asyncio.timeout(20), self.notifier.subscribe(Topic.EVENTS) as events:
            while True:
                now = await self.store.tasks.get(task.id)
                if now.state in states or (now.is_final and not states):
                    return now
                await events.wait(timedelta(seconds=1))

    async def children(self, task: Task) -> list[Task]:
        """As soon as it has some."""
        async with asyncio.timeout(20), self.notifier.subscribe(Topic.EVENTS) as events:
            while not (children := await self.store.tasks.children(task.id)):
                await events.wait(timedelta(seconds=1))
        return children

    async def check_history(self) -> None:
        assert faults(await read(self.store)) == []


@pytest.fixture
async def bench(make_store: MakeStore) -> AsyncIterator[Bench]:
    notifier = LocalNotifier()
    store = make_store(notifier)
    await store.open()
    bench = Bench(store, notifier)
    yield bench
    await bench.worker.stop()
    await store.close()


def result_of(task: Task) -> Any:
    assert task.result is not None, f"it has no result; it is {task.state}: {task.error}"
    return msgspec.json.decode(task.result)


class Losing:
    """Does what it is asked, and loses as many of its answers as it is told."""

    def __init__(self, do: Callable[..., Awaitable[Any]], losses: int, *, only_if: Callable[[Any], object]) -> None:
        self._do = do
        self._only_if = only_if
        self.losses = losses

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        answer = await self._do(*args, **kwargs)
        if self.losses and self._only_if(answer):
            self.losses -= 1
            raise Unavailable("the connection was lost")
        return answer


async def test_claims_that_were_granted_unheard_go_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    losing = Losing(bench.store.tasks.exchange, 2, only_if=lambda exchange: exchange.claimed)
    monkeypatch.setattr(bench.store.tasks, "exchange", losing)
    tasks = [await bench.submit(child, n=n) for n in range(3)]
    await bench.worker.start()
    for n, task in enumerate(tasks):
        ended = await bench.wait(task)
        assert (ended.state, result_of(ended), ended.losses, ended.failures) == (State.COMPLETED, n, 0, 0)
    assert losing.losses == 0
    assert bench.worker.running == 0
    await bench.check_history()


async def test_ends_whose_answer_was_lost_are_told_again_and_count_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    do = bench.store.tasks.exchange

    async def exchange(worker_id: Any, finishes: Any, claim: Any, now: Any) -> Any:
        answer = await do(worker_id, finishes, claim, now)
        if finishes:
            told.append(len(finishes))
            if len(told) == 1:
                raise Unavailable("the connection was lost")
        return answer

    monkeypatch.setattr(bench.store.tasks, "exchange", exchange)
    task = await bench.submit(child, n=7)
    await bench.worker.start()
    assert result_of(await bench.wait(task)) == 7
    async with asyncio.timeout(30):
        while len(told) < 2:  # noqa: ASYNC110 - the second time nothing changes that could wake us
            await asyncio.sleep(0.01)
    await bench.check_history()


async def test_a_child_whose_acceptance_was_not_heard_exists_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await bench.submit(parent)
    losing = Losing(bench.store.tasks.submit, 2, only_if=lambda _: True)
    monkeypatch.setattr(bench.store.tasks, "submit", losing)
    await bench.worker.start()
    assert result_of(await bench.wait(task)) == 3
    assert losing.losses == 0
    assert len(await bench.store.tasks.children(task.id)) == 3
    await bench.check_history()


async def test_a_body_waits_for_a_store_that_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await bench.submit(parent)
    look = Losing(bench.store.tasks.get_many, 1, only_if=lambda _: True)
    monkeypatch.setattr(bench.store.tasks, "get_many", look)
    await bench.worker.start()
    ended = await bench.wait(task)
    assert (ended.state, result_of(ended), ended.attempt) == (State.COMPLETED, 3, 1)
    assert look.losses == 0


async def test_a_parent_that_is_canceled_with_its_children_has_not_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However soon it sees the end of a child, and however late it hears that it was canceled itself."""

    async def never(_: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(bench.store.workers, "stops", never)
    await bench.worker.start()
    task = await bench.submit(parent_of_waiting)
    await bench.wait(task, State.RUNNING)
    children = await bench.children(task)
    await bench.store.tasks.cancel(task.id, "", CLOCK.now())
    ended = await bench.wait(task)
    assert (await bench.store.tasks.get(children[0].id)).state is State.CANCELED
    assert (ended.state, ended.error and ended.error.code) == (State.CANCELED, "canceled")


async def test_a_parent_whose_child_alone_was_canceled_sees_it(bench: Bench) -> None:
    await bench.worker.start()
    task = await bench.submit(parent_of_waiting)
    await bench.wait(task, State.RUNNING)
    children = await bench.children(task)
    await bench.store.tasks.cancel(children[0].id, "", CLOCK.now())
    ended = await bench.wait(task)
    assert ended.error is not None
    assert (ended.state, ended.error.type) == (State.FAILED, ChildFailed.__name__)
