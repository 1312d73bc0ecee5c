"""Every command as people and scripts run it: real processes against a real server."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import stat
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from taskward.cli import app, invoke
from taskward.client import Client
from taskward.model.policy import Resource
from taskward.wire import TaskView

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 60
PATIENCE = timedelta(seconds=LONGEST_SECONDS)


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class House:
    """A running server and a way to run commands against it."""

    def __init__(self, data_dir: Path, client: Client) -> None:
        self.data_dir = data_dir
        self.client = client

    def run(self, *words: str, env: dict[str, str] | None = None, **kwargs: Any) -> Ran:
        """Runs `taskward WORDS` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "taskward.cli", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            cwd=kwargs.pop("cwd", ROOT),
            env={**environment(self.data_dir), **(env or {})},
            **kwargs,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str) -> Ran:
        """Runs a command that has to end well."""
        ran = self.run(*words)
        assert ran.code == 0, ran
        return ran

    def data(self, *words: str) -> Any:
        """What a command that has to end well prints with --json."""
        return self.ok(*words, "--json").json

    def made(self, operation: str, **wishes: Any) -> TaskView:
        """A task that was submitted, without a process for it."""
        return self.client.submit(operation, **wishes)

    def finished(self, operation: str, **wishes: Any) -> TaskView:
        """A task that has ended, however it did."""
        return self.client.wait(self.made(operation, **wishes).id, timeout=PATIENCE)

    def running(self, operation: str, **wishes: Any) -> TaskView:
        """A task that runs, as its events tell."""
        task = self.made(operation, **wishes)
        for event in self.client.events(task.id, after=""):
            if event.data.get("state") == "running":
                break
        return task

    def canceled(self, task: TaskView) -> None:
        """Ends a task that would run for ever."""
        self.client.cancel(task.id)
        self.client.wait(task.id, timeout=PATIENCE)

    def popen(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "taskward.cli", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(self.data_dir),
        )


_OF_THE_TERMINAL = {"COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
"""What says how wide or colourful the terminal is that the tests were started on, if they were: not a command's."""


def environment(data_dir: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TASKWARD_") and name not in _OF_THE_TERMINAL
    }
    return {**kept, "TASKWARD_SERVER__DATA_DIR": str(data_dir), "TASKWARD_SERVER__SHUTDOWN_GRACE": "1s"}


@contextlib.contextmanager
def serving(data_dir: Path, *words: str) -> Iterator[House]:
    log = data_dir.with_suffix(".log")
    with log.open("w") as log_file:
        process = subprocess.Popen(
            [sys.executable, "-m", "taskward.cli", "serve", "--port", "0", *words],
            stdout=subprocess.PIPE,
            stderr=log_file,
            text=True,
            cwd=ROOT,
            env=environment(data_dir),
        )
    with process:
        try:
            first = next(iter(process.stdout or ()), "")
            assert first.startswith("Taskward is at http://127.0.0.1:"), log.read_text()
            with Client(data_dir=data_dir) as client:
                yield House(data_dir, client)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(LONGEST_SECONDS) == 0, log.read_text()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("house") / "data", "--app", "tests.acceptance.cli_operations") as house:
        yield house


# ------------------------------------------------------------------ submit and wait


def test_submit_prints_the_task(house: House) -> None:
    ran = house.ok("submit", "trial.echo", "value=hello", "--name", "greeting", "--label", "team=a")
    assert re.search(r"greeting #\d+ [0-9a-f-]{36}", ran.out)


def test_submit_sends_every_kind_of_value(house: House, tmp_path: Path) -> None:
    (tmp_path / "value.json").write_text('{"b": [1]}')
    task = house.data("submit", "trial.echo", f"value:=@{tmp_path}/value.json", "times=2")
    assert task["args"] == {"value": {"b": [1]}, "times": 2}
    task = house.data("submit", "trial.echo", "--args", '{"times": 3}', "value=x")
    assert task["args"] == {"times": 3, "value": "x"}


def test_submit_and_wait_prints_plain_lines_and_the_result(house: House) -> None:
    ran = house.ok("submit", "trial.tree", "children=3", "--wait")
    assert re.search(r"\d\d:\d\d:\d\d  completed +trial\.tree  in ", ran.err)
    assert "child 2" in ran.err
    assert "✔ completed trial.tree #" in ran.out
    assert "[0,1,2]" in ran.out
    assert "\x1b" not in ran.out + ran.err, "no colors for a pipe"


