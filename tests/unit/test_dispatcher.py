"""The dispatcher and the recorder against a store that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from taskward.engine import Tempo, dispatcher
from taskward.engine.dispatcher import Dispatcher
from taskward.engine.recorder import Recorder
from taskward.engine.slots import Slots
from taskward.model.errors import Unavailable
from taskward.model.states import State
from taskward.model.task import Progress, Task
from taskward.notify import LocalNotifier
from taskward.ports import Claim, Exchange, Finish, Note, Topic
from taskward.testing import ManualClock
from tests.tasks import make_task

WORKER = uuid4()
TEMPO = Tempo(flush_interval=timedelta(milliseconds=5), poll_interval=timedelta(seconds=30))
WORK = frozenset({Topic.WORK})


class Tasks:
    """The two methods of the store's that these parts use."""

    def __init__(self) -> None:
        self.ready: list[Task] = []
        self.asked: list[Claim] = []
        self.told: list[Finish] = []
        self.written: list[Note] = []
        self.failures: list[Exception] = []
        self.poison: set[UUID] = set()
        self.over: set[UUID] = set()
        self.changed = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def exchange(
        self, worker_id: UUID, finishes: Sequence[Finish], claim: Claim | None, now: datetime
    ) -> Exchange:
        await self.open.wait()
        self.fail()
        if any(finish.task_id in self.poison and finish.state is State.COMPLETED for finish in finishes):
            raise ValueError("poison")
        self.told += finishes
        claimed: list[Task] = []
        if claim is not None:
            self.asked.append(claim)
            claimed, self.ready = self.ready[: claim.limit], self.ready[claim.limit :]
        self.changed.set()
        lost = frozenset(index for index, finish in enumerate(finishes) if finish.task_id in self.over)
        return Exchange(tuple(claimed), lost)

    async def record(self, worker_id: UUID | None, notes: Sequence[Note], now: datetime) -> frozenset[UUID]:
        self.fail()
        if any(note.task_id in self.poison for note in notes):
            raise ValueError("poison")
        self.written += notes
        self.changed.set()
        return frozenset(self.over & {note.task_id for note in notes})

    def fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    async def until(self, condition: object) -> None:
        async with asyncio.timeout(30):
            while not condition():  # type: ignore[operator]
                self.changed.clear()
                await self.changed.wait()


