"""Folding is `taskward.model.tree`: what the store keeps is compared with what those functions say."""

import asyncio
from collections import Counter

import pytest
from uuid_utils.compat import uuid7

from taskward.model.errors import NotFound
from taskward.model.policy import Retry, Rules
from taskward.model.states import State
from taskward.model.task import Kind, LogLine, Progress, Task
from taskward.model.tree import Folded, absorb
from taskward.ports import Finish, LogNote, Note, StepClosed, StepOpened, Tree
from tests.house import BOOM, House

FAILED, DONE = State.FAILED, State.COMPLETED


async def tree(house: House, root: Task) -> Tree:
    return await house.store.tasks.tree(root.id, 20, 1000)


async def records(house: House, parent: Task) -> list[Folded]:
    """The records right below a live task, in their order."""
    walk = await house.store.tasks.tree(parent.id, 1, 1000)
    return [node.folded for node in walk.nodes if node.folded is not None]


async def child(house: House, parent: Task, state: State = DONE, **members: object) -> Task:
    """A folding child that has run and ended; claimed while nothing else is queued."""
    task = await house.run(**{"parent_id": parent.id, "folds": True} | members)
    await house.finish(task, state, error=None if state is DONE else BOOM)
    return task


# ---------------------------------------------------------------- one level


async def test_a_finished_child_becomes_a_record(house: House) -> None:
    root = await house.run()
    task = await house.run(
        parent_id=root.id, folds=True, name="n", type="t", scope="s", labels={"a": "b"}, abortable=False, internal=True
    )
    house.tick()
    await house.finish(task, FAILED, error=BOOM, progress=Progress(2, 5, "files", "m"))

    [record] = await records(house, root)
    assert record == Folded(
        id=task.id,
        parent_id=root.id,
        kind=Kind.TASK,
        operation="m.op",
        name="n",
        type="t",
        scope="s",
        labels={"a": "b"},
        state=FAILED,
        abortable=False,
        internal=True,
        number=task.number,
        attempt=1,
        created_at=task.created_at,
        started_at=task.started_at,
        finished_at=house.now,
        error=BOOM,
        progress=Progress(2, 5, "files", "m"),
        shard=task.shard,
    )
    with pytest.raises(NotFound):
        await house.get(task)
    with pytest.raises(NotFound):
        await house.store.tasks.by_number(task.number)
    assert await house.store.tasks.children(root.id) == []
    parent = await house.get(root)
    assert (parent.folded_count, parent.folded_done, parent.folded_total) == (1, 2, 5)
    assert parent.version > root.version
    assert await house.tallies() == {State.RUNNING: 1}


async def test_records_add_up_in_the_order_of_their_ends(house: House) -> None:
    root = await house.run()
    tasks = [await house.submit(parent_id=root.id, folds=True) for _ in range(3)]
    await house.claim(3)
    for n in (2, 0, 1):
        await house.finish(await house.get(tasks[n]), progress=Progress(n, 10))
    assert [record.id for record in await records(house, root)] == [tasks[n].id for n in (2, 0, 1)]
    parent = await house.get(root)
    assert (parent.folded_count, parent.folded_done, parent.folded_total) == (3, 3, 30)


async def test_a_child_that_does_not_fold_stays_addressable(house: House) -> None:
    root = await house.run()
    task = await child(house, root, folds=False)
    await house.finish(root)
    assert await house.state(task) is DONE
    assert [node.task.id for node in (await tree(house, root)).nodes if node.task] == [root.id, task.id]


async def test_a_root_never_folds(house: House) -> None:
    root = await house.complete(folds=True)
    assert root.state is DONE


async def test_waiting_children_fold_when_they_end_without_having_run(house: House) -> None:
    root = await house.run()
    blocker = await house.submit(paused=True)
    canceled = await house.child_of(root, folds=True, paused=True)
    await house.child_of(root, folds=True, depends_on=(blocker.id,))
    await house.store.tasks.cancel(canceled.id, "", house.now)
    await house.store.tasks.cancel(blocker.id, "", house.now)
    assert [record.state for record in await records(house, root)] == [State.CANCELED, State.SKIPPED]
    assert all(record.started_at is None for record in await records(house, root))