def test_submit_and_wait_as_json(house: House) -> None:
    task = house.data("submit", "trial.echo", "value=7", "--wait")
    assert (task["state"], task["result"]) == ("completed", 7)


def test_a_task_that_fails_ends_the_wait_with_123(house: House) -> None:
    ran = house.run("submit", "trial.bad_tree", "--wait")
    assert ran.code == 123
    assert "ValueError: the child went wrong" in ran.err, "the failed child is told of"
    assert "ChildFailed" in ran.out


def test_a_wait_that_is_too_long_ends_with_124(house: House) -> None:
    task = house.made("trial.hold")
    ran = house.run("task", "wait", str(task.id), "--timeout", "300ms")
    assert ran.code == 124
    assert "not finished in time: trial.hold" in ran.err
    house.ok("task", "cancel", str(task.id), "--wait", "--timeout", "20s")
    assert house.run("task", "wait", str(task.id)).code == 123, "a canceled task did not complete"


def test_wait_for_several_by_number(house: House) -> None:
    tasks = [house.made("trial.echo", value=n) for n in range(3)]
    ended = house.data("task", "wait", *(f"#{task.number}" for task in tasks))
    assert [task["result"] for task in ended] == [0, 1, 2]


def test_wait_all(house: House) -> None:
    label = ["--label", "batch=wait-all"]
    for _ in range(3):
        house.made("trial.echo", labels={"batch": "wait-all"})
    ran = house.ok("task", "wait", "all", *label, "--timeout", "30s")
    assert "nothing to wait for" in house.ok("task", "wait", "all", *label).out, ran
    assert {task.state for task in house.client.tasks(label={"batch": "wait-all"})} == {"completed"}
    held = house.made("trial.hold", labels={"batch": "wait-all"})
    assert house.run("task", "wait", "all", *label, "--timeout", "300ms").code == 124
    house.canceled(held)


def test_wait_all_with_a_failure_ends_with_123(house: House) -> None:
    waiting = house.made("trial.fail", labels={"batch": "bad"}, paused=True)
    with house.popen("task", "wait", "all", "--label", "batch=bad") as wait:
        assert wait.stderr is not None
        assert "paused" in wait.stderr.readline()
        house.client.resume(waiting.id)
        assert wait.wait(LONGEST_SECONDS) == 123


def test_wait_all_counts_what_was_too_quick_for_it(house: House) -> None:
    batch = ["--label", "batch=quick"]
    house.client.wait(house.made("trial.fail", labels={"batch": "quick"}).id)
    assert house.run("task", "wait", "all", *batch).code == 0
    ran = house.run("task", "wait", "all", *batch, "--since", "10m")
    assert (ran.code, "failed" in ran.out) == (123, True), ran
    held = house.made("trial.hold", labels={"batch": "quick"})
    with house.popen("task", "wait", "all", *batch) as wait:
        assert wait.stderr is not None
        assert "trial.hold" in wait.stderr.readline()
        # It has come and gone while another one is waited for.
        house.client.wait(house.made("trial.fail", labels={"batch": "quick"}).id)
        house.canceled(held)
        assert wait.wait(LONGEST_SECONDS) == 123
        assert wait.stdout is not None
        assert "failed" in wait.stdout.read()


def test_idempotency(house: House) -> None:
    words = ["submit", "trial.echo", "value=1", "--idempotency-key", "once", "--correlation-id", "order-7"]
    first, second = house.data(*words), house.data(*words)
    assert first["id"] == second["id"]
    assert [task["id"] for task in house.data("task", "list", "--correlation-id", "order-7")] == [first["id"]]
    ran = house.run("submit", "trial.echo", "value=2", "--idempotency-key", "once")
    assert ran.code == 4, ran


def test_a_wait_outlasts_a_restart_of_the_server(tmp_path: Path) -> None:
    app = ("--app", "tests.acceptance.cli_operations")
    with serving(tmp_path / "data", *app) as house:
        port = house.client.url.rpartition(":")[2]
        task = house.running("trial.hold")
        wait = house.popen("task", "wait", str(task.id), "--timeout", f"{LONGEST_SECONDS}s")
        assert wait.stderr is not None
        assert "running    trial.hold" in wait.stderr.readline()
    with wait, serving(tmp_path / "data", *app, "--port", port) as house:
        house.canceled(task)
        _, told = wait.communicate(timeout=LONGEST_SECONDS)
        assert wait.returncode == 123, told
        assert "canceled   trial.hold" in told


