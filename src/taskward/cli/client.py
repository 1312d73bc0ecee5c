"""`taskward client`."""

from typing import Annotated

import typer

from taskward.cli.options import NameArgument
from taskward.cli.session import Session, remote

app = typer.Typer(no_args_is_help=True, help="Clients: tenants that have tasks of their own, known by an api-key.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the tenants, without their keys."""
    from taskward.cli import pictures

    session.show(await session.client.clients(), pictures.credentials)


@app.command("create", hidden=True)
@app.command("add")
@remote
async def add(
    session: Session,
    *,
    name: NameArgument,
    description: Annotated[str, typer.Option(metavar="TEXT", help="Who that is.")] = "",
) -> None:
    """Make a tenant and print its api-key; it is shown this once."""
    from taskward.cli import pictures

    session.show(await session.client.create_client(name, description=description), pictures.issued)


@app.command()
@remote
async def rotate(
    session: Session, *, client: Annotated[str, typer.Argument(metavar="CLIENT", help="Its id, or its name.")]
) -> None:
    """Replace the api-key of a tenant; the old one ends at once."""
    from taskward.cli import pictures

    session.show(await session.client.rotate_client(client), pictures.issued)


@app.command()
@remote
async def delete(
    session: Session, *, client: Annotated[str, typer.Argument(metavar="CLIENT", help="Its id, or its name.")]
) -> None:
    """End a tenant's key; its tasks stay."""
    await session.client.delete_client(client)
    session.show({"deleted": client}, lambda answer: f"{answer['deleted']} is no longer let in")
