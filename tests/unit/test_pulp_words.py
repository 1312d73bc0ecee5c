"""Pulp's words: total over our states, and names that can be read back."""

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from taskward.http.pulp.views import (
    error_body,
    group_body,
    hub_task,
    interval,
    progress_bodies,
    short_task_body,
    task_body,
)
from taskward.http.pulp.wire import GroupProgressBody, HubWorker, ProgressBody, RaisedBody, ReasonBody, ShortTaskBody
from taskward.http.pulp.words import FINAL_WORDS, GROUP, RANKS, ROOTS, STATES, TASK, WORDS, base_of, located, states_of
from taskward.model.policy import Resource
from taskward.model.states import FINAL, State
from taskward.model.task import Progress, Report, TaskError
from taskward.ports import Particulars, WorkerInfo
from tests.tasks import NOON, make_task

ID = UUID("018a41d4-161c-7edf-bcaa-6246188c9a7f")
BASE = base_of("", "/pulp/")


def test_every_state_has_a_word_and_every_word_a_state() -> None:
    assert set(WORDS) == set(State)
    assert set(WORDS.values()) == set(STATES)
    assert sorted(state for word in STATES for state in states_of(word)) == sorted(State)
    assert {WORDS[state] for state in FINAL} == set(FINAL_WORDS)
    assert states_of("no such") == ()


def test_the_ranks_follow_the_words() -> None:
    assert sorted(state for group in RANKS for state in group) == sorted(State)
    words = [{WORDS[State(state)] for state in group} for group in RANKS]
    assert [sorted(word) for word in words] == [[word] for word in sorted(STATES)]


@pytest.mark.parametrize("root", ROOTS)
def test_an_href_is_read_back_under_every_root_and_behind_a_proxy(root: str) -> None:
    for prefix in ("", "/tools"):
        href = base_of(prefix, root).href(TASK, ID)
        assert href == f"{prefix}{root}api/v3/tasks/{ID}/"
        assert located(href) == (TASK, str(ID))
        assert located(f"https://pulp.example.org{href}") == (TASK, str(ID))


@pytest.mark.parametrize(
    "uri", ["", "/", "/pulp/api/v3/", "/pulp/api/v3/tasks/", "/pulp/api/v3/nothing/x/", "/pulp/api/v3/tasks/x/y/", "x"]
)
def test_what_is_no_href_is_not_read(uri: str) -> None:
    assert located(uri) is None


def test_a_task_in_full() -> None:
    parent, child = uuid4(), uuid4()
    task = make_task(
        id=ID,
        name="sync",
        correlation_id="c" * 32,
        parent_id=parent,
        labels={"group": str(ID)},
        resources=(Resource("/repositories/1/"), Resource("/remotes/1/", exclusive=False)),
        result=msgspec.Raw(b'{"added":3}'),
        state=State.COMPLETED,
        finished_at=NOON,
    )
    made = Particulars((child,), (), ("/repositories/1/versions/2/", "prn:core.repository:1"))
    body = msgspec.json.decode(msgspec.json.encode(task_body(task, made, BASE)))
    assert body == {
        "pulp_href": f"/pulp/api/v3/tasks/{ID}/",
        "prn": f"prn:core.task:{ID}",
        "pulp_created": "2026-01-01T12:00:00Z",
        "pulp_last_updated": "2026-01-01T12:00:00Z",
        "state": "completed",
        "name": "sync",
        "logging_cid": "c" * 32,
        "created_by": None,
        "unblocked_at": "2026-01-01T12:00:00Z",
        "started_at": "2026-01-01T12:00:00Z",
        "finished_at": "2026-01-01T12:00:00Z",
        "error": None,
        "worker": None,
        "parent_task": f"/pulp/api/v3/tasks/{parent}/",
        "child_tasks": [f"/pulp/api/v3/tasks/{child}/"],
        "task_group": f"/pulp/api/v3/task-groups/{ID}/",
        "progress_reports": [],
        "created_resources": ["/repositories/1/versions/2/"],
        "created_resource_prns": ["prn:core.repository:1"],
        "reserved_resources_record": ["/repositories/1/", "shared:/remotes/1/"],
        "result": {"added": 3},
        "pulp_api_version": "v3",
    }


def test_a_task_in_short_has_the_members_in_pulps_order() -> None:
    body = msgspec.json.decode(msgspec.json.encode(short_task_body(make_task(id=ID), BASE)))
    assert list(body) == list(ShortTaskBody.__struct_fields__)
    assert list(body)[:5] == ["pulp_href", "prn", "pulp_created", "pulp_last_updated", "pulp_api_version"]


