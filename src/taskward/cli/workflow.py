"""`taskward workflow`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from taskward.cli.exits import ExitCode
from taskward.cli.options import (
    ArgsOption,
    LabelOption,
    NameArgument,
    PairsArgument,
    PriorityOption,
    TimeoutOption,
    WaitOption,
)
from taskward.cli.reference import identify
from taskward.cli.session import JsonOption, Session, print_json, remote, run
from taskward.cli.values import UsageError, duration, future, pairs, parse_arguments

app = typer.Typer(no_args_is_help=True, help="Workflows: jobs of several steps, as files declare them.")

ClientOption = Annotated[str, typer.Option("--client", metavar="NAME", help="As this tenant sees them.")]


@app.command("list")
@remote
async def list_(session: Session, *, client: ClientOption = "") -> None:
    """List the workflows of the server, those whose file is wrong too."""
    from taskward.cli import flowcharts

    session.show(await session.client.workflows(client), flowcharts.workflows)


@app.command()
@remote
async def show(session: Session, *, name: NameArgument, client: ClientOption = "") -> None:
    """Show a workflow with its parameters and steps; with --json, with the JSON Schema of the parameters."""
    from taskward.cli import flowcharts

    session.show(await session.client.workflow(name, client), flowcharts.workflow)


@app.command()
@remote
async def graph(
    session: Session,
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A workflow.")] = None,
    job: Annotated[
        str | None, typer.Option(metavar="TASK", help="What this job runs instead, and how far each step is.")
    ] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a Mermaid flowchart, for documents.")] = False,
    client: ClientOption = "",
) -> None:
    """Draw which steps need which: each line is what may run at the same time."""
    from taskward.cli import flowcharts

    if (name is None) == (job is None):
        raise UsageError("name a workflow, or a job with --job TASK")
    if name is not None:
        steps = (await session.client.workflow(name, client)).steps
    else:
        steps = (await session.client.job(await identify(session, str(job)))).steps
    session.show(steps, flowcharts.mermaid if mermaid else flowcharts.graph)


@app.command("run")
@remote
async def run_(
    session: Session,
    *,
    name: NameArgument,
    words: PairsArgument = None,
    args: ArgsOption = None,
    client: Annotated[str, typer.Option("--client", metavar="NAME", help="The tenant whose job it is.")] = "",
    label: LabelOption = None,
    priority: PriorityOption = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before: 2026-03-01T12:00, or 2h (from now).")
    ] = None,
    gate: Annotated[str | None, typer.Option(metavar="URL", help="Not before this URL answers.")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Submitting again with this key finds the first job.")
    ] = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = None,
) -> ExitCode | None:
    """Submit a job: `taskward workflow run createmp4 content_id=film source_folder=in --wait`."""
    from taskward.cli import pictures
    from taskward.cli.waiting import see_through

    if timeout is not None and not wait:
        raise UsageError("--timeout goes with --wait")
    limit = None if timeout is None else duration(timeout)
    task = await session.client.run_workflow(
        name,
        parse_arguments(words or [], args),
        client=client,
        labels=pairs(label or [], "label"),
        priority=priority,
        run_at=None if at is None else future(at, datetime.now(UTC)),
        gate=gate,
        idempotency_key=idempotency_key,
    )
    if wait:
        return await see_through(session, [task.id], limit)
    session.show(task, pictures.submitted)
    return None


@app.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Workflow files, or folders as --workflow-dir takes them.")
    ],
    json: JsonOption = False,
) -> None:
    """Check workflow files without a server: every problem with its line and column. Exit code 1 when there is one."""

    def look() -> ExitCode:
        from taskward.modules.workflow.document import Misdeclared, read_workflow

        checked = []
        for path in [found for file in files for found in _files(file)]:
            try:
                read_workflow(path)
            except Misdeclared as error:
                checked.append({"file": str(path), "faults": error.faults})
                if not json:
                    typer.echo(str(error))
            else:
                checked.append({"file": str(path), "faults": []})
                if not json:
                    typer.echo(f"{path}: right")
        if json:
            print_json(checked)
        return ExitCode.USAGE if any(each["faults"] for each in checked) else ExitCode.DONE

    run(look)


@app.command()
def schema() -> None:
    """Print the JSON Schema of workflow files, for editors that check and complete them."""
    from taskward.modules.workflow.document import file_schema

    print_json(file_schema())


def _files(path: Path) -> list[Path]:
    """A file, or those of a folder and of its clients. Raises UsageError when there is none."""
    if not path.is_dir():
        return [path]
    found = [*sorted(path.glob("*.yaml")), *sorted(path.glob("clients/*/*.yaml"))]
    if not found:
        raise UsageError(f"{path} has no workflow files (*.yaml)")
    return found