# ------------------------------------------------------------------ look


def test_list_and_its_filters(house: House) -> None:
    done = str(house.finished("trial.echo", value="needle", labels={"find": "me"}, name="pin").id)
    failed = str(house.finished("trial.fail", labels={"find": "me"}).id)

    def found(*words: str) -> list[str]:
        return [task["id"] for task in house.data("task", "list", "--label", "find=me", *words)]

    assert found() == [failed, done], "newest first"
    assert found("--state", "failed") == [failed]
    assert found("--text", "needle") == [done]
    assert found("--created-before", "1h") == []
    assert found("--created-since", "1h", "--finished-since", "1h", "--roots") == [failed, done]
    assert found("--operation", "trial.echo", "--module", "trial", "--queue", "default") == [done]
    assert found("--sort", "created", "--limit", "1") == [done]
    table = house.ok("task", "list", "--label", "find=me", "--limit", "1")
    assert failed in table.out
    assert "ValueError" in table.out
    assert "there are more than these 1" in table.err
    assert "pin (trial.echo)" in house.ok("task", "list", "--label", "find=me").out


def test_show(house: House) -> None:
    task = house.finished("trial.fail", message="so it is")
    ran = house.ok("task", "show", str(task.number))
    assert "ValueError: so it is" in ran.out
    assert "Traceback" in ran.out
    assert str(task.id) in ran.out


def test_tree(house: House) -> None:
    task = str(house.finished("trial.tree", children=2).id)
    nodes = house.data("task", "tree", task)["nodes"]
    assert {node["name"] for node in nodes} == {"trial.tree", "prepare", "child 0", "child 1"}
    drawn = house.ok("task", "tree", task).out
    assert re.search(r"[├└]─ ✔ child 1", drawn)
    assert len(house.data("task", "tree", task, "--depth", "0")["nodes"]) == 1


def test_logs(house: House) -> None:
    task = str(house.finished("trial.echo", value="x", times=3).id)
    lines = [json.loads(line) for line in house.ok("task", "logs", task, "--json").out.splitlines()]
    echoes = [line for line in lines if line["message"].startswith("echo")]
    assert [line["message"] for line in echoes] == ["echo 0", "echo 1", "echo 2"]
    assert echoes[0]["fields"] == {"value": "x"}
    later = house.ok("task", "logs", task, "--after", str(echoes[1]["seq"])).out
    assert "echo 2  value=x" in later
    assert "echo 1" not in later
    assert house.ok("task", "logs", task, "--severity", "error").out == ""
    followed = house.ok("task", "logs", task, "--follow").out
    assert "echo 2" in followed, "a follower of a task that has ended gets its lines, and ends"


def test_events_of_a_task_from_beginning_to_end(house: House) -> None:
    task = house.finished("trial.echo")
    events = [json.loads(line) for line in house.ok("task", "events", str(task.id)).out.splitlines()]
    assert events[0]["kind"] == "created"
    assert events[-1]["data"]["state"] == "completed"


def test_why(house: House) -> None:
    holder = house.running("trial.hold", resources=[Resource("gate-of-why")])
    waiting = house.made("trial.echo", resources=[Resource("gate-of-why")])
    why = house.data("task", "why", str(waiting.id))
    assert why["waiting"]
    assert [obstacle["gate"] for obstacle in why["obstacles"]] == ["resources"]
    assert "gate-of-why" in house.ok("task", "why", str(waiting.id)).out
    assert "it does not wait" in house.ok("task", "why", str(holder.id)).out
    house.canceled(holder)


def test_stats(house: House) -> None:
    house.finished("trial.echo")
    assert house.data("task", "stats")["states"]["completed"] >= 1
    assert "completed" in house.ok("task", "stats").out


def test_top_prints_one_picture(house: House) -> None:
    house.finished("trial.fail", message="for the top")
    ran = house.ok("top", "--once")
    assert "latest failures" in ran.out
    assert "ValueError: for the top" in ran.out
    assert set(house.data("top")) == {"stats", "running", "failed", "workers", "queues"}
    assert house.run("top").code == 1, "without a terminal it cannot be live"


# ------------------------------------------------------------------ steer


