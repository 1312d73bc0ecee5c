"""Every process setting: its section, type, default, bounds and the sentence that describes it.

A description is what `taskward settings show` and the reference print. `expects` in `Meta.extra` says in words what is
right where the type alone does not; `secret` keeps a refused value out of the refusal.
"""

import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from taskward.model.settings import duration_of

_MIRROR = r"^[^\s=/]+=https?://[^\s?#]+\Z"
_ADDRESS = r"^([^\s:/]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}\Z"


def default_data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The folder for data of this user's programs, by the custom of the platform."""
    environ = os.environ if environ is None else environ
    share = Path(environ.get("XDG_DATA_HOME", ""))
    if share.is_absolute():
        return share / "taskward"
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "taskward"
    home = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises without a home
    return home / ".local" / "share" / "taskward" if home.is_absolute() else Path.cwd() / ".taskward"


class ServerSettings(Struct, frozen=True):
    """Where the server listens and keeps its data."""

    host: Annotated[str, Meta(min_length=1, description="The address to listen on; 0.0.0.0 for every IPv4 one")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65_535, description="The port to listen on; 0 takes a free one")] = 8080
    data_dir: Annotated[
        Path, Meta(description="The folder of the SQLite file and of the token the first start writes")
    ] = field(default_factory=default_data_dir)
    database: Annotated[
        str,
        Meta(
            pattern=r"^(postgres(ql)?://\S+|sqlite:///.+)?\Z",
            description="The URL of the PostgreSQL or SQLite database; empty for a SQLite file in the data folder",
            extra={"expects": "empty or postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///PATH", "secret": True},
        ),
    ] = ""
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?\Z",
            description="The address clients reach the server by, for links behind a proxy; empty: as requested",
            extra={"expects": "empty or a URL such as https://tasks.example.org"},
        ),
    ] = ""
    shutdown_grace: Annotated[
        timedelta, Meta(description="How long a stopping process lets running tasks and requests end by themselves")
    ] = timedelta(seconds=30)

    @property
    def database_url(self) -> str:
        """The database in force, as a URL: the SQLite file in the data folder when none is named."""
        return self.database or f"sqlite:///{self.data_dir / 'taskward.db'}"


class WorkerSettings(Struct, frozen=True):
    """How a process claims and runs tasks."""

    concurrency: Annotated[int, Meta(ge=1, le=10_000, description="How many tasks one worker runs at once")] = 100
    queues: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            min_length=1,
            description="The queues the worker serves",
            extra={"expects": "a list of one or more names of queues"},
        ),
    ] = ("default",)
    heartbeat_interval: Annotated[
        timedelta,
        Meta(description="How often a worker says it is alive and renews its leases", extra={"above_zero": True}),
    ] = timedelta(seconds=5)
    lease_ttl: Annotated[
        timedelta,
        Meta(
            description="How long after a worker's last heartbeat its tasks pass to others; above heartbeat_interval",
            extra={"above_zero": True},
        ),
    ] = timedelta(seconds=9)
    abort_grace: Annotated[
        timedelta, Meta(description="How long an aborted task may take to end before its process is killed")
    ] = timedelta(seconds=10)
    name: Annotated[str, Meta(description="What the worker is called; empty for host name and process id")] = ""


class RetentionSettings(Struct, frozen=True):
    """How long what has ended is kept, until an administrator sets it at run time."""

    task_ttl: Annotated[
        timedelta, Meta(description="How long a finished task and its tree are kept, unless its module says otherwise")
    ] = duration_of("task_ttl", {})
    registry_ttl: Annotated[
        str,
        Meta(
            pattern=r"^((\d+(\.\d+)?(ms|s|m|h|d|w)?)*)\Z",
            description="How long ScyllaDB's API shows a finished task; empty: as long as task_ttl",
            extra={"expects": "empty, or a duration: seconds, or a text such as 90s, 15m, 1h30m or 7d"},
        ),
    ] = ""
    user_task_ttl: Annotated[
        timedelta, Meta(description="How long ScyllaDB's API shows a finished task that a user started")
    ] = duration_of("user_task_ttl", {})
    idempotency_ttl: Annotated[
        timedelta, Meta(description="How long an idempotency key answers with the tasks it was first used for")
    ] = duration_of("idempotency_ttl", {})


class AuthSettings(Struct, frozen=True):
    """Who is let in."""

    required: Annotated[
        bool, Meta(description="Whether a request needs a credential; false lets anyone do anything")
    ] = True
    session_ttl: Annotated[
        timedelta, Meta(description="How long a login to the console lasts", extra={"above_zero": True})
    ] = timedelta(hours=12)


