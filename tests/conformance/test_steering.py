import asyncio
from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from taskward.model.errors import Conflict, Gone, IllegalTransition, NotAbortable, NotFound, VersionMismatch
from taskward.model.policy import Rules
from taskward.model.states import FINAL, State
from taskward.model.task import Kind, Task
from taskward.ports import Change, TaskQuery, Topic
from tests.house import BOOM, House, exclusive, new_task
from tests.tasks import NOON

HOUR = timedelta(hours=1)
PAUSABLE = Rules(pausable=True)

# ---------------------------------------------------------------- cancel


async def waiting_in(house: House, state: State, **members: Any) -> Task:
    blocker = await house.submit(paused=True)
    more: dict[State, dict[str, Any]] = {
        State.QUEUED: {},
        State.SCHEDULED: {"run_at": house.now + HOUR},
        State.BLOCKED: {"depends_on": (blocker.id,)},
        State.PAUSED: {"paused": True},
    }
    task = await house.submit(**members | more[state])
    assert task.state is state
    return task


@pytest.mark.parametrize("state", [State.QUEUED, State.SCHEDULED, State.BLOCKED, State.PAUSED])
async def test_a_waiting_task_is_canceled_at_once(house: House, state: State) -> None:
    task = await waiting_in(house, state)
    [canceled] = await house.store.tasks.cancel(task.id, "not needed", house.tick())
    assert canceled == await house.get(task)
    assert (canceled.state, canceled.finished_at, canceled.cancel_requested_at) == (
        State.CANCELED, house.now, house.now,
    )  # fmt: skip
    assert canceled.error is not None
    assert (canceled.error.code, canceled.error.message) == ("canceled", "not needed")
    assert canceled.expires_at is not None
    assert await house.claim(9) == []
    assert await house.store.tasks.cancel(task.id, "again", house.tick()) == [canceled]


async def test_a_running_task_is_asked_to_stop(house: House) -> None:
    task = await house.run()
    house.notifier.taken()
    [asked] = await house.store.tasks.cancel(task.id, "", house.tick())
    assert Topic.CANCEL in house.notifier.taken()
    assert (asked.state, asked.cancel_requested_at, asked.finished_at) == (State.CANCELING, house.now, None)
    pulse = await house.store.workers.heartbeat(await house.worker(), house.now)
    assert pulse.stop == ((task.id, 1),)
    assert await house.store.tasks.cancel(task.id, "", house.tick()) == [asked]
    await house.finish(task, State.CANCELED)
    assert (await house.store.workers.heartbeat(await house.worker(), house.now)).stop == ()


async def test_external_work_is_canceled_at_once(house: House) -> None:
    task = await house.submit(kind=Kind.EXTERNAL)
    [canceled] = await house.store.tasks.cancel(task.id, "", house.now)
    assert canceled == await house.get(task)
    assert canceled.state is State.CANCELED
    assert [event.data["state"] for event in await house.events(task)] == ["running", "canceling", "canceled"]
    with pytest.raises(IllegalTransition):
        await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)


async def test_a_cancel_reaches_everything_unfinished_below(house: House) -> None:
    root = await house.run()
    running = await house.run(parent_id=root.id)
    done = await house.run(parent_id=root.id)
    below_running = await house.child_of(running)
    below_done = await house.child_of(done)
    await house.finish(done)
    external = await house.child_of(root, kind=Kind.EXTERNAL)
    scheduled = await house.child_of(root, run_at=house.now + HOUR)
    sister = await house.submit()
    blocked = await house.child_of(root, depends_on=(sister.id,))
    paused = await house.child_of(below_running, paused=True)
    behind = await house.submit(depends_on=(below_done.id,))

    assert {task.id for task in await house.store.tasks.descendants(root.id)} == {
        task.id for task in (running, below_running, below_done, external, scheduled, blocked, paused)
    }
    changed = await house.store.tasks.cancel(root.id, "stop", house.now)
    assert changed[0].id == root.id
    assert {task.id: task.state for task in changed} == {
        root.id: State.CANCELING,
        running.id: State.CANCELING,
        **dict.fromkeys([task.id for task in (below_running, below_done, external, scheduled, blocked, paused)],
                        State.CANCELED),
    }  # fmt: skip
    for task in changed:
        assert task == await house.get(task)
    assert await house.states(done, sister, behind) == [State.COMPLETED, State.QUEUED, State.SKIPPED]