def test_pause_resume_change(house: House) -> None:
    made = house.data("submit", "trial.echo", "--at", "1h")
    assert made["state"] == "scheduled"
    task = made["id"]
    assert house.data("task", "pause", task)[0]["state"] == "paused"
    changed = house.data("task", "change", task, "--priority", "2", "--label", "a=b", "--run-at", "2h")
    assert (changed["priority"], changed["labels"]) == (2, {"a": "b"})
    assert house.data("task", "resume", task)[0]["state"] == "scheduled"
    assert house.data("task", "cancel", task, "--reason", "enough")[0]["state"] == "canceled"


def test_cancel_preview_reaches_nothing(house: House) -> None:
    task = str(house.made("trial.echo", paused=True).id)
    assert [reached["id"] for reached in house.data("task", "cancel", task, "--preview")] == [task]
    assert house.data("task", "show", task)["state"] == "paused"
    house.client.cancel(task)


def test_rerun(house: House) -> None:
    first = house.finished("trial.fail")
    ran = house.run("task", "rerun", str(first.id), "--wait", "--json")
    assert ran.code == 123
    assert ran.json["rerun_of"] == str(first.id)
    assert str(house.client.get(first.id).superseded_by) == ran.json["id"]


def test_persist_delete_purge(house: House) -> None:
    kept = str(house.finished("trial.echo").id)
    assert house.data("task", "persist", kept)[0]["persist"]
    gone = str(house.finished("trial.echo").id)
    assert house.data("task", "delete", gone) == {"deleted": 1}
    assert house.run("task", "show", gone).code == 4
    house.finished("trial.echo")
    assert house.data("task", "purge", "--operation", "trial.echo")["removed"] >= 1
    assert house.client.get(kept).state == "completed"
    assert house.data("task", "change", kept, "--no-persist")["persist"] is False


def _line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_work_outside(house: House) -> None:
    made = house.data("task", "create", "--state", "running", "--name", "import", "--label", "source=crm")
    assert (made["state"], made["kind"], made["labels"]) == ("running", "external", {"source": "crm"})
    task = made["id"]
    told = house.data("task", "progress", task, "3", "--total", "10", "--unit", "files", "--message", "third")
    assert told["progress"] == {"done": 3, "total": 10, "unit": "files", "message": "third"}
    house.ok("task", "progress", task, "1", "--code", "upload")
    assert "● running" in _line(house.ok("task", "show", task).out, "upload")
    house.ok("task", "log", task, "half of it", "--severity", "warning")
    assert "half of it" in [line.message for line in house.client.logs(task)]
    ended = house.data("task", "finish", task, "--result", '{"rows": 3}')
    assert (ended["state"], ended["result"]) == ("completed", {"rows": 3})
    assert "✔ completed" in _line(house.ok("task", "show", task).out, "upload"), "no report outlives its task"
    bad = str(house.client.begin("import").id)
    ended = house.data("task", "finish", bad, "--state", "failed", "--error", "no disk")
    assert (ended["state"], ended["error"]["message"]) == ("failed", "no disk")
    assert house.run("task", "wait", bad).code == 123


# ------------------------------------------------------------------ the house


def test_modules_and_operations(house: House) -> None:
    assert "trial" in [module["name"] for module in house.data("module", "list")]
    assert house.data("module", "show", "trial")["description"] == "Operations to try things with"
    assert "trial.echo" in house.ok("module", "list").out
    assert "trial.echo" in [operation["name"] for operation in house.data("operation", "list")]
    assert "Returns what it was given" in house.ok("operation", "list").out
    shown = house.ok("operation", "show", "trial.echo").out
    assert re.search(r"times +integer +1", shown)
    assert house.data("operation", "show", "trial.locked")["schema"]["required"] == ["lock"]


def test_workers(house: House) -> None:
    (worker,) = [worker for worker in house.data("worker", "list") if worker["state"] == "online"]
    assert "trial.echo" in worker["operations"]
    assert worker["name"] in house.ok("worker", "list").out


def test_queues(house: House) -> None:
    assert house.data("queue", "pause", "slow")["paused"]
    task = house.made("trial.echo", queue="slow")
    assert "paused" in house.ok("queue", "list").out
    assert [queue["queued"] for queue in house.data("queue", "list") if queue["name"] == "slow"] == [1]
    assert not house.data("queue", "resume", "slow")["paused"]
    house.client.cancel(task.id)


