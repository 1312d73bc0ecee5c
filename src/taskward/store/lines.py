"""The lines before resources: joining, leaving, and waking the next, all by index.

The rule is `taskward.model.resources.grantable`; these plans apply it by looking only at the head of a line.
"""

from collections.abc import Iterable, Sequence

from taskward.model.policy import Resource
from taskward.model.states import State
from taskward.store.plan import Ledger, Plan, Q
from taskward.store.rows import brief_from

_BATCH = 1 << 20
"""More than ever join with one ticket number."""


def lock(resources: Iterable[str]) -> Plan[None]:
    """Holds the lines of these resources still for everybody else, to the end of the transaction.

    Taken before the rows of tasks are locked, so that two transactions do not wait for each other.
    """
    names = sorted(set(resources))
    if names:
        yield Q.lock_resources(names)


def join(tasks: Sequence[tuple[bytes, Sequence[Resource]]]) -> Plan[list[int]]:
    """Each task joins the lines of all its resources, which are locked, at once, and one after the other.

    Returns in how many lines others are ahead of it, for each.
    """
    [(batch,)] = yield Q.next_ticket()
    places: list[tuple[str, int, bytes, bool]] = []
    for position, (task_id, resources) in enumerate(tasks):
        wanted: dict[str, bool] = {}
        for resource in resources:
            wanted[resource.name] = wanted.get(resource.name, False) or resource.exclusive
        ticket = batch * _BATCH + position
        places += ((name, ticket, task_id, exclusive) for name, exclusive in wanted.items())
    granted = yield Q.join_line.each(places)
    ahead = dict.fromkeys((task_id for task_id, _ in tasks), 0)
    for (_, _, task_id, _), row in zip(places, granted, strict=True):
        ahead[task_id] += not row[0]
    return list(ahead.values())


def leave(task_ids: Iterable[bytes], resources: Iterable[str], ledger: Ledger) -> Plan[None]:
    """Takes tasks out of every line they are in and lets the next ones go.

    `resources` are the names those tasks want. Locks them.
    """
    names = sorted(set(resources))
    yield from lock(names)
    yield Q.leave_lines.each((task_id,) for task_id in task_ids)
    for name in names:
        yield from _advance(name, ledger)


def _advance(resource: str, ledger: Ledger) -> Plan[None]:
    """Grants from the head of a line: one exclusive place, or shared ones up to the next exclusive."""
    while True:
        granted = yield Q.grant_next(resource)
        if not granted:
            return
        [(task_id, exclusive)] = granted
        rows = yield Q.unblock(task_id, ledger.now)
        for row in rows:
            task = brief_from(row)
            if task.state == State.QUEUED:
                ledger.moved(task, State.BLOCKED, State.QUEUED)
        if exclusive:
            return
