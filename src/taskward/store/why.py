"""Why a task waits: every closed gate between it and its start, with the thing behind it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from taskward.model.masking import mask_text
from taskward.model.pools import Pool
from taskward.model.states import WAITING, State
from taskward.model.task import Task
from taskward.ports import Obstacle
from taskward.store.plan import Plan, Q
from taskward.store.reading import get
from taskward.store.rows import micros_or_none, pool_from

_names = msgspec.json.Decoder(tuple[str, ...]).decode
_FEW = 5
"""How many blocking tasks an explanation names."""
_MOST_AHEAD = 1000
"""A place farther back than this is not counted."""


def obstacles(task_id: bytes, now: int) -> Plan[list[Obstacle]]:
    """See `taskward.ports.Tasks.obstacles`."""
    task = yield from get(task_id)
    if task.state not in WAITING:
        return []
    found: list[Obstacle] = []
    if task.run_at is not None and (micros_or_none(task.run_at) or 0) > now:
        found.append(Obstacle("run_at", f"not before {task.run_at.isoformat()}", {"run_at": task.run_at}))
    if task.gate is not None:
        found.append((yield from _gate(task, task.gate)))
    found += yield from _dependencies(task)
    found += yield from _resources(task)
    if task.state is State.PAUSED:
        found.append(Obstacle("paused", "held by an operator; resume it"))
    found += yield from _pool(task)
    if task.state is State.QUEUED:
        found += yield from _position(task)
    found += yield from _workers(task)
    if not found:
        found.append(Obstacle("worker", "next in line: waits for a free worker", {"queue": task.queue}))
    return found


def _gate(task: Task, gate: str) -> Plan[Obstacle]:
    url = mask_text(gate)
    said = [mask_text(row[0]) for row in (yield Q.gate_said(task.id.bytes)) if row[0]]
    detail = "; when it was asked last: ".join([f"until {url} answers 2xx or 3xx", *said])
    return Obstacle("gate", detail, {"url": url, "said": said[0] if said else None})


def _dependencies(task: Task) -> Plan[list[Obstacle]]:
    rows = yield Q.dependencies(task.id.bytes)
    if not rows:
        return []
    waiting = [{"id": UUID(bytes=row[0]), "state": row[1], "number": row[2], "name": row[3]} for row in rows]
    detail = f"{len(rows)} tasks it depends on have not ended"
    if len(rows) == 1:
        detail = f"task {rows[0][2]} ({rows[0][3]}), which it depends on, has not ended"
    return [Obstacle("dependencies", detail, {"tasks": waiting})]


def _resources(task: Task) -> Plan[list[Obstacle]]:
    found: list[Obstacle] = []
    for resource, ticket, exclusive, granted in (yield Q.wanted(task.id.bytes)):
        if granted:
            continue
        ahead = yield Q.ahead(resource, ticket, exclusive, _FEW)
        holders = [
            {
                "id": UUID(bytes=row[0]),
                "exclusive": bool(row[1]),
                "holds": bool(row[2]),
                "number": row[3],
                "name": row[4],
                "state": row[5],
            }
            for row in ahead
        ]
        verb = "held by" if holders and holders[0]["holds"] else "wanted earlier by"
        who = f"task {holders[0]['number']} ({holders[0]['name']})" if holders else "another task"
        facts = {"resource": resource, "exclusive": bool(exclusive), "tasks": holders}
        found.append(Obstacle("resources", f"{resource} is {verb} {who}", facts))
    return found


def _pool(task: Task) -> Plan[list[Obstacle]]:
    if not task.pool:
        return []
    rows = yield Q.get_pool(task.pool)
    if not rows:
        return [Obstacle("pool", f"pool {task.pool} does not exist any more", {"pool": task.pool})]
    pool = pool_from(rows[0])
    if pool.admits(task.priority):
        return (yield from _outer_pool(task, pool))
    facts = {"pool": pool, "urgent": pool.is_urgent(task.priority)}
    if pool.free and not pool.is_urgent(task.priority):
        detail = (
            f"the {pool.free} free slots of pool {pool.name} are reserved for priority {pool.threshold} and more urgent"
        )
    else:
        detail = f"all {pool.limit} slots of pool {pool.name} are taken"
    return [Obstacle("pool", detail, facts)]


def _outer_pool(task: Task, pool: Pool) -> Plan[list[Obstacle]]:
    rows = (yield Q.get_pool(pool.within)) if pool.within else []
    for outer in map(pool_from, rows):
        if not (outer.free if pool.is_urgent(task.priority) else outer.free_ordinary):
            detail = f"all {outer.limit} slots of pool {outer.name}, around pool {pool.name}, are taken"
            return [Obstacle("pool", detail, {"pool": outer, "urgent": pool.is_urgent(task.priority)})]
    return []


def _position(task: Task) -> Plan[list[Obstacle]]:
    [(ahead,)] = yield Q.ahead_in_queue(task.pool, task.queue, task.priority, task.number, _MOST_AHEAD + 1)
    if not ahead:
        return []
    count = f"more than {_MOST_AHEAD}" if ahead > _MOST_AHEAD else str(ahead)
    detail = f"{count} tasks of queue {task.queue} are ahead by priority and age"
    return [Obstacle("position", detail, {"ahead": ahead, "queue": task.queue, "priority": task.priority})]


def _workers(task: Task) -> Plan[list[Obstacle]]:
    queue = task.queue
    if any(row[0] == queue and row[1] for row in (yield Q.queues())):
        return [Obstacle("worker", f"queue {queue} is paused", {"queue": queue, "paused": True})]
    rows = yield Q.live_workers()
    serving: list[Sequence[str]] = [_names(operations) for queues, operations in rows if queue in _names(queues)]
    if not serving:
        return [Obstacle("worker", f"no live worker serves queue {queue}", {"queue": queue, "workers": 0})]
    if not any(task.operation in operations for operations in serving):
        facts = {"queue": queue, "operation": task.operation, "workers": len(serving)}
        return [Obstacle("worker", f"no live worker of queue {queue} knows {task.operation}", facts)]
    return []
