"""`taskward nodetool tasks`: its tables and exit codes, against a server and against a node that is none of ours."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from taskward.cli.nodetool import run
from taskward.cli.nodetool.pretty import amount, draw, duration, lay_out, percent, title
from tests.scylla import Manager, scylla_server
from tests.serving import Server

Printed = pytest.CaptureFixture[str]
EPOCH = "1970-01-01T00:00:00Z"
NOBODY = "00000000-0000-0000-0000-00000000000a"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No server of this machine is found by chance."""
    monkeypatch.setenv("TASKWARD_SERVER__DATA_DIR", str(tmp_path_factory.getbasetemp() / "none"))
    for name in ("TASKWARD_SERVER", "TASKWARD_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with scylla_server(request, "sqlite", tmp_path_factory.mktemp("server"), "2026") as server:
        yield server


@pytest.fixture
def manager(server: Server) -> Iterator[Manager]:
    manager = Manager(server.url)
    manager.begin()
    yield manager
    manager.http.delete("/task_manager_test/test_module")


@pytest.fixture
def port(server: Server) -> str:
    return str(urlsplit(server.url).port)


def tasks(port: str, *words: str) -> int:
    return run(["tasks", *words, "-p", port])


# ------------------------------------------------------------------ against a server


def test_modules_are_one_per_line(port: str, manager: Manager, capsys: Printed) -> None:
    assert tasks(port, "modules") == 0
    assert capsys.readouterr().out == "".join(f"{name}\n" for name in manager.get("list_modules"))


def test_a_list_is_a_table_with_padded_columns(port: str, manager: Manager, capsys: Printed) -> None:
    root = manager.make(keyspace="ks", table="a_long_table", entity="e")
    started = manager.get(f"task_status/{root}")["start_time"]
    assert tasks(port, "list", "test", "--keyspace", "ks") == 0
    assert capsys.readouterr().out == (
        "task_id                              type kind scope state   sequence_number keyspace table        entity"
        " shard start_time           end_time\n"
        f"{root} test node test  running 1               ks       a_long_table e      0     {started}         \n"
    )


def test_an_empty_list_has_its_heading(port: str, manager: Manager, capsys: Printed) -> None:
    assert tasks(port, "list", "test") == 0
    heading = "task_id type kind scope state sequence_number keyspace table entity shard start_time end_time\n"
    assert capsys.readouterr().out == heading


@pytest.mark.parametrize("option", [["-ks", "ks"], ["--keyspace=ks"], ["-t", "t"], ["--table", "t"], ["--internal"]])
def test_lists_are_filtered(port: str, manager: Manager, capsys: Printed, option: list[str]) -> None:
    root = manager.make(keyspace="ks", table="t")
    child = manager.make(parent_id=root)
    other = manager.make()
    assert tasks(port, "list", "test", *option) == 0
    listed = [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert listed == ([root, child, other] if option == ["--internal"] else [root])


def test_a_list_is_repeated_as_often_as_is_said(port: str, manager: Manager, capsys: Printed) -> None:
    assert tasks(port, "list", "test", "--interval", "0", "-i", "2") == 0
    once, twice, thrice = capsys.readouterr().out.split("\n\n\n")
    assert once + "\n" == twice + "\n" == thrice
    assert tasks(port, "list", "test", "--interval", "1") == 0
    assert capsys.readouterr().out == thrice


def test_a_status_is_a_line_per_member(port: str, manager: Manager, capsys: Printed) -> None:
    root = manager.make(entity="a b")
    assert tasks(port, "status", root) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"id: {root}"
    assert [line.split(":")[0] for line in lines] == list(manager.get(f"task_status/{root}"))
    assert ("end_time: " in lines, "entity: a b" in lines, "is_abortable: false" in lines) == (True, True, True)
    child = manager.make(parent_id=root)
    tasks(port, "status", root)
    assert capsys.readouterr().out.splitlines()[-1] == f"children_ids: [{{task_id: {child}, node: 127.0.0.1 }}]"


def test_a_tree_is_a_flat_table(port: str, manager: Manager, capsys: Printed) -> None:
    root = manager.make()
    child = manager.make(parent_id=root)
    manager.finish(child, "boom")
    assert tasks(port, "tree", root) == 0
    heading, of_root, of_child = capsys.readouterr().out.splitlines()
    assert heading.split() == [
        "id", "type", "kind", "scope", "state", "is_abortable", "start_time", "end_time", "error", "parent_id",
        "sequence_number", "shard", "keyspace", "table", "entity", "progress_units", "total", "completed",
        "children_ids",
    ]  # fmt: skip
    assert of_root.startswith(root)
    assert f"[{{task_id: {child}, node: 127.0.0.1 }}]" in of_root
    assert ("std::runtime_error (boom)" in of_child, of_child.rstrip().endswith("[]")) == (True, True)


def test_a_tree_of_nothing_in_particular_is_of_everything(port: str, manager: Manager, capsys: Printed) -> None:
    first, second = manager.make(), manager.make()
    assert tasks(port, "tree") == 0
    ids = [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()]
    assert ids[0] == "id"
    assert [one for one in ids if one in {first, second}] == [first, second]


def test_a_pretty_tree_is_a_tree(port: str, manager: Manager, capsys: Printed) -> None:
    root = manager.make(keyspace="ks", table="t")
    child = manager.make(parent_id=root, entity="left")
    manager.finish(manager.make(parent_id=child))
    manager.finish(child)
    manager.finish(manager.make(parent_id=root, entity="right"), "boom")
    assert tasks(port, "tree", "--pretty", root) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line.split("  ")[0] for line in lines] == ["test ks.t", "├─ test left", "└─ test right"]
    assert "running" in lines[0]
    assert ("100 %" in lines[1], "(+1 that folded away)" in lines[1]) == (True, True)
    assert lines[2].endswith("std::runtime_error (boom)")
    assert root in lines[0]


@pytest.mark.parametrize(
    ("options", "codes"),
    [([], (0, 0, 0)), (["-q"], (0, 123, 124)), (["--quiet", "--strict"], (0, 123, 124)), (["--strict"], (0, 123, 124))],
)
def test_how_a_wait_ends(
    port: str, manager: Manager, capsys: Printed, options: list[str], codes: tuple[int, int, int]
) -> None:
    done, failed, running = manager.make(), manager.make(), manager.make()
    manager.finish(done)
    manager.finish(failed, "boom")
    ends, outputs = [], []
    for task in (done, failed, running):
        ends.append(tasks(port, "wait", task, "--timeout", "0", *options))
        outputs.append(capsys.readouterr().out)
    assert tuple(ends) == codes
    if "-q" in options or "--quiet" in options:
        assert outputs == ["", "", ""]
    else:
        assert outputs[0].startswith(f"id: {done}\n")
        assert "state: failed\n" in outputs[1]
        assert outputs[2] == "Operation timed out"


def test_a_wait_for_what_is_not_there(port: str, capsys: Printed) -> None:
    assert tasks(port, "wait", NOBODY) == 4
    assert f"task with id {NOBODY} not found" in capsys.readouterr().err
    assert tasks(port, "wait", NOBODY, "-q") == 125
    assert capsys.readouterr() == ("", "")


def test_an_abort_that_is_refused_is_only_told(port: str, manager: Manager, capsys: Printed) -> None:
    root = manager.make()
    assert tasks(port, "abort", root) == 0
    assert capsys.readouterr().out == f"Task with id {root} is not abortable\n"
    assert tasks(port, "abort", root, "--strict") == 4


def test_an_abort_prints_nothing(server: Server, port: str, capsys: Printed) -> None:
    with server.client() as native:
        task = native.post("/v1/tasks", json={"operation": "backup.full", "state": "running"}).json()
        assert tasks(port, "abort", task["id"]) == 0
        assert capsys.readouterr() == ("", "")
        assert native.get(f"/v1/tasks/{task['id']}").json()["state"] == "canceled"


@pytest.mark.parametrize(("command", "words"), [("ttl", "ttl"), ("user-ttl", "user ttl")])
def test_ttls(port: str, manager: Manager, capsys: Printed, command: str, words: str) -> None:
    assert tasks(port, command, "--set", "123") == 0
    assert capsys.readouterr().out == ""
    assert tasks(port, command) == 0
    assert capsys.readouterr().out == f"Current {words}: 123\n"


@pytest.mark.parametrize("options", [[], ["--module", "test"]])
def test_drain(port: str, manager: Manager, capsys: Printed, options: list[str]) -> None:
    manager.post("ttl", ttl=1000)
    manager.finish(manager.make())
    assert len(manager.listed()) == 1
    assert tasks(port, "drain", *options) == 0
    assert capsys.readouterr() == ("", "")
    assert manager.listed() == []


def test_an_error_of_the_server_is_told_with_its_request(port: str, server: Server, capsys: Printed) -> None:
    assert tasks(port, "list", "no module", "-ks", "k") == 4
    assert capsys.readouterr().err == (
        f"error executing GET request to {server.url}/task_manager/list_module_tasks/no%20module with parameters"
        ' {"internal": "false", "keyspace": "k"}: remote replied with status code 400 Bad Request:\n'
        "std::runtime_error (module no module not found)\n"
    )


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["tasks", "status"], 1, "required parameter is missing: id"),
        (["tasks", "wait", "-q"], 1, "required parameter is missing: id"),
        (["tasks", "list"], 1, "required parameter is missing: module"),
        (["tasks", "status", "a", "b"], 1, "option '--id' cannot be specified more than once"),
        (["tasks", "modules", "a"], 1, "too many arguments"),
        (["tasks", "list", "a", "--bogus"], 1, "unrecognised option '--bogus'"),
        (["tasks", "list", "a", "--inter"], 1, "unrecognised option '--inter'"),
        (["tasks", "ttl", "--set", "x"], 1, "error processing arguments"),
        (["tasks", "ttl", "--set"], 1, "error processing arguments"),
        (["tasks", "wait", "a", "--timeout", "-1"], 1, "error processing arguments"),
        (["tasks", "modules", "-p", "0"], 1, "a port is a number"),
        (["tasks", "bogus"], 100, "unrecognized tasks subcommand 'bogus'"),
        (["status"], 100, "unrecognized operation 'status'"),
        (["tasks"], 100, "a command is missing"),
        ([], 100, "a command is missing"),
        (["tasks", "modules", "-p", "1"], 2, "Connection refused"),
        (["tasks", "wait", "a", "-p", "1", "-q"], 125, ""),
    ],
)
def test_a_wrong_command_line(capsys: Printed, words: list[str], code: int, told: str) -> None:
    assert run(words) == code
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("words", [["--help"], ["help"], ["tasks", "--help"], ["tasks", "list", "--help"]])
def test_help(capsys: Printed, words: list[str]) -> None:
    assert run(words) == 0
    assert "nodetool tasks" in capsys.readouterr().out


