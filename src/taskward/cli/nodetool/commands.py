"""What each subcommand of `nodetool tasks` does."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from taskward.cli.nodetool.node import Failed, Node
from taskward.cli.nodetool.tables import LIST_COLUMNS, TREE_COLUMNS, members, table

REST_ERROR = 4
TASK_FAILED = 123
TIMED_OUT = 124
REQUEST_ERROR = 125

_BAD_REQUEST, _FORBIDDEN, _TIMEOUT = 400, 403, 408

Command = Callable[[Node, argparse.Namespace], int]


def modules(node: Node, given: argparse.Namespace) -> int:  # noqa: ARG001 - every command's shape
    """One name per line."""
    for module in node.get("/task_manager/list_modules"):
        _write(f"{module}\n")
    return 0


def list_(node: Node, given: argparse.Namespace) -> int:
    """A table, and as many repetitions as are wanted."""
    for iteration in range(given.iterations + 1):
        if iteration:
            _write("\n\n")
            time.sleep(given.interval)
        tasks = node.get(
            "/task_manager/list_module_tasks",
            given.module,
            internal="true" if given.internal else "false",
            keyspace=given.keyspace,
            table=given.table,
        )
        _write(table(LIST_COLUMNS, tasks))
    return 0


def status(node: Node, given: argparse.Namespace) -> int:
    """One line per member."""
    _write(members(node.get("/task_manager/task_status", given.id)))
    return 0


def tree(node: Node, given: argparse.Namespace) -> int:
    """One table for all trees, or a drawing."""
    counts = {"counts": "true"} if given.pretty else {}
    trees = list(_trees(node, given.id, counts))
    if given.pretty:
        from taskward.cli.nodetool.pretty import draw
        from taskward.cli.session import console

        terminal = console()
        terminal.print(draw(trees, terminal.width))
    else:
        _write(table(TREE_COLUMNS, (task for one in trees for task in one)))
    return 0


def _trees(node: Node, task_id: str | None, params: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    if task_id is not None:
        yield node.get("/task_manager/task_status_recursive", task_id, **params)
        return
    for module in node.get("/task_manager/list_modules"):
        for task in node.get("/task_manager/list_module_tasks", module):
            try:
                yield node.get("/task_manager/task_status_recursive", task["task_id"], **params)
            except Failed as error:
                # It was unregistered since the list was made.
                if error.code != _BAD_REQUEST:
                    raise


def wait(node: Node, given: argparse.Namespace) -> int:
    """The status when the task has ended; quietly, only how that was."""
    try:
        task = node.wait("/task_manager/wait_task", given.id, timeout=given.timeout)
    except Failed as error:
        if error.code != _TIMEOUT:
            raise
        if not given.quiet:
            _write("Operation timed out")
        return TIMED_OUT if given.quiet or given.strict else 0
    if not given.quiet:
        _write(members(task))
    return TASK_FAILED if task["state"] == "failed" and (given.quiet or given.strict) else 0


def abort(node: Node, given: argparse.Namespace) -> int:
    """Prints nothing when the task was asked to stop."""
    try:
        node.post("/task_manager/abort_task", given.id)
    except Failed as error:
        if error.code != _FORBIDDEN:
            raise
        _write(f"Task with id {given.id} is not abortable\n")
        return REST_ERROR if given.strict else 0
    return 0


def ttl(node: Node, given: argparse.Namespace) -> int:
    """The value, or nothing when one is set."""
    if given.set is None:
        _write(f"Current ttl: {node.get('/task_manager/ttl')}\n")
    else:
        node.post("/task_manager/ttl", ttl=given.set)
    return 0


def user_ttl(node: Node, given: argparse.Namespace) -> int:
    """The value, or nothing when one is set."""
    if given.set is None:
        _write(f"Current user ttl: {node.get('/task_manager/user_ttl')}\n")
    else:
        node.post("/task_manager/user_ttl", user_ttl=given.set)
    return 0


def drain(node: Node, given: argparse.Namespace) -> int:
    """One module, or each."""
    for module in [given.module] if given.module else node.get("/task_manager/list_modules"):
        node.post("/task_manager/drain", module)
    return 0


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


COMMANDS: dict[str, Command] = {
    "modules": modules,
    "list": list_,
    "status": status,
    "tree": tree,
    "wait": wait,
    "abort": abort,
    "ttl": ttl,
    "user-ttl": user_ttl,
    "drain": drain,
}
