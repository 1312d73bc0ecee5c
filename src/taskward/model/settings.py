"""Run-time settings: what an administrator changes while everything runs, kept in the store as texts.

This is the one table of them. What a process is started with is elsewhere (`taskward.settings`).
"""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches

from msgspec import Struct

from taskward.model.durations import parse_duration, show_seconds
from taskward.model.errors import Invalid, NotFound


class Setting(Struct, frozen=True):
    """A setting that holds a duration; `default` and stored values are its seconds as text.

    As long as nobody has set it, one that `follows` another has that one's value.
    """

    name: str
    default: str
    description: str
    shortest: timedelta = timedelta(0)
    follows: str = ""

    def check(self, value: str | float) -> str:
        """The value as it is stored. Raises Invalid."""
        if isinstance(value, bool):
            raise Invalid("/value", "a duration is expected: seconds, or a text such as 90s, 15m or 7d")
        try:
            duration = parse_duration(value)
        except ValueError as error:
            raise Invalid("/value", f"{value!r} {error}") from None
        if duration < self.shortest:
            raise Invalid("/value", f"{self.name} is at least {show_seconds(self.shortest)} seconds")
        return show_seconds(duration)


_TABLE = (
    Setting("task_ttl", "604800", "How long a finished task and its tree are kept, unless its module says otherwise"),
    Setting(
        "registry_ttl",
        "604800",
        "How long ScyllaDB's API shows a finished task; as task_ttl until it is set",
        follows="task_ttl",
    ),
    Setting("user_task_ttl", "3600", "How long ScyllaDB's API shows a finished task that a user started"),
    Setting(
        "idempotency_ttl",
        "86400",
        "How long an idempotency key answers with the tasks it was first used for",
        timedelta(minutes=5),
    ),
    Setting("audit_ttl", "7776000", "How long the audit trail keeps who did what", timedelta(minutes=5)),
    Setting("gate_interval", "30", "How often the gate of a scheduled task is asked again", timedelta(seconds=1)),
)

SETTINGS = {setting.name: setting for setting in _TABLE}


def setting_named(name: str) -> Setting:
    """Raises NotFound, with the nearest name."""
    if name in SETTINGS:
        return SETTINGS[name]
    near = get_close_matches(name, SETTINGS, n=1)
    raise NotFound("setting", name, hint=f"did you mean {near[0]}?" if near else f"there are {', '.join(SETTINGS)}")


def duration_of(name: str, stored: Mapping[str, str]) -> timedelta:
    """The value in force: the stored one, or else that of the setting it follows, or the default."""
    return parse_duration(text_of(name, stored, {}))


def text_of(name: str, stored: Mapping[str, str], defaults: Mapping[str, str]) -> str:
    """As `duration_of`, in seconds as text; `defaults` go before those of the table."""
    if name in stored:
        return stored[name]
    setting = SETTINGS[name]
    if setting.follows and name not in defaults:
        return text_of(setting.follows, stored, defaults)
    return defaults.get(name, setting.default)
