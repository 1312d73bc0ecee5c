from collections.abc import Sequence
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from taskward.model.errors import IllegalTransition
from taskward.model.policy import Rules
from taskward.model.states import State
from taskward.model.task import Event, Kind, Progress
from taskward.ports import Claim, Finish, Topic
from tests.house import BOOM, House, exclusive, new_task

MINUTE = timedelta(minutes=1)


def changes(events: Sequence[Event]) -> list[tuple[str | None, str]]:
    return [(event.data["from"], event.data["state"]) for event in events if "state" in event.data]


# ---------------------------------------------------------------- claim


async def test_a_claim_starts_an_attempt(house: House) -> None:
    task = await house.submit(labels={"a": "b"}, rules=Rules(timeout=MINUTE))
    house.notifier.taken()
    house.tick()
    [claimed] = await house.claim(worker="w1")

    assert claimed == await house.get(task)
    assert (claimed.state, claimed.attempt, claimed.worker) == (State.RUNNING, 1, "w1")
    assert (claimed.started_at, claimed.queued_at) == (house.now, task.queued_at)
    assert claimed.version > task.version
    assert house.notifier.taken() == {Topic.EVENTS}
    event = (await house.events(task))[-1]
    assert event.data == {"state": "running", "from": "queued", "attempt": 1, "worker": "w1"}
    assert await house.tallies() == {State.RUNNING: 1}


async def test_a_task_is_claimed_once(house: House) -> None:
    await house.submit_all(*(new_task() for _ in range(5)))
    first, second, third = [await house.claim(2, worker=name) for name in "abc"]
    assert (len(first), len(second), len(third)) == (2, 2, 1)
    assert len({task.id for task in (*first, *second, *third)}) == 5
    assert await house.claim(2) == []


async def test_most_urgent_first_then_oldest(house: House) -> None:
    priorities = [5, 1, 10, 5, 1, 7, 3]
    tasks = [await house.submit(priority=priority) for priority in priorities]
    claimed = [task.id for _ in range(4) for task in await house.claim(2)]
    assert claimed == [task.id for task in sorted(tasks, key=lambda task: (task.priority, task.number))]


async def test_priority_and_age_hold_across_queues(house: House) -> None:
    queues = ["a", "b", "a", "b", "b"]
    tasks = [await house.submit(queue=queue, priority=5 - n % 2) for n, queue in enumerate(queues)]
    claimed = await house.claim(3, queues=("a", "b", "a"))
    expected = sorted(tasks, key=lambda task: (task.priority, task.number))
    assert [task.id for task in claimed] == [task.id for task in expected[:3]]


async def test_only_queues_and_operations_it_serves(house: House) -> None:
    other_queue = await house.submit(queue="other")
    other_operation = await house.submit(operation="m.other")
    mine = await house.submit()
    assert [task.id for task in await house.claim(9)] == [mine.id]
    assert await house.states(other_queue, other_operation) == [State.QUEUED] * 2
    assert [task.id for task in await house.claim(9, worker="v", operations=("m.x", "m.other"))] == [other_operation.id]


async def test_a_paused_queue_gives_nothing_and_hinders_nobody(house: House) -> None:
    await house.submit(queue="a", priority=1)
    other = await house.submit(queue="b", priority=9)
    house.notifier.taken()
    await house.store.workers.set_queue_paused("a", paused=True)
    assert Topic.WORK in house.notifier.taken()
    assert [task.id for task in await house.claim(5, queues=("a", "b"))] == [other.id]
    await house.store.workers.set_queue_paused("a", paused=False)
    assert len(await house.claim(5, queues=("a", "b"))) == 1


async def test_nothing_wanted_nothing_given(house: House) -> None:
    await house.submit()
    worker = await house.worker()
    for wish in (Claim((), 1, ("m.op",)), Claim(("default",), 0, ("m.op",)), Claim(("default",), 1, ()), None):
        assert (await house.store.tasks.exchange(worker, (), wish, house.now)).claimed == ()
    assert await house.tallies() == {State.QUEUED: 1}


@pytest.mark.parametrize("state", ["draining", "gone"])
async def test_a_worker_that_leaves_gets_nothing(house: House, state: str) -> None:
    running = await house.run()
    await house.submit()
    await house.store.workers.retire(await house.worker(), state, house.now)
    assert await house.claim() == []
    assert await house.finish(running)


async def test_a_stranger_gets_nothing(house: House) -> None:
    await house.submit()
    exchange = await house.store.tasks.exchange(uuid7(), (), Claim(("default",), 1, ("m.op",)), house.now)
    assert exchange.claimed == ()


