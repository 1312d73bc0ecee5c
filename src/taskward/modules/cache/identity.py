"""The names under which a P2P download network keeps content: task ids, host ids, and lengths of pieces.

A task id is computed by whoever downloads and by whoever searches, each for itself, so both must spell a URL in the
same way. Dragonfly's own programs have two: as WHATWG does with the query in its order, and, in other versions, with
the query sorted. `task_id` is the first; `possible_task_ids` are all under which a host may keep the same content.
Pure functions.
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote_plus

import ada_url

from taskward.model.errors import Invalid

_S3 = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-User-Agent",
)
_GCS = (
    "X-Goog-Algorithm",
    "X-Goog-Credential",
    "X-Goog-Date",
    "X-Goog-Expires",
    "X-Goog-SignedHeaders",
    "X-Goog-Signature",
)
_OSS = ("OSSAccessKeyId", "Expires", "Signature", "SecurityToken")
_OBS = ("AccessKeyId", "Signature", "Expires", "X-Obs-Date", "X-Obs-Security-Token")
_COS = (
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
    "x-cos-security-token",
)
_CONTAINERD = ("ns",)

DEFAULT_FILTERED_QUERY_PARAMS = (*_S3, *_GCS, *_OSS, *_OBS, *_COS, *_CONTAINERD)
"""Parameters that sign a URL or say who asks, not what for. Two stand in it twice, as in Dragonfly's own list."""

SHORTEST_PIECE_BYTES = 4 * 1024 * 1024
LONGEST_PIECE_BYTES = 64 * 1024 * 1024
_WANTED_PIECES = 500

_STANDARD = "STANDARD"
_BLOB_URL = re.compile(r"[^:/?#]+://[^/?#]+/v2/[^?#]+/blobs/(?P<digest>[^?#]+)(?:\?.*)?")
_DIGEST_LENGTHS = {"crc32": 10, "sha256": 64, "sha512": 128}


def canonical_url(url: str, filtered_query_params: Iterable[str] = DEFAULT_FILTERED_QUERY_PARAMS) -> str:
    """The URL as WHATWG writes it, without these parameters; what is left of the query keeps its order.

    The slash of a bare host is left out. Names are compared as decoded, with their case. Raises Invalid.
    """
    parsed = _parsed(url)
    return _spelled(parsed, _kept_pairs(parsed.search, filtered_query_params), safe="*")


def task_id(
    url: str,
    *,
    tag: str = "",
    application: str = "",
    revision: str = "",
    piece_length: int | None = None,
    filtered_query_params: Iterable[str] = DEFAULT_FILTERED_QUERY_PARAMS,
) -> str:
    """The id of what is downloaded from a URL: 64 hexadecimal digits.

    `piece_length` is the one that was asked for, in bytes; None when the downloader chose it. Raises Invalid.
    """
    return _digest(canonical_url(url, filtered_query_params), tag, application, revision, piece_length)


def possible_task_ids(
    url: str,
    *,
    tag: str = "",
    application: str = "",
    revision: str = "",
    piece_length: int | None = None,
    filtered_query_params: Iterable[str] = DEFAULT_FILTERED_QUERY_PARAMS,
) -> tuple[str, ...]:
    """Every id under which some host may keep what this URL leads to, each once; `task_id` comes first.

    The others are that of the URL with its query sorted, and the digest that the URL of a registry's blob names, which
    hosts use that name blobs by digest. Raises Invalid.
    """
    filtered = tuple(filtered_query_params)
    spellings = (canonical_url(url, filtered), _sorted_url(url, filtered))
    ids = [_digest(spelling, tag, application, revision, piece_length) for spelling in spellings]
    if (digest := blob_task_id(url)) is not None:
        ids.append(digest)
    return tuple(dict.fromkeys(ids))


def content_task_id(content: str) -> str:
    """The id of a task that was named by a text of the downloader's choice; the empty text has one too."""
    return hashlib.sha256(content.encode()).hexdigest()


def blob_task_id(url: str) -> str | None:
    """The hexadecimal part of the digest in the URL of a registry's blob: its id where blobs are named by digest.

    None for any other URL. Digests are crc32, sha256 and sha512.
    """
    match = _BLOB_URL.fullmatch(url)
    if match is None:
        return None
    algorithm, _, encoded = match["digest"].partition(":")
    return encoded if len(encoded) == _DIGEST_LENGTHS.get(algorithm) else None


def host_id(ip: str, hostname: str, *, is_seed: bool = False) -> str:
    """The id of a host; that of a seed peer says so."""
    return f"{ip}-{hostname}-seed" if is_seed else f"{ip}-{hostname}"


def peer_id(ip: str, hostname: str, unique: str, *, is_seed: bool = False) -> str:
    """The id of one download on a host; `unique` is a UUID's text."""
    return f"{ip}-{hostname}-{unique}-seed" if is_seed else f"{ip}-{hostname}-{unique}"


def piece_length_of(content_length: int) -> int:
    """How long the pieces of so many bytes are, in bytes, when nobody asked for a length."""
    wanted = content_length // _WANTED_PIECES
    power_of_two = 1 if wanted <= 1 else 1 << (wanted - 1).bit_length()
    return min(max(power_of_two, SHORTEST_PIECE_BYTES), LONGEST_PIECE_BYTES)


def piece_count(content_length: int, piece_length: int) -> int:
    """How many pieces of this length hold so many bytes; the last may be shorter."""
    return -(-content_length // piece_length)


def _sorted_url(url: str, filtered_query_params: Iterable[str]) -> str:
    """As versions write it that escape and sort a query as Go does; to Go, a parameter with a semicolon is none."""
    parsed = _parsed(url)
    query = "&".join(part for part in parsed.search.split("&") if ";" not in part)
    pairs = _kept_pairs(query, filtered_query_params)
    return _spelled(parsed, sorted(pairs, key=lambda pair: pair[0]), safe="~")


def _kept_pairs(query: str, filtered_query_params: Iterable[str]) -> list[tuple[str, str]]:
    filtered = frozenset(filtered_query_params)
    pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True, errors="replace")
    return [pair for pair in pairs if pair[0] not in filtered]


def _spelled(parsed: ada_url.URL, pairs: list[tuple[str, str]], safe: str) -> str:
    parsed.search = "&".join(f"{_escaped(name, safe)}={_escaped(value, safe)}" for name, value in pairs)
    href = str(parsed.href)
    return href.rstrip("/") if parsed.pathname == "/" and href.endswith("/") else href


def _parsed(url: str) -> ada_url.URL:
    try:
        return ada_url.URL(url)
    except ValueError:
        raise Invalid("/url", f"must be a URL such as https://example.com/file, not {url!r}") from None


def _escaped(text: str, safe: str) -> str:
    """As form fields are escaped: beside letters, digits, `-`, `.` and `_`, only `safe` stays."""
    escaped = quote_plus(text, safe=safe)
    return escaped if "~" in safe else escaped.replace("~", "%7E")


def _digest(spelling: str, tag: str, application: str, revision: str, piece_length: int | None) -> str:
    length = "" if piece_length is None else str(piece_length)
    return hashlib.sha256(f"{spelling}{tag}{application}{revision}{length}{_STANDARD}".encode()).hexdigest()
