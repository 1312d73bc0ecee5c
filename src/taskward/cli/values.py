"""What people type: arguments, durations, instants, sizes."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from taskward.cli.exits import ExitCode
from taskward.model.durations import parse_duration
from taskward.model.errors import TaskwardError


class UsageError(TaskwardError):
    """The command line is wrong; the text says what would be right."""

    exit_code = ExitCode.USAGE


def parse_arguments(words: Iterable[str], whole: str | None = None) -> dict[str, Any]:
    """The arguments of an operation from `key=value` words, over those of a JSON object.

    A value that parses as JSON is taken as such and else as text; `key:=json` must be JSON; `key=@file` is the text
    of a file, `key:=@file` its JSON. `whole` is a JSON object, or `@file` with one.
    """
    args = {} if whole is None else _whole(whole)
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name.strip(":"):
            raise UsageError(f"{word!r} is not an argument; write key=value")
        if name.endswith(":"):
            args[name[:-1]] = _json(_read(value), f"the value of {name[:-1]}")
        elif value.startswith("@"):
            args[name] = _read(value)
        else:
            args[name] = _json_or_text(value)
    return args


def _whole(text: str) -> dict[str, Any]:
    value = _json(_read(text), "--args")
    if not isinstance(value, dict):
        raise UsageError('--args must be a JSON object, such as \'{"path": "/data"}\'')
    return value


def _read(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {text[1:]}: {getattr(error, 'strerror', None) or error}") from None


def _json(text: str, what: str) -> Any:
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError as error:
        raise UsageError(f"{what} is not JSON: {error}") from None


def _json_or_text(text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        return text


def pairs(words: Iterable[str], what: str) -> dict[str, str]:
    """`key=value` (or `key:value`) words as a mapping of texts."""
    found = {}
    for word in words:
        match = re.fullmatch(r"([^=:]+)[=:](.*)", word, re.DOTALL)
        if match is None:
            raise UsageError(f"{word!r} is not a {what}; write name=value")
        found[match[1]] = match[2]
    return found


def duration(text: str) -> timedelta:
    """`90`, `90s`, `5m`, `1h30m`, `2d`, `500ms`; a bare number is seconds."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{text!r} {error}") from None


def past(text: str, now: datetime) -> datetime:
    """An instant in ISO 8601 (local time without a zone), or a duration ago."""
    return _instant(text) or now - _span(text, "a time or a duration ago, such as 2026-03-01T12:00 or 2h")


def future(text: str, now: datetime) -> datetime:
    """An instant in ISO 8601 (local time without a zone), or a duration from now."""
    return _instant(text) or now + _span(text, "a time or a duration from now, such as 2026-03-01T12:00 or 2h")


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _span(text: str, right: str) -> timedelta:
    try:
        return duration(text)
    except UsageError:
        raise UsageError(f"{text!r} is not {right}") from None
