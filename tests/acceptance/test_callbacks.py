"""Callbacks of real jobs to a real receiver, on both databases."""

import hashlib
import hmac
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver import Call, Receiver
from tests.serving import Server
from tests.task_engine import JobApi, job_server

PARENT = ["jobs.parent start", "one start", "one complete", "two start", "two complete", "jobs.parent complete",
          "job completed"]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with job_server(request, request.param, folder, flags={"outbound.timeout": "500ms"}) as server:
        yield server


_names = iter(f"told-{number}" for number in range(1000))


@pytest.fixture
def api(server: Server) -> Iterator[JobApi]:
    api = JobApi(server, next(_names))
    api.set("max_jobs", 10)
    api.set("retry_limit", 0)
    yield api
    api.close()


def is_signed(call: Call, secret: str) -> bool:
    """As a receiver checks it: see the how-to."""
    parts = dict(part.split("=", 1) for part in call.headers["taskward-signature"].split(","))
    signed = f"{parts['t']}.".encode() + call.raw
    return hmac.compare_digest(parts["v1"], hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest())


def test_every_receiver_is_told_of_each_task_and_of_the_end_in_order(api: JobApi) -> None:
    with Receiver() as first, Receiver() as second:
        parameters = {"content_id": "abc", "custom_data": {"a": [1]}, "rest_endpoints": [first.url, second.url]}
        job_id = api.submit("jobs.parent", parameters)
        for receiver in (first, second):
            assert receiver.wait_for("job completed") == PARENT
        start, end = first.arrived[1], first.arrived[-1]
        common = {"job_id": job_id, "workflow": "jobs.parent", "content_id": "abc", "client": api.client}
        assert start.body == common | {
            "task_id": start.body["task_id"], "task_name": "one", "event": "start", "message": "",
            "time": start.body["time"],
        }  # fmt: skip
        assert end.body == common | {
            "status": "completed", "message": "", "files": [], "metadata": end.body["metadata"],
            "custom_data": {"a": [1]}, "time": end.body["time"],
        }  # fmt: skip
        assert list(start.body) == ["job_id", "task_id", "task_name", "workflow", "event", "content_id", "message",
                                    "time", "client"]  # fmt: skip
        assert len({call.headers["taskward-delivery"] for call in first.arrived}) == len(PARENT)
        # The receiver knows its api-key, and the server a hash of it.
        secret = hashlib.sha256(api.key.encode()).hexdigest()
        assert all(is_signed(call, secret) for call in first.calls)
        assert not is_signed(first.calls[0], "another")
    api.set("callback_secret", "a secret of our own")
    with Receiver() as third:
        api.submit("jobs.quick", {"rest_endpoints": [third.url]})
        third.wait_for("job completed")
        assert all(is_signed(call, "a secret of our own") for call in third.calls)
    assert api.ask("GET", "/settings")["settings"]["callback_secret"].startswith("****")
    lines = api.logs_until(
        job_id, lambda lines: sum(line["message"].endswith("arrived") for line in lines) == 2 * len(PARENT)
    )
    assert {line["progname"] for line in lines if line["message"].endswith("arrived")} == {"callback"}
    controller = [line["message"] for line in api.logs(job_id) if line["progname"] == "controller"]
    assert controller == ["job has started", "job has completed successfully"]
    worker = [line for line in api.logs(job_id) if line["message"] == "'one' completed successfully"]
    assert [(line["progname"], line["task_id"]) for line in worker] == [("worker", start.body["task_id"])]


def test_attempts_of_a_task_are_told_as_one(api: JobApi) -> None:
    api.set("retry_limit", 2)
    api.set("retry_delay", 0)
    with Receiver() as receiver:
        endpoints = {"rest_endpoints": [receiver.url]}
        api.submit("jobs.failing", {"times": 2, **endpoints})
        assert receiver.wait_for("job completed") == ["jobs.failing start", "jobs.failing complete", "job completed"]
        api.submit("jobs.failing", endpoints)
        assert receiver.wait_for("job failed")[3:] == ["jobs.failing start", "jobs.failing fail", "job failed"]
        assert receiver.arrived[-1].body["message"] == "the disk is full"


