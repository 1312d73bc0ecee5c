"""When a schedule ticks: at an interval, or by a cron expression in a time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from msgspec import Struct

from taskward.model.errors import Invalid

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

    def _check_cron(self, cron: str) -> None:
        try:
            comes = next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)), None)
        except CronSimError as error:
            right = "five fields: minute, hour, day of month, month, day of week, such as `30 4 * * 1-5`"
            raise Invalid("/cron", f"{str(error) or 'is not a cron expression'}; write {right}") from None
        if comes is None:
            raise Invalid("/cron", "names a day that never comes")