async def test_a_cancel_from_the_middle_leaves_the_rest(house: House) -> None:
    root = await house.run()
    middle, beside = await house.child_of(root), await house.child_of(root)
    below = await house.child_of(middle)
    changed = await house.store.tasks.cancel(middle.id, "", house.now)
    assert [task.id for task in changed] == [middle.id, below.id]
    assert await house.states(root, beside) == [State.RUNNING, State.QUEUED]


async def test_a_very_large_tree_is_canceled(house: House) -> None:
    root = await house.run()
    for _ in range(3):
        await house.submit_all(*(new_task(parent_id=root.id, resources=exclusive("r")) for _ in range(1000)))
    statements = house.store.database.statements
    changed = await house.store.tasks.cancel(root.id, "", house.now)
    assert len(changed) == 3001
    assert house.store.database.statements - statements < 60
    assert await house.tallies() == {State.CANCELING: 1, State.CANCELED: 3000}


async def test_a_folding_child_is_told_as_it_was_when_it_went(house: House) -> None:
    root = await house.run()
    child = await house.child_of(root, folds=True)
    below = await house.child_of(child, folds=True)
    changed = await house.store.tasks.cancel(child.id, "", house.now)
    assert [(task.id, task.state) for task in changed] == [(child.id, State.CANCELED), (below.id, State.CANCELED)]
    assert (await house.get(root)).folded_count == 1


async def test_what_is_not_abortable_is_not_canceled(house: House) -> None:
    task = await house.submit(abortable=False)
    with pytest.raises(NotAbortable):
        await house.store.tasks.cancel(task.id, "", house.now)
    [claimed] = await house.claim()
    with pytest.raises(NotAbortable):
        await house.store.tasks.cancel(task.id, "", house.now)
    assert await house.get(task) == claimed


@pytest.mark.parametrize("end", [State.COMPLETED, State.FAILED])
async def test_what_has_ended_otherwise_is_not_canceled(house: House, end: State) -> None:
    task = await house.run()
    await house.finish(task, end, error=BOOM)
    ended = await house.get(task)
    with pytest.raises(IllegalTransition, match=end):
        await house.store.tasks.cancel(task.id, "", house.now)
    assert await house.get(task) == ended


# ---------------------------------------------------------------- work tracked from outside


@pytest.mark.parametrize("end", [State.COMPLETED, State.FAILED, State.CANCELED])
async def test_external_work_ends_as_its_reporter_says(house: House, end: State) -> None:
    task = await house.submit(kind=Kind.EXTERNAL)
    error = BOOM if end is State.FAILED else None
    ended = await house.store.tasks.finish_external(task.id, end, b"7", error, house.tick())
    assert ended == await house.get(task)
    assert (ended.state, ended.finished_at, ended.error) == (end, house.now, error)
    assert bytes(ended.result or b"") == b"7"
    assert ended.expires_at is not None
    with pytest.raises(IllegalTransition):
        await house.store.tasks.finish_external(task.id, end, None, None, house.now)


async def test_external_work_that_folds_is_told_as_it_ended(house: House) -> None:
    root = await house.run()
    task = await house.child_of(root, kind=Kind.EXTERNAL, folds=True)
    ended = await house.store.tasks.finish_external(task.id, State.COMPLETED, b"7", None, house.now)
    assert (ended.id, ended.state) == (task.id, State.COMPLETED)
    assert (await house.events(task))[-1].data["result"] == "7"
    with pytest.raises(NotFound):
        await house.get(task)


