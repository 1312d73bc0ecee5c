"""A walk below a task."""

from uuid import UUID

from msgspec import Struct, field

from taskward.model.states import State
from taskward.model.task import Kind, Progress, TaskError
from taskward.wire.instant import Instant


class TreeNodeView(Struct, frozen=True, kw_only=True):
    """A node of a tree, parents before children, breadth first. A folded one is no longer addressable by id."""

    depth: int
    id: UUID
    parent_id: UUID | None
    kind: Kind
    operation: str
    name: str
    type: str
    scope: str
    labels: dict[str, str]
    state: State
    attempt: int
    folded: bool
    progress: Progress
    error: TaskError | None
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    folded_count: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


class TreeView(Struct, frozen=True):
    """A walk below a task; `truncated` when depth or limit cut it."""

    nodes: list[TreeNodeView]
    truncated: bool
