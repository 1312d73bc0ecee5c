"""ScyllaDB's task manager API over real operations, a real worker, real waits."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.scylla import Json, Manager, scylla_server
from tests.serving import Server

ABORTED = "abort requested"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with scylla_server(request, request.param, tmp_path_factory.mktemp("server"), "2026", workers=2) as server:
        yield server


@pytest.fixture(scope="module")
def native(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def manager(server: Server) -> Iterator[Manager]:
    manager = Manager(server.url)
    manager.begin()
    manager.post("ttl", ttl=604_800)
    yield manager
    manager.http.delete("/task_manager_test/test_module")


def submit(native: httpx2.Client, operation: str, wait: int = 0, **body: Any) -> Json:
    headers = {"Prefer": f"wait={wait}"} if wait else {}
    answer = native.post("/v1/tasks", json={"operation": operation, **body}, headers=headers)
    assert answer.status_code in (200, 201, 202), answer.text
    task: Json = answer.json()
    assert not wait or task["state"] in {"completed", "failed"}, task
    return task


def running(native: httpx2.Client, operation: str, **body: Any) -> str:
    """A task that a worker has begun."""
    task = submit(native, operation, **body)
    for _ in range(20):
        if task["state"] == "running":
            break
        headers = {"Prefer": "wait=10", "If-None-Match": f'"{task["version"]}"'}
        answer = native.get(f"/v1/tasks/{task['id']}", headers=headers)
        task = answer.json() if answer.status_code == 200 else task
    assert task["state"] == "running"
    task_id: str = task["id"]
    return task_id


def part(manager: Manager, root: str, name: str) -> Json:
    """The part of a task that has this type, once it is there."""
    for _ in range(500):
        for status in manager.tree(root):
            if status["type"] == name:
                return status
    raise AssertionError(f"{root} has no {name}")


# ------------------------------------------------------------------ what operations look like


def test_an_operation_is_a_tree_of_types_scopes_and_progress(native: httpx2.Client, manager: Manager) -> None:
    labels = {"keyspace": "ks", "entity": "nightly"}
    task = submit(native, "compaction.major", wait=20, labels=labels)
    root, *tables = manager.tree(task["id"])
    assert (root["type"], root["scope"], root["keyspace"], root["entity"]) == (
        "major compaction", "keyspace", "ks", "nightly",
    )  # fmt: skip
    assert (root["state"], root["is_abortable"], root["parent_id"]) == ("done", True, "none")
    assert (root["progress_completed"], root["progress_total"]) == (200, 200)
    assert [(one["scope"], one["table"], one["progress_completed"]) for one in tables] == [
        ("table", "t0", 100), ("table", "t1", 100),
    ]  # fmt: skip
    assert [child["task_id"] for child in root["children_ids"]] == [one["id"] for one in tables]
    assert {one["sequence_number"] for one in tables} == {root["sequence_number"]}


def test_a_task_that_counts_itself_is_not_what_its_steps_add_up_to(
    native: httpx2.Client, manager: Manager, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    task = running(native, "compaction.counting", args={"path": str(go)})
    step = part(manager, task, "part")
    assert (step["progress_completed"], step["progress_total"], step["progress_units"]) == (86, 100, "bytes")
    root = manager.tree(task)[0]
    assert (root["progress_completed"], root["progress_total"], root["progress_units"]) == (0, 3, "things")
    assert native.get(f"/v1/tasks/{task}").json()["progress"].get("done", 0) == 0
    go.touch()
    ended = manager.get(f"wait_task/{task}")
    assert (ended["state"], ended["progress_completed"], ended["progress_total"]) == ("done", 3, 3)


def test_a_failure_deep_below_is_on_an_unbroken_path(native: httpx2.Client, manager: Manager) -> None:
    task = submit(native, "compaction.major", wait=20, args={"fail": "t1/1"})
    root, *below = manager.tree(task["id"])
    assert (root["state"], root["error"]) == ("failed", "ValueError (disk full)")
    assert [(one["scope"], one["entity"], one["state"]) for one in below] == [
        ("table", "t0", "done"), ("table", "t1", "failed"), ("shard", "", "failed"),
    ]  # fmt: skip
    assert below[2]["type"] == "shard 1"
    assert below[2]["parent_id"] == below[1]["id"]
    counted = manager.get(f"task_status/{task['id']}", counts=True)
    assert counted["dropped"] == {"completed": 3}


def test_lists_are_by_module_keyspace_and_table(native: httpx2.Client, manager: Manager) -> None:
    mine = submit(native, "compaction.major", wait=20, labels={"keyspace": "only", "table": "one"})["id"]
    other = submit(native, "compaction.major", wait=20, labels={"keyspace": "only", "table": "two"})["id"]
    assert manager.listed("compaction", keyspace="only") == [mine, other]
    assert manager.listed("compaction", keyspace="only", table="one") == [mine]
    assert mine not in manager.listed("repair")


def test_work_tracked_from_outside_has_a_module_too(native: httpx2.Client, manager: Manager) -> None:
    task = submit(native, "archive.nightly", state="running", labels={"keyspace": "ks"}, abortable=False)
    assert "archive" in manager.get("list_modules")
    [listed] = manager.get("list_module_tasks/archive")
    assert (listed["task_id"], listed["type"], listed["state"]) == (task["id"], "nightly", "running")
    manager.post(f"abort_task/{task['id']}", status=403)
    native.post(f"/v1/tasks/{task['id']}:finish", json={"state": "completed"})
    assert manager.get(f"task_status/{task['id']}")["state"] == "done"


def test_waiting_tasks_are_created_and_paused_ones_suspended(native: httpx2.Client, manager: Manager) -> None:
    later = submit(native, "compaction.major", run_at="2100-01-01T00:00:00Z")["id"]
    paused = submit(native, "compaction.major", paused=True)["id"]
    states = {task_id: manager.get(f"task_status/{task_id}")["state"] for task_id in (later, paused)}
    assert states == {later: "created", paused: "suspended"}
    assert manager.get(f"task_status/{later}")["start_time"] == "1970-01-01T00:00:00Z"
    for task_id in (later, paused):
        manager.post(f"abort_task/{task_id}")
        assert ABORTED in manager.get(f"task_status/{task_id}")["error"]


# ------------------------------------------------------------------ children


def test_spawned_children_fold_with_their_module(native: httpx2.Client, manager: Manager) -> None:
    task = submit(native, "repair.repair_all", wait=30, args={"broken": 1})
    root, *below = manager.tree(task["id"])
    assert [(one["keyspace"], one["table"], one["state"]) for one in below] == [
        ("ks0", "", "done"), ("ks1", "", "done"), ("", "t1", "failed"),
    ] or [(one["keyspace"], one["table"], one["state"]) for one in below] == [
        ("ks1", "", "done"), ("ks0", "", "done"), ("", "t1", "failed"),
    ]  # fmt: skip
    assert (root["progress_completed"], root["progress_total"]) == (16, 16)
    for one in below:
        manager.get(f"task_status/{one['id']}", status=400)


def test_children_that_the_house_keeps_are_seen_as_if_they_had_folded(native: httpx2.Client, manager: Manager) -> None:
    root = running(native, "compaction.parent", args={"children": 3})
    children: list[Json] = []
    while len([one for one in children if one["state"] == "done"]) < 3:
        children = [one for one in manager.tree(root) if one["parent_id"] == root]
    assert {one["keyspace"] for one in children} == {"ks0", "ks1", "ks2"}
    assert len(manager.tree(root)) == 4, "what is below a successful child is forgotten"
    for one in children:
        manager.get(f"task_status/{one['id']}", status=400)
        manager.get(f"wait_task/{one['id']}", status=400)
        assert native.get(f"/v1/tasks/{one['id']}").json()["state"] == "completed"
        assert one["id"] not in manager.listed("compaction", internal=True)
    assert {child["node"] for child in manager.tree(root)[0]["children_ids"]} != {"0.0.0.0"}  # noqa: S104
    manager.post(f"abort_task/{root}")


@pytest.mark.parametrize("nested", [0, 3])
def test_thousands_of_parts_fold_into_one_root(native: httpx2.Client, manager: Manager, nested: int) -> None:
    task = submit(native, "compaction.many", wait=60, args={"steps": 3000, "nested": nested})
    tree = manager.tree(task["id"])
    assert len(tree) == 3001
    assert [child["task_id"] for child in tree[0]["children_ids"]] == [one["id"] for one in tree[1:]]
    assert tree[0]["progress_completed"] == tree[0]["progress_total"] == 6000
    assert manager.get(f"task_status/{task['id']}", counts=1).get("dropped", {}) == (
        {"completed": 9000} if nested else {}
    )


# ------------------------------------------------------------------ waiting and aborting


def test_an_abort_is_seen_by_everyone_who_waits(native: httpx2.Client, manager: Manager, server: Server) -> None:
    root = running(native, "compaction.endless", args={"steps": 3})
    with ThreadPoolExecutor(40) as threads:
        waits = [threads.submit(Manager(server.url).get, f"wait_task/{root}") for _ in range(20)]
        aborts = [threads.submit(Manager(server.url).post, f"abort_task/{root}") for _ in range(10)]
        assert {answer.result() for answer in aborts} == {None}
        ended = [wait.result(timeout=30) for wait in waits]
    assert {status["state"] for status in ended} == {"failed"}
    assert all(ABORTED in status["error"] for status in ended)
    assert [one["state"] for one in manager.tree(root)] == ["failed"] * 4
    manager.post(f"abort_task/{root}")
    manager.get(f"wait_task/{root}")


def test_an_aborted_body_that_returns_is_not_done(native: httpx2.Client, manager: Manager) -> None:
    root = running(native, "compaction.polite")
    manager.post(f"abort_task/{root}")
    status = manager.get(f"wait_task/{root}")
    assert (status["state"], ABORTED in status["error"]) == ("failed", True)


def test_what_cannot_be_aborted_is_not_also_when_it_has_ended(native: httpx2.Client, manager: Manager) -> None:
    root = running(native, "compaction.stubborn")
    assert manager.post(f"abort_task/{root}", status=403) == {
        "message": f"task with id {root} cannot be aborted", "code": 403,
    }  # fmt: skip
    assert manager.get(f"task_status/{root}")["state"] == "running"


def test_an_abort_reaches_children_that_cannot_be_aborted_alone(native: httpx2.Client, manager: Manager) -> None:
    root = submit(native, "backup.full", state="running")["id"]
    child = manager.make(parent_id=root)
    grandchild = manager.make(parent_id=child)
    manager.post(f"abort_task/{child}", status=403)
    manager.post(f"abort_task/{root}")
    tree = manager.tree(root)
    assert [(one["id"], one["state"]) for one in tree] == [(one, "failed") for one in (root, child, grandchild)]
    assert all(ABORTED in one["error"] for one in tree)


def test_a_wait_for_a_part_ends_with_the_part(
    native: httpx2.Client, manager: Manager, server: Server, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    root = running(native, "compaction.held", args={"path": str(go)})
    step = part(manager, root, "part")
    assert (step["progress_completed"], step["progress_total"], step["state"]) == (4, 10, "running")
    assert step["id"] in manager.listed("compaction", internal=True)
    assert step["id"] not in manager.listed("compaction")
    manager.post(f"abort_task/{step['id']}", status=403)
    assert manager.get(f"wait_task/{step['id']}", timeout=1, status=408) == {"message": "timedout", "code": 408}
    with ThreadPoolExecutor(2) as threads:
        waits = [threads.submit(Manager(server.url).get, f"wait_task/{one}") for one in (step["id"], root)]
        go.touch()
        of_step, of_root = [wait.result(timeout=30) for wait in waits]
    assert (of_step["id"], of_step["state"], of_step["progress_completed"]) == (step["id"], "done", 4)
    assert (of_root["id"], of_root["state"]) == (root, "done")
    manager.get(f"task_status/{step['id']}", status=400)


def test_waits_for_folding_children_see_their_last_status(server: Server, manager: Manager) -> None:
    root = manager.make()
    children = [manager.make(parent_id=root, entity=f"e{number}") for number in range(8)]
    with ThreadPoolExecutor(16) as threads:
        waits = [threads.submit(Manager(server.url).get, f"wait_task/{child}") for child in children for _ in (1, 2)]
        for number, child in enumerate(children):
            manager.finish(child, f"error {number}" if number % 2 else None)
        ended = [wait.result(timeout=30) for wait in waits]
    expected = [
        ("failed", f"std::runtime_error (error {number})") if number % 2 else ("done", "") for number in range(8)
    ]
    assert [(one["state"], one["error"]) for one in ended[::2]] == expected
    assert [one["id"] for one in ended[1::2]] == children


def waited_for(manager: Manager, server: Server) -> tuple[str, dict[str, Any]]:
    """A task that fails while somebody waits for it, and what the wait was answered."""
    other = Manager(server.url)
    with ThreadPoolExecutor(1) as threads:
        for _ in range(20):
            root = manager.make()
            wait = threads.submit(other.http.get, f"/task_manager/wait_task/{root}")
            manager.finish(root, "boom")
            answer = wait.result(timeout=30)
            # On a busy machine the wait may begin when the end is past, and everything with it.
            if answer.status_code == 200:
                return root, answer.json()
    raise AssertionError("no wait began in time")


def test_a_wait_sees_the_end_of_what_is_gone_with_it(native: httpx2.Client, manager: Manager, server: Server) -> None:
    manager.post("ttl", ttl=0)
    root, status = waited_for(manager, server)
    assert (status["state"], status["error"]) == ("failed", "std::runtime_error (boom)")
    manager.get(f"task_status/{root}", status=400)
    assert native.get(f"/v1/tasks/{root}").json()["state"] == "failed", "the house keeps it"


# ------------------------------------------------------------------ registration


def test_a_ttl_counts_for_what_ends_later(manager: Manager) -> None:
    early, late = manager.make(keyspace="ttl"), manager.make(keyspace="ttl")
    manager.finish(early)
    assert manager.post("ttl", ttl=0) == 604_800
    manager.finish(late)
    assert manager.listed(keyspace="ttl") == [early]


def test_user_tasks_have_a_ttl_of_their_own(manager: Manager) -> None:
    manager.post("ttl", ttl=0)
    manager.post("user_ttl", user_ttl=3600)
    users, house = [manager.make(user_task=users, keyspace="user ttl") for users in (True, False)]
    for task in (users, house):
        manager.finish(task)
    assert manager.listed(keyspace="user ttl") == [users]


def test_a_drain_takes_what_has_ended_and_leaves_what_is_to_persist(native: httpx2.Client, manager: Manager) -> None:
    ended, kept, running = [manager.make(keyspace="drain") for _ in range(3)]
    native.post(f"/v1/tasks/{kept}:persist")
    for task in (ended, kept):
        manager.finish(task)
    manager.post("drain/test")
    assert set(manager.listed(keyspace="drain")) == {kept, running}
    assert native.get(f"/v1/tasks/{ended}").json()["state"] == "completed"


def test_the_test_module_ends_with_everything_in_it(manager: Manager) -> None:
    root = manager.make()
    child = manager.make(parent_id=root)
    assert manager.http.delete("/task_manager_test/test_module").status_code == 200
    for task in (root, child):
        manager.get(f"task_status/{task}", status=400)
    assert "test" not in manager.get("list_modules")
    manager.get("list_module_tasks/test", status=400)


def test_a_server_that_stops_ends_every_wait(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with scylla_server(request, "sqlite", tmp_path, "2026") as server, ThreadPoolExecutor(1) as threads:
        manager = Manager(server.url)
        manager.begin()
        wait = threads.submit(manager.http.get, f"/task_manager/wait_task/{manager.make()}")
        manager.get("list_modules")
        server.process.terminate()
        answer = wait.result(timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (503, 503)


def test_history_survives_a_restart(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with scylla_server(request, "sqlite", tmp_path, "2024") as server:
        manager = Manager(server.url)
        manager.begin()
        root = manager.make(keyspace="ks")
        manager.finish(manager.make(parent_id=root), "boom")
        unfinished = manager.make(parent_id=root)
    with scylla_server(request, "sqlite", tmp_path, "2024") as server:
        manager = Manager(server.url)
        assert [one["state"] for one in manager.tree(root)] == ["running", "running", "failed"]
        manager.finish(unfinished)
        manager.finish(root)
        with server.client() as native:
            native.post(f"/v1/tasks/{root}:persist")
            assert manager.get(f"task_status/{root}")["state"] == "done"
            assert manager.get(f"task_status/{root}")["state"] == "done", "what is to persist stays"
            assert native.get(f"/v1/tasks/{root}").json()["expires_at"] is None


def test_start_options_set_both_ttls(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    ttls: dict[str, Any] = {
        "retention__registry_ttl": "7",
        "retention__user_task_ttl": str(timedelta(minutes=1).seconds),
    }
    with scylla_server(request, "sqlite", tmp_path, "2026", **ttls) as server:
        manager = Manager(server.url)
        assert (manager.get("ttl"), manager.get("user_ttl")) == (7, 60)
        manager.post("ttl", ttl=8)
    with scylla_server(request, "sqlite", tmp_path, "2026", **ttls) as server:
        assert Manager(server.url).get("ttl") == 8, "what was set at run time is kept"
