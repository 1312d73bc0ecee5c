import asyncio
from datetime import timedelta
from typing import Any

import pytest

from taskward.model.errors import Conflict, Gone, NotFound
from taskward.model.policy import Rules
from taskward.model.states import State
from taskward.model.task import Kind, Report, Task
from taskward.ports import Change, IdempotencyKey, LogNote, Note, Range, ReportNote, TaskQuery
from tests.house import BOOM, House, exclusive, new_task

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


async def rows(house: House) -> int:
    """How many rows of any kind are kept about tasks, tombstones and journalled removals aside."""
    tables = ("task", "label", "task_resource", "line", "dependency", "fold", "log", "report")
    total = 0
    for table in tables:
        total += await house.count(f"SELECT count(*) FROM {table}")
    return total + await house.count("SELECT count(*) FROM event WHERE kind <> 'deleted'")


async def full_tree(house: House) -> Task:
    """A finished tree with some of everything: labels, logs, reports, records, resources, dependencies."""
    root = await house.run(labels={"a": "b"}, resources=exclusive("r"))
    child = await house.run(parent_id=root.id, labels={"c": "d"})
    folded = await house.run(parent_id=child.id, folds=True)
    skipped = await house.child_of(root, depends_on=(child.id,))
    for task in (root, child, folded):
        notes: list[Note] = [LogNote(task.id, house.now, 1, "s", "m"), ReportNote(task.id, 1, Report("r"))]
        await house.store.tasks.record(await house.worker(), notes, house.now)
    await house.finish(folded)
    await house.finish(child, State.FAILED, error=BOOM)
    await house.finish(root)
    assert await house.state(skipped) is State.SKIPPED
    return await house.get(root)


# ---------------------------------------------------------------- by hand


async def test_a_finished_tree_is_forgotten_whole(house: House) -> None:
    root = await full_tree(house)
    children = await house.store.tasks.children(root.id)
    assert await rows(house) > 10
    cursor = await house.store.journal.end()

    assert await house.store.tasks.delete(root.id, house.now) == 3
    for task in (root, *children):
        with pytest.raises(Gone):
            await house.get(task)
    with pytest.raises(NotFound):
        await house.store.tasks.by_number(root.number)
    assert await rows(house) == 0
    assert await house.tallies() == {}
    [event] = await house.store.journal.events(cursor)
    assert (event.kind, event.task_id, event.root_id) == ("deleted", root.id, root.id)
    assert event.data == {"number": root.number, "count": 3, "state": "completed"}
    with pytest.raises(Gone):
        await house.store.tasks.delete(root.id, house.now)


async def test_a_finished_branch_is_forgotten_alone(house: House) -> None:
    root = await house.run()
    branch = await house.complete(parent_id=root.id)
    stays = await house.complete(parent_id=root.id)
    assert await house.store.tasks.delete(branch.id, house.now) == 1
    assert [task.id for task in await house.store.tasks.children(root.id)] == [stays.id]
    assert await house.tallies() == {State.RUNNING: 1, State.COMPLETED: 1}
    assert [event.kind for event in await house.events(branch)] == ["deleted"]


async def test_what_has_not_ended_is_not_forgotten(house: House) -> None:
    root = await house.run()
    child = await house.child_of(root)
    with pytest.raises(Conflict, match=f"task {root.number} is running"):
        await house.store.tasks.delete(root.id, house.now)
    await house.finish(root)
    with pytest.raises(Conflict, match=f"task {child.number} below it is queued"):
        await house.store.tasks.delete(root.id, house.now)
    assert await house.states(root, child) == [State.COMPLETED, State.QUEUED]


async def test_a_tree_is_forgotten_once(house: House, other_house: House) -> None:
    for _ in range(5):
        root = await full_tree(house)
        child = (await house.store.tasks.children(root.id))[0]
        removals = await asyncio.gather(
            *(one.store.tasks.delete(task.id, house.now) for task in (root, child) for one in (house, other_house)),
            other_house.store.tasks.prune(house.now + WEEK, 9),
            return_exceptions=True,
        )
        assert all(isinstance(removal, int | Gone | NotFound) for removal in removals), removals
    assert await house.tallies() == {}
    assert await rows(house) == 0


