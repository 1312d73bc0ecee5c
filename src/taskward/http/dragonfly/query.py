"""Query parameters, bodies and pages, read as Dragonfly's manager reads them."""

import math
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Struct

from taskward.http.dragonfly.errors import Unfit
from taskward.model.misfits import located

T = TypeVar("T")

_LARGEST = 2**53
_MOST_PER_PAGE = 10_000_000


class Query(Struct, frozen=True):
    """The parameters of one request; of several by one name the first counts."""

    path: str
    given: Mapping[str, str]

    @classmethod
    def of(cls, path: str, query_string: bytes) -> "Query":
        """As requested."""
        given: dict[str, str] = {}
        for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors="replace"):
            given.setdefault(name, value)
        return cls(path, given)

    def text(self, name: str) -> str:
        """A parameter, empty when absent."""
        return self.given.get(name, "")

    def number(self, name: str) -> int | None:
        """A whole number above zero, None when absent. Raises Unfit."""
        return parse_number(name, self.text(name)) if self.text(name) else None

    @property
    def page(self) -> int:
        """From 1. Raises Unfit."""
        return self.number("page") or 1

    @property
    def per_page(self) -> int:
        """Raises Unfit."""
        wanted = self.number("per_page") or 10
        if wanted > _MOST_PER_PAGE:
            raise Unfit(f"per_page: must be from 1 to {_MOST_PER_PAGE}, not {wanted}")
        return wanted

    @property
    def offset(self) -> int:
        """How many rows come before the page."""
        return (self.page - 1) * self.per_page

    def link(self, total: int) -> str:
        """The `Link` header: where the pages before, after, first and last are."""
        last = math.ceil(total / self.per_page)
        # Behind the last page comes the last page, save where there is none at all.
        following = min(self.page + 1, last) if last else self.page + 1
        pages = {"prev": max(self.page - 1, 1), "next": following, "first": 1, "last": last}
        return ",".join(f"<{self._at(page)}>;rel={name}" for name, page in pages.items())

    def _at(self, page: int) -> str:
        asked = {**self.given, "page": str(page), "per_page": str(self.per_page)}
        return f"{self.path}?{urlencode(sorted(asked.items()))}"


def parse_number(name: str, text: str) -> int:
    """A whole number above zero. Raises Unfit."""
    if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < _LARGEST:
        return int(text)
    raise Unfit(f"{name}: must be a whole number above zero, not {text[:100]!r}")


def read_json(body: bytes) -> dict[str, Any]:
    """The object that a body is; members that are null are as absent ones. Raises Unfit."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Unfit("the body must be a JSON object")
    if b"\\u0000" in body:
        raise Unfit("the body has the character U+0000, which cannot be stored")
    return {name: member for name, member in value.items() if member is not None}


def convert(value: dict[str, Any], kind: type[T], where: str = "") -> T:
    """The value as a type. Raises Unfit, naming the member and what would be right."""
    try:
        return msgspec.convert({name: member for name, member in value.items() if member is not None}, kind)
    except msgspec.ValidationError as error:
        problem, path = located(str(error))
        place = ".".join([*([where] if where else []), *path])
        raise Unfit(f"{place}: {problem}".removeprefix(": ").replace("`", "")) from None
