"""Who did what, when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from taskward.ports.query import Range


class Deed(Struct, frozen=True, kw_only=True):
    """A request that was to change something: who sent it, and how it was answered."""

    at: datetime
    principal: str
    kind: str
    """What the principal showed: token, key, user, session, anonymous."""
    client: str
    method: str
    path: str
    status: int
    address: str
    correlation_id: str = ""


class AuditQuery(Struct, frozen=True, kw_only=True):
    """Which deeds a page shows, newest first; all conditions hold together."""

    principal: str | None = None
    at: Range = Range()
    text: str | None = None
    """Case-insensitive substring of the path; looked for in a bounded stretch per page."""
    after: str | None = None
    limit: int = 50


class AuditPage(Struct, frozen=True):
    """One page. `next` is the cursor of the page after it; a page may be short and not the last."""

    deeds: tuple[Deed, ...]
    next: str | None


class Audit(Protocol):
    """The trail of deeds."""

    async def add(self, deeds: Sequence[Deed]) -> None:
        """Keeps them."""
        ...

    async def page(self, query: AuditQuery) -> AuditPage:
        """Raises InvalidFilter for a cursor that is none."""
        ...

    async def prune(self, now: datetime, limit: int) -> None:
        """Forgets up to `limit` of those whose retention is over."""
        ...
