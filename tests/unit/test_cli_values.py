"""What people type."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskward.cli.values import UsageError, duration, future, pairs, parse_arguments, past

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("a=text", "text"),
        ("a=3", 3),
        ("a=3.5", 3.5),
        ("a=true", True),
        ("a=null", None),
        ("a=[1, 2]", [1, 2]),
        ('a={"b": 1}', {"b": 1}),
        ('a="3"', "3"),
        ("a=", ""),
        ("a=b=c", "b=c"),
        ("a=/data/x", "/data/x"),
        ("a=01", "01"),
        ("a:=7", 7),
        ('a:="x"', "x"),
    ],
)
def test_a_value_is_json_where_it_parses_and_else_text(word: str, value: object) -> None:
    assert parse_arguments([word]) == {"a": value}


def test_values_from_files(tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text('{"b": 2}')
    assert parse_arguments([f"a=@{tmp_path}/n.json"]) == {"a": '{"b": 2}'}
    assert parse_arguments([f"a:=@{tmp_path}/n.json"]) == {"a": {"b": 2}}
    assert parse_arguments(["b=3"], f"@{tmp_path}/n.json") == {"b": 3}
    with pytest.raises(UsageError, match=r"cannot read .*/none: No such file"):
        parse_arguments([f"a=@{tmp_path}/none"])


@pytest.mark.parametrize(
    ("words", "whole", "message"),
    [
        (["path"], None, "'path' is not an argument; write key=value"),
        (["=x"], None, "'=x' is not an argument; write key=value"),
        ([":=1"], None, "':=1' is not an argument; write key=value"),
        (["a:=x"], None, "the value of a is not JSON"),
        ([], "[1]", "--args must be a JSON object"),
        ([], "{", "--args is not JSON"),
    ],
)
def test_a_wrong_argument_is_refused(words: list[str], whole: str | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_arguments(words, whole)
    assert message in str(caught.value)


def test_labels() -> None:
    assert pairs(["team=a", "url:http://x"], "label") == {"team": "a", "url": "http://x"}
    with pytest.raises(UsageError, match="'team' is not a label; write name=value"):
        pairs(["team"], "label")


def test_durations() -> None:
    assert duration("1h30m") == timedelta(hours=1, minutes=30)
    assert duration("0.5") == timedelta(seconds=0.5)
    with pytest.raises(UsageError, match="'soon' is not a duration"):
        duration("soon")


def test_instants() -> None:
    assert past("2h", NOON) == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert future("2h", NOON) == datetime(2026, 1, 1, 14, tzinfo=UTC)
    assert past("2026-01-01T13:00+02:00", NOON) == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert future("2026-01-02", NOON).tzinfo is UTC
    with pytest.raises(UsageError, match="'yesterday' is not a time or a duration ago"):
        past("yesterday", NOON)
