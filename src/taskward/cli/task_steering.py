"""`taskward task cancel`, `pause`, `resume`, `rerun`, `change`, `delete`, `purge`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from taskward.cli.exits import EPILOG, ExitCode
from taskward.cli.options import (
    ClientFilter,
    LabelOption,
    ModuleFilter,
    OperationFilter,
    PriorityOption,
    StateOption,
    TaskArgument,
    TasksArgument,
    TimeoutOption,
    WaitOption,
)
from taskward.cli.reference import named
from taskward.cli.session import Session, remote
from taskward.cli.values import UsageError, duration, future, pairs, past
from taskward.model.states import State


def register(app: typer.Typer) -> None:
    """Adds the commands to `taskward task`."""
    for command in (pause, resume, persist, change, delete, purge):
        app.command()(command)
    for command in (cancel, rerun):
        app.command(epilog=EPILOG)(command)


@remote
async def cancel(
    session: Session,
    *,
    tasks: TasksArgument,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the task.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only show which tasks it would reach.")] = False,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until they have ended.")] = False,
    timeout: TimeoutOption = None,
) -> ExitCode | None:
    """Ask tasks, and all below them, to stop."""
    from taskward.cli import pictures
    from taskward.cli.waiting import watch

    if preview:
        reached = [view for task in tasks for view in await session.client.cancel_preview(named(task))]
        session.show(reached, pictures.tasks)
        return None
    asked = [await session.client.cancel(named(task), reason=reason) for task in tasks]
    if wait:
        limit = None if timeout is None else duration(timeout)
        asked = await watch(session.client, [task.id for task in asked], limit, quiet=session.as_json)
    session.show(asked, pictures.tasks)
    return None


@remote
async def pause(session: Session, *, tasks: TasksArgument) -> None:
    """Hold waiting tasks, and running ones that know how to pause."""
    from taskward.cli import pictures

    session.show([await session.client.pause(named(task)) for task in tasks], pictures.tasks)


@remote
async def resume(session: Session, *, tasks: TasksArgument) -> None:
    """Put paused tasks back in line."""
    from taskward.cli import pictures

    session.show([await session.client.resume(named(task)) for task in tasks], pictures.tasks)


@remote
async def rerun(
    session: Session, tasks: TasksArgument, wait: WaitOption = False, timeout: TimeoutOption = None
) -> ExitCode | None:
    """Run finished tasks again, as new ones that supersede them."""
    from taskward.cli import pictures
    from taskward.cli.waiting import see_through

    again = [await session.client.rerun(named(task)) for task in tasks]
    if wait:
        limit = None if timeout is None else duration(timeout)
        return await see_through(session, [task.id for task in again], limit)
    session.show(again, pictures.tasks)
    return None


@remote
async def persist(session: Session, *, tasks: TasksArgument) -> None:
    """Keep tasks for ever: no expiry, no purge."""
    from taskward.cli import pictures

    session.show([await session.client.persist(named(task)) for task in tasks], pictures.tasks)


@remote
async def change(
    session: Session,
    *,
    task: TaskArgument,
    priority: PriorityOption = None,
    run_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before: 2026-03-01T12:00, or 2h (from now).")
    ] = None,
    gate: Annotated[str | None, typer.Option(metavar="URL", help="Not before this URL answers.")] = None,
    no_gate: Annotated[bool, typer.Option("--no-gate", help="Remove the gate.")] = False,
    label: LabelOption = None,
    no_persist: Annotated[bool, typer.Option("--no-persist", help="Let it expire again.")] = False,
) -> None:
    """Change a task: its priority, time and gate while it waits, its labels always (they replace the old ones)."""
    from msgspec import UNSET

    from taskward.cli import pictures

    if gate is not None and no_gate:
        raise UsageError("--gate and --no-gate exclude each other")
    changed = await session.client.change(
        named(task),
        priority=priority,
        run_at=None if run_at is None else future(run_at, datetime.now(UTC)),
        gate=None if no_gate else gate or UNSET,
        persist=False if no_persist else None,
        labels=None if label is None else pairs(label, "label"),
    )
    session.show(changed, pictures.task)


@remote
async def delete(session: Session, *, tasks: TasksArgument) -> None:
    """Forget finished tasks with all below them."""
    for task in tasks:
        await session.client.delete(named(task))
    session.show({"deleted": len(tasks)}, lambda answer: f"{answer['deleted']} forgotten")


@remote
async def purge(
    session: Session,
    *,
    state: StateOption = None,
    finished_before: Annotated[
        str | None, typer.Option(metavar="TIME", help="Finished before: 2026-03-01T12:00, or 7d (ago).")
    ] = None,
    module: ModuleFilter = None,
    operation: OperationFilter = None,
    client: ClientFilter = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most so many.")] = 10_000,
) -> None:
    """Forget finished roots with all below them; completed ones, unless --state says otherwise."""
    removed = await session.client.purge(
        states=state or [State.COMPLETED],
        finished_before=None if finished_before is None else past(finished_before, datetime.now(UTC)),
        module=module,
        operation=operation,
        client=client,
        limit=limit,
    )
    session.show({"removed": removed}, lambda answer: f"{answer['removed']} forgotten")
