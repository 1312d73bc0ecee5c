"""Checks a JSON value against a schema, for operations whose code this process does not have.

It knows what the argument schemas of operations consist of (types, enumerations, bounds, objects, arrays, unions,
references); any other keyword is ignored, since the worker that has the code checks again.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from taskward.model.errors import Invalid

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def check_schema(value: Any, schema: Mapping[str, Any], pointer: str) -> None:
    """Raises Invalid, whose field is the JSON pointer of the first thing that does not fit."""
    _check(value, schema, pointer, schema.get("$defs", {}))


def _check(value: Any, schema: Mapping[str, Any], pointer: str, definitions: Mapping[str, Any]) -> None:
    if reference := schema.get("$ref"):
        schema = definitions.get(str(reference).rpartition("/")[2], {})
    if choices := schema.get("anyOf"):
        _check_any(value, choices, pointer, definitions)
    if "const" in schema and value != schema["const"]:
        raise Invalid(pointer, f"must be {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        raise Invalid(pointer, f"must be one of {', '.join(map(str, schema['enum']))}")
    if expected := schema.get("type"):
        _check_type(value, [expected] if isinstance(expected, str) else expected, pointer)
    match value:
        case dict():
            _check_object(value, schema, pointer, definitions)
        case list():
            _check_array(value, schema, pointer, definitions)
        case str():
            _check_text(value, schema, pointer)
        case int() | float() if not isinstance(value, bool):
            _check_number(value, schema, pointer)


def _check_any(value: Any, choices: list[Mapping[str, Any]], pointer: str, definitions: Mapping[str, Any]) -> None:
    problems: list[Invalid] = []
    for choice in choices:
        try:
            _check(value, choice, pointer, definitions)
        except Invalid as problem:
            problems.append(problem)
        else:
            return
    # The choice that went deepest is the one that was meant.
    raise max(problems, key=lambda problem: len(problem.field))


def _check_type(value: Any, expected: list[str], pointer: str) -> None:
    for name in expected:
        if isinstance(value, bool) and name != "boolean":
            continue
        if isinstance(value, _TYPES.get(name, (object,))):
            return
    raise Invalid(pointer, f"must be {' or '.join(expected)}, not {_type_name(value)}")


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, kinds in _TYPES.items() if isinstance(value, kinds))


def _check_object(
    value: dict[str, Any], schema: Mapping[str, Any], pointer: str, definitions: Mapping[str, Any]
) -> None:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            raise Invalid(_below(pointer, name), "is missing; it is required")
    additional = schema.get("additionalProperties", True)
    for name, member in value.items():
        below = properties.get(name, additional)
        if below is False:
            near = difflib.get_close_matches(name, properties, n=1)
            known = ", ".join(properties)
            right = f"did you mean {near[0]}?" if near else f"known are {known}" if known else "there are no arguments"
            raise Invalid(_below(pointer, name), f"is not known; {right}")
        if isinstance(below, Mapping):
            _check(member, below, _below(pointer, name), definitions)


def _check_array(value: list[Any], schema: Mapping[str, Any], pointer: str, definitions: Mapping[str, Any]) -> None:
    _check_bounds(len(value), schema, "Items", pointer, "items")
    prefix: list[Any] = schema.get("prefixItems", [])
    rest = schema.get("items", True)
    for index, member in enumerate(value):
        below = prefix[index] if index < len(prefix) else rest
        if isinstance(below, Mapping):
            _check(member, below, _below(pointer, str(index)), definitions)


def _check_text(value: str, schema: Mapping[str, Any], pointer: str) -> None:
    _check_bounds(len(value), schema, "Length", pointer, "characters")
    if (pattern := schema.get("pattern")) and not re.search(pattern, value):
        raise Invalid(pointer, f"must match {pattern}")


def _check_number(value: float, schema: Mapping[str, Any], pointer: str) -> None:
    if "minimum" in schema and value < schema["minimum"]:
        raise Invalid(pointer, f"must be at least {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        raise Invalid(pointer, f"must be at most {schema['maximum']}")
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        raise Invalid(pointer, f"must be more than {schema['exclusiveMinimum']}")
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        raise Invalid(pointer, f"must be less than {schema['exclusiveMaximum']}")


def _check_bounds(size: int, schema: Mapping[str, Any], suffix: str, pointer: str, unit: str) -> None:
    if size < schema.get(f"min{suffix}", 0):
        raise Invalid(pointer, f"must have at least {schema[f'min{suffix}']} {unit}")
    if size > schema.get(f"max{suffix}", size):
        raise Invalid(pointer, f"must have at most {schema[f'max{suffix}']} {unit}")


def _below(pointer: str, name: str) -> str:
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
