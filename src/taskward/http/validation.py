"""What a request brings, as typed values; what does not fit is refused by name."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from taskward.model.errors import Invalid, InvalidFilter, TaskwardError
from taskward.model.misfits import field_of, located

T = TypeVar("T")

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_REFERENCE = "#/components/schemas/{name}"


class Malformed(TaskwardError):
    """The body is not JSON, or there is none."""

    status = 400
    title = "Malformed request"


class UnsupportedMedia(TaskwardError):
    """The body is said to be something else than JSON."""

    status = 415
    title = "Unsupported media type"


class Shape:
    """A type that comes from outside, with its schema, which knows what would have been right."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        [self.schema], self.components = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)

    def decode(self, body: bytes) -> Any:
        """Raises Malformed for what is not JSON, Invalid for what does not fit."""
        try:
            value = self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise Invalid(*self.explain(error)) from None
        except (ValueError, RecursionError) as error:
            problem = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
            raise Malformed(f"the body is not the JSON that is expected here: {problem}") from None
        if b"\\u0000" in body and _NUL.search(body):
            raise Malformed("the body has the character U+0000, which cannot be stored")
        return value

    def explain(self, error: msgspec.ValidationError) -> tuple[str, str]:
        """The JSON pointer of what is wrong, and what would be right."""
        problem, path = located(str(error))
        if (name := field_of(problem)) is not None:
            if problem.startswith("Object missing"):
                problem = "is missing; it is required"
            else:
                problem = f"is not known; {suggestion(name, list(self._node(path).get('properties', {})))}"
            path = [*path, name]
        else:
            problem = problem[:1].lower() + problem[1:].replace("`", "")
            if "enum" in (node := self._node(path)):
                problem += f"; it must be one of {', '.join(map(str, node['enum']))}"
        return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in path), problem

    def _node(self, path: Sequence[str]) -> Mapping[str, Any]:
        """The schema at a place inside the type; empty where it cannot be told."""
        node = self._resolved(self.schema)
        for step in path:
            below = node.get("properties", {}).get(step) or node.get("items") or node.get("additionalProperties")
            if not isinstance(below, dict):
                return {}
            node = self._resolved(below)
        return node

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        for choice in node.get("anyOf", ()):
            if choice.get("type") != "null":
                node = choice
                break
        if (reference := node.get("$ref")) is not None:
            return self._resolved(self.components[reference.rpartition("/")[2]])
        return node


class Either(Shape):
    """An object of one of two types: of the second if it has the member, else of the first."""

    def __init__(self, first: Any, second: Any, *, member: str) -> None:
        self._first = Shape(first)
        self._second = Shape(second)
        self._probe = msgspec.json.Decoder(msgspec.defstruct("Probe", [(member, msgspec.Raw, msgspec.Raw())]))
        self._member = member
        self.kind = first
        self.schema = {"anyOf": [self._first.schema, self._second.schema]}
        self.components = {**self._first.components, **self._second.components}

    def decode(self, body: bytes) -> Any:
        """As of one type."""
        try:
            is_second = bool(bytes(getattr(self._probe.decode(body), self._member)))
        except (ValueError, RecursionError):
            # The first says what is wrong with it.
            is_second = False
        return (self._second if is_second else self._first).decode(body)


class QueryShape:
    """The parameters of a URL as a Struct: each at most once, save those that are lists."""

    def __init__(self, kind: type[Struct]) -> None:
        self._shape = Shape(kind)
        self.kind = kind
        self.fields = msgspec.structs.fields(kind)
        properties = self._shape.components[kind.__name__]["properties"]
        self.schemas: dict[str, dict[str, Any]] = {
            field.encode_name: properties[field.encode_name] for field in self.fields
        }
        self.components = {name: each for name, each in self._shape.components.items() if name != kind.__name__}
        self._lists = {name for name, schema in self.schemas.items() if schema.get("type") == "array"}
        self._default = None if any(field.required for field in self.fields) else kind()

    def parse(self, query_string: bytes) -> Any:
        """Raises InvalidFilter, which names the parameter."""
        if not query_string and self._default is not None:
            return self._default
        values: dict[str, Any] = {}
        for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
            if name not in self.schemas:
                raise InvalidFilter(name, f"is not a parameter here; {suggestion(name, list(self.schemas))}")
            if "\0" in value:
                raise InvalidFilter(name, "must not contain the character U+0000")
            if name in self._lists:
                values.setdefault(name, []).append(value)
            elif name in values:
                raise InvalidFilter(name, "may be given once only")
            else:
                values[name] = value
        try:
            return msgspec.convert(values, self.kind, strict=False)
        except msgspec.ValidationError as error:
            pointer, problem = self._shape.explain(error)
            raise InvalidFilter(pointer.lstrip("/").partition("/")[0], problem) from None


def suggestion(name: str, known: Sequence[str]) -> str:
    """What to write instead of a name that is not known."""
    if near := difflib.get_close_matches(name, known, n=1):
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(known)}" if known else "none is expected"
