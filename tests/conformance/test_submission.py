import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from uuid_utils.compat import uuid4, uuid7

from taskward.model.errors import Conflict, Gone, Invalid, KeyReused, NotFound
from taskward.model.policy import Retry, Rules
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Kind, Progress
from taskward.model.tree import Folded
from taskward.ports import IdempotencyKey, StepOpened, Submission, Topic
from tests.house import BOOM, House, exclusive, new_task, shared

MINUTE = timedelta(minutes=1)

# ---------------------------------------------------------------- what is stored


async def test_what_is_answered_is_what_is_stored(house: House) -> None:
    answered = await house.submit(
        name="a name",
        type="t",
        scope="s",
        labels={"a": "1", "b": ""},
        client="tenant",
        created_by="me",
        correlation_id="c1",
        priority=2,
        queue="q",
        resources=(*exclusive("r1"), *shared("r2")),
        abortable=False,
        internal=True,
        persist=True,
        folds=True,
        args=b'{"x":[1,"\\u0000"]}',
        rules=Rules(retry=Retry(limit=2), timeout=MINUTE, ttl=MINUTE, pausable=True),
        rerun_of=uuid4(),
    )

    assert await house.get(answered) == answered
    assert await house.store.tasks.by_number(answered.number) == answered
    assert msgspec.json.decode(answered.args) == {"x": [1, "\0"]}
    assert answered.is_root
    assert (answered.attempt, answered.failures, answered.losses, answered.worker) == (0, 0, 0, None)
    assert answered.created_at == answered.updated_at == answered.queued_at == house.now


async def test_readers_see_masked_arguments_and_workers_the_real_ones(house: House) -> None:
    task = await house.submit(args=b'{"token":"secret"}', args_shown=b'{"token":"****"}')
    [claimed] = await house.claim()

    assert bytes(task.args) == bytes((await house.get(task)).args) == b'{"token":"****"}'
    assert bytes(claimed.args) == (await house.store.tasks.asked(task.id)).args == b'{"token":"secret"}'
    with pytest.raises(NotFound):
        await house.store.tasks.asked(uuid7())


async def test_numbers_follow_the_order_of_submission(house: House) -> None:
    together = (await house.submit_all(*(new_task() for _ in range(20)))).tasks
    later = await house.submit()

    numbers = [task.number for task in (*together, later)]
    assert numbers == sorted(set(numbers))


async def test_nothing_to_submit(house: House) -> None:
    assert (await house.submit_all()).tasks == ()


async def test_the_same_id_twice_is_refused_alone(house: House) -> None:
    taken = await house.submit()
    refused, accepted, both = await asyncio.gather(
        house.submit(id=taken.id),
        house.submit(name="innocent"),
        house.submit_all(first := new_task(), first),
        return_exceptions=True,
    )

    assert isinstance(refused, Conflict)
    assert str(taken.id) in str(refused)
    assert isinstance(both, Conflict)
    assert await house.get(accepted) == accepted  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        await house.get(first.id)
    assert await house.tallies() == {State.QUEUED: 2}


# ---------------------------------------------------------------- initial states


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({}, State.QUEUED),
        ({"run_at": timedelta(0)}, State.QUEUED),
        ({"run_at": -MINUTE}, State.QUEUED),
        ({"run_at": MINUTE}, State.SCHEDULED),
        ({"gate": "http://gate"}, State.SCHEDULED),
        ({"gate": "http://gate", "run_at": -MINUTE}, State.SCHEDULED),
        ({"paused": True}, State.PAUSED),
        ({"paused": True, "run_at": MINUTE}, State.PAUSED),
        ({"resources": exclusive("free")}, State.QUEUED),
        ({"resources": exclusive("taken")}, State.BLOCKED),
        ({"resources": exclusive("free", "taken")}, State.BLOCKED),
        ({"resources": exclusive("taken"), "paused": True}, State.PAUSED),
        ({"resources": exclusive("taken"), "run_at": MINUTE}, State.SCHEDULED),
        ({"kind": Kind.EXTERNAL}, State.RUNNING),
    ],
)
async def test_each_task_is_placed_at_once(house: House, members: dict[str, Any], state: State) -> None:
    holder = await house.submit(resources=exclusive("taken"))
    if "run_at" in members:
        members = members | {"run_at": house.now + members["run_at"]}
    task = await house.submit(**members)

    assert task.state is state
    assert await house.get(task) == task
    assert await house.state(holder) is State.QUEUED
    [created] = await house.events(task)
    assert (created.kind, created.data["state"], created.data["from"]) == ("created", state, None)
    expected = {State.QUEUED: 1}
    expected[state] = expected.get(state, 0) + 1
    assert await house.tallies() == expected