async def test_a_reporter_ends_nothing_else(house: House) -> None:
    task = await house.run()
    with pytest.raises(Conflict):
        await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)
    external = await house.submit(kind=Kind.EXTERNAL)
    for state in set(State) - {State.COMPLETED, State.FAILED, State.CANCELED}:
        with pytest.raises(IllegalTransition):
            await house.store.tasks.finish_external(external.id, state, None, None, house.now)
    assert await house.states(task, external) == [State.RUNNING] * 2


# ---------------------------------------------------------------- pause, resume


@pytest.mark.parametrize("state", [State.QUEUED, State.SCHEDULED, State.BLOCKED])
async def test_a_waiting_task_is_held_and_let_go(house: House, state: State) -> None:
    task = await waiting_in(house, state)
    paused = await house.store.tasks.pause(task.id, house.tick())
    assert paused == await house.get(task)
    assert (paused.state, paused.queued_at) == (State.PAUSED, None)
    assert await house.store.tasks.pause(task.id, house.tick()) == paused
    assert await house.claim(9) == []
    house.notifier.taken()
    resumed = await house.store.tasks.resume(task.id, house.tick())
    assert resumed == await house.get(task)
    assert resumed.state is state
    if state is State.QUEUED:
        assert (resumed.queued_at, house.notifier.taken()) == (house.now, {Topic.EVENTS, Topic.WORK})


async def test_a_resumed_task_whose_time_came_meanwhile_is_queued(house: House) -> None:
    task = await waiting_in(house, State.SCHEDULED)
    await house.store.tasks.pause(task.id, house.now)
    assert await house.store.tasks.advance(house.tick(7200), 10) == 0
    assert (await house.store.tasks.resume(task.id, house.now)).state is State.QUEUED


async def test_a_running_task_is_asked_to_pause_if_it_can(house: House) -> None:
    task = await house.run(rules=PAUSABLE)
    house.notifier.taken()
    assert (await house.store.tasks.pause(task.id, house.now)).state is State.RUNNING
    assert Topic.CANCEL in house.notifier.taken()
    worker = await house.worker()
    assert (await house.store.workers.heartbeat(worker, house.now)).pause == ((task.id, 1),)
    assert (await house.store.workers.stops(worker)).pause == ((task.id, 1),)
    version = (await house.get(task)).version
    await house.store.tasks.pause(task.id, house.now)
    assert (await house.get(task)).version == version

    await house.store.tasks.resume(task.id, house.now)
    assert (await house.store.workers.stops(worker)).pause == ()
    assert (await house.get(task)).version > version
    with pytest.raises(IllegalTransition):
        await house.store.tasks.resume(task.id, house.now)


async def test_a_cancel_overrules_a_pause(house: House) -> None:
    task = await house.run(rules=PAUSABLE)
    await house.store.tasks.pause(task.id, house.now)
    await house.store.tasks.cancel(task.id, "", house.now)
    pulse = await house.store.workers.stops(await house.worker())
    assert (pulse.stop, pulse.pause) == (((task.id, 1),), ())


async def test_what_cannot_be_paused_or_resumed(house: House) -> None:
    running = await house.run()
    external = await house.submit(kind=Kind.EXTERNAL)
    done = await house.run()
    await house.finish(done)
    canceling = await house.run(rules=PAUSABLE)
    await house.store.tasks.cancel(canceling.id, "", house.now)
    queued = await house.submit()
    for task in (running, external, done, canceling):
        with pytest.raises(IllegalTransition):
            await house.store.tasks.pause(task.id, house.now)
    for task in (running, external, done, canceling, queued):
        with pytest.raises(IllegalTransition):
            await house.store.tasks.resume(task.id, house.now)


# ---------------------------------------------------------------- change