# ---------------------------------------------------------------- by query


async def finished(house: House, *states: State, **members: Any) -> list[Task]:
    tasks = []
    for state in states:
        task = await house.run(**members)
        await house.finish(task, state, error=BOOM)
        tasks.append(task)
        house.tick()
    return tasks


async def left(house: House) -> list[int]:
    page = await house.store.tasks.page(TaskQuery(sort="created", internal=True, limit=1000))
    return [task.number for task in page.tasks]


async def test_a_purge_forgets_what_matches(house: House) -> None:
    good, bad, good2 = await finished(house, State.COMPLETED, State.FAILED, State.COMPLETED)
    waiting = await house.submit()
    assert await house.store.tasks.purge(TaskQuery(states=(State.COMPLETED,)), house.now) == 2
    assert await left(house) == [bad.number, waiting.number]
    assert await house.store.tasks.purge(TaskQuery(states=(State.QUEUED,)), house.now) == 0
    assert await house.store.tasks.purge(TaskQuery(), house.now) == 1
    assert await left(house) == [waiting.number]
    for task in (good, good2):
        with pytest.raises(Gone):
            await house.get(task)


async def test_a_purge_looks_behind_what_stays(house: House) -> None:
    """What is not final, not a root, or is to persist neither goes nor stands in the way."""
    old = await finished(house, *[State.COMPLETED] * 3)
    kept = await finished(house, *[State.COMPLETED] * 5, persist=True)
    with_child = await finished(house, State.COMPLETED)
    parent = await house.run()
    running_child = await house.child_of(parent)
    await house.finish(parent)
    waiting = [await house.submit(paused=True) for _ in range(5)]
    assert await house.store.tasks.purge(TaskQuery(limit=2), house.now) == 2
    assert await house.store.tasks.purge(TaskQuery(limit=9), house.now) == 2
    assert await left(house) == sorted(task.number for task in (*kept, parent, running_child, *waiting))
    assert {task.number for task in (*old, *with_child)}.isdisjoint(await left(house))


async def test_a_purge_follows_its_filters_and_order(house: House) -> None:
    tasks = await finished(house, *[State.COMPLETED] * 4)
    labeled = await finished(house, State.COMPLETED, labels={"keep": "no"})
    assert await house.store.tasks.purge(TaskQuery(labels=(("keep", "no"),)), house.now) == 1
    assert labeled[0].number not in await left(house)
    assert await house.store.tasks.purge(TaskQuery(sort="created", limit=1), house.now) == 1
    assert await left(house) == [task.number for task in tasks[1:]]
    since = Range(since=tasks[3].created_at)
    assert await house.store.tasks.purge(TaskQuery(created=since), house.now) == 1
    assert await left(house) == [task.number for task in tasks[1:3]]


async def test_a_purge_of_very_many(house: House) -> None:
    tasks = (await house.submit_all(*(new_task(kind=Kind.EXTERNAL) for _ in range(450)))).tasks
    for task in tasks:
        await house.store.tasks.cancel(task.id, "", house.now)
    assert await house.store.tasks.purge(TaskQuery(limit=440), house.now) == 440
    assert len(await left(house)) == 10


# ---------------------------------------------------------------- by age


async def test_retention_counts_from_the_end_of_the_root(house: House) -> None:
    root = await full_tree(house)
    assert root.expires_at == house.now + WEEK
    assert await house.store.tasks.next_due(house.now) == root.expires_at
    assert await house.store.tasks.prune(house.tick(7 * 86400 - 1), 10) == 0
    assert await house.store.tasks.prune(house.tick(), 10) == 1
    with pytest.raises(Gone):
        await house.get(root)
    assert await rows(house) == 0
    assert await house.store.tasks.next_due(house.now) is None


async def test_each_task_or_the_setting_says_how_long(house: House) -> None:
    own = await house.complete(rules=Rules(ttl=DAY))
    assert own.expires_at == house.now + DAY
    assert await house.store.registry.set_setting("", "task_ttl", "90.5", house.now) is None
    by_setting = await house.complete()
    assert by_setting.expires_at is not None
    assert (await house.complete(rules=Rules(ttl=timedelta(0)))).expires_at == house.now
    assert await house.store.registry.set_setting("", "task_ttl", None, house.now) == "90.5"
    assert (await house.complete()).expires_at == house.now + WEEK


