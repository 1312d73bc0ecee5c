"""What is found, cleared and warmed, as the results of the operations tell it. Lengths are in bytes."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

HostType = Literal["normal", "seed"]
CopyState = Literal["finished", "partial", "failed"]


class Host(Struct, frozen=True):
    """A host of a cluster. `port` is that of the service which tells and clears what the host keeps."""

    id: str
    hostname: str
    ip: str
    port: int
    type: HostType


class Copy(Struct, frozen=True):
    """What a host keeps of one task: all of it, a part, or what a failed download left."""

    task_id: str
    state: CopyState
    content_length: int
    piece_length: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None


class Holder(Struct, frozen=True):
    """A host, and its copies of what was looked for."""

    host: Host
    copies: list[Copy]


class HostFailure(Struct, frozen=True):
    """A host that did not do what was asked, and why; `task_id` is empty when that was not about one task."""

    host: Host
    error: str
    task_id: str = ""


class SchedulerStatus(Struct, frozen=True):
    """Whether a scheduler answers, and if not, why."""

    address: str
    active: bool
    error: str = ""


class ClusterHosts(Struct, frozen=True):
    """A cluster, its schedulers, and the hosts they know, each once."""

    id: int
    name: str
    schedulers: list[SchedulerStatus]
    hosts: list[Host]


class ClusterFindings(Struct, frozen=True):
    """What the hosts of one cluster keep. `asked` counts the hosts; those in `failures` did not say."""

    id: int
    name: str
    schedulers: list[SchedulerStatus]
    asked: int
    holders: list[Holder]
    failures: list[HostFailure]


class ClusterClearing(Struct, frozen=True):
    """What was cleared in one cluster; in a dry run, what would be. `failures` keep theirs, or could not be asked."""

    id: int
    name: str
    schedulers: list[SchedulerStatus]
    asked: int
    cleared: list[Holder]
    failures: list[HostFailure]


class Warmed(Struct, frozen=True):
    """A host that now keeps what a URL leads to."""

    host: Host
    url: str
    task_id: str
    content_length: int


class WarmFailure(Struct, frozen=True):
    """A host that did not fetch what a URL leads to, and why."""

    host: Host
    url: str
    error: str


class ClusterWarming(Struct, frozen=True):
    """What the hosts of one cluster fetched."""

    id: int
    name: str
    schedulers: list[SchedulerStatus]
    warmed: list[Warmed]
    failures: list[WarmFailure]


class Target(Struct, frozen=True):
    """What is looked for: how people call it, and every id under which a host may keep it, the usual one first."""

    name: str
    task_ids: list[str]


class Blob(Struct, frozen=True):
    """A blob of an image: its configuration or a layer."""

    url: str
    digest: str
    size: int


class Image(Struct, frozen=True):
    """An image as its registry describes it, for one platform. `digest` is that of the manifest."""

    url: str
    platform: str
    digest: str
    blobs: list[Blob]


class Found(Struct, frozen=True):
    """The result of a search."""

    targets: list[Target]
    clusters: list[ClusterFindings]


class Cleared(Struct, frozen=True):
    """The result of a deletion. In a dry run nothing was deleted. `image` is None but for an image's."""

    dry_run: bool
    targets: list[Target]
    clusters: list[ClusterClearing]
    image: Image | None = None


class BlobShare(Struct, frozen=True):
    """A host, and which of an image's blobs it keeps, by digest. `percent` (0 to 100) is the share kept whole."""

    host: Host
    cluster_id: int
    finished: list[str]
    partial: list[str]
    percent: float


class Distribution(Struct, frozen=True):
    """Where the blobs of an image are."""

    image: Image
    hosts: list[BlobShare]
    clusters: list[ClusterFindings]


class Warming(Struct, frozen=True):
    """The result of a preheat."""

    urls: list[str]
    clusters: list[ClusterWarming]
    image: Image | None = None
