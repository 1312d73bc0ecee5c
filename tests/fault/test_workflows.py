"""A worker is killed under a job. Its programs end with it, and another worker goes on where it was."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx2

from tests.fault.fleet import Fleet
from tests.processes import is_alive, pids_in, until

WORKFLOW = """
    steps:
      first:
        run: [sh, -c, 'echo first >> marks']
      long:
        needs: [first]
        retries: 0
        run: [sh, -c, 'sleep 60 & echo $$ $! >> pids; test -e go || wait; echo long >> marks']
      last:
        needs: [long]
        run: [sh, -c, 'echo last >> marks']
    """


def test_a_killed_worker_takes_its_programs_along_and_another_goes_on(fleet: Fleet) -> None:
    (fleet.folder / "workflows").mkdir()
    (fleet.folder / "workflows" / "long.yaml").write_text(dedent(WORKFLOW))
    fleet.serve("--no-worker", "--workflow-dir", str(fleet.folder / "workflows"))
    worker = fleet.work("one")
    files = fleet.folder / "files"
    with httpx2.Client(base_url=fleet.url, trust_env=False) as api:
        until(lambda: answers(api), "answer")
        api.headers["Authorization"] = f"Bearer {fleet.token}"
        job = api.post("/v1/workflows/long:run").json()
        group = until(lambda: pids_in(files / "pids"), "program")
        assert all(map(is_alive, group))
        fleet.kill(worker)
        until(lambda: not any(map(is_alive, group)), "end of the killed worker's programs")
        assert marks(files) == ["first"]
        (files / "go").touch()
        fleet.work("two")
        ended = until(lambda: final(api, job["id"]), "end of the job")
        children = api.get("/v1/tasks", params={"parent": job["id"]}).json()["items"]
    assert ended["state"] == "completed", ended["error"]
    assert marks(files) == ["first", "long", "last"]
    assert {child["name"]: child["attempt"] for child in children} == {"first": 1, "long": 2, "last": 1}


def marks(files: Path) -> list[str]:
    return (files / "marks").read_text().split()


def answers(api: httpx2.Client) -> bool:
    try:
        return api.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def final(api: httpx2.Client, task: str) -> Any:
    found = api.get(f"/v1/tasks/{task}").json()
    return found if found["state"] in {"completed", "failed", "canceled"} else None