def test_pools(house: House) -> None:
    made = house.data("pool", "set", "few", "2", "--reserved", "1", "--threshold", "3")
    assert (made["limit"], made["reserved"], made["threshold"]) == (2, 1, 3)
    assert "few" in house.ok("pool", "list").out
    assert house.finished("trial.echo", pool="few").state == "completed"
    assert house.data("pool", "delete", "few") == {"deleted": "few"}
    assert house.run("pool", "delete", "few").code == 4


def test_schedules(house: House) -> None:
    made = house.data(
        "schedule", "set", "nightly", "trial.echo", "value=1", "--cron", "30 2 * * *", "--timezone", "Europe/Berlin"
    )
    assert (made["cron"], made["args"], made["active"]) == ("30 2 * * *", {"value": 1}, True)
    assert "nightly" in house.ok("schedule", "list").out
    assert house.data("schedule", "run", "nightly")["operation"] == "trial.echo"
    assert house.data("schedule", "set", "nightly", "trial.echo", "--every", "15m", "--off")["active"] is False
    assert house.run("schedule", "set", "nightly", "trial.echo").code == 1, "neither --every nor --cron"
    assert house.data("schedule", "delete", "nightly") == {"deleted": "nightly"}


def test_settings_of_the_server(house: House) -> None:
    assert "task_ttl" in house.ok("setting", "list").out
    assert house.data("setting", "set", "task_ttl", "3600")["value"] == "3600"
    assert house.ok("setting", "get", "task_ttl").out.strip() == "3600"
    house.ok("setting", "unset", "task_ttl")
    assert house.data("setting", "get", "task_ttl")["value"] != "3600"
    assert house.run("setting", "get", "task_tttl").code == 4


def test_tokens(house: House) -> None:
    issued = house.data("token", "create", "reader", "--scope", "read", "--expires-in", "1h", "--description", "d")
    assert issued["credential"]["expires_at"]
    with_it = {"TASKWARD_TOKEN": issued["secret"]}
    assert house.run("task", "list", env=with_it).code == 0
    refused = house.run("submit", "trial.echo", env=with_it)
    assert refused.code == 4
    assert "Forbidden" in refused.err
    assert "reader" in house.ok("token", "list").out
    assert issued["secret"] not in house.ok("token", "list", "--json").out
    house.ok("token", "revoke", "reader")
    assert house.run("task", "list", env=with_it).code == 4


def test_clients(house: House) -> None:
    issued = house.data("client", "create", "acme", "--description", "a tenant")
    assert issued["secret"]
    assert house.data("client", "rotate", "acme")["secret"] != issued["secret"]
    assert "acme" in house.ok("client", "list").out
    house.ok("client", "delete", "acme")


def test_users(house: House) -> None:
    made = house.data("user", "create", "ada", "--password", "correct horse", "--role", "operator")
    assert "correct horse" not in json.dumps(made)
    assert "ada" in house.ok("user", "list").out
    house.ok("user", "change", "ada", "--password", "battery staple", "--role", "viewer")
    house.ok("user", "delete", "ada")
    short = house.run("user", "create", "bob", "--password", "short")
    assert short.code == 4
    assert "password: " in short.err


# ------------------------------------------------------------------ this machine


def test_settings_show_tells_the_source(house: House, tmp_path: Path) -> None:
    (tmp_path / "taskward.toml").write_text("[worker]\nconcurrency = 3\n")
    rows = {
        row["name"]: row
        for row in house.run("settings", "show", "--config", str(tmp_path / "taskward.toml"), "--json").json
    }
    assert rows["worker.concurrency"]["value"] == "3"
    assert rows["worker.concurrency"]["source"].endswith("taskward.toml:2")
    assert rows["server.data_dir"]["source"] == "environment TASKWARD_SERVER__DATA_DIR"
    assert "default" in house.ok("settings", "show").out
    wrong = house.run("settings", "show", env={"TASKWARD_WORKER__CONCURENCY": "3"})
    assert wrong.code == 1
    assert "did you mean TASKWARD_WORKER__CONCURRENCY?" in wrong.err


def test_version(house: House) -> None:
    assert re.fullmatch(r"taskward \d+\.\d+\.\d+\n", house.ok("version").out)
    assert house.ok("--version").out == house.ok("version").out
    assert house.data("version")["version"]


