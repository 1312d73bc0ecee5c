"""Lists of tasks along an index, page by page."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from taskward.model.states import State
from taskward.model.task import Task


class Range(Struct, frozen=True):
    """Bounds of an instant; each may be absent. `since` is inclusive, `before` exclusive."""

    since: datetime | None = None
    before: datetime | None = None


class TaskQuery(Struct, frozen=True, kw_only=True):
    """Which tasks a list shows; all conditions hold together. Empty tuples and None mean no condition."""

    states: tuple[State, ...] = ()
    modules: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    client: str | None = None
    parent_id: UUID | None = None
    root_id: UUID | None = None
    roots_only: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    resource: str | None = None
    worker: str | None = None
    queue: str | None = None
    pool: str | None = None
    correlation_id: str | None = None
    created: Range = Range()
    started: Range = Range()
    finished: Range = Range()
    text: str | None = None
    """Case-insensitive substring of name, operation, labels or arguments; looked for in a bounded stretch per page."""
    internal: bool = False
    """Show internal tasks and steps too."""
    sort: str = "-created"
    """created, started or finished; a leading minus for newest first."""
    after: str | None = None
    """Cursor of the page before."""
    limit: int = 50


class TaskPage(Struct, frozen=True):
    """One page. `next` is the cursor of the page after it, None at the end; a page may be short and not the last."""

    tasks: tuple[Task, ...]
    next: str | None
