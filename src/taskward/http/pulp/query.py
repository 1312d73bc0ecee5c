"""What a URL asks for: filters, an order, a page, and which members of the answer."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Struct

from taskward.http.pulp.errors import NOT_FOUND, Refused, bad

DEFAULT_LIMIT = 100
MOST = 1000
"""The longest page. Pulp knows no bound; who asks for more finds the rest behind `next`."""

_ALWAYS = frozenset({"exclude_fields", "fields", "limit", "minimal", "offset", "page_size", "ordering", "format"})


class Selection(Struct, frozen=True):
    """Which members of each result are shown; no choice shows all."""

    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    minimal: bool = False

    def shows(self, *names: str) -> bool:
        """Whether any of these members is shown."""
        return any(name not in self.without and (not self.only or name in self.only) for name in names)

    def of(self, body: Struct) -> Any:
        """The body with what was chosen, as something that can be encoded."""
        if not self.only and not self.without:
            return body
        return {name: getattr(body, name) for name in body.__struct_fields__ if self.shows(name)}


class Window(Struct, frozen=True):
    """A page by offset."""

    limit: int
    offset: int


class Query(Struct, frozen=True):
    """A query string, read."""

    values: Mapping[str, str]
    """What is left for the filters, by name; of what is given twice the last counts."""
    ordering: str
    window: Window
    selection: Selection
    pairs: Sequence[tuple[str, str]]
    """Everything as it was given."""


def read(query_string: bytes, default_limit: int = DEFAULT_LIMIT, most: int = MOST) -> Query:
    """Raises Refused for a format that is not JSON."""
    if not query_string:
        return Query({}, "", Window(default_limit, 0), _EVERYTHING, ())
    pairs = [
        (name, value.replace("\0", ""))
        for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    ]
    last = dict(pairs)
    if last.get("format", "json") not in {"json", ""}:
        raise NOT_FOUND
    values = {name: value for name, value in last.items() if name not in _ALWAYS}
    window = Window(min(_positive(last.get("limit"), default_limit), most), _positive(last.get("offset"), 0))
    return Query(values, last.get("ordering", ""), window, _selection(pairs), pairs)


_EVERYTHING = Selection()


def _selection(pairs: Sequence[tuple[str, str]]) -> Selection:
    return Selection(
        only=_names(pairs, "fields"),
        without=_names(pairs, "exclude_fields"),
        minimal=any(name == "minimal" and value.lower() == "true" for name, value in pairs),
    )


def _names(pairs: Sequence[tuple[str, str]], wanted: str) -> frozenset[str]:
    return frozenset(part for name, value in pairs if name == wanted for part in value.split(",") if part)


def _positive(text: str | None, default: int) -> int:
    """What is not a number from one on is as if it were not there."""
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0
    return number or default


def pages(url: str, query: Query, *, has_more: bool) -> tuple[str | None, str | None]:
    """The URLs of the next and the previous page."""
    limit, offset = query.window.limit, query.window.offset
    following = previous = None
    if has_more:
        following = f"{url}?{_encoded(query.pairs, limit=limit, offset=offset + limit)}"
    if offset > 0:
        previous = f"{url}?{_encoded(query.pairs, limit=limit, offset=max(offset - limit, 0))}"
    return following, previous


def _encoded(pairs: Sequence[tuple[str, str]], *, limit: int, offset: int) -> str:
    kept = [(name, value) for name, value in pairs if name not in {"limit", "offset"}]
    place = [("offset", str(offset))] if offset else []
    return urlencode(sorted([*kept, ("limit", str(limit)), *place]))


def _complaint(raw: bytes) -> str:
    """What Python's own decoder says of it, as Pulp's clients have seen."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError) as error:
        return str(error)
    return "Invalid JSON"


def body_of(raw: bytes, media: str) -> dict[str, Any]:
    """The members of a body: JSON, or a form's. Raises Refused."""
    media = media.partition(";")[0].strip().lower()
    if not raw.strip():
        return {}
    if media == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))
    if media != "application/json":
        raise Refused(415, "unsupported_media_type", [f'Unsupported media type "{media}" in request.'])
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        raise bad("", f"JSON parse error - {_complaint(raw)}") from None
    if not isinstance(value, dict):
        kind = {list: "list", str: "str", int: "int", float: "float", bool: "bool"}.get(type(value), "NoneType")
        raise bad("non_field_errors", f"Invalid data. Expected a dictionary, but got {kind}.")
    return value