class OutboundSettings(Struct, frozen=True):
    """What requests to other hosts may do: gates, callbacks, workflow steps, caches."""

    allow_private: Annotated[bool, Meta(description="Whether loopback and private addresses may be requested")] = False
    allow: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Host names, addresses and networks (10.0.0.0/8) that may be requested although private",
            extra={"expects": "a list of host names, addresses or networks"},
        ),
    ] = ()
    timeout: Annotated[
        timedelta, Meta(description="How long a request may take, redirects included", extra={"above_zero": True})
    ] = timedelta(seconds=5)
    connect_timeout: Annotated[
        timedelta, Meta(description="How long resolving and connecting may take", extra={"above_zero": True})
    ] = timedelta(seconds=3)
    max_response_bytes: Annotated[int, Meta(ge=1, description="The longest body of an answer, decompressed")] = (
        1024 * 1024
    )


class WorkflowSettings(Struct, frozen=True):
    """Where workflows and their files are."""

    dirs: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Folders of workflow files; of several with one name the first counts",
            extra={"expects": "a list of paths of folders"},
        ),
    ] = ()
    shipped: Annotated[
        bool,
        Meta(description="Whether there are also vodcapture, createmp4, build_thumbnails and asset_delete, as shipped"),
    ] = True
    root: Annotated[
        str,
        Meta(
            description="The folder that paths in parameters of workflows are confined to, the same for every server "
            "and worker; empty: `files` in the data folder"
        ),
    ] = ""
    programs: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[^=\s/]+=.+\Z")], ...],
        Meta(
            description="Where programs of workflows are that the PATH of the workers does not lead to",
            extra={"expects": "a list of NAME=PATH"},
        ),
    ] = ()


class LogSettings(Struct, frozen=True):
    """What the process writes about itself."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least severity that is written")
    ] = "info"
    format: Annotated[Literal["console", "json"], Meta(description="Lines for people, or one JSON object a line")] = (
        "console"
    )


class DialectsSettings(Struct, frozen=True):
    """Which APIs are served."""

    native: Annotated[bool, Meta(description="Whether /v1 is served; the console and the command line need it")] = True
    scylla: Annotated[bool, Meta(description="Whether ScyllaDB's task manager API is served")] = True
    pulp: Annotated[bool, Meta(description="Whether the task APIs of Pulp and Galaxy are served")] = True
    task_engine: Annotated[bool, Meta(description="Whether the Task Engine's API is served")] = True
    dragonfly: Annotated[bool, Meta(description="Whether Dragonfly's Open API for jobs is served")] = True


class ScyllaSettings(Struct, frozen=True):
    """How ScyllaDB's task manager is imitated."""

    edition: Annotated[
        Literal["2024", "2026"],
        Meta(description="Whose behaviour: in 2024 reading a finished task's status removes it, in 2026 it does not"),
    ] = "2024"
    anonymous: Annotated[
        Literal["", "off", "read", "all"],
        Meta(
            description="What callers without a credential may do, as ScyllaDB knows none; "
            "empty: all when the server listens on loopback alone, else off"
        ),
    ] = ""
    test_api: Annotated[bool, Meta(description="Whether the calls that make and end test tasks are served")] = False


class ClusterTls(Struct, frozen=True, forbid_unknown_fields=True):
    """Certificates for the schedulers and hosts of a cluster, as paths of PEM files."""

    ca: str = ""
    """Who signs their certificates; empty for those the system trusts."""
    cert: str = ""
    """Ours, where they ask for one, with its key in `key`."""
    key: str = ""
    server_name: str = ""
    """The name in their certificates, where it is not the address."""


class ClusterSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A cluster of a P2P download network."""

    id: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    schedulers: Annotated[tuple[Annotated[str, Meta(pattern=r"^[^\s/]+:\d{1,5}\Z")], ...], Meta(min_length=1)]
    """Addresses, `host:port`."""
    tls: ClusterTls | None = None
    """None: connections are not encrypted."""


class CacheSettings(Struct, frozen=True):
    """The P2P download networks whose caches are found and cleared."""

    clusters: Annotated[
        tuple[ClusterSettings, ...],
        Meta(
            description="The clusters and their schedulers; none: the embedded network, where there is one",
            extra={
                "expects": "a list of tables (in the environment: JSON) with id, name, schedulers "
                "(a list of HOST:PORT) and, where needed, tls with ca, cert, key, server_name"
            },
        ),
    ] = ()
    host_timeout: Annotated[
        timedelta,
        Meta(
            description="How long a host or scheduler may take to answer, repetitions included",
            extra={"above_zero": True},
        ),
    ] = timedelta(seconds=5)
    concurrency: Annotated[int, Meta(ge=1, le=1000, description="How many hosts of a cluster are asked at once")] = 200
    registry_ca: Annotated[
        str, Meta(description="A PEM file with who signs the certificates of image registries, beside the system's")
    ] = ""
    registry_verify: Annotated[bool, Meta(description="Whether the certificates of image registries are checked")] = (
        True
    )


class PeerSettings(Struct, frozen=True):
    """The download network: `taskward peer`, `taskward fetch`, and what `serve` embeds of it."""

    embedded: Annotated[bool, Meta(description="Whether `serve` runs a scheduler and a seed peer beside it")] = False
    schedulers: Annotated[
        tuple[Annotated[str, Meta(pattern=_ADDRESS)], ...],
        Meta(
            description="The schedulers that a peer announces itself to",
            extra={"expects": "a list of addresses, each host:port"},
        ),
    ] = ()
    seed: Annotated[bool, Meta(description="Whether the peer is a seed: one that reads from origins")] = False
    cache_dir: Annotated[
        str, Meta(description="The folder of the peer's cache; empty for a folder `peer` in the data folder")
    ] = ""
    ip: Annotated[str, Meta(min_length=1, description="The address by which other peers reach this one")] = "127.0.0.1"
    listen: Annotated[str, Meta(description="The address to listen on; empty for that of `ip`")] = ""
    name: Annotated[
        str,
        Meta(description="What the peer is called; empty for the machine's name, with the port unless that is 4000"),
    ] = ""
    grpc_port: Annotated[int, Meta(ge=0, le=65_535, description="The port of the peer's gRPC; 0 takes a free one")] = (
        4000
    )
    upload_port: Annotated[
        int, Meta(ge=0, le=65_535, description="The port that pieces are sent from; 0 takes a free one")
    ] = 4005
    proxy_port: Annotated[
        int, Meta(ge=0, le=65_535, description="The port of the HTTP proxy and mirror; 0 takes a free one")
    ] = 4001
    mirrors: Annotated[
        tuple[Annotated[str, Meta(pattern=_MIRROR)], ...],
        Meta(
            description="Sites that the proxy's port mirrors, the first for requests that name none by `ns`",
            extra={"expects": "a list of NAME=URL, such as images.example.com=https://images.example.com"},
        ),
    ] = ()
    cached: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Patterns of the URLs that come through the network when the proxy is asked for them; "
            "each must lead to the same bytes for ever",
            extra={"expects": "a list of regular expressions"},
        ),
    ] = (r"/blobs/sha256:[0-9a-f]{64}", r"\.(whl|tar\.(gz|xz|bz2|zst)|tgz|zip|deb|rpm|jar)(\?|$)")
    ttl: Annotated[
        timedelta,
        Meta(description="How long a content that nobody wants stays in the cache", extra={"above_zero": True}),
    ] = timedelta(days=30)
    capacity: Annotated[
        int, Meta(ge=0, description="How many bytes the cache may hold; 0 for the disk, with all that is on it")
    ] = 0
    high_percent: Annotated[
        int, Meta(ge=1, le=100, description="From how full on the least recently used contents are dropped")
    ] = 80
    low_percent: Annotated[int, Meta(ge=0, le=100, description="Until how full they are dropped")] = 60
    scheduler_port: Annotated[
        int, Meta(ge=1, le=65_535, description="The port of the scheduler that `serve` embeds")
    ] = 8002
    announce_interval: Annotated[
        timedelta,
        Meta(
            description="How often a peer says it is alive; one that misses two turns is taken for dead",
            extra={"above_zero": True},
        ),
    ] = timedelta(seconds=10)
    idle_timeout: Annotated[
        timedelta,
        Meta(description="How long an origin or a parent may send nothing", extra={"above_zero": True}),
    ] = timedelta(seconds=30)


def embedded_scheduler(settings: PeerSettings) -> str:
    """Where the scheduler is that `serve` embeds, `host:port`."""
    host = f"[{settings.ip}]" if ":" in settings.ip else settings.ip
    return f"{host}:{settings.scheduler_port}"


class TaskEngineSettings(Struct, frozen=True):
    """How the Task Engine is imitated."""

    anonymous_jobs: Annotated[
        Literal["", "off", "on"],
        Meta(
            description="Whether callers without a credential may list jobs, without their parameters; "
            "empty: on when the server listens on loopback alone, else off"
        ),
    ] = ""


class Settings(Struct, frozen=True):
    """All settings of a process, by section; `Settings()` has the defaults."""

    server: ServerSettings = field(default_factory=ServerSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    outbound: OutboundSettings = field(default_factory=OutboundSettings)
    workflow: WorkflowSettings = field(default_factory=WorkflowSettings)
    log: LogSettings = field(default_factory=LogSettings)
    dialects: DialectsSettings = field(default_factory=DialectsSettings)
    scylla: ScyllaSettings = field(default_factory=ScyllaSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    peer: PeerSettings = field(default_factory=PeerSettings)
    task_engine: TaskEngineSettings = field(default_factory=TaskEngineSettings)
