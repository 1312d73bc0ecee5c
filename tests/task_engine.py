"""The Task Engine's API as its clients use it, over a real server."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.postgres import PostgresServer
from tests.serving import Server, running_server

Json = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@contextmanager
def job_server(
    request: pytest.FixtureRequest,
    database: str,
    data_dir: Path,
    *,
    workers: int = 1,
    flags: Mapping[str, Any] | None = None,
) -> Iterator[Server]:
    """A server with the workflows of `tests.job_operations`, on a database of its own; loopback may be called."""
    given: Json = {"outbound.allow_private": True, **(flags or {})}
    apps = ("tests.job_operations",)
    if database == "sqlite":
        with running_server(data_dir, workers=workers, flags=given, apps=apps) as server:
            yield server
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex}"
    postgres.create_database(name)
    given["server.database"] = postgres.dsn(name)
    with running_server(data_dir, workers=workers, flags=given, apps=apps) as server:
        yield server
    postgres.drop_database(name)


class JobApi:
    """One client of the API."""

    def __init__(self, server: Server, client: str) -> None:
        self.client = client
        self.house = server.client()
        made = self.house.post("/v1/clients", json={"name": client})
        assert made.status_code == 201, made.text
        self.key: str = made.json()["secret"]
        self.http = httpx2.Client(
            base_url=server.url, headers={"client": client, "api-key": self.key}, timeout=30, trust_env=False
        )

    def close(self) -> None:
        self.house.close()
        self.http.close()

    def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """The answer's JSON; fails on another status."""
        answer = self.http.request(method, path, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def submit(self, workflow: str = "jobs.quick", parameters: Json | None = None, **job: Any) -> int:
        """Submits a job; its id."""
        body = {"client": self.client, "job": {"workflow": workflow, **job}, "parameters": parameters or {}}
        made: int = self.ask("POST", "/job", json=body)["id"]
        return made

    def job(self, job_id: int) -> Json:
        found: Json = self.ask("GET", f"/jobs/{job_id}")
        return found

    def put(self, job_id: int, status: int = 200, **body: Any) -> Json:
        answer: Json = self.ask("PUT", f"/jobs/{job_id}", status, json=body)
        return answer

    def set(self, name: str, setting: Any, status: int = 200) -> Json:
        answer: Json = self.ask("POST", "/settings", status, json={"name": name, "setting": setting})
        return answer

    def ids(self, **params: Any) -> list[int]:
        return [job["id"] for job in self.ask("GET", "/jobs", params=params)]

    def logs(self, job_id: int, **params: Any) -> list[Json]:
        lines: list[Json] = self.ask("GET", f"/logs/{job_id}", params=params)
        return lines

    def logs_until(self, job_id: int, are_enough: Callable[[list[Json]], bool]) -> list[Json]:
        """The lines as soon as they are enough: some are written after the job has ended."""
        pause = threading.Event()
        lines = self.logs(job_id)
        for _ in range(400):
            if are_enough(lines := self.logs(job_id)):
                return lines
            pause.wait(0.05)
        raise AssertionError(f"the log of {job_id} has only {lines}")

    def until(self, job_id: int, *states: str) -> Json:
        """The job as soon as it is in one of these states."""
        job = self.job(job_id)
        for _ in range(20):
            version = self.house.get(f"/v1/tasks/{job_id}").json()["version"]
            job = self.job(job_id)
            if job["queue_state"] in states:
                return job
            headers = {"Prefer": "wait=1", "If-None-Match": f'"{version}"'}
            self.house.get(f"/v1/tasks/{job_id}", headers=headers)
        raise AssertionError(f"{job_id} is {job['queue_state']}, not {states}")


class Exchange:
    """One request and its answer, as the fixture file has them.

    A line `> {...}` after the request is its body. `{*}` in the answer stands for anything, `{time}` for an instant.
    """

    def __init__(self, block: str) -> None:
        self.request, *rest = block.splitlines()
        sent = [line[2:] for line in rest if line.startswith("> ")]
        self.sent = json.loads(sent[0]) if sent else None
        told = [line for line in rest if not line.startswith("> ")]
        self.status, self.body = told[0], "".join(told[1:])

    def play(self, http: httpx2.Client) -> None:
        """Fails where the answer is not, byte for byte, what the file says."""
        method, target = self.request.split(" ", 1)
        answer = http.request(method, target, json=self.sent) if self.sent is not None else http.request(method, target)
        assert answer.headers["content-type"] == "application/json", self.request
        assert str(answer.status_code) == self.status, f"{self.request}: {answer.text}"
        pattern = re.escape(self.body).replace(re.escape("{*}"), ".*")
        told = _TIME.sub(lambda time: "{time}" if time[0] < "2029" else time[0], answer.text)
        assert re.fullmatch(pattern, told), f"{self.request}\n  is   {told}\n  not  {self.body}"


def exchanges(path: Path) -> list[Exchange]:
    """Those of a file, in their order; lines that begin with # are remarks."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
    return [Exchange(block) for block in re.split(r"\n{2,}", text.strip())]
