"""ScyllaDB's own client, as it is published, on a real server: it learns from `/api-doc` what it may ask for."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.clients import environment, run
from tests.scylla import Manager, scylla_server

pytestmark = pytest.mark.timeout(600)  # the first run installs the client

Ask = Callable[..., Any]


@pytest.fixture(scope="module", params=["sqlite-2024", "postgres-2026"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """An edition, and where a server speaks it."""
    database, edition = request.param.split("-")
    with scylla_server(request, database, tmp_path_factory.mktemp("s"), edition, workers=0) as server:
        yield edition, server.url


@pytest.fixture
def ask(place: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """What `scylla-api-client` prints; JSON where it is."""
    address = urlsplit(place[1])
    client = environment("scylla-api-client") / "scylla-api-client"

    def ask(*words: str) -> Any:
        options = ("-a", str(address.hostname), "-p", str(address.port))
        done = run(client, *options, *words, home=tmp_path_factory.getbasetemp())
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        told = done.stdout.strip()
        return json.loads(told) if told[:1] in tuple('[{"0123456789') and "'" not in told else told

    return ask


def test_it_finds_what_is_served(ask: Ask, place: tuple[str, str]) -> None:
    commands = ask("--list-module-commands", "task_manager")
    assert "task_manager wait_task/{task_id}:" in commands
    assert ("task_manager drain/{module}:" in commands) is (place[0] == "2026")
    assert "task_manager_test finish_test_task/{task_id}:" in ask("--list-module-commands", "task_manager_test")


def test_it_follows_a_task_to_its_end(ask: Ask, place: tuple[str, str]) -> None:
    manager = Manager(place[1])
    ask("task_manager_test", "test_module", "POST")
    root = ask("task_manager_test", "test_task", "POST", "--keyspace", "ks")
    part = manager.make(parent_id=root)
    [listed] = ask("task_manager", "list_module_tasks/{module}", "--module", "test", "--keyspace", "ks")
    assert (listed["task_id"], listed["state"]) == (root, "running")
    assert ask("task_manager", "wait_task/{task_id}", "--task_id", root, "--timeout", "1") == str(
        {"message": "timedout", "code": 408}
    )
    manager.finish(part, "disk full")
    ask("task_manager_test", "finish_test_task/{task_id}", "--task_id", root)
    assert ask("task_manager", "wait_task/{task_id}", "--task_id", root)["state"] == "done"
    [first, second] = ask("task_manager", "task_status_recursive/{task_id}", "--task_id", root)
    assert (first["id"], second["error"]) == (root, "std::runtime_error (disk full)")
    before = ask("task_manager", "ttl", "POST", "--ttl", "60")
    assert ask("task_manager", "ttl", "POST", "--ttl", str(before)) == 60
    ask("task_manager_test", "test_module", "DELETE")
