"""`taskward peer`."""

from typing import TYPE_CHECKING, Annotated

import typer

from taskward.cli.process import ConfigOption, DataDirOption, settings_of
from taskward.cli.session import JsonOption, print_json, run

if TYPE_CHECKING:
    from taskward.peer.node import Peer

app = typer.Typer(invoke_without_command=True)

SchedulersOption = Annotated[
    list[str] | None,
    typer.Option("--scheduler", metavar="HOST:PORT", help="A scheduler of the network; may be repeated."),
]
CacheDirOption = Annotated[str | None, typer.Option("--cache-dir", metavar="FOLDER", help="The folder of the cache.")]
IpOption = Annotated[str | None, typer.Option("--ip", metavar="ADDRESS", help="The address others reach it by.")]
ListenOption = Annotated[
    str | None, typer.Option("--listen", metavar="ADDRESS", help="The address to listen on, if it is another.")
]


@app.callback()
def peer(
    context: typer.Context,
    *,
    schedulers: SchedulersOption = None,
    seed: Annotated[bool | None, typer.Option("--seed", help="Read from origins, for the whole network.")] = None,
    cache_dir: CacheDirOption = None,
    ip: IpOption = None,
    listen: ListenOption = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What the peer is called.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The port of gRPC; 0 takes a free one.")] = None,
    upload_port: Annotated[
        int | None, typer.Option("--upload-port", help="The port pieces are sent from; 0 takes a free one.")
    ] = None,
    proxy_port: Annotated[
        int | None, typer.Option("--proxy-port", help="The port of the HTTP proxy and mirror; 0 takes a free one.")
    ] = None,
    mirror: Annotated[
        list[str] | None,
        typer.Option("--mirror", metavar="NAME=URL", help="A site the proxy's port mirrors; may be repeated."),
    ] = None,
    capacity: Annotated[
        int | None, typer.Option("--capacity", metavar="BYTES", min=0, help="How much the cache may hold; 0: the disk.")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="HOST|NETWORK", help="A private origin that may be read; may be repeated."),
    ] = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Run a peer of a download network, until Ctrl-C: it keeps what it downloads, and gives it to other peers."""
    if context.invoked_subcommand is not None:
        return

    def start() -> None:
        from taskward.bootstrap import peer as process

        settings = settings_of(
            config,
            server__data_dir=data_dir,
            peer__schedulers=schedulers or None,
            peer__seed=seed,
            peer__cache_dir=cache_dir,
            peer__ip=ip,
            peer__listen=listen,
            peer__name=name,
            peer__grpc_port=port,
            peer__upload_port=upload_port,
            peer__proxy_port=proxy_port,
            peer__mirrors=mirror or None,
            peer__capacity=capacity,
            outbound__allow=allow or None,
        )
        process.run_peer(settings, lambda started: announce(started, as_json=json))

    run(start)


def announce(started: "Peer", *, as_json: bool) -> None:
    """Says where the peer is."""
    host = started.host
    if as_json:
        ports = {"port": host.port, "upload_port": host.upload_port, "proxy_port": host.proxy_port}
        print_json({"host_id": host.id, "ip": host.ip, **ports})
        return
    typer.echo(f"{'Seed peer' if host.is_seed else 'Peer'} {host.id} is at {started.address}.")
    typer.echo(f"Fetch through it with: taskward fetch URL -o FILE --peer {started.address}")
    typer.echo(f"As a proxy: http://{host.ip}:{host.proxy_port}")
    typer.echo("Ctrl-C stops it.")


@app.command()
def scheduler(
    *,
    ip: IpOption = None,
    listen: ListenOption = None,
    port: Annotated[int | None, typer.Option("--port", min=1, help="The port to listen on.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Run a scheduler alone, until Ctrl-C: it tells peers from which others to get what they miss."""

    def start() -> None:
        from taskward.bootstrap import peer as process

        settings = settings_of(config, peer__ip=ip, peer__listen=listen, peer__scheduler_port=port)

        def say(address: str) -> None:
            if json:
                print_json({"address": address})
            else:
                typer.echo(f"The scheduler is at {address}.\nCtrl-C stops it.")

        process.run_scheduler(settings, say)

    run(start)
