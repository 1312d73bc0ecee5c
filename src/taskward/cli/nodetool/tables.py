"""How nodetool prints: tables whose columns are as wide as their widest cell, and one line per member."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

LIST_COLUMNS = (
    "task_id", "type", "kind", "scope", "state", "sequence_number", "keyspace", "table", "entity", "shard",
    "start_time", "end_time",
)  # fmt: skip
TREE_COLUMNS = (
    "id", "type", "kind", "scope", "state", "is_abortable", "start_time", "end_time", "error", "parent_id",
    "sequence_number", "shard", "keyspace", "table", "entity", "progress_units", "total", "completed", "children_ids",
)  # fmt: skip

_MEMBERS = {"total": "progress_total", "completed": "progress_completed"}
_TIMES = {"start_time", "end_time"}
_EPOCH = "1970-01-01T00:00:00Z"


def table(columns: Sequence[str], tasks: Iterable[Mapping[str, Any]]) -> str:
    """A heading and one line per task. What a server does not tell is an empty cell."""
    rows = [list(columns)]
    rows += ([cell(name, task.get(_MEMBERS.get(name, name), _absent(name))) for name in columns] for task in tasks)
    widths = [max(1, *(len(row[index]) for row in rows)) for index in range(len(columns))]
    lines = [" ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def members(task: Mapping[str, Any]) -> str:
    """One line per member, in the order in which the server sent them."""
    return "".join(f"{name}: {cell(name, value)}\n" for name, value in task.items())


def cell(name: str, value: Any) -> str:
    """A value as text."""
    if name in _TIMES and value == _EPOCH:
        return ""
    match value:
        case bool():
            return str(value).lower()
        case float() if value == int(value):
            return str(int(value))
        case list():
            return "[" + ", ".join(cell("", item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{key}: {cell(key, item)}" for key, item in value.items()) + " }"
        case _:
            return str(value)


def _absent(name: str) -> Any:
    return [] if name == "children_ids" else ""
