"""The guarded HTTP client."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpcore2
import httpx2
import msgspec
from msgspec import Struct

from taskward import __version__
from taskward.model.errors import TaskwardError
from taskward.model.masking import is_secret_name, mask_text
from taskward.outbound.addresses import AddressPolicy
from taskward.outbound.transport import AddressRefused, GuardedBackend, Resolve, resolve

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_DEFAULT_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": f"taskward/{__version__}"}
_NETWORK_ERRORS = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpx2.HTTPError,  # a body that cannot be decompressed
    OSError,
)


class OutboundError(TaskwardError):
    """A request to another host came to nothing. `url` and `reason` hold no secrets."""

    status = 502
    title = "Request to another host failed"

    def __init__(self, url: str, reason: str) -> None:
        self.url = mask_text(url)
        self.reason = mask_text(reason)
        super().__init__(f"{self.url}: {self.reason}")


class OutboundRefused(OutboundError):
    """The request was not sent: its URL, or where a redirect pointed, is not one that may be requested."""

    status = 422
    title = "Request to another host refused"


class OutboundFailed(OutboundError):
    """No whole answer came: not resolved, not connected, broken off, too slow, too long or redirected too often."""


class OutboundResponse(Struct, frozen=True):
    """An answer, whatever its status. Header names are in lower case; the body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OutboundStream:
    """An answer whose body has not been read yet. Header names are in lower case; `url` is where redirects ended."""

    def __init__(self, answer: httpcore2.Response, url: httpx2.URL) -> None:
        self.status = answer.status
        self.headers: Mapping[str, str] = dict(httpx2.Headers(answer.headers))
        self.url = str(url)
        self._answer = answer

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it was sent, not decompressed. Raises OutboundFailed when it breaks off or stalls."""
        with _failing(self.url):
            async for chunk in self._answer.aiter_stream():
                yield chunk


class _Hop(Struct, frozen=True):
    """One request of a chain of redirects."""

    method: str
    url: httpx2.URL
    headers: httpx2.Headers
    content: bytes | None


class OutboundClient:
    """Sends requests to http and https URLs, and only to addresses that the policy allows.

    Keeps no cookies and reads no proxies from the environment: a proxy would connect where it likes. One client serves
    a whole process. `allow_private` and `allow` are those of AddressPolicy; `timeout` is for a whole request, redirects
    and body included; `connect_timeout` for resolving and connecting; `max_response_bytes` bounds a decompressed body.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        allow: Iterable[str] = (),
        timeout: timedelta = timedelta(seconds=5),
        connect_timeout: timedelta = timedelta(seconds=3),
        max_response_bytes: int = 1024 * 1024,
        resolve: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._max_response_bytes = max_response_bytes
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or httpx2.create_ssl_context(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=GuardedBackend(AddressPolicy(allow_private=allow_private, allow=allow), resolve),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes what connections are still open."""
        await self._pool.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Any = None,
        timeout: timedelta | None = None,
        follow_redirects: bool = False,
    ) -> OutboundResponse:
        """The answer to one request. Raises OutboundRefused and OutboundFailed.

        `json` is the body as a value, `content` as bytes. At most five redirects are followed, each to be allowed like
        the first URL; secrets among the headers go to another origin with none of them.
        """
        timeout = self._timeout if timeout is None else timeout
        hop = _first_hop(method, url, headers or {}, msgspec.json.encode(json) if json is not None else content)
        if json is not None:
            hop.headers.setdefault("Content-Type", "application/json")
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                for _ in range(_MAX_REDIRECTS + 1):
                    answer = await self._exchange(hop)
                    location = answer.headers.get("location")
                    if not follow_redirects or answer.status not in _REDIRECTS or location is None:
                        return answer
                    hop = _next_hop(hop, answer.status, location)
        except TimeoutError:
            raise OutboundFailed(url, f"no whole answer within {timeout.total_seconds():g} s") from None
        raise OutboundFailed(url, f"redirected more than {_MAX_REDIRECTS} times")

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, idle_timeout: timedelta
    ) -> AsyncIterator[OutboundStream]:
        """The answer to a request without a body, to be read piece by piece; redirects are followed as in `request`.

        A body may be of any length and take any time, but no two chunks of it may be `idle_timeout` apart. Raises
        OutboundRefused and OutboundFailed.
        """
        hop = _first_hop(method, url, {"Accept-Encoding": "identity", **(headers or {})}, None)
        for _ in range(_MAX_REDIRECTS + 1):
            async with self._opened(hop, idle_timeout) as answer:
                stream = OutboundStream(answer, hop.url)
                location = stream.headers.get("location")
                if stream.status not in _REDIRECTS or location is None:
                    yield stream
                    return
                hop = _next_hop(hop, stream.status, location)
        raise OutboundFailed(url, f"redirected more than {_MAX_REDIRECTS} times")

    async def _exchange(self, hop: _Hop) -> OutboundResponse:
        """Sends one request and reads its answer."""
        url = str(hop.url)
        async with self._opened(hop, None) as answer:
            response = httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer))
            with _failing(url):
                body = await self._read(response, url)
            return OutboundResponse(answer.status, dict(response.headers), body)

    @asynccontextmanager
    async def _opened(self, hop: _Hop, idle_timeout: timedelta | None) -> AsyncIterator[httpcore2.Response]:
        """Sends one request; the answer, of which the head has come, is closed behind the block."""
        timeout = {"connect": self._connect_timeout.total_seconds()}
        if idle_timeout is not None:
            timeout["read"] = idle_timeout.total_seconds()
        with _failing(str(hop.url), self._connect_timeout):
            answer = await self._pool.handle_async_request(_wire_request(hop, timeout))
        try:
            yield answer
        finally:
            await answer.aclose()

    async def _read(self, response: httpx2.Response, url: str) -> bytes:
        body = bytearray()
        async with aclosing(response.aiter_bytes()) as parts:
            async for part in parts:
                body += part
                if len(body) > self._max_response_bytes:
                    raise OutboundFailed(url, f"the answer is longer than {self._max_response_bytes} bytes")
        return bytes(body)


class _Body(httpx2.AsyncByteStream):
    """The body of an answer as it comes, for decompression."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer.aiter_stream():
            yield part


@contextmanager
def _failing(url: str, connect_timeout: timedelta | None = None) -> Iterator[None]:
    """What goes wrong on the network inside the block is told as an OutboundError."""
    try:
        yield
    except AddressRefused as refused:
        raise OutboundRefused(url, str(refused)) from None
    except httpcore2.ConnectTimeout:
        within = "" if connect_timeout is None else f" within {connect_timeout.total_seconds():g} s"
        raise OutboundFailed(url, f"no connection{within}") from None
    except _NETWORK_ERRORS as error:
        raise OutboundFailed(url, _describe(error)) from error


def _wire_request(hop: _Hop, timeout: Mapping[str, float]) -> httpcore2.Request:
    request = httpx2.Request(hop.method, hop.url, headers=hop.headers, content=hop.content)
    return httpcore2.Request(
        request.method,
        httpcore2.URL(scheme=hop.url.raw_scheme, host=hop.url.raw_host, port=hop.url.port, target=hop.url.raw_path),
        headers=request.headers.raw,
        content=hop.content,
        extensions={"timeout": timeout},
    )


def _first_hop(method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> _Hop:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise OutboundRefused(url, f"not a URL: {error}") from None
    _check_url(parsed)
    try:
        sent = httpx2.Headers({**_DEFAULT_HEADERS, **headers})
    except UnicodeEncodeError:
        raise OutboundFailed(url, "the request cannot be sent: a header holds more than ASCII characters") from None
    if parsed.userinfo and "Authorization" not in sent:
        credentials = f"{parsed.username}:{parsed.password}".encode()
        sent["Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
    return _Hop(method.upper(), parsed, sent, content)


def _next_hop(hop: _Hop, status: int, location: str) -> _Hop:
    """The request that a redirect asks for, as browsers understand it."""
    try:
        url = hop.url.join(location)
    except httpx2.InvalidURL as error:
        raise OutboundRefused(location, f"redirected to what is not a URL: {error}") from None
    _check_url(url)
    method, headers, content = hop.method, hop.headers.copy(), hop.content
    if (url.scheme, url.host, url.port) != (hop.url.scheme, hop.url.host, hop.url.port):
        for name in [name for name in headers if name == "host" or is_secret_name(name)]:
            del headers[name]
    if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
        method, content = "GET", None
        for name in [name for name in headers if name.startswith("content-")]:
            del headers[name]
    return _Hop(method, url, headers, content)


def _check_url(url: httpx2.URL) -> None:
    if url.scheme not in {"http", "https"}:
        raise OutboundRefused(str(url), "only http:// and https:// are requested")
    if not url.host:
        raise OutboundRefused(str(url), "it names no host")
    if url.port is not None and not 0 < url.port < 65_536:
        raise OutboundRefused(str(url), f"{url.port} is no port")


def _describe(error: Exception) -> str:
    said = str(error) or type(error).__name__
    match error:
        case httpcore2.ConnectError():
            return f"cannot connect: {said}"
        case httpcore2.LocalProtocolError():
            return f"the request cannot be sent: {said}"
        case httpcore2.RemoteProtocolError():
            return f"the answer is not proper HTTP: {said}"
        case httpcore2.ReadTimeout():
            return "the answer stalled"
        case httpx2.DecodingError():
            return f"the answer cannot be decompressed: {said}"
        case _:
            return f"the connection broke: {said}"
