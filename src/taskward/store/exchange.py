"""Ending attempts and claiming new ones, in one transaction."""

from collections.abc import Sequence
from typing import Any

from taskward.model.errors import IllegalTransition
from taskward.model.pools import Pool
from taskward.model.states import WAITING, State, is_legal
from taskward.model.task import Task
from taskward.ports import Claim, Exchange, Finish, Topic
from taskward.store import lines
from taskward.store.catalogue import Row
from taskward.store.folding import close_steps
from taskward.store.placing import place
from taskward.store.plan import Ledger, Plan, Q, text
from taskward.store.pools import ORDINARY, URGENT, Taken, fill, lock
from taskward.store.rows import Brief, brief_from, micros_or_none, resources_from, storable, task_from
from taskward.store.settling import free_slots, settle


def exchange(worker_id: bytes, finishes: Sequence[Finish], claim: Claim | None, now: int) -> Plan[Exchange]:
    """See `taskward.ports.Tasks.exchange`."""
    ledger = Ledger(now)
    lost: frozenset[int] = frozenset()
    if finishes:
        lost = yield from _finish_all(worker_id, finishes, ledger)
    claimed: list[Task] = []
    if claim is not None and claim.limit > 0:
        claimed = yield from _claim(worker_id, claim, ledger)
    yield from ledger.write()
    return Exchange(tuple(claimed), lost)


# ------------------------------------------------------------------ finish


def _finish_all(worker_id: bytes, finishes: Sequence[Finish], ledger: Ledger) -> Plan[frozenset[int]]:
    for finish in finishes:
        if not is_legal(State.RUNNING, finish.state) or finish.state in (State.CANCELING, State.BLOCKED):
            raise IllegalTransition(State.RUNNING, finish.state)
    returned: list[Brief] = []
    if back := [finish for finish in finishes if finish.state in WAITING]:
        rows = yield Q.return_to_wait.each(_return_row(worker_id, finish, ledger.now) for finish in back)
        returned = [brief_from(row) for row in rows]
    done = {(task.id, task.attempt) for task in returned}
    # What could not go back to waiting may have been asked to stop meanwhile: then it ends.
    final = [finish for finish in finishes if _attempt_of(finish) not in done]
    rows = yield Q.finish.each(_finish_row(worker_id, finish, ledger.now) for finish in final)
    ended = [brief_from(row) for row in rows]
    by_attempt = {_attempt_of(finish): finish for finish in finishes}
    for task in (*ended, *returned):
        finish = by_attempt[task.id, task.attempt]
        before = State.CANCELING if task.is_final and task.cancel_requested_at is not None else State.RUNNING
        facts: dict[str, Any] = {} if finish.error is None else {"error": finish.error}
        if finish.progress is not None:
            # It was not told before, and nothing else tells it.
            facts["progress"] = finish.progress
        if task.folds and finish.result is not None:
            # Its row goes; who waits for the result finds it here.
            facts["result"] = finish.result.decode()
        ledger.moved(task, before, task.state, **facts)
    yield from free_slots([*ended, *returned], ledger)
    yield from settle(ended, ledger)
    for task in returned:
        yield from wait_again(task, ledger)
    done |= {(task.id, task.attempt) for task in ended}
    return frozenset(index for index, finish in enumerate(finishes) if _attempt_of(finish) not in done)


def _attempt_of(finish: Finish) -> tuple[bytes, int]:
    return finish.task_id.bytes, finish.attempt


def wait_again(task: Brief, ledger: Ledger) -> Plan[None]:
    """Settles where a task waits whose attempt ended without ending it.

    A handed-back one keeps its resources and its place; one that waits for its time, or is paused, leaves the lines.
    """
    if task.has_steps:
        yield from close_steps(task, ledger)
    if task.resources != "[]" and task.state != State.QUEUED:
        names = [resource.name for resource in resources_from(task.resources)]
        yield from lines.leave([task.id], names, ledger)
    if task.state == State.SCHEDULED and (task.run_at or 0) <= ledger.now:
        yield from place(task, ledger)


def _return_row(worker_id: bytes, finish: Finish, now: int) -> tuple[object, ...]:
    retried = int(finish.state is State.SCHEDULED)
    progress = finish.progress
    return (
        finish.task_id.bytes, finish.attempt, worker_id, finish.state.value, micros_or_none(finish.run_at),
        None if finish.error is None else text(finish.error), retried,
        None if progress is None else progress.done, None if progress is None else progress.total,
        None if progress is None else progress.unit, None if progress is None else storable(progress.message), now,
    )  # fmt: skip


def _finish_row(worker_id: bytes, finish: Finish, now: int) -> tuple[object, ...]:
    progress = finish.progress
    return (
        finish.task_id.bytes, finish.attempt, worker_id, finish.state.value,
        None if finish.result is None else finish.result.decode(),
        None if finish.error is None else text(finish.error),
        None if progress is None else progress.done, None if progress is None else progress.total,
        None if progress is None else progress.unit, None if progress is None else storable(progress.message), now,
    )  # fmt: skip


