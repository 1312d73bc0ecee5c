"""One request to the Task Engine's API, and the addresses that answer to it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from taskward.auth import Principal
from taskward.http.endpoint import Reply, Site, raw_body
from taskward.http.native.headers import correlation_of
from taskward.http.task_engine import values
from taskward.http.task_engine.errors import bad
from taskward.http.task_engine.wire import encode
from taskward.service import Service


class Call:
    """Who asks, and what. `body` is the JSON object that came with it, empty without one."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        service: Service,
        site: Site,
        principal: Principal,
        body: dict[str, Any],
        *,
        is_open: bool = False,
    ) -> None:
        self.request = request
        self.service = service
        self.site = site
        self.principal = principal
        self.body = body
        self.is_open = is_open
        """Whether the caller has shown no credential where this address asks for none."""

    @cached_property
    def query(self) -> dict[str, str]:
        """Parameters; of several by one name the last counts."""
        text = self.request.scope["query_string"].decode("latin-1")
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace"))

    @property
    def job_id(self) -> int:
        """The job that the address names. Raises Refused."""
        return values.whole("job id", self.request.scope["path_params"]["id"], 0)

    @property
    def correlation_id(self) -> str:
        """The id of the request, or of its trace. Raises InvalidFilter."""
        headers = self.request.headers
        return correlation_of(headers.get("correlation-id", ""), headers.get("traceparent", ""))

    @property
    def idempotency_key(self) -> str | None:
        """What makes two requests one."""
        return self.request.headers.get("idempotency-key")


@dataclass(frozen=True)
class Route:
    """An address and its method."""

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Reply]]
    has_body: bool = False
    is_open: bool = False
    """Whether the settings may let in callers without a credential."""


async def read_object(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The JSON object of a body. Raises Refused."""
    raw = await raw_body(request)
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media not in ("application/json", "text/json"):
        raise bad(f"Content-Type is application/json, not {media}")
    try:
        body = msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:
        raise bad(f"the body is not JSON: {error}") from None
    return values.an_object("the body", body)


def reply(body: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, encode(body), [("content-type", "application/json"), *(headers or {}).items()])
