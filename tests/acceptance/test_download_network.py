"""A scheduler, a seed, peers and fetches, each a process, and an origin that counts what it sends."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from dragonfly_api import common_pb2 as common
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from dragonfly_api import scheduler_pb2 as scheduler
from dragonfly_api.dfdaemon_pb2_grpc import DfdaemonUploadStub
from dragonfly_api.scheduler_pb2_grpc import SchedulerStub

from taskward.modules.cache.identity import task_id
from taskward.peer.content import Origin as FromOrigin
from taskward.peer.fetch import fetch
from taskward.peer.links import Links
from tests.origins import MIB, Origin, running_origin, some_bytes
from tests.peers import TASKWARD, DownloadNetwork, Process, download_network, free_port
from tests.serving import running_server


@dataclass
class Running:
    network: DownloadNetwork
    origin: Origin
    seed: Process
    peers: list[Process]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_origin() as origin, download_network(tmp_path_factory.mktemp("network")) as network:
        network.scheduler()
        seed = network.seed()
        yield Running(network, origin, seed, [network.peer(f"peer{number}") for number in range(3)])


async def test_each_byte_leaves_the_origin_once_although_many_ask_at_once(running: Running, tmp_path: Path) -> None:
    data = some_bytes(22 * MIB + 5)
    url = running.origin.page("/many", data)
    links = Links(idle_seconds=30)
    outputs = [tmp_path / f"{number}" for number in range(5)]
    await asyncio.gather(
        *(
            fetch(links, running.peers[number % 3].address, FromOrigin(url=url), output, lambda *_: None)
            for number, output in enumerate(outputs)
        )
    )
    await links.close()
    assert running.origin.sent["/many"] == len(data)
    assert all(output.read_bytes() == data for output in outputs)


def test_a_fetch_says_what_it_wrote(running: Running, tmp_path: Path) -> None:
    url = running.origin.page("/said", b"a few bytes")
    code, said = running.network.fetched(url, tmp_path / "said", running.peers[0], "--json", "--tag", "x")
    assert code == 0
    assert json.loads(said) == {
        "url": url,
        "task_id": task_id(url, tag="x"),
        "output": str(tmp_path / "said"),
        "length": 11,
        "pieces": 1,
    }


def test_what_the_origin_refuses_is_said_and_nothing_is_written(running: Running, tmp_path: Path) -> None:
    code, said = running.network.fetched(running.origin.url + "/nothing", tmp_path / "no", running.peers[0])
    assert (code, list(tmp_path.iterdir())) == (123, [])
    assert "the origin answered 404" in said


async def test_hosts_say_what_they_keep_and_lose_it_when_told(running: Running, tmp_path: Path) -> None:
    data = some_bytes(5 * MIB, "kept")
    url = running.origin.page("/kept", data)
    code, said = await asyncio.to_thread(running.network.fetched, url, tmp_path / "kept", running.peers[0])
    assert code == 0, said
    async with grpc.aio.insecure_channel(running.network.scheduler_address) as channel:
        hosts = (await SchedulerStub(channel).ListHosts(scheduler.ListHostsRequest())).hosts
    assert {host.hostname: host.type for host in hosts} == {"seed": 1, "peer0": 0, "peer1": 0, "peer2": 0}
    keeping = {host.hostname for host in hosts if await _keeps_until_told(host, task_id(url), len(data))}
    assert keeping == {"seed", "peer0"}


async def _keeps_until_told(host: common.Host, task: str, length: int) -> bool:
    """Whether the host keeps the content; it is deleted there."""
    async with grpc.aio.insecure_channel(f"{host.ip}:{host.port}") as channel:
        daemon = DfdaemonUploadStub(channel)
        stat, delete = dfdaemon.StatLocalTaskRequest(task_id=task), dfdaemon.DeleteTaskRequest(task_id=task)
        try:
            kept = await daemon.StatLocalTask(stat)
        except grpc.aio.AioRpcError as error:
            return error.code() is not grpc.StatusCode.NOT_FOUND
        await daemon.DeleteTask(delete)
        with pytest.raises(grpc.aio.AioRpcError, match="not found") as gone:
            await daemon.DeleteTask(delete)
        return (kept.content_length, kept.piece_length, kept.HasField("finished_at"), gone.value.code()) == (
            length,
            4 * MIB,
            True,
            grpc.StatusCode.INTERNAL,
        )


def test_a_server_embeds_a_network_that_its_cache_module_searches(tmp_path: Path) -> None:
    flags = {"peer.embedded": True, "outbound.allow_private": True, "peer.name": "embedded", "peer.capacity": 10**10}
    flags |= {f"peer.{name}": free_port() for name in ("scheduler_port", "grpc_port", "upload_port", "proxy_port")}
    with running_origin() as origin, running_server(tmp_path / "data", flags=flags) as server:
        url = origin.page("/embedded", some_bytes(5 * MIB))
        words = ["fetch", url, "-o", str(tmp_path / "got"), "--scheduler", f"127.0.0.1:{flags['peer.scheduler_port']}"]
        subprocess.run([*TASKWARD, *words, "--data-dir", str(tmp_path / "own")], check=True, timeout=60)
        with server.client() as client:
            body = {"operation": "cache.search", "args": {"what": {"url": url}}}
            found = client.post("/v1/tasks", json=body, headers={"Prefer": "wait=20"}).json()
    assert found.get("state") == "completed", found
    assert "embedded" in json.dumps(found["result"])
