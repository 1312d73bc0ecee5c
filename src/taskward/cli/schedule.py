"""`taskward schedule`."""

from typing import Annotated

import typer

from taskward.cli.options import (
    ArgsOption,
    LabelOption,
    NameArgument,
    OperationArgument,
    PairsArgument,
    PriorityOption,
    QueueOption,
)
from taskward.cli.session import Session, remote
from taskward.cli.values import UsageError, duration, pairs, parse_arguments

app = typer.Typer(no_args_is_help=True, help="Schedules: operations submitted again and again.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the schedules."""
    from taskward.cli import pictures

    session.show(await session.client.schedules(), pictures.schedules)


@app.command("set")
@remote
async def set_(
    session: Session,
    *,
    name: NameArgument,
    operation: OperationArgument,
    words: PairsArgument = None,
    args: ArgsOption = None,
    every: Annotated[str | None, typer.Option(metavar="DURATION", help="How often: 15m, 1h, 1d.")] = None,
    cron: Annotated[str | None, typer.Option(metavar="EXPRESSION", help="Or when: '30 2 * * *'.")] = None,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Of the expression: Europe/Berlin.")] = "UTC",
    first_in: Annotated[
        str | None, typer.Option(metavar="DURATION", help="When the first time is; else after one interval.")
    ] = None,
    priority: PriorityOption = None,
    queue: QueueOption = None,
    label: LabelOption = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Keep it, but submit nothing.")] = False,
) -> None:
    """Make a schedule, or replace it: `taskward schedule set nightly files.checksum path=/data --cron '30 2 * * *'`."""
    from taskward.cli import pictures

    if (every is None) == (cron is None):
        raise UsageError("say when: either --every DURATION or --cron EXPRESSION")
    saved = await session.client.save_schedule(
        name,
        operation,
        parse_arguments(words or [], args),
        every=None if every is None else duration(every),
        cron=cron,
        timezone=timezone,
        first_in=None if first_in is None else duration(first_in),
        priority=priority,
        queue=queue,
        labels=pairs(label or [], "label"),
        description=description,
        active=not off,
    )
    session.show(saved, lambda schedule: pictures.schedules([schedule]))


@app.command()
@remote
async def run(session: Session, *, name: NameArgument) -> None:
    """Submit now what a schedule submits."""
    from taskward.cli import pictures

    session.show(await session.client.run_schedule(name), pictures.submitted)


@app.command()
@remote
async def delete(session: Session, *, name: NameArgument) -> None:
    """Remove a schedule; what it has submitted stays."""
    await session.client.delete_schedule(name)
    session.show({"deleted": name}, lambda answer: f"{answer['deleted']} removed")