async def test_priority_changes_the_order(house: House) -> None:
    first, second = await house.submit(), await house.submit()
    house.notifier.taken()
    changed = await house.store.tasks.change(second.id, Change(priority=1), house.tick())
    assert changed == await house.get(second)
    assert (changed.priority, changed.version > second.version, changed.updated_at) == (1, True, house.now)
    assert house.notifier.taken() >= {Topic.WORK, Topic.EVENTS}
    assert (await house.events(second))[-1].data == {"priority": 1}
    assert [task.id for task in await house.claim(2)] == [second.id, first.id]


async def test_time_may_be_set_and_moved(house: House) -> None:
    task = await house.submit()
    later = await house.store.tasks.change(task.id, Change(run_at=house.now + HOUR), house.now)
    assert (later.state, later.run_at) == (State.SCHEDULED, house.now + HOUR)
    assert await house.store.tasks.next_due(house.now) == house.now + HOUR
    house.notifier.taken()
    sooner = await house.store.tasks.change(task.id, Change(run_at=house.now + HOUR / 2), house.now)
    assert Topic.TIMERS in house.notifier.taken()
    assert sooner.state is State.SCHEDULED
    assert await house.store.tasks.next_due(house.now) == house.now + HOUR / 2
    now = await house.store.tasks.change(task.id, Change(run_at=house.now), house.now)
    assert now.state is State.QUEUED


async def test_a_change_that_moves_nothing_keeps_the_place_in_line(house: House) -> None:
    first = await house.submit(resources=exclusive("r"))
    second = await house.submit(resources=exclusive("r"))
    third = await house.submit(resources=exclusive("r"))
    await house.store.tasks.change(second.id, Change(run_at=house.now - HOUR, priority=9), house.now)
    await house.store.tasks.change(first.id, Change(run_at=house.now), house.now)
    assert await house.states(first, second, third) == [State.QUEUED, State.BLOCKED, State.BLOCKED]
    await house.store.tasks.cancel(first.id, "", house.now)
    assert await house.states(second, third) == [State.QUEUED, State.BLOCKED]
    await house.store.tasks.change(second.id, Change(run_at=house.now + HOUR), house.now)
    assert await house.states(second, third) == [State.SCHEDULED, State.QUEUED]


async def test_a_gate_may_be_set_and_cleared(house: House) -> None:
    task = await house.submit()
    gated = await house.store.tasks.change(task.id, Change(gate="http://gate"), house.now)
    assert (gated.state, gated.gate) == (State.SCHEDULED, "http://gate")
    cleared = await house.store.tasks.change(task.id, Change(clear_gate=True), house.now)
    assert (cleared.state, cleared.gate) == (State.QUEUED, None)


async def test_a_paused_task_stays_paused_whatever_changes(house: House) -> None:
    task = await house.submit(paused=True)
    changed = await house.store.tasks.change(task.id, Change(run_at=house.now + HOUR, gate="http://g"), house.now)
    assert (changed.state, changed.gate) == (State.PAUSED, "http://g")
    cleared = await house.store.tasks.change(task.id, Change(clear_gate=True, priority=2), house.now)
    assert (cleared.state, cleared.gate, cleared.priority) == (State.PAUSED, None, 2)
    assert (await house.store.tasks.resume(task.id, house.now)).state is State.SCHEDULED


async def test_labels_are_replaced(house: House) -> None:
    task = await house.submit(labels={"a": "1", "b": "2"})
    changed = await house.store.tasks.change(task.id, Change(labels={"b": "3", "c": ""}), house.now)
    assert changed.labels == {"b": "3", "c": ""}

    async def labeled(name: str, value: str) -> int:
        return len((await house.store.tasks.page(TaskQuery(labels=((name, value),)))).tasks)

    assert [await labeled(*pair) for pair in (("a", "1"), ("b", "2"), ("b", "3"), ("c", ""))] == [0, 0, 1, 1]


