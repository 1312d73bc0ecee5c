"""Our side of the comparison with pulpcore: a server and workers in processes of their own, spoken to over HTTP."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

from tests.serving import Server, running_server

USER, PASSWORD = "admin", "password"
_BATCH = 500
_FINAL = ("completed", "failed", "canceled", "skipped")


class House:
    """A running installation: its API, and workers that come and go."""

    def __init__(self, server: Server, api: httpx2.Client, flags: dict[str, str]) -> None:
        self._api = api
        self._flags = flags
        self._data_dir = server.data_dir
        self.url = server.url
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self, *options: str) -> "subprocess.Popen[bytes]":
        """One more worker, online."""
        before = self._online()
        command = [str(Path(sys.executable).with_name("taskward")), "worker", "--app", "bench.pulp_app"]
        database = self._flags.get("server.database")
        command += ["--data-dir", str(self._data_dir), *(["--database", database] if database else []), *options]
        worker = subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.DEVNULL)
        self.workers.append(worker)
        while self._online() <= before:
            time.sleep(0.02)
        return worker

    def _online(self) -> int:
        return len(self._api.get("/pulp/api/v3/status/").json()["online_workers"])

    def submit(self, operation: str, count: int = 1) -> list[str]:
        """Accepted tasks; many go in bodies of 500."""
        ids: list[str] = []
        for start in range(0, count, _BATCH):
            tasks = [{"operation": f"bench.{operation}"}] * min(_BATCH, count - start)
            answer = self._api.post("/v1/tasks", json={"tasks": tasks})
            answer.raise_for_status()
            ids += [task["id"] for task in answer.json()["items"]]
        return ids

    def ended(self, task_id: str, seconds: int = 300) -> dict[str, Any]:
        """The task when it has ended."""
        task: dict[str, Any] = self._api.get(f"/v1/tasks/{task_id}", headers={"Prefer": f"wait={seconds}"}).json()
        if task["state"] not in _FINAL:
            raise RuntimeError(f"has not ended: {task}")
        return task

    def cancel(self, task_id: str) -> None:
        """Asks it to stop."""
        self._api.post(f"/v1/tasks/{task_id}:cancel").raise_for_status()

    def running(self, task_id: str) -> None:
        """Returns when it runs."""
        while self._api.get(f"/v1/tasks/{task_id}").json()["state"] != "running":
            time.sleep(0.005)

    # ------------------------------------------------------------------ the questions

    def noops(self, count: int) -> list[dict[str, float]]:
        """One after the other."""
        return [_times(self.ended(self.submit("noop")[0])) for _ in range(count)]

    def fill(self, count: int) -> None:
        """Finished tasks with two progress reports each."""
        self.submit("told", count)
        self._last_of("bench.told")

    def burst(self, count: int) -> dict[str, float]:
        """All at once; the rate from the first creation to the last end."""
        began = time.monotonic()
        ids = self.submit("noop", count)
        submitted = time.monotonic() - began
        last = self._last_of("bench.noop")
        first = _instant(self._api.get(f"/v1/tasks/{ids[0]}").json()["created_at"])
        return {
            "dispatched_per_second": count / submitted,
            "completed_per_second": count / (last - first).total_seconds(),
        }

    def _last_of(self, operation: str) -> datetime:
        """When the last task of an operation ended, once all have."""
        body = {"operation": operation, "timeout_seconds": 300}
        answer = self._api.post("/v1/tasks:wait", json=body)
        answer.raise_for_status()
        if not answer.json()["done"]:
            raise RuntimeError(f"not every {operation} has ended")
        newest: dict[str, str | int] = {"operation": operation, "sort": "-finished", "limit": 1}
        return _instant(self._api.get("/v1/tasks", params=newest).json()["items"][0]["finished_at"])

    def lock(self, count: int, probes: int) -> dict[str, Any]:
        """Many behind one lock: how fast an unrelated task is, and how fast they run once the lock is free."""
        [holder] = self.submit("holder")
        self.running(holder)
        began = time.monotonic()
        self.submit("locked", count)
        submitted = time.monotonic() - began
        unrelated = self.noops(probes)
        self.cancel(holder)
        freed = _instant(self.ended(holder)["finished_at"])
        drained = (self._last_of("bench.locked") - freed).total_seconds()
        return {
            "dispatched_per_second": count / submitted,
            "unrelated": unrelated,
            "drained_per_second": count / drained,
        }

    def cancel_waiting(self) -> float:
        """Milliseconds until a waiting task is canceled that every worker is too busy to start."""
        [task] = self.submit("noop")
        began = time.monotonic()
        self.cancel(task)
        self.ended(task)
        return (time.monotonic() - began) * 1000

    def lost(self) -> float:
        """Seconds until a task whose worker was killed is not running any more."""
        [task] = self.submit("endless")
        self.running(task)
        for worker in self.workers:
            worker.kill()
            worker.wait()
        began = time.monotonic()
        self.workers.clear()
        self.start_worker()
        ended = self.ended(task)
        if ended["error"]["code"] != "worker-lost":
            raise RuntimeError(f"ended otherwise: {ended}")
        return time.monotonic() - began


@contextmanager
def running_house(data_dir: Path, database: str | None = None) -> Iterator[House]:
    """Without a worker yet; `database` None is an embedded one."""
    flags = {} if database is None else {"server.database": database}
    server_of = running_server(data_dir, workers=0, flags=flags, apps=("bench.pulp_app",))
    with server_of as server, server.client() as api:
        api.timeout = httpx2.Timeout(400)
        user = {"name": USER, "password": PASSWORD, "role": "admin"}
        api.post("/v1/users", json=user).raise_for_status()
        house = House(server, api, flags)
        try:
            yield house
        finally:
            for worker in house.workers:
                worker.terminate()
            for worker in house.workers:
                worker.wait(30)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _times(task: dict[str, Any]) -> dict[str, float]:
    made = _instant(task["created_at"])
    started, finished = _instant(task["started_at"]), _instant(task["finished_at"])
    return {
        "started_ms": (started - made).total_seconds() * 1000,
        "finished_ms": (finished - made).total_seconds() * 1000,
    }
