"""Workflows over /v1, from the command line and from Python: a real server with a folder of files."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from taskward.cli import invoke
from taskward.client import Client
from tests.acceptance.test_cli import House, Ran, serving

FILM = """
description: Makes a film
parameters:
  title: {type: string, minLength: 1, description: What it is called}
  takes: {type: array, items: {type: integer}, default: [1, 2]}
steps:
  take:
    for_each: parameters.takes
    run: [echo, "take {{ item }}"]
    outputs: {said: "{{ stdout | trim }}"}
  cut:
    description: Puts them together
    needs: [take]
    run: [echo, "{{ steps.take.outputs.said | join(', ') }}"]
    outputs: {said: "{{ stdout | trim }}"}
  hide:
    when: parameters.title == "secret"
    run: [echo]
on_failure:
  sigh: {run: [echo]}
outputs: {said: "{{ steps.cut.outputs.said }}"}
message: "{{ parameters.title }} is made"
"""
OWN = "steps: {own: {run: [echo, own]}}\nmessage: ann's own\n"
WRONG = "steps:\n  a: {run: [x], needs: [b]}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "clients" / "ann").mkdir(parents=True)
    (folder / "film.yaml").write_text(FILM)
    (folder / "wrong.yaml").write_text(WRONG)
    (folder / "clients" / "ann" / "film.yaml").write_text(OWN)
    return folder


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("house"), "--workflow-dir", str(folder)) as house:
        yield house


Command = Callable[..., Ran]


@pytest.fixture
def taskward(house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `taskward workflow WORDS` in this process, which is quicker than in one of its own."""
    monkeypatch.setenv("TASKWARD_SERVER__DATA_DIR", str(house.data_dir))
    monkeypatch.delenv("TASKWARD_SERVER", raising=False)

    def run(*words: str) -> Ran:
        code = invoke(["workflow", *words])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def api(house: House) -> Iterator[httpx2.Client]:
    token = (house.data_dir / "admin-token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=house.client.url, headers=headers, trust_env=False) as api:
        yield api


def test_commands_list_show_and_draw_what_there_is(taskward: Command, folder: Path) -> None:
    listed = {item["name"]: item for item in taskward("list", "--json").json}
    assert list(listed) == ["asset_delete", "build_thumbnails", "createmp4", "film", "vodcapture", "wrong"]
    assert (listed["film"]["usable"], listed["film"]["problem"], listed["film"]["client"]) == (True, "", "")
    assert (listed["wrong"]["usable"], listed["wrong"]["problem"]) == (
        False,
        f"{folder}/wrong.yaml:2:25: there is no step `b`; there are a",
    )
    assert f"{folder}/wrong.yaml:2:25: there is no step `b`" in taskward("list").out
    shown = taskward("show", "film").out
    assert "Makes a film" in shown
    assert "What it is called" in shown
    assert "sigh (on failure)" in shown
    assert taskward("show", "film", "--json").json["schema"]["required"] == ["title"]
    assert taskward("graph", "film").out.splitlines() == [
        "take[]   hide?",
        "    cut ◀ take",
        "on failure",
        "sigh",
    ]
    assert taskward("graph", "film", "--mermaid").out.splitlines() == [
        "flowchart LR",
        '  take["take[]"]',
        '  hide["hide?"]',
        '  cut["cut"]',
        "  take --> cut",
        '  sigh["sigh"]',
    ]
    assert [step["name"] for step in taskward("graph", "film", "--client", "ann", "--json").json] == ["own"]
    assert taskward("show", "film", "--client", "ann", "--json").json["client"] == "ann"


def test_a_job_is_run_waited_for_and_drawn(taskward: Command, api: httpx2.Client) -> None:
    before = api.get("/health").json()["tasks"]["processed"]
    ran = taskward("run", "film", "title=Film", "takes:=[3,4]", "--wait", "--json")
    assert api.get("/health").json()["tasks"]["processed"] - before == 3, "its steps; a job is no task of its own"
    assert ran.code == 0, ran
    job = ran.json
    assert job["result"] == {"outputs": {"said": "take 3, take 4"}, "files": [], "message": "Film is made"}
    assert (job["name"], job["operation"], job["type"]) == ("film", "workflow.run", "job")
    drawn = taskward("graph", "--job", str(job["number"]), "--json").json
    assert {step["name"]: (step["state"], len(step["tasks"])) for step in drawn} == {
        "take": ("completed", 2),
        "hide": ("skipped", 0),
        "cut": ("completed", 1),
        "sigh": (None, 0),
    }
    assert "✔ take[]   ↷ hide?" in taskward("graph", "--job", str(job["number"])).out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "film"], 4, "parameters/title: is missing; it is required"),
        (["run", "film", "title=x", "takes:=[true]"], 4, "parameters/takes/0: must be integer, not boolean"),
        (["run", "flim", "title=x"], 4, "no workflow flim; did you mean film?"),
        (["run", "wrong"], 4, "workflow wrong cannot be used"),
        (["show", "flim"], 4, "no workflow flim; did you mean film?"),
        (["graph"], 1, "name a workflow, or a job with --job TASK"),
        (["graph", "film", "--job", "1"], 1, "name a workflow, or a job with --job TASK"),
        (["run", "film", "title=x", "--timeout", "3s"], 1, "--timeout goes with --wait"),
    ],
)
def test_what_is_wrong_is_told_with_an_honest_exit_code(
    taskward: Command, words: list[str], code: int, said: str
) -> None:
    ran = taskward(*words)
    assert (ran.code, said in ran.err) == (code, True), ran


