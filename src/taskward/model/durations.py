"""Durations as people write them: `90s`, `15m`, `1h30m`, `7d`, or a bare number of seconds."""

import re
from datetime import timedelta

_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_LONGEST = timedelta(days=36_500)


def parse_duration(text: str | float) -> timedelta:
    """Raises ValueError, saying what would be right, for anything else, negative or beyond a hundred years."""
    wrong = ValueError("is not a duration; write seconds, or a number and a unit such as 90s, 15m, 1h30m or 7d")
    compact = str(text).strip().lower().replace(" ", "")
    try:
        seconds = float(compact)
    except ValueError:
        if not re.fullmatch(f"(?:{_PART.pattern})+", compact):
            raise wrong from None
        seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(compact))
    if not 0 <= seconds <= _LONGEST.total_seconds():
        raise wrong
    return timedelta(seconds=seconds)


def show_seconds(duration: timedelta) -> str:
    """Its seconds, without a fraction where there is none: `604800`, `0.5`."""
    seconds = duration.total_seconds()
    return str(int(seconds)) if seconds == int(seconds) else str(seconds)
