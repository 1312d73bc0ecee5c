import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest

from taskward.model.errors import IllegalTransition
from taskward.model.policy import Resource, Retry, Rules
from taskward.model.states import State
from taskward.model.task import Task
from tests.house import BOOM, House, exclusive, new_task, shared

HOUR = timedelta(hours=1)
Q, B = State.QUEUED, State.BLOCKED


async def in_order(house: House, *wanted: tuple[Resource, ...]) -> list[Task]:
    return [await house.submit(resources=resources) for resources in wanted]


async def end_of(house: House, task: Task) -> None:
    """Runs a queued task and ends it."""
    while True:
        [claimed] = await house.claim()
        await house.finish(claimed)
        if claimed.id == task.id:
            return


async def test_first_come_first_served(house: House) -> None:
    tasks = await in_order(house, *[exclusive("r")] * 4)
    assert await house.states(*tasks) == [Q, B, B, B]
    for position, task in enumerate(tasks):
        [claimed] = await house.claim(9)
        assert claimed.id == task.id
        house.tick()
        await house.finish(claimed)
        if position < 3:
            assert (await house.get(tasks[position + 1])).queued_at == house.now
    assert await house.tallies() == {State.COMPLETED: 4}


async def test_shared_locks_are_held_together(house: House) -> None:
    tasks = await in_order(house, shared("r"), shared("r"), exclusive("r"), shared("r"), shared("r"), exclusive("r"))
    assert await house.states(*tasks) == [Q, Q, B, B, B, B]
    first, second = await house.claim(9)
    await house.finish(second)
    assert await house.states(*tasks[2:]) == [B, B, B, B]
    await house.finish(first)
    assert await house.states(*tasks[2:]) == [Q, B, B, B]
    await end_of(house, tasks[2])
    assert await house.states(*tasks[3:]) == [Q, Q, B]


async def test_only_those_that_conflict_wait_for_one_another(house: House) -> None:
    tasks = await in_order(house, exclusive("a"), exclusive("b"), exclusive("a"), exclusive("c"), shared("b"), ())
    assert await house.states(*tasks) == [Q, Q, B, Q, B, Q]


async def test_several_resources_are_waited_for_together(house: House) -> None:
    tasks = await in_order(house, exclusive("a"), exclusive("b"), exclusive("a", "b"), exclusive("b"), exclusive("a"))
    a, b, both, after_b, after_a = tasks
    assert await house.states(*tasks) == [Q, Q, B, B, B]
    await house.claim(9)
    await house.finish(await house.get(a))
    assert await house.states(both, after_b, after_a) == [B, B, B]
    await house.finish(await house.get(b))
    assert await house.states(both, after_b, after_a) == [Q, B, B]
    await end_of(house, both)
    assert await house.states(after_b, after_a) == [Q, Q]


async def test_locks_named_in_any_order_never_deadlock(house: House) -> None:
    names = ("a", "b", "c")
    wanted = [exclusive(*(names[(start + n) % 3] for n in range(2))) for start in range(3)] * 5
    await asyncio.gather(*(house.submit(resources=resources) for resources in wanted))
    for _ in wanted:
        claimed = await house.claim(9)
        assert claimed
        for task in claimed:
            await house.finish(task)
        if (await house.tallies()).get(State.COMPLETED) == len(wanted):
            return
    raise AssertionError(f"stuck: {await house.tallies()}")


@pytest.mark.parametrize("behind", [shared("r"), exclusive("r")])
async def test_a_cancel_in_the_middle_of_a_line_frees_those_behind(house: House, behind: tuple[Resource, ...]) -> None:
    holder, middle, last = await in_order(house, shared("r"), exclusive("r"), behind)
    await house.store.tasks.cancel(middle.id, "", house.now)
    assert await house.states(holder, middle, last) == [Q, State.CANCELED, B if behind[0].exclusive else Q]
    await end_of(house, holder)
    assert await house.state(last) is State.COMPLETED or await house.state(last) is Q


async def test_a_pause_leaves_the_line_and_a_resume_joins_its_end(house: House) -> None:
    first, second, third = await in_order(house, *[exclusive("r")] * 3)
    await house.store.tasks.pause(first.id, house.now)
    assert await house.states(first, second, third) == [State.PAUSED, Q, B]
    await house.store.tasks.resume(first.id, house.now)
    assert await house.states(first, second, third) == [B, Q, B]
    order = []
    for _ in range(3):
        [claimed] = await house.claim(9)
        order.append(claimed.id)
        await house.finish(claimed)
    assert order == [second.id, third.id, first.id]


async def test_a_retry_leaves_the_line(house: House) -> None:
    first = await house.run(resources=exclusive("r"))
    second = await house.submit(resources=exclusive("r"))
    await house.finish(first, State.SCHEDULED, run_at=house.now + HOUR, error=BOOM)
    assert await house.states(first, second) == [State.SCHEDULED, Q]
    await house.store.tasks.advance(house.tick(3600), 10)
    assert await house.states(first, second) == [B, Q]


async def test_a_hand_back_keeps_its_locks(house: House) -> None:
    first = await house.run(resources=exclusive("r"))
    second = await house.submit(resources=exclusive("r"))
    await house.finish(first, State.QUEUED)
    assert await house.states(first, second) == [Q, B]
    await house.store.tasks.cancel(first.id, "", house.now)
    assert await house.state(second) is Q


