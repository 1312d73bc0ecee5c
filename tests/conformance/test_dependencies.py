import asyncio

import pytest
from uuid_utils.compat import uuid7

from taskward.model.errors import Gone, Invalid, NotFound
from taskward.model.states import State
from tests.house import BOOM, House, exclusive, new_task

Q, B = State.QUEUED, State.BLOCKED


async def test_a_task_waits_until_all_it_depends_on_have_completed(house: House) -> None:
    first, second = await house.submit(), await house.submit()
    task = await house.submit(depends_on=(first.id, second.id, first.id))
    assert task.state is B
    one, other = await house.claim(9)
    await house.finish(one)
    assert await house.state(task) is B
    house.tick()
    await house.finish(other)
    assert (await house.get(task)).queued_at == house.now
    assert [event.data["state"] for event in await house.events(task)] == ["blocked", "queued"]


async def test_what_has_completed_already_is_not_waited_for(house: House) -> None:
    done = await house.complete()
    assert (await house.submit(depends_on=(done.id,))).state is Q


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELED])
async def test_it_is_skipped_when_one_does_not_complete(house: House, end: State) -> None:
    failing, other = await house.submit(), await house.submit(paused=True)
    task = await house.submit(depends_on=(failing.id, other.id), resources=exclusive("r"))
    [claimed] = await house.claim()
    await house.finish(claimed, end, error=BOOM)
    skipped = await house.get(task)
    assert (skipped.state, skipped.finished_at) == (State.SKIPPED, house.now)
    assert skipped.error is not None
    assert (skipped.error.code, str(failing.number) in skipped.error.message) == ("dependency", True)
    assert skipped.expires_at is not None
    await house.store.tasks.cancel(other.id, "", house.now)
    assert await house.get(task) == skipped
    assert await house.tallies() == {end: 2 if end is State.CANCELED else 1, State.SKIPPED: 1} | (
        {} if end is State.CANCELED else {State.CANCELED: 1}
    )


async def test_it_is_skipped_at_once_when_one_has_not_completed(house: House) -> None:
    failed = await house.run()
    await house.finish(failed, State.FAILED, error=BOOM)
    task = await house.submit(depends_on=(failed.id,))
    assert task.state is State.SKIPPED
    assert task == await house.get(task)
    assert [event.data["state"] for event in await house.events(task)] == ["blocked", "skipped"]


async def test_it_may_run_whatever_becomes_of_them(house: House) -> None:
    failing = await house.submit()
    task = await house.submit(depends_on=(failing.id,), even_if_failed=True)
    [claimed] = await house.claim()
    await house.finish(claimed, State.FAILED, error=BOOM)
    assert await house.state(task) is Q
    assert (await house.submit(depends_on=(failing.id,), even_if_failed=True)).state is Q


async def test_a_skip_goes_down_a_chain_and_stops_where_it_is_allowed(house: House) -> None:
    head = await house.submit()
    chain = [head]
    for _ in range(5):
        chain.append(await house.submit(depends_on=(chain[-1].id,)))
    tolerant = await house.submit(depends_on=(chain[-1].id,), even_if_failed=True)
    after = await house.submit(depends_on=(tolerant.id,))
    await house.store.tasks.cancel(head.id, "", house.now)
    assert await house.states(*chain[1:]) == [State.SKIPPED] * 5
    assert await house.states(tolerant, after) == [Q, B]


async def test_a_skipped_task_gives_up_what_it_would_have_locked(house: House) -> None:
    failing = await house.submit(paused=True)
    skipped = await house.submit(depends_on=(failing.id,), resources=exclusive("r"))
    behind = await house.submit(depends_on=(skipped.id,), even_if_failed=True, resources=exclusive("r"))
    await house.store.tasks.cancel(failing.id, "", house.now)
    assert await house.states(skipped, behind) == [State.SKIPPED, Q]


