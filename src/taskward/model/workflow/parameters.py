"""The parameters of a workflow: their schema, and the check of what a submitter gives."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from taskward.model.errors import Invalid
from taskward.model.json_schema import check_schema
from taskward.model.masking import is_secret_name
from taskward.model.misfits import field_of, located
from taskward.model.workflow.declaration import Workflow
from taskward.model.workflow.filters import TemplateError, instant_of

COMMON: dict[str, dict[str, Any]] = {
    "content_id": {"type": "string", "maxLength": 500, "optional": True, "description": "What the job is about"},
    "rest_endpoints": {
        "type": "array",
        "items": {"type": "string", "format": "uri"},
        "maxItems": 100,
        "default": [],
        "description": "URLs that are told of the start and end of the job and its tasks",
    },
    "custom_data": {"optional": True, "description": "Whatever the submitter wants to be told again at the end"},
}
"""What every workflow takes, unless it declares it another way."""

FORMATS = ("path", "uri", "date-time")
_OWN_WORDS = ("optional", "secret")
_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")


Place = tuple[str | int, ...]
"""The keys and indices that lead to a part of a JSON value."""


class Placed(Struct, frozen=True):
    """A text of the parameters whose schema names a format. `pointer` leads to it."""

    pointer: str
    format: str
    text: str


class SchemaFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The words of JSON Schema that parameters may use."""

    type: str | list[str] | None = None
    description: str = ""
    default: Any = None
    examples: list[Any] | None = None
    enum: list[Any] | None = None
    const: Any = None
    pattern: str | None = None
    format: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    items: dict[str, Any] | None = None
    min_items: int | None = None
    max_items: int | None = None
    properties: dict[str, dict[str, Any]] | None = None
    required: list[str] | None = None
    additional_properties: bool | dict[str, Any] | None = None
    any_of: list[dict[str, Any]] | None = None
    optional: bool = False
    secret: bool = False


def declared(workflow: Workflow) -> dict[str, dict[str, Any]]:
    """Every parameter by name, the common ones last."""
    return workflow.parameters | {name: schema for name, schema in COMMON.items() if name not in workflow.parameters}


def schema_of(workflow: Workflow) -> dict[str, Any]:
    """The JSON Schema of all parameters together."""
    members = declared(workflow)
    return {
        "type": "object",
        "properties": {name: _without_own_words(schema) for name, schema in members.items()},
        "required": [
            name for name, schema in members.items() if "default" not in schema and not schema.get("optional")
        ],
        "additionalProperties": workflow.additional_parameters,
    }


def _is_required(schema: Mapping[str, Any]) -> bool:
    return "default" not in schema and not schema.get("optional")


def complete(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, with the defaults of what was not. Raises Invalid, whose field begins with `/parameters`."""
    check_schema(dict(given), schema_of(workflow), "/parameters")
    for placed in formatted(workflow, given):
        _check_format(placed)
    defaults = {name: schema["default"] for name, schema in declared(workflow).items() if "default" in schema}
    return {**defaults, **given}


def formatted(workflow: Workflow, given: Mapping[str, Any]) -> Iterator[Placed]:
    """Every text among the parameters whose schema names a format."""
    for name, schema in declared(workflow).items():
        if name in given:
            yield from _formatted(schema, given[name], f"/parameters/{name}")


def secrets(workflow: Workflow, parameters: Mapping[str, Any]) -> list[str]:
    """The texts among the parameters that no log may show, longest first."""
    members = declared(workflow)
    found: set[str] = set()
    for name, value in parameters.items():
        is_secret = bool(members.get(name, {}).get("secret")) or is_secret_name(name)
        found.update(text for text in _texts(value, is_secret=is_secret) if len(text) > 3)
    return sorted(found, key=len, reverse=True)


def schema_problems(schema: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """What is wrong with the schema of a parameter, with the keys that lead there."""
    try:
        fields = msgspec.convert(schema, SchemaFields)
    except msgspec.ValidationError as error:
        problem, way = located(str(error))
        name = field_of(problem)
        yield (*place, *way), problem[:1].lower() + problem[1:] if name is None else f"there is no `{name}` here"
        return
    yield from (((*place, word), problem) for word, problem in _word_problems(fields))
    below: dict[Place, Any] = {("properties", name): each for name, each in (fields.properties or {}).items()}
    below |= {("anyOf", index): each for index, each in enumerate(fields.any_of or ())}
    below |= {("items",): fields.items, ("additionalProperties",): fields.additional_properties}
    for path, inner in below.items():
        if isinstance(inner, dict):
            yield from schema_problems(inner, (*place, *path))
    for index, choice in enumerate(fields.any_of or ()):
        # Which choice a value was meant as cannot be told, so what holds for one alone cannot be held.
        if "format" in choice:
            yield (*place, "anyOf", index, "format"), "has no effect inside anyOf"
    if "default" in schema:
        try:
            check_schema(schema["default"], schema, "")
        except Invalid as error:
            yield (*place, "default"), f"does not fit the parameter: {error.field or 'it'} {error.problem}"


def _word_problems(fields: SchemaFields) -> Iterator[tuple[str, str]]:
    for kind in [fields.type] if isinstance(fields.type, str) else fields.type or ():
        if kind not in _TYPES:
            yield "type", f"{kind!r} is no type; there are {', '.join(_TYPES)}"
    if fields.format is not None and fields.format not in FORMATS:
        yield "format", f"{fields.format!r} is no format; there are {', '.join(FORMATS)}"
    try:
        re.compile(fields.pattern or "")
    except re.error as error:
        yield "pattern", f"not a regular expression: {error}"


def _formatted(schema: Mapping[str, Any], value: Any, pointer: str) -> Iterator[Placed]:
    match value:
        case str() if "format" in schema:
            yield Placed(pointer, schema["format"], value)
        case list() if isinstance(schema.get("items"), Mapping):
            for index, item in enumerate(value):
                yield from _formatted(schema["items"], item, f"{pointer}/{index}")
        case dict():
            members = schema.get("properties", {})
            for name, member in value.items():
                below = members.get(name, schema.get("additionalProperties"))
                if isinstance(below, Mapping):
                    yield from _formatted(below, member, f"{pointer}/{_escaped(name)}")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _check_format(placed: Placed) -> None:
    if placed.format == "uri":
        try:
            parts = urlsplit(placed.text)
            is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right:
            raise Invalid(placed.pointer, "must be an http or https URL, such as https://example.org/told")
    if placed.format == "date-time":
        try:
            instant_of(placed.text)
        except TemplateError as error:
            raise Invalid(placed.pointer, str(error)) from None


def _texts(value: Any, *, is_secret: bool) -> Iterator[str]:
    match value:
        case str() if is_secret:
            yield value
        case list():
            for item in value:
                yield from _texts(item, is_secret=is_secret)
        case dict():
            for name, item in value.items():
                yield from _texts(item, is_secret=is_secret or is_secret_name(name))


def _without_own_words(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in schema.items() if word not in _OWN_WORDS}
