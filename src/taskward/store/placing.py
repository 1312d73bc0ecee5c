"""Where an accepted task waits: the gates of admission in their order.

time and gate -> dependencies -> resources -> the ready line. A task joins the lines of its resources only when the
gates before them are open, so a task scheduled for next week never holds up one that can run today.
"""

from taskward.model.states import State
from taskward.store import lines
from taskward.store.plan import Ledger, Plan, Q
from taskward.store.rows import Brief, resources_from


def place(task: Brief, ledger: Ledger) -> Plan[State]:
    """Puts a waiting task that is in no line where it belongs now; returns the state it got."""
    ungranted = 0
    if task.gate is not None or (task.run_at is not None and task.run_at > ledger.now):
        state = State.SCHEDULED
    elif task.unmet:
        state = State.BLOCKED
    else:
        if task.resources != "[]":
            ungranted = yield from lines.join(task.id, resources_from(task.resources))
        state = State.BLOCKED if ungranted else State.QUEUED
    yield Q.place(task.id, task.state, state, ungranted, task.run_at, ledger.now)
    if state != task.state:
        ledger.moved(task, task.state, state)
    return state


def withdraw(task: Brief, ledger: Ledger) -> Plan[None]:
    """Takes a waiting task out of the lines it is in."""
    if task.resources != "[]" and task.state in (State.BLOCKED, State.QUEUED):
        yield from lines.leave([task.id], [resource.name for resource in resources_from(task.resources)], ledger)