async def test_dependencies_within_one_submission(house: House) -> None:
    first, second, third = new_task(), new_task(), new_task()
    tasks = (
        await house.submit_all(
            new_task(id=third.id, depends_on=(second.id, first.id)),
            new_task(id=second.id, depends_on=(first.id,)),
            first,
        )
    ).tasks
    assert [task.state for task in tasks] == [B, B, Q]
    for task in tasks:
        assert task == await house.get(task)
    for expected in (first, second, third):
        [claimed] = await house.claim(9)
        assert claimed.id == expected.id
        await house.finish(claimed)


async def test_a_submission_behind_a_failure_is_skipped_as_a_whole(house: House) -> None:
    failed = await house.run()
    await house.finish(failed, State.FAILED, error=BOOM)
    first, second = new_task(depends_on=(failed.id,)), new_task()
    tasks = (
        await house.submit_all(new_task(id=second.id, depends_on=(first.id,)), first, new_task(even_if_failed=True))
    ).tasks
    assert [task.state for task in tasks] == [State.SKIPPED, State.SKIPPED, Q]
    for task in tasks:
        assert task == await house.get(task)


async def test_a_circle_is_refused(house: House) -> None:
    first, second = uuid7(), uuid7()
    with pytest.raises(Invalid, match="depends_on"):
        await house.submit(id=first, depends_on=(first,))
    with pytest.raises(Invalid, match="depends_on"):
        await house.submit_all(
            new_task(id=first, depends_on=(second,)), new_task(), new_task(id=second, depends_on=(first,))
        )


async def test_what_does_not_exist_is_refused(house: House) -> None:
    with pytest.raises(NotFound):
        await house.submit(depends_on=(uuid7(),))
    done = await house.complete()
    await house.store.tasks.delete(done.id, house.now)
    with pytest.raises(Gone):
        await house.submit(depends_on=(done.id,))


async def test_a_paused_task_keeps_waiting_when_it_is_resumed(house: House) -> None:
    first = await house.submit()
    task = await house.submit(depends_on=(first.id,))
    await house.store.tasks.pause(task.id, house.now)
    assert (await house.store.tasks.resume(task.id, house.now)).state is B
    await house.store.tasks.pause(task.id, house.now)
    [claimed] = await house.claim()
    await house.finish(claimed)
    assert await house.state(task) is State.PAUSED
    assert (await house.store.tasks.resume(task.id, house.now)).state is Q


async def test_a_paused_or_scheduled_task_is_skipped_too(house: House) -> None:
    first = await house.submit()
    paused = await house.submit(depends_on=(first.id,), paused=True)
    gated = await house.submit(depends_on=(first.id,), gate="http://gate")
    await house.store.tasks.cancel(first.id, "", house.now)
    assert await house.states(paused, gated) == [State.SKIPPED] * 2


async def test_time_and_gate_come_before_dependencies(house: House) -> None:
    first = await house.submit()
    gated = await house.submit(depends_on=(first.id,), gate="http://gate")
    assert gated.state is State.SCHEDULED
    assert (await house.store.tasks.open_gate(gated.id, house.now)).state is B
    [claimed] = await house.claim()
    await house.finish(claimed)
    assert await house.state(gated) is Q


async def test_many_may_wait_for_one(house: House) -> None:
    first = await house.submit()
    tasks = (await house.submit_all(*(new_task(depends_on=(first.id,)) for _ in range(50)))).tasks
    [claimed] = await house.claim()
    await house.finish(claimed)
    assert await house.tallies() == {State.COMPLETED: 1, Q: 50}
    assert [task.id for task in await house.claim(100)] == [task.id for task in tasks]


async def test_a_dependency_that_ends_while_it_is_named(house: House, other_house: House) -> None:
    """Whichever comes first, nobody waits for ever."""
    for _ in range(5):
        running = [await house.run() for _ in range(5)]
        ends = [house.finish(task) for task in running]
        submits = [other_house.submit(depends_on=(task.id,)) for task in running]
        _, waiting = await asyncio.gather(asyncio.gather(*ends), asyncio.gather(*submits))
        assert await house.states(*waiting) == [Q] * 5
        for task in await house.claim(9):
            await house.finish(task)
