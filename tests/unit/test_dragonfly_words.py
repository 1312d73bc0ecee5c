"""Dragonfly's words: pure parts of the dialect."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from taskward.http.dragonfly.access import ends_of, jwt_of, session_of
from taskward.http.dragonfly.call import Buckets
from taskward.http.dragonfly.errors import TooMany
from taskward.http.dragonfly.query import Query
from taskward.http.dragonfly.words import NEVER_STORED, STATES, number_of, states_of
from taskward.model.errors import Unauthenticated
from taskward.model.states import FINAL, State


def test_every_state_has_its_word() -> None:
    assert set(STATES) == set(State)
    assert {STATES[state] for state in FINAL} == {"SUCCESS", "FAILURE"}
    assert {STATES[state] for state in State if state not in FINAL} == {"PENDING"}


def test_a_filter_by_word_finds_the_states_it_stands_for() -> None:
    found = [state for word in ("PENDING", "SUCCESS", "FAILURE") for state in states_of(word)]
    assert sorted(found) == sorted(State)
    assert [states_of(word) for word in NEVER_STORED] == [(), (), ()]


@given(st.uuids())
def test_numbers_fit_what_javascript_counts(identity: UUID) -> None:
    assert 0 <= number_of(identity) < 2**53


def test_numbers_of_what_is_made_one_after_the_other_differ() -> None:
    identities = [UUID(int=(at << 80) | 0x7 << 76 | at) for at in range(1, 1000)]
    assert len({number_of(identity) for identity in identities}) == len(identities)
    assert number_of(uuid7()) > 0


@pytest.mark.parametrize(
    ("page", "total", "links"),
    [
        (1, 0, (1, 2, 1, 0)),
        (1, 10, (1, 1, 1, 1)),
        (1, 11, (1, 2, 1, 2)),
        (2, 35, (1, 3, 1, 4)),
        (4, 35, (3, 4, 1, 4)),
        (9, 35, (8, 4, 1, 4)),
    ],
)
def test_links_of_pages(page: int, total: int, links: tuple[int, ...]) -> None:
    query = Query.of("/oapi/v1/jobs", f"type=get_task&page={page}".encode())
    path = "/oapi/v1/jobs?page={}&per_page=10&type=get_task"
    names = ("prev", "next", "first", "last")
    told = ",".join(f"<{path.format(number)}>;rel={name}" for name, number in zip(names, links, strict=True))
    assert query.link(total) == told


def test_a_cluster_takes_so_many_jobs_a_second() -> None:
    now = 100.0
    buckets = Buckets(10, clock=lambda: now)
    for _ in range(10):
        buckets.take(1)
    with pytest.raises(TooMany):
        buckets.take(1)
    buckets.take(2)
    now += 0.15
    buckets.take(1)
    with pytest.raises(TooMany):
        buckets.take(1)
    now += 60
    for _ in range(10):
        buckets.take(1)
    with pytest.raises(TooMany):
        buckets.take(1)


def test_a_session_travels_in_a_token_that_nobody_else_can_make() -> None:
    jwt = jwt_of("tws_secret", 7, 100, 200)
    assert (session_of(jwt), ends_of(jwt)) == ("tws_secret", 200)
    head, claims, signature = jwt.split(".")
    longer = jwt_of("tws_other", 7, 100, 9_999).split(".")[1]
    for forged in (
        f"{head}.{longer}.{signature}",
        f"{head}.{claims}.",
        f"{claims}.{signature}",
        "",
        "a.b.c",
        "a.e30.c",
    ):
        with pytest.raises(Unauthenticated):
            session_of(forged)