async def test_a_lost_worker_gets_nothing(house: House) -> None:
    worker = await house.worker()
    await house.store.workers.reap(house.tick(), house.now, 10)
    await house.submit()
    exchange = await house.store.tasks.exchange(worker, (), Claim(("default",), 1, ("m.op",)), house.now)
    assert exchange.claimed == ()


# ---------------------------------------------------------------- finish


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELED])
async def test_an_attempt_ends(house: House, state: State) -> None:
    task = await house.run(rules=Rules(ttl=MINUTE))
    house.notifier.taken()
    house.tick()
    error = None if state is State.COMPLETED else BOOM
    result = b'{"n":1}' if state is State.COMPLETED else None
    progress = Progress(3, 4, "files", "nearly")
    assert await house.finish(task, state, result=result, error=error, progress=progress)

    ended = await house.get(task)
    assert (ended.state, ended.finished_at, ended.error, ended.progress) == (state, house.now, error, progress)
    assert (None if ended.result is None else bytes(ended.result)) == result
    assert ended.expires_at == house.now + MINUTE
    assert ended.version > task.version
    assert (ended.attempt, ended.worker) == (1, "w")
    assert changes(await house.events(task)) == [(None, "queued"), ("queued", "running"), ("running", state)]
    assert await house.tallies() == {state: 1}
    assert {Topic.EVENTS, Topic.TIMERS} >= house.notifier.taken() >= {Topic.EVENTS}


async def test_progress_told_before_stays_when_the_end_brings_none(house: House) -> None:
    task = await house.run()
    await house.finish(task, State.SCHEDULED, progress=Progress(1, 2, "u", "m"), run_at=house.now, error=BOOM)
    assert (await house.get(task)).progress == Progress(1, 2, "u", "m")
    [again] = await house.claim()
    await house.finish(again)
    assert (await house.get(task)).progress == Progress(1, 2, "u", "m")


async def test_a_finish_by_another_worker_or_attempt_comes_too_late(house: House) -> None:
    task = await house.run()
    before = await house.get(task)
    for worker, attempt in (("x", 1), ("w", 0), ("w", 2)):
        finish = Finish(task_id=task.id, attempt=attempt, state=State.COMPLETED)
        exchange = await house.store.tasks.exchange(await house.worker(worker), [finish], None, house.now)
        assert exchange.lost == {0}
    assert await house.get(task) == before
    assert await house.finish(task)
    ended = await house.get(task)
    for state in (State.COMPLETED, State.FAILED, State.SCHEDULED, State.QUEUED, State.PAUSED):
        assert not await house.finish(task, state, run_at=house.now)
    assert await house.get(task) == ended
    assert await house.tallies() == {State.COMPLETED: 1}


async def test_a_late_finish_of_the_attempt_before_is_told_apart_in_one_batch(house: House) -> None:
    task = await house.run()
    await house.finish(task, State.QUEUED)
    [again] = await house.claim()
    finishes = [
        Finish(task_id=task.id, attempt=1, state=State.FAILED, error=BOOM),
        Finish(task_id=uuid7(), attempt=1, state=State.COMPLETED),
        Finish(task_id=task.id, attempt=2, state=State.COMPLETED, result=b"2"),
        Finish(task_id=task.id, attempt=1, state=State.QUEUED),
    ]
    exchange = await house.store.tasks.exchange(await house.worker(), finishes, None, house.now)
    assert exchange.lost == {0, 1, 3}
    ended = await house.get(again)
    assert (ended.state, bytes(ended.result or b""), ended.error) == (State.COMPLETED, b"2", None)
    assert "error" not in (await house.events(task))[-1].data


@pytest.mark.parametrize("told", [State.COMPLETED, State.SCHEDULED, State.QUEUED, State.PAUSED, State.CANCELED])
async def test_what_was_asked_to_stop_is_canceled_however_it_ends(house: House, told: State) -> None:
    task = await house.run(resources=exclusive("r"))
    [canceling] = await house.store.tasks.cancel(task.id, "", house.now)
    assert canceling.state is State.CANCELING
    assert await house.finish(task, told, run_at=house.now + MINUTE)
    assert await house.state(task) is State.CANCELED
    assert changes(await house.events(task))[-2:] == [("running", "canceling"), ("canceling", "canceled")]
    assert (await house.submit(resources=exclusive("r"))).state is State.QUEUED


