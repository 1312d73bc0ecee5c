"""Folding, as ScyllaDB's task manager describes it, in a page of plain Python: objects that refer to one another.

One thing is Taskward's own: a task that ended before something below it folds when the last of that has ended, where
ScyllaDB leaves it as it is until its root goes.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Record:
    """What is left of a child that has folded."""

    name: int
    parent: int
    failed: bool
    done: float
    total: float
    children: tuple["Record", ...]
    """Those that failed or keep one that did."""


@dataclass
class Live:
    """A task that has not folded."""

    name: int
    parent: "Live | None"
    own: tuple[float, float] | None = None
    """What it told of its progress."""
    finished: bool = False
    failed: bool = False
    live: list["Live"] = field(default_factory=list)
    folded: list[Record] = field(default_factory=list)

    @property
    def progress(self) -> tuple[float, float]:
        """What it told, or else what its children have done, and of how much."""
        if self.own is not None:
            return self.own
        parts = [child.progress for child in self.live] + [(record.done, record.total) for record in self.folded]
        return sum(done for done, _ in parts), sum(total for _, total in parts)


@dataclass(frozen=True)
class Shown:
    """A line of a recursive status."""

    name: int
    parent: int | None
    state: str
    children: tuple[int, ...]
    done: float
    total: float


class Forest:
    """One tree, growing and folding."""

    def __init__(self) -> None:
        self.root = Live(0, None)
        self.tasks = [self.root]

    def add(self, parent: Live) -> Live:
        """A new child."""
        child = Live(len(self.tasks), parent)
        parent.live.append(child)
        self.tasks.append(child)
        return child

    def finish(self, task: Live, *, failed: bool) -> None:
        """The end of a task; folds what can be folded by it."""
        task.finished, task.failed = True, failed
        while task.parent is not None and task.finished and not task.live:
            parent = task.parent
            done, total = task.progress
            kept = tuple(record for record in task.folded if record.failed or record.children)
            parent.live.remove(task)
            parent.folded.append(Record(task.name, parent.name, task.failed, done, total, kept))
            task = parent

    @property
    def unfinished(self) -> list[Live]:
        """What may still grow or end."""
        return [task for task in self.tasks if not task.finished]

    def shown(self, start: Live) -> list[Shown]:
        """Breadth first; live children before folded ones."""
        lines: list[Shown] = []
        queue: list[Live | Record] = [start]
        while queue:
            node = queue.pop(0)
            below: list[Live | Record]
            parent: int | None
            if isinstance(node, Record):
                below, parent, state = list(node.children), node.parent, "failed" if node.failed else "done"
                done, total = node.done, node.total
            else:
                below, parent = [*node.live, *node.folded], None if node.parent is None else node.parent.name
                state = ("failed" if node.failed else "done") if node.finished else "running"
                done, total = node.progress
            lines.append(Shown(node.name, parent, state, tuple(child.name for child in below), done, total))
            queue += below
        return lines
