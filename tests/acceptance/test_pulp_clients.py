"""Pulp's and Galaxy's own clients, as they are published, on a real server: nothing of them is changed."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.clients import environment, run
from tests.postgres import PostgresServer
from tests.serving import Server, running_server

pytestmark = pytest.mark.timeout(600)  # the first run installs the clients

USER, PASSWORD = "admin", "open sesame"
NOWHERE = "018a41d4-161c-7edf-bcaa-6246188c9a7f"

Json = dict[str, Any]


@dataclass(frozen=True)
class Hub:
    """A server with tasks in many states, and a home folder for its clients."""

    server: Server
    api: httpx2.Client
    home: Path
    group: str
    tasks: dict[str, Json]

    def href(self, name: str, root: str = "/pulp/") -> str:
        return f"{root}api/v3/tasks/{self.tasks[name]['id']}/"

    def submit(self, operation: str, *, wait: int | None = None, labels: Json | None = None, **args: Any) -> Json:
        headers = {"Correlation-ID": "c" * 32, **({} if wait is None else {"Prefer": f"wait={wait}"})}
        body = {"operation": operation, "args": args, "labels": labels or {}}
        answer = self.api.post("/v1/tasks", json=body, headers=headers)
        assert answer.status_code in (200, 202), answer.text
        task: Json = answer.json()
        return task

    def state(self, task: Json) -> str:
        state: str = self.api.get(f"/v1/tasks/{task['id']}").json()["state"]
        return state

    def pulp(self, *words: str, rc: int = 0, seconds: float = 60) -> Any:
        """What `pulp` prints."""
        done = run(environment("pulp-cli") / "pulp", *self._to_pulp(), *words, home=self.home, seconds=seconds)
        assert done.returncode == rc, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() and rc == 0 else done.stdout + done.stderr

    def pulp_many(self, *commands: list[str]) -> list[Any]:
        """What one process of `pulp` prints for each of several commands: starting it is most of its time."""
        words = json.dumps([[*self._to_pulp(), *command] for command in commands])
        done = run(environment("pulp-cli") / "python", "-c", _MANY, words, home=self.home)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _to_pulp(self) -> list[str]:
        return ["--base-url", self.server.url, "--username", USER, "--password", PASSWORD]

    def galaxykit(self, *words: str) -> list[str]:
        """The command line of galaxykit."""
        server = f"{self.server.url}/api/automation-hub/"
        return [str(environment("galaxykit") / "galaxykit"), "-s", server, "-u", USER, "-p", PASSWORD, *words]

    def galaxy(self, *words: str, rc: int = 0) -> str:
        """What galaxykit prints."""
        done = run(*self.galaxykit(*words), home=self.home)
        assert done.returncode == rc, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def names(self, *filters: list[str]) -> list[list[str]]:
        """The names of the tasks that `pulp task list` finds, oldest first, for each of several sets of options."""
        listing = ["task", "list", "--ordering", "pulp_created", "--field", "name"]
        lists = self.pulp_many(*([*listing, *options] for options in filters))
        return [[task["name"] for task in found] for found in lists]


_MANY = """
import json, sys
from click.testing import CliRunner
from pulp_cli import main
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    if done.exit_code:
        sys.exit(f"{words}: {done.output}")
    print(json.dumps(json.loads(done.stdout)))
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest) -> Callable[[], Json]:
    """Gives the settings of a server on an empty database, on either store."""

    def make() -> Json:
        if request.param == "sqlite":
            return {}
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        database = f"test_{uuid4().hex}"
        # Dropped with the whole server, at the end of all tests.
        postgres.create_database(database)
        return {"server.database": postgres.dsn(database)}

    return make