def test_a_worker_of_its_own_takes_part(house: House) -> None:
    with house.popen(
        "worker", "--app", "tests.acceptance.cli_operations", "--queue", "own", "--name", "apart"
    ) as worker:
        task = house.run("submit", "trial.echo", "--queue", "own", "--wait", "--timeout", "30s", "--json")
        memory = memory_megabytes(worker.pid)
        worker.send_signal(signal.SIGTERM)
        _, log = worker.communicate(timeout=LONGEST_SECONDS)
    assert task.code == 0, log
    assert task.json["worker"] == "apart"
    assert memory <= 70
    assert worker.returncode == 0, log


def memory_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int("".join(re.findall(r"VmRSS:\s+(\d+) kB", status)) or 0) / 1024


# ------------------------------------------------------------------ how it goes wrong

Here = Callable[..., Ran]


@pytest.fixture
def here(house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    """Runs a command in this process: as the real one, and ten times as fast."""
    for name, value in environment(house.data_dir).items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Ran:
        code = invoke(list(words))
        return Ran(code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["task", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["task", "list", "--limt", "3"], "No such option"),
        (["task", "list", "--limit", "0"], "greater than or equal to 1"),
        (["task", "list", "--state", "done"], "'--state' / '-s': 'done' is not one of"),
        (["task", "list", "--created-since", "yesterday"], "'yesterday' is not a time or a duration ago"),
        (["submit"], "Missing argument 'OPERATION'"),
        (["submit", "trial.echo", "hello"], "'hello' is not an argument; write key=value"),
        (["submit", "trial.echo", "--timeout", "3s"], "--timeout goes with --wait"),
        (["task", "wait", "1", "--module", "x"], "filters are for `taskward task wait all`"),
        (["task", "wait", "1", "--timeout", "soon"], "'soon' is not a duration"),
        (["task", "create", "--state", "queued", "--name", "x"], "--state must be running"),
        (["serve", "--workers", "2", "--no-worker"], "--workers and --no-worker exclude each other"),
        (["serve", "--port", "-1"], "server.port"),
        (["serve", "--app", "no.such.module"], "no Python module no.such.module"),
        (["worker", "--database", "mysql://x"], "server.database"),
        (["module", "show", "none"], "no module none"),
    ],
)
def test_wrong_usage_ends_with_1_and_says_what_is_right(here: Here, words: list[str], message: str) -> None:
    ran = here(*words)
    assert ran.code == 1, ran
    assert message in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["submit", "trial.eco"], "did you mean trial.echo?"),
        (["submit", "trial.echo", "time=3"], "  args/time: "),
        (["submit", "trial.echo", "times=many"], "  args/times: "),
        (["submit", "trial.locked"], "  args/lock: "),
        (["submit", "trial.echo", "--priority", "11"], "  priority: "),
        (["task", "show", "999999"], "999999"),
        (["task", "show", "nonsense"], "nonsense"),
        (["task", "list", "--sort", "name"], "sort"),
        (["operation", "show", "trial.none"], "trial.none"),
        (["schedule", "set", "x", "trial.echo", "--cron", "never"], "cron"),
        (["pool", "set", "x", "1", "--reserved", "5"], "reserved"),
        (["token", "create", "x", "--scope", "everything"], "scope"),
        (["setting", "set", "task_ttl", "soon"], "  value: 'soon' is not a duration"),
    ],
)
def test_what_the_server_refuses_ends_with_4(here: Here, words: list[str], message: str) -> None:
    ran = here(*words)
    assert ran.code == 4, ran
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_an_illegal_change_is_refused(house: House) -> None:
    task = house.finished("trial.echo")
    assert house.run("task", "cancel", str(task.id)).code == 4
    assert house.run("task", "resume", str(task.id)).code == 4
    running = house.running("trial.hold")
    assert house.run("task", "delete", str(running.id)).code == 4
    house.canceled(running)


def test_no_server_ends_with_125(house: House) -> None:
    ran = house.run("task", "list", "--server", "http://127.0.0.1:1")
    assert ran.code == 125
    assert "no server answers at http://127.0.0.1:1" in ran.err
    before = house.run("--server", "http://127.0.0.1:1", "task", "list")
    assert before.code == 125, "options before the command count too"
    over = house.run("--server", "http://127.0.0.1:1", "task", "list", env={"TASKWARD_SERVER": house.client.url})
    assert over.code == 125, "they go over the environment"


