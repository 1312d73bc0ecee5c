"""Collects the pieces of one content from parents: several at once, each compared with its digest, rarest first."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Protocol

import grpc
import structlog
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from msgspec import Struct

from taskward.peer.content import READING, Change, Content, Piece
from taskward.peer.errors import ContentGone, NoParent, PieceRefused
from taskward.peer.links import Links
from taskward.peer.messages import reason_of

_log = structlog.get_logger(__name__)
_AT_ONCE = 6
_WINDOW = 8
"""Of how many equally rare pieces one is drawn, so that peers that start together fetch different ones."""


class Parent(Struct, frozen=True):
    """A host that may give pieces; `address` is its gRPC service, `host:port`.

    `is_root`: it has the whole, or reads it from the origin; what it says about the content goes over what others say.
    """

    host_id: str
    peer_id: str
    address: str
    is_root: bool


class Sink(Protocol):
    """Where collected pieces go."""

    @property
    def content(self) -> Content | None:
        """What has come so far; None until `begin`."""

    async def begin(self, *, piece_length: int, length: int | None, response_headers: Mapping[str, str]) -> None:
        """Takes notice of what a parent says about the content; what was there of something else is dropped."""

    async def know_length(self, length: int) -> None:
        """Takes notice of the length, in bytes, which was not known at the beginning."""

    async def write(self, piece: Piece, data: bytearray) -> None:
        """Writes a piece that has this digest. Raises PieceRefused when it has another."""


class Listener(Protocol):
    """Who is told how it goes."""

    def got(self, parent: Parent, piece: Piece) -> None:
        """A parent gave a piece."""

    def lost(self, parent: Parent, number: int | None) -> None:
        """A parent is given up: it did not give this piece, or could not be reached at all."""

    def ask_again(self) -> None:
        """No parent that is known has anything more of what is missing."""


class _Offer(Struct, frozen=True):
    parent: Parent
    address: str
    piece: Piece


class Collector:
    """Collects until everything is there; parents may be added all the time."""

    def __init__(self, links: Links, sink: Sink, task_id: str, *, own_host_id: str, listener: Listener) -> None:
        self._links = links
        self._sink = sink
        self._task_id = task_id
        self._own_host_id = own_host_id
        self._listener = listener
        self._feeds: dict[Parent, asyncio.Task[None]] = {}
        self._given_up: set[str] = set()
        self._offers: dict[int, dict[str, _Offer]] = {}
        self._busy: dict[str, int] = {}
        self._fetching: set[int] = set()
        self._is_adopted = False
        self._adopting = asyncio.Lock()
        self._change = Change()
        self._failure: BaseException | None = None
        self._is_starving = False
        self._relies_on_these = False

    def add(self, parents: Sequence[Parent]) -> None:
        """Asks these hosts too."""
        known = {parent.host_id for parent in self._feeds}
        for parent in parents:
            if parent.host_id not in known | self._given_up:
                self._feeds[parent] = asyncio.create_task(self._feed(parent))
                self._is_starving = False
        self._change.tell()

    def rely_on_these(self) -> None:
        """No more parents will be added: it ends, one way or the other, with those that are known."""
        self._relies_on_these = True
        self._change.tell()

    async def collect(self) -> None:
        """Returns when everything is there. Raises what the sink does, and NoParent if it relies on too few."""
        workers = [asyncio.create_task(self._work()) for _ in range(_AT_ONCE)]
        try:
            await asyncio.gather(*workers)
        finally:
            for task in (*workers, *self._feeds.values()):
                task.cancel()
            await asyncio.gather(*workers, *self._feeds.values(), return_exceptions=True)

    # ---------------------------------------------------------------- parents

    async def _feed(self, parent: Parent) -> None:
        """Takes notice of what one parent has, as it comes to have it."""
        daemon = self._links.daemon(parent.address)
        call = daemon.SyncPieces(dfdaemon.SyncPiecesRequest(host_id=self._own_host_id, task_id=self._task_id))
        try:
            adopted = False
            async for offered in call:
                if not adopted:
                    await self._adopt(parent)
                    adopted = True
                piece = Piece(offered.number, offered.offset, offered.length, "")
                offer = _Offer(parent, f"{offered.ip}:{offered.tcp_port}", piece)
                self._offers.setdefault(piece.number, {})[parent.host_id] = offer
                self._change.tell()
            await self._adopt(parent)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.ABORTED and parent.is_root:
                self._failure = ContentGone(reason_of(error))
            self._give_up(parent, None, f"{parent.address}: {reason_of(error)}")
        except PieceRefused as error:
            self._give_up(parent, None, str(error))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - the workers raise it
            self._failure = error
        finally:
            call.cancel()
            # What it has offered stays on offer; it will have no more.
            self._feeds.pop(parent, None)
            self._change.tell()

    async def _adopt(self, parent: Parent) -> None:
        """Compares what the parent says about the content with what is known of it, or begins with it."""
        said = await self._links.daemon(parent.address).StatLocalTask(
            dfdaemon.StatLocalTaskRequest(task_id=self._task_id)
        )
        length = said.content_length if said.HasField("content_length") else None
        headers = dict(said.response_header)
        if not parent.is_root:
            await self._change.until(lambda: self._is_adopted or not any(other.is_root for other in self._feeds))
        async with self._adopting:
            content = self._sink.content
            if content is None or (not self._is_adopted and not _is_same(content, said.piece_length, length, headers)):
                await self._sink.begin(piece_length=said.piece_length, length=length, response_headers=headers)
            elif not _is_same(content, said.piece_length, length, headers):
                raise PieceRefused(f"{parent.address} has another version of the content")
            elif content.length is None and length is not None:
                await self._sink.know_length(length)
            self._is_adopted = True
            self._change.tell()

    def _give_up(self, parent: Parent, number: int | None, reason: str) -> None:
        if parent.host_id in self._given_up:
            return
        self._given_up.add(parent.host_id)
        if (feed := self._feeds.pop(parent, None)) and feed is not asyncio.current_task():
            feed.cancel()
        for offers in self._offers.values():
            offers.pop(parent.host_id, None)
        _log.info("a parent is given up", task_id=self._task_id, parent=parent.host_id, reason=reason)
        self._listener.lost(parent, number)
        self._change.tell()

    # ---------------------------------------------------------------- pieces

    async def _work(self) -> None:
        while True:
            await self._change.until(self._is_decided)
            if self._failure is not None:
                raise self._failure
            if self._is_complete():
                return
            offer = self._choose()
            if offer is not None:
                await self._fetch(offer)
            elif self._relies_on_these:
                raise NoParent(f"no peer that is alive has what is missing of {self._task_id}")
            else:
                self._is_starving = True
                self._listener.ask_again()

    def _is_decided(self) -> bool:
        """Whether there is something else to do than to wait."""
        if self._failure is not None or self._is_complete() or self._choose() is not None:
            return True
        if self._feeds or self._fetching:
            return False
        return self._relies_on_these or not self._is_starving

    def _is_complete(self) -> bool:
        content = self._sink.content
        return self._is_adopted and content is not None and content.is_whole

    def _choose(self) -> _Offer | None:
        """A piece that few have, from the parent that is asked for the fewest pieces now."""
        content = self._sink.content
        if content is None or not self._is_adopted:
            return None
        wanted = sorted(
            (len(offers), number)
            for number, offers in self._offers.items()
            if offers and number not in content.pieces and number not in self._fetching
        )
        if not wanted:
            return None
        rarest = [number for count, number in wanted[:_WINDOW] if count == wanted[0][0]]
        offers = self._offers[random.choice(rarest)]  # noqa: S311 - spreads load
        return min(offers.values(), key=lambda offer: self._busy.get(offer.parent.host_id, 0))

    async def _fetch(self, offer: _Offer) -> None:
        parent, number = offer.parent, offer.piece.number
        self._fetching.add(number)
        self._busy[parent.host_id] = self._busy.get(parent.host_id, 0) + 1
        try:
            data, digest = await self._links.pieces.get(offer.address, self._task_id, offer.piece)
            piece = Piece(number, offer.piece.offset, offer.piece.length, digest)
            await self._sink.write(piece, data)
        except PieceRefused as error:
            self._give_up(parent, number, str(error))
        else:
            self._listener.got(parent, piece)
        finally:
            self._fetching.discard(number)
            self._busy[parent.host_id] -= 1
            self._change.tell()


def _is_same(content: Content, piece_length: int, length: int | None, headers: Mapping[str, str]) -> bool:
    """Whether what a parent says is about the same bytes as the pieces here."""
    known = content.response_headers
    return (
        content.piece_length == piece_length
        and (length is None or content.length is None or content.length == length)
        and all(headers.get(name) == known.get(name) for name in ("etag", "last-modified", READING))
    )