@contextmanager
def running_hub(folder: Path, flags: Json) -> Iterator[Hub]:
    with running_server(folder / "data", flags=flags, apps=("tests.hub_app",)) as server, server.client() as api:
        user = {"name": USER, "password": PASSWORD, "role": "admin"}
        assert api.post("/v1/users", json=user).status_code == 201
        home = folder / "home"
        home.mkdir()
        yield Hub(server, api, home, str(uuid4()), {})


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], Json]) -> Iterator[Hub]:
    """With a task in each of many states; tests leave it as it is."""
    with running_hub(tmp_path_factory.mktemp("hub"), new_database()) as hub:
        hub.tasks["synced"] = hub.submit("hub.sync", wait=10, repository="one", labels={"group": hub.group})
        hub.tasks["failed"] = hub.submit("hub.fail", wait=10)
        hub.tasks["family"] = hub.submit("hub.family", wait=10)
        hub.tasks["running"] = hub.submit("hub.endless", repository="two", labels={"group": hub.group})
        hub.tasks["waiting"] = hub.submit("hub.sync", repository="two")
        yield hub


@pytest.fixture
def own_hub(tmp_path: Path, new_database: Callable[[], Json]) -> Iterator[Hub]:
    """Empty, for a test that changes everything."""
    with running_hub(tmp_path, new_database()) as hub:
        yield hub


# ------------------------------------------------------------------ pulp-cli


def test_pulp_status(hub: Hub) -> None:
    status = hub.pulp("status")
    assert [version["component"] for version in status["versions"]] == ["core"]
    assert len(status["online_workers"]) == 1
    assert status["database_connection"] == {"connected": True}


def test_pulp_task_list_with_each_of_its_options(hub: Hub) -> None:
    [[worker]] = hub.pulp_many(["worker", "list"])
    expected: dict[str, list[str]] = {
        "--name-contains hub.": ["hub.sync", "hub.fail", "hub.family", "hub.sync", "hub.endless", "hub.sync"],
        "--name hub.fail": ["hub.fail"],
        f"--cid {'c' * 8} --name hub.family": ["hub.family"],
        "--state failed": ["hub.fail"],
        "--state-in failed --state-in running": ["hub.fail", "hub.endless"],
        f"--task-group {hub.group}": ["hub.sync", "hub.endless"],
        f"--parent-task {hub.tasks['family']['id']}": ["hub.sync"],
        "--created-resource /repositories/one/versions/1/": ["hub.sync"],
        "--limit 2 --offset 1 --name-contains hub.": ["hub.fail", "hub.family"],
        "--reserved-resource /repositories/two/": ["hub.endless", "hub.sync"],
        "--reserved-resource-in /repositories/two/ --reserved-resource-in /remotes/two/": ["hub.sync"],
        "--exclusive-resource /repositories/one/": ["hub.sync"],
        "--exclusive-resource-in /remotes/one/": [],
        "--shared-resource /remotes/one/": ["hub.sync"],
        "--shared-resource-in /remotes/one/ --shared-resource-in /repositories/one/": [],
        "--started-before 2020-01-01": [],
        "--started-after 2020-01-01 --state running": ["hub.endless"],
        "--finished-before 2020-01-01": [],
        "--finished-after 2020-01-01 --state failed": ["hub.fail"],
        f"--worker {worker['pulp_href']}": [],
    }
    found = hub.names(*(options.split() for options in expected))
    assert dict(zip(expected, found, strict=True)) == expected


def test_pulp_task_list_with_a_worker_there_is_not(hub: Hub) -> None:
    assert "Could not find worker" in hub.pulp("task", "list", "--worker", "nobody", rc=1)


def test_pulp_task_show(hub: Hub) -> None:
    task = hub.pulp("task", "show", "--href", hub.href("synced"))
    assert task["name"] == "hub.sync"
    assert task["state"] == "completed"
    assert task["result"] == {"added": 2}
    assert task["logging_cid"] == "c" * 32
    assert task["created_resources"] == ["/repositories/one/versions/1/"]
    assert task["reserved_resources_record"] == ["/repositories/one/", "shared:/remotes/one/"]
    assert [report["code"] for report in task["progress_reports"]] == ["hub.sync", "sync.parsing"]
    assert task == hub.pulp("task", "show", "--uuid", hub.tasks["synced"]["id"], "--wait")
    family = hub.pulp("task", "show", "--href", hub.href("family"))
    [child] = family["child_tasks"]
    assert hub.pulp("task", "show", "--href", child)["parent_task"] == hub.href("family")
    assert "No Task matches" in hub.pulp("task", "show", "--uuid", NOWHERE, rc=1)
    assert hub.pulp("task", "profile-artifact-urls", "--href", hub.href("synced")) == {}
    assert hub.pulp("task", "role", "list", "--href", hub.href("synced")) == {"roles": []}


