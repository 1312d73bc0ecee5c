"""Reads a content from its origin, each byte once, whatever the origin does: break off, lie, refuse ranges, change."""

import asyncio
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

from taskward.modules.cache.identity import SHORTEST_PIECE_BYTES, piece_length_of
from taskward.outbound import OutboundClient, OutboundError, OutboundFailed, OutboundStream
from taskward.peer.content import READING, Content, Piece, digest_of
from taskward.peer.download import Download
from taskward.peer.errors import OriginFailed
from taskward.peer.storage import Storage

_ATTEMPTS = 5
"""How often in a row the origin may break off without having sent a byte more."""
_FIRST_PAUSE_SECONDS = 0.2
_WRITES_AT_ONCE = 3
_NOT_PASSED_ON = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "if-match",
        "if-none-match",
        "if-range",
        "keep-alive",
        "proxy-authorization",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_KEPT_HEADERS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "docker-content-digest",
        "docker-distribution-api-version",
        "etag",
        "expires",
        "last-modified",
    }
)


class OriginChanged(OriginFailed):
    """What the origin has now is not what the pieces are from that are here already."""


class OriginReader:
    """Reads one content from its origin into the storage."""

    def __init__(
        self,
        client: OutboundClient,
        storage: Storage,
        download: Download,
        *,
        idle_timeout: timedelta,
        got: Callable[[Piece], None],
    ) -> None:
        self._client = client
        self._storage = storage
        self._download = download
        self._idle_timeout = idle_timeout
        self._got = got
        self._writes: set[asyncio.Task[object]] = set()
        # The piece that is being read. It outlives a broken connection, so that no byte has to come twice.
        self._number = 0
        self._buffer = bytearray()

    async def read(self) -> None:
        """Returns when the whole is there. Raises OriginFailed (OriginChanged), CacheFull and ContentGone."""
        furthest, failures = (-1, 0), 0
        try:
            while True:
                failure: OutboundFailed | None = None
                try:
                    await self._read_on()
                except OutboundFailed as error:
                    failure = error
                await self._written(at_most=0)
                content = self._download.content
                if content is not None and content.length is not None and content.is_whole:
                    return
                failures = 0 if self._position > furthest else failures + 1
                furthest = max(furthest, self._position)
                if failures == _ATTEMPTS:
                    reason = failure or f"{self._download.origin.url}: the answer is shorter than it said"
                    raise OriginFailed(f"{reason}; given up after {_ATTEMPTS} attempts") from failure
                if failure is not None or failures:
                    await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**failures)
        except OutboundError as error:
            raise OriginFailed(str(error)) from error
        finally:
            for write in self._writes:
                write.cancel()

    @property
    def _position(self) -> tuple[int, int]:
        return self._number, len(self._buffer)

    async def _read_on(self) -> None:
        """One request for what is missing, and its answer as far as it comes."""
        wanted = self._wanted()
        headers = {
            name: value for name, value in self._download.origin.headers.items() if name.lower() not in _NOT_PASSED_ON
        }
        async with self._client.stream(
            "GET", self._download.origin.url, headers=headers | wanted, idle_timeout=self._idle_timeout
        ) as answer:
            if answer.status not in {200, 206} and not (answer.status == 416 and wanted):
                raise OriginFailed(f"the origin answered {answer.status}", answer.status, answer.headers)
            content = self._download.content
            if content is None:
                content = await self._begin(answer)
            else:
                await self._compare(content, answer)
            await self._take(content, answer, _start_of(answer))

    async def _compare(self, content: Content, answer: OutboundStream) -> None:
        """Raises OriginChanged when the answer is visibly about something else than what was begun with."""
        for name in ("etag", "last-modified"):
            before, now = content.response_headers.get(name), answer.headers.get(name)
            if before != now and (answer.status != 416 or now):
                raise await self._changed(f"{name} was {before} and is {now}")
        total = _total_of(answer)
        if answer.status == 416 or (content.length is not None and total not in {None, content.length}):
            has = "fewer" if total is None else str(total)
            if not _validator(content.response_headers):
                raise await self._changed(f"it was said to be {content.length} bytes long, and then {has}")
            await self._storage.delete(content)
            raise OriginFailed(f"the origin said it had {content.length} bytes, and has {has}")

    def _wanted(self) -> dict[str, str]:
        """The headers that ask for the rest, where it is known that it would be the rest of the same."""
        content = self._download.content
        if content is None or content.length is None or not content.missing():
            self._start_piece(0)
            return {}
        if self._number in content.pieces or not self._buffer:
            self._start_piece(content.missing()[0])
        validator = _validator(content.response_headers)
        if not validator:
            self._start_piece(0)
            return {}
        offset = self._number * content.piece_length + len(self._buffer)
        following = [number for number in content.pieces if number > self._number]
        end = min(following) * content.piece_length - 1 if following else ""
        return {"Range": f"bytes={offset}-{end}", "If-Range": validator} if offset or end else {}

    def _start_piece(self, number: int) -> None:
        self._number = number
        self._buffer = bytearray()

    async def _begin(self, answer: OutboundStream) -> Content:
        if answer.status != 200:
            raise OriginFailed(f"the origin answered {answer.status} to a request for the whole", answer.status)
        length = _total_of(answer)
        origin = self._download.origin
        content = await self._storage.create(
            self._download.task_id,
            origin,
            piece_length=origin.piece_length or (SHORTEST_PIECE_BYTES if length is None else piece_length_of(length)),
            length=length,
            response_headers=_kept(answer.headers),
        )
        self._download.begin(content)
        return content

    async def _take(self, content: Content, answer: OutboundStream, start: int) -> None:
        """Cuts the body into pieces and has them written; bytes before the position of the buffer are passed over."""
        position = self._number * content.piece_length + len(self._buffer)
        if start > position:
            raise OriginFailed(f"the origin began its answer at byte {start} instead of {position}")
        skip = position - start
        async for chunk in answer.chunks():
            data = memoryview(chunk)
            if skip:
                skipped = min(skip, len(data))
                skip, data = skip - skipped, data[skipped:]
            while data:
                room = content.piece_length - len(self._buffer)
                self._buffer += data[:room]
                data = data[room:]
                if len(self._buffer) == content.piece_length:
                    await self._piece_read(content)
        ended = self._number * content.piece_length + len(self._buffer)
        if content.length is None:
            await self._last_piece(content)
            await self._written(at_most=0)
            await self._storage.update(content, length=ended)
        elif ended == content.length:
            await self._last_piece(content)
        elif ended > content.length:
            raise OriginFailed(f"the origin sent {ended} bytes after it had said {content.length}")

    async def _last_piece(self, content: Content) -> None:
        if self._buffer:
            await self._piece_read(content)

    async def _piece_read(self, content: Content) -> None:
        number, data = self._number, self._buffer
        self._start_piece(number + 1)
        if (known := content.pieces.get(number)) is not None:
            if known.digest != digest_of(data):
                raise await self._changed(f"piece {number} is another")
            return
        await self._written(at_most=_WRITES_AT_ONCE - 1)
        self._writes.add(asyncio.create_task(self._write(content, number, data)))

    async def _write(self, content: Content, number: int, data: bytearray) -> None:
        self._got(await self._storage.write(content, number, data))
        self._download.progress()

    async def _written(self, *, at_most: int) -> None:
        """Waits until no more than so many pieces are being written. Raises what went wrong with one."""
        while len(self._writes) > at_most:
            done, self._writes = await asyncio.wait(self._writes, return_when=asyncio.FIRST_COMPLETED)
            for write in done:
                write.result()

    async def _changed(self, how: str) -> OriginChanged:
        if self._download.content is not None:
            await self._storage.delete(self._download.content)
        return OriginChanged(f"what {self._download.origin.url} leads to changed while it was downloaded: {how}")


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that tell about the content; without one that tells versions apart, a mark of this reading does."""
    kept = {name: value for name, value in headers.items() if name in _KEPT_HEADERS}
    return kept if kept.keys() & {"etag", "last-modified"} else {**kept, READING: uuid.uuid4().hex}


def _start_of(answer: OutboundStream) -> int:
    """At which byte of the whole the body begins."""
    if answer.status == 200:
        return 0
    said = answer.headers.get("content-range", "")
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", said)
    if match is None:
        raise OriginFailed(f"the origin answered with a part of which it says {said!r}")
    return int(match[1])


def _validator(headers: Mapping[str, str]) -> str:
    """What `If-Range` takes: a strong ETag or a date; empty when there is neither."""
    etag = headers.get("etag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")


def _total_of(answer: OutboundStream) -> int | None:
    """How long the whole is, in bytes, as far as the answer says it."""
    if answer.status in {206, 416}:
        said = answer.headers.get("content-range", "").rpartition("/")[2]
    else:
        said = "" if "transfer-encoding" in answer.headers else answer.headers.get("content-length", "")
    return int(said) if said.isdigit() else None
