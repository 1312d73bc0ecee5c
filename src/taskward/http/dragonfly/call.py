"""One request to Dragonfly's API, and the addresses that answer to it."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Request
from litestar.types import ASGIApp

from taskward.auth import Principal
from taskward.http.access import Access
from taskward.http.dragonfly.errors import TooMany
from taskward.http.dragonfly.inventory import Inventory
from taskward.http.dragonfly.query import Query, parse_number, read_json
from taskward.http.endpoint import Reply, Site
from taskward.service import Service
from taskward.settings import ClusterSettings

_encode = msgspec.json.Encoder().encode

JOBS_PER_SECOND = 10
"""Of each cluster that jobs name."""


class Buckets:
    """How many jobs each cluster takes now: so many at once, and as many more each second. `clock` is in seconds."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._filled: dict[int, tuple[float, float]] = {}

    def take(self, cluster_id: int) -> None:
        """Takes a place. Raises TooMany."""
        now = self._clock()
        left, since = self._filled.get(cluster_id, (float(self._per_second), now))
        left = min(left + (now - since) * self._per_second, self._per_second)
        if left < 1:
            raise TooMany
        self._filled[cluster_id] = (left - 1, now)


@dataclass(frozen=True)
class Dialect:
    """What every call works with."""

    service: Service
    access: Access
    site: Site
    clusters: Sequence[ClusterSettings]
    inventory: Inventory
    buckets: Buckets = field(default_factory=lambda: Buckets(JOBS_PER_SECOND))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Call:
    """Who asks, and what."""

    def __init__(self, request: Request[Any, Any, Any], dialect: Dialect, principal: Principal) -> None:
        self.request = request
        self.dialect = dialect
        self.principal = principal
        self.query = Query.of(request.scope["path"], request.scope["query_string"])

    @property
    def service(self) -> Service:
        """What the caller may do."""
        return self.dialect.service

    @property
    def id(self) -> int:
        """The number in the address. Raises Unfit."""
        return parse_number("id", self.request.scope["path_params"]["id"])

    async def json(self) -> dict[str, Any]:
        """The body. Raises Unfit."""
        return read_json(await self.request.body())


@dataclass(frozen=True)
class Route:
    """An address below `/api/v1` or `/oapi/v1`, and its method. `opens` is what a personal access token must open."""

    method: str
    path: str
    handler: Callable[[Call], Awaitable[ASGIApp]]
    opens: str = ""
    is_public: bool = False


def answer(body: Any, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """A success, which is always 200; None is an empty body."""
    if body is None:
        return Reply(200, b"", headers)
    return Reply(200, _encode(body), [("content-type", "application/json; charset=utf-8"), *headers])


def page(call: Call, rows: Sequence[Any], total: int) -> Reply:
    """A page of a list, with links to others."""
    return answer(list(rows), [("link", call.query.link(total))])


def page_of(call: Call, rows: Sequence[Any]) -> Reply:
    """The page that is asked for of a list that is all here."""
    start = call.query.offset
    return page(call, rows[start : start + call.query.per_page], len(rows))