async def test_external_work_runs_from_the_start(house: House) -> None:
    task = await house.submit(kind=Kind.EXTERNAL)
    assert (task.attempt, task.worker, task.started_at) == (1, None, house.now)
    assert await house.claim() == []


async def test_wakes_whom_it_concerns(house: House) -> None:
    house.notifier.taken()
    await house.submit()
    assert house.notifier.taken() == {Topic.WORK, Topic.EVENTS}
    await house.submit(run_at=house.now + MINUTE)
    assert house.notifier.taken() == {Topic.TIMERS, Topic.EVENTS}
    await house.submit(paused=True)
    assert house.notifier.taken() == {Topic.EVENTS}


async def test_a_resource_named_twice_is_locked_once_and_exclusively(house: House) -> None:
    task = await house.submit(resources=(*shared("r"), *exclusive("r"), *shared("r")))
    behind = await house.submit(resources=shared("r"))

    assert task.state is State.QUEUED
    assert behind.state is State.BLOCKED
    [claimed] = await house.claim(5)
    await house.finish(claimed)
    assert await house.state(behind) is State.QUEUED


# ---------------------------------------------------------------- all or nothing


async def test_one_bad_task_refuses_the_whole_submission(house: House) -> None:
    good = new_task(resources=exclusive("r"), labels={"a": "b"})
    with pytest.raises(NotFound):
        await house.submit_all(good, new_task(depends_on=(uuid7(),)))

    with pytest.raises(NotFound):
        await house.get(good.id)
    assert await house.tallies() == {}
    assert await house.events() == []
    assert (await house.submit(resources=exclusive("r"))).state is State.QUEUED


async def test_a_refused_submission_does_not_use_up_its_key(house: House) -> None:
    key = IdempotencyKey("c", "k", "f")
    with pytest.raises(NotFound):
        await house.submit_all(new_task(parent_id=uuid7()), idempotency=key)
    accepted = await house.submit_all(new_task(), idempotency=key)
    assert not accepted.replayed


async def test_submissions_made_together_are_refused_apart(house: House) -> None:
    answers = await asyncio.gather(
        *(house.submit(**({"depends_on": (uuid7(),)} if n % 3 == 0 else {})) for n in range(30)),
        return_exceptions=True,
    )
    assert [isinstance(answer, NotFound) for answer in answers] == [n % 3 == 0 for n in range(30)]
    assert await house.tallies() == {State.QUEUED: 20}


async def test_a_canceled_submitter_takes_no_other_down(house: House) -> None:
    submits = [asyncio.ensure_future(house.submit()) for _ in range(10)]
    await asyncio.sleep(0)
    submits[0].cancel()
    answers = await asyncio.gather(*submits, return_exceptions=True)
    assert [isinstance(answer, BaseException) for answer in answers] == [True] + [False] * 9


async def test_each_submitter_keeps_its_own_instant(house: House) -> None:
    due = house.now + MINUTE
    first = house.store.tasks.submit(Submission((new_task(run_at=due),)), house.now)
    second = house.store.tasks.submit(Submission((new_task(run_at=due),)), due)
    early, late = await asyncio.gather(first, second)
    assert (early.tasks[0].state, late.tasks[0].state) == (State.SCHEDULED, State.QUEUED)
    assert late.tasks[0].created_at == due


