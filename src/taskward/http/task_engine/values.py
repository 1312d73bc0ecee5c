"""Values from queries and bodies. Each function raises Refused, naming what is wrong and what would be right."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from taskward.http.task_engine.errors import bad
from taskward.model.policy import PRIORITY_FIRST, PRIORITY_LAST

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FRACTION = re.compile(r"[.,](\d+)")
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_LARGEST = 2**63 - 1
_MOST_URLS = 20


def truth(name: str, value: object) -> bool:
    """1, 0, true or false, also as texts."""
    if isinstance(value, bool):
        return value
    found = {"1": True, "0": False, "true": True, "false": False}.get(str(value).strip().lower())
    if found is None:
        raise bad(f"{name} is 1 or 0 (or true or false), not {value!r}")
    return found


def whole(name: str, value: object, least: int, most: int = _LARGEST) -> int:
    """A whole number, also as a text of decimals."""
    text = str(value).strip()
    is_number = isinstance(value, int | str) and not isinstance(value, bool)
    if not is_number or not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) <= most:
        bounds = f"from {least} to {most}" if most < _LARGEST else f"of at least {least}"
        raise bad(f"{name} is a whole number {bounds}, not {value!r}")
    return int(text)


def priority(value: object) -> int:
    """1 (first) to 10."""
    return whole("priority", value, PRIORITY_FIRST, PRIORITY_LAST)


def instant(name: str, value: object) -> datetime:
    """A date, or a date and time; in UTC unless it has a zone."""
    if isinstance(value, str):
        # A plus in a URL is a space unless it was escaped.
        text = re.sub(r" (\d\d:?\d\d)$", r"+\1", value.strip())
        try:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            at = _LATEST
        if datetime(1970, 1, 1, tzinfo=UTC) <= at < _LATEST:
            return at
    raise bad(f"{name} is a time in UTC such as 2030-09-09T14:30:00.000, between 1970 and 9000; not {value!r}")


def end_of(name: str, value: str) -> datetime:
    """The first instant behind a time, which lasts as long as it is exact: a whole day, a minute, a millisecond."""
    at, text = instant(name, value), value.strip()
    if _DATE.fullmatch(text):
        return at + timedelta(days=1)
    if fraction := _FRACTION.search(text):
        return at + max(timedelta(microseconds=10 ** max(6 - len(fraction[1]), 0)), timedelta(microseconds=1))
    clock = re.search(r"[T ](\d\d)(:?\d\d)?(:?\d\d)?", text)
    if clock and clock[3]:
        return at + timedelta(seconds=1)
    return at + (timedelta(minutes=1) if clock and clock[2] else timedelta(hours=1))


def url(name: str, value: object) -> str:
    """An http or https URL."""
    if isinstance(value, str) and len(value) <= 2000 and "\0" not in value:
        try:
            parts = urlsplit(value)
            if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
                return value
        except ValueError:
            pass
    raise bad(f"{name} is an http or https URL such as https://example.org/ready, not {value!r}")


def urls(name: str, value: object) -> None:
    """A list of http and https URLs, or nothing."""
    if value is None:
        return
    if not isinstance(value, list) or len(value) > _MOST_URLS:
        raise bad(f"{name} is a list of up to {_MOST_URLS} URLs")
    for index, each in enumerate(value):
        url(f"{name}[{index}]", each)


def an_object(name: str, value: object) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise bad(f"{name} is a JSON object, not {_kind(value)}")
    return value


def a_text(name: str, value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise bad(f"{name} is a text that is not empty, not {value!r}")
    return value


def only(known: Iterable[str], given: Mapping[str, Any], where: str) -> None:
    """Refuses members that are not known, by name."""
    known = list(known)
    if unknown := [name for name in given if name not in known]:
        raise bad(f"{', '.join(unknown)}: not known {where}; known are {', '.join(known)}")


def semaphore(given: Mapping[str, Any]) -> str | None:
    """The URL under its name, or under the one by which this API's documentation misspells it."""
    values = [given[name] for name in ("semaphore_url", "sempahore_url") if given.get(name) is not None]
    if len(values) == 2 and values[0] != values[1]:
        raise bad("semaphore_url and sempahore_url are two names of one thing and differ; give one of them")
    return url("semaphore_url", values[0]) if values else None


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a text", bool: "a truth value"}.get(type(value), "a number")
