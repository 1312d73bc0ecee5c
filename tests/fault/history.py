"""What must hold of the history of an installation, whatever was killed while it was made.

`read` takes everything down once all is quiet, `faults` names what is wrong with it. The events are taken in the order
of their sequence numbers. A change that was made because of another has seen that one committed, and a place in a line
or a pool is given under a lock, so whatever must not overlap has its events in the order in which it happened.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from taskward.model.policy import Resource
from taskward.model.pools import Pool
from taskward.model.states import ACTIVE, FINAL, INITIAL, State, is_legal
from taskward.model.task import Event, Kind, Task
from taskward.ports import Role, Tally, TaskQuery
from taskward.store import SqlStore
from taskward.store.catalogue import compose
from taskward.store.plan import Plan


@dataclass(frozen=True)
class Change:
    """One task changed its state; `before` is None when it was accepted."""

    place: int
    task_id: UUID
    before: State | None
    after: State
    attempt: int
    at: datetime
    facts: dict[str, Any]

    @property
    def begins_attempt(self) -> bool:
        return self.after is State.RUNNING

    @property
    def ends_attempt(self) -> bool:
        return self.before in ACTIVE and self.after not in ACTIVE

    @property
    def is_loss(self) -> bool:
        """The worker was lost, and the task waits again."""
        error = self.facts.get("error") or {}
        return self.after is State.QUEUED and error.get("code") == "worker-lost"


@dataclass(frozen=True)
class Record:
    """Everything that is checked, as it was when all was quiet."""

    changes: list[Change]
    tasks: dict[UUID, Task]
    pools: dict[str, Pool]
    tallies: list[Tally]
    places_in_lines: int

    def lives(self) -> dict[UUID, list[Change]]:
        """The changes of each task, in their order."""
        lives: defaultdict[UUID, list[Change]] = defaultdict(list)
        for change in self.changes:
            lives[change.task_id].append(change)
        return lives


async def read(store: SqlStore) -> Record:
    """Takes everything down."""
    events: list[Event] = []
    while page := await store.journal.events(events[-1].cursor if events else ""):
        events += page
    return Record(
        changes=sorted(map(_change, filter(_is_change, events)), key=lambda change: change.place),
        tasks={task.id: task for task in await _all_tasks(store)},
        pools={pool.name: pool for pool in await store.workers.pools()},
        tallies=await store.tasks.tallies(),
        places_in_lines=await store.database.read(_count_places),
    )


def faults(record: Record) -> list[str]:
    """Everything that is wrong with a record, in words; nothing if all is well."""
    return [
        fault
        for check in (_broken_lives, _second_ends, _double_runs, _crowded_pools, _conflicts, _leaks, _miscounts)
        for fault in check(record)
    ]


# -------------------------------------------------------------- one task


def _broken_lives(record: Record) -> Iterator[str]:
    """Each life is a walk through the table of transitions, in which every claim is the next attempt."""
    for task_id, life in record.lives().items():
        first = life[0]
        if first.before is not None or first.after not in INITIAL:
            yield f"{task_id} begins as {first.after}, from {first.before}"
        for one, next_one in pairwise(life):
            if next_one.before is not one.after or not is_legal(one.after, next_one.after):
                yield f"{task_id} goes from {next_one.before} to {next_one.after} when it is {one.after}"
            if next_one.attempt != one.attempt + next_one.begins_attempt:
                yield f"{task_id} goes from attempt {one.attempt} to {next_one.attempt} as it becomes {next_one.after}"
        task = record.tasks.get(task_id)
        if task is not None and (task.state, task.attempt) != (life[-1].after, life[-1].attempt):
            yield f"{task_id} is {task.state} in attempt {task.attempt}, its journal ends {life[-1].after}"
        if life[-1].after not in FINAL:
            yield f"{task_id} never ended: it is {life[-1].after} in attempt {life[-1].attempt}"


def _second_ends(record: Record) -> Iterator[str]:
    for task_id, life in record.lives().items():
        ends = [change.after for change in life if change.after in FINAL]
        if len(ends) > 1:
            yield f"{task_id} ended {len(ends)} times: {', '.join(ends)}"


def _double_runs(record: Record) -> Iterator[str]:
    """No attempt begins before the one before it has ended."""
    for task_id, life in record.lives().items():
        running: int | None = None
        for change in life:
            if change.begins_attempt:
                if running is not None:
                    yield f"{task_id} began attempt {change.attempt} while attempt {running} was running"
                running = change.attempt
            elif change.ends_attempt:
                running = None


# -------------------------------------------------------------- tasks together


def _crowded_pools(record: Record) -> Iterator[str]:
    """At no instant a pool has more running tasks than slots, or more ordinary ones than are not reserved.

    A pool around others runs what runs in them; what is ordinary is so by the inner one.
    """
    running: Counter[str] = Counter()
    ordinary: Counter[str] = Counter()
    for change, task in _known(record):
        if not task.pool or not (change.begins_attempt or change.ends_attempt):
            continue
        pool = record.pools[task.pool]
        step = 1 if change.begins_attempt else -1
        for each in (pool, *([record.pools[pool.within]] if pool.within else [])):
            running[each.name] += step
            ordinary[each.name] += 0 if pool.is_urgent(task.priority) else step
            if running[each.name] > each.limit:
                yield f"pool {each.name} runs {running[each.name]} of {each.limit} when {task.id} begins"
            if ordinary[each.name] > each.limit - each.reserved:
                yield f"pool {each.name} runs {ordinary[each.name]} ordinary tasks when {task.id} begins"


def _conflicts(record: Record) -> Iterator[str]:
    """At no instant two running tasks lock one name, unless both share it."""
    holders: defaultdict[str, dict[UUID, Resource]] = defaultdict(dict)
    for change, task in _known(record):
        for resource in task.resources:
            held = holders[resource.name]
            if change.begins_attempt:
                for other_id, other in held.items():
                    if resource.exclusive or other.exclusive:
                        yield f"{task.id} begins with {resource.name} while {other_id} holds it"
                held[task.id] = resource
            elif change.ends_attempt:
                held.pop(task.id, None)


# -------------------------------------------------------------- what stays behind


def _leaks(record: Record) -> Iterator[str]:
    """When all is quiet nobody holds a lease, a lock or a slot, and no step is open."""
    for task in record.tasks.values():
        if task.state in ACTIVE:
            yield f"{task.id} ({task.kind}) is {task.state} under worker {task.worker}"
        elif task.kind is Kind.STEP:
            yield f"step {task.id} has not folded"
    if record.places_in_lines:
        yield f"{record.places_in_lines} places in lines are taken"
    for pool in record.pools.values():
        if pool.running or pool.running_ordinary:
            yield f"pool {pool.name} counts {pool.running} running, {pool.running_ordinary} of them ordinary"


def _role(task: Task) -> Role:
    if task.internal or not task.is_root:
        return Role.PART
    return Role.ROOT if task.superseded_by is None else Role.REPEATED


def _miscounts(record: Record) -> Iterator[str]:
    """The counters that are kept say what counting says."""
    real = Counter(
        (task.client, task.operation, task.queue, task.state, _role(task))
        for task in record.tasks.values()
        if task.kind is not Kind.STEP
    )
    kept = {
        (tally.client, tally.operation, tally.queue, tally.state, tally.role): tally.count for tally in record.tallies
    }
    for key in sorted(real.keys() | kept.keys()):
        if real[key] != kept.get(key, 0):
            yield f"{' '.join(filter(None, key))}: counted {real[key]}, kept {kept.get(key, 0)}"


# -------------------------------------------------------------- reading


def _known(record: Record) -> Iterator[tuple[Change, Task]]:
    """Changes with their tasks; what has folded had neither pool nor resources."""
    for change in record.changes:
        if (task := record.tasks.get(change.task_id)) is not None:
            yield change, task


def _is_change(event: Event) -> bool:
    return "state" in event.data and event.kind in ("created", "state")


def _change(event: Event) -> Change:
    facts = event.data
    before = facts.get("from")
    return Change(
        place=int(event.cursor.rpartition(".")[2]),
        task_id=event.task_id,
        before=None if before is None else State(before),
        after=State(facts["state"]),
        attempt=facts["attempt"],
        at=event.at,
        facts=facts,
    )


async def _all_tasks(store: SqlStore) -> Iterable[Task]:
    tasks: list[Task] = []
    cursor: str | None = None
    while True:
        page = await store.tasks.page(TaskQuery(internal=True, limit=500, after=cursor))
        tasks += page.tasks
        cursor = page.next
        if cursor is None:
            return tasks


_PLACES = compose("count_places", "SELECT count(*) FROM line")


def _count_places() -> Plan[int]:
    [(count,)] = yield _PLACES()
    return count  # type: ignore[no-any-return]
