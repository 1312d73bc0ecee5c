"""Requests and answers: how the client talks to one server."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import msgspec
from httpx2 import ServerSentEvent

from taskward.client.discovery import is_loopback
from taskward.client.errors import ApiError, ServerUnreachable
from taskward.wire import Problem

T = TypeVar("T")
Params = Mapping[str, str | int | float | bool | Sequence[str] | None]

ANSWER_TIMEOUT = timedelta(seconds=30)
"""How long the server may think about an ordinary request."""
SILENCE_LIMIT = timedelta(seconds=60)
"""A stream that says nothing for so long is broken: the server sends a keep-alive four times as often."""
PATIENCE = timedelta(seconds=30)
"""How long a broken stream is tried again before the server counts as unreachable."""

CONNECT_TIMEOUT = timedelta(seconds=5)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


class Transport:
    """One server's `/v1`, spoken over a pool of connections.

    Raises ApiError for a refusal and ServerUnreachable for everything that is not an answer.
    """

    def __init__(self, url: str, token: str | None, http: httpx2.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"User-Agent": f"taskward/{version('taskward')}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            headers=headers,
            transport=http,
            # The environment's proxies are meant for the network, not for a server on this machine.
            trust_env=not is_loopback(self.url),
        )

    async def close(self) -> None:
        """Closes every connection."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        into: type[T],
        *,
        params: Params | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        longest: timedelta = timedelta(),
    ) -> T:
        """Sends a request and decodes its answer; `longest` is how long the server was asked to wait at most."""
        response = await self._send(method, path, params=params, body=body, headers=headers, longest=longest)
        try:
            return msgspec.json.decode(response.content, type=into)
        except msgspec.MsgspecError as error:
            raise ServerUnreachable(f"{self.url}{path} did not answer as a Taskward server does: {error}") from None

    async def do(self, method: str, path: str, *, body: Any = None) -> None:
        """Sends a request whose answer says no more than that it was done."""
        await self._send(method, path, body=body)

    async def text(self, path: str) -> str:
        """The answer to a GET as text."""
        return (await self._send("GET", path)).text

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        longest: timedelta = timedelta(),
    ) -> httpx2.Response:
        request = self._http.build_request(
            method,
            path,
            params=_query(params),
            content=None if body is None else msgspec.json.encode(body),
            headers={**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})},
            timeout=httpx2.Timeout((ANSWER_TIMEOUT + longest).total_seconds(), connect=CONNECT_TIMEOUT.total_seconds()),
        )
        repeatable = method in _REPEATABLE or "Idempotency-Key" in request.headers
        try:
            try:
                response = await self._http.send(request)
            except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
                # A kept connection may have been closed by the server in the very moment it was used again.
                if not repeatable:
                    raise
                response = await self._http.send(request)
        except httpx2.RequestError as error:
            raise self._unreachable(error) from error
        if response.status_code >= 400:
            raise ApiError(_problem(response))
        return response

    async def stream(
        self,
        path: str,
        is_over: Callable[[], Awaitable[bool]],
        *,
        params: Params | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[ServerSentEvent | None, None]:
        """Server-sent events from after an event id, until the server says that there will be no more.

        It says so by a 204; when it just closes the stream, which it also does when it stops, `is_over` is asked. A
        broken stream goes on where it stopped; ServerUnreachable when that fails for longer than PATIENCE. Gives
        None whenever it has just been connected: what is looked at then and told after leaves no gap.
        """
        clock = asyncio.get_running_loop().time
        last, broken_at, pause = after, None, _FIRST_PAUSE
        connected = False
        while True:
            try:
                async with self._http.sse(
                    path,
                    params=_query(params),
                    headers={"Last-Event-ID": last} if last else {},
                    timeout=httpx2.Timeout(SILENCE_LIMIT.total_seconds(), connect=CONNECT_TIMEOUT.total_seconds()),
                ) as source:
                    if source.response.status_code == 204:
                        return
                    if source.response.status_code >= 400:
                        await source.response.aread()
                        raise ApiError(_problem(source.response))
                    connected, broken_at = True, None
                    yield None
                    async for event in source:
                        last, pause = event.id or last, _FIRST_PAUSE
                        if event.data:
                            yield event
                if await is_over():
                    return
            except (httpx2.RequestError, ServerUnreachable) as error:
                broken_at = broken_at or clock()
                if not connected or clock() - broken_at > PATIENCE.total_seconds():
                    raise self._unreachable(error) from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def outlast(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What a request gives that may be repeated: it is, for up to PATIENCE, while the server is away."""
        clock = asyncio.get_running_loop().time
        pause, broken_at = _FIRST_PAUSE, None
        while True:
            try:
                return await ask()
            except ServerUnreachable:
                broken_at = broken_at or clock()
                if clock() - broken_at > PATIENCE.total_seconds():
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        if isinstance(error, httpx2.ConnectError):
            return ServerUnreachable(f"no server answers at {self.url}; is `taskward serve` running?")
        return ServerUnreachable(f"no answer from {self.url}: {str(error) or type(error).__name__}")


def segment(name: object) -> str:
    """A name as one segment of a path, whatever characters it has."""
    return quote(str(name), safe="")


def correlated(correlation_id: str | None) -> dict[str, str]:
    """The header that ties a submission to a request outside."""
    return {} if correlation_id is None else {"Correlation-ID": correlation_id}


def idempotent(key: str | None) -> dict[str, str]:
    """The header that makes a submission repeatable."""
    # The header is a structured field: a string in double quotes.
    if key is None:
        return {}
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return {"Idempotency-Key": f'"{escaped}"'}


def _query(params: Params | None) -> dict[str, Any]:
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in (params or {}).items()
        if value is not None
    }


def _problem(response: httpx2.Response) -> Problem:
    """The problem a response carries, or one that says what came instead (a proxy's page, say)."""
    try:
        return msgspec.json.decode(response.content, type=Problem)
    except msgspec.MsgspecError:
        return Problem(
            type="about:blank",
            title=response.reason_phrase or "Error",
            status=response.status_code,
            detail=response.text[:500],
        )
