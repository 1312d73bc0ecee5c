"""What is registered, when that ends, and how roots are numbered."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from taskward.model.policy import Rules
from taskward.model.states import State
from taskward.model.task import Kind, Progress, Task
from taskward.ports import Change
from taskward.store.facade import roster
from tests.house import House, new_task

DAY = 86_400


async def ended(house: House, state: State = State.COMPLETED, **members: Any) -> Task:
    """Work tracked from outside that has ended."""
    task = await house.submit(kind=Kind.EXTERNAL, **members)
    await house.store.tasks.finish_external(task.id, state, None, None, house.now)
    return task


async def registered(house: House, module: str = "m", limit: int = 100) -> list[UUID]:
    """All of a module's, in pages of `limit`."""
    found: list[UUID] = []
    after = None
    while True:
        page = await house.store.roster.registered(module, house.now, after, limit)
        found += (task.id for task in page.tasks)
        assert all(task.is_registered(house.now) for task in page.tasks)
        if page.next is None:
            return found
        after = page.next


async def setting(house: House, name: str, seconds: float) -> None:
    await house.store.registry.set_setting("", name, str(seconds), house.now)


# ------------------------------------------------------------------ numbers


async def test_roots_of_a_module_are_numbered_and_their_children_have_the_number(house: House) -> None:
    first = await house.submit()
    second = await house.submit()
    other = await house.submit(operation="n.op", module="n")
    child = await house.child_of(second, operation="n.op", module="n")
    grandchild = await house.child_of(child)
    assert [first.sequence, second.sequence, other.sequence] == [1, 2, 1]
    assert [child.sequence, grandchild.sequence] == [2, 2]
    assert [(await house.get(task)).sequence for task in (second, child, grandchild)] == [2, 2, 2]


async def test_a_submission_of_many_counts_on(house: House) -> None:
    await house.submit()
    root = new_task()
    submitted = await house.submit_all(
        new_task(parent_id=root.id, root_id=root.id), new_task(module="n", operation="n.op"), root, new_task()
    )
    assert [task.sequence for task in submitted.tasks] == [2, 1, 2, 3]


async def test_a_shard_may_be_given_and_is_inherited(house: House) -> None:
    root = await house.submit(shard=7)
    again = await house.submit(shard=7)
    child = await house.child_of(root)
    moved = await house.child_of(root, shard=0)
    assert [(task.sequence, task.shard) for task in (root, again, child, moved)] == [(1, 7), (2, 7), (1, 7), (1, 0)]


async def test_a_refused_submission_uses_no_number(house: House) -> None:
    taken = await house.submit()
    with pytest.raises(Exception, match="already"):
        await house.submit(id=taken.id)
    assert (await house.submit()).sequence == 2


async def test_servers_that_submit_at_once_never_give_a_number_twice(house: House, other_house: House) -> None:
    tasks = await asyncio.gather(*(each.submit() for _ in range(40) for each in (house, other_house)))
    assert len({(task.shard, task.sequence) for task in tasks}) == len(tasks)
    for shard in {task.shard for task in tasks}:
        numbers = sorted(task.sequence for task in tasks if task.shard == shard)
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_module_may_be_opened_before_it_has_a_task_and_closed(house: House) -> None:
    await house.submit(module="b", operation="b.op")
    await house.store.roster.open_module("a")
    assert await house.store.roster.modules() == ["a", "b"]
    await house.submit(module="a", operation="a.op")
    await house.store.roster.open_module("a")
    assert (await house.submit(module="a", operation="a.op")).sequence == 1
    await house.store.roster.close_module("a")
    assert await house.store.roster.modules() == ["b"]


# ------------------------------------------------------------------ registration


async def test_unfinished_tasks_are_registered_whatever_they_are(house: House) -> None:
    running = await house.run()
    waiting = await house.submit(paused=True)
    child = await house.child_of(running, internal=True)
    assert await registered(house) == [running.id, waiting.id, child.id]


