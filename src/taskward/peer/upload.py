"""Sends pieces to other peers over HTTP: `GET /tasks/{task id}/pieces/{number}` with the piece's range.

The digest that the piece had when it was first read from its origin goes with it, so that whoever receives it sees
damage that was done on the way or on this host's disk.
"""

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from taskward.peer.content import Content, Piece
from taskward.peer.piece_client import DIGEST_HEADER
from taskward.peer.storage import Storage

_CHUNK_BYTES = 1024 * 1024


def upload_app(storage: Storage) -> web.Application:
    """The application that sends pieces out of this storage."""

    async def send(request: web.Request) -> web.StreamResponse:
        content = storage.find(request.match_info["task_id"])
        piece = None if content is None else content.pieces.get(int(request.match_info["number"]))
        if content is None or piece is None or not content.is_checked:
            raise web.HTTPNotFound(text="no such piece here\n")
        if request.http_range != slice(piece.offset, piece.offset + piece.length, 1):
            raise web.HTTPRequestRangeNotSatisfiable(text=f"the piece is at {piece.offset}, {piece.length} bytes\n")
        storage.use(content)
        return _PieceResponse(content, piece)

    app = web.Application()
    app.router.add_get(r"/tasks/{task_id:[0-9a-f]+}/pieces/{number:\d{1,9}}", send)
    return app


class _PieceResponse(web.FileResponse):
    """Sends one piece and counts that it does."""

    def __init__(self, content: Content, piece: Piece) -> None:
        headers = {DIGEST_HEADER: piece.digest, "Content-Type": "application/octet-stream"}
        super().__init__(content.path, chunk_size=_CHUNK_BYTES, headers=headers)
        self._content = content

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._content.uploading += 1
        try:
            writer = await super().prepare(request)
            self._content.uploaded += 1
            return writer
        finally:
            self._content.uploading -= 1
