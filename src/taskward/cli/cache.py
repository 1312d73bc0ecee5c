"""`taskward cache`: find and clear what hosts of download networks keep."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import typer

from taskward.cli.cache_wanted import (
    ApplicationOption,
    ClusterOption,
    ContentOption,
    FilteredOption,
    OptionalUrl,
    PieceLengthOption,
    TagOption,
    TaskIdOption,
    spelling,
    wanted,
)
from taskward.cli.exits import EPILOG, ExitCode
from taskward.cli.options import TimeoutOption
from taskward.cli.session import JsonOption, Session, print_json, remote, run
from taskward.cli.values import UsageError, duration
from taskward.model.states import State
from taskward.modules.cache.findings import (
    Cleared,
    ClusterClearing,
    ClusterFindings,
    ClusterHosts,
    Distribution,
    Found,
    Image,
    Warming,
)
from taskward.wire import TaskView

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Find and clear what hosts of download networks keep.")

_WORD = "DELETE"
_PARTIAL_EPILOG = f"{EPILOG}. When a host did not do what was asked, it is 123 too."

PlatformOption = Annotated[
    str, typer.Option("--platform", metavar="OS/ARCH", help="The platform of the image; else the worker's.")
]
UsernameOption = Annotated[str, typer.Option("--username", help="Whom the registry is told, where it asks.")]
PasswordOption = Annotated[
    str,
    typer.Option(
        "--password", envvar="TASKWARD_REGISTRY_PASSWORD", show_envvar=True, help="The password for the registry."
    ),
]
HeaderOption = Annotated[
    list[str] | None, typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header to send; may be repeated.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would be cleared.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command(epilog=EPILOG)
@remote
async def search(
    session: Session,
    *,
    url: OptionalUrl = None,
    tag: TagOption = "",
    application: ApplicationOption = "",
    filtered: FilteredOption = None,
    piece_length: PieceLengthOption = None,
    content: ContentOption = None,
    task_id: TaskIdOption = "",
    cluster: ClusterOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Find which hosts keep something: `taskward cache search https://example.com/file --tag t`."""
    from taskward.cli import cache_pictures

    what = wanted(
        url,
        tag=tag,
        application=application,
        filtered=filtered,
        piece_length=piece_length,
        content=content,
        task_id=task_id,
    )
    found = await _told(session, "cache.search", {"what": what}, Found, cluster=cluster, timeout=timeout)
    session.show(found, cache_pictures.found)


@app.command(epilog=_PARTIAL_EPILOG)
@remote
async def delete(
    session: Session,
    *,
    url: OptionalUrl = None,
    tag: TagOption = "",
    application: ApplicationOption = "",
    filtered: FilteredOption = None,
    piece_length: PieceLengthOption = None,
    content: ContentOption = None,
    task_id: TaskIdOption = "",
    cluster: ClusterOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    timeout: TimeoutOption = None,
) -> ExitCode | None:
    """Clear something from every host that keeps it, after showing which those are."""
    what = wanted(
        url,
        tag=tag,
        application=application,
        filtered=filtered,
        piece_length=piece_length,
        content=content,
        task_id=task_id,
    )
    return await _clear(session, "cache.delete", {"what": what}, cluster, timeout, dry_run=dry_run, yes=yes)


@app.command(epilog=_PARTIAL_EPILOG)
@remote
async def image(
    session: Session,
    *,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The image's manifest: https://HOST/v2/NAME/manifests/TAG.")
    ],
    delete_it: Annotated[bool, typer.Option("--delete", help="Clear all its blobs from every host.")] = False,
    platform: PlatformOption = "",
    username: UsernameOption = "",
    password: PasswordOption = "",
    header: HeaderOption = None,
    tag: TagOption = "",
    application: ApplicationOption = "",
    filtered: FilteredOption = None,
    piece_length: PieceLengthOption = None,
    cluster: ClusterOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    timeout: TimeoutOption = None,
) -> ExitCode | None:
    """Find which hosts keep which blobs of an image; with --delete, clear them."""
    from taskward.cli import cache_pictures

    if (dry_run or yes) and not delete_it:
        raise UsageError("--dry-run and --yes go with --delete")
    args = {
        "image": {
            "url": url,
            "platform": platform,
            "username": username,
            "password": password,
            "headers": _headers(header),
            **spelling(tag, application, filtered, piece_length),
        }
    }
    if delete_it:
        return await _clear(session, "cache.delete-image", args, cluster, timeout, dry_run=dry_run, yes=yes)
    found = await _told(session, "cache.image", args, Distribution, cluster=cluster, timeout=timeout)
    session.show(found, cache_pictures.distribution)
    return None


