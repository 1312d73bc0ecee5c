"""What the end of a task sets off: slots, lines, dependents, folding."""

from collections.abc import Iterable, Sequence

from taskward.model.errors import IllegalTransition
from taskward.model.states import State
from taskward.model.task import TaskError
from taskward.ports import Topic
from taskward.store import folding, lines
from taskward.store.placing import place
from taskward.store.plan import Ledger, Plan, Q, text
from taskward.store.pools import Taken, fill
from taskward.store.rows import Brief, brief_from, resources_from

_SOON = 60_000_000
"""Microseconds. Who waits for timers looks at them at least so often; what is due earlier wakes it."""


def free_slots(ended: Iterable[Brief], ledger: Ledger) -> Plan[None]:
    """Gives back the pool slots of attempts that ended."""
    freed: dict[str, Taken] = {}
    for task in ended:
        if task.charge:
            running, ordinary = freed.get(task.pool, (0, 0))
            freed[task.pool] = running - 1, ordinary - (task.charge == 2)
    if freed:
        yield from fill(freed)
        ledger.wake(Topic.WORK)


def settle(ended: Sequence[Brief], ledger: Ledger) -> Plan[None]:
    """Does everything that follows when tasks have become final.

    Those that wanted resources leave their lines, dependents are placed or skipped (and settled in turn), and what
    folds is folded.
    """
    pending = list(ended)
    while pending:
        batch, pending = pending, []
        if wanting := [task for task in batch if task.resources != "[]"]:
            names = [resource.name for task in wanting for resource in resources_from(task.resources)]
            yield from lines.leave([task.id for task in wanting], names, ledger)
        for task in batch:
            if task.has_dependents:
                pending += yield from _release_dependents(task, ledger)
            if task.expires_at is not None and task.expires_at < ledger.now + _SOON:
                ledger.wake(Topic.TIMERS)
        for task in batch:
            if task.has_steps:
                yield from folding.close_steps(task, ledger)
        yield from folding.fold(batch, ledger)


def end_waiting(tasks: Sequence[Brief], state: State, error: TaskError, ledger: Ledger) -> Plan[list[Brief]]:
    """Ends tasks no worker is at, whose rows are locked, with a state and a reason; the caller settles them."""
    reason = text(error)
    rows = yield Q.end_waiting.each((task.id, task.state, state.value, reason, ledger.now) for task in tasks)
    ended = {row[0]: brief_from(row) for row in rows}
    for task in tasks:
        if task.id not in ended:
            raise IllegalTransition(task.state, state)
        ledger.moved(task, task.state, state, error=error)
    return [ended[task.id] for task in tasks]


def _release_dependents(task: Brief, ledger: Ledger) -> Plan[list[Brief]]:
    """Counts the end of `task` for those that wait for it; returns the ones that were skipped."""
    skipped: list[Brief] = []
    for dependent_id in sorted(row[0] for row in (yield Q.take_dependents(task.id))):
        rows = yield Q.meet(dependent_id)
        dependent = brief_from(rows[0]) if rows else None
        if dependent is None or not dependent.is_waiting:
            continue
        if task.state != State.COMPLETED and not dependent.even_if_failed:
            message = f"task {task.number} it depends on ended {task.state}"
            error = TaskError(type="DependencyFailed", message=message, code="dependency")
            skipped += yield from end_waiting([dependent], State.SKIPPED, error, ledger)
        elif dependent.state == State.BLOCKED and dependent.unmet == 0:
            yield from place(dependent, ledger)
    return skipped
