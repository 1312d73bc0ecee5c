"""What is said of a value that does not fit."""

from datetime import datetime, timedelta

import msgspec
import pytest

from taskward.model.misfits import located


@pytest.mark.parametrize(
    ("document", "wanted", "problem", "place"),
    [
        ('{"a":[1,"x"]}', dict[str, list[int]], "Expected `int`, got `str`", []),
        ('[1,"x"]', list[int], "Expected `int`, got `str`", ["1"]),
        ("5", timedelta, 'Expected `duration` such as "PT5S" (five seconds), got `int`', []),
        ('"5"', timedelta, 'Invalid ISO 8601 duration; five seconds are "PT5S"', []),
        ('"noon"', datetime, 'Invalid RFC3339 time, which is such as "2026-01-31T12:00:00Z"', []),
    ],
)
def test_it_says_where_and_what_would_be_right(document: str, wanted: object, problem: str, place: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(document, type=wanted)
    assert located(str(raised.value)) == (problem, place)
