"""Asking a task and all below it to stop."""

from collections.abc import Sequence

from taskward.model.states import State
from taskward.model.task import Kind, Task, TaskError
from taskward.ports import Topic
from taskward.store import lines
from taskward.store.plan import Ledger, Plan, Q, in_pieces
from taskward.store.rows import Brief, brief_from, resources_from, task_from
from taskward.store.settling import end_waiting, settle


def lock_lines_below(task_id: bytes) -> Plan[None]:
    """Locks the lines that a task and those below it are in; done before their rows are locked."""
    rows = yield Q.wants_below(task_id)
    yield from lines.lock(resource.name for row in rows for resource in resources_from(row[0]))


def cancel_tree(top: Brief, error: TaskError, ledger: Ledger) -> Plan[list[Task]]:
    """Cancels what waits, `top` (whose row is locked) first, and asks what runs to stop; returns all of them.

    A task that folds by this is returned as it was just before.
    """
    changed: list[Brief] = yield from _stop([top], error, ledger)
    seen = {top.id}
    # Until the parents are asked to stop, children may still be added below them.
    while below := [row[0] for row in (yield Q.unfinished_below(top.id)) if row[0] not in seen]:
        seen.update(below)
        rows = yield from in_pieces(Q.lock_tasks, below)
        by_id = {task.id: task for task in map(brief_from, rows)}
        changed += yield from _stop([by_id[one] for one in below if one in by_id], error, ledger)
    ids = [task.id for task in changed]
    found = {row[0]: row for row in (yield from in_pieces(Q.get_tasks, ids))}
    yield from settle([task for task in changed if task.is_final], ledger)
    found |= {row[0]: row for row in (yield from in_pieces(Q.get_tasks, ids))}
    return [task_from(found[one]) for one in ids]


def _stop(tasks: Sequence[Brief], error: TaskError, ledger: Ledger) -> Plan[list[Brief]]:
    """Ends waiting tasks and work tracked from outside, asks the others to stop; returns those it changed."""
    waiting = [task for task in tasks if task.is_waiting]
    running = [task for task in tasks if task.state == State.RUNNING and task.kind != Kind.STEP]
    asked = [brief_from(row) for row in (yield Q.ask_to_stop.each((task.id, ledger.now) for task in running))]
    for task in asked:
        ledger.moved(task, State.RUNNING, State.CANCELING, reason=error.message)
    if any(task.kind == Kind.TASK for task in asked):
        ledger.wake(Topic.CANCEL)
    # Nobody here can stop what runs outside, and nobody waits for it.
    outside = [task for task in asked if task.kind == Kind.EXTERNAL]
    ended = yield from end_waiting([*waiting, *outside], State.CANCELED, error, ledger)
    changed = {task.id: task for task in (*asked, *ended)}
    return [changed[task.id] for task in tasks if task.id in changed]


def canceled(reason: str) -> TaskError:
    """What a task keeps that was canceled on request."""
    return TaskError(type="Canceled", message=reason or "canceled on request", code="canceled")


def superseded() -> TaskError:
    """What a paused task keeps that another run replaces."""
    return TaskError(type="Superseded", message="another run replaces it", code="superseded")
