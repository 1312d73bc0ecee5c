"""The filters of the template language: pure functions of JSON values, each bounded in what it makes."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct

from taskward.model.errors import TaskwardError

LONGEST_TEXT = 1_000_000
"""Characters of a text that a template may make."""
_LONGEST_LIST = 10_000
_LARGEST = 2**53
"""Beyond it a number is not what JSON readers elsewhere take it for."""


class TemplateError(TaskwardError):
    """A template cannot be read, or cannot be filled with the values that are there."""

    status = 422
    title = "Template rejected"


class Filter(Struct, frozen=True):
    """One filter, and how many arguments it takes."""

    function: Callable[..., Any]
    description: str
    least: int = 0
    most: int = 0

    def check_count(self, count: int) -> None:
        """Raises TemplateError."""
        if not self.least <= count <= self.most:
            name = next(name for name, known in FILTERS.items() if known is self)
            right = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
            raise TemplateError(f"the filter `{name}` takes {right} arguments, not {count}")

    def apply(self, subject: Any, arguments: Sequence[Any]) -> Any:
        """What it makes of a value. Raises TemplateError."""
        return bounded(self.function(subject, *arguments))


def bounded(value: Any) -> Any:
    """The value. Raises TemplateError when it is longer than a template may make."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise TemplateError(f"a text of {len(value)} characters is longer than {LONGEST_TEXT}")
    if isinstance(value, list) and len(value) > _LONGEST_LIST:
        raise TemplateError(f"a list of {len(value)} items is longer than {_LONGEST_LIST}")
    return value


def kind_of(value: Any) -> str:
    """The word for what a JSON value is."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
    return "object"


def is_true(value: Any) -> bool:
    """Null, false, 0 and whatever is empty are not."""
    return bool(value)


def text_of(value: Any) -> str:
    """The text that stands for a plain value inside another text. Raises TemplateError for lists and objects."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return msgspec.json.encode(value).decode()
    raise TemplateError(f"a {kind_of(value)} cannot stand inside a text; see the filters json, join and default")


def instant_of(value: Any) -> datetime:
    """An instant written as ISO 8601, in UTC where no zone is given. Raises TemplateError."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError, OverflowError):
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    raise TemplateError(f"{_shown(value)} is not an instant such as 2026-03-01T12:00:00Z")


def instant_text(instant: datetime) -> str:
    """An instant as templates write it."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"a text is expected, not {kind_of(value)} {_shown(value)}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TemplateError(f"a list is expected, not {kind_of(value)} {_shown(value)}")
    return value


