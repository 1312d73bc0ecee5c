"""Folding: a finished child's row becomes a record under its parent (the rule is `taskward.model.tree`)."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from taskward.model.states import State
from taskward.model.task import Kind, Task, TaskError
from taskward.model.tree import Folded, absorb, on_failed_path, rolled_up
from taskward.ports import Role
from taskward.store.plan import FORGOTTEN, Ledger, Plan, Q, in_pieces, text
from taskward.store.rows import Brief, brief_from, task_from

_folded = msgspec.json.Decoder(Folded).decode
_counts = msgspec.json.Decoder(dict[str, int]).decode
_INTERRUPTED = TaskError(type="Interrupted", message="its run ended before it", code="interrupted")


def fold(ended: Sequence[Brief], ledger: Ledger) -> Plan[None]:
    """Folds what has waited for the end of these tasks: children with a key, themselves, and parents above."""
    for task in ended:
        if task.keeps_children:
            for row in (yield Q.kept_children(task.id)):
                yield from _fold_when_done(brief_from(row), parent_ended=True, ledger=ledger)
    level = [task for task in ended if task.parent_id is not None]
    while level:
        rows = yield from in_pieces(Q.lock_tasks, sorted({task.parent_id for task in level if task.parent_id}))
        parents = {parent.id: parent for parent in map(brief_from, rows)}
        waited: dict[bytes, Brief] = {}
        for task in level:
            parent = parents.get(task.parent_id or b"")
            if parent is None:
                continue
            if task.folds and not (yield from _fold_when_done(task, parent_ended=parent.is_final, ledger=ledger)):
                continue
            if parent.is_final and parent.parent_id is not None:
                # It, or one above it, may have waited for this one.
                waited[parent.id] = parent
        level = list(waited.values())


def _fold_when_done(task: Brief, *, parent_ended: bool, ledger: Ledger) -> Plan[bool]:
    """Folds a finished task unless something below it runs, or a retried parent may ask for it by its key."""
    if (yield Q.is_busy_below(task.id)):
        return False
    if task.key is not None and not parent_ended:
        yield Q.keep_children(task.parent_id)
        return False
    record = yield from _take_record(task.id, ledger)
    if record is not None:
        yield from add_records([record], task.root_id, ledger)
    return True


def _take_record(task_id: bytes, ledger: Ledger) -> Plan[Folded | None]:
    """Removes a finished task and all below it, and gives its record; None when it is not there any more."""
    inside: defaultdict[bytes, list[Folded]] = defaultdict(list)
    record: Folded | None = None
    for row in (yield Q.subtree_upwards(task_id)):
        task = task_from(row)
        folds = sorted((yield Q.take_folds(row[0])), key=lambda fold: fold[1])
        record = record_of(task, [*map(_folded, (fold[0] for fold in folds)), *inside.pop(row[0], ())])
        inside[record.parent_id.bytes].append(record)
        yield from _remove_row(row[0], task, ledger)
    return record


def record_of(task: Task, children: Sequence[Folded]) -> Folded:
    """The record that stays of a task under its parent."""
    if task.parent_id is None:
        raise ValueError("a root does not fold")
    kept, dropped = absorb(children)
    done = sum(child.progress.done for child in children)
    total = sum(child.progress.total or 0 for child in children)
    return Folded(
        id=task.id, parent_id=task.parent_id, kind=task.kind, operation=task.operation, name=task.name,
        type=task.type, scope=task.scope, labels=task.labels, state=task.state, abortable=task.abortable,
        internal=task.internal, number=task.number, attempt=task.attempt, created_at=task.created_at,
        started_at=task.started_at, finished_at=task.finished_at, error=task.error,
        progress=rolled_up(task.progress, done, total), children=kept, dropped=dropped, shard=task.shard,
    )  # fmt: skip


def add_records(records: Sequence[Folded], root_id: bytes, ledger: Ledger) -> Plan[None]:
    """Puts records under their parents, which stay, and counts them there."""
    yield Q.insert_fold.each(
        (record.parent_id.bytes, root_id, text(record), record.id.bytes, on_failed_path(record)) for record in records
    )
    by_parent: defaultdict[bytes, list[Folded]] = defaultdict(list)
    for record in records:
        by_parent[record.parent_id.bytes].append(record)
    yield Q.count_folds.each(
        (
            parent_id,
            len(below),
            float(sum(record.progress.done for record in below)),
            float(sum(record.progress.total or 0 for record in below)),
            ledger.now,
        )
        for parent_id, below in by_parent.items()
    )
    for parent_id, below in by_parent.items():
        if any(record.dropped for record in below):
            for (before,) in (yield Q.dropped(parent_id)):
                dropped = _counts(before)
                for record in below:
                    for state, count in record.dropped.items():
                        dropped[state] = dropped.get(state, 0) + count
                yield Q.set_dropped(parent_id, text(dropped))


def close_steps(task: Brief, ledger: Ledger, error: TaskError = _INTERRUPTED) -> Plan[None]:
    """Ends and folds the steps that the run of `task` left open, inner ones first.

    They end as the task did; those of an attempt that ended without ending its task have failed.
    """
    if task.state == State.COMPLETED:
        state, reason = State.COMPLETED, None
    elif task.state == State.CANCELED:
        state, reason = State.CANCELED, None
    else:
        state, reason = State.FAILED, text(error)
    for (step_id,) in (yield Q.steps_below(task.id)):
        yield Q.end_step(step_id, state.value, reason, ledger.now)
        record = yield from _take_record(step_id, ledger)
        if record is not None:
            yield from add_records([record], task.root_id, ledger)


def _remove_row(task_id: bytes, task: Task, ledger: Ledger) -> Plan[None]:
    """Removes the row of one finished task and what hangs on its number.

    Its journal and its log stay with the root: they tell what became of it.
    """
    if task.kind is not Kind.STEP:
        ledger.count((task.client, task.operation, task.queue, task.state, Role.PART), -1)
        ledger.count((task.client, task.operation, task.queue, FORGOTTEN, Role.PART), +1)
    if task.labels:
        yield Q.delete_labels(task.number)
    if task.resources:
        yield Q.delete_task_resources(task.number)
        yield Q.delete_created_resources(task.number)
    yield Q.delete_task(task_id)
