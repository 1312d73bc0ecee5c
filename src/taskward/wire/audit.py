"""Who did what, when."""

from msgspec import Struct

from taskward.wire.instant import Instant


class DeedView(Struct, frozen=True, kw_only=True):
    """A request that was to change something: who sent it, and how it was answered."""

    at: Instant
    principal: str
    kind: str
    """token, key, session, user or anonymous."""
    client: str
    method: str
    path: str
    status: int
    address: str
    correlation_id: str
