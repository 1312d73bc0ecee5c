"""The network below the client: it resolves a name once, and connects to an address that the policy has seen.

The check stands where the connection is made, so that no second answer of a name server comes between the two; the name
stays what TLS and the `Host` header speak of.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore2

from taskward.outbound.addresses import AddressPolicy

# The addresses of a host, as texts, the one to try first before the others; the port goes with the question. Raises
# OSError when there are none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressRefused(Exception):
    """No address of the host may be connected to; the message says what they are."""


async def resolve(host: str, port: int) -> list[str]:
    """What the system makes of a host: a name, or any spelling of an address that it knows (`127.1`, `0x7f000001`)."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is no host name") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects as the wrapped library does, but only to permitted addresses. Raises AddressRefused."""

    def __init__(self, policy: AddressPolicy, resolve: Resolve) -> None:
        self._policy = policy
        self._resolve = resolve
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Tries the permitted addresses in turn; each gets its share of the time that is left."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout) as limit:
                addresses = await self._permitted(host, port)
                for left in range(len(addresses), 0, -1):
                    share = None if (until := limit.when()) is None else (until - loop.time()) / left
                    try:
                        return await self._network.connect_tcp(
                            addresses[-left], port, share, local_address, socket_options
                        )
                    except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                        if left == 1:
                            raise
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        raise httpcore2.ConnectError(f"{host} has no address")

    async def _permitted(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved: {error.strerror or error}") from error
        objections = {address: self._policy.objection(host, address) for address in addresses}
        permitted = [address for address, objection in objections.items() if objection is None]
        if objections and not permitted:
            raise AddressRefused(
                " and ".join(
                    f"{address} is {objection}" if address == host else f"{host} is {address}, {objection}"
                    for address, objection in objections.items()
                )
            )
        return permitted
