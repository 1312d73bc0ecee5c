"""Who may call the Task Engine's API, what they may ask, and what they are answered."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.serving import Server, running_server
from tests.task_engine import JobApi, job_server


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with job_server(request, "sqlite", tmp_path_factory.mktemp("server")) as server:
        yield server


_names = iter(f"client-{number}" for number in range(1000))


@pytest.fixture
def api(server: Server) -> Iterator[JobApi]:
    """A client with no jobs yet."""
    api = JobApi(server, next(_names))
    yield api
    api.close()


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


def test_nobody_is_told_what_is_wrong_with_a_body(server: Server, api: JobApi) -> None:
    for headers in ({}, {"client": api.client}, {"client": api.client, "api-key": "x" * 40}):
        for method, path in (("POST", "/job"), ("PUT", "/jobs/1"), ("POST", "/settings")):
            answer = httpx2.request(method, f"{server.url}{path}", headers=headers, content=b"{")
            assert (answer.status_code, answer.json()) == (401, {"result": "Unauthorized request."}), (headers, path)
    assert "not JSON" in api.ask("POST", "/job", 400, content=b"{")["error"]


def test_a_job_keeps_the_correlation_id_it_came_with(api: JobApi) -> None:
    body: dict[str, Any] = {"job": {"workflow": "jobs.parent"}, "parameters": {}}
    job_id = api.ask("POST", "/job", json=body, headers={"Correlation-ID": "order-7"})["id"]
    api.until(job_id, "completed")
    found = api.house.get("/v1/tasks", params={"correlation_id": "order-7"}).json()["items"]
    assert {task["operation"] for task in found} == {"jobs.parent", "jobs.part"}
    body["parameters"] = {"x": 1}
    said = api.ask("POST", "/job", 400, json=body, headers={"Correlation-ID": "x" * 201})["error"]
    assert "200 printable ASCII characters" in said


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


def test_hidden_lines_are_shown_to_whoever_asks_for_them(api: JobApi) -> None:
    job_id = api.submit()
    lines = api.logs_until(job_id, lambda lines: lines[-1]["message"] == "job has completed successfully")
    assert {line["visible"] for line in lines} == {True}
    every = api.logs(job_id, show_all=1)
    assert [line["message"] for line in every if not line["visible"]] == ["quick is nearly done"]
    assert [line for line in every if line["visible"]] == lines


def test_logs_are_those_of_the_job_and_of_its_tasks(api: JobApi) -> None:
    job_id = api.submit("jobs.parent", {"rest": "password=hunter22222222"})
    lines = api.logs_until(job_id, lambda lines: lines[-1]["message"] == "job has completed successfully")
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
