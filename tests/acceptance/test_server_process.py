"""The processes themselves: how they start, what they leave behind, how they end."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.serving import ROOT, running_server

_WORKER = """
import json, sys
from taskward.bootstrap.worker import run_worker
from taskward.settings import load
given = json.loads(sys.argv[1])
run_worker(load(given["flags"], environ={}).settings, given["apps"])
"""


def submit(api: httpx2.Client, operation: str, **args: object) -> str:
    answer = api.post("/v1/tasks", json={"operation": operation, "args": args})
    assert answer.status_code == 202, answer.text
    task_id: str = answer.json()["id"]
    return task_id


def state_after(api: httpx2.Client, task_id: str, wait_seconds: int = 15) -> str:
    """The state at the end, or after the wait."""
    state: str = api.get(f"/v1/tasks/{task_id}", headers={"Prefer": f"wait={wait_seconds}"}).json()["state"]
    return state


def test_it_says_where_it_is_and_takes_it_back(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0) as server:
        told = json.loads((tmp_path / "server.json").read_text())
        assert told == {"url": server.url, "pid": server.process.pid}
        assert server.url.startswith("http://127.0.0.1:")
    assert not (tmp_path / "server.json").exists()
    assert server.process.returncode == 0


def test_of_two_servers_on_one_folder_the_one_that_stays_is_told(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0) as first:
        with running_server(tmp_path, workers=0) as second:
            assert json.loads((tmp_path / "server.json").read_text())["url"] == second.url
        assert json.loads((tmp_path / "server.json").read_text())["url"] == first.url
    assert not (tmp_path / "server.json").exists()


def test_a_taken_address_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(AssertionError, match="ended at its start"),
            running_server(tmp_path, workers=1, flags={"server.port": port}),
        ):
            pass


def test_the_second_start_keeps_token_and_tasks(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, server.client() as api:
        token = server.token
        task_id = submit(api, "probe.echo", text="kept")
        assert state_after(api, task_id) == "completed"
    with running_server(tmp_path) as server, server.client(token) as api:
        assert server.token == token
        assert api.get(f"/v1/tasks/{task_id}").json()["result"]["text"] == "kept"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_streams_and_waits_open(tmp_path: Path, number: signal.Signals) -> None:
    with running_server(tmp_path, flags={"worker.abort_grace": 1}) as server, server.client() as api:
        task_id = submit(api, "probe.endless")
        waiting = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
        headers = {"Prefer": "wait=60", "Authorization": f"Bearer {server.token}"}
        waiting.request("GET", f"/v1/tasks/{task_id}", headers=headers)
        with api.stream("GET", "/v1/events", params={"replay": "true"}) as events:
            lines = events.iter_lines()
            assert next(lines)
            began = time.monotonic()
            server.process.send_signal(number)
            for _ in lines:
                pass
        assert waiting.getresponse().status == 200
        waiting.close()
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 10


def test_work_is_handed_back_and_goes_on_at_the_next_start(tmp_path: Path) -> None:
    with running_server(tmp_path, flags={"server.shutdown_grace": 0.2}) as server, server.client() as api:
        task_id = submit(api, "probe.endless")
        events = api.stream("GET", f"/v1/tasks/{task_id}/events")
        with events as answer:
            for line in answer.iter_lines():
                if '"running"' in line:
                    break
    with running_server(tmp_path) as server, server.client() as api:
        with api.stream("GET", f"/v1/tasks/{task_id}/events") as answer:
            starts = 0
            for line in answer.iter_lines():
                starts += '"state":"running"' in line
                if starts == 2:
                    break
        task = api.get(f"/v1/tasks/{task_id}").json()
        assert (task["state"], task["attempt"], task["losses"]) == ("running", 2, 0)
        api.post(f"/v1/tasks/{task_id}:cancel")
        assert state_after(api, task_id) == "canceled"


def test_a_second_signal_ends_the_grace(tmp_path: Path) -> None:
    flags = {"server.shutdown_grace": 60, "worker.abort_grace": 1}
    with running_server(tmp_path, flags=flags) as server, server.client() as api:
        task_id = submit(api, "probe.endless")
        state_after(api, task_id, wait_seconds=1)
        with api.stream("GET", "/v1/events") as events:
            server.process.terminate()
            # The stream ends when the first signal has been seen to.
            assert list(events.iter_lines()) is not None
        server.process.terminate()
        assert server.process.wait(20) == 0


def test_several_workers_share_the_work(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=3) as server, server.client() as api:
        workers: list[dict[str, object]] = []
        deadline = time.monotonic() + 20
        while len(workers) < 3 and time.monotonic() < deadline:
            workers = api.get("/v1/workers").json()["items"]
        assert {worker["state"] for worker in workers} == {"online"}
        assert len({worker["pid"] for worker in workers}) == 3
        task_ids = [submit(api, "probe.echo", text=str(number)) for number in range(30)]
        waited = api.post("/v1/tasks:wait", json={"ids": task_ids, "timeout_seconds": 20}).json()
        assert waited["done"]


def test_a_worker_elsewhere_does_what_the_server_does_not_know(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0, apps=()) as server, server.client() as api:
        unknown = api.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": "hi"}})
        assert unknown.status_code == 422
        given = {
            "flags": {"server.data_dir": str(tmp_path), "server.shutdown_grace": 1},
            "apps": ["tests.probe_app"],
        }
        worker = subprocess.Popen([sys.executable, "-c", _WORKER, json.dumps(given)], cwd=ROOT)
        try:
            deadline = time.monotonic() + 20
            while "probe" not in api.get("/v1/modules").text and time.monotonic() < deadline:
                time.sleep(0.1)
            wrong = api.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": 1, "stile": "x"}})
            assert wrong.status_code == 422
            assert wrong.json()["errors"][0]["pointer"].startswith("#/args/")
            task_id = submit(api, "probe.echo", text="hi", style="loud")
            assert state_after(api, task_id) == "completed"
            assert api.get(f"/v1/tasks/{task_id}").json()["result"]["text"] == "HI"
            assert api.get("/v1/operations/probe.echo").json()["workers"] == 1
            resident_mib = _resident_bytes(worker.pid) / 2**20
            assert resident_mib <= 70
        finally:
            worker.terminate()
            assert worker.wait(20) == 0
        assert [each["state"] for each in api.get("/v1/workers").json()["items"]] == ["gone"]


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_what_it_was_started_with_is_the_default(tmp_path: Path) -> None:
    def ttl(api: httpx2.Client) -> tuple[str, str, str]:
        setting = api.get("/v1/settings/task_ttl").json()
        return setting["value"], setting["default"], setting["source"]

    with running_server(tmp_path, workers=0, flags={"retention.task_ttl": "1h"}) as server, server.client() as api:
        assert ttl(api) == ("3600", "3600", "default")
        api.put("/v1/settings/task_ttl", json={"value": "2h"})
    with running_server(tmp_path, workers=0, flags={"retention.task_ttl": "3h"}) as server, server.client() as api:
        assert ttl(api) == ("7200", "10800", "set")
        api.delete("/v1/settings/task_ttl")
        assert ttl(api) == ("10800", "10800", "default")
    with running_server(tmp_path, workers=0) as server, server.client() as api:
        assert ttl(api) == ("604800", "604800", "default")


def test_a_worker_knows_no_web_framework() -> None:
    program = "import sys, taskward.bootstrap.worker; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not {"litestar", "uvicorn", "prometheus_client", "typer"} & set(modules)