async def test_a_finished_root_stays_for_the_ttl_of_its_end(house: House) -> None:
    await setting(house, "registry_ttl", 10)
    early = await ended(house)
    await setting(house, "registry_ttl", 100)
    late = await ended(house)
    house.tick(9.9)
    assert await registered(house) == [early.id, late.id]
    house.tick(0.1)
    assert await registered(house) == [late.id]
    house.tick(90)
    assert await registered(house) == []


@pytest.mark.parametrize(
    ("settings", "labels", "seconds"),
    [
        ({}, {}, 7 * DAY),
        ({"task_ttl": 50}, {}, 50),
        ({"task_ttl": 50, "registry_ttl": 20}, {}, 20),
        ({"task_ttl": 50, "registry_ttl": 20}, {"user_task": "true"}, 3600),
        ({"registry_ttl": 20, "user_task_ttl": 30}, {"user_task": "true"}, 30),
        ({"registry_ttl": 20, "user_task_ttl": 30}, {"user_task": "false"}, 20),
        ({"registry_ttl": 0}, {}, 0),
    ],
)
async def test_which_ttl_counts(
    house: House, settings: dict[str, float], labels: dict[str, str], seconds: float
) -> None:
    for name, value in settings.items():
        await setting(house, name, value)
    task = await house.get(await ended(house, labels=labels))
    assert task.unregistered_at == house.now + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("settings", "rules", "seconds"),
    [
        ({"registry_ttl": 10}, Rules(), 7 * DAY),
        ({"task_ttl": 60, "registry_ttl": 100}, Rules(), 100),
        ({"registry_ttl": 100}, Rules(ttl=timedelta(seconds=5)), 5),
    ],
)
async def test_the_house_keeps_a_task_at_least_as_long_as_it_is_registered(
    house: House, settings: dict[str, float], rules: Rules, seconds: float
) -> None:
    for name, value in settings.items():
        await setting(house, name, value)
    task = await house.get(await ended(house, rules=rules))
    assert task.expires_at == house.now + timedelta(seconds=seconds)


async def test_every_way_to_end_ends_a_registration(house: House) -> None:
    await setting(house, "registry_ttl", 10)
    waiting = await house.submit(paused=True)
    await house.store.tasks.cancel(waiting.id, "", house.now)
    outside = await house.submit(kind=Kind.EXTERNAL)
    await house.store.tasks.cancel(outside.id, "", house.now)
    ran = await house.run()
    await house.finish(ran, State.FAILED)
    skipped = await house.submit(depends_on=(ran.id,))
    tasks = [await house.get(task) for task in (waiting, outside, ran, skipped)]
    assert [task.state for task in tasks] == [State.CANCELED, State.CANCELED, State.FAILED, State.SKIPPED]
    assert {task.unregistered_at for task in tasks} == {house.now + timedelta(seconds=10)}


async def test_children_and_internal_tasks_go_when_they_end(house: House) -> None:
    root = await house.submit(kind=Kind.EXTERNAL)
    child = await house.child_of(root, kind=Kind.EXTERNAL)
    internal = await ended(house, internal=True)
    await house.store.tasks.finish_external(child.id, State.FAILED, None, None, house.now)
    assert await registered(house) == [root.id]
    assert [(await house.get(task)).is_registered(house.now) for task in (child, internal)] == [False, False]


async def test_what_is_to_persist_stays(house: House) -> None:
    await setting(house, "registry_ttl", 10)
    persistent = await ended(house, persist=True)
    kept, let_go = await ended(house), await ended(house, persist=True)
    await house.store.tasks.change(kept.id, Change(persist=True), house.now)
    await house.store.tasks.change(let_go.id, Change(persist=False), house.now)
    await house.store.roster.unregister([persistent.id], house.now)
    await house.store.roster.drain("m", "", house.now)
    house.tick(20)
    assert await registered(house) == [persistent.id, kept.id]


