"""Answers of `/v1` for tests that need one and do not care about most of it."""

import uuid
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from taskward.model.states import State
from taskward.model.task import Kind, Progress
from taskward.wire import Links, TaskView, TreeNodeView

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def task_view(**members: Any) -> TaskView:
    """A running root, with the members given."""
    task_id: UUID = members.pop("id", None) or uuid.uuid4()
    here = f"/v1/tasks/{task_id}"
    defaults: dict[str, Any] = {
        "number": 7,
        "kind": Kind.TASK,
        "operation": "files.checksum",
        "name": "files.checksum",
        "module": "files",
        "type": "checksum",
        "scope": "",
        "labels": {},
        "client": "",
        "created_by": "",
        "correlation_id": "",
        "root_id": task_id,
        "parent_id": None,
        "key": None,
        "rerun_of": None,
        "superseded_by": None,
        "state": State.RUNNING,
        "attempt": 1,
        "failures": 0,
        "losses": 0,
        "version": 1,
        "worker": None,
        "priority": 5,
        "queue": "default",
        "pool": "",
        "gate": None,
        "resources": [],
        "args": {},
        "result": None,
        "error": None,
        "progress": Progress(),
        "abortable": True,
        "internal": False,
        "persist": False,
        "created_at": NOON,
        "run_at": None,
        "queued_at": NOON,
        "started_at": NOON,
        "finished_at": None,
        "cancel_requested_at": None,
        "updated_at": NOON,
        "expires_at": None,
        "folded_count": 0,
        "dropped": {},
        "links": Links(here, f"{here}/tree", f"{here}/logs", f"{here}/events", f"{here}/why"),
    }
    return TaskView(id=task_id, **{**defaults, **members})


def node_view(
    name: str, state: State = State.RUNNING, parent: TreeNodeView | None = None, **members: Any
) -> TreeNodeView:
    """A node of a tree, below a parent or a root."""
    defaults: dict[str, Any] = {
        "id": uuid.uuid4(),
        "depth": 0 if parent is None else parent.depth + 1,
        "parent_id": None if parent is None else parent.id,
        "kind": Kind.TASK,
        "operation": "files.checksum",
        "type": "",
        "scope": "",
        "labels": {},
        "attempt": 1,
        "folded": False,
        "progress": Progress(),
        "error": None,
        "created_at": NOON,
        "started_at": NOON,
        "finished_at": None,
    }
    return TreeNodeView(name=name, state=state, **{**defaults, **members})
