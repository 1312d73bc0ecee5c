"""Tasks made by hand, and tests that wait for background work instead of sleeping."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from taskward.client import AsyncClient
from taskward.client.pulp import PulpTasks
from taskward.wire import Submit
from tests.serving import Server, running_server

pytestmark = pytest.mark.timeout(120)

USER, PASSWORD = "admin", "open sesame"
COLLECTION = "/api/automation-hub/v3/plugin/ansible/content/published/collections/index/ns1/test3/"


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example's collections are."""
    return tmp_path_factory.mktemp("collections")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, collections: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_COLLECTIONS", str(collections))
        apps = ("tests.hub_app", "examples.collections_hub")
        with running_server(tmp_path_factory.mktemp("server"), apps=apps) as server:
            yield server


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as api:
        user = {"name": USER, "password": PASSWORD, "role": "admin"}
        assert api.post("/v1/users", json=user).status_code == 201
        yield api


@pytest.fixture(scope="module")
def pulp(server: Server, api: httpx2.Client) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, auth=(USER, PASSWORD), timeout=30, trust_env=False) as client:
        yield client


def taskward(server: Server, *words: str) -> "subprocess.CompletedProcess[str]":
    """The command line, as a person at the server would use it."""
    return subprocess.run(
        [Path(sys.executable).with_name("taskward"), *words],
        env={**os.environ, "TASKWARD_SERVER": server.url, "TASKWARD_TOKEN": server.token},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def by_hand(server: Server, name: str = "iamrunning") -> dict[str, Any]:
    """A task that runs until it is stopped."""
    made = taskward(server, "task", "create", "--state", "running", "--name", name, "--json")
    assert made.returncode == 0, made.stderr
    task: dict[str, Any] = json.loads(made.stdout)
    return task


# ------------------------------------------------------------------ tasks made by hand


def test_a_running_task_made_by_hand_is_stopped_from_the_command_line(server: Server, api: httpx2.Client) -> None:
    task = by_hand(server)
    assert (task["name"], task["state"]) == ("iamrunning", "running")
    assert taskward(server, "task", "cancel", str(task["number"])).returncode == 0
    assert api.get(f"/v1/tasks/{task['id']}").json()["state"] == "canceled"


def test_a_running_task_made_over_the_api_is_stopped_over_pulps(api: httpx2.Client, pulp: httpx2.Client) -> None:
    body = {"operation": "external.work", "name": "iamrunning", "state": "running"}
    task = api.post("/v1/tasks", json=body).json()
    href = f"/pulp/api/v3/tasks/{task['id']}/"
    shown = pulp.get(href).json()
    assert (shown["name"], shown["state"]) == ("iamrunning", "running")
    assert pulp.delete(href).status_code == 409
    canceled = pulp.patch(href, json={"state": "canceled"})
    assert (canceled.status_code, canceled.json()["state"]) == (200, "canceled")
    again = pulp.patch(href, json={"state": "canceled"})
    assert (again.status_code, again.json()) == (200, canceled.json())


def test_a_task_that_must_not_be_stopped_is_not(server: Server, pulp: httpx2.Client) -> None:
    made = taskward(server, "task", "create", "--name", "careful", "--not-abortable", "--json")
    task = json.loads(made.stdout)
    refused = pulp.patch(f"/pulp/api/v3/tasks/{task['id']}/", json={"state": "canceled"})
    assert (refused.status_code, refused.json()["state"]) == (409, "running")
    assert taskward(server, "task", "finish", str(task["number"])).returncode == 0


# ------------------------------------------------------------------ waiting for all


def test_wait_all_tells_how_it_went_by_its_exit_code(server: Server, api: httpx2.Client) -> None:
    assert taskward(server, "task", "wait", "all").returncode == 0
    task = by_hand(server)
    assert taskward(server, "task", "wait", "all", "--timeout", "1s").returncode == 124
    assert taskward(server, "task", "wait", "all", "--operation", "hub.sync").returncode == 0
    for state, expected in (("completed", 0), ("failed", 123)):
        task = by_hand(server) if api.get(f"/v1/tasks/{task['id']}").json()["state"] != "running" else task
        waiting = subprocess.Popen(
            [Path(sys.executable).with_name("taskward"), "task", "wait", "all"],
            env={**os.environ, "TASKWARD_SERVER": server.url, "TASKWARD_TOKEN": server.token},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert waiting.stderr is not None
        # Its first line says what it waits for.
        assert "iamrunning" in waiting.stderr.readline()
        assert waiting.poll() is None
        assert api.post(f"/v1/tasks/{task['id']}:finish", json={"state": state}).status_code == 200
        waiting.communicate(timeout=20)
        assert waiting.returncode == expected


_TEST_FILE = """
from taskward.model.states import State

pytest_plugins = ["taskward.pytest_plugin"]

def test_settles(taskward_client, settle):
    task = taskward_client.submit("hub.sync", repository="settled")
    assert [ended.id for ended in settle()] == [task.id]
    assert settle() == []

def test_fails_for_what_failed(taskward_client, settle):
    taskward_client.submit("hub.fail")
    settle()

def test_may_allow_failures(taskward_client, settle):
    taskward_client.submit("hub.fail")
    [failed] = settle(allow_failures=True)
    assert failed.state is State.FAILED

def test_looks_at_what_it_is_told_only(taskward_client, settle):
    taskward_client.submit("hub.fail", labels={"own": "no"})
    task = taskward_client.submit("hub.sync", repository="labeled", labels={"own": "yes"})
    assert [ended.id for ended in settle(labels={"own": "yes"})] == [task.id]
"""


def test_a_fixture_lets_background_work_settle(server: Server, tmp_path: Path) -> None:
    (tmp_path / "test_settling.py").write_text(_TEST_FILE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(tmp_path)],
        env={**os.environ, "TASKWARD_SERVER": server.url, "TASKWARD_TOKEN": server.token},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "1 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert "hub.fail failed: ValueError: the remote is gone" in done.stdout


# ------------------------------------------------------------------ an application's own endpoint


@pytest.fixture
async def hub(server: Server, collections: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example's own API."""
    monkeypatch.setenv("TASKWARD_SERVER", server.url)
    monkeypatch.setenv("TASKWARD_TOKEN", server.token)
    from examples import collections_hub

    monkeypatch.setattr(collections_hub, "COLLECTIONS", collections)
    # Each type checker's idea of an ASGI application is another.
    return collections_hub.app


async def test_deleting_a_collection_answers_with_a_task_that_the_hub_shows(
    hub: Any, pulp: httpx2.Client, collections: Path
) -> None:
    folder = collections / "ns1" / "test3"
    folder.mkdir(parents=True)
    for name in ("one", "two", "three"):
        (folder / name).touch()
    cid = uuid4().hex
    async with (
        hub.lifespan(),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=hub), base_url="http://hub") as client,
    ):
        assert (await client.get(COLLECTION)).status_code == 200
        accepted = await client.delete(COLLECTION, headers={"Correlation-ID": cid})
        assert accepted.status_code == 202
        assert accepted.headers["correlation-id"] == cid
        href = accepted.json()["task"]
        assert accepted.json() == {"task": href}
        task_id = href.rstrip("/").rpartition("/")[2]
        task = pulp.get(f"/v1/tasks/{task_id}", headers={"Prefer": "wait=20"}).json()
        assert task["state"] == "completed", task
        assert (await client.get(COLLECTION)).status_code == 404
        assert (await client.delete(COLLECTION)).status_code == 404
    shown = pulp.get(href).json()
    assert shown["name"] == "collections.delete_collection"
    assert shown["logging_cid"] == cid
    assert shown["result"] == {"files": 3}
    assert shown["reserved_resources_record"] == ["/collections/ns1/test3/"]
    hubs = pulp.get(f"/api/automation-hub/v3/tasks/{task_id}/").json()
    assert hubs["pulp_id"] == task_id
    assert hubs["state"] == "completed"
    assert hubs["worker"]["missing"] is False
    assert hubs["progress_reports"][0]["done"] == 3


async def test_a_group_of_tasks_is_answered_with_its_link(server: Server, pulp: httpx2.Client) -> None:
    async with AsyncClient(server.url, server.token) as client:
        tasks = PulpTasks(client)
        members = [Submit(operation="hub.sync", args={"repository": f"group-{number}"}) for number in range(3)]
        accepted = await tasks.dispatch_group("Three at once", members)
        assert accepted.body == {"task_group": accepted.href}
        await client.wait_many([task.id for task in accepted.tasks])
        assert await client.created(accepted.tasks[0].id) == ["/repositories/group-0/versions/1/"]
    group = pulp.get(accepted.href).json()
    assert group["description"] == "Three at once"
    assert (group["completed"], len(group["tasks"])) == (3, 3)
    assert {task.correlation_id for task in accepted.tasks} == {accepted.correlation_id}
    assert accepted.headers == {"Location": accepted.href, "Correlation-ID": accepted.correlation_id}


async def test_a_task_locks_what_its_submitter_names(server: Server, pulp: httpx2.Client) -> None:
    async with AsyncClient(server.url, server.token) as client:
        tasks = PulpTasks(client, root="/api/galaxy/pulp/")
        group = uuid4()
        accepted = await tasks.dispatch(
            "hub.fail", exclusive=["/x/"], shared=["/y/"], group=group, name="named", cid="no guid", priority=2
        )
        task = await client.wait(accepted.tasks[0].id)
    assert task.priority == 2
    shown = pulp.get(accepted.href).json()
    assert accepted.href.startswith("/api/galaxy/pulp/api/v3/tasks/")
    assert shown["name"] == "named"
    assert shown["reserved_resources_record"] == ["/x/", "shared:/y/"]
    assert shown["task_group"] == f"/api/galaxy/pulp/api/v3/task-groups/{group}/"
    assert len(shown["logging_cid"]) == 32
