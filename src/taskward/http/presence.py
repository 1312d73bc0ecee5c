"""Work that is done for a client as long as it is there."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from litestar.exceptions import HTTPException
from litestar.types import Receive

T = TypeVar("T")


class ClientGone(HTTPException):
    """The client went away before its answer; nobody reads what is answered to this."""

    status_code = 499
    detail = "the client went away"


async def unless_gone(receive: Receive, work: Awaitable[T]) -> T:
    """What the work gives or raises. Raises ClientGone, with the work canceled, when the client goes away before."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.create_task(_disconnect(receive))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait([working, leaving])
    if working.cancelled():
        raise ClientGone
    return working.result()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
