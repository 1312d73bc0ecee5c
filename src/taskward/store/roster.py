"""What is registered, and trees in pieces of bounded size."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from taskward.model.ids import NONE, Ids
from taskward.model.states import State
from taskward.model.task import Task
from taskward.model.tree import Folded
from taskward.ports import Brood, Paths, Relative, RosterPage
from taskward.store.plan import Plan, Q
from taskward.store.rows import task_from

_folded = msgspec.json.Decoder(Folded).decode
_NO_END = 0
"""Stands for "never" in a cursor: what has no end comes before what leaves at an instant."""
_PIECE = 200
"""How many records are looked through at once for one that must be among the newest."""
_PAST_ALL = 2**63 - 1


def registered(module: str, now: int, after: tuple[int, int] | None, limit: int) -> Plan[RosterPage]:
    """See `taskward.ports.Roster.registered`; a cursor is (unregistered_at, number)."""
    until, number = after or (_NO_END, 0)
    tasks: list[Task] = []
    if until == _NO_END:
        tasks += map(task_from, (yield Q.registered(module, number, limit)))
        if len(tasks) == limit:
            return RosterPage(tuple(tasks), (_NO_END, tasks[-1].number))
        until, number = now, _PAST_ALL
    rows = yield Q.registered_until(module, until, number, limit - len(tasks))
    tasks += map(task_from, rows)
    if len(tasks) < limit:
        return RosterPage(tuple(tasks), None)
    return RosterPage(tuple(tasks), (rows[-1][-1], tasks[-1].number))


def unregister(ids: Sequence[bytes], now: int) -> Plan[None]:
    yield Q.unregister.each((one, now) for one in ids)


def drain(module: str, client: str, now: int, limit: int) -> Plan[int]:
    return len((yield Q.drain(module, now, client, limit)))


def modules() -> Plan[list[str]]:
    return [row[0] for row in (yield Q.counting_modules())]


def open_module(module: str) -> Plan[None]:
    yield Q.stop_counting(module)
    yield Q.count_roots(module, 0, 0)


def close_module(module: str) -> Plan[None]:
    yield Q.stop_counting(module)


def broods(ids: Sequence[bytes], *, marred: bool) -> Plan[dict[UUID, Brood]]:
    """See `taskward.ports.Roster.broods`."""
    rows: defaultdict[bytes, list[Relative]] = defaultdict(list)
    for parent, child, worker, state in (yield Q.brood(ids)):
        rows[parent].append(Relative(UUID(bytes=child), State(state), worker))
    with_folds = [row[0] for row in (yield Q.with_folds(ids))]
    statement = Q.marred_brood if marred else Q.folded_brood
    texts = yield statement.each((one,) for one in with_folds)
    folded = {one: Ids(digits.lower().encode()) for one, (digits,) in zip(with_folds, texts, strict=True) if digits}
    parts = {}
    if rows:
        parts = {top: (done, total) for top, done, total in (yield Q.parts(list(rows)))}
    return {
        UUID(bytes=one): Brood(tuple(rows[one]), folded.get(one, NONE), *parts.get(one, ()))
        for one in rows.keys() | folded.keys()
    }


def paths(root_id: bytes) -> Plan[Paths]:
    unfinished = frozenset(UUID(bytes=row[0]) for row in (yield Q.above_unfinished(root_id)))
    return Paths(unfinished, frozenset(UUID(bytes=row[0]) for row in (yield Q.above_marred(root_id))))


def records(parents: Sequence[bytes], after: int, limit: int, *, marred: bool) -> Plan[list[tuple[int, UUID, Folded]]]:
    rows = yield Q.records_of(parents, after, marred, limit)
    return [(seq, UUID(bytes=parent), _folded(record)) for parent, seq, record in rows]


def record(parent_id: bytes, task_id: bytes) -> Plan[Folded | None]:
    before, wanted = _PAST_ALL, UUID(bytes=task_id)
    while rows := (yield Q.newest_records(parent_id, before, _PIECE)):
        for _, text in rows:
            if (found := _folded(text)).id == wanted:
                return found
        before = rows[-1][0]
    return None