def _default(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        raise TemplateError("the value cannot be written as JSON") from None


def _from_json(value: Any) -> Any:
    try:
        return msgspec.json.decode(_text(value))
    except (ValueError, RecursionError) as error:  # msgspec's DecodeError and UnicodeEncodeError are ValueErrors
        raise TemplateError(f"not JSON: {error}") from None


def _number(value: Any) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or not abs(number) <= _LARGEST:
        raise TemplateError(f"{_shown(value)} is not a number")
    return int(number) if number == int(number) else number


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise TemplateError(f"a {kind_of(value)} has no length")
    return len(value)


def _replace(value: Any, old: Any, new: Any) -> str:
    text, old, new = _text(value), _text(old), _text(new)
    if not old:
        raise TemplateError("replace needs something to look for")
    if len(text) + text.count(old) * (len(new) - len(old)) > LONGEST_TEXT:
        raise TemplateError(f"the text would be longer than {LONGEST_TEXT} characters")
    return text.replace(old, new)


def _split(value: Any, separator: Any) -> list[str]:
    if not _text(separator):
        raise TemplateError("split needs a separator")
    return _text(value).split(separator, _LONGEST_LIST)


def _join(value: Any, separator: Any = "") -> str:
    texts = [text_of(item) for item in _list(value)]
    if sum(map(len, texts)) + len(_text(separator)) * len(texts) > LONGEST_TEXT:
        raise TemplateError(f"the text would be longer than {LONGEST_TEXT} characters")
    return str(separator).join(texts)


def _pluck(value: Any, name: Any) -> list[Any]:
    members = []
    for item in _list(value):
        if not isinstance(item, dict) or _text(name) not in item:
            raise TemplateError(f"{_shown(item)} has no member {name!r}")
        members.append(item[name])
    return members


def _flatten(value: Any) -> list[Any]:
    flat: list[Any] = []
    for item in _list(value):
        flat += item if isinstance(item, list) else [item]
        bounded(flat)
    return flat


def _end(value: Any, index: int) -> Any:
    items = value if isinstance(value, str) else _list(value)
    if not items:
        raise TemplateError(f"an empty {kind_of(value)} has no first and no last")
    return items[index]


def _sort(value: Any) -> list[Any]:
    items = _list(value)
    if not all(isinstance(item, str) for item in items):
        items = [_number(item) for item in items]
    return sorted(items)


def _require(value: Any, otherwise: Any) -> Any:
    if value in (None, "", [], {}):
        raise TemplateError(_text(otherwise))
    return value


def _instants(value: Any) -> list[Any]:
    return [item for item in _list(value) if _is_instant(item)]


def _is_instant(value: Any) -> bool:
    try:
        instant_of(value)
    except TemplateError:
        return False
    return True


def _extreme(value: Any, choose: Callable[[list[datetime]], datetime]) -> str | None:
    instants = [instant_of(item) for item in _list(value)]
    return instant_text(choose(instants)) if instants else None


def _toward(value: Any, end: Any, share: Any, least_seconds: Any = 0) -> str | None:
    if value is None or end is None:
        return None
    start, stop = instant_of(value), instant_of(end)
    if (stop - start).total_seconds() < _number(least_seconds):
        return None
    part = _number(share)
    if not 0 <= part <= 1:
        raise TemplateError(f"the share of the way is 0 to 1, not {share}")
    return instant_text(start + (stop - start) * part)


def seconds_of(value: Any, origin: Any = None) -> float:
    """Seconds: of a number, of `HH:MM:SS.fff`, or from an instant to another. Raises TemplateError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    parts = _text(value).split(":")
    if 1 < len(parts) <= 3 and all(part.replace(".", "", 1).isdecimal() and part.isascii() for part in parts):
        seconds = 0.0
        for part in parts:
            seconds = seconds * 60 + _number(part)
        return _number(seconds)
    if origin is None:
        return _number(value)
    seconds = (instant_of(value) - instant_of(origin)) / timedelta(seconds=1)
    return _number(round(seconds, 6))


def _span_to(value: Any, end: Any) -> float:
    """Seconds between two offsets, or two instants."""
    if isinstance(value, str) and _is_instant(value):
        return seconds_of(end, value)
    return _number(round(seconds_of(end) - seconds_of(value), 6))


FILTERS: dict[str, Filter] = {
    "default": Filter(_default, "the value, or the argument where it is null or not there", 1, 1),
    "when": Filter(lambda value, holds: value if is_true(holds) else None, "null unless the argument is true", 1, 1),
    "unless": Filter(lambda value, holds: None if is_true(holds) else value, "null if the argument is true", 1, 1),
    "text": Filter(text_of, "a number or boolean as text"),
    "number": Filter(_number, "a text as a number"),
    "json": Filter(_json, "the value as a JSON text"),
    "from_json": Filter(_from_json, "the value of a JSON text"),
    "trim": Filter(lambda value: _text(value).strip(), "a text without the white space at its ends"),
    "lower": Filter(lambda value: _text(value).lower(), "a text in lower case"),
    "upper": Filter(lambda value: _text(value).upper(), "a text in upper case"),
    "replace": Filter(_replace, "a text with every `old` replaced by `new`", 2, 2),
    "split": Filter(_split, "the parts of a text between separators", 1, 1),
    "lines": Filter(lambda value: _text(value).splitlines(), "the lines of a text"),
    "join": Filter(_join, "one text of a list, with the argument between its items", 0, 1),
    "length": Filter(_length, "how many characters, items or members"),
    "first": Filter(lambda value: _end(value, 0), "the first item"),
    "last": Filter(lambda value: _end(value, -1), "the last item"),
    "pluck": Filter(_pluck, "the member of that name of each object of a list", 1, 1),
    "flatten": Filter(_flatten, "a list with the items of the lists in it"),
    "basename": Filter(lambda value: PurePosixPath(_text(value)).name, "the last part of a path"),
    "stem": Filter(lambda value: PurePosixPath(_text(value)).stem, "the last part of a path, without its ending"),
    "folder": Filter(lambda value: str(PurePosixPath(_text(value)).parent), "a path without its last part"),
    "sort": Filter(_sort, "a list of texts, or of numbers, in order"),
    "require": Filter(
        _require, "the value; where it is null or empty, a failure with the argument as its message", 1, 1
    ),
    "instants": Filter(_instants, "those items of a list that are instants"),
    "earliest": Filter(lambda value: _extreme(value, min), "the earliest instant of a list; null if it is empty"),
    "latest": Filter(lambda value: _extreme(value, max), "the latest instant of a list; null if it is empty"),
    "toward": Filter(
        _toward,
        "the instant a share (0 to 1) of the way to another; null if one is null, or if they are less than the third "
        "argument (seconds) apart",
        2,
        3,
    ),
    "span_to": Filter(_span_to, "seconds to the argument, each a number, `HH:MM:SS.fff` or an instant", 1, 1),
    "offset_from": Filter(
        seconds_of, "seconds: a number, `HH:MM:SS.fff`, or how long after the argument an instant is", 0, 1
    ),
}
