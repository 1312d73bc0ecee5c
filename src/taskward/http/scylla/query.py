"""Query parameters, read as ScyllaDB reads them."""

import re
from urllib.parse import parse_qsl
from uuid import UUID

from taskward.http.scylla.errors import Refused

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}
_LARGEST = 2**32 - 1


class Query:
    """The parameters of one request. An empty one counts as absent; of several by one name the first counts."""

    def __init__(self, query_string: bytes) -> None:
        self._given: dict[str, str] = {}
        for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, errors="replace"):
            self._given.setdefault(name, value)

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def text(self, name: str) -> str:
        """Empty when it is absent."""
        return self._given.get(name, "")

    def required(self, name: str) -> str:
        """Raises Refused when it is absent or empty."""
        if not self.text(name):
            raise Refused(400, f"Missing mandatory parameter '{name}'")
        return self.text(name)

    def boolean(self, name: str) -> bool:
        """False when it is absent. Raises Refused for what is neither true, false, 1 nor 0."""
        value = self.text(name)
        try:
            return _BOOLEANS[value.lower()]
        except KeyError:
            raise Refused(400, f"{name} ({value}): type error - should be bool") from None

    def whole(self, name: str) -> int | None:
        """An unsigned whole number of 32 bits; None when it is absent. Raises Refused."""
        value = self.text(name)
        if not value:
            return None
        if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > _LARGEST:
            raise Refused(400, f"{name} ({value}): must be a whole number from 0 to {_LARGEST}")
        return int(value)

    def uuid(self, name: str) -> UUID | None:
        """None when it is absent. Raises Refused."""
        return parse_uuid(self.text(name)) if self.text(name) else None


def parse_uuid(text: str) -> UUID:
    """Hyphens may be anywhere, letters of either case. Raises Refused for anything but 32 hexadecimal digits."""
    digits = text.replace("-", "")
    if not re.fullmatch(r"[0-9A-Fa-f]{32}", digits):
        raise Refused(400, f"marshal_exception (marshaling error: {text!r} is not a UUID)")
    return UUID(digits)