async def test_unregistering_leaves_what_is_unfinished_and_changes_nothing_else(house: House) -> None:
    running, done = await house.submit(kind=Kind.EXTERNAL), await ended(house)
    before = await house.get(done)
    await house.store.roster.unregister([running.id, done.id], house.now)
    assert await registered(house) == [running.id]
    after = await house.get(done)
    assert (after.version, after.expires_at, after.state) == (before.version, before.expires_at, before.state)


async def test_a_drain_is_of_one_module_and_one_client(house: House) -> None:
    other = await ended(house, module="n", operation="n.op")
    mine, yours = await ended(house, client="me"), await ended(house, client="you")
    running = await house.submit(kind=Kind.EXTERNAL)
    assert await house.store.roster.drain("m", "me", house.now) == 1
    assert await registered(house) == [running.id, yours.id]
    assert await house.store.roster.drain("m", "", house.now) == 1
    assert await registered(house) == [running.id]
    assert await registered(house, "n") == [other.id]
    assert (await house.get(mine)).state == State.COMPLETED


async def test_a_drain_of_many_takes_several_transactions(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "_PIECE", 3)
    for _ in range(7):
        await ended(house)
    before = house.store.database.commits
    assert await house.store.roster.drain("m", "", house.now) == 7
    assert house.store.database.commits - before == 4
    assert await registered(house) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_hold_everything_once(house: House, limit: int) -> None:
    running = [(await house.submit(paused=True)).id for _ in range(3)]
    gone = await ended(house)
    await house.store.roster.unregister([gone.id], house.now)
    done = []
    for _ in range(4):
        done.append((await ended(house)).id)
        house.tick(0.5)
    assert await registered(house, limit=limit) == [*running, *done]


# ------------------------------------------------------------------ trees in pieces


async def test_a_brood_lists_rows_then_records_and_adds_their_progress_up(house: House) -> None:
    root = await house.submit(kind=Kind.EXTERNAL)
    children = [await house.child_of(root, kind=Kind.EXTERNAL, folds=True) for _ in range(4)]
    await house.store.tasks.finish_external(children[2].id, State.COMPLETED, None, None, house.now)
    await house.store.tasks.finish_external(children[0].id, State.FAILED, None, None, house.now)
    broods = await house.store.roster.broods([root.id, children[1].id], marred=False)
    assert broods.keys() == {root.id}
    assert [row.id for row in broods[root.id].rows] == [children[1].id, children[3].id]
    assert broods[root.id].folded.texts() == [str(children[2].id), str(children[0].id)]
    [marred] = (await house.store.roster.broods([root.id], marred=True)).values()
    assert marred.folded.texts() == [str(children[0].id)]


async def test_progress_is_looked_for_below_what_tells_none(house: House) -> None:
    from taskward.ports import ProgressNote

    async def tell(task: Task, done: float, total: float | None) -> None:
        note = ProgressNote(task.id, task.attempt, Progress(done, total))
        assert not await house.store.tasks.record(None, [note], house.now)

    root = await house.submit(kind=Kind.EXTERNAL)
    silent, loud, total_only = [await house.child_of(root, kind=Kind.EXTERNAL) for _ in range(3)]
    await tell(await house.child_of(silent, kind=Kind.EXTERNAL), 3, 10)
    await tell(await house.child_of(loud, kind=Kind.EXTERNAL), 100, 100)
    await tell(loud, 5, 20)
    await tell(await house.child_of(total_only, kind=Kind.EXTERNAL), 7, 7)
    await tell(total_only, 0, 40)
    brood = (await house.store.roster.broods([root.id], marred=False))[root.id]
    assert (brood.done, brood.total) == (3 + 5 + 7, 10 + 20 + 40)


