"""Due times, schedules, gates and retention, with a clock turned by hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import structlog
from msgspec import structs
from uuid_utils.compat import uuid7

from taskward import Context, Module, Retention
from taskward.engine import Tempo
from taskward.engine.chore import Chore
from taskward.model.errors import NotFound, Unavailable
from taskward.model.states import State
from taskward.model.task import Task
from taskward.notify import LocalNotifier
from taskward.operations import Operation, Wishes
from taskward.ports import Change, IdempotencyKey, Schedule, Submission, TaskQuery
from taskward.testing import ManualClock, TestEngine

MINUTE = timedelta(minutes=1)
TEMPO = Tempo(poll_interval=timedelta(milliseconds=20), abort_grace=timedelta(seconds=1))

module = Module("m", retention=Retention(ttl=timedelta(hours=1)))


@module.operation()
async def work(ctx: Context, n: int = 0) -> int:
    return n


class Gates:
    """Gates that a test opens; counts who asks."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.asked: list[str] = []
        self.news = asyncio.Event()

    async def __call__(self, url: str) -> bool:
        self.asked.append(url)
        self.news.set()
        if "broken" in url:
            raise OSError("no route")
        return url in self.open

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(30):
            while len(self.asked) < times:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def gates() -> Gates:
    return Gates()


@pytest.fixture
async def engine(gates: Gates) -> AsyncIterator[TestEngine]:
    async with TestEngine([module], clock=ManualClock(), tempo=TEMPO, probe=gates) as engine:
        yield engine


async def tasks_of(engine: TestEngine, schedule: str) -> list[Task]:
    page = await engine.store.tasks.page(TaskQuery(labels=(("schedule", schedule),), sort="created"))
    return list(page.tasks)


async def until_tasks(engine: TestEngine, schedule: str, count: int) -> list[Task]:
    async with asyncio.timeout(30):
        while len(tasks := await tasks_of(engine, schedule)) < count:  # noqa: ASYNC110 - until it is written
            await asyncio.sleep(0.005)
    return tasks


async def until_ticked(engine: TestEngine, task: Task) -> Schedule:
    """The only schedule, once it says that this task is its latest: it moves on after the task is there."""
    async with asyncio.timeout(30):
        while True:
            (schedule,) = await engine.store.schedules.all()
            if schedule.last_task_id == task.id:
                return schedule
            await asyncio.sleep(0.005)


async def test_a_task_starts_when_its_time_has_come(engine: TestEngine) -> None:
    run_at = engine.clock.now() + MINUTE
    task = await engine.submit(work, wishes=Wishes(run_at=run_at))
    assert task.state is State.SCHEDULED
    await engine.advance(MINUTE - timedelta(microseconds=1))
    await engine.wait_all()
    assert (await engine.get(task)).state is State.SCHEDULED
    await engine.advance(timedelta(microseconds=1))
    assert (await engine.wait(task)).state is State.COMPLETED


async def test_real_time_wakes_by_a_timer_and_not_by_the_next_look() -> None:
    async with TestEngine([module], tempo=Tempo(poll_interval=timedelta(hours=1))) as engine:
        run_at = engine.clock.now() + timedelta(seconds=0.3)
        ended = await engine.wait(await engine.submit(work, wishes=Wishes(run_at=run_at)))
        assert ended.started_at is not None
        assert ended.started_at >= run_at


async def test_finished_trees_are_forgotten_when_their_time_is_over(engine: TestEngine) -> None:
    task = await engine.submit(work)
    kept = await engine.submit(work, wishes=Wishes(persist=True))
    await engine.wait_all()
    await engine.advance(timedelta(hours=1, seconds=1))
    async with asyncio.timeout(30):
        while True:
            try:
                await engine.get(task)
            except NotFound:
                break
            await asyncio.sleep(0.005)
    assert (await engine.get(kept)).state is State.COMPLETED


