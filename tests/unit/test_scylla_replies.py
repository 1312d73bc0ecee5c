"""Arrays that are written in pieces."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from taskward.http.scylla.errors import Refused
from taskward.http.scylla.replies import array


async def stays() -> Any:
    """A client that waits for its answer."""
    await asyncio.Event().wait()


async def sent(pieces: list[list[int]]) -> tuple[dict[str, Any], list[bytes]]:
    """What is sent as the answer: its start and the parts of its body."""

    async def come() -> AsyncGenerator[list[int], None]:
        for piece in pieces:
            yield piece

    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    app = await array(come())
    await app({"type": "http", "method": "GET"}, stays, send)  # type: ignore[arg-type]
    assert [message.get("more_body", True) for message in messages] == [True] * (len(messages) - 1) + [False]
    return messages[0], [message["body"] for message in messages[1:]]


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ([[]], b"[]"),
        ([[1, 2]], b"[1,2]"),
        ([[1], [2]], b"[1,2]"),
        ([[], [1], [], [2, 3], []], b"[1,2,3]"),
        ([[], []], b"[]"),
    ],
)
async def test_pieces_make_one_array(pieces: list[list[int]], body: bytes) -> None:
    start, parts = await sent(pieces)
    assert b"".join(parts) == body
    assert dict(start["headers"])[b"content-type"] == b"application/json"
    assert (b"content-length" in dict(start["headers"])) is (len(pieces) == 1)


async def test_an_error_at_the_beginning_can_still_be_answered() -> None:
    async def come() -> AsyncGenerator[list[int], None]:
        for message in ["no such module"]:
            raise Refused(400, message)
        yield []

    with pytest.raises(Refused):
        await array(come())
