"""`taskward user`."""

from enum import StrEnum
from typing import Annotated

import typer

from taskward.cli.options import NameArgument
from taskward.cli.session import Session, remote

app = typer.Typer(no_args_is_help=True, help="Users: people who sign in to the console, or with Basic authentication.")


class Role(StrEnum):
    """What a user may do."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the users."""
    from taskward.cli import pictures

    session.show(await session.client.users(), pictures.credentials)


@app.command()
@remote
async def create(
    session: Session,
    *,
    name: NameArgument,
    password: Annotated[
        str,
        typer.Option("--password", "-p", prompt=True, confirmation_prompt=True, hide_input=True, help="8 or more."),
    ],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.VIEWER,
) -> None:
    """Make a user; without --password, asks for it."""
    from taskward.cli import pictures

    made = await session.client.create_user(name, password, role=role)
    session.show(made, lambda user: pictures.credentials([user]))


@app.command()
@remote
async def delete(
    session: Session, *, user: Annotated[str, typer.Argument(metavar="USER", help="Its id, or its name.")]
) -> None:
    """End a user."""
    ids = {item.name: str(item.id) for item in await session.client.users()}
    await session.client.delete_user(ids.get(user, user))
    session.show({"deleted": user}, lambda answer: f"{answer['deleted']} is no longer let in")