async def test_an_idempotency_key_ends_though_nothing_is_due(engine: TestEngine) -> None:
    async def submit() -> Task:
        task = Operation.of(work).new_task(uuid7(), {})
        submission = Submission((task,), idempotency=IdempotencyKey("", "k", "same"))
        return (await engine.store.tasks.submit(submission, engine.clock.now())).tasks[0]

    first = await submit()
    await engine.store.tasks.change(first.id, Change(persist=True), engine.clock.now())
    await engine.wait_all()
    assert (await submit()).id == first.id
    await engine.advance(timedelta(hours=26))
    async with asyncio.timeout(30):
        while (await submit()).id == first.id:  # noqa: ASYNC110 - until it is pruned
            await asyncio.sleep(0.005)


async def test_an_interval_schedule_ticks_and_missed_ticks_collapse(engine: TestEngine) -> None:
    start = engine.clock.now()
    await engine.store.schedules.save(
        Schedule(
            name="nightly", operation="m.work", args={"n": 7}, every=MINUTE, next_at=start + MINUTE, labels={"a": "b"}
        ),
        start,
    )
    await engine.advance(MINUTE)
    (first,) = await until_tasks(engine, "nightly", 1)
    assert first.labels == {"a": "b", "schedule": "nightly"}
    assert await engine.result(first) == 7
    await engine.advance(10 * MINUTE + timedelta(seconds=30))
    _, second = await until_tasks(engine, "nightly", 2)
    assert (await until_ticked(engine, second)).next_at == start + 12 * MINUTE
    assert len(await tasks_of(engine, "nightly")) == 2


async def test_a_cron_schedule_ticks_in_its_time_zone(engine: TestEngine) -> None:
    now = engine.clock.now()  # midnight UTC, one o'clock in Berlin
    await engine.store.schedules.save(
        Schedule(
            name="early", operation="m.work", cron="30 1 * * *", timezone="Europe/Berlin", next_at=now + 30 * MINUTE
        ),
        now,
    )
    await engine.advance(30 * MINUTE)
    [task] = await until_tasks(engine, "early", 1)
    assert (await until_ticked(engine, task)).next_at == now + timedelta(days=1, minutes=30)


async def test_a_tick_that_cannot_be_submitted_hinders_no_other(engine: TestEngine) -> None:
    now = engine.clock.now()
    for name, operation in (("broken", "m.nothing"), ("good", "m.work")):
        await engine.store.schedules.save(
            Schedule(name=name, operation=operation, every=MINUTE, next_at=now + MINUTE), now
        )
    task = await engine.submit(work, wishes=Wishes(run_at=now + 2 * MINUTE))
    await engine.advance(MINUTE)
    await until_tasks(engine, "good", 1)
    await engine.advance(MINUTE)
    await engine.wait(task)
    await until_tasks(engine, "good", 2)


async def test_a_tick_waits_for_somebody_who_knows_the_operation(engine: TestEngine) -> None:
    """Its one complaint is written; meanwhile the housekeeping rests between its looks."""
    now = engine.clock.now()
    late = Module("late")

    @late.operation()
    async def work(ctx: Context) -> str:
        return "done"

    with structlog.testing.capture_logs() as logged:
        await engine.store.schedules.save(
            Schedule(name="early", operation="late.work", every=MINUTE, next_at=now + MINUTE), now
        )
        await engine.advance(MINUTE)
        async with asyncio.timeout(30):
            while not logged:  # noqa: ASYNC110 - until it is written
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)  # five looks
        assert await engine.store.tasks.next_due(engine.clock.now(), ["early"]) is None
        engine.registry.add(late)
        await engine.store.workers.publish_operations([])
        await until_tasks(engine, "early", 1)
    assert [line["schedule"] for line in logged if line["log_level"] == "error"] == ["early"]