class _Failing:
    """A flush that cannot be done."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> None:
        self.calls += 1
        raise Unavailable("away")


class Bench:
    """A dispatcher and a recorder at work."""

    def __init__(self, capacity: int = 3) -> None:
        self.tasks = Tasks()
        self.notifier = LocalNotifier()
        self.claimed: list[Task] = []
        self.ended: list[UUID] = []
        self.lost: set[UUID] = set()
        self.unheard: list[tuple[UUID, int]] = []
        self.slots = Slots(capacity, lambda: self.dispatcher.on_free_slot())  # noqa: PLW0108 - made below
        self.recorder = Recorder(
            self.tasks,  # type: ignore[arg-type]
            ManualClock(),
            TEMPO,
            worker_id=WORKER,
            on_over=self.lost.update,
        )
        self.dispatcher = Dispatcher(
            self.tasks,  # type: ignore[arg-type]
            self.notifier,
            worker_id=WORKER,
            queues=["default"],
            operations=["m.op"],
            slots=self.slots,
            recorder=self.recorder,
            clock=ManualClock(),
            tempo=TEMPO,
            on_claimed=self.start,
            on_ended=self.ended.extend,
            find_unheard=self.find_unheard,
        )

    async def find_unheard(self) -> list[tuple[UUID, int]]:
        return self.unheard

    def start(self, task: Task) -> None:
        self.slots.take()
        self.claimed.append(task)

    def end(self, task: Task, state: State = State.COMPLETED, *, must_flush: bool = False) -> Finish:
        finish = Finish(task_id=task.id, attempt=task.attempt, state=state)
        self.dispatcher.add(finish, must_flush)
        self.slots.give_back()
        return finish


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    bench.dispatcher.start()
    yield bench
    await bench.dispatcher.stop()
    await bench.recorder.close()


async def test_it_claims_no_more_than_its_free_slots(bench: Bench) -> None:
    bench.tasks.ready = [make_task() for _ in range(5)]
    bench.notifier.publish(WORK)
    await bench.tasks.until(lambda: len(bench.claimed) == 3)
    assert bench.tasks.asked[-1] == Claim(("default",), 3, ("m.op",))
    bench.end(bench.claimed[0])
    await bench.tasks.until(lambda: len(bench.claimed) == 4)
    assert bench.tasks.asked[-1].limit == 1


async def test_what_ends_together_is_told_together_with_the_next_claim(bench: Bench) -> None:
    bench.tasks.ready = [make_task() for _ in range(6)]
    bench.notifier.publish(WORK)
    await bench.tasks.until(lambda: len(bench.claimed) == 3)
    rounds = len(bench.tasks.asked)
    for task in bench.claimed[:3]:
        bench.end(task)
    await bench.tasks.until(lambda: len(bench.claimed) == 6)
    assert len(bench.tasks.asked) == rounds + 1
    assert len(bench.tasks.told) == 3
    assert bench.ended == [task.id for task in bench.claimed[:3]]


async def test_an_idle_dispatcher_is_woken_and_does_not_ask_meanwhile(bench: Bench) -> None:
    await bench.tasks.until(lambda: len(bench.tasks.asked) == 1)  # at its start
    bench.tasks.ready = [make_task()]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(bench.tasks.asked) == 1
    bench.notifier.publish(WORK)
    await bench.tasks.until(lambda: bool(bench.claimed))


async def test_ends_are_kept_while_the_store_is_away(bench: Bench) -> None:
    task = make_task()
    bench.slots.take()
    bench.tasks.failures = [Unavailable("away"), Unavailable("away")]
    finish = bench.end(task)
    await bench.tasks.until(lambda: bench.tasks.told == [finish])


async def test_a_claim_that_goes_wrong_is_tried_again(bench: Bench) -> None:
    await bench.tasks.until(lambda: bool(bench.tasks.asked))
    bench.tasks.failures = [ValueError("a bug")]
    bench.tasks.ready = [make_task()]
    bench.notifier.publish(WORK)
    await bench.tasks.until(lambda: bool(bench.claimed))


async def test_an_end_that_cannot_be_stored_fails_its_task_and_no_other(bench: Bench) -> None:
    tasks = [make_task() for _ in range(3)]
    bench.tasks.poison = {tasks[1].id}
    for task in tasks:
        bench.slots.take()
        bench.end(task)
    await bench.tasks.until(lambda: len(bench.tasks.told) == 3)
    states = {finish.task_id: finish.state for finish in bench.tasks.told}
    assert states == {tasks[0].id: State.COMPLETED, tasks[1].id: State.FAILED, tasks[2].id: State.COMPLETED}


async def test_notes_are_written_before_the_end_they_belong_to(bench: Bench) -> None:
    task = make_task()
    told = bench.recorder.open(task)
    order: list[str] = []
    exchange, record = bench.tasks.exchange, bench.tasks.record

    async def watched_exchange(
        worker_id: UUID, finishes: Sequence[Finish], claim: Claim | None, now: datetime
    ) -> Exchange:
        order.extend("end" for _ in finishes)
        return await exchange(worker_id, finishes, claim, now)

    async def slow_record(worker_id: UUID | None, notes: Sequence[Note], now: datetime) -> frozenset[UUID]:
        await asyncio.sleep(0.02)
        order.append("notes")
        return await record(worker_id, notes, now)

    bench.tasks.exchange, bench.tasks.record = watched_exchange, slow_record  # type: ignore[method-assign]
    told.log(1, "first", {}, None)
    await asyncio.sleep(0.01)  # the first is on its way when the last comes
    told.log(1, "last", {}, None)
    bench.slots.take()
    bench.end(task, must_flush=told.unwritten)
    await bench.tasks.until(lambda: bool(bench.tasks.told))
    assert order == ["notes", "notes", "end"]


async def test_what_ends_while_notes_are_written_has_its_own_written_too(bench: Bench) -> None:
    first, second = make_task(), make_task()
    record, started, go_on = bench.tasks.record, asyncio.Event(), asyncio.Event()

    async def slow_record(worker_id: UUID | None, notes: Sequence[Note], now: datetime) -> frozenset[UUID]:
        started.set()
        await go_on.wait()
        return await record(worker_id, notes, now)

    bench.tasks.record = slow_record  # type: ignore[method-assign]
    bench.recorder.open(first).log(1, "line", {}, None)
    bench.slots.take()
    bench.end(first, must_flush=True)
    await started.wait()
    bench.recorder.flush = failing_flush = _Failing()  # type: ignore[method-assign]
    bench.slots.take()
    bench.end(second, must_flush=True)
    go_on.set()
    await bench.tasks.until(lambda: bool(bench.tasks.told))
    await asyncio.sleep(0.05)
    assert failing_flush.calls >= 1
    assert [finish.task_id for finish in bench.tasks.told] == [first.id]


async def test_what_is_claimed_while_it_stops_goes_back(bench: Bench) -> None:
    await bench.tasks.until(lambda: bool(bench.tasks.asked))
    bench.tasks.ready = [make_task()]
    (task,) = bench.tasks.ready
    bench.tasks.open.clear()
    bench.notifier.publish(WORK)
    await asyncio.sleep(0.01)
    stopping = asyncio.create_task(bench.dispatcher.stop())
    await asyncio.sleep(0.01)
    bench.tasks.open.set()
    await stopping
    assert bench.claimed == []
    assert [(finish.task_id, finish.state) for finish in bench.tasks.told] == [(task.id, State.QUEUED)]


async def test_a_store_that_does_not_answer_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "_LAST_ROUND_SECONDS", 0.05)
    bench = Bench()
    bench.tasks.open.clear()
    bench.dispatcher.start()
    bench.slots.take()
    finish = bench.end(make_task())
    await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        await bench.dispatcher.stop()
    bench.tasks.open.set()
    await bench.dispatcher.tell()
    assert bench.tasks.told == [finish]


async def test_the_recorder_tells_whose_attempt_is_over(bench: Bench) -> None:
    task = make_task()
    bench.tasks.over = {task.id}
    bench.recorder.open(task).progress(Progress(1), None)
    await bench.tasks.until(lambda: bool(bench.tasks.written))
    await bench.recorder.flush()
    assert bench.lost == {task.id}


async def test_one_bad_note_spoils_only_its_task(bench: Bench) -> None:
    good, bad = make_task(), make_task()
    bench.tasks.poison = {bad.id}
    for task in (bad, good):
        bench.recorder.open(task).log(1, "line", {}, None)
    await bench.recorder.flush()
    assert [note.task_id for note in bench.tasks.written] == [good.id]


async def test_notes_are_kept_while_the_store_is_away(bench: Bench) -> None:
    notes = bench.recorder.open(make_task())
    bench.tasks.failures = [Unavailable("away")]
    notes.log(1, "line", {}, None)
    with pytest.raises(Unavailable):
        await bench.recorder.flush()
    assert notes.unwritten
    await bench.recorder.flush()
    assert len(bench.tasks.written) == 1
    assert not notes.unwritten
