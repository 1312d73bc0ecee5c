import hashlib
from typing import Any

import pytest

from taskward.model.errors import Invalid
from taskward.modules.cache.identity import (
    DEFAULT_FILTERED_QUERY_PARAMS,
    LONGEST_PIECE_BYTES,
    SHORTEST_PIECE_BYTES,
    blob_task_id,
    canonical_url,
    content_task_id,
    host_id,
    peer_id,
    piece_count,
    piece_length_of,
    possible_task_ids,
    task_id,
)

MIB = 1024 * 1024
SHA = "b2c366cce7e68013d5441c6326d5a3e1b12aeb5ed58564d0fd3fa089bc29cb6e"
BLOB = f"https://registry.example.com/v2/library/ubuntu/blobs/sha256:{SHA}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "457b4328cde278e422c9e243f7bfd1e97f511fec43a80f535cf6b0ef6b086776"),
        ({"tag": "foo", "application": "bar"}, "06408fbf247ddaca478f8cb9565fe5591c28efd0994b8fea80a6a87d3203c5ca"),
        ({"tag": "foo"}, "3c3f230ef9f191dd2821510346a7bc138e4894bee9aee184ba250a3040701d2a"),
        ({"application": "bar"}, "c9f9261b7305c24371244f9f149f5d4589ed601348fdf22d7f6f4b10658fdba2"),
        ({"piece_length": 1024}, "9f7c9aafbc6f30f8f41a96ca77eeae80c5b60964b3034b0ee43ccf7b2f9e52b8"),
        (
            {"tag": "foo", "application": "bar", "revision": "v1.0", "piece_length": 1024},
            "5844f27a257287e9b734256bb25603d8005422ced8c0377f15063ec11963b25f",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_ids_are_those_of_dragonflys_own_programs(options: dict[str, Any], expected: Any) -> None:
    assert task_id("https://example.com", **options) == expected


def test_the_order_of_a_query_is_part_of_the_id() -> None:
    ids = possible_task_ids("https://example.com/a?b=2&a=1")
    assert ids == (
        "552ec2dec9e97d14c274bdf8ea05aa288773cb9600676ca54c0233c64ef8ce01",
        "745619016162d5ec06f2bc78e7fa26d804760dfbd1693037ef883225cd8b4e66",
    )
    assert task_id("https://example.com/a?b=2&a=1") == ids[0]


def test_versions_that_sort_a_query_keep_the_order_of_one_names_values() -> None:
    filtered = ("z",)
    sorted_id = possible_task_ids(
        "https://example.com/file.txt?z=9&b=2&a=1", tag="foo", application="bar", filtered_query_params=filtered
    )[1]
    assert sorted_id == "8b3f6e9b9b8fe20903bced565cfd1d0aaef354a4c17573f0c2c1979210443f9d"
    twice = possible_task_ids("https://example.com/file.txt?b=2&a=1&b=1")[1]
    assert twice == hashlib.sha256(b"https://example.com/file.txt?a=1&b=2&b=1STANDARD").hexdigest()
    dropped = possible_task_ids("https://example.com/file.txt?a=1;x&b=2")[1]
    assert dropped == hashlib.sha256(b"https://example.com/file.txt?b=2STANDARD").hexdigest()


def test_an_url_that_all_versions_spell_alike_has_one_id() -> None:
    assert possible_task_ids("https://example.com/a?a=1&b=2") == (task_id("https://example.com/a?a=1&b=2"),)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.com/", "https://example.com"),
        ("https://example.com?", "https://example.com"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("https://example.com/a/", "https://example.com/a/"),
        ("HTTPS://EXAMPLE.com:443/a/./b/../c", "https://example.com/a/c"),
        ("http://example.com:8080", "http://example.com:8080"),
        ("https://bücher.example/ü b", "https://xn--bcher-kva.example/%C3%BC%20b"),
        ("https://example.com/a?x", "https://example.com/a?x="),
        ("https://example.com/a?q=a%20b+c&t=~*", "https://example.com/a?q=a+b+c&t=%7E*"),
        ("https://example.com/a?ns=docker.io&X-Amz-Signature=s&b=1&Expires=9", "https://example.com/a?b=1"),
        ("https://example.com/a?x-amz-signature=s", "https://example.com/a?x-amz-signature=s"),
        ("https://example.com/a?X-Amz%2DSignature=s#part", "https://example.com/a#part"),
    ],
)
def test_a_url_is_written_as_whatwg_does(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


def test_nothing_is_filtered_when_asked_so() -> None:
    assert canonical_url("https://example.com/a?Expires=9", ()) == "https://example.com/a?Expires=9"


def test_what_is_no_url_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="must be a URL such as"):
        task_id("example.com/file")


def test_the_default_list_is_dragonflys_in_its_order() -> None:
    assert len(DEFAULT_FILTERED_QUERY_PARAMS) == 32
    assert "&".join(DEFAULT_FILTERED_QUERY_PARAMS).startswith("X-Amz-Algorithm&X-Amz-Credential&X-Amz-Date")
    assert DEFAULT_FILTERED_QUERY_PARAMS[-1] == "ns"
    assert [DEFAULT_FILTERED_QUERY_PARAMS.count(name) for name in ("Expires", "Signature", "ns")] == [2, 2, 1]


def test_content_is_its_own_name() -> None:
    assert content_task_id("This is a test file") == "e2d0fe1585a63ec6009c8016ff8dda8b17719a637405a4e23c0ff81339148249"
    assert content_task_id("") == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (BLOB, SHA),
        (f"{BLOB}?ns=docker.io", SHA),
        (f"http://localhost:5000/v2/a/b/c/blobs/sha512:{SHA}{SHA}", SHA * 2),
        ("http://localhost:5000/v2/a/blobs/crc32:1475635037", "1475635037"),
        (f"http://localhost:5000/v2/blobs/sha256:{SHA}", None),
        (f"http://localhost:5000/v2/a/manifests/sha256:{SHA}", None),
        ("http://localhost:5000/v2/a/blobs/sha256:abc", None),
        (f"http://localhost:5000/v2/a/blobs/md5:{SHA}", None),
        (f"localhost:5000/v2/a/blobs/sha256:{SHA}", None),
        ("", None),
    ],
)
def test_a_blob_is_named_by_the_digest_in_its_url(url: str, expected: Any) -> None:
    assert blob_task_id(url) == expected


def test_a_blob_may_be_kept_under_its_url_or_its_digest() -> None:
    assert possible_task_ids(BLOB) == (task_id(BLOB), SHA)


def test_hosts_and_peers_say_whether_they_seed() -> None:
    assert host_id("10.0.0.1", "a") == "10.0.0.1-a"
    assert host_id("10.0.0.1", "a", is_seed=True) == "10.0.0.1-a-seed"
    assert peer_id("10.0.0.1", "a", "u", is_seed=True) == "10.0.0.1-a-u-seed"


@pytest.mark.parametrize(
    ("content_length", "expected"),
    [
        (0, SHORTEST_PIECE_BYTES),
        (500 * 4 * MIB, 4 * MIB),
        (500 * 4 * MIB + 499, 4 * MIB),
        (500 * 4 * MIB + 500, 8 * MIB),
        (500 * 33 * MIB, LONGEST_PIECE_BYTES),
        (1 << 50, LONGEST_PIECE_BYTES),
    ],
)
def test_the_length_of_pieces_follows_that_of_the_content(content_length: int, expected: Any) -> None:
    assert piece_length_of(content_length) == expected


def test_the_last_piece_may_be_shorter() -> None:
    assert [piece_count(length, 4) for length in (0, 1, 4, 5)] == [0, 1, 1, 2]