async def test_what_was_asked_to_stop_may_fail(house: House) -> None:
    task = await house.run()
    await house.store.tasks.cancel(task.id, "", house.now)
    await house.finish(task, State.FAILED, error=BOOM)
    assert (await house.get(task)).error == BOOM


@pytest.mark.parametrize("state", [State.RUNNING, State.BLOCKED, State.CANCELING, State.SKIPPED])
async def test_an_attempt_cannot_end_so(house: House, state: State) -> None:
    task = await house.run()
    with pytest.raises(IllegalTransition):
        await house.finish(task, state)
    assert await house.get(task) == task


async def test_finish_and_claim_go_in_one_round(house: House) -> None:
    first = await house.run()
    second = await house.submit()
    finish = Finish(task_id=first.id, attempt=1, state=State.COMPLETED)
    wish = Claim(("default",), 1, ("m.op",))
    commits = house.store.database.commits
    exchange = await house.store.tasks.exchange(await house.worker(), [finish], wish, house.now)
    assert [task.id for task in exchange.claimed] == [second.id]
    assert house.store.database.commits == commits + 1


# ---------------------------------------------------------------- back to waiting


async def test_a_retry_waits_for_its_time(house: House) -> None:
    task = await house.run()
    house.notifier.taken()
    due = house.now + MINUTE
    assert await house.finish(task, State.SCHEDULED, run_at=due, error=BOOM)
    assert Topic.TIMERS in house.notifier.taken()

    waiting = await house.get(task)
    assert (waiting.state, waiting.run_at, waiting.failures, waiting.error) == (State.SCHEDULED, due, 1, BOOM)
    assert (waiting.attempt, waiting.finished_at, waiting.expires_at) == (1, None, None)
    assert await house.claim() == []
    assert await house.store.tasks.advance(due, 10) == 1
    [again] = await house.claim()
    assert (again.attempt, again.error, again.failures) == (2, None, 1)


async def test_a_retry_whose_time_has_come_is_queued_at_once(house: House) -> None:
    task = await house.run()
    await house.finish(task, State.SCHEDULED, run_at=house.now, error=BOOM)
    assert await house.state(task) is State.QUEUED
    assert changes(await house.events(task))[-2:] == [("running", "scheduled"), ("scheduled", "queued")]
    assert await house.tallies() == {State.QUEUED: 1}


async def test_a_hand_back_counts_against_nothing(house: House) -> None:
    task = await house.run()
    behind = await house.submit()
    house.notifier.taken()
    assert await house.finish(task, State.QUEUED)
    assert Topic.WORK in house.notifier.taken()
    back = await house.get(task)
    assert (back.state, back.attempt, back.failures, back.losses) == (State.QUEUED, 1, 0, 0)
    [again] = await house.claim()
    assert (again.id, again.attempt) == (task.id, 2)
    assert await house.state(behind) is State.QUEUED


async def test_a_pause_at_a_boundary_waits_for_an_operator(house: House) -> None:
    task = await house.run(rules=Rules(pausable=True))
    await house.store.tasks.pause(task.id, house.now)
    assert await house.finish(task, State.PAUSED)
    assert await house.state(task) is State.PAUSED
    assert await house.claim() == []
    await house.store.tasks.resume(task.id, house.now)
    [again] = await house.claim()
    assert again.attempt == 2
    pulse = await house.store.workers.heartbeat(await house.worker(), house.now)
    assert pulse.pause == ()


async def test_external_work_is_not_ended_by_a_worker(house: House) -> None:
    task = await house.submit(kind=Kind.EXTERNAL)
    assert not await house.finish(task)
    assert await house.state(task) is State.RUNNING


async def test_what_a_round_makes_ready_and_claims_itself_wakes_nobody(house: House) -> None:
    one, _, _ = (await house.submit_all(*(new_task(resources=exclusive("r")) for _ in range(3)))).tasks
    await house.claim()
    worker, wish = await house.worker(), Claim(("default",), 1, ("m.op",))
    house.notifier.taken()
    finish = Finish(task_id=one.id, attempt=1, state=State.COMPLETED)
    [other] = (await house.store.tasks.exchange(worker, [finish], wish, house.now)).claimed
    assert house.notifier.taken() == {Topic.EVENTS}
    finish = Finish(task_id=other.id, attempt=1, state=State.COMPLETED)
    await house.store.tasks.exchange(worker, [finish], None, house.now)
    assert house.notifier.taken() == {Topic.EVENTS, Topic.WORK}
