"""The command line. Each file has one noun; what a command needs is imported when it runs, so that help is quick."""

import sys
from typing import Annotated

import typer
from typer import TyperException

from taskward.cli import (
    cache,
    client,
    database,
    fetch,
    module,
    nodetool,
    operation,
    peer,
    pool,
    queue,
    schedule,
    serve,
    setting,
    submit,
    task,
    token,
    top,
    user,
    worker,
    workflow,
)
from taskward.cli.exits import EPILOG, ExitCode
from taskward.cli.session import JsonOption, ServerOption, TokenOption

app = typer.Typer(
    name="taskward",
    help="Runs and tracks long-running background operations as trees.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_WORK, _LOOK, _HOUSE, _RUN = "Work", "What there is", "Who may do what", "Processes"
_NETWORK = "Download network"

app.command(rich_help_panel=_WORK, epilog=EPILOG)(submit.submit)
app.add_typer(task.app, name="task", rich_help_panel=_WORK)
app.command(rich_help_panel=_WORK)(top.top)
app.add_typer(schedule.app, name="schedule", rich_help_panel=_WORK)
app.add_typer(workflow.app, name="workflow", rich_help_panel=_WORK)
app.add_typer(module.app, name="module", rich_help_panel=_LOOK)
app.add_typer(operation.app, name="operation", rich_help_panel=_LOOK)
app.add_typer(queue.app, name="queue", rich_help_panel=_LOOK)
app.add_typer(pool.app, name="pool", rich_help_panel=_LOOK)
app.add_typer(setting.app, name="setting", rich_help_panel=_LOOK)
app.command(
    rich_help_panel=_LOOK,
    # It has a command line of its own, where -h is a host.
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)(nodetool.nodetool)
app.add_typer(token.app, name="token", rich_help_panel=_HOUSE)
app.add_typer(client.app, name="client", rich_help_panel=_HOUSE)
app.add_typer(user.app, name="user", rich_help_panel=_HOUSE)
app.command(rich_help_panel=_RUN)(serve.serve)
app.add_typer(worker.app, name="worker", rich_help_panel=_RUN)
app.add_typer(peer.app, name="peer", rich_help_panel=_RUN)
app.command(rich_help_panel=_NETWORK, epilog=EPILOG)(fetch.fetch)
app.add_typer(cache.app, name="cache", rich_help_panel=_NETWORK)
app.add_typer(database.app, name="db", rich_help_panel=_RUN)
app.add_typer(setting.local, name="settings", rich_help_panel=_RUN)


def _print_version(context: typer.Context, is_asked: bool) -> None:
    if is_asked:
        version(context)
        raise typer.Exit


@app.callback()
def everywhere(
    server: ServerOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
    is_version_asked: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that may stand before a command as well as behind it."""


@app.command(rich_help_panel=_RUN)
def version(context: typer.Context, json: JsonOption = False) -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    from taskward.cli.session import print_json

    number = installed("taskward")
    if json or (context.parent is not None and context.parent.params["json"]):
        print_json({"version": number})
    else:
        typer.echo(f"taskward {number}")


def main() -> None:
    """Runs the command that `sys.argv` names and ends the process with its exit code."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(words: list[str]) -> int:
    """Runs a command; its exit code. A wrong command line is told on stderr, with the way to its help."""
    try:
        return app(words, prog_name="taskward", standalone_mode=False) or ExitCode.DONE
    except TyperException as error:
        context = getattr(error, "ctx", None)
        typer.echo(f"taskward: {error.format_message().replace('Value error, ', '')}", err=True)
        if context is not None:
            typer.echo(f"Try '{context.command_path} --help'.", err=True)
        return ExitCode.USAGE
    except (typer.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader, `head` say, has enough. Python would complain again when it flushes at exit.
        sys.stdout = None
        return ExitCode.DONE
