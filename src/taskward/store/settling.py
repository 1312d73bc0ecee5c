"""What the end of a task sets off: slots, lines, dependents, folding."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence

import msgspec

from taskward.model.states import State
from taskward.model.task import Kind, Task, TaskError
from taskward.model.tree import Folded, absorb
from taskward.ports import Topic
from taskward.store import lines
from taskward.store.placing import place, withdraw
from taskward.store.plan import Ledger, Plan, Q, text
from taskward.store.rows import Brief, brief_from, resources_from, task_from

_folded = msgspec.json.Decoder(Folded).decode
_SOON = 60_000_000


def free_slots(ended: Iterable[Brief], ledger: Ledger) -> Plan[None]:
    """Gives back the pool slots of attempts that ended."""
    freed: Counter[str] = Counter()
    ordinary: Counter[str] = Counter()
    for task in ended:
        if task.charge:
            freed[task.pool] += 1
            ordinary[task.pool] += task.charge == 2
    if freed:
        yield Q.fill_pool.each((name, -freed[name], -ordinary[name]) for name in sorted(freed))
        ledger.wake(Topic.WORK)


def settle(ended: Sequence[Brief], ledger: Ledger) -> Plan[None]:
    """Does everything that follows when tasks have become final.

    Those that wanted resources leave their lines, dependents are placed or skipped (and settled in turn), and what
    folds is folded.
    """
    pending = deque(ended)
    while pending:
        batch = list(pending)
        pending.clear()
        locked = [task for task in batch if task.resources != "[]"]
        if locked:
            names = [resource.name for task in locked for resource in resources_from(task.resources)]
            yield from lines.leave([task.id for task in locked], names, ledger)
        for task in batch:
            if task.has_dependents:
                pending.extend((yield from _release_dependents(task, ledger)))
            if task.expires_at is not None and task.expires_at < ledger.now + _SOON:
                ledger.wake(Topic.TIMERS)
        for task in batch:
            if task.parent_id is not None:
                yield from _fold(task, ledger)


def end_waiting(task: Brief, state: State, error: TaskError | None, ledger: Ledger) -> Plan[Brief]:
    """Ends a task no worker is at, with a state and a reason; the caller settles it."""
    yield from withdraw(task, ledger)
    yield Q.end_waiting(task.id, task.state, state, None if error is None else text(error), ledger.now)
    ledger.moved(task, task.state, state, **({} if error is None else {"error": error}))
    [row] = yield Q.lock_task(task.id)
    return brief_from(row)


def _release_dependents(task: Brief, ledger: Ledger) -> Plan[list[Brief]]:
    """Counts the end of `task` for those that wait for it; returns the ones that were skipped."""
    skipped: list[Brief] = []
    for (dependent_id,) in (yield Q.dependents(task.id)):
        rows = yield Q.meet(dependent_id)
        if not rows:
            continue
        dependent = brief_from(rows[0])
        if not dependent.is_waiting:
            continue
        if task.state != State.COMPLETED and not dependent.even_if_failed:
            error = TaskError(
                type="DependencyFailed",
                message=f"task {task.number} it depends on ended {task.state}",
                code="dependency",
            )
            skipped.append((yield from end_waiting(dependent, State.SKIPPED, error, ledger)))
        elif dependent.state == State.BLOCKED and dependent.unmet == 0:
            yield from place(dependent, ledger)
    return skipped


def _fold(task: Brief, ledger: Ledger) -> Plan[None]:
    """Folds a finished task that folds, and then its parent if that only waited for this."""
    current: Brief | None = task
    while current is not None and current.parent_id is not None and current.is_final:
        if current.folds:
            if (yield Q.unfinished_child(current.id)):
                return
            yield from _fold_into_parent(current, ledger)
        rows = yield Q.lock_task(current.parent_id)
        parent = brief_from(rows[0]) if rows else None
        current = parent if parent is not None and parent.folds else None


def _fold_into_parent(task: Brief, ledger: Ledger) -> Plan[None]:
    """Replaces a task's row by a record under its parent."""
    rows = yield Q.get_task(task.id)
    if not rows:
        return
    full = task_from(rows[0])
    children = [_folded(row[0]) for row in (yield Q.take_folds(task.id))]
    # Children that finished unfolded (a spawn key keeps them) go the same way as folded ones.
    for row in (yield Q.children_of(task.id)):
        children.append(record_of(task_from(row), (), {}))
        yield from remove_row(brief_from((yield Q.lock_task(row[0]))[0]), ledger)
    kept, dropped = absorb(children)
    for state, count in full.dropped.items():
        dropped[state] = dropped.get(state, 0) + count
    record = record_of(full, kept, dropped)
    yield Q.insert_fold.each([(task.parent_id, task.root_id, text(record))])
    yield Q.count_folds(task.parent_id, 1, record.progress.done, record.progress.total or 0, ledger.now)
    yield from remove_row(task, ledger)


def record_of(task: Task, children: tuple[Folded, ...], dropped: dict[str, int]) -> Folded:
    """The record that stays of a task under its parent."""
    if task.parent_id is None:
        raise ValueError("a root does not fold")
    return Folded(
        id=task.id, parent_id=task.parent_id, kind=task.kind, operation=task.operation, name=task.name,
        type=task.type, scope=task.scope, labels=task.labels, state=task.state, abortable=task.abortable,
        internal=task.internal, number=task.number, attempt=task.attempt, created_at=task.created_at,
        started_at=task.started_at, finished_at=task.finished_at, error=task.error, progress=task.progress,
        children=children, dropped=dropped,
    )  # fmt: skip


def remove_row(task: Brief, ledger: Ledger) -> Plan[None]:
    """Removes the row of one finished task and what hangs on its number; its journal stays with the root."""
    if task.kind != Kind.STEP:
        ledger.count(task.client, task.operation, task.queue, task.state, -1)
    yield Q.delete_labels(task.number)
    yield Q.delete_task_resources(task.number)
    yield Q.delete_task(task.id)
