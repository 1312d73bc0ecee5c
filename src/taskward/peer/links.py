"""The connections of a peer to others: gRPC channels, one an address, and HTTP for the bytes of pieces."""

import asyncio

import aiohttp
import grpc
from dragonfly_api.dfdaemon_pb2_grpc import DfdaemonUploadStub
from dragonfly_api.scheduler_pb2_grpc import SchedulerStub

from taskward.peer.content import Piece
from taskward.peer.errors import PieceRefused

DIGEST_HEADER = "X-Taskward-Piece-Digest"
_READ_BUFFER_BYTES = 2 * 1024 * 1024
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    # A peer that comes back is to be found soon.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),
)


class Links:
    """Opens what is needed, keeps it, and closes it at the end."""

    def __init__(self, *, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes every connection."""
        for channel in self._channels.values():
            await channel.close(None)
        if self._session is not None:
            await self._session.close()

    def scheduler(self, address: str) -> SchedulerStub:
        """The scheduler at `host:port`."""
        return SchedulerStub(self._channel(address))

    def daemon(self, address: str) -> DfdaemonUploadStub:
        """The upload service of a host at `host:port`."""
        return DfdaemonUploadStub(self._channel(address))

    def _channel(self, address: str) -> grpc.aio.Channel:
        if address not in self._channels:
            self._channels[address] = grpc.aio.insecure_channel(address, _CHANNEL_OPTIONS)
        return self._channels[address]

    async def piece(self, address: str, task_id: str, wanted: Piece) -> tuple[bytearray, str]:
        """The bytes of a piece from the host at `host:port`, and the digest it says they have. Raises PieceRefused.

        The digest of `wanted` is not looked at.
        """
        url = f"http://{address}/tasks/{task_id}/pieces/{wanted.number}"
        headers = {"Range": f"bytes={wanted.offset}-{wanted.offset + wanted.length - 1}"}
        data, length = bytearray(wanted.length), 0
        try:
            async with self._http().get(url, headers=headers) as answer:
                if answer.status != 206:
                    raise PieceRefused(f"{address} answered {answer.status} for piece {wanted.number}")
                digest = answer.headers.get(DIGEST_HEADER, "")
                async for chunk in answer.content.iter_any():
                    data[length : length + len(chunk)] = chunk
                    length += len(chunk)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PieceRefused(
                f"{address} broke off piece {wanted.number}: {str(error) or type(error).__name__}"
            ) from error
        if length != wanted.length or not digest:
            raise PieceRefused(f"{address} sent {length} bytes of {wanted.length} for piece {wanted.number}")
        return data, digest

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._idle_seconds, sock_read=self._idle_seconds
                ),
                auto_decompress=False,
                read_bufsize=_READ_BUFFER_BYTES,
                skip_auto_headers=("Accept-Encoding",),
            )
        return self._session


async def ended(call: grpc.aio.Call) -> None:
    """Cancels a call that may still run, and lets it clean up."""
    call.cancel()
    await asyncio.sleep(0)
