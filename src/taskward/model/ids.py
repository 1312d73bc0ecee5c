"""Very many ids at once."""

from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

_DIGITS = 32
_TEXT = b"00000000-0000-0000-0000-000000000000"
_PLACES = [place for place, letter in enumerate(_TEXT) if letter == ord("0")]


class Ids(Struct, frozen=True):
    """A sequence of ids that nobody does anything with but show them: all their hexadecimal digits in a row.

    A text of its own for each would cost most of the time it takes to answer with 100,000 of them.
    """

    digits: bytes = b""
    """In lower case, 32 for each."""

    @classmethod
    def of(cls, ids: Iterable[UUID]) -> "Ids":
        """From ids one by one."""
        return cls("".join(one.hex for one in ids).encode())

    def __len__(self) -> int:
        return len(self.digits) // _DIGITS

    def texts(self) -> list[str]:
        """As people write them."""
        return self.written(b"", b"").decode().split(",") if self.digits else []

    def written(self, before: bytes, after: bytes) -> bytes:
        """As people write them, each between `before` and `after`, with commas between them."""
        item = before + _TEXT + after + b","
        found = bytearray(item * len(self))
        for digit, place in enumerate(_PLACES):
            # The same digit of every id, in one stroke.
            found[len(before) + place :: len(item)] = self.digits[digit::_DIGITS]
        return bytes(found[:-1])


NONE = Ids()