def test_pulp_task_show_tells_the_error(hub: Hub) -> None:
    failed = hub.pulp("task", "show", "--href", hub.href("failed"))
    assert failed["error"]["description"] == "the remote is gone"
    assert "ValueError" in failed["error"]["traceback"]


def test_pulp_task_cancel_and_destroy(hub: Hub) -> None:
    one = hub.submit("hub.endless", repository="to cancel")
    assert "Done." in hub.pulp("task", "cancel", "--uuid", one["id"])
    assert hub.state(one) == "canceled"
    refusal = hub.pulp("task", "cancel", "--uuid", one["id"], rc=1)
    assert "is in state canceled and cannot be canceled" in refusal
    hub.pulp("task", "destroy", "--uuid", hub.tasks["running"]["id"], rc=1)
    assert hub.state(hub.tasks["running"]) == "running"
    hub.pulp("task", "destroy", "--uuid", one["id"])
    assert hub.api.get(f"/v1/tasks/{one['id']}").status_code == 410


def test_pulp_task_summary_and_cancel_all_and_purge(own_hub: Hub) -> None:
    tasks = [own_hub.submit("hub.endless", repository=repository) for repository in ("a", "b", "c", "c")]
    failed = own_hub.submit("hub.fail", wait=10)
    assert own_hub.pulp("task", "summary") == {
        "waiting": 1,
        "skipped": 0,
        "running": 3,
        "completed": 0,
        "failed": 1,
        "canceling": 0,
        "canceled": 0,
    }
    own_hub.pulp("task", "cancel", "--all")
    assert {own_hub.state(task) for task in tasks} == {"canceled"}
    own_hub.pulp("task", "purge", "--finished-before", "2999-01-01", "--state", "canceled")
    [purge, left] = own_hub.pulp("task", "list")
    assert purge["name"] == "pulpcore.app.tasks.purge.purge"
    assert purge["result"] == {"forgotten": 4}
    assert left["pulp_href"].endswith(f"{failed['id']}/")


def test_pulp_task_groups(hub: Hub) -> None:
    [group] = hub.pulp("task-group", "list")
    assert group["pulp_href"] == f"/pulp/api/v3/task-groups/{hub.group}/"
    assert (group["completed"], group["running"], group["waiting"]) == (1, 1, 0)
    shown = hub.pulp("task-group", "show", "--uuid", hub.group)
    assert [task["name"] for task in shown["tasks"]] == ["hub.endless", "hub.sync"]
    assert shown["group_progress_reports"] == [
        {"message": "Parsing", "code": "sync.parsing", "total": 2, "done": 2, "suffix": "files"}
    ]
    assert "No TaskGroup matches" in hub.pulp("task-group", "show", "--uuid", NOWHERE, rc=1)


def test_pulp_workers(hub: Hub) -> None:
    [worker] = hub.pulp("worker", "list", "--online", "--not-missing", "--name-contains", "-")
    assert hub.pulp("worker", "show", "--name", worker["name"])["name"] == worker["name"]
    assert hub.pulp("worker", "list", "--missing") == []


# ------------------------------------------------------------------ galaxykit


def test_galaxykit_task_list(hub: Hub) -> None:
    told = hub.galaxy("task", "list")
    assert "hub.fail pulp_href=/api/automation-hub/pulp/api/v3/tasks/" in told
    running = hub.galaxy("task", "list", "--only_running")
    assert "state=running" in running
    assert "hub.fail" not in running


