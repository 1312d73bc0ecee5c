"""What happened: events and log lines."""

from typing import Protocol
from uuid import UUID

from taskward.model.task import Event, LogLine


class Journal(Protocol):
    """What happened: events and log lines."""

    async def events(
        self, after: str, *, task_id: UUID | None = None, root_id: UUID | None = None, limit: int = 500
    ) -> list[Event]:
        """Events after a cursor ("" is the beginning), oldest first; none is ever skipped by a reader that goes on
        from the last cursor it saw. Raises InvalidFilter on a cursor that is not one.
        """
        ...

    async def end(self) -> str:
        """The cursor after the newest event."""
        ...

    async def logs(
        self,
        task_id: UUID,
        *,
        after: int = 0,
        limit: int = 1000,
        min_severity: int = 0,
        step_id: UUID | None = None,
        hidden: bool = False,
    ) -> list[LogLine]:
        """Log lines of one task, ascending `seq`, after `after`."""
        ...

    async def tree_logs(self, root_id: UUID, *, after: int, limit: int, hidden: bool) -> list[tuple[int, LogLine]]:
        """The same of a whole tree, each line with the number of its task; 0 when that has folded."""
        ...
