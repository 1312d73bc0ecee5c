"""Following a download whose pieces come while others are looked at."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskward.peer.content import Content, Origin, Piece
from taskward.peer.download import Download
from taskward.peer.errors import ContentGone, PeerError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORIGIN = Origin(url="http://origin/file")


def content() -> Content:
    return Content("id", ORIGIN, Path("file"), 10, 30, {}, NOW, NOW, NOW)


def add(download: Download, number: int) -> None:
    download.known.pieces[number] = Piece(number, number * 10, 10, "")
    download.progress()


async def test_pieces_that_come_with_the_end_are_not_missed() -> None:
    download = Download("id", ORIGIN, content())
    add(download, 0)
    given = []
    async for piece in download.pieces():
        given.append(piece.number)
        if piece.number == 0:
            add(download, 1)
            add(download, 2)
            download.end()
    assert given == [0, 1, 2]


async def test_whoever_follows_learns_of_a_failure_and_of_another_beginning() -> None:
    download = Download("id", ORIGIN, content())
    add(download, 0)
    pieces = download.pieces()
    assert (await anext(pieces)).number == 0
    download.begin_anew()
    with pytest.raises(ContentGone):
        await anext(pieces)
    download.end(PeerError("broken"))
    with pytest.raises(PeerError, match="broken"):
        await download.begun()


async def test_a_piece_that_will_not_come_is_none_or_the_error() -> None:
    whole, failed = Download("id", ORIGIN, content()), Download("id", ORIGIN, content())
    whole.end()
    failed.end(PeerError("broken"))
    assert await whole.piece(whole.known, 7) is None
    with pytest.raises(PeerError, match="broken"):
        await failed.piece(failed.known, 7)
