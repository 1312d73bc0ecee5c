"""Work for clients that may go away."""

import asyncio
from typing import Any

import pytest

from taskward.http.presence import ClientGone, unless_gone


async def stays() -> Any:
    """A client that waits for its answer."""
    await asyncio.Event().wait()


async def leaves() -> Any:
    """A client that goes away."""
    await asyncio.sleep(0)
    return {"type": "http.disconnect"}


async def test_what_nobody_waits_for_is_given_up() -> None:
    work = asyncio.create_task(asyncio.Event().wait())
    with pytest.raises(ClientGone) as gone:
        await asyncio.wait_for(unless_gone(leaves, work), 30)
    assert gone.value.status_code == 499
    assert work.cancelled()


async def test_an_answer_and_an_error_come_through() -> None:
    async def fail() -> None:
        raise TimeoutError

    assert await unless_gone(stays, asyncio.sleep(0, "answer")) == "answer"
    with pytest.raises(TimeoutError):
        await unless_gone(stays, fail())
