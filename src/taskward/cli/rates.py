"""How fast something goes, and when it will be there."""

from collections import deque
from datetime import datetime, timedelta

_WINDOW = timedelta(seconds=10)
_ENOUGH = timedelta(seconds=2)
"""How long to measure before saying how long the rest will take."""


class Pace:
    """The speed of one progress over the last seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[datetime, float]] = deque()

    def note(self, at: datetime, done: float) -> None:
        """Takes what is done at an instant. Progress that goes back starts the measuring anew."""
        if self._samples and done < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((at, done))
        while len(self._samples) > 2 and at - self._samples[1][0] > _WINDOW:
            self._samples.popleft()

    @property
    def per_second(self) -> float | None:
        """Units per second; None while there is too little to go by."""
        if len(self._samples) < 2:
            return None
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        seconds = (end - start).total_seconds()
        return (after - before) / seconds if seconds >= 0.5 else None

    def remaining(self, done: float, total: float | None) -> timedelta | None:
        """How long the rest will take at this speed."""
        speed = self.per_second
        if total is None or not speed or self._samples[-1][0] - self._samples[0][0] < _ENOUGH:
            return None
        return timedelta(seconds=min(max(total - done, 0) / speed, 86400 * 999))
