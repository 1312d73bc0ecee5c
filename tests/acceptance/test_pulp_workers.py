"""A killed worker: Pulp's and the hub's lists tell it within two heartbeats, and its task ends as its policy says."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.postgres import PostgresServer
from tests.serving import ROOT, running_server

HEARTBEAT_SECONDS = 3.0

Json = dict[str, Any]


@contextmanager
def working(data_dir: Path, flags: Json, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker process; killed if it is still there at the end."""
    database = flags.get("server.database")
    worker = subprocess.Popen(
        [
            *(Path(sys.executable).with_name("taskward"), "worker", "--app", "tests.hub_app", "--name", name),
            *("--data-dir", data_dir),
            *(("--database", database) if database else ()),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "TASKWARD_WORKER__HEARTBEAT_INTERVAL": f"{HEARTBEAT_SECONDS:g}s",
            "TASKWARD_WORKER__LEASE_TTL": f"{HEARTBEAT_SECONDS * 1.8:g}s",
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def until(look: Callable[[], Any], holds: Callable[[Any], bool], seconds: float = 15) -> Any:
    """What is seen as soon as it is as wanted; the lists have nothing to wait by."""
    deadline = time.monotonic() + seconds
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)
    return seen


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_killed_worker_is_missing_within_two_heartbeats(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    flags: Json = {"auth.required": False}
    if kind == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        postgres.create_database("missing")
        flags["server.database"] = postgres.dsn("missing")
    data_dir = tmp_path / "data"
    with (
        running_server(data_dir, workers=0, flags=flags, apps=("tests.hub_app",)) as server,
        httpx2.Client(base_url=server.url, timeout=30, trust_env=False) as api,
        working(data_dir, flags, "doomed") as doomed,
    ):

        def workers(**filters: str) -> list[str]:
            page = api.get("/pulp/api/v3/workers/", params={"ordering": "name", **filters}).json()
            return [worker["name"] for worker in page["results"]]

        def hub_task() -> Json:
            task: Json = api.get(f"/api/automation-hub/v3/tasks/{task_id}/").json()
            return task

        until(lambda: workers(online="true"), lambda names: names == ["doomed"])
        body = {"operation": "hub.endless", "args": {"repository": "x"}, "retry": {"lost_limit": 0}}
        task_id = api.post("/v1/tasks", json=body).json()["id"]
        running = until(hub_task, lambda task: task["state"] == "running")
        assert running["worker"]["name"] == "doomed"
        assert running["worker"]["missing"] is False
        href = f"/pulp/api/v3/tasks/{task_id}/"
        [worker] = api.get("/pulp/api/v3/workers/").json()["results"]
        assert worker["current_task"] == href
        with working(data_dir, flags, "other"):
            until(lambda: workers(online="true"), lambda names: names == ["doomed", "other"])
            doomed.kill()
            killed = time.monotonic()
            until(lambda: workers(missing="true"), lambda names: names == ["doomed"])
            failed = until(hub_task, lambda task: task["state"] == "failed")
            seconds = time.monotonic() - killed
            assert workers(online="true") == ["other"]
        # Two, and as long again for a busy machine: pulpcore takes 835 s.
        assert seconds < HEARTBEAT_SECONDS * 4, seconds
        assert failed["worker"]["missing"] is True
        assert failed["error"] == {"reason": "Worker has gone missing."}
        task = api.get(href).json()
        assert task["error"] == {"reason": "Worker has gone missing."}
        # Its lock is free again.
        body = {"operation": "hub.sync", "args": {"repository": "x"}}
        freed = api.post("/v1/tasks", json=body).json()["id"]
        assert api.get(f"/pulp/api/v3/tasks/{freed}/").json()["unblocked_at"] is not None