# ---------------------------------------------------------------- several levels


async def test_only_failed_paths_stay_below_a_record(house: House) -> None:
    root = await house.run()
    middle = await house.run(parent_id=root.id, folds=True)
    good = [await child(house, middle) for _ in range(3)]
    bad = await child(house, middle, FAILED)
    deep = await house.run(parent_id=middle.id, folds=True)
    deeper = await child(house, deep, State.CANCELED)
    await child(house, deep)
    await house.finish(deep)

    live = await house.get(middle)
    assert (live.folded_count, live.dropped) == (5, {"completed": 1})
    kept, dropped = absorb(await records(house, middle))
    await house.finish(middle)
    [record] = await records(house, root)
    assert (record.children, record.dropped) == (kept, dropped)
    assert [one.id for one in record.children] == [bad.id, deep.id]
    assert [one.id for one in record.children[1].children] == [deeper.id]
    assert record.dropped == {"completed": len(good) + 1}
    assert (await house.get(root)).dropped == record.dropped
    walk = await tree(house, root)
    assert [(node.depth, (node.task or node.folded).id) for node in walk.nodes] == [  # type: ignore[union-attr]
        (0, root.id), (1, middle.id), (2, bad.id), (2, deep.id), (3, deeper.id),
    ]  # fmt: skip


async def test_a_finished_parent_waits_for_its_last_child(house: House) -> None:
    root = await house.run()
    middle = await house.run(parent_id=root.id, folds=True)
    first, second = [await house.run(parent_id=middle.id, folds=True) for _ in range(2)]
    await house.finish(middle)
    assert await house.state(middle) is DONE
    await house.finish(first)
    assert await records(house, root) == []
    await house.finish(second, FAILED, error=BOOM)
    [record] = await records(house, root)
    assert (record.id, record.dropped) == (middle.id, {"completed": 1})
    assert [one.id for one in record.children] == [second.id]
    with pytest.raises(NotFound):
        await house.get(middle)


async def test_the_last_end_folds_a_whole_branch(house: House) -> None:
    root = await house.run()
    branch = [root]
    for _ in range(5):
        branch.append(await house.run(parent_id=branch[-1].id, folds=True))
    for task in branch[1:-1]:
        await house.finish(task)
    assert (await house.get(root)).folded_count == 0
    await house.finish(branch[-1], FAILED, error=BOOM)
    assert [(node.folded or node.task).id for node in (await tree(house, root)).nodes] == [task.id for task in branch]  # type: ignore[union-attr]


async def test_a_child_that_does_not_fold_goes_with_its_parent(house: House) -> None:
    """With all below it: records and live tasks alike."""
    root = await house.run()
    middle = await house.run(parent_id=root.id, folds=True)
    stays = await house.run(parent_id=middle.id)
    below = await house.run(parent_id=stays.id)
    failed = await child(house, stays, FAILED)
    gone = await child(house, stays)
    lowest = await child(house, below, FAILED, folds=False)
    for task in (below, stays):
        await house.finish(task)
    assert await house.state(stays) is DONE
    await house.finish(middle)

    walk = await tree(house, root)
    shown = {(node.folded or node.task).id: node.depth for node in walk.nodes}  # type: ignore[union-attr]
    assert shown == {root.id: 0, middle.id: 1, stays.id: 2, failed.id: 3, below.id: 3, lowest.id: 4}
    assert gone.id not in shown
    assert (await house.get(root)).dropped == {"completed": 1}
    assert await house.tallies() == {State.RUNNING: 1}


