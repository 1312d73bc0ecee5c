"""Jobs of declared workflows, submitted as the Task Engine's clients do: the worker of a real program is killed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import httpx2
import pytest

from tests.fault.fleet import Fleet
from tests.receiver import Receiver

FLOW = """
    description: Two programs, one after the other
    steps:
      first:
        run: [sh, -c, "echo first"]
        outputs: {said: "{{ stdout | trim }}"}
      second:
        needs: [first]
        run: [sh, -c, "echo began >> began.txt; while [ ! -e go ]; do sleep 0.05; done; echo second"]
    files: ["{{ steps.first.outputs.said }}.mp4"]
    message: "{{ parameters.content_id }} is done"
"""
PATIENCE_SECONDS = 60


@pytest.fixture
def heartbeat() -> timedelta:
    """A worker that is killed is given up soon, one that is kept waiting by a busy machine is not."""
    return timedelta(seconds=2)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_SECONDS * 20):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(condition)


def is_up(fleet: Fleet) -> bool:
    try:
        return bool(httpx2.get(f"{fleet.url}/", trust_env=False).json() == {"result": "alive"})
    except httpx2.TransportError:
        return False


async def test_a_job_goes_on_where_its_killed_worker_was_and_its_callbacks_come_once(
    fleet: Fleet, tmp_path: Path
) -> None:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "publish.yaml").write_text(dedent(FLOW))
    fleet.settings |= {"TASKWARD_OUTBOUND__ALLOW_PRIVATE": "true"}
    fleet.serve("--no-worker", f"--workflow-dir={folder}")
    one = fleet.work("one", f"--workflow-dir={folder}")
    await until(lambda: is_up(fleet))
    house = {"authorization": f"Bearer {fleet.token}"}
    key = httpx2.post(f"{fleet.url}/v1/clients", headers=house, json={"name": "acme"}).json()["secret"]
    headers = {"client": "acme", "api-key": key}
    began = tmp_path / "files" / "began.txt"
    with Receiver() as receiver, httpx2.Client(base_url=fleet.url, headers=headers, trust_env=False) as http:
        parameters = {"content_id": "abc", "rest_endpoints": [receiver.url], "custom_data": {"a": 1}}
        job = {"client": "acme", "job": {"workflow": "publish"}, "parameters": parameters}
        job_id = http.post("/job", json=job).json()["id"]
        await until(began.exists)
        fleet.kill(one)
        fleet.work("two", f"--workflow-dir={folder}")
        await until(lambda: began.read_text().count("began") == 2)
        (tmp_path / "files" / "go").touch()
        told = await asyncio.to_thread(receiver.wait_for, "job completed", 1, PATIENCE_SECONDS)
        assert told == ["first start", "first complete", "second start", "second complete", "job completed"]
        end = receiver.arrived[-1].body
        assert (end["message"], end["files"], end["custom_data"]) == ("abc is done", ["first.mp4"], {"a": 1})
        shown = http.get(f"/jobs/{job_id}").json()
        assert (shown["workflow"], shown["queue_state"], shown["parameters"]) == ("publish", "completed", parameters)
        lines = http.get(f"/logs/{job_id}").json()
        said = {(line["progname"], line["message"]) for line in lines}
        assert said >= {("worker", "No client definitions. Using common definitions."),
                        ("worker", "'first' completed successfully"),
                        ("controller", "job has completed successfully")}  # fmt: skip
        assert any(line["message"] == "first" and line["task_id"] for line in lines)
