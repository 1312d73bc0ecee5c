"""A deletion whose server is killed in the middle."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from taskward.modules.cache.identity import task_id
from tests.dragonfly import ClustersBeside, Daemon, as_flag
from tests.serving import Server, running_server

URL = "https://example.com/file"
ID = task_id(URL)
PATIENCE_SECONDS = 30


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The flag that names it."""
    return {} if request.param == "sqlite" else {"server.database": request.getfixturevalue("postgres_dsn")}


@pytest.fixture
def beside() -> Iterator[ClustersBeside]:
    with ClustersBeside() as found:
        yield found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def job_of(server: Server, number: int) -> dict[str, Any]:
    with server.client() as api:
        found: dict[str, Any] = api.get(f"/oapi/v1/jobs/{number}").json()
        return found


def test_goes_on_and_leaves_nobody_out(beside: ClustersBeside, tmp_path: Path, database: dict[str, Any]) -> None:
    quick, slow = Daemon("quick", keeps={ID: "finished"}), Daemon("slow", keeps={ID: "finished"}, hangs="delete")
    flags = {
        "cache.clusters": as_flag(beside.cluster(quick, slow)),
        "cache.host_timeout": "1m",
        "worker.heartbeat_interval": "200ms",
        "worker.lease_ttl": "1s",
        **database,
    }
    with running_server(tmp_path, flags=flags) as killed:
        with killed.client() as api:
            made: httpx2.Response = api.post("/oapi/v1/jobs", json={"type": "delete_task", "args": {"url": URL}})
            number = made.json()["id"]
        until(lambda: not quick.keeps and "delete" in slow.asked)
        killed.process.kill()
        killed.process.wait(10)
    slow.hangs = ""
    with running_server(tmp_path, flags=flags) as server:
        until(lambda: job_of(server, number)["state"] != "PENDING")
        job = job_of(server, number)
        with server.client() as api:
            assert [one["id"] for one in api.get("/oapi/v1/jobs", params={"state": "SUCCESS"}).json()] == [number]
    assert job["state"] == job["result"]["state"] == "SUCCESS"
    [state] = job["result"]["job_states"]
    [result] = state["results"]
    assert [one["hostname"] for one in result["success_tasks"]] == ["quick", "slow"]
    assert result["failure_tasks"] == []
    assert (quick.keeps, slow.keeps) == ({}, {})
    assert quick.asked.count("stat") == 1, "what was found once is not looked for again"
