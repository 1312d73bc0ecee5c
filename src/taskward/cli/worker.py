"""`taskward worker`."""

from typing import Annotated

import typer

from taskward.cli.process import (
    AppOption,
    ConcurrencyOption,
    ConfigOption,
    DatabaseOption,
    DataDirOption,
    QueuesOption,
    WorkflowDirOption,
    become_worker,
)
from taskward.cli.session import Session, remote, run

app = typer.Typer(invoke_without_command=True)


@app.callback()
def work(
    context: typer.Context,
    *,
    data_dir: DataDirOption = None,
    database: DatabaseOption = None,
    modules: AppOption = None,
    concurrency: ConcurrencyOption = None,
    queue: QueuesOption = None,
    workflow_dir: WorkflowDirOption = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What the worker is called.")] = None,
    config: ConfigOption = None,
) -> None:
    """Run a worker on the same database as a server, until Ctrl-C; or `taskward worker list`."""
    if context.invoked_subcommand is not None:
        return

    flags = {
        "server__data_dir": data_dir,
        "server__database": database,
        "worker__concurrency": concurrency,
        "worker__queues": queue or None,
        "workflow__dirs": [str(folder) for folder in workflow_dir] if workflow_dir else None,
        "worker__name": name,
    }
    run(lambda: become_worker(config, modules or (), **flags))


@app.command("list")
@remote
async def list_(session: Session) -> None:
    """List the workers, alive ones first."""
    from taskward.cli import pictures

    session.show(await session.client.workers(), pictures.workers)