async def test_an_unknown_pool_is_refused_by_name(house: House) -> None:
    with pytest.raises(Invalid, match=r"/pool: .*nope"):
        await house.submit(pool="nope")
    await house.store.workers.set_pool(Pool("nope", 1), house.now)
    assert (await house.submit(pool="nope")).pool == "nope"


# ---------------------------------------------------------------- idempotency


KEY = IdempotencyKey("client", "key", "fingerprint")


async def test_the_same_request_again_gives_the_same_tasks(house: House) -> None:
    first = await house.submit_all(new_task(), new_task(), idempotency=KEY)
    [running] = await house.claim()
    again = await house.submit_all(new_task(), new_task(), idempotency=KEY)

    assert not first.replayed
    assert again.replayed
    assert [task.id for task in again.tasks] == [task.id for task in first.tasks]
    assert again.tasks[0] == await house.get(running)
    assert await house.tallies() == {State.QUEUED: 1, State.RUNNING: 1}


async def test_another_request_with_the_same_key_is_refused(house: House) -> None:
    await house.submit_all(new_task(), idempotency=KEY)
    with pytest.raises(KeyReused):
        await house.submit_all(new_task(), idempotency=IdempotencyKey("client", "key", "other"))


async def test_keys_of_two_clients_are_two_keys(house: House) -> None:
    await house.submit_all(new_task(), idempotency=KEY)
    other = await house.submit_all(new_task(), idempotency=IdempotencyKey("other", "key", "other"))
    assert not other.replayed


async def test_the_same_request_many_times_at_once_is_accepted_once(house: House) -> None:
    answers = await asyncio.gather(*(house.submit_all(new_task(), idempotency=KEY) for _ in range(20)))
    assert len({answer.tasks[0].id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert await house.tallies() == {State.QUEUED: 1}


async def test_a_key_whose_tasks_were_removed_says_so(house: House) -> None:
    task = (await house.submit_all(new_task(), idempotency=KEY)).tasks[0]
    await house.store.tasks.cancel(task.id, "", house.now)
    await house.store.tasks.delete(task.id, house.now)
    with pytest.raises(Gone):
        await house.submit_all(new_task(), idempotency=KEY)


# ---------------------------------------------------------------- parents


async def test_a_child_belongs_to_the_tree_of_its_parent(house: House) -> None:
    root = await house.submit()
    child = await house.submit(parent_id=root.id)
    grandchild = await house.submit(parent_id=child.id, root_id=uuid4())

    assert {child.root_id, grandchild.root_id} == {root.id}
    assert await house.store.tasks.children(root.id) == [child]
    assert await house.get(grandchild) == grandchild


async def test_a_tree_may_be_submitted_at_once_in_any_order(house: House) -> None:
    root = new_task()
    child = new_task(parent_id=root.id)
    grandchild = new_task(parent_id=child.id)
    tasks = (await house.submit_all(grandchild, root, child)).tasks

    assert {task.root_id for task in tasks} == {root.id}
    for task in tasks:
        assert await house.get(task) == task


async def test_a_parent_cannot_be_its_own_ancestor(house: House) -> None:
    first, second = uuid7(), uuid7()
    with pytest.raises(Invalid, match="parent"):
        await house.submit(id=first, parent_id=first)
    with pytest.raises(Invalid, match="parent"):
        await house.submit_all(new_task(id=first, parent_id=second), new_task(id=second, parent_id=first))


async def test_an_unknown_parent_is_refused(house: House) -> None:
    with pytest.raises(NotFound):
        await house.submit(parent_id=uuid7())


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELED])
async def test_a_parent_that_has_ended_takes_no_children(house: House, state: State) -> None:
    parent = await house.run()
    await house.finish(parent, state, error=None if state is State.COMPLETED else BOOM)
    with pytest.raises(Conflict, match=f"ended {state}"):
        await house.child_of(parent)


