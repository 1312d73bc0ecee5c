"""`taskward pool`."""

from typing import Annotated

import typer

from taskward.cli.options import NameArgument
from taskward.cli.session import Session, remote

app = typer.Typer(no_args_is_help=True, help="Pools: bounds on how many tasks without a parent run at once.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the pools and how full they are."""
    from taskward.cli import pictures

    session.show(await session.client.pools(), pictures.pools)


@app.command("set")
@remote
async def set_(
    session: Session,
    *,
    name: NameArgument,
    limit: Annotated[int, typer.Argument(metavar="LIMIT", min=1, help="How many run at once.")],
    reserved: Annotated[int, typer.Option(min=0, help="Slots of these that only urgent tasks may take.")] = 0,
    threshold: Annotated[int, typer.Option(min=1, max=10, help="Up to this priority a task is urgent.")] = 5,
) -> None:
    """Make a pool, or change it; what runs goes on."""
    from taskward.cli import pictures

    saved = await session.client.save_pool(name, limit, reserved=reserved, threshold=threshold)
    session.show(saved, lambda pool: pictures.pools([pool]))


@app.command()
@remote
async def delete(session: Session, *, name: NameArgument) -> None:
    """Remove a pool that nothing waits for or runs in."""
    await session.client.delete_pool(name)
    session.show({"deleted": name}, lambda answer: f"{answer['deleted']} removed")
