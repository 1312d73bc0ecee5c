"""`taskward db`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskward.cli.exits import ExitCode
from taskward.cli.process import ConfigOption, DatabaseOption, DataDirOption, settings_of
from taskward.cli.session import JsonOption, print_json, run

if TYPE_CHECKING:
    from taskward.bootstrap.database import Condition

app = typer.Typer(no_args_is_help=True, help="The database itself, on the machine that has it.")


@app.command()
def upgrade(
    data_dir: DataDirOption = None,
    database: DatabaseOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Bring the schema up to date, as every start of a server or worker does."""

    def work() -> ExitCode:
        from taskward.bootstrap import database as databases

        settings = settings_of(config, server__data_dir=data_dir, server__database=database)
        return _tell(asyncio.run(databases.upgrade(settings)), as_json=json)

    run(work)


@app.command()
def check(
    data_dir: DataDirOption = None,
    database: DatabaseOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say what schema the database has and whether it is sound, without changing it; exit code 1 when it is not."""

    def work() -> ExitCode:
        from taskward.bootstrap import database as databases

        settings = settings_of(config, server__data_dir=data_dir, server__database=database)
        return _tell(asyncio.run(databases.check(settings)), as_json=json)

    run(work)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.")],
    data_dir: DataDirOption = None,
    database: DatabaseOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Copy a SQLite database to a new file, while it is in use."""

    def work() -> None:
        from taskward.bootstrap import database as databases

        settings = settings_of(config, server__data_dir=data_dir, server__database=database)
        copy = asyncio.run(databases.backup(settings, target))
        if json:
            print_json({"file": str(copy), "bytes": copy.stat().st_size})
        else:
            typer.echo(f"{copy}: {copy.stat().st_size:,} bytes")

    run(work)


def _tell(condition: "Condition", *, as_json: bool) -> ExitCode:
    if as_json:
        print_json(condition)
    else:
        typer.echo(f"{condition.database}: schema {condition.schema} of {condition.newest_schema}")
        for fault in condition.faults:
            typer.echo(f"  {fault}")
        if condition.schema < condition.newest_schema:
            typer.echo("It is brought up to date by `taskward db upgrade`, or by the next start.")
        if condition.schema > condition.newest_schema:
            typer.echo("It was written by a newer Taskward: run that one.")
    return ExitCode.DONE if condition.is_current else ExitCode.USAGE
