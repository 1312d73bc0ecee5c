"""The peer as an HTTP proxy and as a mirror: what its rules name comes through the download network, the rest directly.

A request for `http://host/path` is one to a proxy. A request for `/path` is one to a mirror, and goes to the site that
is mirrored; a container runtime says by the parameter `ns` which one it means.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from aiohttp import web
from msgspec import Struct

from taskward.model.errors import Invalid, TaskwardError
from taskward.modules.cache.identity import DEFAULT_FILTERED_QUERY_PARAMS
from taskward.outbound import OutboundClient, OutboundError, OutboundRefused
from taskward.peer.byte_range import ByteRange, asked_range
from taskward.peer.content import READING, Content, Origin
from taskward.peer.download import Download
from taskward.peer.downloads import Downloads
from taskward.peer.errors import OriginFailed, PeerError
from taskward.peer.storage import Storage

_log = structlog.get_logger(__name__)
_CHUNK_BYTES = 1024 * 1024
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FOR_ORIGINS = _HOP_BY_HOP | {"host", "content-length", "accept-encoding"}
_CONDITIONS = frozenset({"range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"})
_CREDENTIALS = frozenset({"authorization", "cookie"})
_NO_TUNNEL = (
    "This proxy makes no tunnels: what passes through one is encrypted, and could not be shared with other peers.\n"
    "Ask it for http:// URLs, or use it as a mirror of the https:// site (peer.mirrors).\n"
)


class ProxyRules(Struct, frozen=True, kw_only=True):
    """`cached`: patterns, of which one must be found in a URL that is to come through the network; it should lead to
    the same bytes for ever. `mirrors`: sites by name, the first for requests that name none.
    """

    cached: Sequence[str] = ()
    mirrors: Mapping[str, str] = {}
    idle_timeout: timedelta = timedelta(seconds=30)


class Proxy:
    """Answers GET and HEAD."""

    def __init__(self, rules: ProxyRules, storage: Storage, downloads: Downloads, outbound: OutboundClient) -> None:
        self._rules = rules
        self._cached = [re.compile(pattern) for pattern in rules.cached]
        self._storage = storage
        self._downloads = downloads
        self._outbound = outbound

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request."""
        if request.method == "CONNECT":
            return web.Response(status=501, text=_NO_TUNNEL)
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, text="only GET and HEAD are answered\n", headers={"Allow": "GET, HEAD"})
        try:
            url = self._url_of(request)
            if request.method == "GET" and any(pattern.search(url) for pattern in self._cached):
                return await self._from_network(request, url)
            return await self._directly(request, url)
        except TaskwardError as error:
            return _refusal(error)

    def _url_of(self, request: web.BaseRequest) -> str:
        target = request.raw_path
        if not target.startswith("/"):
            return target
        if not self._rules.mirrors:
            raise Invalid("path", "this peer mirrors no site (peer.mirrors); as a proxy it takes whole http:// URLs")
        name = request.query.get("ns", next(iter(self._rules.mirrors)))
        if name not in self._rules.mirrors:
            raise Invalid("ns", f"{name} is not mirrored; {', '.join(self._rules.mirrors)} is")
        return self._rules.mirrors[name].rstrip("/") + target

    # ---------------------------------------------------------------- directly

    async def _directly(self, request: web.BaseRequest, url: str) -> web.StreamResponse:
        headers = _passed_on(request)
        async with self._outbound.stream(
            request.method, url, headers=headers, idle_timeout=self._rules.idle_timeout
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name not in _HOP_BY_HOP}
            response = web.StreamResponse(status=answer.status, headers=kept)
            if request.method == "HEAD":
                # As the origin says it, though there is no body.
                response.content_length = int(kept["content-length"]) if "content-length" in kept else None
            await response.prepare(request)
            if request.method == "GET":
                try:
                    async for chunk in answer.chunks():
                        await response.write(chunk)
                except OutboundError as error:
                    _break_off(request, error)
            return response

    # ---------------------------------------------------------------- from the network

    async def _from_network(self, request: web.BaseRequest, url: str) -> web.StreamResponse:
        headers = _passed_on(request)
        if _CREDENTIALS & {name.lower() for name in headers}:
            # What one caller may read is in the cache for all of them: whether this one may, the origin decides.
            head = await self._outbound.request("HEAD", url, headers=headers, follow_redirects=True)
            if head.status >= 400:
                raise OriginFailed(f"the origin answered {head.status}", head.status, head.headers)
        download = self._downloads.start(_origin(request, url, headers))
        content = await download.begun()
        if request.headers.get("If-None-Match") == content.response_headers.get("etag", ""):
            return web.Response(status=304, headers={"ETag": content.response_headers["etag"]})
        if content.length is None and "Range" in request.headers:
            content = await download.ended()
        wanted = asked_range(request.headers.get("Range"), content.length)
        if wanted is None:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{content.length}"})
        response = _response(content, wanted)
        await response.prepare(request)
        try:
            await self._send(response, download, content, wanted)
        except PeerError as error:
            _break_off(request, error)
        return response

    async def _send(
        self, response: web.StreamResponse, download: Download, content: Content, wanted: ByteRange
    ) -> None:
        position = wanted.start
        while wanted.end is None or position < wanted.end:
            piece = await download.piece(content, position // content.piece_length)
            if piece is None:
                return
            end = piece.offset + piece.length if wanted.end is None else min(piece.offset + piece.length, wanted.end)
            while position < end:
                data = await self._storage.read(content, position, min(_CHUNK_BYTES, end - position))
                await response.write(data)
                position += len(data)


def _refusal(error: TaskwardError) -> web.Response:
    """The answer to a request that met this error."""
    status, headers = error.status, {}
    match error:
        case Invalid():
            status = 400
        case OutboundRefused():
            status = 403
        case OriginFailed():
            status = error.origin_status or 502
            headers = {name: value for name, value in error.headers.items() if name == "www-authenticate"}
    return web.Response(status=status, text=f"{error}\n", headers=headers)


def _break_off(request: web.BaseRequest, error: Exception) -> None:
    """The head was sent: only a connection that breaks tells the caller that the rest does not come."""
    _log.warning("an answer was broken off", url=request.raw_path, reason=str(error))
    if request.transport is not None:
        request.transport.abort()


def _response(content: Content, wanted: ByteRange) -> web.StreamResponse:
    headers = {name: value for name, value in content.response_headers.items() if name != READING}
    headers |= {"Accept-Ranges": "bytes", "X-Dragonfly-Task-ID": content.task_id}
    is_part = wanted.end is not None and wanted != ByteRange(0, content.length)
    if is_part:
        headers["Content-Range"] = f"bytes {wanted.start}-{(wanted.end or 0) - 1}/{content.length}"
    response = web.StreamResponse(status=206 if is_part else 200, headers=headers)
    if wanted.end is not None:
        response.content_length = wanted.end - wanted.start
    return response


def _passed_on(request: web.BaseRequest) -> dict[str, str]:
    """The headers that are the origin's business."""
    named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
    return {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in _NOT_FOR_ORIGINS | named and not name.lower().startswith("x-dragonfly-")
    }


def _origin(request: web.BaseRequest, url: str, headers: Mapping[str, str]) -> Origin:
    """What is asked for; Dragonfly's headers say what its id is made of. Raises Invalid."""
    said = {name.lower().removeprefix("x-dragonfly-"): value for name, value in request.headers.items()}
    piece_length = said.get("piece-length")
    if piece_length is not None and not piece_length.isdigit():
        raise Invalid("X-Dragonfly-Piece-Length", f"must be a number of bytes, not {piece_length!r}")
    filtered = said.get("filtered-query-params", "")
    return Origin(
        url=url,
        tag=said.get("tag", ""),
        application=said.get("application", ""),
        filtered_query_params=tuple(filtered.split(",")) if filtered else DEFAULT_FILTERED_QUERY_PARAMS,
        headers={name: value for name, value in headers.items() if name.lower() not in _CONDITIONS},
        piece_length=None if piece_length is None else int(piece_length),
        named_by=said.get("content-for-calculating-task-id"),
    )
