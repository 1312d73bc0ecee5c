"""The blocking faces of asynchronous objects."""

import asyncio
from collections.abc import AsyncIterator

from taskward.client.face import LoopThread


def test_a_stream_that_was_left_is_closed_with_its_loop() -> None:
    closed: list[str] = []

    async def stream() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            closed.append("stream")

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append("task")

    async def first() -> int:
        asyncio.create_task(waiting(), name="left running")  # noqa: RUF006 - nobody holds it, as it is
        await asyncio.sleep(0)
        async for number in stream():
            return number
        raise AssertionError

    thread = LoopThread()
    assert thread.run(first()) == 1
    thread.close()
    assert closed == ["stream", "task"]
