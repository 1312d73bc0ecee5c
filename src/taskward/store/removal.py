"""Forgetting tasks: by hand, by filter, and when their retention is over."""

from collections.abc import Sequence
from typing import Any

from taskward.model.errors import Conflict
from taskward.model.states import FINAL
from taskward.model.task import Kind
from taskward.ports import TaskQuery
from taskward.store import listing
from taskward.store.plan import Ledger, Plan, Q
from taskward.store.steering import load

_FINAL = frozenset(state.value for state in FINAL)
TOMBSTONE_AGE = 30 * 24 * 3600 * 1_000_000
"""Microseconds for which a removed id is told apart from one that never was."""
_PIECE = 200
"""Most trees removed in one transaction, so that others get their turn."""


def delete(task_id: bytes, now: int) -> Plan[int]:
    """See `taskward.ports.Tasks.delete`."""
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
    yield from _forget(rows, ledger)
    if task.parent_id is None:
        yield Q.delete_tree_folds(task_id)
        yield Q.delete_tree_events(task_id)
    ledger.event(task.id, task.root_id, task.client, "deleted", {"number": task.number})
    yield from ledger.write()
    return len(rows)


def purge(query: TaskQuery, now: int) -> Plan[int]:
    """See `taskward.ports.Tasks.purge`."""
    page = yield from listing.page(query)
    removed = 0
    for task in page.tasks:
        if task.is_final and not task.persist and task.is_root:
            removed += yield from _forget_tree(task.id.bytes, now)
    return removed


def prune(now: int, limit: int, keys_before: int) -> Plan[int]:
    """See `taskward.ports.Tasks.prune`; `keys_before` is the age limit of idempotency keys."""
    expired = yield Q.expired(now, min(limit, _PIECE))
    removed = 0
    for (root_id,) in expired:
        removed += yield from _forget_tree(root_id, now)
    if (yield Q.old_keys_exist(keys_before)):
        yield Q.delete_old_keys(keys_before)
    yield Q.delete_old_tombstones(now - TOMBSTONE_AGE)
    return removed


def _forget_tree(root_id: bytes, now: int) -> Plan[int]:
    """Forgets a finished root with all below it; a tree in which something still runs is left for later."""
    rows = yield Q.tree_ids(root_id)
    if any(row[5] not in _FINAL for row in rows):
        yield Q.postpone_expiry(root_id, now + 60_000_000)
        return 0
    ledger = Ledger(now)
    client = rows[0][2] if rows else ""
    yield from _forget(rows, ledger)
    yield Q.delete_tree_folds(root_id)
    yield Q.delete_tree_events(root_id)
    ledger.event(root_id, root_id, client, "deleted", {"count": len(rows)})
    yield from ledger.write()
    return 1


def _forget(rows: Sequence[Sequence[Any]], ledger: Ledger) -> Plan[None]:
    """Removes rows of (id, number, client, operation, queue, state, kind) and all that hangs on them."""
    ids = [(row[0],) for row in rows]
    numbers = [(row[1],) for row in rows]
    for _, _, client, operation, queue, state, kind in rows:
        if kind != Kind.STEP:
            ledger.count(client, operation, queue, state, -1)
    yield Q.delete_labels.each(numbers)
    yield Q.delete_task_resources.each(numbers)
    yield Q.delete_logs.each(ids)
    yield Q.delete_reports.each(ids)
    yield Q.delete_dependencies.each(ids)
    yield Q.delete_dependency_on.each(ids)
    yield Q.delete_folds_of.each(ids)
    yield Q.delete_task_events.each(ids)
    yield Q.bury.each((one, ledger.now) for (one,) in ids)
    yield Q.delete_task.each(ids)
