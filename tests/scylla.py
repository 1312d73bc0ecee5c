"""Servers that speak ScyllaDB's task manager API, and short words for what a client does to one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.postgres import PostgresServer
from tests.serving import Server, running_server

Json = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_EPOCH = "1970-01-01T00:00:00Z"


@contextmanager
def scylla_server(
    request: pytest.FixtureRequest, database: str, data_dir: Path, edition: str, *, workers: int = 1, **flags: Any
) -> Iterator[Server]:
    """With the test API and workers that know `tests.scylla_operations`, on `sqlite` or `postgres`."""
    settings = {"scylla.edition": edition, "scylla.test_api": True} | {
        name.replace("__", "."): value for name, value in flags.items()
    }
    apps = ("tests.scylla_operations",)
    if database == "sqlite":
        with running_server(data_dir, workers=workers, flags=settings, apps=apps) as server:
            yield server
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex}"
    postgres.create_database(name)
    settings["server.database"] = postgres.dsn(name)
    with running_server(data_dir, workers=workers, flags=settings, apps=apps) as server:
        yield server
    postgres.drop_database(name)


class Manager:
    """A client of the task manager that shows no credential, as ScyllaDB's clients do."""

    def __init__(self, url: str, **headers: str) -> None:
        self.http = httpx2.Client(
            base_url=url,
            headers=headers,
            timeout=60,
            trust_env=False,
            # Nobody closes it.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        """The answer's JSON; fails on another status."""
        answer = self.http.get(f"/task_manager/{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, **params: Any) -> Any:
        """The answer's JSON, None for an empty body; fails on another status."""
        answer = self.http.post(f"/task_manager/{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def begin(self) -> None:
        """Registers the test module anew."""
        assert self.http.post("/task_manager_test/test_module").status_code == 200

    def make(self, **params: Any) -> str:
        """A test task; its id."""
        answer = self.http.post("/task_manager_test/test_task", params=params)
        assert answer.status_code == 200, answer.text
        made: str = answer.json()
        return made

    def finish(self, task_id: str, error: str | None = None) -> None:
        """Ends a test task."""
        params = {} if error is None else {"error": error}
        answer = self.http.post(f"/task_manager_test/finish_test_task/{task_id}", params=params)
        assert (answer.status_code, answer.content) == (200, b""), answer.text

    def listed(self, module: str = "test", **params: Any) -> list[str]:
        """The ids in a module's list."""
        return [task["task_id"] for task in self.get(f"list_module_tasks/{module}", **params)]

    def tree(self, task_id: str) -> list[Json]:
        """The recursive status."""
        tree: list[Json] = self.get(f"task_status_recursive/{task_id}")
        return tree


class Exchange:
    """One request and its answer, as a fixture file has them.

    `{name}` stands for an id that is learned where it comes first, `{time}` for an instant, `{*}` for anything.
    """

    def __init__(self, block: str) -> None:
        self.request, head, *body = block.splitlines()
        self.method, self.target = self.request.split(" ", 1)
        self.status, self.media = head.split(" ")
        self.body = "".join(body)

    def play(self, http: httpx2.Client, known: dict[str, str]) -> None:
        """Fails where the answer is not, byte for byte, what the file says."""
        answer = http.request(self.method, _filled(self.target, known))
        assert (str(answer.status_code), answer.headers["content-type"]) == (self.status, self.media), self.request
        pattern = _pattern(self.body, known)
        match = re.fullmatch(pattern, _TIME.sub(lambda time: time[0] if time[0] == _EPOCH else "{time}", answer.text))
        assert match, f"{self.request}\n  is   {answer.text}\n  not  {_filled(self.body, known)}"
        known.update(match.groupdict())


def exchanges(path: Path) -> list[Exchange]:
    """Those of a file, in their order; lines that begin with # are remarks."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
    return [Exchange(block) for block in re.split(r"\n{2,}", text.strip())]


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def _pattern(text: str, known: dict[str, str]) -> str:
    pattern = re.escape(_filled(text, known))
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name == "time":
            return match[0]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>[0-9a-f-]{{36}})"

    return re.sub(r"\\\{(\w+)\\\}", group, pattern).replace(re.escape("{*}"), ".*")
