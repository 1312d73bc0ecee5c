"""`taskward submit`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from taskward.cli.exits import ExitCode
from taskward.cli.options import (
    ArgsOption,
    LabelOption,
    OperationArgument,
    PairsArgument,
    PriorityOption,
    QueueOption,
    TimeoutOption,
    WaitOption,
)
from taskward.cli.reference import identify
from taskward.cli.session import Session, remote
from taskward.cli.values import UsageError, duration, future, pairs, parse_arguments
from taskward.model.policy import Resource


@remote
async def submit(
    session: Session,
    *,
    operation: OperationArgument,
    words: PairsArgument = None,
    args: ArgsOption = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What people call the task.")] = None,
    label: LabelOption = None,
    priority: PriorityOption = None,
    queue: QueueOption = None,
    pool: Annotated[str | None, typer.Option(metavar="NAME", help="The pool.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before: 2026-03-01T12:00, or 2h (from now).")
    ] = None,
    gate: Annotated[str | None, typer.Option(metavar="URL", help="Not before this URL answers.")] = None,
    after: Annotated[
        list[str] | None, typer.Option(metavar="TASK", help="Not before this task has completed; may be repeated.")
    ] = None,
    even_if_failed: Annotated[bool, typer.Option("--even-if-failed", help="Whatever those tasks end as.")] = False,
    resource: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Lock this; NAME:shared to share it. May be repeated.")
    ] = None,
    parent: Annotated[str | None, typer.Option(metavar="TASK", help="The task it is a part of.")] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Its name among its parent's children.")] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Hold it until it is resumed.")] = False,
    callback: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Tell this URL what becomes of it, by POST. May be repeated."),
    ] = None,
    persist: Annotated[bool, typer.Option("--persist", help="Keep it for ever.")] = False,
    time_limit: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Longest it may run before it fails.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Submitting again with this key finds the first task.")
    ] = None,
    correlation_id: Annotated[
        str | None, typer.Option(metavar="ID", help="What ties it to a request outside; children inherit it.")
    ] = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = None,
) -> ExitCode | None:
    """Submit a task: `taskward submit files.checksum path=/data --wait`."""
    from taskward.cli import pictures
    from taskward.cli.waiting import see_through

    if timeout is not None and not wait:
        raise UsageError("--timeout goes with --wait; to bound the run itself use --time-limit")
    limit = None if timeout is None else duration(timeout)
    task = await session.client.submit(
        operation,
        args=parse_arguments(words or [], args),
        name=name,
        labels=pairs(label or [], "label"),
        priority=priority,
        queue=queue,
        pool=pool,
        run_at=None if at is None else future(at, datetime.now(UTC)),
        gate=gate,
        depends_on=[await identify(session, task) for task in after or []],
        even_if_failed=even_if_failed,
        resources=None if resource is None else [_resource(word) for word in resource],
        parent_id=None if parent is None else await identify(session, parent),
        key=key,
        paused=paused,
        callbacks=callback,
        persist=True if persist else None,
        timeout=None if time_limit is None else duration(time_limit),
        idempotency_key=idempotency_key,
        correlation_id=correlation_id,
    )
    if wait:
        return await see_through(session, [task.id], limit)
    session.show(task, pictures.submitted)
    return None


def _resource(word: str) -> Resource:
    name, separator, mode = word.rpartition(":")
    if separator and mode in {"shared", "exclusive"}:
        return Resource(name=name, exclusive=mode == "exclusive")
    return Resource(name=word)