def test_it_is_a_command_of_taskward(port: str, manager: Manager) -> None:
    root = manager.make()
    command = [
        sys.executable,
        "-m",
        "taskward.cli",
        "nodetool",
        "-p",
        port,
        "tasks",
        "wait",
        root,
        "-q",
        "--timeout",
        "0",
    ]
    assert subprocess.run(command, check=False, timeout=60).returncode == 124


# ------------------------------------------------------------------ against another node


@dataclass
class Node:
    """Something that answers as it is told, and remembers what it was asked."""

    port: str
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)


@pytest.fixture
def node() -> Iterator[Node]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append((self.command, self.path, self.headers.get("Authorization")))
            status, body = known.answers.get(urlsplit(self.path).path, (404, {"message": "Not found", "code": 404}))
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        known = Node(str(http.server_port))
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield known
        http.shutdown()
        thread.join()


def test_only_the_documented_calls_are_made(node: Node, capsys: Printed) -> None:
    task = {"task_id": "t", "type": "repair", "state": "done", "start_time": EPOCH, "end_time": EPOCH}
    node.answers = {
        "/task_manager/list_modules": (200, ["repair", "tablets"]),
        "/task_manager/list_module_tasks/repair": (200, [task]),
        "/task_manager/list_module_tasks/tablets": (200, []),
        "/task_manager/task_status_recursive/t": (400, {"message": "gone", "code": 400}),
        "/task_manager/wait_task/t": (
            200,
            {"id": "t", "state": "done", "progress_total": 2.0, "progress_completed": 2.5},
        ),
        "/task_manager/abort_task/t": (200, b""),
        "/task_manager/drain/repair": (200, b""),
        "/task_manager/drain/tablets": (200, b""),
        "/task_manager/ttl": (200, 5),
    }
    commands = [["tree"], ["wait", "t"], ["abort", "t"], ["drain"], ["ttl"], ["ttl", "--set", "0"], ["list", "repair"]]
    assert [run(["tasks", *words, "-h", "localhost", "-p", node.port]) for words in commands] == [0] * 7
    assert [(method, path) for method, path, _ in node.asked] == [
        ("GET", "/task_manager/list_modules"),
        ("GET", "/task_manager/list_module_tasks/repair"),
        ("GET", "/task_manager/task_status_recursive/t"),
        ("GET", "/task_manager/list_module_tasks/tablets"),
        ("GET", "/task_manager/wait_task/t"),
        ("POST", "/task_manager/abort_task/t"),
        ("GET", "/task_manager/list_modules"),
        ("POST", "/task_manager/drain/repair"),
        ("POST", "/task_manager/drain/tablets"),
        ("GET", "/task_manager/ttl"),
        ("POST", "/task_manager/ttl?ttl=0"),
        ("GET", "/task_manager/list_module_tasks/repair?internal=false"),
    ]
    out = capsys.readouterr().out
    assert "progress_total: 2\nprogress_completed: 2.5\n" in out
    assert "Current ttl: 5\n" in out