async def test_progress_is_not_looked_for_below_a_total_in_a_unit(house: House) -> None:
    from taskward.ports import ProgressNote

    async def tell(task: Task, progress: Progress) -> None:
        assert not await house.store.tasks.record(None, [ProgressNote(task.id, task.attempt, progress)], house.now)

    root = await house.submit(kind=Kind.EXTERNAL)
    middle = await house.child_of(root, kind=Kind.EXTERNAL)
    for parent in (root, middle):
        counting = await house.child_of(parent, kind=Kind.EXTERNAL)
        await tell(counting, Progress(0, 3, "things"))
        await tell(await house.child_of(counting, kind=Kind.EXTERNAL), Progress(86, 101, "hosts"))
    brood = (await house.store.roster.broods([root.id], marred=False))[root.id]
    assert (brood.done, brood.total) == (0, 3 + 3)


async def test_a_record_that_told_a_total_in_a_unit_keeps_it(house: House) -> None:
    from taskward.ports import ProgressNote

    root = await house.submit(kind=Kind.EXTERNAL)
    middle = await house.child_of(root, kind=Kind.EXTERNAL, folds=True)
    leaf = await house.child_of(middle, kind=Kind.EXTERNAL, folds=True)
    told = [(middle, Progress(0, 0, "hosts")), (leaf, Progress(101))]
    notes = [ProgressNote(task.id, task.attempt, progress) for task, progress in told]
    await house.store.tasks.record(None, notes, house.now)
    for task in (leaf, middle):
        await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)
    record = await house.store.roster.record(root.id, middle.id)
    assert record is not None
    assert record.progress == Progress(0, 0, "hosts")


async def test_a_record_has_the_progress_of_its_parts(house: House) -> None:
    from taskward.ports import ProgressNote

    root = await house.submit(kind=Kind.EXTERNAL)
    middle = await house.child_of(root, kind=Kind.EXTERNAL, folds=True)
    for done in (2, 3):
        leaf = await house.child_of(middle, kind=Kind.EXTERNAL, folds=True)
        await house.store.tasks.record(None, [ProgressNote(leaf.id, leaf.attempt, Progress(done, 5))], house.now)
        await house.store.tasks.finish_external(leaf.id, State.COMPLETED, None, None, house.now)
    await house.store.tasks.finish_external(middle.id, State.COMPLETED, None, None, house.now)
    record = await house.store.roster.record(root.id, middle.id)
    assert record is not None
    assert (record.progress.done, record.progress.total) == (5, 10)
    now = await house.get(root)
    assert (now.folded_done, now.folded_total) == (5, 10)


async def test_records_come_in_pages_and_by_path(house: House) -> None:
    root = await house.submit(kind=Kind.EXTERNAL)
    ids = []
    for index in range(5):
        child = await house.child_of(root, kind=Kind.EXTERNAL, folds=True)
        state = State.FAILED if index % 2 else State.COMPLETED
        await house.store.tasks.finish_external(child.id, state, None, None, house.now)
        ids.append(child.id)
    first = await house.store.roster.records([root.id], marred=False, after=0, limit=3)
    rest = await house.store.roster.records([root.id], marred=False, after=first[-1][0], limit=3)
    assert [record.id for _, _, record in (*first, *rest)] == ids
    bad = await house.store.roster.records([root.id], marred=True, after=0, limit=10)
    assert [(parent, record.id) for _, parent, record in bad] == [(root.id, ids[1]), (root.id, ids[3])]
    assert await house.store.roster.record(root.id, root.id) is None


async def test_paths_lead_up_from_what_is_unfinished_and_from_what_failed(house: House) -> None:
    root = await house.submit(kind=Kind.EXTERNAL)
    calm, broken, busy = [await house.child_of(root, kind=Kind.EXTERNAL) for _ in range(3)]
    await house.child_of(busy, kind=Kind.EXTERNAL)
    below = await house.child_of(broken, kind=Kind.EXTERNAL)
    failed = await house.child_of(below, kind=Kind.EXTERNAL, folds=True)
    await house.store.tasks.finish_external(failed.id, State.FAILED, None, None, house.now)
    for task in (below, broken, calm, busy):
        await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)
    paths = await house.store.roster.paths(root.id)
    assert paths.unfinished == {root.id, busy.id}
    assert paths.marred == {root.id, broken.id, below.id}
