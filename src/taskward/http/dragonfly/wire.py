"""What Dragonfly's manager sends: members in the order in which it writes them."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

# ---------------------------------------------------------------- results of jobs, in the order of letters


class Peer(Struct, frozen=True, rename={"is_finished": "IsFinished"}):
    """A host that keeps a task."""

    is_finished: bool
    created_at: datetime
    host_type: str
    hostname: str
    id: str
    ip: str
    updated_at: datetime


class Place(Struct, frozen=True):
    """A host that has deleted a task."""

    host_type: str
    hostname: str
    ip: str


class Failure(Struct, frozen=True):
    """A host that has not done what was asked, and why."""

    description: str
    host_type: str
    hostname: str
    ip: str


class Search(Struct, frozen=True, omit_defaults=True):
    """What a search found in one cluster. `failures`, of hosts that did not answer, is an addition of ours."""

    peers: list[Peer] | None
    scheduler_cluster_id: int
    failures: list[Failure] = field(default_factory=list)


class Deletion(Struct, frozen=True):
    """What a deletion did in one cluster."""

    failure_tasks: list[Failure] | None
    scheduler_cluster_id: int
    success_tasks: list[Place] | None


class PreheatPlace(Struct, frozen=True):
    """A host that has fetched a URL."""

    url: str
    hostname: str
    ip: str


class PreheatFailure(Struct, frozen=True):
    """A host that has not, and why."""

    url: str
    hostname: str
    ip: str
    description: str


class Preheating(Struct, frozen=True):
    """What a preheat did in one cluster."""

    failure_tasks: list[PreheatFailure]
    scheduler_cluster_id: int
    success_tasks: list[PreheatPlace]


class JobState(Struct, frozen=True):
    """A job's part in one cluster."""

    created_at: datetime
    error: str
    results: list[Any] | None
    state: str
    task_name: str
    task_uuid: str
    ttl: int = 0


class JobResult(Struct, frozen=True):
    """What has come of a job so far."""

    created_at: datetime
    group_uuid: str
    job_states: list[JobState]
    state: str
    updated_at: datetime


# ---------------------------------------------------------------- rows

_NEVER = "0001-01-01T00:00:00Z"


class User(Struct, frozen=True):
    """A user; one without a name stands for none."""

    id: int = 0
    created_at: str = _NEVER
    updated_at: str = _NEVER
    is_del: int = 0
    email: str = ""
    name: str = ""
    avatar: str = ""
    phone: str = ""
    state: str = ""
    location: str = ""
    bio: str = ""
    configs: dict[str, Any] | None = None


class JobCluster(Struct, frozen=True):
    """A cluster as jobs name it."""

    id: int
    created_at: str
    updated_at: str
    is_del: int
    name: str
    bio: str
    config: dict[str, Any]
    client_config: dict[str, Any]
    seed_client_config: dict[str, Any] | None
    scopes: dict[str, Any]
    is_default: bool
    seed_peer_clusters: None = None
    schedulers: None = None
    peers: None = None
    jobs: None = None


class Job(Struct, frozen=True):
    """A job. `result` is null in the answer to its creation alone."""

    id: int
    created_at: str
    updated_at: str
    is_del: int
    task_id: str
    bio: str
    type: str
    state: str
    args: dict[str, Any]
    result: JobResult | dict[str, Any] | None
    user_id: int
    user: User
    seed_peer_clusters: list[Any] | None
    scheduler_clusters: list[JobCluster] | None


class Cluster(Struct, frozen=True):
    """A cluster as lists of clusters have it: one of schedulers and one of seeds."""

    id: int
    name: str
    bio: str
    scopes: dict[str, Any]
    scheduler_cluster_id: int
    seed_peer_cluster_id: int
    scheduler_cluster_config: dict[str, Any]
    seed_peer_cluster_config: dict[str, Any]
    peer_cluster_config: dict[str, Any]
    created_at: str
    updated_at: str
    is_default: bool


class Scheduler(Struct, frozen=True):
    """A scheduler."""

    id: int
    created_at: str
    updated_at: str
    host_name: str
    ip: str
    port: int
    state: str
    features: list[str]
    scheduler_cluster_id: int
    last_keep_alive_at: str
    idc: str = ""
    location: str = ""


class HostRow(Struct, frozen=True):
    """A seed peer, or a peer."""

    id: int
    created_at: str
    updated_at: str
    host_name: str
    type: str
    ip: str
    port: int
    state: str
    scheduler_cluster_id: int
    seed_peer_cluster_id: int
    download_port: int = 0
    object_storage_port: int = 0
    proxy_port: int = 0
    idc: str = ""
    location: str = ""
    os: str = ""
    platform: str = ""
    platform_family: str = ""
    platform_version: str = ""
    kernel_version: str = ""
    git_version: str = ""
    git_commit: str = ""
    build_platform: str = ""


class PersonalToken(Struct, frozen=True):
    """A personal access token. `token` is there when it is made, and never again."""

    id: int
    created_at: str
    updated_at: str
    is_del: int
    name: str
    bio: str
    token: str
    scopes: list[str]
    state: str
    expired_at: str
    user_id: int
    user: User


# ---------------------------------------------------------------- images


class Layer(Struct, frozen=True):
    """A blob."""

    url: str


class ImageLayers(Struct, frozen=True):
    """An image."""

    layers: list[Layer]


class ImagePeer(Struct, frozen=True):
    """A host and the blobs it keeps, under the name of before and that of now."""

    ip: str
    hostname: str
    layers: list[Layer]
    cached_layers: list[Layer]
    scheduler_cluster_id: int


class ImagePeers(Struct, frozen=True):
    """Where the blobs of an image are."""

    image: ImageLayers
    peers: list[ImagePeer]