def test_a_node_that_is_not_ours_gets_no_token(
    node: Node, monkeypatch: pytest.MonkeyPatch, server: Server, capsys: Printed
) -> None:
    node.answers = {"/task_manager/list_modules": (200, [])}
    monkeypatch.setenv("TASKWARD_SERVER__DATA_DIR", str(server.data_dir))
    monkeypatch.setenv("TASKWARD_TOKEN", "secret")
    run(["tasks", "modules", "-p", node.port])
    run(["tasks", "modules", "-p", node.port, "--token", "mine"])
    run(["tasks", "modules", "-p", node.port, "-u", "ann", "-pw", "pw"])
    assert [authorization for _, _, authorization in node.asked] == [None, "Bearer mine", "Basic YW5uOnB3"]


def test_the_server_of_this_machine_is_found(
    monkeypatch: pytest.MonkeyPatch, server: Server, manager: Manager, capsys: Printed
) -> None:
    monkeypatch.setenv("TASKWARD_SERVER__DATA_DIR", str(server.data_dir))
    assert run(["tasks", "modules"]) == 0
    assert "test\n" in capsys.readouterr().out


def test_an_older_node_is_named_as_the_reason(node: Node, capsys: Printed) -> None:
    assert run(["tasks", "user-ttl", "-p", node.port]) == 4
    assert "scylla.edition 2024" in capsys.readouterr().err


