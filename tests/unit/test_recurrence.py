from datetime import UTC, datetime, timedelta

import pytest

from taskward.model.durations import parse_duration, show_seconds
from taskward.model.errors import Invalid, NotFound
from taskward.model.recurrence import Recurrence
from taskward.model.settings import SETTINGS, duration_of, setting_named

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TestTicks:
    def test_an_interval_keeps_its_rhythm(self) -> None:
        hourly = Recurrence(every=HOUR)
        assert hourly.first(NOON) == NOON + HOUR
        assert hourly.first(NOON, timedelta(0)) == NOON
        assert hourly.after(NOON, NOON + timedelta(minutes=3)) == NOON + HOUR

    @pytest.mark.parametrize(("late", "hours"), [(0, 1), (0.99, 1), (1, 2), (5.5, 6), (100, 101)])
    def test_missed_ticks_collapse_into_one(self, late: float, hours: int) -> None:
        assert Recurrence(every=HOUR).after(NOON, NOON + late * HOUR) == NOON + hours * HOUR

    def test_cron_is_read_where_it_is_meant(self) -> None:
        berlin = Recurrence(cron="30 4 * * *", timezone="Europe/Berlin")
        assert berlin.first(NOON) == datetime(2030, 6, 2, 2, 30, tzinfo=UTC)
        assert berlin.after(NOON, NOON + timedelta(days=300)) == datetime(2031, 3, 29, 3, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("recurrence", "words"),
        [
            (Recurrence(every=timedelta(minutes=15)), "Every 15 minutes"),
            (Recurrence(every=HOUR), "Every hour"),
            (Recurrence(every=timedelta(days=1, hours=2, seconds=1.5)), "Every 1 day 2 hours 1.5 seconds"),
            (Recurrence(cron="30 4 * * 1-5"), "At 04:30 on Monday through Friday"),
            (Recurrence(cron="0 0 1 */2 *", timezone="Europe/Berlin"),
             "At 00:00 on the first day of every second month, Europe/Berlin"),
        ],
    )  # fmt: skip
    def test_in_words(self, recurrence: Recurrence, words: str) -> None:
        assert recurrence.in_words() == words

    def test_the_ticks_to_come(self) -> None:
        assert Recurrence(every=HOUR).following(NOON, 3) == [NOON, NOON + HOUR, NOON + 2 * HOUR]
        assert len(Recurrence(cron="0 0 29 2 *").following(NOON, 5)) == 5

    def test_cron_misses_collapse_too(self) -> None:
        each_minute = Recurrence(cron="* * * * *")
        assert each_minute.after(NOON, NOON + HOUR) == NOON + HOUR + timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("recurrence", "field"),
        [
            (Recurrence(), "/every_seconds"),
            (Recurrence(every=HOUR, cron="* * * * *"), "/every_seconds"),
            (Recurrence(every=timedelta(milliseconds=10)), "/every_seconds"),
            (Recurrence(cron="* * *"), "/cron"),
            (Recurrence(cron="61 * * * *"), "/cron"),
            (Recurrence(cron="0 0 30 2 *"), "/cron"),
            (Recurrence(cron="* * * * *", timezone="Mars/Olympus"), "/timezone"),
            (Recurrence(cron="* * * * *", timezone="../etc/passwd"), "/timezone"),
            (Recurrence(cron="* * * * *", timezone=""), "/timezone"),
        ],
    )
    def test_what_makes_no_sense(self, recurrence: Recurrence, field: str) -> None:
        with pytest.raises(Invalid) as error:
            recurrence.check()
        assert error.value.field == field


class TestDurations:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("90", 90),
            (0.5, 0.5),
            ("90s", 90),
            ("15m", 900),
            ("1h30m", 5400),
            ("7d", 604800),
            ("2 W", 1209600),
            ("250ms", 0.25),
        ],
    )
    def test_as_people_write_them(self, text: str | float, seconds: float) -> None:
        assert parse_duration(text) == timedelta(seconds=seconds)
        assert parse_duration(show_seconds(timedelta(seconds=seconds))) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("text", ["", "soon", "-1", "1y", "nan", "inf", "1e300", "m", "5 5m x"])
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(ValueError, match="90s"):
            parse_duration(text)


class TestSettings:
    def test_every_default_is_a_value(self) -> None:
        for setting in SETTINGS.values():
            assert setting.description
            if setting.default:
                assert setting.check(setting.default) == setting.default

    def test_what_is_stored_goes_before_the_default(self) -> None:
        assert duration_of("task_ttl", {}) == timedelta(days=7)
        assert duration_of("task_ttl", {"task_ttl": "60"}) == timedelta(minutes=1)

    def test_an_unknown_one_names_the_nearest(self) -> None:
        with pytest.raises(NotFound, match=r"did you mean task_ttl\?"):
            setting_named("tasks_ttl")
        with pytest.raises(NotFound, match="there are task_ttl"):
            setting_named("zzz")

    @pytest.mark.parametrize("value", ["soon", True, -1])
    def test_a_wrong_value_says_what_is_right(self, value: str | float) -> None:
        with pytest.raises(Invalid, match="90s"):
            setting_named("task_ttl").check(value)
