"""What operators do to tasks: cancel, pause, resume, change; and what time does: advance, open gates."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from taskward.model.errors import Conflict, Gone, IllegalTransition, NotAbortable, NotFound, VersionMismatch
from taskward.model.states import State
from taskward.model.task import Kind, Task, TaskError
from taskward.ports import Change, Topic
from taskward.store import lines
from taskward.store.canceling import cancel_tree, canceled, lock_lines_below
from taskward.store.placing import is_closed, move, place, withdraw
from taskward.store.plan import Ledger, Plan, Q, Wake, text
from taskward.store.rows import Brief, brief_from, micros_or_none, resources_from, storable, task_from
from taskward.store.settling import settle


def load(task_id: bytes) -> Plan[Brief]:
    """The row of a task, and the lines it waits in, locked for this transaction. Raises NotFound, Gone."""
    for (wanted,) in (yield Q.wants(task_id)):
        yield from lines.lock(resource.name for resource in resources_from(wanted))
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
    yield from lock_lines_below(task_id)
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
    changed = yield from cancel_tree(task, canceled(reason), ledger)
    yield from ledger.write()
    return changed


def finish_external(
    task_id: bytes, state: State, result: bytes | None, error: TaskError | None, now: int
) -> Plan[Task]:
    """See `taskward.ports.Tasks.finish_external`."""
    task = yield from load(task_id)
    if task.kind != Kind.EXTERNAL:
        raise Conflict(
            f"task {task.number} is run by a worker: only work tracked from outside is ended by its reporter"
        )
    if task.is_final:
        raise IllegalTransition(task.state, state, f"task {task.number} has already ended {task.state}")
    if state not in (State.COMPLETED, State.FAILED, State.CANCELED):
        raise IllegalTransition(
            task.state, state, f"work tracked from outside ends completed, failed or canceled, not {state}"
        )
    ledger = Ledger(now)
    told = None if error is None else text(error)
    rows = yield Q.finish_external(task_id, state.value, None if result is None else result.decode(), told, now)
    ended = brief_from(rows[0])
    facts: dict[str, Any] = {} if error is None else {"error": error}
    if ended.folds and result is not None:
        facts["result"] = result.decode()
    ledger.moved(ended, task.state, ended.state, **facts)
    # It may fold: this is the last that can be seen of it.
    seen = yield from view(task_id)
    yield from settle([ended], ledger)
    yield from ledger.write()
    return seen


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
        yield from move(task, State.PAUSED, ledger)
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


_CHANGED = ("priority", "run_at", "gate", "persist", "labels")


def change(task_id: bytes, wish: Change, now: int) -> Plan[Task]:
    """See `taskward.ports.Tasks.change`."""
    yield from _change_members(task_id, wish, now)
    match wish.state:
        case None:
            return (yield from view(task_id))
        case State.PAUSED:
            return (yield from pause(task_id, now))
        case State.QUEUED:
            return (yield from resume(task_id, now))
        case State.CANCELED:
            return (yield from cancel(task_id, "", now))[0]
        case _:
            raise Conflict(f"a task can be changed to paused, queued or canceled, not to {wish.state}")


def _change_members(task_id: bytes, wish: Change, now: int) -> Plan[None]:
    task = yield from load(task_id)
    if wish.if_version is not None and wish.if_version != task.version:
        raise VersionMismatch(f"task {task.number} is at version {task.version}, not {wish.if_version}: read it again")
    steers = wish.priority is not None or wish.run_at is not None or wish.gate is not None or wish.clear_gate
    if steers and not task.is_waiting:
        raise Conflict(f"task {task.number} is {task.state}: priority, run_at and gate change only while a task waits")
    full = yield from view(task_id)
    ledger = Ledger(now)
    facts = {name: getattr(wish, name) for name in _CHANGED if getattr(wish, name) is not None}
    if wish.clear_gate:
        facts["gate"] = None
    priority, run_at, gate, persist, labels = (facts.get(name, getattr(full, name)) for name in _CHANGED)
    [(number,)] = yield Q.change_task(task_id, priority, micros_or_none(run_at), gate, persist, text(labels), now)
    if wish.labels is not None:
        yield Q.delete_labels(number)
        yield Q.insert_label.each((number, name, value) for name, value in labels.items())
    ledger.event(task.id, task.root_id, task.client, "updated", facts)
    changed = msgspec.structs.replace(task, run_at=micros_or_none(run_at), gate=gate)
    # What is past time and gate, and stays so, keeps its place in every line.
    if task.state == State.SCHEDULED or (task.state in (State.BLOCKED, State.QUEUED) and is_closed(changed, now)):
        yield from withdraw(task, ledger)
        yield from place(changed, ledger)
    if wish.priority is not None:
        ledger.wake(Topic.WORK)
    if wish.persist is not None and task.parent_id is not None:
        yield Q.root_expiry(task.root_id)
    if wish.run_at is not None or wish.persist is False:
        ledger.wake(Topic.TIMERS)
    yield from ledger.write()


def open_gate(task_id: bytes, now: int) -> Plan[Task]:
    """See `taskward.ports.Tasks.open_gate`."""
    task = yield from load(task_id)
    ledger = Ledger(now)
    rows = yield Q.clear_gate(task_id, now)
    if rows:
        ledger.event(task.id, task.root_id, task.client, "updated", {"gate": None})
        ledger.wake(Topic.LOGS)
        yield Q.insert_log(*_gate_line(task_id, now, _INFO, "the gate is open"))
        if task.state == State.SCHEDULED:
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


def gated(now: int, interval: int, limit: int) -> Plan[list[Task]]:
    """See `taskward.ports.Tasks.gated`."""
    tasks = [task_from(row) for row in (yield Q.gated(now, interval, limit))]
    yield Q.note_probe.each((task.id.bytes, now) for task in tasks)
    return tasks


def gate_closed(ids: Sequence[bytes], reason: str, now: int) -> Plan[None]:
    """See `taskward.ports.Tasks.gate_closed`."""
    told = yield Q.note_closed.each((one, reason) for one in ids)
    yield Q.insert_log.each(_gate_line(row[0], now, _WARNING, f"the gate is closed: {reason}") for row in told)
    if told:
        yield Wake(frozenset({Topic.LOGS}))


_INFO, _WARNING = 1, 2


def _gate_line(task_id: bytes, now: int, severity: int, message: str) -> tuple[Any, ...]:
    return (task_id, now, severity, "controller", storable(message), 0, None, True, "{}")


def next_due(now: int, but: Sequence[str]) -> Plan[int | None]:
    """See `taskward.ports.Tasks.next_due`, in microseconds."""
    due: list[int] = []
    for call in (Q.next_run_at(now), Q.next_release(now), Q.next_expiry(), Q.next_tick(list(but))):
        due += (row[0] for row in (yield call))
    return min(due, default=None)
