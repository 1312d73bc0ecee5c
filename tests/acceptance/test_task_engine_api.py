"""The Task Engine's API over real jobs and a real worker, on both databases."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.serving import Server, running_server
from tests.task_engine import JobApi, job_server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with job_server(request, request.param, tmp_path_factory.mktemp("server")) as server:
        yield server


_names = iter(f"client-{number}" for number in range(1000))


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


# ------------------------------------------------------------------ who may call


def test_clients_show_their_key_in_any_of_its_headers(server: Server, api: JobApi) -> None:
    for header in ("api-key", "x-api-key", "x-auth-key", "API-KEY"):
        answer = httpx2.get(f"{server.url}/dashboard", headers={"client": api.client, header: api.key})
        assert answer.status_code == 200
    for headers in ({}, {"client": api.client}, {"api-key": api.key}, {"client": api.client, "api-key": "x" * 40},
                    {"client": api.client, "api-key": api.key, "x-api-key": "x" * 40}):  # fmt: skip
        for path in ("/health", "/dashboard", "/jobs/1", "/logs/1", "/schedules", "/settings"):
            answer = httpx2.get(f"{server.url}{path}", headers=headers)
            assert (answer.status_code, answer.json()) == (401, {"result": "Unauthorized request."}), (headers, path)


def test_the_client_of_a_body_stands_in_for_the_header(server: Server, api: JobApi) -> None:
    body = {"client": api.client, "job": {"workflow": "jobs.quick"}, "parameters": {}}
    answer = httpx2.post(f"{server.url}/job", headers={"API-KEY": api.key}, json=body)
    assert answer.status_code == 200
    other = httpx2.post(f"{server.url}/job", headers={"API-KEY": api.key}, json={**body, "client": "another"})
    assert other.status_code == 401
    named = {"API-KEY": api.key, "client": api.client}
    assert httpx2.post(f"{server.url}/job", headers=named, json={**body, "client": "another"}).status_code == 401


def test_tenants_never_see_each_other(server: Server, api: JobApi) -> None:
    other = JobApi(server, next(_names))
    mine, theirs = api.submit(), other.submit()
    assert api.ids() == [mine]
    assert api.ids(client=other.client) == api.ids(job_ids=str(theirs)) == []
    unknown = {"error": "there is no job 987654"}
    for method, path in (("GET", "/jobs/{}"), ("GET", "/logs/{}"), ("POST", "/jobs/{}/rerun")):
        assert api.ask(method, path.format(theirs), 400) == {"error": f"there is no job {theirs}"}
        assert api.ask(method, path.format(987654), 400) == unknown
    assert api.put(theirs, 400, priority=1) == {"id": theirs, "error": f"there is no job {theirs}"}
    pools = httpx2.get(f"{server.url}/v1/pools", headers={"client": api.client, "api-key": api.key}).json()["items"]
    assert [pool["name"] for pool in pools] == [f"jobs:{api.client}"]
    task = {"operation": "jobs.quick", "pool": f"jobs:{other.client}"}
    assert api.http.post("/v1/tasks", json=task).status_code == 422
    other.close()


def test_the_house_submits_for_a_client(api: JobApi) -> None:
    body = {"client": api.client, "job": {"workflow": "jobs.quick"}, "parameters": {}}
    job_id = api.house.post("/job", json=body).json()["id"]
    assert api.job(job_id)["client"] == api.client
    nobody = api.house.post("/job", json={**body, "client": "nobody"})
    assert (nobody.status_code, nobody.json()) == (400, {"id": None, "error": "client: there is no client nobody"})


def test_whoever_shows_no_credential_lists_jobs_without_what_they_were_given(server: Server, api: JobApi) -> None:
    job_id = api.submit(parameters={"content_id": "only-for-us"})
    url = f"{server.url}/jobs"
    [job] = httpx2.get(url, params={"job_ids": str(job_id)}).json()
    assert job["id"] == job_id
    assert "parameters" not in job
    assert httpx2.get(url, params={"search": "only-for-us"}).json() == []
    assert api.ids(search="ONLY-for-us") == [job_id]
    # A proxy passes others on, and pages of other sites speak for the browser they are in.
    for header in ({"x-forwarded-for": "10.0.0.1"}, {"origin": "https://elsewhere.example"}, {"host": "a.example"}):
        assert httpx2.get(url, headers=header).status_code == 401


def test_listing_without_a_credential_can_be_turned_off_and_the_dialect_too(tmp_path: Path) -> None:
    with running_server(tmp_path / "a", workers=0, flags={"task_engine.anonymous_jobs": "off"}) as closed:
        assert httpx2.get(f"{closed.url}/jobs").status_code == 401
        assert httpx2.get(f"{closed.url}/").json() == {"result": "alive"}
    with running_server(tmp_path / "b", workers=0, flags={"dialects.task_engine": False}) as without:
        for path in ("/", "/jobs", "/health", "/settings"):
            assert httpx2.get(f"{without.url}{path}").status_code == 404


def test_browsers_are_sent_to_the_console(server: Server) -> None:
    answer = httpx2.get(f"{server.url}/", headers={"accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/console/")


# ------------------------------------------------------------------ submitting


def test_a_job_runs_with_what_it_was_given_and_shows_it_in_that_order(api: JobApi) -> None:
    given = {"z": 1, "content_id": "ä", "a": {"y": [1, 2.5, None], "b": False}}
    answer = api.http.post("/job", json={"job": {"workflow": "jobs.quick"}, "parameters": given})
    job_id = answer.json()["id"]
    assert answer.headers["location"] == f"/jobs/{job_id}"
    job = api.until(job_id, "completed")
    assert json.dumps(job["parameters"]) == json.dumps(given)
    assert (job["failed"], job["position"], job["top_of_queue"]) == (False, 1, False)


def test_one_request_sent_twice_is_one_job(api: JobApi) -> None:
    body = {"job": {"workflow": "jobs.quick"}, "parameters": {}}
    first, second = (api.ask("POST", "/job", json=body, headers={"idempotency-key": "k"})["id"] for _ in range(2))
    assert first == second
    api.until(first, "completed")
    again = [api.ask("POST", f"/jobs/{first}/rerun", headers={"idempotency-key": "r"})["id"] for _ in range(2)]
    assert again[0] == again[1] != first


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"job": {"workflow": ""}}, "job.workflow is a text that is not empty"),
        ({"job": []}, "job is a JSON object, not an array"),
        ({"job": {"workflow": "jobs.quick"}, "parameters": "x"}, "parameters is a JSON object, not a text"),
        ({"job": {"workflow": "jobs.quick"}, "extra": 1}, "extra: not known in the body"),
        ({"job": {"workflow": "jobs.quick", "priority": "0"}}, "priority is a whole number from 1 to 10"),
        ({"job": {"workflow": "jobs.quick", "run_at": "soon"}}, "run_at is a time in UTC such as"),
        ({"job": {"workflow": "jobs.quick", "semaphore_url": "ftp://x"}}, "semaphore_url is an http or https URL"),
        ({"job": {"workflow": "jobs.quick", "semaphore_url": "http://a", "sempahore_url": "http://b"}}, "differ"),
        ({"job": {"workflow": "jobs.part"}}, "parameters"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(api: JobApi, body: dict[str, object], error: str) -> None:
    answer = api.ask("POST", "/job", 400, json=body)
    assert answer["id"] is None
    assert error in answer["error"]
    assert api.ids() == []


def test_a_body_that_is_not_json_is_refused(api: JobApi) -> None:
    for content, media in ((b"{", "application/json"), (b"", "application/json"), (b"[]", "application/json"),
                           (b"a=b", "application/x-www-form-urlencoded")):  # fmt: skip
        answer = api.http.post("/job", content=content, headers={"content-type": media})
        assert answer.status_code == 400
        assert answer.json()["error"]


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
    told = [line for line in api.logs(job_id) if line["progname"] == "controller"]
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
    assert "invalid transition queued -> queued" in api.put(first, 400, queue_state="queued")["error"]
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


# ------------------------------------------------------------------ lists


def test_pages_follow_each_other_whatever_is_added(api: JobApi) -> None:
    jobs = [api.submit(run_at="2030-01-01") for _ in range(5)]
    page = api.http.get("/jobs", params={"limit": 2, "state": 5})
    assert page.headers["x-total-count"] == "5"
    seen = [job["id"] for job in page.json()]
    while "next" in page.links:
        api.submit(run_at="2030-01-01")
        page = api.http.get(page.links["next"]["url"])
        seen += [job["id"] for job in page.json()]
    assert seen == jobs[::-1]
    by_time = api.http.get("/jobs", params={"items": 3, "order_by": "run_at", "asc": 1})
    following = api.http.get(by_time.links["next"]["url"]).json()
    assert [job["id"] for job in (*by_time.json(), *following)][:5] == jobs


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "order_by=colour", "asc=2", "state=x", "from=yesterday",
     "from=2030-01-02&to=2030-01-01", "failed=maybe", "job_ids=1,x", "persist=3", "colour=red", "cursor=n"],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused_by_name(api: JobApi, query: str) -> None:
    name = query.partition("=")[0]
    assert name in api.ask("GET", f"/jobs?{query}", 400)["error"]


def test_as_many_jobs_as_are_named_are_listed(api: JobApi) -> None:
    jobs = [api.submit() for _ in range(12)]
    assert len(api.ids()) == 10
    assert api.ids(job_ids=",".join(map(str, [*jobs, 999_999_999])), asc=1) == jobs
    assert api.ids(search=str(jobs[3])) == [jobs[3]]


# ------------------------------------------------------------------ logs


def test_logs_are_those_of_the_job_and_of_its_tasks(api: JobApi) -> None:
    job_id = api.submit("jobs.parent", {"rest": "password=hunter22222222"})
    api.until(job_id, "completed")
    lines = api.logs(job_id)
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert {line["job_id"] for line in lines} == {job_id}
    request = json.loads(lines[0]["message"])
    assert (lines[0]["progname"], request["path"], request["payload"]) == ("api", "POST /job", "job_created")
    assert request["headers"]["HTTP_API_KEY"] == "*" * 32 + api.key[-4:]
    assert api.key not in lines[0]["message"]
    assert "hunter" not in lines[0]["message"]
    parts = [line for line in lines if line["message"] == "part is done"]
    assert [line["progname"] for line in parts] == ["worker", "worker"]
    assert len({line["task_id"] for line in parts} - {0, job_id}) == 2
    assert api.logs(job_id, after_id=lines[0]["id"]) == lines[1:]
    page = api.http.get(f"/logs/{job_id}", params={"limit": 1})
    assert page.json() == lines[:1]
    assert api.http.get(page.links["next"]["url"]).json() == lines[1:2]
    for accept, status in (
        ("*/*", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/json;q=0", 406),
        ("text/html", 406),
    ):
        assert api.http.get(f"/logs/{job_id}", headers={"accept": accept}).status_code == status
