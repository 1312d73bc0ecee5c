"""Which nodes of a tree to show when there is room for few: the failed paths first, then what runs."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from taskward.model.states import State
from taskward.wire import TreeNodeView

_RANK = {
    State.FAILED: 0,
    State.CANCELED: 1,
    State.RUNNING: 2,
    State.CANCELING: 2,
    State.PAUSED: 3,
    State.COMPLETED: 4,
    State.QUEUED: 5,
    State.BLOCKED: 5,
    State.SCHEDULED: 5,
    State.SKIPPED: 6,
}
_PART_OF_COMPLETED = 7
_AT_MOST = {4: 8, 5: 4, 6: 4, _PART_OF_COMPLETED: 0}
"""Of what has completed, waits or was skipped, how many below one parent when not all fit: more would be restless."""


ENDED = "ended"
"""What has ended in a way that is not known here."""


class Line(Struct, frozen=True):
    """One line of an outline: a node, or the siblings there was no room for.

    `hidden` counts by state what is not shown: below the node when none of that is shown, else beside it.
    """

    guide: str
    """The branch drawn before it."""
    node: TreeNodeView | None = None
    hidden: dict[str, int] = {}


def outline(nodes: Sequence[TreeNodeView], height: int | None = None) -> list[Line]:
    """The tree as at most `height` lines (all of it without), parents before children.

    `nodes` are roots and what is below them. A node is only shown below its shown parent. Descendants that folding
    has forgotten, or that are not among the nodes, are counted with the hidden ones. However small `height` is, the
    first root is shown.
    """
    forest = _Forest(nodes)
    beside = sum(1 for node in nodes if forest.children[node.id] and forest.absent[node.id])
    fits = height is None or len(nodes) + beside <= height
    shown = set(forest.by_id) if height is None or fits else _choose(forest, height)
    lines: list[Line] = []
    _write(forest, shown, None, "", lines)
    return lines


class _Forest:
    """Nodes by id and by parent; roots have the parent None. `absent` counts what is below a node and not a node."""

    def __init__(self, nodes: Sequence[TreeNodeView]) -> None:
        self.by_id = {node.id: node for node in nodes}
        self.children: dict[UUID | None, list[TreeNodeView]] = defaultdict(list)
        for node in nodes:
            self.children[self.parent(node)].append(node)
        self.absent = {node.id: absent(node, self.children[node.id]) for node in nodes}

    def parent(self, node: TreeNodeView) -> UUID | None:
        return node.parent_id if node.parent_id in self.by_id else None


def _choose(forest: _Forest, height: int) -> set[UUID]:
    """The nodes to show: the most urgent ones, each with the path to it, while they fit.

    What a parent hides beside children that are shown takes a line too.
    """
    hidden = Counter({parent: len(children) for parent, children in forest.children.items()})
    hidden.update({node: count.total() for node, count in forest.absent.items()})
    beside: Counter[UUID | None] = Counter()
    ranked: Counter[tuple[UUID | None, int]] = Counter()
    shown: set[UUID] = set()
    for node in sorted(forest.by_id.values(), key=lambda node: _urgency(forest, node)):
        place = (forest.parent(node), _rank(forest, node))
        if node.id in shown or (place[0] is not None and ranked[place] >= _AT_MOST.get(place[1], height)):
            continue
        path = _missing(forest, node, shown)
        parents = [forest.parent(step) for step in path]
        hidden.subtract(parents)
        beside.update(parents)
        lines = len(shown) + len(path) + sum(1 for parent, count in beside.items() if count and hidden[parent])
        if lines > height and shown:
            hidden.update(parents)
            beside.subtract(parents)
        else:
            shown.update(step.id for step in path)
            ranked[place] += 1
    return shown


def _rank(forest: _Forest, node: TreeNodeView) -> int:
    parent = forest.by_id.get(node.parent_id) if node.parent_id else None
    if node.state is State.COMPLETED and parent and parent.state is State.COMPLETED and forest.parent(parent):
        # Parts of a part that has ended well tell nobody anything.
        return _PART_OF_COMPLETED
    return _RANK[node.state]


def _urgency(forest: _Forest, node: TreeNodeView) -> tuple[int, int, float]:
    # Of what has finished the newest, of what is to come the first.
    newest = -node.finished_at.timestamp() if node.finished_at else node.created_at.timestamp()
    return (0 if forest.parent(node) is None else 1, _rank(forest, node), newest)


def _missing(forest: _Forest, node: TreeNodeView, shown: set[UUID]) -> list[TreeNodeView]:
    """The node and those above it that are not shown yet."""
    path: list[TreeNodeView] = []
    current: TreeNodeView | None = node
    while current is not None and current.id not in shown:
        path.append(current)
        parent = forest.parent(current)
        current = None if parent is None else forest.by_id[parent]
    return path


def _write(forest: _Forest, shown: set[UUID], parent: TreeNodeView | None, indent: str, lines: list[Line]) -> None:
    """Writes what is shown below a parent, and a line for what is hidden beside it."""
    visible = [node for node in forest.children[parent.id if parent else None] if node.id in shown]
    beside = _hidden(forest, shown, parent)
    for index, node in enumerate(visible):
        last = index == len(visible) - 1 and not beside
        has_visible = any(child.id in shown for child in forest.children[node.id])
        lines.append(
            Line(
                guide="" if parent is None else indent + ("└─ " if last else "├─ "),
                node=node,
                hidden={} if has_visible else _hidden(forest, shown, node),
            )
        )
        _write(forest, shown, node, "" if parent is None else indent + ("   " if last else "│  "), lines)
    if visible and beside:
        lines.append(Line(guide="" if parent is None else indent + "└─ ", hidden=beside))


def _hidden(forest: _Forest, shown: set[UUID], parent: TreeNodeView | None) -> dict[str, int]:
    children = forest.children[parent.id if parent else None]
    hidden = Counter(node.state.value for node in children if node.id not in shown)
    hidden.update(forest.absent[parent.id] if parent else {})
    return dict(hidden)


def absent(node: TreeNodeView, children: Sequence[TreeNodeView]) -> Counter[str]:
    """How many are below a node, by state, beside these children and what is below them.

    What is `dropped` below a child is dropped below its parent too. Of folded children that did not fit into the answer
    only the number is known.
    """
    counts = Counter(node.dropped)
    for child in children:
        counts -= Counter(child.dropped)
    unlisted = node.folded_count - sum(1 for child in children if child.folded)
    return counts + Counter({ENDED: unlisted})


def tally(nodes: Sequence[TreeNodeView]) -> dict[str, int]:
    """How many there are in which state, nodes and what is below them, in the order of the states."""
    forest = _Forest(nodes)
    counts = Counter(node.state.value for node in nodes)
    for below in forest.absent.values():
        counts.update(below)
    return {word: counts[word] for word in (*State, ENDED) if counts[word]}