async def test_a_pause_at_a_boundary_gives_the_locks_up(house: House) -> None:
    first = await house.run(resources=exclusive("r"), rules=Rules(pausable=True))
    second = await house.submit(resources=exclusive("r"))
    await house.store.tasks.pause(first.id, house.now)
    assert await house.state(second) is B
    await house.finish(first, State.PAUSED)
    assert await house.states(first, second) == [State.PAUSED, Q]


async def test_a_lost_worker_keeps_the_locks_of_what_runs_again(house: House) -> None:
    first = await house.run(resources=exclusive("r"), rules=Rules(retry=Retry(lost_limit=1)))
    second = await house.submit(resources=exclusive("r"))
    await house.store.workers.reap(house.tick(60), house.now, 10)
    assert await house.states(first, second) == [Q, B]
    await house.claim(worker="v")
    await house.store.workers.reap(house.tick(60), house.now, 10)
    assert await house.states(first, second) == [State.FAILED, Q]


async def test_what_has_not_come_to_its_turn_holds_up_nobody(house: House) -> None:
    """Neither a time to come, nor a gate, nor a dependency keeps others from a resource."""
    blocker = await house.submit(paused=True)
    early = [
        await house.submit(resources=exclusive("r"), run_at=house.now + HOUR),
        await house.submit(resources=exclusive("r"), gate="http://gate"),
        await house.submit(resources=exclusive("r"), depends_on=(blocker.id,)),
        await house.submit(resources=exclusive("r"), paused=True),
    ]
    late = await house.submit(resources=exclusive("r"))
    assert late.state is Q
    await house.store.tasks.cancel(early[1].id, "", house.now)
    assert await house.state(late) is Q


async def test_a_task_joins_its_lines_when_its_time_comes(house: House) -> None:
    early = await house.submit(resources=exclusive("r"), run_at=house.now + HOUR)
    late = await house.submit(resources=exclusive("r"))
    last = await house.submit(resources=exclusive("r"))
    await house.store.tasks.advance(house.tick(3600), 10)
    assert await house.states(early, late, last) == [B, Q, B]
    order = []
    for _ in range(3):
        [claimed] = await house.claim(9)
        order.append(claimed.id)
        await house.finish(claimed)
    assert order == [late.id, last.id, early.id]


async def test_every_end_gives_the_locks_up(house: House) -> None:
    for end in (State.COMPLETED, State.FAILED, State.CANCELED):
        task = await house.run(resources=(*exclusive(str(end)), *shared("s")))
        await house.finish(task, end, error=BOOM)
        assert (await house.submit(resources=exclusive(str(end)), paused=False)).state is Q
        [claimed] = await house.claim()
        await house.finish(claimed)
    assert (await house.submit(resources=exclusive("s"))).state is Q


async def test_names_of_resources_are_any_text(house: House) -> None:
    names = (" ", "a b", "ä/ü", "%_'\"", "x" * 500)
    for name in names:
        first, second = await in_order(house, (Resource(name),), (Resource(name),))
        assert await house.states(first, second) == [Q, B]


async def test_a_long_line_costs_an_unrelated_task_nothing(house: House) -> None:
    """17,000 tasks behind one lock: submitting, claiming and finishing another takes as many statements as alone."""

    async def cost() -> list[int]:
        database = house.store.database
        counts = [database.statements]
        task = await house.submit(queue="other", resources=exclusive("free"))
        counts.append(database.statements)
        [claimed] = await house.claim(queues=("other",), worker="v")
        counts.append(database.statements)
        assert claimed.id == task.id
        await house.finish(claimed, worker="v")
        counts.append(database.statements)
        return [after - before for before, after in pairwise(counts)]

    await cost()
    alone = await cost()
    for _ in range(17):
        await house.submit_all(*(new_task(resources=exclusive("hot")) for _ in range(1000)))
    assert await cost() == alone

    database = house.store.database
    [holder] = await house.claim()
    before = database.statements
    await house.finish(holder)
    # The end of the holder wakes the next, by index, whatever the length of the line.
    assert database.statements - before < 20
    assert (await house.tallies())[Q] == 1


async def test_concurrent_ends_and_cancels_lose_no_place(house: House, other_house: House) -> None:
    names = "abc"
    tasks = [
        await house.submit(resources=(Resource(names[n % 3], exclusive=n % 4 > 0), Resource(names[(n + n // 3) % 3])))
        for n in range(40)
    ]
    for one in (house, other_house):
        await one.worker(f"of {id(one)}")

    async def work(one: House) -> None:
        for _ in range(200):
            for task in await one.claim(3, worker=f"of {id(one)}"):
                await one.finish(task, worker=f"of {id(one)}")
            counts = await one.tallies()
            if not counts.get(Q) and not counts.get(B) and not counts.get(State.RUNNING):
                return
            await asyncio.sleep(0)

    async def cancel() -> None:
        for task in tasks[5::4]:
            if (await other_house.get(task)).state in (Q, B):
                with suppress(IllegalTransition):  # it may have ended meanwhile
                    await other_house.store.tasks.cancel(task.id, "", house.now)

    await asyncio.gather(work(house), work(other_house), cancel())
    counts = await house.tallies()
    assert set(counts) <= {State.COMPLETED, State.CANCELED}
    assert sum(counts.values()) == 40
