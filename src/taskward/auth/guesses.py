"""Guessing passwords is made slow, per user name."""

from collections import OrderedDict
from datetime import datetime, timedelta

from msgspec import Struct

from taskward.model.errors import Unauthenticated

_NAMES_KEPT = 10_000


class _Record(Struct):
    wrong: int = 0
    closed_until: datetime | None = None


class Guesses:
    """Counts wrong passwords. After `free` in a row a name is closed for a second, then two, four, ... up to `longest`.

    Short on purpose: whoever knows a user's name must not be able to lock that user out for long.
    """

    def __init__(self, *, free: int = 5, longest: timedelta = timedelta(seconds=15)) -> None:
        self._free = free
        self._longest = longest
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def check(self, name: str, now: datetime) -> None:
        """Raises Unauthenticated while the name is closed."""
        record = self._records.get(name)
        if record and record.closed_until and now < record.closed_until:
            seconds = (record.closed_until - now).total_seconds()
            raise Unauthenticated(f"too many wrong passwords for this user; try again in {max(1, round(seconds))} s")

    def wrong(self, name: str, now: datetime) -> None:
        """Counts a wrong password."""
        record = self._records.setdefault(name, _Record())
        self._records.move_to_end(name)
        record.wrong += 1
        if record.wrong >= self._free:
            wait = timedelta(seconds=2 ** min(record.wrong - self._free, 30))
            record.closed_until = now + min(wait, self._longest)
        if len(self._records) > _NAMES_KEPT:
            self._records.popitem(last=False)

    def right(self, name: str) -> None:
        """The right password: the count starts anew."""
        self._records.pop(name, None)