async def test_what_persists_never_expires(house: House) -> None:
    task = await house.complete(persist=True)
    assert task.expires_at is None
    assert await house.store.tasks.prune(house.now + 10 * WEEK, 10) == 0
    let_go = await house.store.tasks.change(task.id, Change(persist=False), house.now)
    assert let_go.expires_at == task.finished_at + WEEK  # type: ignore[operator]
    assert await house.store.tasks.prune(house.now + WEEK, 10) == 1


async def test_a_tree_stays_for_a_member_that_persists(house: House) -> None:
    root = await house.run()
    child = await house.complete(parent_id=root.id)
    await house.store.tasks.change(child.id, Change(persist=True), house.now)
    await house.finish(root)
    later = house.now + 2 * WEEK
    assert await house.store.tasks.prune(later, 10) == 0
    assert await house.store.tasks.purge(TaskQuery(), house.now) == 0
    assert (await house.get(root)).expires_at is None
    assert await house.store.tasks.next_due(house.now) is None
    await house.store.tasks.change(child.id, Change(persist=False), later)
    assert (await house.get(root)).expires_at == house.now + WEEK
    assert await house.store.tasks.prune(later, 10) == 1


async def test_a_tree_stays_while_something_in_it_runs(house: House) -> None:
    root = await house.run()
    child = await house.child_of(root)
    await house.finish(root)
    later = house.tick(8 * 86400)
    assert await house.store.tasks.prune(later, 10) == 0
    assert await house.state(root) is State.COMPLETED
    assert await house.store.tasks.prune(later, 10) == 0
    await house.store.tasks.cancel(child.id, "", later)
    due = await house.store.tasks.next_due(house.now)
    assert due is not None
    assert later < due <= later + timedelta(minutes=1)
    assert await house.store.tasks.prune(due, 10) == 1


async def test_a_prune_takes_no_more_than_it_is_told(house: House) -> None:
    for _ in range(5):
        await house.complete()
        house.tick()
    house.tick(7 * 86400)
    assert [await house.store.tasks.prune(house.now, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_two_processes_prune_without_counting_twice(house: House, other_house: House) -> None:
    for _ in range(30):
        await house.complete()
    later = house.now + WEEK
    pruned = await asyncio.gather(*(one.store.tasks.prune(later, 10) for one in (house, other_house) for _ in range(4)))
    while more := await house.store.tasks.prune(later, 10):
        pruned.append(more)
    assert sum(pruned) == 30
    assert await house.tallies() == {}


async def test_old_keys_and_tombstones_go(house: House) -> None:
    key = IdempotencyKey("c", "k", "f")
    task = (await house.submit_all(new_task(), idempotency=key)).tasks[0]
    await house.store.tasks.cancel(task.id, "", house.now)
    await house.store.tasks.delete(task.id, house.now)
    await house.store.tasks.prune(house.tick(86399), 10)
    with pytest.raises(Gone):
        await house.submit_all(new_task(), idempotency=key)
    await house.store.tasks.prune(house.tick(2), 10)
    assert not (await house.submit_all(new_task(), idempotency=key)).replayed

    await house.store.tasks.prune(house.tick(29 * 86400 - 2), 10)
    with pytest.raises(Gone):
        await house.get(task)
    assert len(await house.events(task)) == 1
    await house.store.tasks.prune(house.tick(3), 10)
    with pytest.raises(NotFound) as refusal:
        await house.get(task)
    assert not isinstance(refusal.value, Gone)
    assert await house.events(task) == []


async def test_the_age_of_keys_is_a_setting(house: House) -> None:
    await house.store.registry.set_setting("", "idempotency_ttl", "600", house.now)
    key = IdempotencyKey("c", "k", "f")
    await house.submit_all(new_task(), idempotency=key)
    await house.store.tasks.prune(house.tick(599), 10)
    assert (await house.submit_all(new_task(), idempotency=key)).replayed
    await house.store.tasks.prune(house.tick(2), 10)
    assert not (await house.submit_all(new_task(), idempotency=key)).replayed