async def test_children_in_the_same_round_as_their_parent(house: House) -> None:
    root = await house.run()
    middle = await house.run(parent_id=root.id, folds=True)
    leaves = [await house.run(parent_id=middle.id, folds=True) for _ in range(3)]
    finishes = [Finish(task_id=task.id, attempt=1, state=DONE) for task in (leaves[0], middle, root, *leaves[1:])]
    assert not (await house.store.tasks.exchange(await house.worker(), finishes, None, house.now)).lost
    [record] = await records(house, root)
    assert (record.id, record.children, record.dropped) == (middle.id, (), {"completed": 3})


# ---------------------------------------------------------------- spawn keys and retries


async def test_a_child_with_a_key_folds_when_nobody_can_ask_for_it_any_more(house: House) -> None:
    root = await house.run(rules=Rules(retry=Retry(limit=1)))
    kept = await child(house, root, key="k")
    await child(house, root)
    assert await house.state(kept) is DONE
    assert (await house.get(root)).folded_count == 1

    await house.finish(root, State.SCHEDULED, run_at=house.now, error=BOOM)
    [again] = await house.claim()
    assert (again.id, again.folded_count) == (root.id, 0)
    found = await house.child_of(root, key="k", folds=True)
    assert (found.id, found.state) == (kept.id, DONE)
    await house.finish(again)
    with pytest.raises(NotFound):
        await house.get(kept)
    assert [record.id for record in await records(house, root)] == [kept.id]


async def test_children_with_a_key_fold_inside_a_folding_parent(house: House) -> None:
    root = await house.run()
    middle = await house.run(parent_id=root.id, folds=True)
    await child(house, middle, key="good")
    bad = await child(house, middle, FAILED, key="bad")
    await house.finish(middle)
    [record] = await records(house, root)
    assert [one.id for one in record.children] == [bad.id]
    assert record.dropped == {"completed": 1}


async def test_an_ended_parent_still_waits_for_a_child_with_a_key(house: House) -> None:
    root = await house.run()
    slow = await house.run(parent_id=root.id, folds=True, key="k")
    await house.finish(root)
    await house.finish(slow)
    with pytest.raises(NotFound):
        await house.get(slow)


async def test_a_new_attempt_begins_with_nothing_below(house: House) -> None:
    root = await house.run()
    task = await house.run(parent_id=root.id, folds=True)
    await child(house, task, FAILED)
    await house.finish(task, State.QUEUED)
    assert len(await records(house, task)) == 1
    [again] = await house.claim()
    assert (again.folded_count, again.folded_done, again.folded_total, again.dropped) == (0, 0, 0, {})
    assert again == await house.get(task)
    assert await records(house, task) == []


# ---------------------------------------------------------------- steps


def step(task: Task, house: House, state: State = State.RUNNING, **members: object) -> Folded:
    final = state is not State.RUNNING
    defaults: dict[str, object] = {
        "id": uuid7(), "parent_id": task.id, "kind": Kind.STEP, "operation": task.operation, "name": "step",
        "state": state, "created_at": house.now, "started_at": house.now, "finished_at": house.now if final else None,
    }  # fmt: skip
    return Folded(**defaults | members)  # type: ignore[arg-type]


async def record(house: House, task: Task, *notes: Folded) -> None:
    told: list[Note] = [
        (StepOpened if note.state is State.RUNNING else StepClosed)(task.id, task.attempt, note) for note in notes
    ]
    assert await house.store.tasks.record(await house.worker(), told, house.now) == frozenset()


async def test_an_open_step_is_addressable(house: House) -> None:
    task = await house.run(client="c", labels={"a": "b"})
    opened = step(task, house, name="part", type="t", scope="s", labels={"l": "v"}, progress=Progress(1, 2, "u", "m"))
    inner = step(task, house, parent_id=opened.id)
    await record(house, task, opened, inner)

    seen = await house.get(opened.id)
    assert (seen.kind, seen.name, seen.type, seen.scope, seen.labels) == (Kind.STEP, "part", "t", "s", {"l": "v"})
    assert (seen.state, seen.parent_id, seen.root_id, seen.client) == (State.RUNNING, task.id, task.id, "c")
    assert (seen.progress, seen.started_at, seen.worker) == (Progress(1, 2, "u", "m"), house.now, None)
    assert (await house.get(inner.id)).parent_id == opened.id
    assert [one.id for one in await house.store.tasks.children(task.id)] == [opened.id]
    assert await house.store.tasks.descendants(task.id) == []
    assert await house.tallies() == {State.RUNNING: 1}
    assert (await house.store.workers.workers())[0].running == 1
    assert await house.claim(9) == []


