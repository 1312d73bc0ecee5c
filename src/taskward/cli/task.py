"""`taskward task`: find tasks, look at them, wait for them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from taskward.cli import task_outside, task_steering
from taskward.cli.exits import EPILOG, ExitCode
from taskward.cli.options import (
    ClientFilter,
    LabelFilter,
    ModuleFilter,
    OperationFilter,
    QueueFilter,
    StateOption,
    TaskArgument,
    TasksArgument,
    TimeoutOption,
)
from taskward.cli.reference import identify, named
from taskward.cli.session import Session, remote
from taskward.cli.values import UsageError, duration, pairs, past
from taskward.wire import TaskView

app = typer.Typer(no_args_is_help=True, help="Find tasks, look at them, wait for them, steer them.")

Since = Annotated[str | None, typer.Option(metavar="TIME", help="Not before: 2026-03-01T12:00, or 2h (ago).")]
Before = Annotated[str | None, typer.Option(metavar="TIME", help="Before: 2026-03-01T12:00, or 2h (ago).")]


@app.command("list")
@remote
async def list_(
    session: Session,
    *,
    state: StateOption = None,
    module: ModuleFilter = None,
    operation: OperationFilter = None,
    parent: Annotated[str | None, typer.Option(metavar="TASK", help="Only children of this task.")] = None,
    root: Annotated[str | None, typer.Option(metavar="TASK", help="Only tasks of this root's tree.")] = None,
    client: ClientFilter = None,
    label: LabelFilter = None,
    resource: Annotated[str | None, typer.Option(metavar="NAME", help="Only tasks that lock this resource.")] = None,
    worker: Annotated[str | None, typer.Option(metavar="NAME", help="Only tasks of this worker.")] = None,
    queue: QueueFilter = None,
    pool: Annotated[str | None, typer.Option(metavar="NAME", help="Only tasks of this pool.")] = None,
    created_since: Since = None,
    created_before: Before = None,
    started_since: Since = None,
    started_before: Before = None,
    finished_since: Since = None,
    finished_before: Before = None,
    correlation_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Only tasks with this correlation id.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only tasks with this in name, operation, labels or arguments.")
    ] = None,
    internal: Annotated[bool, typer.Option("--internal", help="Show internal tasks and steps too.")] = False,
    roots: Annotated[bool, typer.Option("--roots", help="Only tasks without a parent.")] = False,
    sort: Annotated[
        str, typer.Option(metavar="KEY", help="created, started or finished; -created for newest first.")
    ] = "-created",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
) -> None:
    """List tasks, newest first."""
    from taskward.cli import pictures
    from taskward.client.filters import TaskFilter

    now = datetime.now(UTC)
    conditions = {
        "state": state,
        "module": module,
        "operation": operation,
        "parent": parent,
        "root": root,
        "client": client,
        "label": pairs(label or [], "label"),
        "resource": resource,
        "worker": worker,
        "queue": queue,
        "pool": pool,
        "created_since": created_since and past(created_since, now),
        "created_before": created_before and past(created_before, now),
        "started_since": started_since and past(started_since, now),
        "started_before": started_before and past(started_before, now),
        "finished_since": finished_since and past(finished_since, now),
        "finished_before": finished_before and past(finished_before, now),
        "correlation_id": correlation_id,
        "text": text,
        "internal": internal or None,
        "roots": roots or None,
        "sort": sort,
    }
    chosen: TaskFilter = {name: value for name, value in conditions.items() if value}  # type: ignore[assignment]
    found: list[TaskView] = []
    async for task in session.client.tasks(limit=min(limit + 1, 200), **chosen):
        if len(found) == limit:
            session.say(f"there are more than these {limit}; --limit shows more")
            break
        found.append(task)
    session.show(found, pictures.tasks)


@app.command()
@remote
async def show(session: Session, *, task: TaskArgument) -> None:
    """Show everything about a task."""
    from rich.console import Group

    from taskward.cli import pictures

    view = await session.client.get(named(task))
    reports = [] if session.as_json else await session.client.reports(view.id)
    session.show(view, lambda _: Group(pictures.task(view), *([pictures.reports(reports)] if reports else [])))


@app.command()
@remote
async def tree(
    session: Session,
    *,
    task: TaskArgument,
    depth: Annotated[int | None, typer.Option(min=0, help="At most so many levels below the task.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many nodes.")] = 1000,
) -> None:
    """Show a task and what is below it."""
    from taskward.cli.canvas import still

    view = await session.client.tree(named(task), depth=depth, limit=limit)
    session.show(view, lambda _: still(view.nodes))
    if view.truncated:
        session.say("there is more below; --depth and --limit show more")


@app.command()
@remote
async def logs(
    session: Session,
    *,
    task: TaskArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until the task ends.")] = False,
    after: Annotated[int, typer.Option(min=0, help="Only lines after this sequence number.")] = 0,
    severity: Annotated[str, typer.Option(help="The least severity: debug, info, warning, error, fatal.")] = "debug",
) -> None:
    """Print the log of a task; with --json, one JSON document a line."""
    from contextlib import aclosing

    import msgspec

    from taskward.cli import pictures

    async with aclosing(session.client.logs(named(task), after=after, severity=severity, follow=follow)) as lines:
        async for line in lines:
            if session.as_json:
                typer.echo(msgspec.json.encode(line))
            else:
                session.console.print(pictures.log(line), soft_wrap=True)


@app.command()
@remote
async def events(
    session: Session,
    *,
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help="Only what happens to this task.")] = None,
    after: Annotated[str | None, typer.Option(metavar="CURSOR", help="Begin after this event.")] = None,
) -> None:
    """Print what happens, one JSON document a line: to a task from its beginning to its end, or to all from now on."""
    from contextlib import aclosing

    import msgspec

    begin = "" if after is None and task is not None else after
    async with aclosing(session.client.events(None if task is None else named(task), after=begin)) as stream:
        async for event in stream:
            typer.echo(msgspec.json.encode(event))


@app.command()
@remote
async def why(session: Session, *, task: TaskArgument) -> None:
    """Say why a task waits."""
    from taskward.cli import pictures

    session.show(await session.client.why(named(task)), pictures.why)


@app.command(epilog=EPILOG)
@remote
async def wait(
    session: Session,
    *,
    tasks: TasksArgument,
    timeout: TimeoutOption = None,
    module: ModuleFilter = None,
    operation: OperationFilter = None,
    client: ClientFilter = None,
    queue: QueueFilter = None,
    label: LabelFilter = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Count those created since then (5m: ago) too that have ended already."),
    ] = None,
) -> ExitCode:
    """Wait for tasks to end, showing their trees.

    `taskward task wait all` waits for every root that the filters let through, those that come in meanwhile included.
    """
    from taskward.cli.waiting import see_all_through, see_through

    limit = None if timeout is None else duration(timeout)
    filters = {"module": module, "operation": operation, "client": client, "queue": queue}
    given = {name: value for name, value in filters.items() if value is not None}
    if tasks == ["all"]:
        begin = None if since is None else past(since, datetime.now(UTC))
        return await see_all_through(session, limit, begin, labels=pairs(label or [], "label"), **given)
    if given or label or since:
        raise UsageError("filters are for `taskward task wait all`; without them name the tasks")
    return await see_through(session, [await identify(session, task) for task in tasks], limit)


@app.command()
@remote
async def stats(session: Session) -> None:
    """Show how many tasks are in which state."""
    from taskward.cli import pictures

    session.show(await session.client.stats(), pictures.stats)


task_steering.register(app)
task_outside.register(app)