async def test_labels_and_persistence_change_at_any_time(house: House) -> None:
    task = await house.complete()
    assert task.expires_at is not None
    kept = await house.store.tasks.change(task.id, Change(persist=True, labels={"a": "b"}), house.now)
    assert (kept.persist, kept.expires_at, kept.labels) == (True, None, {"a": "b"})
    house.notifier.taken()
    let_go = await house.store.tasks.change(task.id, Change(persist=False), house.now)
    assert (let_go.persist, let_go.expires_at) == (False, task.expires_at)
    assert Topic.TIMERS in house.notifier.taken()


@pytest.mark.parametrize(
    "change", [Change(priority=1), Change(run_at=NOON), Change(gate="http://g"),
               Change(clear_gate=True)]
)  # fmt: skip
async def test_what_runs_or_has_ended_is_not_steered(house: House, change: Change) -> None:
    running = await house.run()
    external = await house.submit(kind=Kind.EXTERNAL)
    for task in (running, external):
        with pytest.raises(Conflict):
            await house.store.tasks.change(task.id, change, house.now)
    await house.finish(running)
    with pytest.raises(Conflict):
        await house.store.tasks.change(running.id, change, house.now)


async def test_a_change_based_on_an_older_sight_is_refused(house: House) -> None:
    task = await house.submit()
    changed = await house.store.tasks.change(task.id, Change(priority=1, if_version=task.version), house.now)
    with pytest.raises(VersionMismatch):
        await house.store.tasks.change(task.id, Change(priority=2, if_version=task.version), house.now)
    assert await house.get(task) == changed


async def test_the_journal_tells_what_changed(house: House) -> None:
    task = await house.submit()
    await house.store.tasks.change(task.id, Change(persist=True, labels={"a": "b"}), house.now)
    assert (await house.events(task))[-1].data == {"persist": True, "labels": {"a": "b"}}
    await house.store.tasks.change(task.id, Change(gate="http://g"), house.now)
    assert [event.data for event in await house.events(task)][-2] == {"gate": "http://g"}
    await house.store.tasks.change(task.id, Change(clear_gate=True), house.now)
    assert [event.data for event in await house.events(task)][-2] == {"gate": None}


# ---------------------------------------------------------------- time and gates


async def test_time_places_what_is_due(house: House) -> None:
    due = [await house.submit(run_at=house.now + timedelta(minutes=n)) for n in (1, 2, 3)]
    gated = await house.submit(run_at=house.now + timedelta(minutes=1), gate="http://g")
    assert await house.store.tasks.advance(house.now, 10) == 0
    assert await house.store.tasks.next_due(house.now) == due[0].run_at
    house.tick(180)
    assert await house.store.tasks.advance(house.now, 2) == 2
    assert await house.states(*due, gated) == [State.QUEUED] * 2 + [State.SCHEDULED] * 2
    assert await house.store.tasks.advance(house.now, 2) == 1
    assert (await house.get(due[2])).queued_at == house.now
    assert await house.store.tasks.next_due(house.now) is None


async def test_two_processes_place_what_is_due_once(house: House, other_house: House) -> None:
    await house.submit_all(*(new_task(run_at=house.now + HOUR, resources=exclusive("r")) for _ in range(30)))
    house.tick(3600)
    counts = await asyncio.gather(
        *(one.store.tasks.advance(house.now, 10) for one in (house, other_house) for _ in range(4))
    )
    assert sum(counts) == 30
    assert await house.tallies() == {State.QUEUED: 1, State.BLOCKED: 29}


async def test_gates_are_asked_by_turns(house: House) -> None:
    tasks = [await house.submit(gate="http://g") for _ in range(3)]
    await house.submit(gate="http://g", run_at=house.now + HOUR)
    await house.submit(gate="http://g", paused=True)
    gated = house.store.tasks.gated
    first = await gated(house.now, timedelta(0), 2)
    second = await gated(house.now, HOUR, 2)
    assert {task.id for task in (*first, *second)} == {task.id for task in tasks}
    assert await gated(house.tick(), HOUR, 9) == []
    again = await gated(house.tick(), timedelta(seconds=1), 9)
    assert {task.id for task in again} == {task.id for task in tasks}


