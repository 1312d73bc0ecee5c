"""Looking at tasks: one, its tree, and why it waits."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from taskward.model.errors import NotFound
from taskward.model.pools import Pool
from taskward.model.states import FINAL, State
from taskward.model.task import Report, Task
from taskward.model.tree import Folded
from taskward.ports import Obstacle, Tally, Tree, TreeNode
from taskward.store.plan import Plan, Q
from taskward.store.rows import task_from
from taskward.store.steering import missing

_folded = msgspec.json.Decoder(Folded).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_FEW = 5
"""How many blocking tasks an explanation names."""


def get(task_id: bytes) -> Plan[Task]:
    rows = yield Q.get_task(task_id)
    if not rows:
        yield from missing(task_id)
    return task_from(rows[0])


def args(task_id: bytes) -> Plan[bytes]:
    rows = yield Q.get_args(task_id)
    if not rows:
        yield from missing(task_id)
    return str(rows[0][0]).encode()


def by_number(number: int) -> Plan[Task]:
    rows = yield Q.get_task_by_number(number)
    if not rows:
        raise NotFound("task", number)
    return task_from(rows[0])


def get_many(ids: Sequence[bytes]) -> Plan[dict[UUID, Task]]:
    found: dict[UUID, Task] = {}
    for start in range(0, len(ids), 1000):
        tasks = map(task_from, (yield Q.get_tasks(list(ids[start : start + 1000]))))
        found.update((task.id, task) for task in tasks)
    return found


def children(task_id: bytes) -> Plan[list[Task]]:
    return [task_from(row) for row in (yield Q.children_of(task_id))]


def descendants(task_id: bytes) -> Plan[list[Task]]:
    below = [row[0] for row in (yield Q.unfinished_below(task_id))]
    found = yield from get_many(below)
    return [task for one in below if (task := found.get(UUID(bytes=one))) is not None and task.state not in FINAL]


def tree(task_id: bytes, depth: int, limit: int) -> Plan[Tree]:
    """Breadth first, level by level: one statement for the live nodes of a level and one for the folded."""
    start = yield from get(task_id)
    nodes = [TreeNode(0, task=start)]
    level: list[TreeNode] = nodes[:]
    for below in range(1, depth + 1):
        room = limit - len(nodes)
        parents = [node.task.id.bytes for node in level if node.task is not None]
        live: defaultdict[UUID | None, list[Task]] = defaultdict(list)
        folded: defaultdict[UUID, list[Folded]] = defaultdict(list)
        if parents and room >= 0:
            for row in (yield Q.live_below(parents, room + 1)):
                task = task_from(row)
                live[task.parent_id].append(task)
            for parent_id, record in (yield Q.folded_below(parents, room + 1)):
                folded[UUID(bytes=parent_id)].append(_folded(record))
        following: list[TreeNode] = []
        for node in level:
            if node.task is not None:
                following += (TreeNode(below, task=task) for task in live[node.task.id])
                following += (TreeNode(below, folded=record) for record in folded[node.task.id])
            elif node.folded is not None:
                following += (TreeNode(below, folded=record) for record in node.folded.children)
        if not following:
            return Tree(tuple(nodes), truncated=False)
        if len(following) > room:
            return Tree((*nodes, *following[: max(room, 0)]), truncated=True)
        nodes += following
        level = following
    return Tree(tuple(nodes), truncated=(yield from _goes_on(level)))


def _goes_on(level: Sequence[TreeNode]) -> Plan[bool]:
    """Whether anything lies below the last level shown."""
    if any(node.folded is not None and node.folded.children for node in level):
        return True
    parents = [node.task.id.bytes for node in level if node.task is not None]
    if not parents:
        return False
    return bool((yield Q.live_below(parents, 1)) or (yield Q.folded_below(parents, 1)))


def reports(task_id: bytes) -> Plan[list[Report]]:
    rows = yield Q.reports(task_id)
    return [Report(code, done, total, unit, message, State(state)) for code, done, total, unit, message, state in rows]


def tallies() -> Plan[list[Tally]]:
    return [
        Tally(client, operation, queue, State(state), count)
        for client, operation, queue, state, count in (yield Q.tallies())
    ]


# ------------------------------------------------------------------ why


def obstacles(task_id: bytes, now: int) -> Plan[list[Obstacle]]:
    """See `taskward.ports.Tasks.obstacles`."""
    task = yield from get(task_id)
    found: list[Obstacle] = []
    if task.state is State.PAUSED:
        found.append(Obstacle("paused", "held by an operator; resume it"))
    if task.state not in (State.SCHEDULED, State.BLOCKED, State.QUEUED, State.PAUSED):
        return []
    micros = (yield Q.run_at_of(task_id))[0][0]
    if micros is not None and micros > now and task.run_at is not None:
        found.append(Obstacle("run_at", f"not before {task.run_at.isoformat()}", {"run_at": task.run_at}))
    if task.gate is not None:
        found.append(Obstacle("gate", f"until {task.gate} answers 2xx or 3xx", {"url": task.gate}))
    found += yield from _dependencies(task)
    found += yield from _resources(task)
    if task.state is State.QUEUED:
        found += yield from _pool(task)
        found += yield from _queue(task)
    return found


def _dependencies(task: Task) -> Plan[list[Obstacle]]:
    rows = yield Q.dependencies(task.id.bytes)
    final = {state.value for state in FINAL}
    waiting = [
        {"id": UUID(bytes=row[0]), "state": row[1], "number": row[2], "name": row[3]}
        for row in rows
        if row[1] not in final
    ]
    if not waiting:
        return []
    return [
        Obstacle(
            "dependencies", f"{len(waiting)} of {len(rows)} tasks it depends on have not ended", {"tasks": waiting}
        )
    ]


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
    pool = Pool(*rows[0])
    if pool.admits(task.priority):
        return []
    facts = {"pool": pool, "urgent": pool.is_urgent(task.priority)}
    if pool.free and not pool.is_urgent(task.priority):
        detail = (
            f"the {pool.free} free slots of pool {pool.name} are reserved for priority {pool.threshold} and more urgent"
        )
    else:
        detail = f"all {pool.limit} slots of pool {pool.name} are taken"
    return [Obstacle("pool", detail, facts)]


def _queue(task: Task) -> Plan[list[Obstacle]]:
    found: list[Obstacle] = []
    ahead = (yield Q.ahead_in_queue(task.pool, task.queue, task.priority, task.number, 1001))[0][0]
    if ahead:
        count = "more than 1000" if ahead > 1000 else str(ahead)
        detail = f"{count} tasks of queue {task.queue} are ahead by priority and age"
        found.append(Obstacle("position", detail, {"ahead": ahead, "queue": task.queue, "priority": task.priority}))
    if any(row[0] == task.queue and row[1] for row in (yield Q.queues())):
        found.append(Obstacle("worker", f"queue {task.queue} is paused", {"queue": task.queue, "paused": True}))
        return found
    workers = [(_names(queues), _names(operations)) for queues, operations in (yield Q.live_workers())]
    serving = [operations for queues, operations in workers if task.queue in queues]
    if not serving:
        found.append(
            Obstacle("worker", f"no live worker serves queue {task.queue}", {"queue": task.queue, "workers": 0})
        )
    elif not any(task.operation in operations for operations in serving):
        facts = {"queue": task.queue, "operation": task.operation, "workers": len(serving)}
        found.append(Obstacle("worker", f"no live worker of queue {task.queue} knows {task.operation}", facts))
    elif not found:
        found.append(
            Obstacle("worker", "next in line: waits for a free worker", {"queue": task.queue, "workers": len(serving)})
        )
    return found
