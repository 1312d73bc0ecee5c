from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest

from taskward.model.errors import Invalid
from taskward.operations.arguments import Arguments

if TYPE_CHECKING:
    from taskward import Context


class Filter(msgspec.Struct, forbid_unknown_fields=True):
    include: list[str]
    mode: Literal["glob", "regex"] = "glob"


async def scan(  # noqa: PLR0917
    ctx: "Context",
    path: Path,
    count: Annotated[int, msgspec.Meta(ge=1)] = 1,
    algorithm: Literal["sha256", "blake2b"] = "sha256",
    filters: list[Filter] = [],  # noqa: B006 - what users write
    since: datetime | None = None,
    extra: dict[str, int] = {},  # noqa: B006
) -> None: ...


ARGUMENTS = Arguments(scan)


def test_checked_arguments_have_their_defaults() -> None:
    assert msgspec.json.decode(ARGUMENTS.check({"path": "/tmp"})) == {  # noqa: S108
        "path": "/tmp",  # noqa: S108
        "count": 1,
        "algorithm": "sha256",
        "filters": [],
        "since": None,
        "extra": {},
    }


def test_bound_arguments_are_typed() -> None:
    instant = datetime(2026, 1, 2, tzinfo=UTC)
    checked = ARGUMENTS.check({"path": Path("a/b"), "since": instant, "filters": [{"include": ["*"]}]})
    bound = ARGUMENTS.bind(checked)
    assert bound["path"] == Path("a/b")
    assert bound["since"] == instant
    assert bound["filters"] == [Filter(include=["*"])]


def test_a_changed_default_does_not_reach_the_next_run() -> None:
    def body(ctx: object, names: list[str] = ["one"]) -> None: ...  # noqa: B006

    arguments = Arguments(body)
    arguments.bind(b"{}")["names"].append("two")
    assert arguments.bind(b"{}") == {"names": ["one"]}


@pytest.mark.parametrize(
    ("args", "field", "problem"),
    [
        ({}, "/args/path", "is missing; it is required"),
        ({"path": 1}, "/args/path", "expected str, got int"),
        ({"path": "x", "cuont": 2}, "/args/cuont", "is not known; did you mean count?"),
        ({"path": "x", "zzz": 2}, "/args/zzz", "is not known; known are path, count, algorithm, filters, since, extra"),
        ({"path": "x", "count": "2"}, "/args/count", "expected int, got str"),
        ({"path": "x", "count": True}, "/args/count", "expected int, got bool"),
        ({"path": "x", "count": 0}, "/args/count", "expected int >= 1"),
        (
            {"path": "x", "algorithm": "md5"},
            "/args/algorithm",
            "invalid enum value 'md5', must be one of blake2b, sha256",
        ),
        ({"path": "x", "filters": [{"include": []}, {}]}, "/args/filters/1/include", "is missing; it is required"),
        (
            {"path": "x", "filters": [{"include": [], "inclode": []}]},
            "/args/filters/0/inclode",
            "is not known; did you mean include?",
        ),
        (
            {"path": "x", "filters": [{"include": [], "mode": "sql"}]},
            "/args/filters/0/mode",
            "invalid enum value 'sql', must be one of glob, regex",
        ),
        ({"path": "x", "extra": {"a": "b"}}, "/args/extra", "expected int, got str"),
        ({"path": "x", "extra": object()}, "/args/extra", "cannot be written as JSON: a object has no JSON form"),
        ({"path": "x", "a/b~c": 1}, "/args/a~1b~0c", "is not known;"),
    ],
)
def test_a_bad_argument_is_named_with_what_would_be_right(args: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        ARGUMENTS.check(args)
    assert caught.value.field == field
    assert caught.value.problem.startswith(problem)


def test_arguments_that_no_longer_fit_are_refused_at_binding() -> None:
    with pytest.raises(Invalid) as caught:
        ARGUMENTS.bind(b'{"path": 7}')
    assert caught.value.field == "/args/path"


def test_schema_is_of_the_arguments_object() -> None:
    schema = ARGUMENTS.schema
    assert schema["type"] == "object"
    assert schema["required"] == ["path"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["path"] == {"type": "string", "format": "path"}
    assert schema["properties"]["filters"]["items"] == {"$ref": "#/$defs/Filter"}
    assert "Filter" in schema["$defs"]


def test_no_arguments_at_all() -> None:
    def body(ctx: object) -> None: ...

    assert Arguments(body).check({}) == b"{}"
    with pytest.raises(Invalid, match="/args/x: is not known; there are no arguments"):
        Arguments(body).check({"x": 1})


def test_signatures_that_cannot_be_operations_are_refused() -> None:
    def no_context() -> None: ...

    def star(ctx: object, *paths: str) -> None: ...

    def double_star(ctx: object, **options: str) -> None: ...

    def positional(ctx: object, path: str, /) -> None: ...

    def wrong_default(ctx: object, count: int = "x") -> None: ...  # type: ignore[assignment]

    def strange_type(ctx: object, delta: pytest.Config) -> None: ...

    def unknown_type(ctx: object, path: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    refused: list[tuple[Callable[..., None], str]] = [
        (no_context, "first parameter must be the context"),
        (star, "take a list or a dict"),
        (double_star, "take a list or a dict"),
        (positional, "positional only"),
        (wrong_default, "the default of `count` does not fit"),
        (strange_type, "without a JSON form"),
        (unknown_type, "must exist at run time"),
    ]
    for function, complaint in refused:
        with pytest.raises(TypeError, match=complaint):
            Arguments(function)


def test_durations_are_arguments_too() -> None:
    def body(ctx: object, wait: timedelta = timedelta(minutes=1)) -> None: ...

    arguments = Arguments(body)
    assert arguments.bind(arguments.check({})) == {"wait": timedelta(minutes=1)}
