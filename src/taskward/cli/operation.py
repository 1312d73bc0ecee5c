"""`taskward operation`."""

import typer

from taskward.cli.options import OperationArgument
from taskward.cli.session import Session, remote

app = typer.Typer(no_args_is_help=True, help="Operations: the kinds of work there are, and their arguments.")


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the operations that some process can run."""
    from taskward.cli import pictures

    session.show(await session.client.operations(), pictures.operations)


@app.command()
@remote
async def show(session: Session, *, operation: OperationArgument) -> None:
    """Show an operation with its arguments; with --json, their JSON Schema."""
    from taskward.cli import pictures

    session.show(await session.client.operation(operation), pictures.operation)
