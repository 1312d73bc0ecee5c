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


Password = Annotated[
    str,
    typer.Option(
        "--password",
        "-p",
        prompt=True,
        confirmation_prompt=True,
        hide_input=True,
        help="8 characters or more; asked for when it is not given.",
    ),
]
RoleOption = Annotated[Role, typer.Option("--role", help="What the user may do.")]


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the users."""
    from taskward.cli import pictures

    session.show(await session.client.users(), pictures.credentials)


@app.command()
@remote
async def create(session: Session, *, name: NameArgument, password: Password, role: RoleOption = Role.VIEWER) -> None:
    """Make a user."""
    from taskward.cli import pictures

    made = await session.client.create_user(name, password, role=role)
    session.show(made, lambda user: pictures.credentials([user]))


@app.command()
@remote
async def change(session: Session, *, name: NameArgument, password: Password, role: RoleOption = Role.VIEWER) -> None:
    """Give a user another password and role; the user has to sign in again."""
    from taskward.cli import pictures

    changed = await session.client.change_user(name, password, role=role)
    session.show(changed, lambda user: pictures.credentials([user]))


@app.command()
@remote
async def delete(
    session: Session, *, user: Annotated[str, typer.Argument(metavar="USER", help="Its id, or its name.")]
) -> None:
    """End a user."""
    await session.client.delete_user(user)
    session.show({"deleted": user}, lambda answer: f"{answer['deleted']} is no longer let in")
