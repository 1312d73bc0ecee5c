"""Server-sent events: a stream of batches as an HTTP answer."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import TypeVar

from litestar.types import ASGIApp, Receive, Scope, Send

from taskward.http.endpoint import reply
from taskward.http.presence import ClientGone, unless_gone

T = TypeVar("T")

EVENT_STREAM = "text/event-stream"
_RETRY = b"retry: 1000\n\n"
_KEEP_ALIVE = b": keep-alive\n\n"


def frame(event: str, data: bytes, cursor: str) -> bytes:
    """One event. The data is JSON, so it has no line break of its own."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), event.encode(), data)


async def event_stream(batches: AsyncGenerator[list[T], None], write: Callable[[T], bytes]) -> ASGIApp:
    """The stream's answer; an empty batch becomes a keep-alive comment.

    204 when the stream ends before it has said anything: nothing will ever come, and a browser stops trying. What the
    stream raises at its beginning is raised here, while it can still be answered.
    """
    try:
        first = await anext(batches)
    except StopAsyncIteration:
        return reply(204)

    async def tell(send: Send) -> None:
        async def chunk(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        await chunk(_RETRY + b"".join(map(write, first)))
        async with aclosing(batches):
            async for batch in batches:
                await chunk(b"".join(map(write, batch)) or _KEEP_ALIVE)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "HEAD":
            await batches.aclose()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    # A proxy that collects the answer before it passes it on would make a stream a poll.
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        with suppress(ClientGone):
            await unless_gone(receive, tell(send))

    return app
