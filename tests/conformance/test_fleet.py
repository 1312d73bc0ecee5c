import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from taskward.model.policy import Retry, Rules
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Kind
from taskward.ports import OperationInfo, Pulse, Queue, Topic, WorkerInfo
from tests.house import House, new_task

SECOND = timedelta(seconds=1)


async def worker_of(house: House, worker_id: UUID) -> WorkerInfo:
    return next(worker for worker in await house.store.workers.workers() if worker.id == worker_id)


# ---------------------------------------------------------------- leases


async def test_a_worker_is_known_as_it_registered(house: House) -> None:
    info = WorkerInfo(
        id=uuid7(), name="n", host="h", pid=7, queues=("a", "b"), operations=("m.x",), concurrency=3, version="1.2",
        started_at=house.now, heartbeat_at=house.now,
    )  # fmt: skip
    await house.store.workers.register(info)
    assert await house.store.workers.workers() == [info]


async def test_a_heartbeat_renews_the_lease(house: House) -> None:
    worker = await house.worker()
    statements = house.store.database.statements
    assert await house.store.workers.heartbeat(worker, house.tick(30)) == Pulse(alive=True)
    assert house.store.database.statements - statements <= 2
    assert (await worker_of(house, worker)).heartbeat_at == house.now
    assert await house.store.workers.reap(house.now, house.now, 10) == []
    assert (await worker_of(house, worker)).state == "online"


async def test_a_draining_worker_still_beats(house: House) -> None:
    worker = await house.worker()
    await house.store.workers.retire(worker, "draining", house.now)
    assert (await house.store.workers.heartbeat(worker, house.tick())).alive
    assert (await worker_of(house, worker)).state == "draining"


@pytest.mark.parametrize("end", ["gone", "lost", "never"])
async def test_whoever_is_not_alive_is_told_so(house: House, end: str) -> None:
    worker = await house.worker()
    if end == "gone":
        await house.store.workers.retire(worker, "gone", house.now)
    elif end == "lost":
        await house.store.workers.reap(house.tick(), house.now, 10)
    else:
        worker = uuid7()
    assert await house.store.workers.heartbeat(worker, house.tick()) == Pulse(alive=False)
    assert await house.store.workers.stops(worker) == Pulse(alive=False)


async def test_a_worker_counts_what_it_runs(house: House) -> None:
    worker = await house.worker()
    await house.submit_all(*(new_task() for _ in range(3)))
    first, second, _ = await house.claim(3)
    await house.store.tasks.cancel(second.id, "", house.now)
    assert (await worker_of(house, worker)).running == 3
    await house.finish(first)
    assert (await worker_of(house, worker)).running == 2


# ---------------------------------------------------------------- reaping


async def test_a_silent_worker_is_lost_and_its_tasks_run_elsewhere(house: House) -> None:
    worker = await house.worker()
    task = await house.run()
    house.notifier.taken()
    house.tick(20)
    alive = await house.worker("alive")
    [again] = await house.store.workers.reap(house.now - 10 * SECOND, house.now, 10)
    assert again == await house.get(task)
    assert (again.state, again.attempt, again.losses, again.failures) == (State.QUEUED, 1, 1, 0)
    assert again.queued_at == house.now
    assert house.notifier.taken() >= {Topic.WORK, Topic.EVENTS}
    states = {one.id: one.state for one in await house.store.workers.workers()}
    assert states == {worker: "lost", alive: "online"}
    assert (await house.events(task))[-1].data["error"]["code"] == "worker-lost"

    assert not await house.finish(task)
    [claimed] = await house.claim(worker="alive")
    assert (claimed.id, claimed.attempt, claimed.worker) == (task.id, 2, "alive")
    assert not await house.finish(task)
    assert await house.finish(claimed, worker="alive")
    assert await house.store.workers.reap(house.now - 10 * SECOND, house.now, 10) == []


async def test_a_task_that_loses_its_workers_fails_in_the_end(house: House) -> None:
    task = await house.submit(rules=Rules(retry=Retry(lost_limit=2, limit=0)))
    for n in range(3):
        await house.claim(worker=str(n))
        [reaped] = await house.store.workers.reap(house.tick(), house.now, 10)
        assert reaped.state is (State.QUEUED if n < 2 else State.FAILED)
    ended = await house.get(task)
    assert ended.error is not None
    assert (ended.error.code, ended.losses, ended.attempt, ended.finished_at) == ("worker-lost", 2, 3, house.now)
    assert ended.expires_at is not None


async def test_a_lost_worker_s_canceling_task_is_canceled(house: House) -> None:
    task = await house.run()
    await house.store.tasks.cancel(task.id, "", house.now)
    [reaped] = await house.store.workers.reap(house.tick(), house.now, 10)
    assert (reaped.id, reaped.state) == (task.id, State.CANCELED)


async def test_what_a_worker_left_behind_when_it_went_is_reaped(house: House) -> None:
    task = await house.run()
    await house.store.workers.retire(await house.worker(), "gone", house.now)
    [reaped] = await house.store.workers.reap(house.now - SECOND, house.now, 10)
    assert (reaped.id, reaped.state) == (task.id, State.QUEUED)


async def test_a_draining_worker_keeps_what_it_runs(house: House) -> None:
    await house.run()
    await house.store.workers.retire(await house.worker(), "draining", house.now)
    assert await house.store.workers.reap(house.now - SECOND, house.now, 10) == []
    assert len(await house.store.workers.reap(house.tick(), house.now, 10)) == 1


async def test_reaping_goes_on_where_it_stopped(house: House) -> None:
    await house.submit_all(*(new_task() for _ in range(25)))
    await house.claim(25)
    house.tick()
    reaped = [len(await house.store.workers.reap(house.now, house.now, 10)) for _ in range(4)]
    assert reaped == [10, 10, 5, 0]
    assert await house.tallies() == {State.QUEUED: 25}