@app.command(epilog=_PARTIAL_EPILOG)
@remote
async def preheat(
    session: Session,
    *,
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="What hosts are to fetch.")],
    is_image: Annotated[bool, typer.Option("--image", help="The URLs are of images' manifests.")] = False,
    scope: Annotated[
        Literal["single_seed_peer", "all_seed_peers", "all_peers"],
        typer.Option("--scope", metavar="SCOPE", help="single_seed_peer, all_seed_peers or all_peers."),
    ] = "single_seed_peer",
    ip: Annotated[list[str] | None, typer.Option("--ip", metavar="IP", help="These hosts; may be repeated.")] = None,
    percentage: Annotated[int | None, typer.Option(min=1, max=100, help="So many per cent of them.")] = None,
    count: Annotated[int | None, typer.Option(min=1, max=200, help="So many of them.")] = None,
    platform: PlatformOption = "",
    username: UsernameOption = "",
    password: PasswordOption = "",
    header: HeaderOption = None,
    tag: TagOption = "",
    application: ApplicationOption = "",
    filtered: FilteredOption = None,
    piece_length: PieceLengthOption = None,
    cluster: ClusterOption = None,
    timeout: TimeoutOption = None,
) -> ExitCode | None:
    """Let hosts fetch files, or the blobs of images, ahead of need."""
    from taskward.cli import cache_pictures

    what = {
        "urls": urls,
        "kind": "image" if is_image else "file",
        "scope": scope,
        "ips": ip or [],
        "percentage": percentage,
        "count": count,
        "platform": platform,
        "username": username,
        "password": password,
        "headers": _headers(header),
        **spelling(tag, application, filtered, piece_length),
    }
    warming = await _told(session, "cache.preheat", {"what": what}, Warming, cluster=cluster, timeout=timeout)
    session.show(warming, cache_pictures.warming)
    return ExitCode.NOT_COMPLETED if any(each.failures for each in warming.clusters) else None


@app.command("list", epilog=EPILOG)
@remote
async def list_(session: Session, *, cluster: ClusterOption = None, timeout: TimeoutOption = None) -> None:
    """List all that hosts keep, where their programs tell it."""
    from taskward.cli import cache_pictures

    session.show(await _told(session, "cache.list", {}, Found, cluster=cluster, timeout=timeout), cache_pictures.found)


@app.command(epilog=EPILOG)
@remote
async def clusters(session: Session, *, cluster: ClusterOption = None, timeout: TimeoutOption = None) -> None:
    """List the clusters, whether their schedulers answer, and their hosts."""
    from taskward.cli import cache_pictures

    known = await _told(session, "cache.clusters", {}, list[ClusterHosts], cluster=cluster, timeout=timeout)
    session.show(known, cache_pictures.clusters)