def test_a_label_that_is_no_uuid_makes_no_group() -> None:
    assert task_body(make_task(labels={"group": "nightly"}), Particulars(), BASE).task_group is None


@pytest.mark.parametrize(
    ("state", "error", "shown"),
    [
        (State.COMPLETED, None, None),
        (State.RUNNING, None, None),
        (State.FAILED, TaskError("ValueError", "bad", "Traceback ..."), RaisedBody("bad", "Traceback ...")),
        (State.FAILED, TaskError("ValueError", "", "Traceback ..."), RaisedBody("ValueError", "Traceback ...")),
        (State.FAILED, TaskError("WorkerLost", "x", code="worker-lost"), ReasonBody("Worker has gone missing.")),
        (State.FAILED, TaskError("Killed", "killed by signal 9", code="killed"), ReasonBody("killed by signal 9")),
        (State.FAILED, TaskError("Timeout", "too long", "trace", code="timeout"), ReasonBody("too long")),
        (State.FAILED, TaskError("External", "told from outside"), RaisedBody("told from outside", "")),
        (State.FAILED, None, ReasonBody("It was not said why.")),
        (State.SKIPPED, TaskError("DependencyFailed", "no", code="dependency"), ReasonBody("no")),
        (State.CANCELED, TaskError("Canceled", "by hand", code="canceled"), None),
    ],
)
def test_errors_are_raised_ones_or_reasons(state: State, error: TaskError | None, shown: object) -> None:
    assert error_body(make_task(state=state, error=error)) == shown


def test_progress_is_a_report_beside_the_named_ones_and_none_outlives_its_task() -> None:
    reports = (Report("load", 1, 2, "files", "Loading"), Report("done", 2, 2, state=State.COMPLETED))
    task = make_task(state=State.FAILED, progress=Progress(1.9, 4.0, "bytes", "Syncing"))
    assert progress_bodies(task, reports) == [
        ProgressBody("Syncing", "m.op", "failed", 4, 1, "bytes"),
        ProgressBody("Loading", "load", "failed", 2, 1, "files"),
        ProgressBody("done", "done", "completed", 2, 2, None),
    ]
    running = make_task(state=State.RUNNING)
    assert progress_bodies(running, reports)[0] == ProgressBody("Loading", "load", "running", 2, 1, "files")


def test_a_group_is_the_sum_of_its_members() -> None:
    newest = make_task(state=State.RUNNING)
    oldest = make_task(state=State.QUEUED, labels={"group-description": "Import"})
    other = make_task(state=State.PAUSED)
    reports = {
        newest.id: Particulars(reports=(Report("load", 1, 2, "files", "Loading"),)),
        oldest.id: Particulars(reports=(Report("load", 2, 3, "files", "Loading"), Report("open", 1, None))),
        other.id: Particulars(),
    }
    body = group_body(ID, [newest, other, oldest], reports, BASE)
    assert body.pulp_href == BASE.href(GROUP, ID)
    assert body.description == "Import"
    assert (body.waiting, body.running, body.completed) == (2, 1, 0)
    assert [task.state for task in body.tasks] == ["running", "waiting", "waiting"]
    assert body.group_progress_reports == [
        GroupProgressBody("Loading", "load", 5, 3, "files"),
        GroupProgressBody("open", "open", None, 1, None),
    ]


def test_the_hub_shows_the_worker_of_a_task() -> None:
    def worker(state: str) -> WorkerInfo:
        return WorkerInfo(
            id=uuid4(), name="w", host="h", pid=1, queues=(), operations=(), concurrency=1, version="1",
            started_at=NOON, heartbeat_at=NOON, state=state,
        )  # fmt: skip

    task = make_task(worker="w")
    assert hub_task(make_task(), Particulars(), {}).worker is None
    assert hub_task(task, Particulars(), {"w": worker("online")}).worker == HubWorker("w", False, NOON)
    assert hub_task(task, Particulars(), {"w": worker("lost")}).worker == HubWorker("w", True, NOON)
    assert hub_task(task, Particulars(), {}).worker == HubWorker("w", True, None)


@pytest.mark.parametrize(
    ("every", "text"),
    [
        (timedelta(days=1), "1 00:00:00"),
        (timedelta(minutes=90, seconds=5), "01:30:05"),
        (timedelta(days=10, milliseconds=5), "10 00:00:00.005000"),
    ],
)
def test_intervals(every: timedelta, text: str) -> None:
    assert interval(every) == text
