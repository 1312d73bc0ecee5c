"""`taskward task create`, `progress`, `log`, `finish`: track work that something outside runs."""

from typing import Annotated

import typer

from taskward.cli.options import ArgsOption, LabelOption, PairsArgument, TaskArgument
from taskward.cli.reference import identify, named
from taskward.cli.session import Session, remote
from taskward.cli.values import UsageError, pairs, parse_arguments
from taskward.model.states import State


def register(app: typer.Typer) -> None:
    """Adds the commands to `taskward task`."""
    for command in (create, progress, log, finish):
        app.command()(command)


@remote
async def create(
    session: Session,
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the work is called.")],
    state: Annotated[
        State, typer.Option("--state", help="running: work that something outside runs and reports on.")
    ] = State.RUNNING,
    operation: Annotated[
        str, typer.Option("--operation", metavar="NAME", help="What kind of work it is.")
    ] = "external.work",
    parent: Annotated[str | None, typer.Option("--parent", metavar="TASK", help="The task it is a part of.")] = None,
    label: LabelOption = None,
    args: ArgsOption = None,
    words: PairsArgument = None,
    abortable: Annotated[
        bool,
        typer.Option(
            "--abortable/--not-abortable", help="Whether it may be canceled; nobody here can stop it by force."
        ),
    ] = True,
) -> None:
    """Make a task for work that has begun outside; `submit` is for work that a worker shall run."""
    from taskward.cli import pictures

    if state is not State.RUNNING:
        raise UsageError("--state must be running: other tasks are made by `taskward submit`")
    task = await session.client.begin(
        name,
        operation=operation,
        args=parse_arguments(words or [], args),
        labels=pairs(label or [], "label"),
        parent_id=None if parent is None else await identify(session, parent),
        abortable=abortable,
    )
    session.show(task, pictures.submitted)


@remote
async def progress(
    session: Session,
    *,
    task: TaskArgument,
    done: Annotated[float, typer.Argument(metavar="DONE", help="How much is done.")],
    total: Annotated[float | None, typer.Option(help="Of how much.")] = None,
    unit: Annotated[str, typer.Option(help="Of what: bytes, files, ...")] = "",
    message: Annotated[str, typer.Option(help="What it is at.")] = "",
    code: Annotated[str | None, typer.Option(help="Name of a report beside the task's own progress.")] = None,
) -> None:
    """Tell how far outside work is."""
    from taskward.cli import pictures
    from taskward.wire import ExternalProgress

    told = ExternalProgress(done=done, total=total, unit=unit, message=message, code=code)
    session.show(await session.client.report(named(task), told), pictures.task)


@remote
async def log(
    session: Session,
    *,
    task: TaskArgument,
    message: Annotated[str, typer.Argument(metavar="MESSAGE")],
    severity: Annotated[str, typer.Option(help="debug, info, warning, error or fatal.")] = "info",
) -> None:
    """Add a line to the log of outside work."""
    from taskward.wire import ExternalLog

    await session.client.add_logs(named(task), ExternalLog(message=message, severity=severity))
    session.show({"added": 1}, lambda _: "added")


@remote
async def finish(
    session: Session,
    *,
    task: TaskArgument,
    state: Annotated[State, typer.Option("--state", help="completed, failed or canceled.")] = State.COMPLETED,
    result: Annotated[str | None, typer.Option(metavar="JSON", help="Its result.")] = None,
    error: Annotated[str | None, typer.Option(metavar="TEXT", help="Why it failed.")] = None,
) -> None:
    """Tell how outside work ended."""
    from taskward.cli import pictures

    value = None if result is None else parse_arguments([f"result={result}"])["result"]
    ended = await session.client.finish(named(task), state, result=value, error=error)
    session.show(ended, pictures.outcome_of)
