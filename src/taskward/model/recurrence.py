"""When a schedule ticks: at an interval, or by a cron expression in a time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from msgspec import Struct

from taskward.model.errors import Invalid

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_SHORTEST = timedelta(seconds=1)
_LONGEST = timedelta(days=36_500)


class Recurrence(Struct, frozen=True):
    """Exactly one of `every` and `cron` is set; `timezone` is where cron's hours are read."""

    every: timedelta | None = None
    cron: str | None = None
    timezone: str = "UTC"

    def check(self) -> None:
        """Raises Invalid when it makes no sense or never ticks."""
        if (self.every is None) == (self.cron is None):
            raise Invalid("/every_seconds", "give exactly one of every_seconds and cron")
        if self.every is not None and not _SHORTEST <= self.every <= _LONGEST:
            raise Invalid("/every_seconds", "must be between one second and a hundred years")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Invalid("/timezone", f"{self.timezone!r} is not a time zone such as UTC or Europe/Berlin") from None
        if self.cron is not None:
            self._check_cron(self.cron)

    def first(self, now: datetime, first_in: timedelta | None = None) -> datetime | None:
        """The first tick of a schedule that is made or activated now: after `first_in`, else after one interval."""
        if first_in is not None:
            return now + first_in
        return self.after(now, now)

    def after(self, tick: datetime, now: datetime) -> datetime | None:
        """The first tick behind `now` in the rhythm of `tick`: those missed meanwhile collapse into one.

        None when there is none any more (a cron expression with a year, or a day that never comes).
        """
        if self.every is not None:
            missed = max((now - tick) // self.every, 0)
            return tick + (missed + 1) * self.every
        if self.cron is None:
            return None
        local = max(tick, now).astimezone(ZoneInfo(self.timezone))
        following = next(CronSim(self.cron, local), None)
        return None if following is None else following.astimezone(UTC)

    def following(self, tick: datetime, count: int) -> list[datetime]:
        """The tick given and those behind it, `count` at most."""
        ticks = [tick]
        while len(ticks) < count:
            later = self.after(ticks[-1], ticks[-1])
            if later is None:
                break
            ticks.append(later)
        return ticks

    def in_words(self) -> str:
        """In English: `Every 15 minutes`, or `At 04:30 on Monday through Friday, Europe/Berlin`."""
        if self.every is not None:
            return f"Every {_words(self.every)}"
        if self.cron is None:
            return "Never"
        words = CronSim(self.cron, datetime(2000, 1, 1, tzinfo=UTC)).explain()
        return words if self.timezone == "UTC" else f"{words}, {self.timezone}"

    def _check_cron(self, cron: str) -> None:
        try:
            comes = next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)), None)
        except CronSimError as error:
            right = "five fields: minute, hour, day of month, month, day of week, such as `30 4 * * 1-5`"
            raise Invalid("/cron", f"{str(error) or 'is not a cron expression'}; write {right}") from None
        if comes is None:
            raise Invalid("/cron", "names a day that never comes")


def _words(duration: timedelta) -> str:
    """The parts of a duration; a single one goes without its number."""
    rest = duration.total_seconds()
    parts: list[tuple[float, str]] = []
    for unit, seconds in _UNITS:
        count = rest if unit == "second" else rest // seconds
        rest -= count * seconds
        if count:
            parts.append((count, unit if count == 1 else f"{unit}s"))
    if len(parts) == 1 and parts[0][0] == 1:
        return parts[0][1]
    return " ".join(f"{count:g} {unit}" for count, unit in parts)
