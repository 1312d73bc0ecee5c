"""`taskward queue`."""

import typer

from taskward.cli.options import NameArgument
from taskward.cli.session import Session, remote

app = typer.Typer(no_args_is_help=True, help="Queues: the lines that workers take tasks from.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the queues that have tasks, workers or a pause."""
    from taskward.cli import pictures

    session.show(await session.client.queues(), pictures.queues)


@app.command()
@remote
async def pause(session: Session, *, name: NameArgument) -> None:
    """Let no worker take anything more from a queue; what runs goes on."""
    from taskward.cli import pictures

    session.show(await session.client.pause_queue(name), lambda queue: pictures.queues([queue]))


@app.command()
@remote
async def resume(session: Session, *, name: NameArgument) -> None:
    """Let workers take from a queue again."""
    from taskward.cli import pictures

    session.show(await session.client.resume_queue(name), lambda queue: pictures.queues([queue]))
