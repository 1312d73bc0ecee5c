"""What operators do to tasks: cancel, pause, resume, change; and what time does: advance, open gates."""

from uuid import UUID

import msgspec

from taskward.model.errors import Conflict, Gone, IllegalTransition, NotAbortable, NotFound, VersionMismatch
from taskward.model.states import State
from taskward.model.task import Kind, Task, TaskError
from taskward.ports import Change, Topic
from taskward.store.placing import place, withdraw
from taskward.store.plan import Ledger, Plan, Q, text
from taskward.store.rows import Brief, brief_from, micros_or_none, task_from
from taskward.store.settling import end_waiting, settle


def load(task_id: bytes) -> Plan[Brief]:
    """The row of a task, locked for this transaction. Raises NotFound, Gone."""
    rows = yield Q.lock_task(task_id)
    if not rows:
        yield from missing(task_id)
    return brief_from(rows[0])


def missing(task_id: bytes) -> Plan[None]:
    """Raises Gone for an id that existed, NotFound for another."""
    if (yield Q.is_buried(task_id)):
        raise Gone("task", UUID(bytes=task_id))
    raise NotFound("task", UUID(bytes=task_id))


def view(task_id: bytes) -> Plan[Task]:
    [row] = yield Q.get_task(task_id)
    return task_from(row)


def cancel(task_id: bytes, reason: str, now: int) -> Plan[list[Task]]:
    """See `taskward.ports.Tasks.cancel`."""
    task = yield from load(task_id)
    if task.state in (State.CANCELING, State.CANCELED):
        return [(yield from view(task_id))]
    if task.is_final:
        raise IllegalTransition(
            task.state, State.CANCELED, f"task {task.number} has ended {task.state} and cannot be canceled"
        )
    if not task.abortable:
        raise NotAbortable(f"task {task.number} was declared not abortable")
    ledger = Ledger(now)
    error = TaskError(type="Canceled", message=reason or "canceled on request", code="canceled")
    below = [row[0] for row in (yield Q.unfinished_below(task_id))]
    touched: list[bytes] = []
    ended: list[Brief] = []
    for one_id in [task_id, *below]:
        rows = yield Q.lock_task(one_id)
        if not rows:
            continue
        one = brief_from(rows[0])
        if one.is_waiting:
            ended.append((yield from end_waiting(one, State.CANCELED, error, ledger)))
        elif one.state == State.RUNNING and one.kind == Kind.EXTERNAL:
            yield Q.ask_to_stop(one.id, now)
            ledger.moved(one, State.RUNNING, State.CANCELING, "state", reason=reason)
            ended.append((yield from end_waiting_external(one, error, ledger)))
        elif one.state == State.RUNNING and one.kind == Kind.TASK:
            yield Q.ask_to_stop(one.id, now)
            ledger.moved(one, State.RUNNING, State.CANCELING, "state", reason=reason)
            ledger.wake(Topic.CANCEL)
        else:
            continue
        touched.append(one.id)
    yield from settle(ended, ledger)
    yield from ledger.write()
    found = {row[0]: task_from(row) for row in (yield Q.get_tasks(touched))}
    return [found[one_id] for one_id in touched if one_id in found]


def end_waiting_external(task: Brief, error: TaskError, ledger: Ledger) -> Plan[Brief]:
    """Ends work tracked from outside that was asked to stop: nobody here can stop it, and nobody waits for it."""
    [row] = yield Q.finish_external(task.id, State.CANCELED, None, text(error), ledger.now)
    ended = brief_from(row)
    ledger.moved(ended, State.CANCELING, State.CANCELED, "state", error=error)
    return ended


def finish_external(
    task_id: bytes, state: State, result: bytes | None, error: TaskError | None, now: int
) -> Plan[Task]:
    """Ends work tracked from outside as its owner says. Raises NotFound, Gone, Conflict."""
    task = yield from load(task_id)
    if task.kind != Kind.EXTERNAL:
        raise Conflict(
            f"task {task.number} is run by a worker: only work tracked from outside is ended by its reporter"
        )
    if task.is_final:
        raise IllegalTransition(task.state, state, f"task {task.number} has already ended {task.state}")
    ledger = Ledger(now)
    rows = yield Q.finish_external(
        task_id,
        state.value,
        None if result is None else result.decode(),
        None if error is None else text(error),
        now,
    )
    ended = brief_from(rows[0])
    ledger.moved(ended, task.state, ended.state, "state", **({} if error is None else {"error": error}))
    yield from settle([ended], ledger)
    yield from ledger.write()
    return (yield from view(task_id))


