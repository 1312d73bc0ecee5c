"""Trees drawn as trees, with percentages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from taskward.cli.words import share, span

if TYPE_CHECKING:
    from rich.table import Table

Status = Mapping[str, Any]

_STYLES = {"done": "green", "failed": "red", "running": "cyan", "suspended": "yellow", "created": "dim"}
_EPOCH = "1970-01-01T00:00:00Z"
_WIDE = 130
"""Columns from which on every line has its amount, its duration and its id."""
_NARROWEST_TITLE = 20
_ID = 36


def draw(trees: Sequence[Sequence[Status]], width: int) -> "Table":
    """Every tree, its root first; statuses of one tree are in the order in which a server sends them.

    `width` is how many columns there are: when they are few, only roots show their ids.
    """
    from rich.table import Table
    from rich.text import Text

    is_wide = width >= _WIDE
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=_NARROWEST_TITLE)
    grid.add_column(no_wrap=True, min_width=len("running"))
    grid.add_column(justify="right", no_wrap=True, min_width=len("100 %"))
    for _ in range(2 if is_wide else 0):
        grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold", style="dim", min_width=_ID)
    for tree in trees:
        for guide, task in lay_out(tree):
            state = str(task["state"])
            told = " ".join(filter(None, (str(task.get("error", "")), forgotten(task))))
            name = str(task["id"]) if is_wide or not guide else ""
            grid.add_row(
                Text(guide + title(task)),
                Text(state, style=_STYLES.get(state, "")),
                percent(task),
                *((amount(task), duration(task)) if is_wide else ()),
                Text("  ".join(filter(None, (name, told)))),
            )
    return grid


def lay_out(statuses: Sequence[Status]) -> list[tuple[str, Status]]:
    """Parents before their children, each with the branch that is drawn before it."""
    known = {task["id"] for task in statuses}
    children: defaultdict[str, list[Status]] = defaultdict(list)
    for task in statuses:
        children[task["parent_id"] if task["parent_id"] in known else ""].append(task)
    lines: list[tuple[str, Status]] = []
    stack = [("", "", task) for task in reversed(children[""])]
    while stack:
        guide, indent, task = stack.pop()
        lines.append((guide, task))
        below = children[task["id"]]
        for index, child in reversed(list(enumerate(below))):
            is_last = index == len(below) - 1
            stack.append((indent + ("└─ " if is_last else "├─ "), indent + ("   " if is_last else "│  "), child))
    return lines


def title(task: Status) -> str:
    """What it is, and what it works at."""
    place = ".".join(filter(None, (task.get("keyspace", ""), task.get("table", ""))))
    scope = f"({task['scope']})" if task.get("scope") and task["scope"] != task["type"] else ""
    return " ".join(filter(None, (str(task["type"]), scope, place, str(task.get("entity", "")))))


def percent(task: Status) -> str:
    """How much of it is done; empty where that is not known."""
    total, completed = task.get("progress_total", 0), task.get("progress_completed", 0)
    if total:
        return f"{int(100 * completed / total)} %"
    return "100 %" if task["state"] == "done" else ""


def amount(task: Status) -> str:
    """As `12 of 40 files`; empty for what only counts whether it is over."""
    total, completed, unit = task.get("progress_total", 0), task.get("progress_completed", 0), task["progress_units"]
    return share(completed, total, unit) if total > 1 or unit else ""


def duration(task: Status) -> str:
    """How long it took, or takes since."""
    if task["start_time"] == _EPOCH:
        return ""
    end = datetime.now(UTC) if task["end_time"] == _EPOCH else datetime.fromisoformat(task["end_time"])
    return span(end - datetime.fromisoformat(task["start_time"]))


def forgotten(task: Status) -> str:
    """How many parts folding has forgotten; only Taskward counts them."""
    count = sum(task.get("dropped", {}).values())
    return f"(+{count} that folded away)" if count else ""