def test_files_are_checked_without_a_server(
    taskward: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKWARD_SERVER", "http://127.0.0.1:9")
    good = taskward("check", str(folder / "film.yaml"))
    assert (good.code, good.out) == (0, f"{folder}/film.yaml: right\n")
    bad = taskward("check", str(folder))
    assert (bad.code, bad.out.splitlines()[1]) == (1, f"{folder}/wrong.yaml:2:25: there is no step `b`; there are a")
    as_json = json.loads(taskward("check", str(folder), "--json").out)
    assert [(Path(each["file"]).name, len(each["faults"])) for each in as_json] == [
        ("film.yaml", 0),
        ("wrong.yaml", 1),
        ("film.yaml", 0),
    ]
    assert as_json[1]["faults"] == [{"line": 2, "column": 25, "problem": "there is no step `b`; there are a"}]
    assert taskward("check", str(tmp_path)).code == 1
    assert taskward("check", str(tmp_path / "none.yaml")).code == 1
    assert taskward("schema").json["required"] == ["steps"]


def test_a_client_sees_its_own_workflows_and_jobs_and_no_others(house: House, api: httpx2.Client) -> None:
    for name in ("ann", "bob"):
        api.post("/v1/clients", json={"name": name})
    keys = {name: api.post(f"/v1/clients/{name}:rotate").json()["secret"] for name in ("ann", "bob")}

    def ask(name: str, method: str, path: str, **more: Any) -> httpx2.Response:
        return httpx2.request(
            method,
            house.client.url + path,
            headers={"client": name, "api-key": keys[name]},
            trust_env=False,
            **more,
        )

    job = ask("ann", "POST", "/v1/workflows/film:run", json={}).json()
    assert job["client"] == "ann"
    assert ask("ann", "GET", f"/v1/tasks/{job['id']}/workflow").json()["client"] == "ann"
    assert ask("bob", "GET", f"/v1/tasks/{job['id']}/workflow").status_code == 404
    assert ask("bob", "GET", "/v1/workflows/film").json()["client"] == ""
    refused = ask("bob", "POST", "/v1/workflows/film:run", json={"client": "ann"})
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "a credential of client bob cannot speak for ann",
    )
    assert ask("bob", "GET", "/v1/workflows", params={"client": "ann"}).status_code == 403
    api.post("/v1/workflows/film:run", json={"client": "ann"})
    assert house.client.wait(job["id"]).result["message"] == "ann's own"


def test_a_submission_can_be_repeated_and_asks_for_what_any_task_may(api: httpx2.Client) -> None:
    body = {"parameters": {"title": "later"}, "run_at": "2090-01-01T00:00:00Z", "priority": 2, "labels": {"a": "b"}}
    answers = [api.post("/v1/workflows/film:run", json=body, headers={"Idempotency-Key": '"once"'}) for _ in "12"]
    assert [answer.status_code for answer in answers] == [202, 202]
    first, second = (answer.json() for answer in answers)
    assert first["id"] == second["id"]
    assert (first["state"], first["priority"], first["labels"]) == ("scheduled", 2, {"a": "b"})
    assert answers[0].headers["location"] == f"/v1/tasks/{first['id']}"
    assert api.get(f"/v1/tasks/{first['id']}/workflow").json()["workflow"] == "film"
    args = {"finished_before": "2020-01-01T00:00:00Z", "states": []}
    purge = {"operation": "taskward.purge", "args": args, "run_at": "2090-01-01T00:00:00Z"}
    other = api.post("/v1/tasks", json=purge)
    assert api.get(f"/v1/tasks/{other.json()['id']}/workflow").status_code == 404
    assert api.post("/v1/tasks", json={"operation": "workflow.step", "args": {"step": "x"}}).status_code == 422
    schedule = {"operation": "workflow.step", "args": {"step": "x"}, "every_seconds": 60}
    assert api.put("/v1/schedules/s", json=schedule).status_code == 422


def test_the_python_client_runs_and_looks_at_jobs(house: House) -> None:
    with Client(data_dir=house.data_dir) as client:
        job = client.wait(client.run_workflow("film", {"title": "From Python"}).id)
        assert job.result["message"] == "From Python is made"
        assert [step.name for step in client.job(job.id).steps] == ["take", "hide", "cut", "sigh"]
        assert client.workflow("film").usable
        assert "film" in [item.name for item in client.workflows()]


def test_a_folder_that_is_not_there_is_told_at_the_start(house: House, tmp_path: Path) -> None:
    ran = house.run("serve", "--port", "0", "--data-dir", str(tmp_path), "--workflow-dir", "nowhere")
    assert ran.code == 1
    assert "workflow.dirs: there is no folder" in ran.err


def test_the_log_tells_when_a_job_runs_whoever_has_set_its_time(api: httpx2.Client) -> None:
    clip = {
        "source": "in/recording.mp4",
        "start": "2099-01-01T00:00:00Z",
        "end": "2099-01-01T01:00:00Z",
        "source_start": "2099-01-01T00:00:00Z",
    }
    parameters = {"content_id": "x", "output_folder": "out", "clips": [clip]}
    for wanted in ({}, {"run_at": "2098-01-01T00:00:00Z"}):
        body = {"job": {"workflow": "vodcapture", **wanted}, "parameters": parameters}
        job = api.post("/job", json=body).json()["id"]
        told = [line["message"] for line in api.get(f"/logs/{job}").json()]
        assert 'Job will run at: "2099-01-01T01:00:00.000Z"' in told
        assert api.put(f"/jobs/{job}", json={"queue_state": "broken"}).status_code == 200
