"""How numbers, times and states read."""

from datetime import datetime, timedelta
from typing import NamedTuple

from taskward.model.states import State


class Look(NamedTuple):
    """How a state shows: its sign, the sign where only ASCII can be shown, and a Rich style."""

    sign: str
    ascii: str
    style: str


LOOKS: dict[State, Look] = {
    State.SCHEDULED: Look("◷", "~", "cyan"),
    State.BLOCKED: Look("◫", "=", "yellow"),
    State.QUEUED: Look("○", ".", "bright_black"),
    State.PAUSED: Look("‖", '"', "magenta"),
    State.RUNNING: Look("●", "*", "bright_blue"),
    State.CANCELING: Look("◌", "!", "yellow"),
    State.COMPLETED: Look("✔", "+", "green"),
    State.FAILED: Look("✘", "x", "bold red"),
    State.CANCELED: Look("⊘", "/", "yellow"),
    State.SKIPPED: Look("↷", "-", "bright_black"),
}

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def amount(value: float, unit: str) -> str:
    """A count with its unit; bytes in the size that reads best."""
    if unit not in {"bytes", "byte", "B"}:
        return f"{number(value)}{' ' if unit else ''}{unit}"
    size = 0
    while abs(value) >= 999.5 and size < len(_SIZES) - 1:
        value /= 1000
        size += 1
    return f"{value:.0f} B" if size == 0 else f"{value:.{1 if value < 99.5 else 0}f} {_SIZES[size]}"


def number(value: float) -> str:
    """A count: whole when it is whole."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def share(done: float, total: float | None, unit: str) -> str:
    """`3 of 10 files`, or what there is to say without a total."""
    if total is None:
        return amount(done, unit)
    of = amount(total, unit)
    return f"{amount(done, unit) if unit in {'bytes', 'byte', 'B'} else number(done)} of {of}"


def span(length: timedelta) -> str:
    """A duration to read while it passes: `0.4s`, `12s`, `3:07`, `2:03:10`, `4d 02:10`."""
    seconds = max(length.total_seconds(), 0)
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours:02}:{minutes:02}"


def interval(seconds: float) -> str:
    """A duration as it is written: `15m`, `1h30m`, `2.5s`."""
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:.0f}{unit}")
    if seconds or not parts:
        parts.append(f"{seconds:g}s")
    return "".join(parts)


def ago(instant: datetime | None, now: datetime) -> str:
    """How long ago, or how soon."""
    if instant is None:
        return "-"
    length = now - instant
    return f"in {rough(-length)}" if length < -timedelta(seconds=1) else f"{rough(length)} ago"


def rough(length: timedelta) -> str:
    """A duration in its largest unit."""
    seconds = max(length.total_seconds(), 0)
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"
