"""Which nodes of a tree to show when there is room for few: the failed paths first, then what runs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
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


class Line(Struct, frozen=True):
    """One line of an outline: a node, or a count by state of the siblings there was no room for."""

    guide: str
    """The branch drawn before it."""
    node: TreeNodeView | None = None
    hidden: dict[str, int] | None = None


def outline(nodes: Sequence[TreeNodeView], height: int | None = None) -> list[Line]:
    """The tree as at most `height` lines (all of it without), parents before children.

    `nodes` are roots and what is below them. A node is only shown below its shown parent. Descendants that folding
    has forgotten are counted with the hidden ones. However small `height` is, the first root is shown.
    """
    forest = _Forest(nodes)
    shown = set(forest.by_id) if height is None else _choose(forest, height)
    lines: list[Line] = []
    _write(forest, shown, None, "", lines)
    return lines


class _Forest:
    """Nodes by id and by parent; roots have the parent None."""

    def __init__(self, nodes: Sequence[TreeNodeView]) -> None:
        self.by_id = {node.id: node for node in nodes}
        self.children: dict[UUID | None, list[TreeNodeView]] = defaultdict(list)
        for node in nodes:
            self.children[self.parent(node)].append(node)

    def parent(self, node: TreeNodeView) -> UUID | None:
        return node.parent_id if node.parent_id in self.by_id else None


def _choose(forest: _Forest, height: int) -> set[UUID]:
    """The nodes to show: the most urgent ones, each with the path to it, while they and the counts of what each
    hides fit.
    """
    hidden = Counter({parent: len(children) for parent, children in forest.children.items()})
    hidden.update({node.id: sum(node.dropped.values()) for node in forest.by_id.values()})
    shown: set[UUID] = set()
    for node in sorted(forest.by_id.values(), key=_urgency):
        path = _missing(forest, node, shown)
        shown.update(step.id for step in path)
        hidden.subtract(forest.parent(step) for step in path)
        lines = len(shown) + sum(1 for parent in (None, *shown) if hidden[parent])
        if lines > height and len(shown) > len(path):
            shown.difference_update(step.id for step in path)
            hidden.update(forest.parent(step) for step in path)
    return shown


def _urgency(node: TreeNodeView) -> tuple[int, int, float]:
    # Of what has finished the newest, of what is to come the first.
    newest = -node.finished_at.timestamp() if node.finished_at else node.created_at.timestamp()
    return (0 if node.depth == 0 else 1, _RANK[node.state], newest)


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
    siblings = forest.children[parent.id if parent else None]
    visible = [node for node in siblings if node.id in shown]
    hidden = Counter(node.state.value for node in siblings if node.id not in shown)
    hidden.update(parent.dropped if parent else {})
    for index, node in enumerate(visible):
        last = index == len(visible) - 1 and not hidden
        lines.append(Line(guide="" if parent is None else indent + ("└─ " if last else "├─ "), node=node))
        _write(forest, shown, node, "" if parent is None else indent + ("   " if last else "│  "), lines)
    if hidden:
        lines.append(Line(guide="" if parent is None else indent + "└─ ", hidden=dict(hidden)))


def tally(nodes: Iterable[TreeNodeView]) -> dict[State, int]:
    """How many nodes are in which state, in the order of the states; forgotten ones included."""
    counts: Counter[str] = Counter()
    for node in nodes:
        counts[node.state.value] += 1
        counts.update(node.dropped)
    return {state: counts[state.value] for state in State if counts[state.value]}
