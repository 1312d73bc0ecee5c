"""Instants and durations from outside, held to what can be reckoned with."""

from datetime import UTC, datetime, timedelta

from taskward.model.errors import Invalid

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=36_500)


def utc(field: str, instant: datetime) -> datetime:
    """The instant in UTC. Raises Invalid without a zone, before 1970, and so late that sums would overflow."""
    if instant.tzinfo is None:
        raise Invalid(field, "needs a zone, as in 2030-01-01T09:30:00Z")
    if not _EARLIEST <= instant < _LATEST:
        raise Invalid(field, "must be between the years 1970 and 9000")
    return instant.astimezone(UTC)


def duration(field: str, seconds: float) -> timedelta:
    """Raises Invalid when negative or longer than a hundred years."""
    if not 0 <= seconds <= _LONGEST.total_seconds():
        raise Invalid(field, "must be a number of seconds between 0 and a hundred years")
    return timedelta(seconds=seconds)
