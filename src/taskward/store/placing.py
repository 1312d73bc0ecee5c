"""Where an accepted task waits: the gates of admission in their order.

time and gate -> dependencies -> resources -> the ready line. A task joins the lines of its resources only when the
gates before them are open, so a task scheduled for next week never holds up one that can run today.
"""

from taskward.model.errors import IllegalTransition
from taskward.model.states import State
from taskward.store import lines
from taskward.store.plan import Ledger, Plan, Q
from taskward.store.rows import Brief, resources_from


def is_closed(task: Brief, now: int) -> bool:
    """Whether its time is to come, or it has a gate."""
    return task.gate is not None or (task.run_at is not None and task.run_at > now)


def place(task: Brief, ledger: Ledger) -> Plan[State]:
    """Puts a waiting task that is in no line where it belongs now; returns the state it got."""
    ungranted = 0
    if is_closed(task, ledger.now):
        state = State.SCHEDULED
    elif task.unmet:
        state = State.BLOCKED
    else:
        if task.resources != "[]":
            wanted = resources_from(task.resources)
            yield from lines.lock(resource.name for resource in wanted)
            [ungranted] = yield from lines.join([(task.id, wanted)])
        state = State.BLOCKED if ungranted else State.QUEUED
    yield from move(task, state, ledger, ungranted=ungranted)
    return state


def move(task: Brief, state: State, ledger: Ledger, *, ungranted: int = 0) -> Plan[None]:
    """Moves a waiting task, whose row is locked, to a waiting state."""
    if not (yield Q.place(task.id, task.state, state.value, ungranted, task.run_at, ledger.now)):
        raise IllegalTransition(task.state, state)
    if state != task.state:
        ledger.moved(task, task.state, state)


def withdraw(task: Brief, ledger: Ledger) -> Plan[None]:
    """Takes a waiting task out of the lines it is in."""
    if task.resources != "[]" and task.state in (State.BLOCKED, State.QUEUED):
        yield from lines.leave([task.id], [resource.name for resource in resources_from(task.resources)], ledger)
