"""The connections of a peer to others: gRPC channels, one an address, and HTTP for the bytes of pieces."""

import grpc
from dragonfly_api.dfdaemon_pb2_grpc import DfdaemonUploadStub
from dragonfly_api.scheduler_pb2_grpc import SchedulerStub

from taskward.peer.piece_client import PieceClient

KEEPALIVE_MS = 10_000
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    # A peer that comes back is to be found soon.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),
    # A host that is gone without a word is noticed while one waits for its pieces.
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
)


class Links:
    """Opens what is needed, and closes it at the end. `idle_seconds` is how long a parent may send nothing."""

    def __init__(self, *, idle_seconds: float) -> None:
        self.pieces = PieceClient(idle_seconds=idle_seconds)
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def close(self) -> None:
        """Closes every connection."""
        self.pieces.close()
        for channel in self._channels.values():
            await channel.close(None)

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
