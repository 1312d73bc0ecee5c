"""A walk below a task."""

from msgspec import Struct

from taskward.model.task import Task
from taskward.model.tree import Folded


class TreeNode(Struct, frozen=True):
    """A task of a tree, live or folded, in breadth-first order of its tree; `depth` 0 is where the walk began."""

    depth: int
    task: Task | None = None
    folded: Folded | None = None


class Tree(Struct, frozen=True):
    """A walk below a task. `truncated` when `limit` or `depth` cut it."""

    nodes: tuple[TreeNode, ...]
    truncated: bool