def test_a_job_that_is_broken_is_told_as_failed(api: JobApi) -> None:
    with Receiver() as receiver:
        running, scheduled = (
            api.submit("jobs.forever", {"rest_endpoints": [receiver.url], "content_id": name}, **job)
            for name, job in (("runs", {}), ("waits", {"run_at": "2030-01-01"}))
        )
        receiver.wait_for("jobs.forever start")
        for job_id in (running, scheduled):
            api.put(job_id, queue_state="broken")
        receiver.wait_for("job failed", times=2)
        by_job = {name: [call.what for call in receiver.arrived if call.body["content_id"] == name]
                  for name in ("runs", "waits")}  # fmt: skip
        assert by_job == {
            "runs": ["jobs.forever start", "jobs.forever fail", "job failed"], "waits": ["job failed"],
        }  # fmt: skip
        again = api.ask("POST", f"/jobs/{scheduled}/rerun")["id"]
        receiver.wait_for("jobs.forever start", times=2)
        assert receiver.arrived[-1].body["job_id"] == again
        api.put(again, queue_state="broken")


def test_a_receiver_that_fails_hangs_and_recovers_is_told_everything_in_order(api: JobApi) -> None:
    with Receiver(503) as broken, Receiver() as well:
        job_id = api.submit("jobs.parent", {"rest_endpoints": [broken.url, well.url]})
        # It holds up neither the job nor the other receiver.
        assert well.wait_for("job completed") == PARENT
        api.until(job_id, "completed")
        broken.wait_for_calls(2)
        assert {call.what for call in broken.calls} == {"jobs.parent start"}
        broken.status = 0
        broken.wait_for_calls(3)
        broken.status = 200
        assert broken.wait_for("job completed") == PARENT
        lines = api.logs_until(job_id, lambda lines: sum("no whole answer" in line["message"] for line in lines) > 0)
        failed = [line for line in lines if "failed, again in" in line["message"]]
        assert {line["severity_description"] for line in failed} == {"WARN"}
        assert any("it answered 503" in line["message"] for line in failed)
        assert [call.headers["taskward-attempt"] for call in broken.calls][:3] == ["1", "2", "3"]


def test_any_task_can_have_callbacks(api: JobApi) -> None:
    with Receiver() as receiver:
        made = api.http.post("/v1/tasks", json={"operation": "jobs.part", "callbacks": [receiver.url]})
        assert made.status_code == 202, made.text
        assert receiver.wait_for("job completed") == ["jobs.part start", "jobs.part complete", "job completed"]
    with Receiver() as receiver:
        # A job's parameters name its receivers whichever way it is submitted.
        parameters = {"content_id": "abc", "files": ["a.mp4"], "rest_endpoints": [receiver.url]}
        made = api.http.post("/v1/workflows/asset_delete:run", json={"parameters": parameters})
        assert made.status_code == 202, made.text
        assert receiver.wait_for("job completed") == ["delete start", "delete complete", "job completed"]
        refused = api.http.post(
            "/v1/workflows/asset_delete:run", json={"parameters": parameters | {"rest_endpoints": [5]}}
        )
        assert refused.status_code == 422
    refused = api.http.post("/v1/tasks", json={"operation": "jobs.part", "callbacks": ["ftp://x"]})
    assert refused.status_code == 422
    answer = api.ask(
        "POST", "/job", 400, json={"job": {"workflow": "jobs.quick"}, "parameters": {"rest_endpoints": ["x"]}}
    )
    assert "parameters.rest_endpoints[0] is an http or https URL" in answer["error"]


def test_nothing_is_lost_when_the_server_is_killed(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with Receiver(503) as receiver:
        with job_server(request, "sqlite", tmp_path) as server:
            api = JobApi(server, "demo-client")
            job_id = api.submit("jobs.parent", {"rest_endpoints": [receiver.url]})
            api.until(job_id, "completed")
            receiver.wait_for_calls(1)
            api.close()
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait(10)
        receiver.status = 200
        with job_server(request, "sqlite", tmp_path):
            assert receiver.wait_for("job completed", timeout=90) == PARENT


def test_private_addresses_are_not_called_unless_they_may_be(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with (
        Receiver() as receiver,
        job_server(request, "sqlite", tmp_path, flags={"outbound.allow_private": False}) as server,
    ):
        api = JobApi(server, "demo-client")
        job_id = api.submit(parameters={"rest_endpoints": [receiver.url]})
        api.until(job_id, "completed")
        lines = api.logs_until(job_id, lambda lines: any(line["progname"] == "callback" for line in lines))
        assert any("loopback" in line["message"] for line in lines if line["progname"] == "callback")
        assert receiver.calls == []
        api.close()