# ------------------------------------------------------------------ claim


Head = tuple[int, int, str]
"""A claimable task as claims compare them: priority, number, pool."""


def _claim(worker_id: bytes, claim: Claim, ledger: Ledger) -> Plan[list[Task]]:
    if len(claim.queues) == 1:
        rows = yield Q.claim_heads(claim.queues[0], worker_id, ledger.now, claim.limit, list(claim.operations))
        if rows:
            return (yield from _begin(rows, {}, ledger))
    facts: dict[str, list[str]] = {"worker": [], "paused": [], "pool": []}
    for fact, name in (yield Q.admission(worker_id)):
        facts[fact].append(name)
    queues = [queue for queue in dict.fromkeys(claim.queues) if queue not in facts["paused"]]
    if facts["worker"] != ["online"] or not queues:
        return []
    if len(claim.queues) == 1 and not facts["pool"]:
        # Nothing is in its line: that was looked for first.
        return []
    operations = list(claim.operations)
    heads = yield from _heads("", queues, claim.limit, operations)
    pools: dict[str, Pool] = {}
    outer: dict[str, Pool] = {}
    if facts["pool"]:
        pools, outer = yield from lock(facts["pool"])
    for pool in pools.values():
        free = min(claim.limit, pool.free, outer.get(pool.within, pool).free)
        heads += yield from _heads(pool.name, queues, free, operations)
    chosen = _choose(heads, pools, outer, claim.limit)
    if len(pools) < len(facts["pool"]) or len(heads) > len(chosen) == claim.limit:
        # Another claim is at a pool, or this one held tasks it left: whoever found nothing meanwhile looks again.
        ledger.wake(Topic.WORK)
    if not chosen:
        return []
    rows = yield Q.claim([number for _, number, _ in chosen], worker_id, ledger.now)
    return (yield from _begin(rows, pools, ledger))


def _begin(rows: Sequence[Row], pools: dict[str, Pool], ledger: Ledger) -> Plan[list[Task]]:
    """Takes the slots of claimed tasks and writes down that they run; the most urgent first."""
    claimed = [task_from(row) for row in rows]
    if pools:
        yield from _charge(claimed, pools)
    for row, task in zip(rows, claimed, strict=True):
        ledger.moved(_Claimed(row, task), State.QUEUED, State.RUNNING, "state", worker=task.worker)
    # What an earlier attempt left below it is not of this one.
    yield Q.drop_folds.each((row[0],) for row, task in zip(rows, claimed, strict=True) if task.attempt > 1)
    return sorted(claimed, key=lambda task: (task.priority, task.number))


def _heads(pool: str, queues: Sequence[str], limit: int, operations: list[str]) -> Plan[list[Head]]:
    """The heads of one pool's ready lines. Priority order puts the urgent first, so no ordinary one hides them."""
    heads: list[Head] = []
    for queue in queues:
        rows = yield Q.ready_heads(pool, queue, limit, operations)
        heads += ((priority, number, pool) for number, priority in rows)
    return heads


def _choose(heads: list[Head], pools: dict[str, Pool], outer: dict[str, Pool], limit: int) -> list[Head]:
    """The most urgent heads that fit their pools, and those around them; at most `limit`."""
    free = {name: pool.free for name, pool in (pools | outer).items()}
    ordinary = {name: pool.free_ordinary for name, pool in (pools | outer).items()}
    chosen: list[Head] = []
    for head in sorted(heads):
        if len(chosen) == limit:
            break
        priority, _, name = head
        if name:
            urgent = pools[name].is_urgent(priority)
            both = [each for each in (name, pools[name].within) if each in free]
            if any(free[each] == 0 or (not urgent and ordinary[each] == 0) for each in both):
                continue
            for each in both:
                free[each] -= 1
                ordinary[each] = min(ordinary[each] - (not urgent), free[each])
        chosen.append(head)
    return chosen


def _charge(tasks: Sequence[Task], pools: dict[str, Pool]) -> Plan[None]:
    """Takes the slots of claimed tasks, and notes on each which kind it took."""
    charges: list[tuple[int, int]] = []
    taken: dict[str, Taken] = {}
    for task in tasks:
        if task.pool:
            ordinary = not pools[task.pool].is_urgent(task.priority)
            charges.append((task.number, ORDINARY if ordinary else URGENT))
            running, running_ordinary = taken.get(task.pool, (0, 0))
            taken[task.pool] = running + 1, running_ordinary + ordinary
    if charges:
        yield Q.charge.each(charges)
        yield from fill(taken)


class _Claimed:
    """A claimed task as the ledger reads it."""

    __slots__ = ("attempt", "client", "id", "internal", "operation", "queue", "root_id", "since")

    def __init__(self, row: Sequence[object], task: Task) -> None:
        self.id: bytes = row[0]  # type: ignore[assignment]
        self.root_id: bytes = row[12]  # type: ignore[assignment]
        self.client, self.operation, self.queue, self.attempt = task.client, task.operation, task.queue, task.attempt
        self.since = micros_or_none(task.queued_at)
        self.internal = task.internal
