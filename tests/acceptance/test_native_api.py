"""The native API on a real server with a real worker: each route, its conventions, what it refuses."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.serving import Server

UUID4 = "9f2c1c58-21de-4d1c-8f6f-2b0f2a3c7a10"
Json = dict[str, Any]


def submit(api: httpx2.Client, operation: str = "probe.echo", wait: int | None = 10, **body: Any) -> Json:
    if operation == "probe.echo":
        body.setdefault("args", {"text": "hi"})
    headers = {} if wait is None else {"Prefer": f"wait={wait}"}
    answer = api.post("/v1/tasks", json={"operation": operation, **body}, headers=headers)
    assert answer.status_code in (200, 202), answer.text
    task: Json = answer.json()
    return task


def until(api: httpx2.Client, task: Json, *states: str) -> Json:
    """The task once it is in one of the states: long polls for each change."""
    current = task
    for _ in range(20):
        if current["state"] in states:
            return current
        headers = {"Prefer": "wait=10", "If-None-Match": f'"{current["version"]}"'}
        answer = api.get(f"/v1/tasks/{task['id']}", headers=headers)
        if answer.status_code == 200:
            current = answer.json()
    raise AssertionError(f"{current['state']} is not one of {states}")


@pytest.fixture
def endless(api: httpx2.Client) -> Iterator[Json]:
    """A running task that ends when it is canceled."""
    task = until(api, submit(api, "probe.endless", wait=None, labels={"own": uuid4().hex}), "running")
    yield task
    api.post(f"/v1/tasks/{task['id']}:cancel")


@pytest.fixture
def external(api: httpx2.Client) -> Json:
    """Work that is tracked from outside."""
    answer = api.post("/v1/tasks", json={"operation": "backup.nightly", "name": "Nightly backup", "state": "running"})
    assert answer.status_code == 201
    task: Json = answer.json()
    return task


def is_problem(answer: httpx2.Response, status: int) -> Json:
    """The problem that an answer is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Json = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["type"]
    assert problem["instance"] == answer.request.url.raw_path.decode().partition("?")[0]
    return problem


class TestSubmit:
    def test_accepted_with_its_address(self, api: httpx2.Client, server: Server) -> None:
        answer = api.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": "hi"}})
        task = answer.json()
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/v1/tasks/{task['id']}"
        assert answer.headers["operation-location"] == f"{server.url}/v1/tasks/{task['id']}"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["etag"] == f'"{task["version"]}"'
        assert "preference-applied" not in answer.headers
        assert api.get(answer.headers["location"]).json()["id"] == task["id"]
        assert task["links"]["self"] == answer.headers["location"]

    def test_the_end_within_the_preferred_time(self, api: httpx2.Client) -> None:
        answer = api.post(
            "/v1/tasks",
            json={"operation": "probe.echo", "args": {"text": "hi", "style": "loud"}},
            headers={"Prefer": "respond-async, wait=10"},
        )
        assert answer.status_code == 200
        assert answer.headers["preference-applied"] == "wait=10"
        assert "retry-after" not in answer.headers
        assert answer.json()["state"] == "completed"
        assert answer.json()["result"]["text"] == "HI"

    def test_accepted_when_the_preferred_time_is_over(self, api: httpx2.Client, endless: Json) -> None:
        began = time.monotonic()
        answer = api.post(
            "/v1/tasks", json={"operation": "probe.stubborn", "args": {"seconds": 5}}, headers={"Prefer": "wait=1"}
        )
        assert time.monotonic() - began >= 1
        assert answer.status_code == 202
        assert answer.headers["preference-applied"] == "wait=1"
        assert answer.headers["retry-after"]
        asked = api.post("/v1/tasks", json={"operation": "probe.stubborn"}, headers={"Prefer": "respond-async, wait=0"})
        assert (asked.status_code, asked.headers["preference-applied"]) == (202, "respond-async")

    def test_unknown_preferences_are_ignored(self, api: httpx2.Client) -> None:
        answer = api.post(
            "/v1/tasks",
            json={"operation": "probe.echo", "args": {"text": "hi"}},
            headers={"Prefer": "return=minimal; foo, wait=soon, , handling=strict"},
        )
        assert answer.status_code == 202
        assert "preference-applied" not in answer.headers

    def test_many_together(self, api: httpx2.Client) -> None:
        tasks = [{"operation": "probe.echo", "args": {"text": str(number)}} for number in range(20)]
        answer = api.post("/v1/tasks", json={"tasks": tasks}, headers={"Prefer": "wait=10"})
        assert answer.status_code == 200
        assert [item["result"]["text"] for item in answer.json()["items"]] == [str(number) for number in range(20)]
        assert api.post("/v1/tasks", json={"tasks": tasks}).status_code == 202

    def test_many_all_or_nothing(self, api: httpx2.Client) -> None:
        label = uuid4().hex
        tasks = [{"operation": "probe.echo", "args": {"text": "a"}, "labels": {"batch": label}} for _ in range(3)]
        tasks[1]["args"] = {"text": 1}
        problem = is_problem(api.post("/v1/tasks", json={"tasks": tasks}), 422)
        assert problem["errors"][0]["pointer"] == "#/tasks/1/args/text"
        assert api.get("/v1/tasks", params={"label": f"batch:{label}"}).json()["items"] == []

    def test_secrets_are_masked(self, api: httpx2.Client) -> None:
        task = submit(api, args={"text": "hi", "password": "correct horse battery"})
        assert task["args"]["password"] == "****tery"
        assert task["result"]["text"] == "hi"

    def test_every_member_is_kept(self, api: httpx2.Client) -> None:
        task = submit(
            api,
            wait=None,
            name="A name",
            labels={"team": "core"},
            priority=2,
            queue="nobody-serves-it",
            run_at="2999-01-01T00:00:00+02:00",
            resources=[{"name": "disk", "exclusive": False}],
            persist=True,
        )
        assert task["state"] == "scheduled"
        assert (task["name"], task["labels"], task["priority"]) == ("A name", {"team": "core"}, 2)
        assert (task["queue"], task["run_at"], task["persist"]) == ("nobody-serves-it", "2998-12-31T22:00:00Z", True)
        assert task["resources"] == [{"name": "disk", "exclusive": False}]
        assert (task["created_by"], task["client"], task["kind"]) == ("first-start", "", "task")

    def test_dependencies_and_children(self, api: httpx2.Client, endless: Json) -> None:
        after = submit(api, wait=None, depends_on=[endless["id"]])
        assert after["state"] == "blocked"
        child = submit(api, parent_id=endless["id"], key="part-1")
        assert (child["parent_id"], child["root_id"], child["key"]) == (endless["id"], endless["id"], "part-1")
        assert child["links"]["parent"] == child["links"]["root"] == f"/v1/tasks/{endless['id']}"
        again = submit(api, parent_id=endless["id"], key="part-1")
        assert again["id"] == child["id"]
        api.post(f"/v1/tasks/{endless['id']}:cancel")
        assert until(api, after, "skipped", "completed")["state"] == "skipped"


