"""The one range of bytes that a request asks for (RFC 9110, 14.2). Pure."""

import re

from msgspec import Struct


class ByteRange(Struct, frozen=True):
    """From `start` up to, but without, `end`; None is the end, where that is not known."""

    start: int
    end: int | None


def asked_range(header: str | None, length: int | None) -> ByteRange | None:
    """The range that is asked for, of so many bytes; None when nothing of it is there.

    The whole when none is asked for, and when several are or it is no range, as servers may choose.
    """
    whole = ByteRange(0, length)
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if match is None or length is None or not any(match.groups()):
        return whole
    first, last = match.groups()
    if not first:
        start, end = max(length - int(last), 0), length
    else:
        start, end = int(first), min(int(last) + 1, length) if last else length
    return ByteRange(start, end) if start < end else None