async def test_each_gate_is_asked_by_one_of_two_processes(house: House, other_house: House) -> None:
    await house.submit_all(*(new_task(gate="http://g") for _ in range(20)))
    asked = await asyncio.gather(
        *(one.store.tasks.gated(house.now, HOUR, 5) for one in (house, other_house) for _ in range(4))
    )
    ids = [task.id for tasks in asked for task in tasks]
    assert len(ids) == len(set(ids)) == 20


async def test_a_changed_gate_is_asked_at_once(house: House) -> None:
    task = await house.submit(gate="http://g")
    await house.store.tasks.gated(house.now, timedelta(0), 9)
    await house.store.tasks.change(task.id, Change(gate="http://other"), house.now)
    [gated] = await house.store.tasks.gated(house.now, HOUR, 9)
    assert gated.gate == "http://other"


async def test_an_open_gate_lets_a_task_go(house: House) -> None:
    task = await house.submit(gate="http://g", resources=exclusive("r"))
    opened = await house.store.tasks.open_gate(task.id, house.tick())
    assert opened == await house.get(task)
    assert (opened.state, opened.gate, opened.queued_at) == (State.QUEUED, None, house.now)
    assert await house.store.tasks.open_gate(task.id, house.now) == opened
    late = await house.submit(gate="http://g", run_at=house.now + HOUR)
    assert (await house.store.tasks.open_gate(late.id, house.now)).state is State.SCHEDULED
    held = await house.submit(gate="http://g", paused=True)
    opened = await house.store.tasks.open_gate(held.id, house.now)
    assert (opened.state, opened.gate) == (State.PAUSED, None)
    assert (await house.store.tasks.resume(held.id, house.now)).state is State.QUEUED


# ---------------------------------------------------------------- unknown and gone


@pytest.mark.parametrize("known", [False, True])
async def test_nothing_is_done_to_what_is_not_there(house: House, *, known: bool) -> None:
    task_id = uuid7()
    if known:
        task = await house.complete()
        await house.store.tasks.delete(task.id, house.now)
        task_id = task.id
    tasks = house.store.tasks
    for call in (
        lambda: tasks.cancel(task_id, "", house.now),
        lambda: tasks.finish_external(task_id, State.COMPLETED, None, None, house.now),
        lambda: tasks.pause(task_id, house.now),
        lambda: tasks.resume(task_id, house.now),
        lambda: tasks.change(task_id, Change(priority=1), house.now),
        lambda: tasks.open_gate(task_id, house.now),
        lambda: tasks.delete(task_id, house.now),
        lambda: tasks.get(task_id),
        lambda: tasks.asked(task_id),
        lambda: tasks.tree(task_id, 1, 1),
        lambda: tasks.obstacles(task_id, house.now),
    ):
        with pytest.raises(Gone if known else NotFound) as refusal:
            await call()
        assert type(refusal.value) is (Gone if known else NotFound)
    assert await tasks.get_many([task_id]) == {}
    with pytest.raises(NotFound):
        await tasks.by_number(10**9)


async def test_no_final_task_ever_changes_its_state(house: House) -> None:
    for end in sorted(FINAL - {State.SKIPPED}):
        task = await house.run()
        await house.finish(task, end, error=BOOM)
        ended = await house.get(task)
        with pytest.raises(Conflict):
            await house.store.tasks.pause(task.id, house.now)
        with pytest.raises(Conflict):
            await house.store.tasks.resume(task.id, house.now)
        with pytest.raises(Conflict):
            await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)
        await house.store.tasks.open_gate(task.id, house.now)
        assert await house.get(task) == ended