@pytest.mark.parametrize("kind", [Kind.TASK, Kind.EXTERNAL])
@pytest.mark.parametrize("folds", [False, True])
async def test_a_child_of_a_task_asked_to_stop_is_canceled_at_once(house: House, kind: Kind, *, folds: bool) -> None:
    parent = await house.run()
    await house.store.tasks.cancel(parent.id, "", house.now)
    child = await house.child_of(parent, kind=kind, folds=folds, resources=exclusive("r"))

    assert (child.state, child.finished_at) == (State.CANCELED, house.now)
    assert [event.data.get("state") for event in await house.events(child)][-1] == State.CANCELED
    assert (await house.submit(resources=exclusive("r"))).state is State.QUEUED
    if folds:
        with pytest.raises(NotFound):
            await house.get(child)
        assert (await house.get(parent)).folded_count == 1
    else:
        assert await house.get(child) == child
    tree = await house.store.tasks.tree(parent.id, 5, 100)
    assert len(tree.nodes) == 2


async def test_a_child_of_a_step_is_refused(house: House) -> None:
    task = await house.run()
    step = Folded(
        id=uuid7(), parent_id=task.id, kind=Kind.STEP, operation="m.op", name="s", state=State.RUNNING,
        created_at=house.now,
    )  # fmt: skip
    await house.store.tasks.record(await house.worker(), [StepOpened(task.id, task.attempt, step)], house.now)
    with pytest.raises(Invalid, match="step"):
        await house.submit(parent_id=step.id)
    with pytest.raises(Invalid, match="step"):
        await house.submit(depends_on=(step.id,))


# ---------------------------------------------------------------- spawn keys


async def test_a_spawn_key_finds_the_child_again(house: House) -> None:
    parent = await house.run()
    child = await house.child_of(parent, key="k")
    again = await house.submit_all(new_task(parent_id=parent.id, key="k"))

    assert again.replayed
    assert again.tasks[0].id == child.id
    [claimed] = await house.claim()
    await house.finish(claimed, result=b"42")
    found = await house.child_of(parent, key="k")
    assert (found.id, found.state, bytes(found.result or b"")) == (child.id, State.COMPLETED, b"42")
    assert found == await house.get(child)


async def test_spawn_keys_of_two_parents_are_two_keys(house: House) -> None:
    one, other = await house.submit(), await house.submit()
    first = await house.child_of(one, key="k")
    assert (await house.child_of(other, key="k")).id != first.id


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELED])
async def test_a_child_that_ended_badly_gives_its_key_up(house: House, state: State) -> None:
    parent = await house.run()
    child = await house.child_of(parent, key="k")
    [claimed] = await house.claim()
    await house.finish(claimed, state, error=BOOM)
    version = (await house.get(child)).version
    successor = await house.child_of(parent, key="k")

    assert successor.id != child.id
    assert (successor.state, successor.key) == (State.QUEUED, "k")
    before = await house.get(child)
    assert (before.state, before.superseded_by) == (state, successor.id)
    assert before.version > version
    assert (await house.events(child))[-1].data == {"superseded_by": str(successor.id)}
    assert (await house.child_of(parent, key="k")).id == successor.id


async def test_a_skipped_child_gives_its_key_up(house: House) -> None:
    parent = await house.run()
    failing = await house.submit()
    child = await house.child_of(parent, key="k", depends_on=(failing.id,))
    await house.store.tasks.cancel(failing.id, "", house.now)
    assert await house.state(child) is State.SKIPPED
    assert (await house.child_of(parent, key="k")).id != child.id


async def test_one_key_twice_in_a_submission_is_one_child(house: House) -> None:
    parent = await house.submit()
    tasks = (
        await house.submit_all(new_task(parent_id=parent.id, key="k"), new_task(parent_id=parent.id, key="k"))
    ).tasks
    assert tasks[0] == tasks[1] == await house.get(tasks[0])
    new_parent = new_task()
    tree = (
        await house.submit_all(
            new_parent, new_task(parent_id=new_parent.id, key="k"), new_task(parent_id=new_parent.id, key="k")
        )
    ).tasks
    assert tree[1] == tree[2]


