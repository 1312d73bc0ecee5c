"""Looking at tasks: one, some, a tree."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from taskward.model.errors import NotFound
from taskward.model.states import FINAL, WAITING, State
from taskward.model.task import Report, Task
from taskward.model.tree import Folded
from taskward.ports import Asked, Board, Role, Tally, Tree, TreeNode
from taskward.store.catalogue import Row
from taskward.store.plan import PIECE, Plan, Q
from taskward.store.rows import task_from
from taskward.store.small import settings
from taskward.store.steering import missing

_folded = msgspec.json.Decoder(Folded).decode


def get(task_id: bytes) -> Plan[Task]:
    rows = yield Q.get_task(task_id)
    if not rows:
        yield from missing(task_id)
    return task_from(rows[0])


def asked(task_id: bytes) -> Plan[Asked]:
    rows = yield Q.get_asked(task_id)
    if not rows:
        yield from missing(task_id)
    [(args, gate)] = rows
    told = yield Q.lane_urls(task_id)
    return Asked(str(args).encode(), gate, tuple(url for (url,) in told if url is not None) if told else None)


_FARTHEST = 100_000
"""Places behind this one are not told apart."""


def places(tasks: Sequence[Task]) -> Plan[dict[UUID, int]]:
    """See `taskward.ports.Tasks.places`."""
    found: dict[UUID, int] = {}
    for state in WAITING:
        waiting = {task.number: task for task in tasks if task.state is state}
        if not waiting:
            continue
        clients, numbers = sorted({task.client for task in waiting.values()}), list(waiting)
        if state is State.QUEUED:
            pools = sorted({task.pool for task in waiting.values()})
            rows = yield Q.queue_places(pools, clients, numbers, _FARTHEST)
        else:
            rows = yield Q.waiting_places(state.value, clients, numbers, _FARTHEST)
        placed: dict[int, int] = dict(rows)  # type: ignore[arg-type]
        found |= {task.id: placed.get(number, _FARTHEST + 1) for number, task in waiting.items()}
    return found


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
        live: defaultdict[UUID | None, list[Task]] = defaultdict(list)
        folded: defaultdict[UUID, list[Folded]] = defaultdict(list)
        parents = [node.task.id.bytes for node in level if node.task is not None]
        for row in (yield from _first_below(parents, max(room, 0))):
            if len(row) == 2:
                folded[UUID(bytes=row[0])].append(_folded(row[1]))
            else:
                task = task_from(row)
                live[task.parent_id].append(task)
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


def _first_below(parents: Sequence[bytes], most: int) -> Plan[list[Row]]:
    """Live and folded children of the first of these parents: all there are, or else more than `most`.

    Where there are too many, the first parents are asked alone, so that it is their children that are shown.
    """
    if not parents:
        return []
    if len(parents) <= PIECE:
        rows = [*(yield Q.live_below(list(parents), most + 1)), *(yield Q.folded_below(list(parents), most + 1))]
        if len(rows) <= most or len(parents) == 1:
            return rows
    half = (len(parents) + 1) // 2
    rows = yield from _first_below(parents[:half], most)
    if len(rows) > most:
        return rows
    return rows + (yield from _first_below(parents[half:], most - len(rows)))


def _goes_on(level: Sequence[TreeNode]) -> Plan[bool]:
    """Whether anything lies below the last level shown."""
    if any(node.folded is not None and node.folded.children for node in level):
        return True
    parents = [node.task.id.bytes for node in level if node.task is not None]
    return bool((yield from _first_below(parents, 0)))


def reports(task_id: bytes) -> Plan[list[Report]]:
    rows = yield Q.reports(task_id)
    return [Report(code, done, total, unit, message, State(state)) for code, done, total, unit, message, state in rows]


def tallies() -> Plan[list[Tally]]:
    return [
        Tally(client, operation, queue, State(state), Role(role), count)
        for client, operation, queue, state, role, count in (yield Q.tallies())
    ]


def board(client: str, limit: int) -> Plan[Board]:
    """See `taskward.ports.Tasks.board`."""
    running, queued, scheduled = [
        [task_from(row) for row in rows]
        for rows in [
            (yield Q.board(State.RUNNING.value, client, limit)),
            (yield Q.board(State.QUEUED.value, client, limit)),
            (yield Q.board(State.SCHEDULED.value, client, limit)),
        ]
    ]
    found = yield from places([*running, *queued, *scheduled])
    return Board(running, queued, scheduled, found, (yield from settings(client)), (yield from settings("")))


def forgotten(client: str) -> Plan[int]:
    [(count,)] = yield Q.forgotten(client)
    return int(count)
