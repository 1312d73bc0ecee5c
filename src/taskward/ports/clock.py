"""Where the time comes from."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests turn it by hand."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...
