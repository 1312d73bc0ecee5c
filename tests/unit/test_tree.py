"""How far a task is shown to be, by what it tells and what its parts add up to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskward.model.task import Progress
from taskward.model.tree import rolled_up

numbers = st.integers(0, 200)


@pytest.mark.parametrize(
    ("own", "parts"),
    [
        (Progress(0, 1, "clusters"), (86, 101)),
        (Progress(0, 3, "things"), (2, 2)),
        (Progress(0, 0, "hosts"), (101, 0)),
        (Progress(2, 5, "files"), (3, 3)),
        (Progress(2, None, "files"), (1, 4)),
        (Progress(0, 3), (86, 101)),
        (Progress(0, 0), (101, 0)),
    ],
)
def test_a_task_that_counts_itself_shows_what_it_tells(own: Progress, parts: tuple[float, float]) -> None:
    assert rolled_up(own, *parts) == own


@pytest.mark.parametrize(
    ("own", "parts", "shown"),
    [
        (Progress(), (0, 0), Progress()),
        (Progress(), (3, 10), Progress(3, 10)),
        (Progress(message="on it"), (3, 10), Progress(3, 10, message="on it")),
        (Progress(unit="bytes"), (3, 10), Progress(3, 10, "bytes")),
        (Progress(), (3, 0), Progress(3)),
    ],
)
def test_one_that_tells_nothing_has_done_what_its_parts_have(
    own: Progress, parts: tuple[float, float], shown: Progress
) -> None:
    assert rolled_up(own, *parts) == shown


def test_parts_are_measured_by_a_bare_total() -> None:
    assert rolled_up(Progress(total=40), 7, 7) == Progress(7, 40)
    assert rolled_up(Progress(total=40), 40, 40) == Progress(40, 40)


def test_a_sum_beyond_its_total_tells_no_total() -> None:
    """Some of its parts told what they had done and not of how much."""
    assert rolled_up(Progress(), 6, 2) == Progress(6)


@given(st.none() | numbers, st.sampled_from(["", "hosts"]), numbers, numbers)
def test_parts_never_bring_a_task_beyond_its_total(own: int | None, unit: str, done: int, total: int) -> None:
    shown = rolled_up(Progress(0, own, unit), done, total)
    assert shown.total is None or shown.done <= shown.total
