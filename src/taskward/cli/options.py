"""Options and arguments that several commands take, and how the shell completes them."""

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskward.model.errors import TaskwardError
from taskward.model.states import State

if TYPE_CHECKING:
    from taskward.client import AsyncClient

_PATIENCE_SECONDS = 2.0


def _ask(
    context: typer.Context, question: "Callable[[AsyncClient], Coroutine[Any, Any, list[tuple[str, str]]]]"
) -> Any:
    """What a server answers to a shell that completes a word: quickly or not at all."""
    import asyncio

    from taskward.client import AsyncClient

    given = {**context.find_root().params, **{name: value for name, value in context.params.items() if value}}

    async def ask() -> list[tuple[str, str]]:
        async with asyncio.timeout(_PATIENCE_SECONDS), AsyncClient(given.get("server"), given.get("token")) as client:
            return await question(client)

    try:
        return asyncio.run(ask())
    except (TaskwardError, TimeoutError):
        return []


def complete_task(context: typer.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The newest tasks."""

    async def newest(client: "AsyncClient") -> list[tuple[str, str]]:
        page = await client.page(limit=50)
        return [(str(task.id), f"#{task.number} {task.name} {task.state}") for task in page.items]

    return [choice for choice in _ask(context, newest) if choice[0].startswith(incomplete)]


def complete_operation(context: typer.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The operations that some worker knows."""

    async def known(client: "AsyncClient") -> list[tuple[str, str]]:
        return [(item.name, item.description.partition("\n")[0]) for item in await client.operations()]

    return [choice for choice in _ask(context, known) if choice[0].startswith(incomplete)]


def complete_argument(context: typer.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The arguments of the operation named before."""

    async def arguments(client: "AsyncClient") -> list[tuple[str, str]]:
        operation = await client.operation(str(context.params.get("operation")))
        properties = operation.schema.get("properties", {})
        return [(f"{name}=", str(schema.get("description", ""))) for name, schema in properties.items()]

    return [choice for choice in _ask(context, arguments) if choice[0].startswith(incomplete)]


TaskArgument = Annotated[
    str, typer.Argument(metavar="TASK", help="The task's id or number.", autocompletion=complete_task)
]
TasksArgument = Annotated[
    list[str], typer.Argument(metavar="TASK...", help="Ids or numbers of tasks.", autocompletion=complete_task)
]
OperationArgument = Annotated[
    str,
    typer.Argument(
        metavar="OPERATION", help="The operation's full name, module.operation.", autocompletion=complete_operation
    ),
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]
PairsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE...",
        help="Arguments: JSON where it parses, else text; KEY:=JSON forces JSON, KEY=@FILE reads a file.",
        autocompletion=complete_argument,
    ),
]
ArgsOption = Annotated[str | None, typer.Option("--args", metavar="JSON", help="Arguments as a JSON object, or @FILE.")]
TimeoutOption = Annotated[
    str | None, typer.Option("--timeout", metavar="DURATION", help="Stop waiting after this long: 90s, 5m, 1h30m.")
]
WaitOption = Annotated[bool, typer.Option("--wait", "-w", help="Wait for the end, showing the tree.")]
LabelOption = Annotated[list[str] | None, typer.Option("--label", "-l", metavar="NAME=VALUE", help="A label.")]
PriorityOption = Annotated[int | None, typer.Option("--priority", help="1 (first) to 10 (last).")]
QueueOption = Annotated[str | None, typer.Option("--queue", metavar="NAME", help="The queue.")]
StateOption = Annotated[
    list[State] | None, typer.Option("--state", "-s", help="A state; may be repeated.", case_sensitive=False)
]
ModuleFilter = Annotated[str | None, typer.Option("--module", metavar="NAME", help="Only tasks of this module.")]
OperationFilter = Annotated[
    str | None,
    typer.Option(
        "--operation", metavar="NAME", help="Only tasks of this operation.", autocompletion=complete_operation
    ),
]
ClientFilter = Annotated[str | None, typer.Option("--client", metavar="NAME", help="Only tasks of this tenant.")]
QueueFilter = Annotated[str | None, typer.Option("--queue", metavar="NAME", help="Only tasks of this queue.")]
LabelFilter = Annotated[
    list[str] | None, typer.Option("--label", "-l", metavar="NAME=VALUE", help="Only tasks with this label.")
]
