"""Tasks for tests that need one and do not care about most of it."""

import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

from taskward.model.policy import Rules
from taskward.model.states import State
from taskward.model.task import Kind, Progress, Task

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def make_task(**members: Any) -> Task:
    """A running root in its first attempt, with the members given."""
    task_id = members.pop("id", None) or uuid.uuid4()
    members.setdefault("root_id", task_id)
    defaults = Task(
        id=task_id,
        number=1,
        kind=Kind.TASK,
        operation="m.op",
        name="m.op",
        module="m",
        type="",
        scope="",
        labels={},
        client="",
        created_by="",
        correlation_id="",
        root_id=task_id,
        parent_id=None,
        key=None,
        rerun_of=None,
        superseded_by=None,
        state=State.RUNNING,
        attempt=1,
        failures=0,
        losses=0,
        version=1,
        worker=None,
        priority=5,
        queue="default",
        pool="",
        gate=None,
        resources=(),
        args=msgspec.Raw(b"{}"),
        result=None,
        error=None,
        progress=Progress(),
        rules=Rules(),
        abortable=True,
        internal=False,
        persist=False,
        folds=False,
        created_at=NOON,
        run_at=None,
        queued_at=NOON,
        started_at=NOON,
        finished_at=None,
        cancel_requested_at=None,
        updated_at=NOON,
        expires_at=None,
        folded_count=0,
        folded_done=0,
        folded_total=0,
        dropped={},
    )
    return msgspec.structs.replace(defaults, **members)
