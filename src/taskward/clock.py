"""The clock of the machine."""

from datetime import UTC, datetime


class SystemClock:
    """Follows `taskward.ports.Clock`."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)