class TestIdempotency:
    def test_the_same_request_gets_the_same_task(self, api: httpx2.Client) -> None:
        headers = {"Idempotency-Key": f'"{uuid4()}"'}
        body = {"operation": "probe.echo", "args": {"text": "once"}}
        first = api.post("/v1/tasks", json=body, headers=headers)
        again = api.post("/v1/tasks", json=dict(reversed(body.items())), headers=headers)
        assert first.status_code == again.status_code == 202
        assert first.json()["id"] == again.json()["id"]
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        ended = api.get(f"/v1/tasks/{again.json()['id']}", headers={"Prefer": "wait=10"}).json()
        assert ended["state"] == "completed"
        last = api.post("/v1/tasks", json=body, headers=headers)
        assert (last.status_code, last.json()["state"]) == (202, "completed")
        assert "retry-after" not in last.headers, "it has ended"

    def test_quotes_are_not_part_of_the_key(self, api: httpx2.Client) -> None:
        key = uuid4()
        body = {"operation": "probe.echo", "args": {"text": "once"}}
        ids = {
            api.post("/v1/tasks", json=body, headers={"Idempotency-Key": header}).json()["id"]
            for header in (f'"{key}"', str(key))
        }
        assert len(ids) == 1

    def test_another_payload_is_refused(self, api: httpx2.Client) -> None:
        headers = {"Idempotency-Key": f'"{uuid4()}"'}
        api.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": "one"}}, headers=headers)
        again = api.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": "two"}}, headers=headers)
        assert is_problem(again, 422)["type"].endswith("/v1/problems/key-reused")

    def test_requests_at_once_make_one_task(self, server: Server) -> None:
        key = str(uuid4())
        ids: list[str] = []

        def post() -> None:
            with server.client() as client:
                body = {"operation": "probe.echo", "args": {"text": "race"}}
                ids.append(client.post("/v1/tasks", json=body, headers={"Idempotency-Key": key}).json()["id"])

        threads = [threading.Thread(target=post) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 8
        assert len(set(ids)) == 1


class TestCorrelation:
    def test_kept_and_sent_back(self, api: httpx2.Client) -> None:
        given = uuid4().hex
        answer = api.post(
            "/v1/tasks",
            json={"operation": "probe.echo", "args": {"text": "hi"}},
            headers={"Correlation-ID": given, "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"},
        )
        assert answer.headers["correlation-id"] == answer.json()["correlation_id"] == given
        found = api.get("/v1/tasks", params={"correlation_id": given}).json()["items"]
        assert [task["id"] for task in found] == [answer.json()["id"]]

    def test_sent_back_with_an_error_too(self, api: httpx2.Client) -> None:
        assert api.get("/nowhere", headers={"Correlation-ID": "abc"}).headers["correlation-id"] == "abc"

    def test_a_trace_correlates(self, api: httpx2.Client) -> None:
        trace = uuid4().hex
        answer = api.post(
            "/v1/tasks",
            json={"operation": "probe.echo", "args": {"text": "hi"}},
            headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
        )
        assert answer.json()["correlation_id"] == trace


class TestGet:
    def test_by_id_and_by_number(self, api: httpx2.Client) -> None:
        task = submit(api)
        by_number = api.get(f"/v1/tasks/{task['number']}")
        assert by_number.json() == api.get(f"/v1/tasks/{task['id']}").json()
        assert by_number.headers["etag"] == f'"{task["version"]}"'
        assert "retry-after" not in by_number.headers

    def test_a_failure_is_no_error_of_the_request(self, api: httpx2.Client) -> None:
        task = submit(api, "probe.fail", args={"message": "disk full"})
        answer = api.get(f"/v1/tasks/{task['id']}")
        assert answer.status_code == 200
        assert answer.json()["state"] == "failed"
        assert (answer.json()["error"]["type"], answer.json()["error"]["message"]) == ("ValueError", "disk full")

    def test_not_modified(self, api: httpx2.Client) -> None:
        task = submit(api)
        etag = api.get(f"/v1/tasks/{task['id']}").headers["etag"]
        for tag in (etag, f"W/{etag}", f'"0", {etag}', "*"):
            answer = api.get(f"/v1/tasks/{task['id']}", headers={"If-None-Match": tag})
            assert (answer.status_code, answer.content) == (304, b"")
        assert api.get(f"/v1/tasks/{task['id']}", headers={"If-None-Match": '"0"'}).status_code == 200

    def test_a_long_poll_for_the_end(self, api: httpx2.Client) -> None:
        task = submit(api, "probe.stubborn", wait=None, args={"seconds": 0.3})
        answer = api.get(f"/v1/tasks/{task['id']}", headers={"Prefer": "wait=10"})
        assert (answer.json()["state"], answer.headers["preference-applied"]) == ("completed", "wait=10")

    def test_a_long_poll_for_the_next_change(self, api: httpx2.Client, endless: Json) -> None:
        headers = {"Prefer": "wait=10", "If-None-Match": f'"{endless["version"]}"'}
        timer = threading.Timer(0.3, api.post, (f"/v1/tasks/{endless['id']}:cancel",))
        timer.start()
        began = time.monotonic()
        answer = api.get(f"/v1/tasks/{endless['id']}", headers=headers)
        assert answer.status_code == 200
        assert 0.2 < time.monotonic() - began < 5
        assert answer.json()["version"] > endless["version"]
        timer.join()

    def test_a_long_poll_that_saw_nothing(self, api: httpx2.Client, external: Json) -> None:
        headers = {"Prefer": "wait=1", "If-None-Match": f'"{external["version"]}"'}
        answer = api.get(f"/v1/tasks/{external['id']}", headers=headers)
        assert answer.status_code == 304
        assert api.get(f"/v1/tasks/{external['id']}").headers["retry-after"]

    def test_head(self, api: httpx2.Client) -> None:
        task = submit(api)
        answer = api.head(f"/v1/tasks/{task['id']}")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["etag"]

    def test_what_was_removed_is_gone(self, api: httpx2.Client) -> None:
        task = submit(api)
        assert api.delete(f"/v1/tasks/{task['id']}").status_code == 204
        assert is_problem(api.get(f"/v1/tasks/{task['id']}"), 410)["type"].endswith("/problems/gone")

    def test_a_wait_sees_the_end_of_what_is_forgotten_at_once(self, api: httpx2.Client) -> None:
        answer = api.post("/v1/tasks", json={"operation": "brief.nothing"}, headers={"Prefer": "wait=10"})
        assert answer.status_code == 200
        assert answer.json()["state"] == "completed"


@pytest.fixture(scope="module")
def labeled(api: httpx2.Client) -> tuple[str, list[Json]]:
    """A label, and five tasks that have it, oldest first."""
    label = uuid4().hex
    tasks = [
        submit(api, labels={"batch": label, "n": str(number)}, args={"text": f"needle-{label}-{number}"})
        for number in range(4)
    ]
    tasks.append(submit(api, "probe.fail", labels={"batch": label}, persist=True))
    return label, tasks


class TestList:
    def ids(self, api: httpx2.Client, **params: Any) -> list[str]:
        answer = api.get("/v1/tasks", params=params)
        assert answer.status_code == 200, answer.text
        return [task["id"] for task in answer.json()["items"]]

    def test_pages_hold_all_once(self, api: httpx2.Client, labeled: tuple[str, list[Json]]) -> None:
        label, tasks = labeled
        for sort in ("-created", "created"):
            url: str | None = f"/v1/tasks?label=batch:{label}&limit=2&sort={sort}"
            seen: list[str] = []
            pages = 0
            while url:
                answer = api.get(url)
                seen += [task["id"] for task in answer.json()["items"]]
                pages += 1
                link = answer.headers.get("link")
                assert (link is None) == (answer.json()["next"] is None)
                found = re.fullmatch(r'<(.+)>; rel="next"', link) if link else None
                url = found[1] if found else None
            expected = [task["id"] for task in tasks]
            assert seen == (expected if sort == "created" else expected[::-1])
            assert pages >= 3

    @pytest.mark.parametrize(
        ("params", "numbers"),
        [
            ({"state": "failed"}, [4]),
            ({"state": ["failed", "completed"]}, [4, 3, 2, 1, 0]),
            ({"state": "running"}, []),
            ({"module": "probe"}, [4, 3, 2, 1, 0]),
            ({"module": "brief"}, []),
            ({"operation": "probe.fail"}, [4]),
            ({"label": "n:2"}, [2]),
            ({"queue": "default"}, [4, 3, 2, 1, 0]),
            ({"queue": "other"}, []),
            ({"roots": "true"}, [4, 3, 2, 1, 0]),
            ({"created_since": "2999-01-01T00:00:00Z"}, []),
            ({"created_before": "2999-01-01T00:00:00Z", "started_since": "2020-01-01T00:00:00Z"}, [4, 3, 2, 1, 0]),
            ({"finished_before": "2020-01-01T00:00:00+05:30"}, []),
            ({"parent": UUID4}, []),
            ({"root": "9999999"}, []),
            ({"client": "nobody"}, []),
            ({"resource": "none"}, []),
            ({"pool": "none"}, []),
            ({"worker": "none"}, []),
        ],
    )
    def test_filters(
        self, params: Json, numbers: list[int], api: httpx2.Client, labeled: tuple[str, list[Json]]
    ) -> None:
        label, tasks = labeled
        conditions = params | {"label": [f"batch:{label}", *([params["label"]] if "label" in params else [])]}
        assert self.ids(api, **conditions) == [tasks[number]["id"] for number in numbers]

    def test_text(self, api: httpx2.Client, labeled: tuple[str, list[Json]]) -> None:
        label, tasks = labeled
        assert self.ids(api, text=f"NEEDLE-{label}-3") == [tasks[3]["id"]]

    def test_children_by_parent_and_root(self, api: httpx2.Client) -> None:
        root = submit(api, "probe.family")
        children = self.ids(api, parent=root["id"], sort="created")
        assert len(children) == 2
        assert self.ids(api, parent=root["number"], sort="created") == children
        assert set(children) <= set(self.ids(api, root=root["id"]))


class TestBelow:
    def test_tree(self, api: httpx2.Client) -> None:
        root = submit(api, "probe.family", args={"children": 3})
        assert root["result"] == 3
        tree = api.get(f"/v1/tasks/{root['id']}/tree").json()
        assert [node["depth"] for node in tree["nodes"]] == [0, 1, 1, 1, 1]
        assert tree["nodes"][0]["id"] == root["id"]
        assert {node["name"] for node in tree["nodes"] if node["folded"]} == {"prepare"}
        assert not tree["truncated"]
        alone = api.get(f"/v1/tasks/{root['id']}/tree", params={"depth": 0}).json()
        assert len(alone["nodes"]) == 1
        cut = api.get(f"/v1/tasks/{root['id']}/tree", params={"limit": 2}).json()
        assert (len(cut["nodes"]), cut["truncated"]) == (2, True)

    def test_why_a_task_waits(self, api: httpx2.Client) -> None:
        name = uuid4().hex
        holder = until(api, submit(api, "probe.locked", wait=None, args={"name": name}), "running")
        waiting = submit(api, "probe.locked", wait=None, args={"name": name})
        why = api.get(f"/v1/tasks/{waiting['id']}/why").json()
        assert (why["state"], why["waiting"]) == ("blocked", True)
        assert [obstacle["gate"] for obstacle in why["obstacles"]] == ["resources"]
        assert f"lock:{name}" in json.dumps(why["obstacles"])
        assert api.get(f"/v1/tasks/{holder['id']}/why").json()["waiting"] is False
        for task in (waiting, holder):
            api.post(f"/v1/tasks/{task['id']}:cancel")

    def test_reports(self, api: httpx2.Client, endless: Json) -> None:
        reports: list[Json] = []
        while not reports:
            reports = api.get(f"/v1/tasks/{endless['id']}/reports").json()["items"]
        assert [(report["code"], report["done"], report["total"]) for report in reports] == [("started", 1, 2)]

    def test_logs(self, api: httpx2.Client, external: Json) -> None:
        url = f"/v1/tasks/{external['id']}/logs"
        lines = [
            {"message": f"line {number}", "severity": severity, "fields": {"n": number, "api_key": "0123456789abcdef"}}
            for number, severity in enumerate(["debug", "info", "error"])
        ]
        assert api.post(url, json={"lines": lines}).status_code == 204
        page = api.get(url, params={"limit": 2})
        assert [line["message"] for line in page.json()["items"]] == ["line 0", "line 1"]
        rest = api.get(page.headers["link"][1:].partition(">")[0])
        assert [line["message"] for line in rest.json()["items"]] == ["line 2"]
        assert rest.json()["next"] is None
        [worst] = api.get(url, params={"severity": "warning"}).json()["items"]
        assert (worst["severity"], worst["source"]) == ("error", "external")
        assert worst["fields"] == {"n": 2, "api_key": "****cdef"}


class TestSteering:
    def test_cancel(self, api: httpx2.Client, endless: Json) -> None:
        url = f"/v1/tasks/{endless['id']}"
        preview = api.get(f"{url}/cancel-preview").json()["items"]
        assert [task["id"] for task in preview] == [endless["id"]]
        answer = api.post(f"{url}:cancel", json={"reason": "no longer needed"})
        assert answer.status_code == 202
        assert answer.json()["state"] == "canceling"
        assert answer.headers["retry-after"]
        assert until(api, answer.json(), "canceled")["error"] is not None
        again = api.post(f"{url}:cancel")
        assert (again.status_code, again.json()["state"]) == (200, "canceled")
        assert api.get(f"{url}/cancel-preview").json()["items"] == []

    def test_cancel_what_waits(self, api: httpx2.Client) -> None:
        task = submit(api, wait=None, queue="nobody-serves-it")
        answer = api.post(f"/v1/tasks/{task['number']}:cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "canceled")

    def test_cancel_by_patch(self, api: httpx2.Client) -> None:
        task = submit(api, wait=None, queue="nobody-serves-it")
        answer = api.patch(f"/v1/tasks/{task['id']}", json={"state": "canceled"})
        assert (answer.status_code, answer.json()["state"]) == (200, "canceled")

    def test_what_has_ended_otherwise_is_shown(self, api: httpx2.Client) -> None:
        task = submit(api)
        for verb in ("cancel", "pause", "resume"):
            problem = is_problem(api.post(f"/v1/tasks/{task['id']}:{verb}"), 409)
            assert problem["type"].endswith("/problems/illegal-transition")
            assert (problem["task"]["id"], problem["task"]["state"]) == (task["id"], "completed")

    def test_what_is_not_abortable(self, api: httpx2.Client) -> None:
        task = until(api, submit(api, "probe.stubborn", wait=None, args={"seconds": 1}), "running")
        problem = is_problem(api.post(f"/v1/tasks/{task['id']}:cancel"), 409)
        assert problem["type"].endswith("/problems/not-abortable")

    def test_pause_and_resume(self, api: httpx2.Client) -> None:
        task = submit(api, wait=None, paused=True)
        assert task["state"] == "paused"
        resumed = api.post(f"/v1/tasks/{task['id']}:resume")
        assert resumed.status_code == 200
        assert until(api, resumed.json(), "completed")
        held = submit(api, wait=None, queue="nobody-serves-it")
        paused = api.post(f"/v1/tasks/{held['id']}:pause")
        assert (paused.status_code, paused.json()["state"]) == (200, "paused")

    def test_rerun_supersedes(self, api: httpx2.Client) -> None:
        args = {"text": "again", "password": "correct horse battery"}
        task = submit(api, args=args, labels={"a": "b"}, priority=3, name="Named")
        answer = api.post(f"/v1/tasks/{task['id']}:rerun")
        new = answer.json()
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/v1/tasks/{new['id']}"
        assert new["rerun_of"] == task["id"] != new["id"]
        assert (new["labels"], new["priority"], new["name"]) == ({"a": "b"}, 3, "Named")
        old = api.get(f"/v1/tasks/{task['id']}").json()
        assert old["superseded_by"] == new["id"]
        # The worker got the secret itself, not what readers see of it: both results are masked alike.
        assert until(api, new, "completed")["result"] == task["result"]

    def test_persist(self, api: httpx2.Client) -> None:
        task = submit(api)
        assert task["expires_at"] is not None
        kept = api.post(f"/v1/tasks/{task['id']}:persist").json()
        assert (kept["persist"], kept["expires_at"]) == (True, None)

    def test_change_while_it_waits(self, api: httpx2.Client) -> None:
        task = submit(api, wait=None, run_at="2999-01-01T00:00:00Z", labels={"old": "1"})
        patch = {"priority": 1, "labels": {"new": "2"}, "run_at": "2998-01-01T00:00:00Z", "persist": True}
        answer = api.patch(f"/v1/tasks/{task['id']}", json=patch)
        changed = answer.json()
        assert answer.status_code == 200
        assert {name: changed[name] for name in patch} == patch
        assert answer.headers["etag"] == f'"{changed["version"]}"' != f'"{task["version"]}"'

    def test_change_only_what_was_seen(self, api: httpx2.Client) -> None:
        task = submit(api, wait=None, run_at="2999-01-01T00:00:00Z")
        url = f"/v1/tasks/{task['id']}"
        etag = f'"{task["version"]}"'
        assert api.patch(url, json={"priority": 1}, headers={"If-Match": etag}).status_code == 200
        problem = is_problem(api.patch(url, json={"priority": 2}, headers={"If-Match": etag}), 412)
        assert problem["task"]["priority"] == 1
        current = api.get(url).headers["etag"]
        assert api.patch(url, json={"priority": 2}, headers={"If-Match": f'"0", {current}'}).status_code == 200
        assert api.patch(url, json={"priority": 3}, headers={"If-Match": "*"}).status_code == 200
        assert is_problem(api.patch(url, json={"priority": 2}, headers={"If-Match": '"x", "y"'}), 412)
        assert is_problem(api.patch(url, json={"state": "canceled"}, headers={"If-Match": etag}), 412)
        assert api.get(url).json()["state"] == "scheduled"
        current = api.get(url).headers["etag"]
        assert api.patch(url, json={"state": "canceled"}, headers={"If-Match": current}).json()["state"] == "canceled"

    def test_a_gate_is_set_and_cleared(self, api: httpx2.Client) -> None:
        task = submit(api, wait=None, run_at="2999-01-01T00:00:00Z")
        url = f"/v1/tasks/{task['id']}"
        assert api.patch(url, json={"gate": "https://example.org/ready"}).json()["gate"] == "https://example.org/ready"
        secret = {"gate": "https://ann:correcthorse@example.org/ready?token=abcdefghijklmnop"}
        masked = "https://ann:****orse@example.org/ready?token=****mnop"
        assert api.patch(url, json=secret).json()["gate"] == masked
        [obstacle] = [one for one in api.get(f"{url}/why").json()["obstacles"] if one["gate"] == "gate"]
        assert (obstacle["detail"], obstacle["facts"]) == (
            f"until {masked} answers 2xx or 3xx",
            {"url": masked, "said": None},
        )
        assert api.patch(url, json={"gate": None}).json()["gate"] is None

    def test_priority_cannot_change_once_it_runs(self, api: httpx2.Client, endless: Json) -> None:
        problem = is_problem(api.patch(f"/v1/tasks/{endless['id']}", json={"priority": 1}), 409)
        assert problem["task"]["id"] == endless["id"]

    def test_what_runs_cannot_be_forgotten_or_rerun(self, api: httpx2.Client, endless: Json) -> None:
        assert is_problem(api.delete(f"/v1/tasks/{endless['id']}"), 409)["task"]["state"] == "running"
        assert is_problem(api.post(f"/v1/tasks/{endless['id']}:rerun"), 409)["task"]["state"] == "running"


class TestOutsideWork:
    def test_its_life(self, api: httpx2.Client, external: Json) -> None:
        assert (external["kind"], external["state"], external["module"]) == ("external", "running", "backup")
        url = f"/v1/tasks/{external['id']}"
        told = api.post(f"{url}/progress", json={"done": 3, "total": 10, "unit": "files", "message": "on it"})
        assert told.json()["progress"] == {"done": 3, "total": 10, "unit": "files", "message": "on it"}
        assert api.post(f"{url}/progress", json={"code": "upload", "done": 1}).status_code == 200
        assert [report["code"] for report in api.get(f"{url}/reports").json()["items"]] == ["upload"]
        ended = api.post(f"{url}:finish", json={"state": "completed", "result": {"files": 10}})
        assert ended.status_code == 200
        assert (ended.json()["state"], ended.json()["result"]) == ("completed", {"files": 10})
        assert is_problem(api.post(f"{url}:finish", json={"state": "failed"}), 409)["task"]["state"] == "completed"
        assert is_problem(api.post(f"{url}/progress", json={"done": 4}), 409)["task"]["state"] == "completed"

    def test_its_failure(self, api: httpx2.Client, external: Json) -> None:
        ended = api.post(f"/v1/tasks/{external['id']}:finish", json={"state": "failed", "error": "disk full"})
        assert ended.json()["error"]["message"] == "disk full"

    def test_cancel_ends_it(self, api: httpx2.Client, external: Json) -> None:
        answer = api.post(f"/v1/tasks/{external['id']}:cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "canceled")

    def test_a_workers_task_is_reported_by_its_worker(self, api: httpx2.Client, endless: Json) -> None:
        url = f"/v1/tasks/{endless['id']}"
        for path, body in ((":finish", {"state": "completed"}), ("/progress", {"done": 1})):
            assert "worker" in is_problem(api.post(f"{url}{path}", json=body), 409)["detail"]
        assert is_problem(api.post(f"{url}/logs", json={"lines": [{"message": "x"}]}), 409)

    def test_it_cannot_be_rerun(self, api: httpx2.Client, external: Json) -> None:
        api.post(f"/v1/tasks/{external['id']}:finish", json={"state": "completed"})
        assert is_problem(api.post(f"/v1/tasks/{external['id']}:rerun"), 409)


class TestMany:
    def test_wait_for_some(self, api: httpx2.Client) -> None:
        tasks = [submit(api, "probe.stubborn", wait=None, args={"seconds": 0.2}) for _ in range(3)]
        ids = [task["id"] for task in reversed(tasks)]
        waited = api.post("/v1/tasks:wait", json={"ids": [*ids, ids[0]], "timeout_seconds": 10}).json()
        assert waited["done"] is True
        assert [task["id"] for task in waited["items"]] == ids
        assert {task["state"] for task in waited["items"]} == {"completed"}

    def test_a_wait_that_was_too_short(self, api: httpx2.Client, endless: Json) -> None:
        ended = submit(api)
        body = {"ids": [ended["id"], endless["id"]], "timeout_seconds": 0.1}
        waited = api.post("/v1/tasks:wait", json=body).json()
        assert waited["done"] is False
        assert [task["state"] for task in waited["items"]] == ["completed", "running"]

    def test_wait_for_all_that_match(self, api: httpx2.Client, endless: Json) -> None:
        label = uuid4().hex
        for _ in range(3):
            submit(api, "probe.stubborn", wait=None, args={"seconds": 0.2}, labels={"batch": label})
        body = {"labels": {"batch": label}, "timeout_seconds": 10}
        assert api.post("/v1/tasks:wait", json=body).json() == {"done": True, "items": []}
        body = {"operation": "probe.endless", "labels": endless["labels"], "timeout_seconds": 0}
        waited = api.post("/v1/tasks:wait", json=body).json()
        assert waited["done"] is False
        assert [task["id"] for task in waited["items"]] == [endless["id"]]

    def test_a_wait_for_none_is_over_at_once(self, api: httpx2.Client, endless: Json) -> None:
        assert api.post("/v1/tasks:wait", json={"ids": []}).json() == {"done": True, "items": []}

    def test_wait_for_one_there_is_not(self, api: httpx2.Client) -> None:
        is_problem(api.post("/v1/tasks:wait", json={"ids": [UUID4]}), 404)

    def test_purge(self, api: httpx2.Client) -> None:
        task = submit(api, "probe.fail")
        kept = submit(api, "probe.fail", persist=True)
        body = {"states": ["failed"], "operation": "probe.fail"}
        assert api.post("/v1/tasks:purge", json=body).json()["removed"] >= 1
        assert api.get(f"/v1/tasks/{task['id']}").status_code == 410
        assert api.get(f"/v1/tasks/{kept['id']}").status_code == 200
        assert api.post("/v1/tasks:purge", json=body).json()["removed"] == 0


class TestHouse:
    def test_modules_and_operations(self, api: httpx2.Client) -> None:
        modules = {module["name"]: module for module in api.get("/v1/modules").json()["items"]}
        assert modules["probe"]["description"] == "Operations for tests"
        assert modules["brief"]["ttl_seconds"] == 0
        operations = {operation["name"]: operation for operation in api.get("/v1/operations").json()["items"]}
        assert operations["probe.echo"]["workers"] == 1
        echo = api.get("/v1/operations/probe.echo").json()
        assert echo["description"] == "Gives back what it was given."
        assert echo["schema"]["required"] == ["text"]
        assert "did you mean probe.echo" in is_problem(api.get("/v1/operations/probe.ecko"), 404)["detail"]

    def test_workers(self, api: httpx2.Client) -> None:
        [worker] = api.get("/v1/workers").json()["items"]
        assert (worker["state"], worker["queues"], worker["concurrency"]) == ("online", ["default"], 100)
        assert api.get(f"/v1/workers/{worker['id']}").json()["name"] == worker["name"]
        for name in (UUID4, "nobody"):
            is_problem(api.get(f"/v1/workers/{name}"), 404)

    def test_a_paused_queue_keeps_its_tasks(self, api: httpx2.Client) -> None:
        assert api.patch("/v1/queues/default", json={"paused": True}).json()["paused"] is True
        try:
            task = submit(api, wait=1)
            assert task["state"] == "queued"
            queues = {queue["name"]: queue for queue in api.get("/v1/queues").json()["items"]}
            assert queues["default"]["paused"] is True
            assert queues["default"]["queued"] >= 1
            gates = [obstacle["gate"] for obstacle in api.get(f"/v1/tasks/{task['id']}/why").json()["obstacles"]]
            assert gates
        finally:
            assert api.patch("/v1/queues/default", json={"paused": False}).json()["paused"] is False
        assert until(api, task, "completed")

    def test_pools(self, api: httpx2.Client) -> None:
        made = api.put("/v1/pools/small", json={"limit": 1})
        assert (made.status_code, made.json()["limit"], made.json()["threshold"]) == (201, 1, 5)
        changed = api.put("/v1/pools/small", json={"limit": 2, "reserved": 1, "threshold": 3})
        assert (changed.status_code, changed.json()["reserved"]) == (200, 1)
        assert [pool["name"] for pool in api.get("/v1/pools").json()["items"]] == ["small"]
        task = until(api, submit(api, "probe.endless", wait=None, pool="small"), "running")
        assert api.get("/v1/pools/small").json()["running"] == 1
        is_problem(api.delete("/v1/pools/small"), 409)
        api.post(f"/v1/tasks/{task['id']}:cancel")
        until(api, task, "canceled")
        assert api.delete("/v1/pools/small").status_code == 204
        is_problem(api.delete("/v1/pools/small"), 404)
        is_problem(api.get("/v1/pools/small"), 404)

    def test_schedules(self, api: httpx2.Client) -> None:
        body = {"operation": "probe.echo", "args": {"text": "tick"}, "every_seconds": 3600, "labels": {"by": "clock"}}
        made = api.put("/v1/schedules/hourly", json=body)
        assert (made.status_code, made.json()["every_seconds"], made.json()["active"]) == (201, 3600, True)
        assert made.json()["next_at"] is not None
        assert api.put("/v1/schedules/hourly", json=body).json()["next_at"] == made.json()["next_at"]
        run = api.post("/v1/schedules/hourly:run")
        assert run.status_code == 202
        assert run.json()["labels"] == {"by": "clock", "schedule": "hourly"}
        quiet = api.put("/v1/schedules/hourly", json=body | {"active": False})
        assert (quiet.status_code, quiet.json()["next_at"]) == (200, None)
        cron = {
            "operation": "probe.echo",
            "args": {"text": "tick"},
            "cron": "30 4 * * 1-5",
            "timezone": "Europe/Berlin",
        }
        assert api.put("/v1/schedules/nightly", json=cron).status_code == 201
        assert [each["name"] for each in api.get("/v1/schedules").json()["items"]] == ["hourly", "nightly"]
        assert api.get("/v1/schedules/nightly").json()["cron"] == "30 4 * * 1-5"
        for name in ("hourly", "nightly"):
            assert api.delete(f"/v1/schedules/{name}").status_code == 204
        for answer in (api.get("/v1/schedules/hourly"), api.post("/v1/schedules/hourly:run")):
            is_problem(answer, 404)
        is_problem(api.delete("/v1/schedules/hourly"), 404)

    def test_a_schedule_tells_when_it_ticks_and_can_be_held(self, api: httpx2.Client) -> None:
        body = {"operation": "probe.echo", "args": {"text": "hi"}, "cron": "30 4 * * 1-5", "timezone": "Europe/Berlin"}
        made = api.put("/v1/schedules/weekdays", json=body).json()
        assert made["in_words"] == "At 04:30 on Monday through Friday, Europe/Berlin"
        assert made["next_ticks"][0] == made["next_at"]
        assert made["next_ticks"] == sorted(set(made["next_ticks"]))
        assert len(made["next_ticks"]) == 5
        held = api.patch("/v1/schedules/weekdays", json={"active": False}).json()
        assert (held["active"], held["next_at"], held["next_ticks"]) == (False, None, [])
        again = api.patch("/v1/schedules/weekdays", json={"active": True}).json()
        assert (again["active"], again["next_ticks"]) == (True, made["next_ticks"])
        preview = api.post("/v1/schedules:preview", json={"every_seconds": 900}).json()
        assert preview["in_words"] == "Every 15 minutes"
        assert len(preview["next_ticks"]) == 5
        refused = is_problem(api.post("/v1/schedules:preview", json={"cron": "61 * * * *"}), 422)
        assert refused["errors"][0]["pointer"] == "#/cron"
        assert api.delete("/v1/schedules/weekdays").status_code == 204
        is_problem(api.patch("/v1/schedules/weekdays", json={"active": True}), 404)

    def test_a_schedule_ticks(self, api: httpx2.Client) -> None:
        body = {"operation": "probe.echo", "args": {"text": "tick"}, "every_seconds": 1, "first_in_seconds": 0}
        with api.stream("GET", "/v1/events") as events:
            api.put("/v1/schedules/quick", json=body)
            try:
                for line in events.iter_lines():
                    if line.startswith("data:") and '"probe.echo"' in line:
                        break
            finally:
                api.delete("/v1/schedules/quick")

    def test_settings(self, api: httpx2.Client) -> None:
        settings = {setting["name"]: setting for setting in api.get("/v1/settings").json()["items"]}
        assert settings["task_ttl"]["value"] == settings["task_ttl"]["default"] == "604800"
        assert settings["task_ttl"]["source"] == "default"
        changed = api.put("/v1/settings/task_ttl", json={"value": "1h30m"})
        assert (changed.json()["value"], changed.json()["source"]) == ("5400", "set")
        task = submit(api)
        finished, expires = (task[name].replace("Z", "+00:00") for name in ("finished_at", "expires_at"))
        assert expires[:10] >= finished[:10]
        assert api.delete("/v1/settings/task_ttl").status_code == 204
        assert api.get("/v1/settings/task_ttl").json()["value"] == "604800"
        for call in (api.get, api.delete):
            assert "did you mean task_ttl" in is_problem(call("/v1/settings/tasks_ttl"), 404)["detail"]

    def test_stats(self, api: httpx2.Client) -> None:
        before = api.get("/v1/stats").json()["states"].get("completed", 0)
        submit(api)
        stats = api.get("/v1/stats").json()
        assert stats["states"]["completed"] > before
        assert stats["operations"]["probe.echo"]["completed"] > 0
        assert stats["queues"]["default"]["completed"] > 0
        assert stats["workers"] == 1
        assert stats["version"]

    def test_probes_and_metrics_need_no_credential(self, server: Server, api: httpx2.Client) -> None:
        submit(api)
        with server.client("") as nobody:
            assert nobody.get("/healthz").json() == {"status": "ok"}
            assert nobody.get("/readyz").json() == {"status": "ready"}
            metrics = nobody.get("/metrics").text
        assert 'taskward_tasks{operation="probe.echo",state="completed"}' in metrics
        assert 'taskward_workers{state="online"} 1.0' in metrics
        assert 'taskward_queue_depth{queue="default"}' in metrics
        assert re.search(
            r'taskward_http_request_seconds_count\{method="POST",route="/v1/tasks",status="200"\} \d', metrics
        )

    def test_documentation_needs_no_network(self, server: Server) -> None:
        with server.client("") as nobody:
            page = nobody.get("/v1/docs")
            assert page.headers["content-type"].startswith("text/html")
            assert "://" not in page.text
            document = nobody.get("/v1/openapi.json").json()
            assert document["openapi"] == "3.1.0"
            kinds = {
                name: nobody.get(f"/v1/problems/{name}").json()["status"]
                for name in ("not-found", "key-reused", "malformed", "version-mismatch")
            }
        assert kinds == {"not-found": 404, "key-reused": 422, "malformed": 400, "version-mismatch": 412}


class TestBadInput:
    """Each refusal: its status, where it points, and a word of what would be right."""

    @pytest.mark.parametrize(
        ("body", "pointer", "words"),
        [
            ({}, "#/operation", "required"),
            ({"operation": ""}, "#/operation", "length >= 1"),
            ({"operation": 1}, "#/operation", "str"),
            ({"operation": "probe.ecko"}, "#/operation", "did you mean probe.echo"),
            ({"operation": "x"}, "#/operation", "no operation x"),
            ({"operation": "probe.echo"}, "#/args/text", "required"),
            ({"operation": "probe.echo", "args": {"text": 1}}, "#/args/text", "str"),
            ({"operation": "probe.echo", "args": {"text": "a", "styl": 1}}, "#/args/styl", "did you mean style"),
            ({"operation": "probe.echo", "args": {"text": "a", "style": "x"}}, "#/args/style", "plain"),
            ({"operation": "probe.echo", "args": []}, "#/args", "object"),
            ({"operation": "probe.echo", "prio": 1}, "#/prio", "did you mean priority"),
            ({"operation": "probe.echo", "priority": 11}, "#/priority", "<= 10"),
            ({"operation": "probe.echo", "priority": "1"}, "#/priority", "int"),
            ({"operation": "probe.echo", "labels": {"a": 1}}, "#/labels", "str"),
            ({"operation": "probe.echo", "labels": {"": "a"}}, "#/labels", "at least one"),
            ({"operation": "probe.echo", "run_at": "tomorrow"}, "#/run_at", "rfc3339"),
            ({"operation": "probe.echo", "run_at": "2030-01-01T00:00:00"}, "#/run_at", "timezone"),
            ({"operation": "probe.echo", "run_at": "9999-12-31T23:59:59-10:00"}, "#/run_at", "years 1970 and 9000"),
            ({"operation": "probe.echo", "gate": "ftp://x"}, "#/gate", "http or https"),
            ({"operation": "probe.echo", "gate": "http://[x"}, "#/gate", "http or https"),
            ({"operation": "probe.echo", "depends_on": ["x"]}, "#/depends_on/0", "UUID"),
            ({"operation": "probe.echo", "depends_on": [UUID4]}, "#/depends_on/0", "no task"),
            ({"operation": "probe.echo", "parent_id": UUID4}, "#/parent_id", "no task"),
            ({"operation": "probe.echo", "key": "k"}, "#/key", "parent_id"),
            ({"operation": "probe.echo", "args": {"text": "a"}, "pool": "nope"}, "#/pool", "no pool"),
            ({"operation": "probe.echo", "resources": [{"name": ""}]}, "#/resources/0/name", "length >= 1"),
            ({"operation": "probe.echo", "timeout_seconds": 0}, "#/timeout_seconds", "> 0"),
            ({"operation": "probe.echo", "timeout_seconds": 1e300}, "#/timeout_seconds", "hundred years"),
            ({"operation": "probe.echo", "retry": {"limit": -1}}, "#/retry/limit", ">= 0"),
            ({"operation": "probe.echo", "retry": {"limit": 10**30}}, "#/retry/limit", "<= 1000000"),
            ({"operation": "probe.echo", "state": "completed"}, "#/state", "running"),
            ({"operation": "probe.echo", "state": "done"}, "#/state", "scheduled"),
            ({"operation": "probe.echo", "abortable": False}, "#/abortable", "outside"),
            ({"operation": "x.y", "state": "running", "gate": "http://x/"}, "#/gate", "outside"),
            ({"operation": "x.y", "state": "running", "paused": True}, "#/paused", "outside"),
            ({"tasks": []}, "#/tasks", "length >= 1"),
            ({"tasks": [{"operation": "probe.echo", "x": 1}]}, "#/tasks/0/x", "not known"),
            ({"tasks": [{"operation": "probe.echo", "args": {"text": "a"}}] * 1001}, "#/tasks", "length <= 1000"),
            ([], "#", "object"),
        ],
    )
    def test_submissions(self, body: Any, pointer: str, words: str, api: httpx2.Client) -> None:
        problem = is_problem(api.post("/v1/tasks", json=body), 422)
        [error] = problem["errors"]
        assert error["pointer"] == pointer
        assert words.lower() in error["detail"].lower()

    @pytest.mark.parametrize(
        ("content", "status"),
        [
            (b"", 400),
            (b"{", 400),
            (b"nope", 400),
            (b'{"operation": "\xff"}', 400),
            (b'{"operation": "a\\u0000b"}', 400),
            (b'{"operation": "\\ud800"}', 400),
            (b'{"operation": "probe.echo", "args": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, 400),
            (b'{"operation": "probe.echo", "priority": ' + b"9" * 5000 + b"}", 422),
        ],
        ids=range(8),
    )
    def test_what_is_not_json(self, content: bytes, status: int, api: httpx2.Client) -> None:
        is_problem(api.post("/v1/tasks", content=content, headers={"Content-Type": "application/json"}), status)

    def test_too_long(self, api: httpx2.Client) -> None:
        is_problem(
            api.post("/v1/tasks", content=b" " * (17 * 1024 * 1024), headers={"Content-Type": "application/json"}), 413
        )

    @pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
    def test_another_media_type(self, media: str, api: httpx2.Client) -> None:
        headers = {"Content-Type": media} if media else {}
        problem = is_problem(api.post("/v1/tasks", content=b'{"operation": "probe.echo"}', headers=headers), 415)
        assert "application/json" in problem["detail"]

    @pytest.mark.parametrize(
        ("query", "name", "words"),
        [
            ("stat=running", "stat", "did you mean state"),
            ("state=runing", "state", "scheduled"),
            ("limit=0", "limit", ">= 1"),
            ("limit=501", "limit", "<= 500"),
            ("limit=ten", "limit", "int"),
            ("limit=1&limit=2", "limit", "once"),
            ("sort=name", "sort", "-created"),
            ("after=nonsense", "after", "cursor"),
            ("label=x", "label", "name:value"),
            ("label=:x", "label", "name:value"),
            ("created_since=yesterday", "created_since", "rfc3339"),
            ("created_since=2020-01-01T00:00:00", "created_since", "timezone"),
            ("finished_before=0001-01-01T00:00:00Z", "finished_before", "1970"),
            ("roots=maybe", "roots", "bool"),
            ("text=%00", "text", "U+0000"),
            ("text=" + "x" * 501, "text", "length <= 500"),
        ],
    )
    def test_filters(self, query: str, name: str, words: str, api: httpx2.Client) -> None:
        problem = is_problem(api.get(f"/v1/tasks?{query}"), 400)
        [error] = problem["errors"]
        assert error["pointer"] == name
        assert words.lower() in error["detail"].lower()

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/tasks/{}"),
            ("GET", "/v1/tasks/{}/tree"),
            ("GET", "/v1/tasks/{}/why"),
            ("GET", "/v1/tasks/{}/logs"),
            ("GET", "/v1/tasks/{}/logs?follow=true"),
            ("GET", "/v1/tasks/{}/events"),
            ("GET", "/v1/tasks/{}/reports"),
            ("GET", "/v1/tasks/{}/cancel-preview"),
            ("POST", "/v1/tasks/{}:cancel"),
            ("POST", "/v1/tasks/{}:pause"),
            ("POST", "/v1/tasks/{}:resume"),
            ("POST", "/v1/tasks/{}:rerun"),
            ("POST", "/v1/tasks/{}:persist"),
            ("DELETE", "/v1/tasks/{}"),
        ],
    )
    @pytest.mark.parametrize("ref", [UUID4, "999999999", "9" * 30, "abc", "-1", "a%00b"])
    def test_no_such_task(self, ref: str, method: str, path: str, api: httpx2.Client) -> None:
        problem = is_problem(api.request(method, path.format(ref)), 404)
        assert "no " in problem["detail"]

    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "pointer", "words"),
        [
            ("PATCH", "/v1/tasks/{}", {"priority": 0}, 422, "#/priority", ">= 1"),
            ("PATCH", "/v1/tasks/{}", {"state": "paused"}, 422, "#/state", ":pause"),
            ("PATCH", "/v1/tasks/{}", {"state": "canceled", "priority": 1}, 422, "#/priority", "together"),
            ("PATCH", "/v1/tasks/{}", {"gate": "x"}, 422, "#/gate", "http"),
            ("PATCH", "/v1/tasks/{}", {"id": 1}, 422, "#/id", "not known"),
            ("POST", "/v1/tasks/{}:cancel", {"reson": "x"}, 422, "#/reson", "did you mean reason"),
            ("POST", "/v1/tasks/{}:finish", {"state": "running"}, 422, "#/state", "completed"),
            ("POST", "/v1/tasks/{}:finish", {"state": "completed", "error": "x"}, 422, "#/error", "failed"),
            ("POST", "/v1/tasks/{}:finish", {}, 422, "#/state", "required"),
            ("POST", "/v1/tasks/{}/progress", {"done": "x"}, 422, "#/done", "float"),
            ("POST", "/v1/tasks/{}/progress", {"code": ""}, 422, "#/code", "empty"),
            ("POST", "/v1/tasks/{}/logs", {"lines": []}, 422, "#/lines", ">= 1"),
            (
                "POST",
                "/v1/tasks/{}/logs",
                {"lines": [{"message": "a", "severity": "x"}]},
                422,
                "#/lines/0/severity",
                "info",
            ),
            ("GET", "/v1/tasks/{}/logs?severity=loud", None, 400, "severity", "fatal"),
            ("GET", "/v1/tasks/{}/logs?after=-1", None, 400, "after", ">= 0"),
            ("GET", "/v1/tasks/{}/logs?after=9223372036854775808", None, 400, "after", "<="),
            ("GET", "/v1/tasks/{}/tree?depth=-1", None, 400, "depth", ">= 0"),
            ("GET", "/v1/tasks/{}/tree?limit=10001", None, 400, "limit", "<= 10000"),
            ("GET", "/v1/tasks/{}/events?after=x", None, 400, "after", "cursor"),
            ("GET", "/v1/tasks/{}?x=1", None, 400, "x", "not a parameter"),
            ("GET", "/v1/events?after=x", None, 400, "after", "cursor"),
            ("POST", "/v1/tasks:purge", {"states": ["running"]}, 422, "#/states", "final"),
            ("POST", "/v1/tasks:purge", {"states": []}, 422, "#/states", "at least one"),
            ("POST", "/v1/tasks:purge", {"limit": 0}, 422, "#/limit", ">= 1"),
            ("POST", "/v1/tasks:purge", {"finished_before": "0001-01-01T00:00:00Z"}, 422, "#/finished_before", "1970"),
            ("POST", "/v1/tasks:wait", {"ids": ["x"]}, 422, "#/ids/0", "UUID"),
            ("POST", "/v1/tasks:wait", {"timeout_seconds": 301}, 422, "#/timeout_seconds", "<= 300"),
            ("PUT", "/v1/pools/p", {"limit": 0}, 422, "#/limit", ">= 1"),
            ("PUT", "/v1/pools/p", {"limit": 10**20}, 422, "#/limit", "<= 1000000"),
            ("PUT", "/v1/pools/p", {"limit": 1, "reserved": 2}, 422, "#/reserved", "limit"),
            ("PUT", "/v1/pools/%20", {"limit": 1}, 422, "name", "letters"),
            ("PATCH", "/v1/queues/default", {}, 422, "#/paused", "required"),
            ("PATCH", "/v1/queues/%20", {"paused": True}, 422, "name", "letters"),
            ("PUT", "/v1/settings/task_ttl", {"value": "soon"}, 422, "#/value", "90s"),
            ("PUT", "/v1/settings/task_ttl", {"value": True}, 422, "#/value", "duration"),
            ("PUT", "/v1/settings/task_ttl", {"value": -1}, 422, "#/value", "duration"),
            ("PUT", "/v1/settings/idempotency_ttl", {"value": 1}, 422, "#/value", "at least 300"),
            ("PUT", "/v1/schedules/s", {"operation": "probe.echo"}, 422, "#/every_seconds", "exactly one"),
            ("PUT", "/v1/schedules/s", {"operation": "probe.echo", "every_seconds": 0}, 422, "#/every_seconds", ">= 1"),
            (
                "PUT",
                "/v1/schedules/s",
                {"operation": "probe.echo", "every_seconds": 1e300},
                422,
                "#/every_seconds",
                "years",
            ),
            ("PUT", "/v1/schedules/s", {"operation": "probe.echo", "cron": "x"}, 422, "#/cron", "five fields"),
            ("PUT", "/v1/schedules/s", {"operation": "probe.echo", "cron": "0 0 30 2 *"}, 422, "#/cron", ""),
            (
                "PUT",
                "/v1/schedules/s",
                {"operation": "probe.echo", "cron": "* * * * *", "timezone": "Mars"},
                422,
                "#/timezone",
                "Europe/Berlin",
            ),
            (
                "PUT",
                "/v1/schedules/s",
                {"operation": "probe.ecko", "every_seconds": 9},
                422,
                "#/operation",
                "did you mean",
            ),
            ("PUT", "/v1/schedules/s", {"operation": "probe.echo", "every_seconds": 9}, 422, "#/args/text", "required"),
            ("PUT", "/v1/schedules/%20", {"operation": "probe.fail", "every_seconds": 9}, 422, "name", "letters"),
            ("POST", "/v1/tokens", {"name": ""}, 422, "#/name", "length >= 1"),
            ("POST", "/v1/tokens", {"name": "t", "scopes": ["root"]}, 422, "#/scopes", "read, write, admin"),
            ("POST", "/v1/tokens", {"name": "t", "scopes": []}, 422, "#/scopes", "at least one"),
            ("POST", "/v1/tokens", {"name": "t", "client": "nobody"}, 422, "#/client", "no client"),
            ("POST", "/v1/tokens", {"name": "t", "expires_at": "2020-01-01T00:00:00Z"}, 422, "#/expires_at", "future"),
            ("POST", "/v1/tokens", {"name": "t", "expires_in_seconds": 1e300}, 422, "#/expires_in_seconds", "years"),
            (
                "POST",
                "/v1/tokens",
                {"name": "t", "expires_in_seconds": 1, "expires_at": "2999-01-01T00:00:00Z"},
                422,
                "#/expires_in_seconds",
                "one of",
            ),
            ("POST", "/v1/clients", {"name": "a b"}, 422, "#/name", "regex"),
            ("POST", "/v1/users", {"name": "u", "password": "short"}, 422, "#/password", "length >= 8"),
            ("POST", "/v1/users", {"name": "u", "password": "long enough", "role": "x"}, 422, "#/role", "viewer"),
            ("POST", "/v1/session", {"user": "u"}, 422, "#/password", "required"),
        ],
    )
    def test_the_rest(  # noqa: PLR0917 - by name from the table
        self,
        method: str,
        path: str,
        body: Any,
        status: int,
        pointer: str,
        words: str,
        api: httpx2.Client,
        external: Json,
    ) -> None:
        problem = is_problem(api.request(method, path.format(external["id"]), json=body), status)
        [error] = problem["errors"]
        assert error["pointer"] == pointer
        assert words.lower() in error["detail"].lower()

    @pytest.mark.parametrize(
        ("header", "value"),
        [("If-Match", "3"), ("If-None-Match", "abc"), ("Correlation-ID", "x" * 201), ("Idempotency-Key", "k" * 256)],
    )
    def test_headers(self, header: str, value: str, api: httpx2.Client, external: Json) -> None:
        url = f"/v1/tasks/{external['id']}"
        calls: dict[str, Callable[[], httpx2.Response]] = {
            "If-Match": lambda: api.patch(url, json={"persist": True}, headers={header: value}),
            "If-None-Match": lambda: api.get(url, headers={header: value}),
            "Correlation-ID": lambda: api.post("/v1/tasks", json={"operation": "probe.echo"}, headers={header: value}),
            "Idempotency-Key": lambda: api.post(
                "/v1/tasks", json={"operation": "probe.echo", "args": {"text": ""}}, headers={header: value}
            ),
        }
        problem = is_problem(calls[header](), 422 if header == "Idempotency-Key" else 400)
        assert problem["errors"][0]["pointer"] == header

    @pytest.mark.parametrize(
        "path", ["/v2", "/v1", "/v2/tasks", "/v1/tasks/1/nothing", "/v1/tasks/1:explode", "/v1/x:y"]
    )
    def test_no_such_route(self, path: str, api: httpx2.Client) -> None:
        is_problem(api.post(path) if ":" in path else api.get(path), 404)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/v1/tasks", {"GET", "HEAD", "POST", "OPTIONS"}),
            ("GET", "/v1/tasks/1:cancel", {"POST", "OPTIONS"}),
            ("PUT", "/v1/tasks:wait", {"POST", "OPTIONS"}),
            ("POST", "/v1/stats", {"GET", "HEAD", "OPTIONS"}),
        ],
    )
    def test_wrong_method(self, method: str, path: str, allowed: set[str], api: httpx2.Client) -> None:
        answer = api.request(method, path)
        is_problem(answer, 405)
        assert set(answer.headers["allow"].split(", ")) == allowed
