"""`taskward serve`."""

from typing import TYPE_CHECKING, Annotated

import typer

from taskward.cli.process import (
    AppOption,
    ConcurrencyOption,
    ConfigOption,
    DatabaseOption,
    DataDirOption,
    QueuesOption,
    WorkflowDirOption,
    see_own_folder,
    settings_of,
)
from taskward.cli.session import run
from taskward.cli.values import UsageError

if TYPE_CHECKING:
    from taskward.bootstrap.server import Started


def serve(
    *,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    data_dir: DataDirOption = None,
    database: DatabaseOption = None,
    app: AppOption = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="How many workers to run; the first in this process.")
    ] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Only serve; workers run elsewhere.")] = False,
    concurrency: ConcurrencyOption = None,
    queue: QueuesOption = None,
    network: Annotated[
        bool | None, typer.Option("--network", help="Run a download network's scheduler and seed peer beside it.")
    ] = None,
    workflow_dir: WorkflowDirOption = None,
    config: ConfigOption = None,
    task_ttl: Annotated[
        int | None,
        typer.Option(
            "--task-ttl-in-seconds", metavar="SECONDS", min=0, help="How long ScyllaDB's API shows a finished task."
        ),
    ] = None,
    user_task_ttl: Annotated[
        int | None,
        typer.Option(
            "--user-task-ttl-in-seconds", metavar="SECONDS", min=0, help="The same for a task that a user started."
        ),
    ] = None,
) -> None:
    """Serve the API, and work: the whole of Taskward in one process, until Ctrl-C."""

    def start() -> None:
        from taskward.bootstrap import server

        if no_worker and workers:
            raise UsageError("--workers and --no-worker exclude each other")
        settings = settings_of(
            config,
            server__host=host,
            server__port=port,
            server__data_dir=data_dir,
            server__database=database,
            worker__concurrency=concurrency,
            worker__queues=queue or None,
            peer__embedded=network,
            workflow__dirs=[str(folder) for folder in workflow_dir] if workflow_dir else None,
            retention__registry_ttl=None if task_ttl is None else str(task_ttl),
            retention__user_task_ttl=user_task_ttl,
        )
        see_own_folder()
        server.serve(
            settings, app or (), workers=0 if no_worker else 1 if workers is None else workers, announce=announce
        )

    run(start)


def announce(started: "Started") -> None:
    """Says where the server is, and where the first administrator's token."""
    typer.echo(f"Taskward is at {started.url}")
    if started.admin_token_file is not None:
        typer.echo(f"The administrator's token is in {started.admin_token_file}; commands here find it by themselves.")
    if started.scheduler is not None:
        typer.echo(f"The download network's scheduler is at {started.scheduler}; `taskward peer --scheduler` joins it.")
    typer.echo("Ctrl-C stops it.")