async def test_a_closed_step_is_a_record(house: House) -> None:
    task = await house.run()
    opened = step(task, house)
    await record(house, task, opened)
    failed = step(task, house, FAILED, error=BOOM)
    closed = step(
        task, house, DONE, id=opened.id, children=(failed,), dropped={"completed": 7}, progress=Progress(3, 4)
    )
    short = step(task, house, DONE)
    await record(house, task, closed, short)

    assert await records(house, task) == [closed, short]
    with pytest.raises(NotFound):
        await house.get(opened.id)
    live = await house.get(task)
    assert (live.folded_count, live.folded_done, live.folded_total, live.dropped) == (2, 3, 4, {"completed": 7})


async def test_a_step_inside_one_that_closes_too_is_part_of_its_record(house: House) -> None:
    task = await house.run()
    outer = step(task, house)
    inner = step(task, house, parent_id=outer.id)
    await record(house, task, outer, inner)
    inner_end = step(task, house, FAILED, id=inner.id, parent_id=outer.id, error=BOOM)
    outer_end = step(task, house, DONE, id=outer.id, children=(inner_end,))
    await record(house, task, inner_end, outer_end)
    assert await records(house, task) == [outer_end]
    assert await house.store.tasks.children(task.id) == []
    assert (await house.get(task)).folded_count == 1


async def test_a_step_inside_an_open_one_folds_into_it(house: House) -> None:
    task = await house.run()
    outer = step(task, house)
    await record(house, task, outer)
    inner = step(task, house, DONE, parent_id=outer.id, progress=Progress(1, 1))
    await record(house, task, inner)
    seen = await house.get(outer.id)
    assert (seen.folded_count, seen.folded_done) == (1, 1)
    assert await records(house, seen) == [inner]
    await record(house, task, step(task, house, DONE, id=outer.id))
    assert len((await tree(house, task)).nodes) == 2


async def test_a_step_opened_and_closed_in_one_breath_is_never_a_row(house: House) -> None:
    task = await house.run()
    opened = step(task, house)
    await record(house, task, opened, step(task, house, DONE, id=opened.id))
    assert await house.store.tasks.children(task.id) == []
    assert len(await records(house, task)) == 1


async def test_many_steps_make_one_event(house: House) -> None:
    task = await house.run()
    for _ in range(3):
        await record(house, task, *(step(task, house, DONE) for _ in range(50)))
    assert [event.kind for event in await house.events(task)] == ["created", "state", "tree"]
    assert (await house.get(task)).folded_count == 150


@pytest.mark.parametrize(
    ("end", "of_steps"), [(DONE, DONE), (FAILED, FAILED), (State.CANCELED, State.CANCELED), (State.QUEUED, FAILED)]
)
async def test_steps_left_open_end_with_the_attempt(house: House, end: State, of_steps: State) -> None:
    task = await house.run()
    outer = step(task, house)
    inner = step(task, house, parent_id=outer.id)
    await record(house, task, outer, inner)
    await house.finish(task, end, error=BOOM if end is FAILED else None)

    assert await house.store.tasks.children(task.id) == []
    [kept] = await records(house, task)
    assert (kept.id, kept.state, kept.finished_at) == (outer.id, of_steps, house.now)
    assert [one.id for one in kept.children] == ([] if of_steps is DONE else [inner.id])
    assert kept.dropped == ({"completed": 1} if of_steps is DONE else {})


