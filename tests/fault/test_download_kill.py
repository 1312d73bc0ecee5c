"""Peers that are killed in the middle of a download, each a process."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from dragonfly_api.dfdaemon_pb2_grpc import DfdaemonUploadStub

from taskward.modules.cache.identity import task_id
from tests.origins import MIB, Origin, running_origin, some_bytes
from tests.peers import DownloadNetwork, download_network

DATA = some_bytes(18 * MIB)


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        yield running


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DownloadNetwork]:
    with download_network(tmp_path_factory.mktemp("network")) as running:
        running.scheduler()
        yield running


async def pieces_in(network: DownloadNetwork, name: str, url: str, count: int) -> None:
    """Returns when the peer of this name has recorded so many pieces."""
    question = "SELECT count(*) FROM piece WHERE task_id = ?"
    with closing(sqlite3.connect(network.folder / name / "index.db")) as index:
        async with asyncio.timeout(20):
            while index.execute(question, (task_id(url),)).fetchone()[0] < count:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)


async def test_a_peer_that_was_killed_goes_on_with_what_it_had(
    network: DownloadNetwork, origin: Origin, tmp_path: Path
) -> None:
    seed, child = network.seed(), network.peer("child")
    url = origin.page("/killed", DATA, slow_after=9 * MIB)
    fetching = network.fetch(url, tmp_path / "out", child)
    await pieces_in(network, "child", url, 2)
    child.kill()
    _, said = fetching.communicate(timeout=30)
    assert (fetching.returncode, list(tmp_path.iterdir())) == (125, []), said
    child = network.peer("child")
    origin.pages["/killed"].may_send.set()
    code, said = network.fetched(url, tmp_path / "out", child)
    assert code == 0, said
    assert (tmp_path / "out").read_bytes() == DATA
    assert origin.sent["/killed"] == len(DATA)
    async with grpc.aio.insecure_channel(seed.address) as channel:
        stat = await DfdaemonUploadStub(channel).StatLocalTask(dfdaemon.StatLocalTaskRequest(task_id=task_id(url)))
    assert stat.uploaded_count == 5
    seed.stop()


async def test_another_seed_takes_the_place_of_one_that_was_killed(
    network: DownloadNetwork, origin: Origin, tmp_path: Path
) -> None:
    seed, child = network.seed("first"), network.peer("other-child")
    url = origin.page("/orphaned", DATA, slow_after=9 * MIB)
    fetching = network.fetch(url, tmp_path / "out", child)
    await pieces_in(network, "other-child", url, 2)
    network.seed("second")
    origin.pages["/orphaned"].may_send.set()
    seed.kill()
    _, said = fetching.communicate(timeout=60)
    assert fetching.returncode == 0, said
    assert (tmp_path / "out").read_bytes() == DATA