def pause(task_id: bytes, now: int) -> Plan[Task]:
    """See `taskward.ports.Tasks.pause`."""
    task = yield from load(task_id)
    ledger = Ledger(now)
    if task.state == State.RUNNING and task.pausable:
        if not task.pausing:
            yield Q.ask_to_pause(task_id, True, now)
            ledger.event(task.id, task.root_id, task.client, "updated", {"pausing": True})
            ledger.wake(Topic.CANCEL)
    elif task.is_waiting and task.state != State.PAUSED:
        yield from withdraw(task, ledger)
        yield Q.place(task.id, task.state, State.PAUSED.value, 0, task.run_at, now)
        ledger.moved(task, task.state, State.PAUSED)
    elif task.state != State.PAUSED:
        hint = "its operation has no checkpoints" if task.state == State.RUNNING else ""
        raise IllegalTransition(
            task.state,
            State.PAUSED,
            f"task {task.number} is {task.state} and cannot be paused" + (hint and f": {hint}"),
        )
    yield from ledger.write()
    return (yield from view(task_id))


def resume(task_id: bytes, now: int) -> Plan[Task]:
    """See `taskward.ports.Tasks.resume`."""
    task = yield from load(task_id)
    ledger = Ledger(now)
    if task.state == State.RUNNING and task.pausing:
        yield Q.ask_to_pause(task_id, False, now)
        ledger.event(task.id, task.root_id, task.client, "updated", {"pausing": False})
        ledger.wake(Topic.CANCEL)
    elif task.state == State.PAUSED:
        yield from place(task, ledger)
    else:
        raise IllegalTransition(task.state, State.QUEUED, f"task {task.number} is {task.state}, not paused")
    yield from ledger.write()
    return (yield from view(task_id))


def change(task_id: bytes, wish: Change, now: int) -> Plan[Task]:
    """See `taskward.ports.Tasks.change`."""
    task = yield from load(task_id)
    if wish.if_version is not None and wish.if_version != task.version:
        raise VersionMismatch(f"task {task.number} is at version {task.version}, not {wish.if_version}: read it again")
    steers = wish.priority is not None or wish.run_at is not None or wish.gate is not None or wish.clear_gate
    if steers and not task.is_waiting:
        raise Conflict(f"task {task.number} is {task.state}: priority, run_at and gate change only while a task waits")
    full = yield from view(task_id)
    ledger = Ledger(now)
    priority = full.priority if wish.priority is None else wish.priority
    run_at = full.run_at if wish.run_at is None else wish.run_at
    gate = None if wish.clear_gate else (full.gate if wish.gate is None else wish.gate)
    persist = full.persist if wish.persist is None else wish.persist
    labels = full.labels if wish.labels is None else wish.labels
    [(number,)] = yield Q.change_task(task_id, priority, micros_or_none(run_at), gate, persist, text(labels), now)
    if wish.labels is not None:
        yield Q.delete_labels(number)
        yield Q.insert_label.each((number, name, value) for name, value in labels.items())
    ledger.event(
        task.id, task.root_id, task.client, "updated",
        {"priority": priority, "run_at": run_at, "gate": gate, "persist": persist, "labels": labels},
    )  # fmt: skip
    if wish.run_at is not None or wish.gate is not None or wish.clear_gate:
        if task.state != State.PAUSED:
            changed = msgspec.structs.replace(task, run_at=micros_or_none(run_at), gate=gate)
            yield from withdraw(task, ledger)
            yield from place(changed, ledger)
            ledger.wake(Topic.TIMERS)
    elif wish.priority is not None:
        ledger.wake(Topic.WORK)
    if wish.persist is False:
        ledger.wake(Topic.TIMERS)
    yield from ledger.write()
    return (yield from view(task_id))


def open_gate(task_id: bytes, now: int) -> Plan[Task]:
    """See `taskward.ports.Tasks.open_gate`."""
    task = yield from load(task_id)
    ledger = Ledger(now)
    rows = yield Q.clear_gate(task_id, now)
    if rows and task.state == State.SCHEDULED:
        yield from place(brief_from(rows[0]), ledger)
    yield from ledger.write()
    return (yield from view(task_id))


def advance(now: int, limit: int) -> Plan[int]:
    """See `taskward.ports.Tasks.advance`."""
    ledger = Ledger(now)
    due = [brief_from(row) for row in (yield Q.due(now, limit))]
    for task in due:
        yield from place(task, ledger)
    yield from ledger.write()
    return len(due)


def gated(now: int, asked_before: int, limit: int) -> Plan[list[Task]]:
    """See `taskward.ports.Tasks.gated`."""
    tasks = [task_from(row) for row in (yield Q.gated(now, asked_before, limit))]
    yield Q.note_probe.each((task.id.bytes, now) for task in tasks)
    return tasks


def next_due() -> Plan[int | None]:
    """See `taskward.ports.Tasks.next_due`, in microseconds."""
    due: list[int] = []
    for statement in (Q.next_run_at, Q.next_expiry, Q.next_tick):
        due += (row[0] for row in (yield statement()))
    return min(due, default=None)