def test_galaxykit_waits_for_a_task(hub: Hub) -> None:
    assert hub.galaxy("task", "wait", hub.tasks["synced"]["id"]) == ""
    assert hub.galaxy("task", "wait", hub.href("synced", "/api/automation-hub/pulp/")) == ""
    assert "the remote is gone" in hub.galaxy("task", "wait", hub.tasks["failed"]["id"], rc=1)
    assert "GalaxyClientError: 404" in hub.galaxy("task", "wait", NOWHERE, rc=1)


def test_galaxykit_waits_for_all(own_hub: Hub) -> None:
    assert own_hub.galaxy("task", "wait", "all") == ""
    task = own_hub.submit("hub.endless", repository="waited for")
    waiting = subprocess.Popen(own_hub.galaxykit("task", "wait", "all"), stderr=subprocess.PIPE, text=True)
    # It asks every ten seconds, so this is over when it asks again.
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(3)
    assert own_hub.api.post(f"/v1/tasks/{task['id']}:cancel").status_code in (200, 202)
    assert waiting.communicate(timeout=30)[1] == ""
    assert waiting.returncode == 0


# ------------------------------------------------------------------ pulpcore-client

_GENERATED = """
import sys
from pulpcore.client import pulpcore
url, user, password, running, synced = sys.argv[1:]
with pulpcore.ApiClient(pulpcore.Configuration(host=url, username=user, password=password)) as client:
    tasks, workers, groups = pulpcore.TasksApi(client), pulpcore.WorkersApi(client), pulpcore.TaskGroupsApi(client)
    page = tasks.list(state__in=["failed", "completed"], name__contains="hub.", ordering=["pulp_created"], limit=2)
    assert [task.name for task in page.results] == ["hub.sync", "hub.fail"], page
    assert page.count >= 4 and page.next and not page.previous
    task = tasks.read(synced)
    assert task.state == "completed" and task.result == {"added": 2}, task
    assert task.progress_reports[1].code == "sync.parsing" and task.worker is None
    assert task.created_resources == ["/repositories/one/versions/1/"], task
    assert tasks.list(q="NOT state=completed AND name=hub.fail").count == 1
    [worker] = workers.list(online=True).results
    assert workers.read(worker.pulp_href).name == worker.name
    assert worker.current_task is not None
    [group] = groups.list().results
    assert groups.read(group.pulp_href).completed == 1
    assert tasks.profile_artifacts(synced).urls == {}
    assert pulpcore.StatusApi(client).status_read().versions[0].component == "core"
    assert pulpcore.TaskSchedulesApi(client).list().count == 0
    try:
        tasks.read(synced.replace(synced.split("/")[-2], "018a41d4-161c-7edf-bcaa-6246188c9a7f"))
    except pulpcore.ApiException as error:
        assert error.status == 404, error
    canceled = tasks.tasks_cancel(running, pulpcore.PatchedTaskCancel(state="canceled"))
    assert canceled.state in ("canceling", "canceled"), canceled
    try:
        tasks.tasks_cancel(synced, pulpcore.PatchedTaskCancel(state="canceled"))
    except pulpcore.ApiException as error:
        assert error.status == 409, error
    else:
        raise AssertionError("what has completed cannot be canceled")
    purged = tasks.purge(pulpcore.Purge(states=["skipped"]))
    assert tasks.read(purged.task).name == "pulpcore.app.tasks.purge.purge"
    print("done")
"""


def test_pulps_generated_client(hub: Hub) -> None:
    own = hub.submit("hub.endless", repository="generated")
    done = run(
        *(environment("pulpcore-client") / "python", "-c", _GENERATED),
        *(hub.server.url, USER, PASSWORD, f"/pulp/api/v3/tasks/{own['id']}/", hub.href("synced")),
        home=hub.home,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    # What other tests look at is as it was.
    ended = hub.api.get(f"/v1/tasks/{own['id']}", headers={"Prefer": "wait=10"}).json()
    assert ended["state"] == "canceled"
    assert hub.api.delete(f"/v1/tasks/{own['id']}").status_code == 204
