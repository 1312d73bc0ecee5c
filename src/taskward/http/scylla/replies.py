"""Answers: JSON, nothing at all, and arrays that are written while they are read."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from taskward.http.endpoint import Reply, reply
from taskward.http.presence import ClientGone, unless_gone

_encode = msgspec.json.Encoder().encode


def nothing() -> ASGIApp:
    """Done; the body is empty, and said to be JSON nevertheless."""
    return Reply(200, b"", [("content-type", "application/json")])


async def array(pieces: AsyncGenerator[Sequence[Any], None]) -> ASGIApp:
    """An array of what comes in pieces. What the pieces raise at the beginning is raised here."""
    first = await anext(pieces)
    second = await anext(pieces, None)
    if second is None:
        return reply(200, first)

    async def tell(send: Send) -> None:
        separator = b"["
        for known in (first, second):
            separator = await _write(send, separator, known)
        async with aclosing(pieces):
            async for piece in pieces:
                separator = await _write(send, separator, piece)
        closing = b"[]" if separator == b"[" else b"]"
        await send({"type": "http.response.body", "body": closing, "more_body": False})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - an ASGI application
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        with suppress(ClientGone):
            await unless_gone(receive, tell(send))

    return app


async def _write(send: Send, separator: bytes, piece: Sequence[Any]) -> bytes:
    """Sends members of an array; returns what separates them from those to come."""
    if not piece:
        return separator
    await send({"type": "http.response.body", "body": separator + _encode(piece)[1:-1], "more_body": True})
    return b","