async def test_a_tick_whose_arguments_are_refused_is_left_out(engine: TestEngine) -> None:
    start = engine.clock.now()
    schedule = Schedule(name="changed", operation="m.work", args={"gone": 1}, every=MINUTE, next_at=start + MINUTE)
    await engine.store.schedules.save(schedule, start)
    with structlog.testing.capture_logs() as logged:
        await engine.advance(MINUTE)
        async with asyncio.timeout(30):
            while (await engine.store.schedules.all())[0].next_at != start + 2 * MINUTE:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.005)
    assert [(line["schedule"], "gone" in line["error"]) for line in logged] == [("changed", True)]
    assert await tasks_of(engine, "changed") == []
    await engine.store.schedules.save(
        structs.replace((await engine.store.schedules.all())[0], args={"n": 3}), engine.clock.now()
    )
    await engine.advance(MINUTE)
    (first,) = await until_tasks(engine, "changed", 1)
    assert await engine.result(first) == 3


async def test_a_gate_is_asked_at_once_and_then_once_an_interval(engine: TestEngine, gates: Gates) -> None:
    url = "http://gate.example/"
    tasks = [await engine.submit(work, wishes=Wishes(gate=url)) for _ in range(2)]
    await gates.until_asked(1)
    await asyncio.sleep(0.1)  # five looks
    asked = len(gates.asked)
    assert asked <= 2  # once for both, unless the second came after the first was asked
    await asyncio.sleep(0.1)
    assert len(gates.asked) == asked
    gates.open.add(url)
    await engine.advance(timedelta(seconds=31))
    for task in tasks:
        assert (await engine.wait(task)).state is State.COMPLETED
    assert len(gates.asked) <= 2 * asked


async def test_the_interval_of_gates_is_a_run_time_setting(engine: TestEngine, gates: Gates) -> None:
    await engine.store.registry.set_setting("", "gate_interval", "5", engine.clock.now())
    await engine.submit(work, wishes=Wishes(gate="http://gate.example/"))
    await gates.until_asked(1)
    await engine.advance(timedelta(seconds=5))
    await gates.until_asked(2)


async def test_a_gate_waits_for_the_time_of_its_task(engine: TestEngine, gates: Gates) -> None:
    gates.open.add("http://gate.example/")
    run_at = engine.clock.now() + MINUTE
    task = await engine.submit(work, wishes=Wishes(gate="http://gate.example/", run_at=run_at))
    await asyncio.sleep(0.05)
    assert gates.asked == []
    await engine.advance(MINUTE)
    assert (await engine.wait(task)).state is State.COMPLETED


async def test_a_gate_that_cannot_be_asked_is_closed_and_hinders_no_other(engine: TestEngine, gates: Gates) -> None:
    gates.open.add("http://open.example/")
    broken = await engine.submit(work, wishes=Wishes(gate="http://broken.example/"))
    opened = await engine.submit(work, wishes=Wishes(gate="http://open.example/"))
    assert (await engine.wait(opened)).state is State.COMPLETED
    assert (await engine.get(broken)).state is State.SCHEDULED


async def test_a_chore_survives_what_it_meets() -> None:
    class Troubled(Chore):
        def __init__(self) -> None:
            super().__init__(LocalNotifier())
            self.turns = 0
            self.third = asyncio.Event()

        async def turn(self) -> timedelta:
            self.turns += 1
            if self.turns == 1:
                raise Unavailable("away")
            if self.turns == 2:
                raise ValueError("a bug")
            self.third.set()
            return MINUTE

    chore = Troubled()
    chore.start()
    async with asyncio.timeout(30):
        await chore.third.wait()
    await chore.stop()


def test_lost_workers_are_found_within_two_heartbeats() -> None:
    for heartbeat, lease in ((5, 9), (5, 7), (10, 19.9), (1, 1.2), (5, 30)):
        tempo = Tempo(heartbeat_interval=timedelta(seconds=heartbeat), lease_ttl=timedelta(seconds=lease))
        assert tempo.reap_interval > timedelta(0)
        if lease < 2 * heartbeat - heartbeat / 10:
            assert tempo.lease_ttl + tempo.reap_interval < 2 * tempo.heartbeat_interval
