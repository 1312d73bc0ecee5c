"""How numbers and times read."""

from datetime import UTC, datetime, timedelta

import pytest

from taskward.cli.rates import Pace
from taskward.cli.words import LOOKS, ago, amount, interval, number, share, span
from taskward.model.states import State

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_every_state_has_a_look_of_its_own() -> None:
    assert set(LOOKS) == set(State)
    assert len({look.sign for look in LOOKS.values()}) == len(State)
    assert len({look.ascii for look in LOOKS.values()}) == len(State)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "bytes", "0 B"),
        (999, "bytes", "999 B"),
        (1000, "bytes", "1.0 kB"),
        (999_600, "bytes", "1.0 MB"),
        (123_456_789, "bytes", "123 MB"),
        (5e18, "bytes", "5000 PB"),
        (1234, "files", "1,234 files"),
        (2.5, "", "2.5"),
        (3, "", "3"),
    ],
)
def test_amounts(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_shares() -> None:
    assert share(3, 10, "files") == "3 of 10 files"
    assert share(1_000_000, 2_500_000, "bytes") == "1.0 MB of 2.5 MB"
    assert share(7, None, "") == "7"
    assert number(12345.678) == "12,346"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.44, "0.4s"),
        (9.96, "10.0s"),
        (12, "12s"),
        (187, "3:07"),
        (7390, "2:03:10"),
        (353400, "4d 02:10"),
        (-5, "0.0s"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(900, "15m"), (5400, "1h30m"), (90, "1m30s"), (2.5, "2.5s"), (0, "0s"), (172800, "2d")]
)
def test_intervals(seconds: float, text: str) -> None:
    assert interval(seconds) == text


def test_ago() -> None:
    assert ago(NOON - timedelta(minutes=3), NOON) == "3m ago"
    assert ago(NOON + timedelta(hours=2), NOON) == "in 2h"
    assert ago(None, NOON) == "-"


def test_pace_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    pace.note(NOON, 0)
    assert pace.per_second is None
    for second in range(1, 21):
        pace.note(NOON + timedelta(seconds=second), 10 * second if second <= 10 else 100 + 50 * (second - 10))
    assert pace.per_second == pytest.approx(50, rel=0.2)
    assert pace.remaining(600, 1100) == pytest.approx(timedelta(seconds=10), rel=0.2)
    assert pace.remaining(600, None) is None


def test_pace_begins_anew_when_progress_goes_back() -> None:
    pace = Pace()
    pace.note(NOON, 100)
    pace.note(NOON + timedelta(seconds=1), 0)
    assert pace.per_second is None
    pace.note(NOON + timedelta(seconds=2), 5)
    assert pace.per_second == 5