@app.command("id")
def id_(
    *,
    url: OptionalUrl = None,
    tag: TagOption = "",
    application: ApplicationOption = "",
    revision: Annotated[str, typer.Option("--revision", help="Of a model's repository; part of the task id.")] = "",
    filtered: FilteredOption = None,
    piece_length: PieceLengthOption = None,
    content: ContentOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="All ids under which hosts may keep it, the usual one first.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Print the task id of a URL or a content. Asks no server."""

    def tell() -> None:
        from taskward.modules.cache.wanted import Wanted

        what = wanted(
            url,
            tag=tag,
            application=application,
            filtered=filtered,
            piece_length=piece_length,
            content=content,
        )
        try:
            target = Wanted(**{**what, "revision": revision}).named()
        except ValueError as error:
            raise UsageError(str(error)) from None
        ids = target.task_ids if every else target.task_ids[:1]
        if json:
            print_json({"name": target.name, "task_ids": ids})
        else:
            typer.echo("\n".join(ids))

    run(tell)


async def _told(
    session: Session,
    operation: str,
    args: dict[str, Any],
    kind: type[T],
    *,
    cluster: list[int] | None,
    timeout: str | None,
) -> T:
    """What an operation tells when it has ended, shown meanwhile. One that failed ends the command."""
    from taskward.cli.waiting import watch

    limit = None if timeout is None else duration(timeout)
    task = await session.client.submit(operation, args={**args, "clusters": cluster or []})
    [ended] = await watch(session.client, [task.id], limit, quiet=session.as_json)
    if ended.state is not State.COMPLETED:
        await _show_parts(session, ended, args)
        raise typer.Exit(ExitCode.NOT_COMPLETED)
    return msgspec.convert(ended.result, kind)


async def _show_parts(session: Session, task: TaskView, args: dict[str, Any]) -> None:
    """Of a task that failed: why, and what the clusters that were asked told. `args` are not masked, as its own are."""
    from taskward.cli import cache_pictures
    from taskward.modules.cache.shares import distributed
    from taskward.modules.cache.wanted import WantedImage

    typer.echo(f"taskward: {task.error.message if task.error else f'the task is {task.state}'}", err=True)
    image: Image | None = None
    findings: list[ClusterFindings] = []
    clearings: list[ClusterClearing] = []
    async for part in session.client.tasks(parent=task.id):
        if part.state is State.COMPLETED and part.operation in {"cache.find", "cache.take-stock"}:
            findings.append(msgspec.convert(part.result, ClusterFindings))
        elif part.state is State.COMPLETED and part.operation == "cache.clear":
            clearings.append(msgspec.convert(part.result, ClusterClearing))
        elif part.state is State.COMPLETED and part.operation == "cache.resolve":
            image = msgspec.convert(part.result, Image)
    if findings and image is not None:
        wanted_image = msgspec.convert(args["image"], WantedImage)
        session.show(distributed(wanted_image, image, findings), cache_pictures.distribution)
    elif findings:
        session.show(Found([], findings), cache_pictures.found)
    if clearings:
        session.show(Cleared(bool(task.args["dry_run"]), [], clearings), cache_pictures.cleared)


async def _clear(
    session: Session,
    operation: str,
    args: dict[str, Any],
    cluster: list[int] | None,
    timeout: str | None,
    *,
    dry_run: bool,
    yes: bool,
) -> ExitCode | None:
    from taskward.cli import cache_pictures

    if not (yes or dry_run):
        if session.as_json or not sys.stdin.isatty():
            raise UsageError("nobody can be asked here: say --yes to delete, or --dry-run to see what would be")
        planned = await _told(session, operation, {**args, "dry_run": True}, Cleared, cluster=cluster, timeout=timeout)
        session.show(planned, cache_pictures.cleared)
        if not any(each.cleared for each in planned.clusters):
            return None
        if typer.prompt(f"Type {_WORD} to clear them", err=True) != _WORD:
            session.say("Nothing was cleared.")
            return ExitCode.INTERRUPTED
    cleared = await _told(session, operation, {**args, "dry_run": dry_run}, Cleared, cluster=cluster, timeout=timeout)
    session.show(cleared, cache_pictures.cleared)
    failed = any(each.failures for each in cleared.clusters)
    return ExitCode.NOT_COMPLETED if failed and not dry_run else None


def _headers(words: Sequence[str] | None) -> dict[str, str]:
    found = {}
    for word in words or ():
        name, separator, value = word.partition(":")
        if not separator or not name.strip():
            raise UsageError(f"{word!r} is not a header; write NAME:VALUE")
        found[name.strip()] = value.strip()
    return found
