"""`taskward module`."""

import typer

from taskward.cli.options import NameArgument
from taskward.cli.session import Session, remote
from taskward.cli.values import UsageError

app = typer.Typer(no_args_is_help=True, help="Modules: operations of similar nature, kept equally long.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the modules that some process has loaded."""
    from taskward.cli import pictures

    session.show(await session.client.modules(), pictures.modules)


@app.command()
@remote
async def show(session: Session, *, name: NameArgument) -> None:
    """Show a module with its operations."""
    from taskward.cli import pictures

    found = next((module for module in await session.client.modules() if module.name == name), None)
    if found is None:
        raise UsageError(f"no module {name}; `taskward module list` shows those there are")
    session.show(found, lambda module: pictures.modules([module]))
