from datetime import UTC, datetime, timedelta

import pytest

from taskward.model.errors import Invalid
from taskward.model.recurrence import Recurrence


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(recurrence: Recurrence, start: datetime, count: int) -> list[datetime]:
    found = [start]
    while len(found) <= count:
        following = recurrence.after(found[-1], found[-1])
        assert following is not None
        found.append(following)
    return found[1:]


def test_an_interval_keeps_its_rhythm_and_collapses_what_was_missed() -> None:
    hourly = Recurrence(every=timedelta(hours=1))
    tick = utc("2026-01-01T00:10")
    assert hourly.after(tick, tick) == utc("2026-01-01T01:10")
    assert hourly.after(tick, utc("2026-01-01T05:09:59")) == utc("2026-01-01T05:10")
    assert hourly.after(tick, utc("2026-01-01T05:10")) == utc("2026-01-01T06:10")
    assert hourly.first(tick) == utc("2026-01-01T01:10")
    assert hourly.first(tick, timedelta(0)) == tick


def test_cron_hours_are_read_in_the_time_zone() -> None:
    daily = Recurrence(cron="30 4 * * *", timezone="America/New_York")
    assert daily.after(utc("2026-01-01T00:00"), utc("2026-01-01T00:00")) == utc("2026-01-01T09:30")
    assert daily.after(utc("2026-07-01T00:00"), utc("2026-07-01T00:00")) == utc("2026-07-01T08:30")


def test_missed_cron_ticks_collapse() -> None:
    daily = Recurrence(cron="0 0 * * *")
    assert daily.after(utc("2026-01-02T00:00"), utc("2026-01-20T13:00")) == utc("2026-01-21T00:00")


def test_a_time_that_does_not_exist_comes_at_the_first_that_does() -> None:
    # On 2026-03-29 Berlin's clocks go from 02:00 to 03:00.
    daily = Recurrence(cron="30 2 * * *", timezone="Europe/Berlin")
    assert ticks(daily, utc("2026-03-28T00:00"), 3) == [
        utc("2026-03-28T01:30"),
        utc("2026-03-29T01:00"),
        utc("2026-03-30T00:30"),
    ]


def test_a_time_that_comes_twice_ticks_once() -> None:
    # On 2026-10-25 Berlin's clocks go from 03:00 to 02:00.
    daily = Recurrence(cron="30 2 * * *", timezone="Europe/Berlin")
    assert ticks(daily, utc("2026-10-24T00:00"), 3) == [
        utc("2026-10-24T00:30"),
        utc("2026-10-25T00:30"),
        utc("2026-10-26T01:30"),
    ]


def test_a_rhythm_by_minutes_goes_on_through_the_change() -> None:
    half_hourly = Recurrence(cron="*/30 * * * *", timezone="Europe/Berlin")
    for start in ("2026-03-29T00:00", "2026-10-25T00:00"):
        found = ticks(half_hourly, utc(start), 6)
        assert [tick - utc(start) for tick in found] == [timedelta(minutes=30 * n) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("recurrence", "field"),
    [
        (Recurrence(), "/every_seconds"),
        (Recurrence(every=timedelta(hours=1), cron="* * * * *"), "/every_seconds"),
        (Recurrence(every=timedelta(milliseconds=1)), "/every_seconds"),
        (Recurrence(cron="* * *"), "/cron"),
        (Recurrence(cron="61 * * * *"), "/cron"),
        (Recurrence(cron="0 0 30 2 *"), "/cron"),
        (Recurrence(cron="* * * * *", timezone="Mars/Olympus"), "/timezone"),
        (Recurrence(cron="* * * * *", timezone="../etc/passwd"), "/timezone"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(recurrence: Recurrence, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        recurrence.check()
    assert caught.value.field == field
