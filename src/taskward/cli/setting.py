"""`taskward setting`, for what can be changed while everything runs, and `taskward settings`, for the rest."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from taskward.cli.options import NameArgument
from taskward.cli.session import Session, console, print_json, remote, run

app = typer.Typer(no_args_is_help=True, help="Settings of a running server, changed without a restart.")
local = typer.Typer(no_args_is_help=True, help="Settings that a process of this machine would start with.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the settings."""
    from taskward.cli import pictures

    session.show(await session.client.settings(), pictures.settings)


@app.command()
@remote
async def get(session: Session, *, name: NameArgument) -> None:
    """Print the value of a setting."""
    session.show(await session.client.setting(name), lambda setting: setting.value)


@app.command("set")
@remote
async def set_(session: Session, *, name: NameArgument, value: Annotated[str, typer.Argument(metavar="VALUE")]) -> None:
    """Change a setting."""
    from taskward.cli import pictures

    session.show(await session.client.set_setting(name, value), lambda setting: pictures.settings([setting]))


@app.command()
@remote
async def unset(session: Session, *, name: NameArgument) -> None:
    """Return a setting to its default."""
    await session.client.unset_setting(name)
    session.show({"unset": name}, lambda answer: f"{answer['unset']} is at its default")


@local.command("show")
def show(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="The TOML file; else ./taskward.toml.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show every setting, its value, and where the value comes from: flag, environment, file or default."""

    def print_rows() -> None:
        from taskward.cli import pictures
        from taskward.settings import load

        rows = load(config_path=config).rows()
        if as_json:
            print_json([msgspec.to_builtins(row) for row in rows])
            return
        table = pictures.grid("SETTING", "VALUE", "SOURCE", "DESCRIPTION")
        for row in rows:
            table.add_row(row.name, row.value, row.source, row.description)
        console().print(table)

    run(print_rows)
