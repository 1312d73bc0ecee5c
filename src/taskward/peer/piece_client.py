"""Receives pieces from other hosts, over HTTP.

In threads and with the standard library's client: it receives straight into the buffer of the piece, and lets go of the
interpreter while it does. aiohttp's client takes half as much processor time again for the same bytes.
"""

import asyncio
import http.client
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from taskward.peer.content import Piece
from taskward.peer.errors import PieceRefused

DIGEST_HEADER = "X-Taskward-Piece-Digest"
_AT_ONCE = 16
_IDLE_CONNECTIONS = 8
"""How many to one host are kept for later."""


class PieceClient:
    """Keeps connections open for the next piece. `idle_seconds` is how long a host may send nothing."""

    def __init__(self, *, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="taskward-peer-pieces")
        self._idle: defaultdict[str, list[http.client.HTTPConnection]] = defaultdict(list)

    def close(self) -> None:
        """Closes the connections; pieces that are being received are of no use any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for connections in self._idle.values():
            for connection in connections:
                connection.close()

    async def get(self, address: str, task_id: str, piece: Piece) -> tuple[bytearray, str]:
        """The bytes of a piece from the host at `host:port`, and the digest it says they have. Raises PieceRefused.

        Of `piece` only number and range are looked at.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._get, address, task_id, piece)

    def _get(self, address: str, task_id: str, piece: Piece) -> tuple[bytearray, str]:
        idle = self._idle[address]
        connection = idle.pop() if idle else http.client.HTTPConnection(address, timeout=self._idle_seconds)
        try:
            received = _receive(connection, f"/tasks/{task_id}/pieces/{piece.number}", piece)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            reason = str(error) or type(error).__name__
            raise PieceRefused(f"{address} broke off piece {piece.number}: {reason}") from error
        except PieceRefused:
            connection.close()
            raise
        if len(idle) < _IDLE_CONNECTIONS:
            idle.append(connection)
        else:
            connection.close()
        return received


def _receive(connection: http.client.HTTPConnection, path: str, piece: Piece) -> tuple[bytearray, str]:
    asked = {"Range": f"bytes={piece.offset}-{piece.offset + piece.length - 1}"}
    try:
        connection.request("GET", path, headers=asked)
        answer = connection.getresponse()
    except (ConnectionError, http.client.RemoteDisconnected):
        # The host may have closed a connection that was idle for long.
        connection.close()
        connection.request("GET", path, headers=asked)
        answer = connection.getresponse()
    digest = answer.headers.get(DIGEST_HEADER, "")
    if answer.status != http.client.PARTIAL_CONTENT or answer.length != piece.length or not digest:
        raise PieceRefused(f"{connection.host} answered {answer.status} for piece {piece.number}")
    data = bytearray(piece.length)
    rest = memoryview(data)
    while rest:
        length = answer.readinto(rest)
        if not length:
            raise http.client.IncompleteRead(b"", len(rest))
        rest = rest[length:]
    # Makes the connection ready for the next request.
    answer.read()
    return data, digest
