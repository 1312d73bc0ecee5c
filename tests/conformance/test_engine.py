"""Workers on a shared database, as several processes would be: no wake-up goes from one to the other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Self

import pytest
from msgspec import structs
from uuid_utils.compat import uuid7

from taskward import Context, Module, Registry, Retry, SyncContext
from taskward.clock import SystemClock
from taskward.engine import Maintenance, Tempo, Worker
from taskward.model.errors import Unavailable
from taskward.model.states import State
from taskward.model.task import Task
from taskward.notify import LocalNotifier
from taskward.operations import Operation, Wishes
from taskward.ports import Notifier, Submission
from taskward.store import SqlStore

TEMPO = Tempo(
    heartbeat_interval=timedelta(seconds=1),
    abort_grace=timedelta(seconds=1),
    poll_interval=timedelta(milliseconds=20),
    flush_interval=timedelta(milliseconds=10),
)
"""With leases so long that a busy machine loses no worker."""
SHORT_LEASES = structs.replace(TEMPO, lease_ttl=timedelta(seconds=1.8))
PATIENCE = timedelta(seconds=60)

module = Module("m")
runs: Counter[int] = Counter()


@module.operation()
async def count(ctx: Context, n: int) -> int:
    runs[n] += 1
    await asyncio.sleep(0)
    return n


@module.operation()
async def parent(ctx: Context, children: int) -> int:
    spawned = [await ctx.spawn(count, n=n, key=str(n)) for n in range(children)]
    return sum(await ctx.gather(*spawned))


@module.operation()
def nap(ctx: SyncContext) -> int:
    ctx.progress(done=1)
    if ctx.attempt == 1:
        ctx.sleep(timedelta(seconds=60))
    return ctx.attempt


@module.operation(retry=Retry(limit=1, delay=timedelta(milliseconds=50)))
async def flaky(ctx: Context) -> int:
    with ctx.step("try"):
        if ctx.attempt == 1:
            raise OSError
    return ctx.attempt


class Process:
    """A store, a worker and its housekeeping, as one process has them."""

    def __init__(self, make_store: Callable[[Notifier], SqlStore], name: str, tempo: Tempo) -> None:
        self.notifier = LocalNotifier()
        self.store = make_store(self.notifier)
        self.clock = SystemClock()
        self.worker = Worker(
            self.store,
            self.notifier,
            Registry([module]),
            self.clock,
            name=name,
            concurrency=5,
            tempo=tempo,
        )
        self.maintenance = Maintenance(
            self.store, self.notifier, self.clock, find_operation=self.find, probe=self.probe, tempo=tempo
        )

    async def find(self, name: str) -> Operation:
        return Registry([module]).operation(name)

    async def probe(self, url: str) -> bool:
        return True

    async def __aenter__(self) -> Self:
        await self.store.open()
        await self.worker.start()
        self.maintenance.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.maintenance.stop()
        await self.worker.stop()
        await self.store.close()

    async def submit(self, operation: object, wishes: Wishes = Wishes(), **args: object) -> Task:  # noqa: B008
        new = Operation.of(operation).new_task(uuid7(), args, wishes)  # type: ignore[arg-type]
        return (await self.store.tasks.submit(Submission((new,)), self.clock.now())).tasks[0]

    async def wait(self, task: Task) -> Task:
        return await self.wait_for(task, lambda now: now.is_final)

    async def wait_for(self, task: Task, condition: Callable[[Task], bool]) -> Task:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while not condition(now := await self.store.tasks.get(task.id)):  # noqa: ASYNC110 - another's process
                await asyncio.sleep(0.01)
        return now


@pytest.fixture
async def processes(
    make_store: Callable[[Notifier], SqlStore], request: pytest.FixtureRequest
) -> AsyncIterator[list[Process]]:
    tempo: Tempo = getattr(request, "param", TEMPO)
    runs.clear()
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Process(make_store, name, tempo)) for name in ("one", "two")]


async def test_two_workers_share_the_work_and_do_nothing_twice(processes: list[Process]) -> None:
    one, two = processes
    tasks = [await one.submit(count, n=n) for n in range(300)]
    ended = [await two.wait(task) for task in tasks]
    assert {task.state for task in ended} == {State.COMPLETED}
    assert set(runs.values()) == {1}
    assert {task.attempt for task in ended} == {1}


async def test_a_parent_gets_what_its_children_return_on_any_worker(processes: list[Process]) -> None:
    one, two = processes
    task = await two.wait(await one.submit(parent, children=100))
    assert task.result is not None
    assert bytes(task.result) == b"4950"
    assert set(runs.values()) == {1}


async def test_a_cancel_from_elsewhere_reaches_the_body(processes: list[Process]) -> None:
    one, two = processes
    task = await one.submit(nap)
    running = await two.wait_for(task, lambda now: now.state is State.RUNNING)
    other = two if running.worker == "one" else one
    await other.store.tasks.cancel(task.id, "", other.clock.now())
    assert (await two.wait(task)).state is State.CANCELED


@pytest.mark.parametrize("processes", [SHORT_LEASES], indirect=True, ids=["short-leases"])
async def test_a_worker_that_stops_without_a_word_loses_its_tasks(
    processes: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = processes
    task = await one.submit(nap)
    running = await two.wait_for(task, lambda now: now.progress.done == 1)
    lost, other = (one, two) if running.worker == "one" else (two, one)

    async def silent(*_args: object) -> None:
        raise Unavailable("nobody there")

    # As if its process were stopped: it says nothing more, neither heartbeats nor ends.
    with monkeypatch.context() as patched:
        patched.setattr(lost.store.workers, "heartbeat", silent)
        patched.setattr(lost.store.workers, "register", silent)
        patched.setattr(lost.store.tasks, "exchange", silent)
        ended = await other.wait(task)
    assert (ended.state, ended.attempt, ended.losses, ended.worker) == (State.COMPLETED, 2, 1, other.worker.name)


async def test_a_stopping_worker_hands_over(processes: list[Process]) -> None:
    one, two = processes
    task = await one.submit(nap)
    running = await two.wait_for(task, lambda now: now.progress.done == 1)
    stopping, other = (one, two) if running.worker == "one" else (two, one)
    await stopping.worker.stop()
    ended = await other.wait(task)
    assert (ended.state, ended.attempt, ended.failures, ended.losses) == (State.COMPLETED, 2, 0, 0)
    assert ended.worker == other.worker.name


async def test_a_retry_comes_after_its_delay(processes: list[Process]) -> None:
    one, two = processes
    ended = await two.wait(await one.submit(flaky))
    assert (ended.state, ended.attempt, ended.failures) == (State.COMPLETED, 2, 1)
    (step,) = [node.folded for node in (await two.store.tasks.tree(ended.id, 9, 99)).nodes if node.folded]
    assert (step.name, step.state, step.attempt) == ("try", State.COMPLETED, 2)
