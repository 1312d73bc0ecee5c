"""Origins of all kinds, read by a seed."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from taskward.peer.errors import OriginFailed, PeerError
from taskward.peer.node import Peer
from tests.download_network import SmallNetwork, small_network
from tests.origins import MIB, Origin, running_origin, some_bytes

DATA = some_bytes(10 * MIB + 7)


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        yield running


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[SmallNetwork]:
    async with small_network(tmp_path) as running:
        yield running


@pytest.fixture
async def seed(network: SmallNetwork) -> Peer:
    return await network.start("seed", is_seed=True)


async def test_goes_on_where_the_origin_broke_off(network: SmallNetwork, seed: Peer, origin: Origin) -> None:
    url = origin.page("/breaks", DATA, breaks_at=[5 * MIB + 3, 2 * MIB, MIB])
    assert await network.fetch(seed, url) == DATA
    assert origin.sent["/breaks"] == len(DATA)
    assert [request.get("range") for request in origin.requests["/breaks"]] == [
        None,
        f"bytes={5 * MIB + 3}-",
        f"bytes={7 * MIB + 3}-",
        f"bytes={8 * MIB + 3}-",
    ]


@pytest.mark.parametrize("kind", [{"takes_ranges": False}, {"etag": None}])
async def test_reads_again_what_cannot_be_asked_for_in_parts(
    network: SmallNetwork, seed: Peer, origin: Origin, kind: dict[str, object]
) -> None:
    url = origin.page("/whole", DATA, breaks_at=[6 * MIB], **kind)
    assert await network.fetch(seed, url) == DATA


async def test_a_length_that_is_not_told_is_found_out(network: SmallNetwork, seed: Peer, origin: Origin) -> None:
    peer = await network.start("peer")
    url = origin.page("/endless", DATA, tells_length=False)
    assert await network.fetch(peer, url) == DATA


async def test_a_length_that_is_too_long_is_not_believed(network: SmallNetwork, seed: Peer, origin: Origin) -> None:
    peer = await network.start("peer")
    url = origin.page("/lies", DATA, said_length=len(DATA) + 5)
    with pytest.raises(OriginFailed, match="said it had 10485772 bytes, and has"):
        await network.fetch(peer, url)
    assert not (network.folder / "out").exists()


@pytest.mark.parametrize("to", [{"etag": '"2"'}, {"etag": None, "data": some_bytes(10 * MIB + 7, "other")}])
async def test_what_changes_while_it_is_read_is_read_anew(
    network: SmallNetwork, seed: Peer, origin: Origin, to: dict[str, object]
) -> None:
    other = some_bytes(10 * MIB + 7, "other")
    before = {"etag": None} if to["etag"] is None else {}
    url = origin.page("/changes", DATA, breaks_at=[6 * MIB], **before)
    page = origin.pages["/changes"]
    page.on_break = lambda: origin.page("/changes", other, etag=to["etag"])
    assert await network.fetch(seed, url) == other


async def test_an_empty_file_is_a_file(network: SmallNetwork, seed: Peer, origin: Origin) -> None:
    peer = await network.start("peer")
    assert await network.fetch(peer, origin.page("/empty", b"")) == b""


async def test_follows_redirects(network: SmallNetwork, seed: Peer, origin: Origin) -> None:
    origin.page("/target", DATA)
    url = origin.page("/moved", b"", status=302, location="/target")
    assert await network.fetch(seed, url) == DATA


async def test_says_what_the_origin_answered_to_whoever_waits(
    network: SmallNetwork, seed: Peer, origin: Origin
) -> None:
    peer = await network.start("peer")
    url = origin.page("/secret", b"", status=401, headers={"WWW-Authenticate": 'Bearer realm="x"'})
    with pytest.raises(OriginFailed, match="the origin answered 401") as refused:
        await network.fetch(peer, url)
    assert (refused.value.origin_status, refused.value.headers["www-authenticate"]) == (401, 'Bearer realm="x"')
    origin.page("/secret", DATA)
    assert await network.fetch(peer, url, headers={"Authorization": "Bearer y"}) == DATA
    assert origin.requests["/secret"][-1]["authorization"] == "Bearer y"


async def test_a_digest_that_does_not_fit_is_refused_and_nothing_kept(
    network: SmallNetwork, seed: Peer, origin: Origin
) -> None:
    url = origin.page("/digest", DATA)
    with pytest.raises(OriginFailed, match="has the digest sha256:"):
        await network.fetch(seed, url, digest="sha256:" + "0" * 64)
    assert seed.storage.contents() == []
    assert await network.fetch(seed, url, digest=f"sha256:{hashlib.sha256(DATA).hexdigest()}") == DATA
    with pytest.raises(PeerError, match="has the digest sha256:"):
        await network.fetch(seed, url, "other", digest="sha256:" + "0" * 64)
    assert not (network.folder / "other").exists()


async def test_a_blob_must_be_what_its_url_says(network: SmallNetwork, seed: Peer, origin: Origin) -> None:
    url = origin.page(f"/v2/a/blobs/sha256:{'0' * 64}", DATA)
    with pytest.raises(OriginFailed, match="has the digest sha256:"):
        await network.fetch(seed, url)


async def test_an_origin_that_stalls_is_given_up(
    network: SmallNetwork, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.peer.source._FIRST_PAUSE_SECONDS", 0)
    hasty = await network.start("hasty", is_seed=True, idle_timeout=timedelta(seconds=0.2))
    url = origin.page("/stalls", DATA, slow_after=0)
    with pytest.raises(OriginFailed, match="stalled; given up after 5 attempts"):
        await network.fetch(hasty, url)


async def test_no_seed_is_said(network: SmallNetwork, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskward.peer.downloads._PATIENCE_SECONDS", 0)
    peer = await network.start("peer")
    url = origin.page("/unread", DATA)
    with pytest.raises(PeerError, match="no seed peer has announced itself"):
        await network.fetch(peer, url)
    assert origin.sent["/unread"] == 0


async def test_each_piece_length_is_a_content_of_its_own(network: SmallNetwork, seed: Peer, origin: Origin) -> None:
    url = origin.page("/pieces", DATA)
    eight = await network.fetched(seed, url, network.folder / "eight", piece_length=8 * MIB)
    four = await network.fetched(seed, url, network.folder / "four")
    assert (len(eight.pieces), len(four.pieces)) == (2, 3)
    assert eight.task_id != four.task_id
