"""The client for programs with an event loop."""

from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from taskward.client.discovery import find
from taskward.client.external import ExternalMethods
from taskward.client.house import HouseMethods
from taskward.client.transport import Transport
from taskward.client.watching import WatchMethods
from taskward.client.workflows import WorkflowMethods


class AsyncClient(WatchMethods, ExternalMethods, WorkflowMethods, HouseMethods):
    """A Taskward server, from Python.

        async with AsyncClient() as client:
            task = await client.submit("files.checksum", path="/data")
            print(await client.wait(task.id))

    Without arguments it finds the server as `taskward.client.discovery.find` says. `http` replaces the network, for
    tests. Every method raises ApiError when the server refuses, ServerUnreachable when there is no usable answer.
    """

    def __init__(
        self,
        server: str | None = None,
        token: str | None = None,
        *,
        data_dir: Path | None = None,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        address = find(server, token, data_dir)
        self.url = address.url
        self._transport = Transport(address.url, address.token, http)

    async def close(self) -> None:
        """Closes every connection."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
