from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from taskward import Context
from taskward.model.errors import Invalid
from taskward.model.json_schema import check_schema
from taskward.operations.arguments import Arguments


class Point(Struct, forbid_unknown_fields=True):
    x: int
    y: Annotated[float, Meta(ge=0, lt=10)] = 0


async def operation(
    ctx: Context,
    *,
    path: Annotated[str, Meta(min_length=1, pattern="^/")],
    algorithm: Literal["sha256", "blake2b"] = "sha256",
    points: Annotated[list[Point], Meta(max_length=2)] = [],  # noqa: B006 - declared, never changed
    pair: tuple[int, str] | None = None,
    limits: dict[str, int] = {},  # noqa: B006 - as above
    flag: bool = False,
    anything: Any = None,
    amount: int | Literal["all"] = 1,
) -> None:
    """Takes one of everything."""


ARGUMENTS = Arguments(operation)

GOOD: list[dict[str, Any]] = [
    {"path": "/a"},
    {"path": "/a", "algorithm": "blake2b", "points": [{"x": 1}, {"x": 2, "y": 9.5}]},
    {"path": "/a", "pair": [1, "b"], "limits": {"a": 1}, "flag": True, "anything": {"deep": [None]}},
    {"path": "/a", "pair": None, "amount": "all"},
]

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({}, "/args/path", "required"),
    ({"path": 1}, "/args/path", "must be string, not integer"),
    ({"path": ""}, "/args/path", "at least 1"),
    ({"path": "a"}, "/args/path", "must match"),
    ({"path": "/", "pats": 1}, "/args/pats", "did you mean path"),
    ({"path": "/", "algorithm": "md5"}, "/args/algorithm", "blake2b, sha256"),
    ({"path": "/", "points": [{"x": 1}, {}]}, "/args/points/1/x", "required"),
    ({"path": "/", "points": [{"x": 1}] * 3}, "/args/points", "at most 2 items"),
    ({"path": "/", "points": [{"x": 1, "z": 1}]}, "/args/points/0/z", "known are x, y"),
    ({"path": "/", "points": [{"x": 1, "y": -1}]}, "/args/points/0/y", "at least 0"),
    ({"path": "/", "points": [{"x": 1, "y": 10}]}, "/args/points/0/y", "less than 10"),
    ({"path": "/", "points": {}}, "/args/points", "array"),
    ({"path": "/", "pair": [1, 2]}, "/args/pair/1", "string"),
    ({"path": "/", "limits": {"a/b": "x"}}, "/args/limits/a~1b", "integer"),
    ({"path": "/", "flag": 1}, "/args/flag", "boolean, not integer"),
    ({"path": "/", "amount": True}, "/args/amount", ""),
]


@pytest.mark.parametrize("args", GOOD)
def test_what_fits(args: dict[str, Any]) -> None:
    ARGUMENTS.check(args)
    check_schema(args, ARGUMENTS.schema, "/args")


@pytest.mark.parametrize(("args", "field", "words"), BAD)
def test_what_does_not(args: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Invalid) as here:
        ARGUMENTS.check(args)
    with pytest.raises(Invalid) as elsewhere:
        check_schema(args, ARGUMENTS.schema, "/args")
    assert elsewhere.value.field == field
    assert words in elsewhere.value.problem
    # A server without the code points at the same place, or nearer.
    assert elsewhere.value.field.startswith(here.value.field)


def test_the_schema_is_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(ARGUMENTS.schema)) == ARGUMENTS.schema
