"""Peers, seeds and schedulers that break, inside one process."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from dragonfly_api import scheduler_pb2 as scheduler

from taskward.clock import SystemClock
from taskward.modules.cache.identity import task_id
from taskward.peer.content import Content
from taskward.peer.content import Origin as FromOrigin
from taskward.peer.errors import CacheFull, ContentGone, PeerError
from taskward.peer.node import Peer
from taskward.peer.storage import Storage
from tests.download_network import SmallNetwork, small_network
from tests.origins import MIB, Origin, running_origin, some_bytes

DATA = some_bytes(18 * MIB)


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        yield running


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[SmallNetwork]:
    async with small_network(tmp_path) as running:
        yield running


def kept(peer: Peer, url: str) -> Content:
    content = peer.storage.find(task_id(url))
    assert content is not None
    return content


def damage(content: Content, number: int) -> None:
    with content.path.open("r+b") as file:
        file.seek(number * content.piece_length + 100)
        file.write(os.urandom(64))


async def test_a_damaged_piece_is_not_passed_on(network: SmallNetwork, origin: Origin) -> None:
    seed, bad = await network.start("seed", is_seed=True), await network.start("bad")
    child = await network.start("child")
    url = origin.page("/damaged", DATA)
    assert await network.fetch(bad, url) == DATA
    for number in range(5):
        damage(kept(bad, url), number)
    assert await network.fetch(child, url) == DATA
    assert origin.sent["/damaged"] == len(DATA)
    assert kept(seed, url).uploaded > 5


async def test_damage_everywhere_is_an_error_and_not_a_file(
    network: SmallNetwork, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.peer.downloads._PATIENCE_SECONDS", 0)
    seed, child = await network.start("seed", is_seed=True), await network.start("child")
    url = origin.page("/ruined", DATA)
    await network.fetch(seed, url, "first")
    damage(kept(seed, url), 3)
    with pytest.raises(PeerError):
        await network.fetch(child, url)
    assert not (network.folder / "out").exists()


async def test_what_is_damaged_or_cut_off_is_dropped_at_the_start(network: SmallNetwork, origin: Origin) -> None:
    seed = await network.start("seed", is_seed=True)
    url = origin.page("/restarted", DATA)
    await network.fetch(seed, url)
    content = kept(seed, url)
    await network.stop("seed")
    damage(content, 1)
    os.truncate(content.path, len(DATA) - 1)
    again = await network.start("seed", is_seed=True)
    assert await network.fetch(again, url) == DATA
    assert [request.get("range") for request in origin.requests["/restarted"]] == [
        None,
        f"bytes={4 * MIB}-{8 * MIB - 1}",
        f"bytes={16 * MIB}-",
    ]


async def test_a_scheduler_that_starts_anew_learns_who_has_what(network: SmallNetwork, origin: Origin) -> None:
    await network.start("seed", is_seed=True)
    holder, child = await network.start("holder"), await network.start("child")
    url = origin.page("/relearned", DATA)
    await network.fetch(holder, url)
    await network.stop("seed")
    await network.restart_scheduler()
    assert await network.fetch(child, url) == DATA
    assert origin.sent["/relearned"] == len(DATA)


async def test_a_host_that_was_taken_for_dead_is_known_again_with_what_it_has(
    network: SmallNetwork, origin: Origin
) -> None:
    await network.start("seed", is_seed=True)
    holder, child = await network.start("holder"), await network.start("child")
    url = origin.page("/missed", DATA)
    await network.fetch(holder, url)
    await network.stop("seed")
    stub = holder.links.scheduler(network.scheduler)
    await stub.DeleteHost(scheduler.DeleteHostRequest(host_id=holder.host.id))
    assert await network.fetch(child, url) == DATA
    assert origin.sent["/missed"] == len(DATA)


async def test_a_scheduler_that_is_gone_does_not_break_a_running_download(
    network: SmallNetwork, origin: Origin
) -> None:
    await network.start("seed", is_seed=True)
    child = await network.start("child")
    url = origin.page("/orphan", DATA, slow_after=9 * MIB)
    fetching = asyncio.create_task(network.fetch(child, url))
    await until(lambda: child.storage.find(task_id(url)) is not None and len(kept(child, url).pieces) == 2)
    await network.stop_scheduler()
    origin.pages["/orphan"].may_send.set()
    assert await fetching == DATA


async def test_two_seeds_read_the_origin_once(network: SmallNetwork, origin: Origin) -> None:
    seeds = [await network.start(f"seed{number}", is_seed=True) for number in range(2)]
    url = origin.page("/two", DATA)
    outputs = await asyncio.gather(*(network.fetch(seed, url, f"{seed.host.name}.out") for seed in seeds))
    assert outputs == [DATA, DATA]
    assert origin.sent["/two"] == len(DATA)


async def test_deleting_breaks_a_download_off(network: SmallNetwork, origin: Origin) -> None:
    seed = await network.start("seed", is_seed=True)
    url = origin.page("/deleted", DATA, slow_after=9 * MIB)
    fetching = asyncio.create_task(network.fetch(seed, url))
    await until(lambda: seed.storage.find(task_id(url)) is not None and len(kept(seed, url).pieces) == 2)
    path = kept(seed, url).path
    await seed.links.daemon(seed.address).DeleteTask(dfdaemon.DeleteTaskRequest(task_id=task_id(url)))
    with pytest.raises(PeerError, match="broken off"):
        await fetching
    assert (seed.storage.contents(), path.exists(), (network.folder / "out").exists()) == ([], False, False)


async def test_a_download_can_be_stopped_before_its_first_step(network: SmallNetwork, origin: Origin) -> None:
    seed = await network.start("seed", is_seed=True)
    url = origin.page("/stopped", DATA)
    download = seed.downloads.start(FromOrigin(url=url))
    await seed.downloads.stop(download.task_id)
    with pytest.raises(ContentGone, match="broken off"):
        await download.ended()
    assert await network.fetch(seed, url) == DATA


async def test_a_full_disk_is_said_and_leaves_no_half(
    network: SmallNetwork, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    seed = await network.start("seed", is_seed=True)
    url = origin.page("/full", DATA)
    with monkeypatch.context() as patch:
        patch.setattr("os.posix_fallocate", full)
        with pytest.raises(CacheFull, match="No space left on device"):
            await network.fetch(seed, url)
    assert (seed.storage.contents(), list((network.folder / "seed").rglob("content/*/*/*"))) == ([], [])
    assert await network.fetch(seed, url) == DATA


async def test_one_process_uses_a_cache_at_a_time(tmp_path: Path) -> None:
    first, second = Storage(tmp_path, SystemClock()), Storage(tmp_path, SystemClock())
    await first.open()
    with pytest.raises(Exception, match="is used by another process"):
        await second.open()
    await first.close()


async def test_a_peer_writes_no_files_for_strangers(network: SmallNetwork, tmp_path: Path) -> None:
    seed = await network.start("seed", is_seed=True)
    request = dfdaemon.DownloadTaskRequest()
    request.download.url = "http://127.0.0.1/"
    request.download.output_path = str(tmp_path / "stolen")
    with pytest.raises(grpc.aio.AioRpcError, match="output_path") as refused:
        await anext(aiter(seed.links.daemon(seed.address).DownloadTask(request)))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def until(condition: object) -> None:
    """Returns when the condition holds."""
    assert callable(condition)
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
