"""`taskward fetch`."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskward.cli.exits import ExitCode
from taskward.cli.process import ConfigOption, DataDirOption, settings_of
from taskward.cli.session import JsonOption, complain, print_json, run
from taskward.cli.values import UsageError, pairs

if TYPE_CHECKING:
    from taskward.peer.content import Content, Origin
    from taskward.peer.fetch import Progress
    from taskward.settings import Settings

_MIB = 1024 * 1024
_SECONDS_BETWEEN_LINES = 2


def fetch(
    url: Annotated[str, typer.Argument(metavar="URL", help="What to download: http:// or https://.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    tag: Annotated[str, typer.Option("--tag", help="Tells apart what one URL leads to; part of the task id.")] = "",
    application: Annotated[str, typer.Option("--application", help="Whose download it is; part of the task id.")] = "",
    filtered: Annotated[
        str | None,
        typer.Option(
            "--filtered-query-params",
            metavar="NAME&NAME",
            help="Parameters of the URL that say nothing about its content.",
        ),
    ] = None,
    piece_length: Annotated[
        int | None, typer.Option("--piece-length", metavar="BYTES", help="The length of pieces; part of the task id.")
    ] = None,
    digest: Annotated[
        str, typer.Option("--digest", metavar="sha256:HEX", help="What the whole must be; else nothing is written.")
    ] = "",
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header for the origin; may be repeated."),
    ] = None,
    peer: Annotated[
        str | None, typer.Option("--peer", metavar="HOST:PORT", help="The peer to fetch through; else the one here.")
    ] = None,
    schedulers: Annotated[
        list[str] | None,
        typer.Option(
            "--scheduler", metavar="HOST:PORT", help="Be a peer of this scheduler's network, for this one fetch."
        ),
    ] = None,
    cache_dir: Annotated[
        str | None, typer.Option("--cache-dir", metavar="FOLDER", help="With --scheduler: where pieces are kept.")
    ] = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Download a file through the download network; it is written whole, or not at all."""

    def start() -> ExitCode:
        from taskward.modules.cache.identity import DEFAULT_FILTERED_QUERY_PARAMS
        from taskward.peer.content import Origin

        if peer and schedulers:
            raise UsageError("--peer and --scheduler exclude each other")
        settings = settings_of(
            config, server__data_dir=data_dir, peer__schedulers=schedulers or None, peer__cache_dir=cache_dir
        )
        origin = Origin(
            url=url,
            tag=tag,
            application=application,
            filtered_query_params=(
                DEFAULT_FILTERED_QUERY_PARAMS if filtered is None else tuple(filter(None, filtered.split("&")))
            ),
            headers={name: value.strip() for name, value in pairs(header or (), "header").items()},
            piece_length=piece_length,
            digest=digest,
        )
        through = None if schedulers else peer or f"{settings.peer.ip}:{settings.peer.grpc_port}"
        return _fetch(settings, through, origin, output, as_json=json)

    run(start)


def _fetch(settings: "Settings", peer: str | None, origin: "Origin", output: Path, *, as_json: bool) -> ExitCode:
    import asyncio

    from taskward.bootstrap.peer import fetch_as_peer, fetch_through_peer
    from taskward.peer.errors import NoParent, PeerError
    from taskward.peer.messages import download_of, origin_of

    with _progress(output, quiet=as_json) as progress:
        try:
            origin_of(download_of(origin))
            if peer is None:
                content = asyncio.run(fetch_as_peer(settings, origin, output, progress))
            else:
                content = asyncio.run(fetch_through_peer(settings, peer, origin, output, progress))
        except PeerError as error:
            complain(error)
            return ExitCode.NO_ANSWER if isinstance(error, NoParent) else ExitCode.NOT_COMPLETED
    _show(content, output, as_json=as_json)
    return ExitCode.DONE


def _show(content: "Content", output: Path, *, as_json: bool) -> None:
    if as_json:
        shown = {"url": content.origin.url, "task_id": content.task_id, "output": str(output), "length": content.length}
        print_json(shown | {"pieces": len(content.pieces)})
    else:
        typer.echo(f"{output}: {_size(content.length or 0)}, task {content.task_id}", err=True)


def _progress(output: Path, *, quiet: bool) -> "AbstractContextManager[Progress]":
    """What shows people how far it is: a bar on a terminal, a line now and then elsewhere, nothing with --json."""
    import sys

    if quiet:
        return nullcontext(lambda *_: None)
    return _bar(output) if sys.stderr.isatty() else nullcontext(_Lines(output))


@contextmanager
def _bar(output: Path) -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True))
    with Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        shown = bar.add_task(output.name, total=None)
        yield lambda done, total: bar.update(shown, completed=done, total=total)


class _Lines:
    """A line at the beginning, and one whenever a while has passed and something came."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._last = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        if time.monotonic() > self._last + _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            of = "" if total is None else f" of {_size(total)}"
            typer.echo(f"{self._output}: {_size(done)}{of}", err=True)


def _size(length: int) -> str:
    return f"{length / _MIB:.1f} MiB" if length >= _MIB else f"{length} bytes"