async def test_one_key_many_times_at_once_is_one_child(house: House) -> None:
    parent = await house.submit()
    children = await asyncio.gather(*(house.child_of(parent, key="k") for _ in range(20)))
    assert len({child.id for child in children}) == 1
    assert await house.tallies() == {State.QUEUED: 2}


async def test_one_key_from_two_processes_at_once_is_one_child(house: House, other_house: House) -> None:
    for _ in range(5):
        parent = await house.submit()
        children = await asyncio.gather(
            *(one.child_of(parent, key="k") for one in (house, other_house) for _ in range(5))
        )
        assert len({child.id for child in children}) == 1


# ---------------------------------------------------------------- superseding


async def test_a_final_task_is_superseded(house: House) -> None:
    old = await house.complete()
    new = (await house.submit_all(new_task(rerun_of=old.id), supersedes=old.id)).tasks[0]

    seen = await house.get(old)
    assert (seen.state, seen.superseded_by) == (State.COMPLETED, new.id)
    assert seen.version > old.version
    assert new.rerun_of == old.id
    assert (await house.events(old))[-1].kind == "updated"
    again = (await house.submit_all(new_task(), supersedes=old.id)).tasks[0]
    assert (await house.get(old)).superseded_by == again.id


async def test_a_paused_task_ends_when_it_is_superseded(house: House) -> None:
    """Else it could be resumed, and both would run over the same output."""
    old = await house.submit(paused=True)
    child = await house.child_of(old)
    dependent = await house.submit(depends_on=(old.id,))
    new = (await house.submit_all(new_task(), supersedes=old.id)).tasks[0]

    seen = await house.get(old)
    assert (seen.state, seen.superseded_by) == (State.CANCELED, new.id)
    assert seen.error is not None
    assert seen.error.code == "superseded"
    assert await house.states(child, dependent) == [State.CANCELED, State.SKIPPED]


async def test_a_task_that_waits_for_what_it_replaces_is_skipped(house: House) -> None:
    old = await house.submit(paused=True)
    tasks = await house.submit_all(new_task(depends_on=(old.id,)), new_task(parent_id=old.id), supersedes=old.id)
    assert [task.state for task in tasks.tasks] == [State.SKIPPED, State.CANCELED]
    for task in tasks.tasks:
        assert task == await house.get(task)


@pytest.mark.parametrize("state", [State.QUEUED, State.SCHEDULED, State.BLOCKED, State.RUNNING])
async def test_an_unfinished_task_is_not_superseded(house: House, state: State) -> None:
    blocker = await house.submit(paused=True)
    members: dict[State, dict[str, Any]] = {
        State.QUEUED: {},
        State.SCHEDULED: {"gate": "http://gate"},
        State.BLOCKED: {"depends_on": (blocker.id,)},
        State.RUNNING: {"kind": Kind.EXTERNAL},
    }
    old = await house.submit(**members[state])
    assert old.state is state
    new = new_task()
    with pytest.raises(Conflict):
        await house.submit_all(new, supersedes=old.id)
    assert (await house.get(old)).superseded_by is None
    with pytest.raises(NotFound):
        await house.get(new.id)


async def test_what_does_not_exist_is_not_superseded(house: House) -> None:
    with pytest.raises(NotFound):
        await house.submit_all(new_task(), supersedes=uuid7())
    old = await house.complete()
    await house.store.tasks.delete(old.id, house.now)
    with pytest.raises(Gone):
        await house.submit_all(new_task(), supersedes=old.id)


async def test_progress_starts_empty(house: House) -> None:
    assert (await house.submit()).progress == Progress()


async def test_what_repeats_a_task_cannot_be_part_of_the_tree_that_ends_with_it(house: House) -> None:
    paused = await house.submit(paused=True)
    child = await house.child_of(paused, folds=True)
    new = new_task(parent_id=child.id, root_id=paused.id)
    with pytest.raises(Conflict, match="cannot be in that tree"):
        await house.submit_all(new, supersedes=paused.id)
    assert await house.states(paused, child) == [State.PAUSED, State.QUEUED]