async def test_steps_of_a_lost_attempt_end_with_it(house: House) -> None:
    root = await house.run()
    task = await house.run(parent_id=root.id, folds=True, rules=Rules(retry=Retry(lost_limit=0)))
    await record(house, task, step(task, house))
    await record(house, root, step(root, house))
    [ended, back] = sorted(await house.store.workers.reap(house.tick(60), house.now, 9), key=lambda one: one.state)
    assert (ended.id, ended.state, back.id, back.state) == (task.id, FAILED, root.id, State.QUEUED)
    assert await house.store.tasks.children(root.id) == []
    states = Counter((one.kind, one.state, bool(one.error)) for one in await records(house, root))
    assert states == {(Kind.STEP, FAILED, True): 1, (Kind.TASK, FAILED, True): 1}


async def test_steps_of_external_work_end_with_it(house: House) -> None:
    task = await house.submit(kind=Kind.EXTERNAL)
    opened = step(task, house)
    await house.store.tasks.record(None, [StepOpened(task.id, 1, opened)], house.now)
    await house.store.tasks.cancel(task.id, "", house.now)
    [kept] = await records(house, task)
    assert (kept.id, kept.state) == (opened.id, State.CANCELED)


# ---------------------------------------------------------------- what stays readable


async def test_the_journal_and_the_log_of_a_folded_task_stay_with_its_root(house: House) -> None:
    root = await house.run()
    task = await house.run(parent_id=root.id, folds=True)
    await house.finish(task, result=b'{"n":1}')
    late = LogNote(task_id=task.id, at=house.now, severity=1, source="task", message="late")
    await house.store.tasks.record(await house.worker(), [late], house.now)

    assert [event.data.get("state") for event in await house.events(task)] == ["queued", "running", "completed"]
    assert (await house.events(task))[-1].data["result"] == '{"n":1}'
    lines: list[LogLine] = await house.store.journal.logs(task.id)
    assert [line.message for line in lines] == ["late"]
    await house.finish(root)
    await house.store.tasks.delete(root.id, house.now)
    assert await house.store.journal.logs(task.id) == []
    assert await house.events(task) == []


async def test_siblings_that_end_at_once_fold_their_parent(house: House, other_house: House) -> None:
    root = await house.run()
    for _ in range(5):
        middle = await house.run(parent_id=root.id, folds=True)
        leaves = [await house.run(parent_id=middle.id, folds=True) for _ in range(4)]
        worker = await house.worker()

        async def end(one: House, task: Task, worker: object = worker) -> None:
            finish = Finish(task_id=task.id, attempt=1, state=DONE)
            assert not (await one.store.tasks.exchange(worker, [finish], None, house.now)).lost  # type: ignore[arg-type]

        houses = (house, other_house)
        await asyncio.gather(*(end(houses[n % 2], task) for n, task in enumerate((middle, *leaves))))
        with pytest.raises(NotFound):
            await house.get(middle)
    assert (await house.get(root)).folded_count == 5
    assert (await house.get(root)).dropped == {"completed": 20}


async def test_what_runs_deep_below_keeps_a_branch_from_folding(house: House) -> None:
    root = await house.submit(kind=Kind.EXTERNAL)
    top = await house.child_of(root, kind=Kind.EXTERNAL, folds=True)
    early = await house.child_of(top, kind=Kind.EXTERNAL, folds=True)
    sibling = await house.child_of(top, kind=Kind.EXTERNAL, folds=True)
    running = await house.child_of(early, kind=Kind.EXTERNAL, folds=True)
    for task in (early, top, sibling):
        await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)
    assert await house.state(running) == State.RUNNING
    await house.store.tasks.finish_external(running.id, State.FAILED, None, None, house.now)
    assert (await house.get(root)).folded_count == 1
    [record] = (await house.store.tasks.tree(root.id, 9, 99)).nodes[1:2]
    assert record.folded is not None
    assert [child.id for child in record.folded.children] == [early.id]
