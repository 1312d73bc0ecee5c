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
