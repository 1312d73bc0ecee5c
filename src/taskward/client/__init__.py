"""The Python client of `/v1`: `AsyncClient`, and `Client` for programs without an event loop."""

from taskward.client.asynchronous import AsyncClient
from taskward.client.errors import ApiError, ClientError, ServerUnreachable, WaitTimedOut
from taskward.client.external import Tracked
from taskward.client.filters import TaskFilter
from taskward.client.synchronous import Client, SyncTracked

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "ClientError",
    "ServerUnreachable",
    "SyncTracked",
    "TaskFilter",
    "Tracked",
    "WaitTimedOut",
]
