"""What a body writes to the process's log can be told by task and by request."""

from typing import Any

import msgspec
import pytest
import structlog

from taskward import Context, Module, SyncContext
from taskward.operations import Wishes
from taskward.testing import TestEngine

naming = Module("naming")


@naming.operation("async")
async def in_async(ctx: Context) -> dict[str, Any]:
    return structlog.contextvars.get_contextvars()


@naming.operation("thread")
def in_thread(ctx: SyncContext) -> dict[str, Any]:
    return structlog.contextvars.get_contextvars()


@naming.operation("process", isolation="process")
def in_process(ctx: SyncContext) -> dict[str, Any]:
    return structlog.contextvars.get_contextvars()


@naming.operation("async_process", isolation="process")
async def in_async_process(ctx: Context) -> dict[str, Any]:
    return structlog.contextvars.get_contextvars()


@pytest.mark.parametrize("operation", [*naming.operations])
async def test_a_body_has_its_task_and_its_correlation_id_in_its_log_lines(operation: str) -> None:
    async with TestEngine([naming]) as engine:
        named = await engine.submit(operation, wishes=Wishes(correlation_id="c" * 32))
        plain = await engine.submit(operation)
        await engine.wait_all()
        tasks = [await engine.get(task.id) for task in (named, plain)]
    found = [msgspec.json.decode(task.result) for task in tasks if task.result is not None]
    assert found == [{"task": tasks[0].number, "correlation_id": "c" * 32}, {"task": tasks[1].number}]
