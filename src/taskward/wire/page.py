"""One page of any list."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """One page of a list; `next` goes into `?after=`."""

    items: list[T]
    next: str | None = None
