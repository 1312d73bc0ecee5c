import asyncio
from datetime import timedelta

import pytest

from taskward.model.errors import Conflict, NotFound
from taskward.model.policy import Retry, Rules
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Kind
from taskward.ports import Topic
from tests.house import House, new_task


async def pool_of(house: House, name: str = "p") -> Pool:
    return next(pool for pool in await house.store.workers.pools() if pool.name == name)


async def test_a_pool_bounds_what_runs(house: House) -> None:
    made = await house.store.workers.set_pool(Pool("p", 2), house.now)
    assert made == Pool("p", 2, 0, 5, 0, 0) == await pool_of(house)
    for _ in range(5):
        await house.submit(pool="p", priority=9)
    first = await house.claim(5)
    assert len(first) == 2
    assert await house.claim(5, worker="v") == []
    assert (await pool_of(house)).running == 2
    house.notifier.taken()
    await house.finish(first[0])
    assert Topic.WORK in house.notifier.taken()
    assert len(await house.claim(5)) == 1
    assert len(await house.claim(5)) == 0


async def test_a_full_pool_hinders_nobody_behind(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 1), house.now)
    await house.store.workers.set_pool(Pool("empty", 0), house.now)
    for _ in range(3):
        await house.submit(pool="p", priority=1)
        await house.submit(pool="empty", priority=1)
    behind = [await house.submit(priority=9) for _ in range(2)]
    claimed = await house.claim(9)
    assert len(claimed) == 3
    assert {task.id for task in behind} < {task.id for task in claimed}


async def test_priority_holds_between_pools(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 9), house.now)
    await house.store.workers.set_pool(Pool("q", 9), house.now)
    tasks = [await house.submit(pool=pool, priority=priority) for pool, priority in
             (("p", 5), ("", 4), ("q", 5), ("q", 1), ("p", 3), ("", 5))]  # fmt: skip
    claimed = [task.id for _ in range(6) for task in await house.claim(1)]
    assert claimed == [task.id for task in sorted(tasks, key=lambda task: (task.priority, task.number))]


async def test_ordinary_tasks_never_take_reserved_slots(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 4, reserved=3, threshold=2), house.now)
    ordinary = [await house.submit(pool="p", priority=3) for _ in range(5)]
    assert [task.id for task in await house.claim(9)] == [ordinary[0].id]
    urgent = [await house.submit(pool="p", priority=2) for _ in range(5)]
    assert [task.id for task in await house.claim(9)] == [task.id for task in urgent[:3]]
    assert await pool_of(house) == Pool("p", 4, 3, 2, running=4, running_ordinary=1)


async def test_urgent_tasks_take_reserved_slots_first(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 3, reserved=1, threshold=2), house.now)
    await house.submit(pool="p", priority=1)
    assert len(await house.claim()) == 1
    for _ in range(5):
        await house.submit(pool="p", priority=9)
    assert len(await house.claim(9)) == 2
    assert await house.claim(9) == []


async def test_urgent_tasks_may_take_every_slot(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 3, reserved=1, threshold=2), house.now)
    for priority in (1, 2, 1, 2, 9, 9):
        await house.submit(pool="p", priority=priority)
    claimed = await house.claim(9)
    assert [task.priority for task in claimed] == [1, 1, 2]
    await house.finish(claimed[0])
    assert [task.priority for task in await house.claim(9)] == [2]


@pytest.mark.parametrize(
    "end", [State.COMPLETED, State.FAILED, State.CANCELED, State.SCHEDULED, State.QUEUED, State.PAUSED]
)
async def test_every_end_of_an_attempt_frees_its_slot(house: House, end: State) -> None:
    await house.store.workers.set_pool(Pool("p", 1), house.now)
    task = await house.run(pool="p")
    assert (await pool_of(house)).running == 1
    await house.finish(task, end, run_at=house.now + timedelta(hours=1))
    assert (await pool_of(house)).running == 0


async def test_a_lost_worker_frees_its_slots(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 2), house.now)
    for lost_limit in (0, 1):
        await house.submit(pool="p", priority=9, rules=Rules(retry=Retry(lost_limit=lost_limit)))
    assert len(await house.claim(2)) == 2
    assert (await pool_of(house)).running_ordinary == 2
    await house.store.workers.reap(house.tick(60), house.now, 10)
    assert await pool_of(house) == Pool("p", 2)


async def test_a_waiting_task_that_had_run_frees_nothing_twice(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 2), house.now)
    await house.run(pool="p")
    task = await house.run(pool="p")
    await house.finish(task, State.QUEUED)
    await house.store.tasks.cancel(task.id, "", house.now)
    assert (await pool_of(house)).running == 1


async def test_external_work_takes_no_slot(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 1), house.now)
    task = await house.submit(pool="p", kind=Kind.EXTERNAL)
    assert (await pool_of(house)).running == 0
    await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)
    assert (await pool_of(house)).running == 0


async def test_a_pool_changes_while_tasks_run(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 3, reserved=0, threshold=2), house.now)
    tasks = [await house.submit(pool="p", priority=priority) for priority in (1, 4, 9)]
    running = await house.claim(9)
    assert len(running) == 3
    house.notifier.taken()

    changed = await house.store.workers.set_pool(Pool("p", 1, reserved=1, threshold=4), house.now)
    assert changed == await pool_of(house) == Pool("p", 1, 1, 4, running=3, running_ordinary=1)
    assert Topic.WORK in house.notifier.taken()
    await house.submit(pool="p", priority=1)
    assert await house.claim(9) == []
    for task in running:
        await house.finish(task)
    assert await pool_of(house) == Pool("p", 1, 1, 4)
    assert len(await house.claim(9)) == 1
    assert await house.states(*tasks) == [State.COMPLETED] * 3


async def test_pools_are_listed_by_name_and_removed(house: House) -> None:
    for name in ("b", "a"):
        await house.store.workers.set_pool(Pool(name, 1), house.now)
    assert [pool.name for pool in await house.store.workers.pools()] == ["a", "b"]
    await house.store.workers.delete_pool("a")
    assert [pool.name for pool in await house.store.workers.pools()] == ["b"]
    with pytest.raises(NotFound):
        await house.store.workers.delete_pool("a")


async def test_a_pool_in_use_is_not_removed(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 1), house.now)
    task = await house.submit(pool="p", paused=True)
    with pytest.raises(Conflict):
        await house.store.workers.delete_pool("p")
    await house.store.tasks.resume(task.id, house.now)
    [task] = await house.claim()
    with pytest.raises(Conflict):
        await house.store.workers.delete_pool("p")
    await house.finish(task)
    await house.store.workers.delete_pool("p")


async def test_many_workers_never_overfill_a_pool(house: House, other_house: House) -> None:
    limit, reserved = 5, 2
    await house.store.workers.set_pool(Pool("p", limit, reserved=reserved, threshold=3), house.now)
    await house.submit_all(*(new_task(pool="p", priority=1 + n % 10) for n in range(60)))
    for one in (house, other_house):
        for name in "abc":
            await one.worker(name)

    async def work(one: House, name: str) -> None:
        while True:
            claimed = await one.claim(3, worker=name)
            pool = await pool_of(one)
            assert pool.running <= limit
            assert pool.running_ordinary <= limit - reserved
            for task in claimed:
                assert await one.finish(task, worker=name)
            if not claimed and (await one.tallies()).get(State.QUEUED, 0) == 0:
                return

    await asyncio.gather(*(work(one, name) for one in (house, other_house) for name in "abc"))
    assert await house.tallies() == {State.COMPLETED: 60}
    assert await pool_of(house) == Pool("p", limit, reserved, 3)
