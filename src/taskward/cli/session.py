"""What every command shares: the server it talks to, how it prints, and how it ends."""

import asyncio
import functools
import inspect
import re
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TextIO, TypeVar, cast

import msgspec
import typer

from taskward.cli.exits import ExitCode
from taskward.model.errors import TaskwardError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from taskward.client import AsyncClient

P = ParamSpec("P")
T = TypeVar("T")

_PADDING = re.compile(r" +$", re.MULTILINE)

# The environment is the client's to read: read here, it would go over an option that stands before the command.
ServerOption = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="The server to talk to; else TASKWARD_SERVER.")
]
TokenOption = Annotated[
    str | None, typer.Option("--token", metavar="TOKEN", help="The token to show; else TASKWARD_TOKEN.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


class Session:
    """One run of a command: its client, and where its answer goes."""

    def __init__(self, client: "AsyncClient", *, as_json: bool) -> None:
        self.client = client
        self.as_json = as_json
        self.console = console()

    def show(self, data: T, picture: "Callable[[T], RenderableType]") -> None:
        """Prints the data as JSON, or its picture for people."""
        if self.as_json:
            print_json(data)
        else:
            self.console.print(picture(data))

    def say(self, text: str) -> None:
        """Tells people something that is not part of the answer."""
        if not self.as_json:
            typer.echo(text, err=True)


def console(stream: TextIO | None = None) -> "Console":
    """Where people read, stdout if nothing else is said.

    Without a terminal a program reads it, so no line is cut, and none is padded to the width of its table.
    """
    from rich.console import Console

    file = stream or sys.stdout
    terminal = Console(file=file, highlight=False, emoji=False, markup=False)
    if not terminal.is_terminal:
        terminal.file = cast("TextIO", _Trimmed(file))
        terminal.width = 1000
    return terminal


class _Trimmed:
    """A stream whose lines lose the blanks at their ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return self._stream.write(_PADDING.sub("", text))


def print_json(data: Any) -> None:
    """One JSON document, indented for a terminal and on one line else."""
    encoded = msgspec.json.encode(data)
    if sys.stdout.isatty():
        encoded = msgspec.json.format(encoded, indent=2)
    sys.stdout.write(encoded.decode() + "\n")
    sys.stdout.flush()


def remote(function: Callable[Concatenate[Session, P], Coroutine[Any, Any, ExitCode | None]]) -> Callable[..., None]:
    """A command that talks to a server: gives it a Session, and the options --server, --token and --json.

    The function ends with an exit code, or with none for success. Its errors are told as `run` tells them.
    """
    own = list(inspect.signature(function).parameters.values())[1:]
    parameters = [
        *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
        _keyword("context", typer.Context, inspect.Parameter.empty),
        _keyword("to_server", ServerOption, None),
        _keyword("with_token", TokenOption, None),
        _keyword("as_json", JsonOption, False),
    ]

    @functools.wraps(function)
    def command(
        context: typer.Context, to_server: str | None, with_token: str | None, as_json: bool, **own: Any
    ) -> None:
        before = context.find_root().params

        async def talk() -> ExitCode | None:
            from taskward.client import AsyncClient

            async with AsyncClient(to_server or before.get("server"), with_token or before.get("token")) as client:
                return await function(Session(client, as_json=as_json or bool(before.get("json"))), **own)  # type: ignore[call-arg]

        run(lambda: asyncio.run(talk()))

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def run(work: Callable[[], ExitCode | None]) -> None:
    """Does the work of a command and ends it with its exit code; an error is a sentence on stderr, not a traceback."""
    try:
        code = work() or ExitCode.DONE
    except TaskwardError as error:
        code = exit_code(error)
        complain(error)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    raise typer.Exit(code)


def exit_code(error: TaskwardError) -> ExitCode:
    """How a command ends that met this error."""
    from taskward.client import ApiError, ServerUnreachable, WaitTimedOut

    match error:
        case ApiError():
            return ExitCode.REFUSED
        case ServerUnreachable():
            return ExitCode.NO_ANSWER
        case WaitTimedOut():
            return ExitCode.TIMED_OUT
        case _:
            return ExitCode.USAGE


def complain(error: TaskwardError) -> None:
    """Says on stderr what is wrong, and what would be right where the error knows."""
    from taskward.client import ApiError

    if isinstance(error, ApiError) and error.problem.errors:
        typer.echo(f"taskward: {error.problem.title}", err=True)
        for item in error.problem.errors:
            typer.echo(f"  {item.pointer.lstrip('#/') or 'the request'}: {item.detail}", err=True)
    else:
        typer.echo(f"taskward: {error}", err=True)