async def test_two_processes_reap_once(house: House, other_house: House) -> None:
    await house.submit_all(*(new_task() for _ in range(40)))
    await house.claim(40)
    house.tick()
    reaped = await asyncio.gather(
        *(one.store.workers.reap(house.now, house.now, 15) for one in (house, other_house) for _ in range(3))
    )
    while more := await house.store.workers.reap(house.now, house.now, 50):
        reaped.append(more)
    ids = [task.id for tasks in reaped for task in tasks]
    assert len(ids) == len(set(ids)) == 40
    assert {task.losses for task in (await house.store.tasks.get_many(ids)).values()} == {1}
    assert await house.tallies() == {State.QUEUED: 40}


async def test_external_work_is_nobody_s_to_lose(house: House) -> None:
    task = await house.submit(kind=Kind.EXTERNAL)
    await house.worker()
    assert await house.store.workers.reap(house.tick(86400), house.now, 10) == []
    assert await house.state(task) is State.RUNNING


async def test_a_late_finish_before_the_reaper_came_still_counts(house: House) -> None:
    task = await house.run()
    other = await house.run()
    [reaped] = await house.store.workers.reap(house.tick(), house.now, 1)
    kept = other if reaped.id == task.id else task
    assert await house.finish(kept)
    assert await house.store.workers.reap(house.now, house.now, 10) == []


async def test_old_workers_are_forgotten(house: House) -> None:
    gone, lost, online, busy = [await house.worker(name) for name in ("gone", "lost", "online", "busy")]
    await house.submit()
    await house.claim(worker="busy")
    await house.store.workers.retire(gone, "gone", house.now)
    await house.store.workers.retire(busy, "gone", house.now)
    await house.store.workers.heartbeat(online, house.tick(60))
    await house.store.workers.reap(house.now, house.now, 0)
    assert await house.store.workers.forget(house.now - 61 * SECOND) == 0
    assert await house.store.workers.forget(house.now) == 2
    assert {worker.id for worker in await house.store.workers.workers()} == {online, busy}
    assert lost not in {worker.id for worker in await house.store.workers.workers()}


# ---------------------------------------------------------------- queues


async def test_queues_are_those_with_tasks_workers_or_a_pause(house: House) -> None:
    assert await house.store.workers.queues() == []
    await house.worker("w", queues=("a", "b"))
    await house.worker("v", queues=("b",))
    await house.submit(queue="c")
    await house.submit(queue="d", paused=True)
    await house.submit(queue="b")
    await house.submit(queue="b")
    await house.claim(queues=("b",))
    await house.store.workers.set_queue_paused("e", paused=True)
    await house.store.workers.set_queue_paused("f", paused=True)
    await house.store.workers.set_queue_paused("f", paused=False)
    assert await house.store.workers.queues() == [
        Queue("a", workers=1),
        Queue("b", queued=1, running=1, workers=2),
        Queue("c", queued=1),
        Queue("d"),
        Queue("e", paused=True),
    ]


async def test_a_client_sees_of_the_fleet_what_its_own_tasks_are_in(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 9, 2, 3), house.now)
    for client, queue, pool in (("a", "q", "p"), ("a", "q", ""), ("b", "q", "p"), ("b", "r", "p"), ("a", "s", "")):
        await house.submit(client=client, queue=queue, pool=pool)
    await house.claim(3, queues=("q",), worker="v")
    await house.claim(1, queues=("r",), worker="w")
    await house.store.workers.set_queue_paused("t", paused=True)
    workers = house.store.workers
    assert [(one.name, one.running) for one in await workers.workers()] == [("v", 3), ("w", 1)]
    assert [(one.name, one.running) for one in await workers.workers("a")] == [("v", 2)]
    assert [(one.name, one.running) for one in await workers.workers("b")] == [("v", 1), ("w", 1)]
    assert await workers.workers("c") == []
    assert {
        (await house.store.tasks.get(one.current_task)).client for one in await workers.workers("b") if one.current_task
    } == {"b"}
    assert [(one.name, one.queued, one.running) for one in await workers.queues("a")] == [("q", 0, 2), ("s", 1, 0)]
    assert [(one.name, one.queued, one.running) for one in await workers.queues("b")] == [("q", 0, 1), ("r", 0, 1)]
    assert await workers.queues("c") == []
    assert await workers.pools() == [Pool("p", 9, 2, 3, 3, 3)]
    assert await workers.pools("a") == [Pool("p", 9, 2, 3, 1, 1)]
    assert await workers.pools("c") == [Pool("p", 9, 2, 3)]


async def test_a_queue_that_is_done_is_not_listed(house: House) -> None:
    task = await house.submit(queue="q")
    await house.store.tasks.cancel(task.id, "", house.now)
    assert await house.store.workers.queues() == []


# ---------------------------------------------------------------- operations


async def test_operations_are_published_and_replaced(house: House) -> None:
    def info(name: str, description: str) -> OperationInfo:
        return OperationInfo(
            name=name, module="m", description=description, spec={"a": [1, {"b": None}]}, schema={"type": "object"},
            seen_at=house.now,
        )  # fmt: skip

    await house.store.workers.publish_operations([info("m.b", "old"), info("m.a", "ä")])
    house.tick()
    await house.store.workers.publish_operations([newer := info("m.b", "new")])
    first, second = await house.store.workers.operations()
    assert (first.name, first.description, first.spec) == ("m.a", "ä", {"a": [1, {"b": None}]})
    assert second == newer
    await house.store.workers.publish_operations([])
