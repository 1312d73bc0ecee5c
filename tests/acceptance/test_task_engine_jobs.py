"""What becomes of the Task Engine's jobs: time, gates, slots, pauses, reruns, retries; on both databases."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import Server
from tests.task_engine import JobApi, job_server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with job_server(request, request.param, tmp_path_factory.mktemp("server")) as server:
        yield server


_names = iter(f"jobs-{number}" for number in range(1000))


@pytest.fixture
def api(server: Server) -> Iterator[JobApi]:
    """A client with no jobs yet."""
    api = JobApi(server, next(_names))
    yield api
    api.close()


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


class Semaphore:
    """A gate that answers what it is told to."""

    def __init__(self) -> None:
        self.status = 503
        self.asked = 0
        self.changed = threading.Condition()
        semaphore = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with semaphore.changed:
                    semaphore.asked += 1
                    semaphore.changed.notify_all()
                self.send_response(semaphore.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/gate?token=abcdefghijkl1234"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_until_asked(self, times: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.asked >= times, timeout=20)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def semaphore() -> Iterator[Semaphore]:
    semaphore = Semaphore()
    yield semaphore
    semaphore.close()


# ------------------------------------------------------------------ time and gates


def test_a_job_starts_when_its_time_has_come(api: JobApi) -> None:
    at = in_seconds(0.7)
    job_id = api.submit(run_at=at)
    assert api.job(job_id)["queue_state"] == "scheduled"
    assert any(line["message"] == f'Job will run at: "{at}Z"' for line in api.logs(job_id))
    api.until(job_id, "completed")
    task = api.house.get(f"/v1/tasks/{job_id}").json()
    late = datetime.fromisoformat(task["started_at"]) - datetime.fromisoformat(f"{at}+00:00")
    assert timedelta(0) <= late < timedelta(seconds=5)


def test_a_time_that_is_changed_to_the_past_is_due(api: JobApi) -> None:
    job_id = api.submit(run_at=in_seconds(3600))
    assert api.put(job_id, run_at=in_seconds(-5))["result"] == "Performed updates: run_at"
    api.until(job_id, "completed")
    assert "run_at" in api.put(job_id, 400, run_at=in_seconds(5))["error"]


def test_no_job_moves_on_while_the_schedule_is_not_active(api: JobApi) -> None:
    schedule = {"schedule": "queue_scheduled_jobs"}
    assert api.ask("PUT", "/scheduler", json={**schedule, "active": False}) == {"result": "ok", "schedules": []}
    assert api.ask("GET", "/schedules")["schedules"] == {}
    assert api.ask("GET", "/schedules", params={"all": 1})["schedules"]["queue_scheduled_jobs"]["active"] is False
    job_id = api.submit(run_at=in_seconds(0.2))
    api.until(api.submit(run_at=None), "completed")
    other = api.submit(run_at=in_seconds(-1))
    api.until(other, "completed")
    assert api.job(job_id)["queue_state"] == "scheduled"
    before = datetime.now(UTC)
    assert api.ask("PUT", "/schedules", json={**schedule, "active": "true"})["schedules"] == ["queue_scheduled_jobs"]
    api.until(job_id, "completed")
    started = datetime.fromisoformat(api.house.get(f"/v1/tasks/{job_id}").json()["started_at"])
    assert started - before >= timedelta(seconds=4.9)


def test_a_gate_holds_a_job_until_it_opens(api: JobApi, semaphore: Semaphore) -> None:
    api.set("schedule_interval", 1)
    # The misspelt name of the documentation is taken too.
    job_id = api.submit(sempahore_url=semaphore.url)
    semaphore.wait_until_asked(2)
    assert api.job(job_id)["queue_state"] == "scheduled"
    # Redirects are not followed: they say that it is open.
    semaphore.status = 302
    api.until(job_id, "completed")
    told = [line for line in api.logs(job_id) if line["message"].startswith("the gate")]
    assert {line["progname"] for line in told} == {"controller"}
    assert [(line["severity_description"], line["message"].partition(":")[0]) for line in told] == [
        ("WARN", "the gate is closed"), ("INFO", "the gate is open"),
    ]  # fmt: skip
    assert "abcdefghijkl1234" not in json.dumps(api.logs(job_id))
    # The same gate again.
    semaphore.status = 503
    again = api.ask("POST", f"/jobs/{job_id}/rerun")["id"]
    assert api.job(again)["queue_state"] == "scheduled"
    assert api.put(again, semaphore_url=None)["updates"] == {"semaphore_url": None}
    api.until(again, "completed")


# ------------------------------------------------------------------ admission


def test_settings_act_at_once_and_urgent_jobs_have_slots_of_their_own(api: JobApi, tmp_path: Path) -> None:
    go = str(tmp_path / "go")
    assert api.set("max_jobs", "1") == {"result": "ok", "message": "max_jobs setting updated"}
    first, *rest = [api.submit("jobs.steps", {"go": go}, priority=9) for _ in range(4)]
    api.until(first, "started")
    assert [api.job(one)["position"] for one in rest] == [1, 2, 3]
    assert [api.job(one)["top_of_queue"] for one in rest] == [True, False, False]
    assert "warning" in api.set("priority_slots", 1)
    api.set("max_jobs", 3)
    # Ordinary jobs may take two of the three.
    api.until(rest[0], "started")
    urgent = api.submit("jobs.steps", {"go": go}, priority=5)
    api.until(urgent, "started")
    board = api.ask("GET", "/dashboard")
    assert (board["max_jobs"], board["priority_slots"]) == (3, 1)
    assert [job["id"] for job in board["started"]] == [first, rest[0], urgent]
    assert [(job["id"], job["position"]) for job in board["queued"]] == [(rest[1], 1), (rest[2], 2)]
    # Less never ends what runs.
    assert "warning" in api.set("max_jobs", 1)
    assert api.job(urgent)["queue_state"] == "started"
    api.set("priority_threshold", 10)
    Path(go).touch()
    for job_id in rest:
        api.until(job_id, "completed")


def test_all_clients_together_are_bounded_by_the_house(server: Server, api: JobApi, tmp_path: Path) -> None:
    go = tmp_path / "go"
    other = JobApi(server, next(_names))
    try:
        answer = api.house.post("/settings", json={"name": "total_max_jobs", "setting": 2})
        assert answer.status_code == 200, answer.text
        ids = [(one, one.submit("jobs.steps", {"go": str(go)})) for one in (api, api, other)]
        api.until(ids[1][1], "started")
        assert other.job(ids[2][1])["queue_state"] == "queued"
        why = api.house.get(f"/v1/tasks/{ids[2][1]}/why").json()
        assert any("pool all-jobs" in obstacle["detail"] for obstacle in why["obstacles"]), why
        go.touch()
        for one, job_id in ids:
            one.until(job_id, "completed")
    finally:
        api.house.post("/settings", json={"name": "total_max_jobs", "setting": 0})
        other.close()
    # A client has no such setting.
    assert api.set("total_max_jobs", 5, 400)


@pytest.mark.parametrize(
    ("name", "setting"),
    [("max_jobs", 0), ("priority_slots", 3), ("priority_threshold", 0), ("priority_threshold", 11),
     ("schedule_interval", 0), ("retry_delay", -1), ("retry_limit", "1.5"), ("Max", 1), ("", 1), ("x", None),
     ("max_jobs", True)],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(api: JobApi, name: str, setting: object) -> None:
    assert api.set(name, setting, 400)["error"]


def test_settings_of_the_house_are_those_of_every_client_without_its_own(server: Server, api: JobApi) -> None:
    other = JobApi(server, next(_names))
    api.submit()
    other.submit()
    api.set("max_jobs", 7)
    try:
        api.house.post("/settings", json={"name": "max_jobs", "setting": 5})
        assert [one.ask("GET", "/health")["jobs"]["max_jobs"] for one in (api, other)] == [7, 5]
        limits = {pool["name"]: pool["limit"] for pool in api.house.get("/v1/pools").json()["items"]}
        assert (limits[f"jobs:{api.client}"], limits[f"jobs:{other.client}"]) == (7, 5)
        refused = api.house.post("/settings", json={"name": "task_ttl", "setting": 5})
        assert refused.status_code == 400
    finally:
        api.house.post("/settings", json={"name": "max_jobs", "setting": 2})
        other.close()


# ------------------------------------------------------------------ steering


def test_a_queued_job_is_paused_and_goes_on_at_its_place(api: JobApi, tmp_path: Path) -> None:
    go = tmp_path / "go"
    api.set("max_jobs", 1)
    running, first, second = [api.submit("jobs.steps", {"go": str(go)}) for _ in range(3)]
    api.until(running, "started")
    api.put(first, queue_state="paused")
    assert api.put(first, queue_state="paused")["id"] == first
    assert (api.job(first)["queue_state"], api.job(second)["position"]) == ("paused", 1)
    api.put(first, queue_state="queued")
    assert [api.job(one)["position"] for one in (first, second)] == [1, 2]
    assert api.put(first, queue_state="queued")["id"] == first
    assert "invalid transition started -> queued" in api.put(running, 400, queue_state="queued")["error"]
    # All or nothing.
    assert api.put(running, 400, queue_state="paused", priority=1)["id"] == running
    assert api.job(running)["priority"] == 5
    go.touch()
    api.until(second, "completed")


def test_a_started_job_is_paused_at_its_next_boundary_and_frees_its_slot(api: JobApi, tmp_path: Path) -> None:
    go = tmp_path / "go"
    api.set("max_jobs", 1)
    job_id = api.submit("jobs.steps", {"go": str(go)})
    api.until(job_id, "started")
    api.put(job_id, queue_state="paused")
    api.until(job_id, "paused")
    api.until(api.submit(), "completed")
    go.touch()
    api.put(job_id, queue_state="queued")
    assert api.until(job_id, "completed")["failed"] is False
    # What has no boundaries cannot be paused.
    forever = api.submit("jobs.forever")
    api.until(forever, "started")
    assert "invalid transition started -> paused" in api.put(forever, 400, queue_state="paused")["error"]
    api.put(forever, queue_state="broken")
    assert api.until(forever, "broken")["failed"] is False
    api.put(forever, queue_state="broken")


def test_a_rerun_takes_the_place_of_what_it_repeats(api: JobApi) -> None:
    first = api.submit(parameters={"a": 1}, priority=3, persist=True)
    api.until(first, "completed")
    answer = api.http.post(f"/jobs/{first}/rerun")
    second = answer.json()["id"]
    assert answer.json() == {"id": second, "job_id": second, "rerun_of": first, "result": "accepted"}
    was, now = api.job(first), api.until(second, "completed")
    assert (was["queue_state"], was["failed"]) == ("broken", False)
    assert (now["parameters"], now["priority"], now["workflow"]) == ({"a": 1}, 3, "jobs.quick")
    assert api.ids(persist=1) == [first]
    # What is broken may be repeated again, what runs may not.
    third = api.ask("POST", f"/jobs/{first}/rerun")["id"]
    api.until(third, "completed")
    forever = api.submit("jobs.forever")
    api.until(forever, "started")
    assert "cancel it first" in api.ask("POST", f"/jobs/{forever}/rerun", 400)["error"]
    api.put(forever, queue_state="broken")
    jobs = api.ask("GET", "/health")["jobs"]
    assert (jobs["completed"], jobs["broken"], jobs["failed"]) == (2, 2, 0)


def test_a_task_is_tried_again_as_often_as_the_settings_say(api: JobApi) -> None:
    api.set("retry_delay", 0)
    api.set("retry_limit", 2)
    failed, recovered = api.submit("jobs.failing"), api.submit("jobs.failing", {"times": 2})
    assert api.until(failed, "completed")["failed"] is True
    assert api.until(recovered, "completed")["failed"] is False
    tried = [line["message"] for line in api.logs(failed) if line["message"].startswith("attempt")]
    assert tried == ["attempt 1", "attempt 2", "attempt 3"]
    assert api.ids(failed=1) == api.ids(state=7) == [failed]
    assert api.ids(state=2) == [recovered]
    assert api.ids(state="completed", failed="true") == [failed]
    assert api.ids(state=4, failed=1) == []
    again = api.ask("POST", f"/jobs/{failed}/rerun")["id"]
    assert (api.job(failed)["queue_state"], api.job(failed)["failed"]) == ("broken", True)
    assert api.until(again, "completed")["failed"] is True


def test_settings_of_retries_hold_for_what_fails_after_they_were_set(api: JobApi) -> None:
    api.set("retry_delay", 0)
    api.set("retry_limit", 1_000_000)
    endless = api.submit("jobs.failing")
    api.logs_until(endless, lambda lines: any(line["message"] == "attempt 3" for line in lines))
    api.set("retry_limit", 0)
    assert api.until(endless, "completed")["failed"] is True
