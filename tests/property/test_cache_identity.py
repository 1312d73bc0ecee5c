from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from taskward.modules.cache.identity import (
    DEFAULT_FILTERED_QUERY_PARAMS,
    LONGEST_PIECE_BYTES,
    SHORTEST_PIECE_BYTES,
    canonical_url,
    piece_count,
    piece_length_of,
    possible_task_ids,
    task_id,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
pairs = st.lists(st.tuples(texts, texts), max_size=6)
paths = (
    st.lists(st.text("abc .~%éA", max_size=4), max_size=4).map("/".join).map(str.rstrip)
)  # spaces around a URL are no part of it
signatures = st.dictionaries(st.sampled_from(DEFAULT_FILTERED_QUERY_PARAMS), texts, max_size=4)


def url_of(path: str, query: list[tuple[str, str]]) -> str:
    return f"https://Example.com/{path}" + (f"?{urlencode(query)}" if query else "")


@given(paths, pairs)
def test_a_canonical_url_stays_as_it_is(path: str, query: list[tuple[str, str]]) -> None:
    once = canonical_url(url_of(path, query))
    assert canonical_url(once) == once
    assert task_id(once) == task_id(url_of(path, query))


@given(paths, pairs, signatures, st.randoms(use_true_random=False))
def test_signing_a_url_does_not_change_its_id(
    path: str, query: list[tuple[str, str]], signature: dict[str, str], random: Random
) -> None:
    signed = list(query)
    for pair in signature.items():
        signed.insert(random.randint(0, len(signed)), pair)
    assert task_id(url_of(path, signed)) == task_id(url_of(path, query))


@given(pairs)
def test_what_is_kept_of_a_query_keeps_its_order_and_its_text(query: list[tuple[str, str]]) -> None:
    kept = [pair for pair in query if pair[0] not in DEFAULT_FILTERED_QUERY_PARAMS]
    written = canonical_url(url_of("a", query)).partition("?")[2]
    assert parse_qsl(written, keep_blank_values=True) == kept


@given(paths, pairs, texts, texts, st.none() | st.integers(SHORTEST_PIECE_BYTES, LONGEST_PIECE_BYTES))
def test_the_first_possible_id_is_the_id(
    path: str, query: list[tuple[str, str]], tag: str, application: str, piece_length: int | None
) -> None:
    options: dict[str, Any] = {"tag": tag, "application": application, "piece_length": piece_length}
    ids = possible_task_ids(url_of(path, query), **options)
    assert ids[0] == task_id(url_of(path, query), **options)
    assert len(set(ids)) == len(ids)


@given(st.integers(0, 1 << 45))
def test_pieces_are_powers_of_two_that_cover_the_content(content_length: int) -> None:
    piece_length = piece_length_of(content_length)
    assert SHORTEST_PIECE_BYTES <= piece_length <= LONGEST_PIECE_BYTES
    assert piece_length & (piece_length - 1) == 0
    count = piece_count(content_length, piece_length)
    assert (count - 1) * piece_length < content_length <= count * piece_length or content_length == count == 0