def test_children_of_an_older_node_are_plain_ids(node: Node, capsys: Printed) -> None:
    node.answers = {"/task_manager/task_status/t": (200, {"id": "t", "children_ids": ["a", "b"]})}
    assert run(["tasks", "status", "t", "-p", node.port]) == 0
    assert capsys.readouterr().out == "id: t\nchildren_ids: [a, b]\n"


def test_an_answer_that_is_not_json_is_unexpected(node: Node, capsys: Printed) -> None:
    node.answers = {"/task_manager/list_modules": (200, b"<html>")}
    assert run(["tasks", "modules", "-p", node.port]) == 2
    assert "the answer is not JSON" in capsys.readouterr().err


# ------------------------------------------------------------------ drawing


def test_a_drawing_has_branches() -> None:
    def node(name: str, parent: str) -> dict[str, str]:
        return {"id": name, "parent_id": parent}

    lines = lay_out([node("r", "none"), node("a", "r"), node("b", "r"), node("c", "a"), node("d", "b"), node("e", "b")])
    assert [guide + task["id"] for guide, task in lines] == ["r", "├─ a", "│  └─ c", "└─ b", "   ├─ d", "   └─ e"]


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({"progress_total": 3, "progress_completed": 1, "progress_units": "files"}, ("33 %", "1 of 3 files")),
        ({"progress_total": 1, "progress_completed": 0, "progress_units": ""}, ("0 %", "")),
        ({"progress_total": 0, "progress_completed": 0, "progress_units": ""}, ("", "")),
        ({"progress_total": 0, "progress_completed": 0, "progress_units": "", "state": "done"}, ("100 %", "")),
        ({"progress_total": 200, "progress_completed": 199.5, "progress_units": ""}, ("99 %", "200 of 200")),
    ],
)
def test_percentages(members: dict[str, Any], shown: tuple[str, str]) -> None:
    task = {"state": "running"} | members
    assert (percent(task), amount(task)) == shown


def test_a_narrow_terminal_keeps_what_matters() -> None:
    from rich.console import Console

    times = {"start_time": EPOCH, "end_time": EPOCH, "progress_units": "", "progress_total": 4, "progress_completed": 1}
    root = {"id": NOBODY, "parent_id": "none", "type": "repair", "state": "running"} | times
    child = {
        "id": "b",
        "parent_id": NOBODY,
        "type": "repair",
        "state": "failed",
        "error": "broken",
        "entity": "e",
    } | times
    console = Console(width=80)
    with console.capture() as capture:
        console.print(draw([[root, child]], console.width))
    lines = [line.split() for line in capture.get().splitlines()]
    assert lines == [
        ["repair", "running", "25", "%", NOBODY],
        ["└─", "repair", "e", "failed", "25", "%", "broken"],
    ]


@pytest.mark.parametrize(("end", "shown"), [("10:00:05", "5.0s"), ("10:02:05", "2:05"), ("13:02:05", "3:02:05")])
def test_durations(end: str, shown: str) -> None:
    assert duration({"start_time": "2026-01-01T10:00:00Z", "end_time": f"2026-01-01T{end}Z"}) == shown
    assert duration({"start_time": EPOCH, "end_time": EPOCH}) == ""


def test_titles() -> None:
    task = {"type": "repair", "scope": "table", "keyspace": "ks", "table": "t", "entity": "n1"}
    assert title(task) == "repair (table) ks.t n1"
    assert title({"type": "test", "scope": "test"}) == "test"
