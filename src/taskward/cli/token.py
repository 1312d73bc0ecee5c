"""`taskward token`."""

from typing import Annotated

import typer

from taskward.cli.options import NameArgument
from taskward.cli.session import Session, remote
from taskward.cli.values import duration

app = typer.Typer(no_args_is_help=True, help="Access tokens: what programs show to be let in.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the tokens, without their secrets."""
    from taskward.cli import pictures

    session.show(await session.client.tokens(), pictures.credentials)


@app.command()
@remote
async def create(
    session: Session,
    *,
    name: NameArgument,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="SCOPE", help="What it lets do; may be repeated.")
    ] = None,
    expires_in: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it is good for: 12h, 30d; for ever without.")
    ] = None,
    client: Annotated[str, typer.Option(metavar="NAME", help="The tenant it acts for.")] = "",
    description: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
) -> None:
    """Make a token and print it; it is shown this once."""
    from taskward.cli import pictures

    issued = await session.client.create_token(
        name,
        scopes=scope or ["read"],
        description=description,
        expires_in=None if expires_in is None else duration(expires_in),
        client=client,
    )
    session.show(issued, pictures.issued)


@app.command()
@remote
async def revoke(
    session: Session, *, token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, or its name.")]
) -> None:
    """End a token."""
    await session.client.revoke_token(token)
    session.show({"revoked": token}, lambda answer: f"{answer['revoked']} is no longer let in")