def test_a_wrong_token_ends_with_4(house: House) -> None:
    assert house.run("task", "list", "--token", "nobody").code == 4
    assert house.run("--json", "task", "list").out.startswith("[")


# ------------------------------------------------------------------ help and completion


def test_every_command_has_help() -> None:
    def names(group: Any, prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for info in group.registered_commands:
            yield (*prefix, info.name or info.callback.__name__.rstrip("_"))
        for info in group.registered_groups:
            yield from names(info.typer_instance, (*prefix, info.name))

    commands = list(names(app, ()))
    assert len(commands) > 50
    for words in commands:
        shown = CliRunner().invoke(app, [*words, "--help"])
        assert shown.exit_code == 0, words
        assert "usage: " in shown.output.lower(), words
        description = re.split("usage: ", shown.output, flags=re.IGNORECASE)[1].split("\n", 1)[1].strip()
        assert description, words


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["taskward", "submit", "trial.e"], ["trial.echo"]),
        (["taskward", "submit", "trial.echo", "va"], ["value="]),
        (["taskward", "task", "list", "--state", "que"], ["queued"]),
        (["taskward", "sche"], ["schedule"]),
    ],
)
def test_the_shell_completes(house: House, words: list[str], completed: list[str]) -> None:
    asked = {
        "_TASKWARD_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    assert house.run(env=asked).out.split() == completed


# ------------------------------------------------------------------ on a terminal


def on_terminal(house: House, *words: str, keys: str = "", until: str = "") -> tuple[int, str]:
    """Runs a command on a terminal of 120 by 30, types the keys once `until` shows; its exit code and all it drew."""
    environ = {**environment(house.data_dir), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "-m", "taskward.cli", *words], environ)  # noqa: S606 - our own program
    drawn = b""
    # The terminal is at its end (EIO) when the program is.
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 65536):
            drawn += piece
            if keys and until.encode() in drawn:
                os.write(terminal, keys.encode())
                keys = ""
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), drawn.decode()


def test_a_wait_on_a_terminal_draws_the_tree(house: House) -> None:
    code, drawn = on_terminal(house, "submit", "trial.bad_tree", "--wait")
    assert code == 123
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn.rpartition("trial.bad_tree")[0].rpartition("trial.bad_tree")[2])
    assert "└─ ✘ trial.fail" in last
    assert "ValueError: the child went wrong" in last
    assert "2 failed" in last


def test_a_wait_on_a_terminal_is_left_with_ctrl_c_and_the_task_goes_on(house: House) -> None:
    code, drawn = on_terminal(
        house, "submit", "trial.hold", "--label", "left=alone", "--wait", keys="\x03", until="1 running"
    )
    assert code == 130
    assert "what was waited for goes on" in drawn
    (task,) = house.client.tasks(label={"left": "alone"})
    assert task.state == "running"
    house.canceled(task)


def test_top_is_left_with_q(house: House) -> None:
    code, drawn = on_terminal(house, "top", keys="q", until="latest failures")
    assert code == 0
    assert "q quits" in drawn


# ------------------------------------------------------------------ the database


def test_the_database_is_checked_and_copied_while_in_use(house: House, tmp_path: Path) -> None:
    assert house.data("db", "check")["faults"] == []
    assert "schema" in house.ok("db", "upgrade").out
    copy = tmp_path / "copy.db"
    assert house.data("db", "backup", str(copy))["bytes"] == copy.stat().st_size
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert house.run("db", "backup", str(copy)).code == 1, "it is not overwritten"
    assert house.data("db", "check", "--database", f"sqlite:///{copy}")["schema"] >= 1
    missing = house.run("db", "check", "--data-dir", str(tmp_path / "nothing"))
    assert missing.code == 1
    assert "cannot read" in missing.err


def test_a_postgresql_database_is_upgraded_and_checked(house: House, postgres_dsn: str) -> None:
    before = house.run("db", "check", "--database", postgres_dsn, "--json")
    assert before.code == 1
    assert before.json["schema"] == 0
    assert house.data("db", "upgrade", "--database", postgres_dsn)["schema"] >= 1
    assert house.data("db", "check", "--database", postgres_dsn)["faults"] == []
    assert "pg_dump" in house.run("db", "backup", "x.db", "--database", postgres_dsn).err
