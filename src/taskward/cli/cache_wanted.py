"""What a command of `taskward cache` names: options, and what they make."""

from typing import Annotated, Any

import typer

from taskward.cli.values import UsageError

OptionalUrl = Annotated[
    str | None, typer.Argument(metavar="[URL]", help="What was downloaded: https://example.com/file.")
]
TagOption = Annotated[str, typer.Option("--tag", help="The tag it was downloaded with; part of the task id.")]
ApplicationOption = Annotated[
    str, typer.Option("--application", help="The application it was downloaded for; part of the task id.")
]
FilteredOption = Annotated[
    str | None,
    typer.Option(
        "--filtered-query-params",
        metavar="NAME&NAME",
        help='Parameters that say nothing about the content; "" for none. Else those that sign URLs.',
    ),
]
PieceLengthOption = Annotated[
    int | None,
    typer.Option("--piece-length", metavar="BYTES", min=1, help="The length of pieces that was asked for."),
]
ContentOption = Annotated[
    str | None, typer.Option("--content", metavar="TEXT", help="The text by which the download was named.")
]
TaskIdOption = Annotated[str, typer.Option("--task-id", metavar="ID", help="The task id itself.")]
ClusterOption = Annotated[
    list[int] | None, typer.Option("--cluster", metavar="ID", help="Only this cluster; may be repeated.")
]


def spelling(tag: str, application: str, filtered: str | None, piece_length: int | None) -> dict[str, Any]:
    """What belongs to a URL, as operations take it."""
    return {
        "tag": tag,
        "application": application,
        "piece_length": piece_length,
        "filtered_query_params": None if filtered is None else [name for name in filtered.split("&") if name],
    }


def wanted(
    url: str | None,
    *,
    tag: str,
    application: str,
    filtered: str | None,
    piece_length: int | None,
    content: str | None,
    task_id: str = "",
) -> dict[str, Any]:
    """The one thing that is named, as operations take it. Raises UsageError."""
    if sum((url is not None, content is not None, bool(task_id))) != 1:
        raise UsageError("name one thing: a URL, --content or --task-id")
    if url is not None:
        return {"url": url, **spelling(tag, application, filtered, piece_length)}
    if tag or application or filtered is not None or piece_length is not None:
        raise UsageError("--tag, --application, --filtered-query-params and --piece-length go with a URL")
    return {"content": content} if content is not None else {"task_id": task_id}
