"""Forgetting tasks: by hand, by filter, and when their retention is over."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from taskward.model.errors import Conflict
from taskward.model.settings import duration_of
from taskward.model.states import FINAL
from taskward.model.task import Kind
from taskward.ports import TaskQuery
from taskward.store import callbacks, listing
from taskward.store.plan import FORGOTTEN, Ledger, Plan, Q
from taskward.store.steering import load

_FINAL = frozenset(state.value for state in FINAL)
TOMBSTONE_AGE = 30 * 24 * 3600 * 1_000_000
"""Microseconds for which a removed id is told apart from one that never was."""
_MICROSECOND = timedelta(microseconds=1)
_LATER = 60_000_000
"""Microseconds until an expired tree is looked at again in which something still runs."""
_PIECE = 200
"""Most trees removed in one transaction, so that others get their turn."""


def delete(task_id: bytes, now: int) -> Plan[int]:
    """See `taskward.ports.Tasks.delete`."""
    for (root_id,) in (yield Q.root_of(task_id)):
        # Whoever removes anything of a tree holds its root, so that nothing is removed twice.
        yield Q.lock_task(root_id)
    task = yield from load(task_id)
    rows = yield Q.subtree_ids(task_id)
    busy = [row for row in rows if row[5] not in _FINAL]
    if busy:
        what = (
            f"task {task.number} is {task.state}"
            if busy[0][0] == task_id
            else f"task {busy[0][1]} below it is {busy[0][5]}"
        )
        raise Conflict(f"{what}: only what has ended can be deleted; cancel it first")
    ledger = Ledger(now)
    if task.parent_id is None:
        yield from _forget_tree(task_id, rows, ledger)
    else:
        yield from _forget_rows(rows, ledger)
        yield Q.delete_logs.each((row[0],) for row in rows)
        yield Q.delete_reports.each((row[0],) for row in rows)
        yield Q.delete_task_events.each((row[0],) for row in rows)
        yield Q.root_expiry(task.root_id)
    ledger.event(
        task.id, task.root_id, task.client, "deleted", {"number": task.number, "count": len(rows), "state": task.state}
    )
    yield from ledger.write()
    return len(rows)


def purge(query: TaskQuery, most: int, now: int) -> Plan[tuple[int, TaskQuery | None]]:
    """Forgets up to `most` final roots of one page; returns how many, and the query that goes on behind the page."""
    wanted = tuple(state for state in FINAL if not query.states or state in query.states)
    if not wanted:
        return 0, None
    limit = min(query.limit, most, _PIECE)
    page = yield from listing.page(msgspec.structs.replace(query, states=wanted, roots_only=True, limit=limit))
    removed = 0
    for task in page.tasks:
        if not task.persist:
            removed += yield from _forget_root(task.id.bytes, now)
    return removed, None if page.next is None else msgspec.structs.replace(query, after=page.next)


def prune(now: int, limit: int) -> Plan[int]:
    """See `taskward.ports.Tasks.prune`."""
    removed = 0
    for (root_id,) in (yield Q.expired(now, min(limit, _PIECE))):
        removed += yield from _forget_root(root_id, now, later=now + _LATER)
    stored: dict[str, str] = dict((yield Q.settings("")))  # type: ignore[arg-type]
    keys_before = now - duration_of("idempotency_ttl", stored) // _MICROSECOND
    yield Q.delete_old_keys(keys_before)
    yield Q.delete_old_tombstones(now - TOMBSTONE_AGE)
    yield Q.delete_old_deletions(now - TOMBSTONE_AGE)
    return removed


def _forget_root(root_id: bytes, now: int, later: int | None = None) -> Plan[int]:
    """Forgets a finished root with all below it, unless something below still runs or is to be kept for good.

    Then, with `later`, its expiry moves there, or away. Returns how many roots were forgotten: 0 or 1.
    """
    root = yield Q.lock_task(root_id)
    rows = yield Q.tree_ids(root_id)
    # What is over by the clock stays until others have been told of it; what somebody wants removed does not.
    is_telling = later is not None and bool((yield Q.is_telling(root_id)))
    if not root or is_telling or any(row[5] not in _FINAL or row[7] for row in rows):
        if later is not None:
            kept = any(row[7] for row in rows)
            yield Q.postpone_expiry(root_id, None if kept else later)
        return 0
    ledger = Ledger(now)
    _, number, client, _, _, state, *_ = rows[0]
    yield from _forget_tree(root_id, rows, ledger)
    ledger.event(root_id, root_id, client, "deleted", {"number": number, "count": len(rows), "state": state})
    yield from ledger.write()
    return 1


def _forget_tree(root_id: bytes, rows: Sequence[Sequence[Any]], ledger: Ledger) -> Plan[None]:
    """Removes all there is of a tree: also what its folded members have left."""
    yield Q.delete_tree_logs(root_id)
    yield Q.delete_tree_reports(root_id)
    yield Q.delete_tree_folds(root_id)
    yield Q.delete_tree_events(root_id)
    yield from callbacks.forget(root_id)
    yield from _forget_rows(rows, ledger)


def _forget_rows(rows: Sequence[Sequence[Any]], ledger: Ledger) -> Plan[None]:
    """Removes rows of (id, number, client, operation, queue, state, kind, persist, role) and what hangs on them."""
    ids = [(row[0],) for row in rows]
    numbers = [(row[1],) for row in rows]
    for _, _, client, operation, queue, state, kind, _, role in rows:
        if kind != Kind.STEP:
            ledger.count((client, operation, queue, state, role), -1)
            ledger.count((client, operation, queue, FORGOTTEN, role), +1)
    yield Q.delete_labels.each(numbers)
    yield Q.delete_task_resources.each(numbers)
    yield Q.delete_created_resources.each(numbers)
    yield Q.drop_folds.each(ids)
    yield Q.bury.each((one, ledger.now) for (one,) in ids)
    yield Q.delete_task.each(ids)
