"""What the console's pages ask the native API for beside tasks: figures, many tasks at once, who did what."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.serving import Server

Json = dict[str, Any]


def submit(api: httpx2.Client, operation: str = "probe.echo", wait: int = 10, **body: Any) -> Json:
    if operation == "probe.echo":
        body.setdefault("args", {"text": "hi"})
    answer = api.post("/v1/tasks", json={"operation": operation, **body}, headers={"Prefer": f"wait={wait}"})
    assert answer.status_code in (200, 202), answer.text
    task: Json = answer.json()
    return task


def items(api: httpx2.Client, path: str) -> list[Json]:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


@pytest.fixture(scope="module")
def tenant(server: Server, api: httpx2.Client) -> Iterator[httpx2.Client]:
    """A client with its api-key."""
    name = f"tenant-{uuid4().hex}"
    secret = api.post("/v1/clients", json={"name": name}).json()["secret"]
    with server.client("", **{"client": name, "api-key": secret}) as client:
        yield client


class TestFigures:
    def test_a_series_has_a_point_for_every_minute(self, api: httpx2.Client) -> None:
        submit(api)
        series = api.get("/v1/stats/series?span_seconds=600&step_seconds=120").json()
        assert (series["step_seconds"], len(series["items"])) == (120, 5)
        assert [point["at"] for point in series["items"]] == sorted(point["at"] for point in series["items"])
        happened = series["items"][-1] if series["items"][-1]["completed"] else series["items"][-2]
        assert happened["accepted"] >= 1
        assert happened["started"] >= 1
        assert happened["completed"] >= 1
        for latency in (happened["wait"], happened["run"]):
            assert 0 < latency["p50_seconds"] <= latency["p95_seconds"] < 600
        assert series["items"][0]["run"] is None

    def test_a_tenant_sees_its_own(self, tenant: httpx2.Client) -> None:
        points = items(tenant, "/v1/stats/series")
        assert len(points) == 60
        assert sum(point["accepted"] for point in points) == 0
        assert items(tenant, "/v1/stats/failures") == []
        assert items(tenant, "/v1/stats/waiting") == []

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("span_seconds=59", "span_seconds"),
            ("span_seconds=90000", "span_seconds"),
            ("step_seconds=90", "step_seconds"),
            ("step_seconds=7200", "step_seconds"),
        ],
    )
    def test_what_no_chart_can_show_is_refused(self, api: httpx2.Client, query: str, name: str) -> None:
        refused = api.get(f"/v1/stats/series?{query}")
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == name

    def test_failures_are_grouped_by_error(self, api: httpx2.Client) -> None:
        tasks = [submit(api, "probe.fail", args={"message": message}) for message in ("one", "other")]
        [group] = [group for group in items(api, "/v1/stats/failures") if group["operation"] == "probe.fail"]
        assert (group["type"], group["last_message"]) == ("ValueError", "other")
        assert group["last_task_id"] == tasks[1]["id"]
        assert group["count"] >= 2

    def test_why_tasks_wait(self, api: httpx2.Client) -> None:
        queue = uuid4().hex
        submit(api, queue=queue, wait=0)
        submit(api, run_at="2100-01-01T00:00:00Z", wait=0)
        submit(api, paused=True, wait=0)
        found = {(one["reason"], one["name"]): one for one in items(api, "/v1/stats/waiting")}
        assert found["worker", queue] == {"reason": "worker", "name": queue, "count": 1, "at_least": False}
        assert found["run_at", ""]["count"] >= 1
        assert found["paused", ""]["count"] >= 1
        assert api.patch(f"/v1/queues/{queue}", json={"paused": True}).status_code == 200
        assert ("queue-paused", queue) in {(one["reason"], one["name"]) for one in items(api, "/v1/stats/waiting")}


def many(api: httpx2.Client, verb: str, **body: Any) -> Json:
    answer = api.post(f"/v1/tasks:{verb}", json=body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


class TestManyTasks:
    def test_a_filter_is_previewed_and_then_changed_piece_by_piece(self, api: httpx2.Client) -> None:
        mark = uuid4().hex
        tasks = [submit(api, "probe.echo", wait=0, paused=True, labels={"mark": mark}) for _ in range(5)]
        ended = submit(api, labels={"mark": mark})
        chosen: Json = {"label": [f"mark:{mark}"]}
        preview = many(api, "preview", action="cancel", filter=chosen)
        assert (preview["count"], preview["at_least"]) == (5, False)
        assert [task["id"] for task in preview["items"]] == [task["id"] for task in reversed(tasks)]
        submit(api, wait=0, paused=True, labels={"mark": mark})
        chosen |= {"created_before": preview["at"], "limit": 2}
        changed, after = 0, None
        for _ in range(4):
            piece = many(api, "bulk", action="cancel", filter=chosen if after is None else chosen | {"after": after})
            assert piece["refused"] == []
            changed, after = changed + piece["changed"], piece["next"]
            if after is None:
                break
        assert (changed, after) == (5, None)
        states = [task["state"] for task in items(api, f"/v1/tasks?label=mark:{mark}")]
        assert states == ["paused", "completed", *["canceled"] * 5]
        assert api.get(f"/v1/tasks/{ended['id']}").json()["state"] == "completed"

    def test_a_selection_reports_what_was_refused(self, api: httpx2.Client) -> None:
        waiting, ended = submit(api, wait=0, paused=True), submit(api)
        unknown = str(uuid4())
        ids = [waiting["id"], ended["id"], unknown, waiting["id"]]
        assert many(api, "preview", action="resume", ids=ids)["count"] == 1
        done = many(api, "bulk", action="resume", ids=ids)
        assert done["changed"] == 1
        assert {one["id"] for one in done["refused"]} == {ended["id"], unknown}
        assert "completed" in next(one["detail"] for one in done["refused"] if one["id"] == ended["id"])

    @pytest.mark.parametrize(("action", "state"), [("pause", "paused"), ("persist", "queued"), ("cancel", "canceled")])
    def test_actions_on_what_waits(self, api: httpx2.Client, action: str, state: str) -> None:
        task = submit(api, wait=0, queue=f"nobody-{uuid4().hex}")
        assert many(api, "bulk", action=action, ids=[task["id"]])["changed"] == 1
        now = api.get(f"/v1/tasks/{task['id']}").json()
        assert (now["state"], now["persist"]) == (state, action == "persist")

    def test_rerun_and_delete_by_filter_reach_roots(self, api: httpx2.Client) -> None:
        mark = uuid4().hex
        root = submit(api, "probe.family", labels={"mark": mark}, args={"children": 1})
        chosen = {"root": root["id"]}
        assert many(api, "preview", action="rerun", filter=chosen)["count"] == 1
        assert many(api, "bulk", action="delete", filter={"label": [f"mark:{mark}"]})["changed"] == 1
        assert api.get(f"/v1/tasks/{root['id']}").status_code == 410
        assert many(api, "preview", action="delete", filter=chosen)["count"] == 0

    def test_what_makes_no_sense_is_refused(self, api: httpx2.Client, tenant: httpx2.Client) -> None:
        for body, pointer in (
            ({"action": "cancel"}, "/filter"),
            ({"action": "cancel", "ids": [str(uuid4())], "filter": {}}, "/filter"),
            ({"action": "cancel", "filter": {"sort": "started"}}, "/filter/sort"),
            ({"action": "explode", "filter": {}}, "/action"),
            ({"action": "cancel", "filter": {"colour": "red"}}, "/filter/colour"),
            ({"action": "cancel", "ids": []}, "/ids"),
        ):
            for verb in ("preview", "bulk"):
                refused = api.post(f"/v1/tasks:{verb}", json=body)
                assert refused.status_code == 422, (body, refused.text)
                assert refused.json()["errors"][0]["pointer"] == f"#{pointer}"
        task = submit(api, wait=0, paused=True)
        assert many(tenant, "bulk", action="cancel", filter={}) == {"changed": 0, "refused": [], "next": None}
        [refusal] = many(tenant, "bulk", action="cancel", ids=[task["id"]])["refused"]
        assert "no task" in refusal["detail"]

    def test_a_reader_may_look_and_not_change(self, server: Server, api: httpx2.Client) -> None:
        secret = api.post("/v1/tokens", json={"name": uuid4().hex, "scopes": ["read"]}).json()["secret"]
        with server.client(secret) as reader:
            assert many(reader, "preview", action="cancel", filter={"module": "none"})["count"] == 0
            assert reader.post("/v1/tasks:bulk", json={"action": "cancel", "filter": {}}).status_code == 403


class TestAttempts:
    def test_each_run_with_its_worker_and_its_error(self, api: httpx2.Client) -> None:
        retry = {"limit": 1, "delay": "PT0.01S"}
        task = submit(api, "probe.fail", args={"message": "boom"}, retry=retry)
        first, second = items(api, f"/v1/tasks/{task['id']}/attempts")
        assert (first["attempt"], first["state"], second["attempt"], second["state"]) == (1, "scheduled", 2, "failed")
        assert first["error"]["message"] == second["error"]["message"] == "boom"
        assert "ValueError" in second["error"]["traceback"]
        assert first["worker"] == second["worker"] == task["worker"]
        assert first["started_at"] <= first["ended_at"] <= second["started_at"] <= second["ended_at"]

    def test_what_never_ran_has_none(self, api: httpx2.Client) -> None:
        task = submit(api, wait=0, paused=True)
        assert items(api, f"/v1/tasks/{task['id']}/attempts") == []
        assert api.get(f"/v1/tasks/{uuid4()}/attempts").status_code == 404


class TestAudit:
    def test_who_changed_what_and_how_it_was_answered(self, server: Server, api: httpx2.Client) -> None:
        name = uuid4().hex
        secret = api.post("/v1/tokens", json={"name": name, "scopes": ["write"]}).json()["secret"]
        with server.client(secret, **{"correlation-id": "order-4711"}) as writer:
            assert writer.patch(f"/v1/queues/{name}", json={"paused": True}).status_code == 200
            assert writer.put("/v1/settings/task_ttl", json={"value": 1}).status_code == 403
            assert writer.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": "hi"}}).status_code == 202
            task = writer.post("/v1/tasks", json={"operation": "backup.nightly", "state": "running"}).json()
            writer.post(f"/v1/tasks/{task['id']}/progress", json={"done": 1})
            writer.post(f"/v1/tasks/{task['id']}/logs", json={"lines": [{"message": "x"}]})
            writer.post(f"/v1/tasks/{task['number']}:cancel")
            assert writer.get("/v1/audit").status_code == 403
        found = items(api, f"/v1/audit?principal={name}")
        assert [(one["method"], one["path"], one["status"]) for one in found] == [
            ("POST", f"/v1/tasks/{task['number']}:cancel", 200),
            ("PUT", "/v1/settings/task_ttl", 403),
            ("PATCH", f"/v1/queues/{name}", 200),
        ]
        assert {(one["kind"], one["client"], one["address"], one["correlation_id"]) for one in found} == {
            ("token", "", "127.0.0.1", "order-4711")
        }
        assert len(items(api, f"/v1/audit?text={name}")) == 1
        page = api.get(f"/v1/audit?principal={name}&limit=2")
        assert 'rel="next"' in page.headers["link"]
        assert len(api.get(f"/v1/audit?principal={name}&after={page.json()['next']}").json()["items"]) == 1
        assert items(api, f"/v1/audit?principal={name}&since=2100-01-01T00:00:00Z") == []
        refused = api.get("/v1/audit?since=1900-01-01T00:00:00Z")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "since")

    def test_sessions_and_other_apis_leave_traces_and_strangers_none(self, server: Server, api: httpx2.Client) -> None:
        name = f"user-{uuid4().hex}"
        api.post("/v1/users", json={"name": name, "password": "correct horse", "role": "admin"})
        with server.client("") as browser:
            login = browser.post("/v1/session", json={"user": name, "password": "correct horse"})
            browser.delete("/v1/session", headers={"X-CSRF-Token": login.headers["x-csrf-token"]})
            assert browser.patch("/v1/queues/q", json={"paused": True}).status_code == 401
            basic = httpx2.BasicAuth(name, "correct horse")
            gone = f"/pulp/api/v3/tasks/{uuid4()}/"
            assert browser.delete(gone, auth=basic).status_code == 404
        found = [
            (one["kind"], one["method"], one["path"], one["status"])
            for one in items(api, f"/v1/audit?principal={name}")
        ]
        assert found == [
            ("user", "DELETE", gone, 404),
            ("session", "DELETE", "/v1/session", 204),
            ("user", "POST", "/v1/session", 200),
        ]
