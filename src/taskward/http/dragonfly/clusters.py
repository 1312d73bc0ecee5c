"""`clusters`, `schedulers`, `seed-peers`, `peers`: what the settings name, and what their schedulers tell."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from zlib import crc32

from litestar.types import ASGIApp

from taskward.http.dragonfly.call import Call, Route, answer, page_of
from taskward.http.dragonfly.errors import Refused
from taskward.http.dragonfly.wire import Cluster, HostRow, JobCluster, Scheduler
from taskward.http.dragonfly.words import HOST_TYPES, seconds
from taskward.model.errors import NotFound
from taskward.modules.cache.findings import Host
from taskward.settings import ClusterSettings

_SCHEDULING = {"candidate_parent_limit": 4, "filter_parent_limit": 15, "job_rate_limit": 10}
_CLIENT = {"load_limit": 200, "block_list": None}
_SEED = {"load_limit": 2000, "block_list": None}
_SCOPES = {"idc": "", "location": "", "cidrs": None, "hostnames": None}


def job_cluster(cluster: ClusterSettings, since: datetime) -> JobCluster:
    """A cluster as jobs name it."""
    return JobCluster(
        id=cluster.id,
        created_at=seconds(since),
        updated_at=seconds(since),
        is_del=0,
        name=cluster.name,
        bio="",
        config=_SCHEDULING,
        client_config=_CLIENT,
        seed_client_config=_SEED,
        scopes=_SCOPES,
        is_default=cluster.id == 1,
    )


async def list_clusters(call: Call) -> ASGIApp:
    """Those in the settings."""
    call.principal.require("read")
    name = call.query.text("name")
    return page_of(call, [_cluster(call, each) for each in call.dialect.clusters if name in ("", each.name)])


async def get_cluster(call: Call) -> ASGIApp:
    """One of them."""
    call.principal.require("read")
    for cluster in call.dialect.clusters:
        if cluster.id == call.id:
            return answer(_cluster(call, cluster))
    raise NotFound("cluster", call.id)


async def refuse_change(call: Call) -> ASGIApp:
    """Clusters are what the settings say."""
    call.principal.require("write")
    raise Refused(403, "clusters are named in the setting cache.clusters, and cannot be changed here")


async def list_schedulers(call: Call) -> ASGIApp:
    """Each, and whether it answers."""
    return page_of(call, _filtered(call, await _schedulers(call)))


async def get_scheduler(call: Call) -> ASGIApp:
    """One of them."""
    return answer(_one(call, await _schedulers(call)))


async def list_seed_peers(call: Call) -> ASGIApp:
    """The hosts that seed."""
    return page_of(call, _filtered(call, await _hosts(call, "seed")))


async def get_seed_peer(call: Call) -> ASGIApp:
    """One of them."""
    return answer(_one(call, await _hosts(call, "seed")))


async def list_peers(call: Call) -> ASGIApp:
    """The other hosts."""
    return page_of(call, _filtered(call, await _hosts(call, "normal")))


async def get_peer(call: Call) -> ASGIApp:
    """One of them."""
    return answer(_one(call, await _hosts(call, "normal")))


def _cluster(call: Call, cluster: ClusterSettings) -> Cluster:
    since = seconds(call.dialect.started_at)
    return Cluster(
        id=cluster.id,
        name=cluster.name,
        bio="",
        scopes=_SCOPES,
        scheduler_cluster_id=cluster.id,
        seed_peer_cluster_id=cluster.id,
        scheduler_cluster_config=_SCHEDULING,
        seed_peer_cluster_config=_SEED,
        peer_cluster_config=_CLIENT,
        created_at=since,
        updated_at=since,
        is_default=cluster.id == 1,
    )


async def _schedulers(call: Call) -> list[Scheduler]:
    call.principal.require("read")
    told = {
        (cluster.id, scheduler.address): scheduler.active
        for cluster in await call.dialect.inventory.now()
        for scheduler in cluster.schedulers
    }
    since = seconds(call.dialect.started_at)
    rows: list[Scheduler] = []
    for cluster in call.dialect.clusters:
        for address in cluster.schedulers:
            host, _, port = address.rpartition(":")
            rows.append(
                Scheduler(
                    id=len(rows) + 1,
                    created_at=since,
                    updated_at=since,
                    host_name=host.strip("[]"),
                    ip=host.strip("[]") if _is_address(host.strip("[]")) else "",
                    port=int(port),
                    state="active" if told.get((cluster.id, address)) else "inactive",
                    features=["schedule", "preheat"],
                    scheduler_cluster_id=cluster.id,
                    last_keep_alive_at=since,
                )
            )
    return rows


async def _hosts(call: Call, kind: str) -> list[HostRow]:
    call.principal.require("read")
    since = seconds(call.dialect.started_at)
    return [
        _host(host, cluster.id, since)
        for cluster in await call.dialect.inventory.now()
        for host in cluster.hosts
        if host.type == kind
    ]


def _host(host: Host, cluster_id: int, since: str) -> HostRow:
    return HostRow(
        # Of its name, so that it is the same whoever is there beside it.
        id=crc32(f"{cluster_id} {host.id}".encode()) or 1,
        created_at=since,
        updated_at=since,
        host_name=host.hostname,
        type=HOST_TYPES[host.type],
        ip=host.ip,
        port=host.port,
        state="active",
        scheduler_cluster_id=cluster_id,
        seed_peer_cluster_id=cluster_id if host.type == "seed" else 0,
    )


def _filtered(call: Call, rows: Sequence[Any]) -> list[Any]:
    wanted = {
        name: value
        for name, value in call.query.given.items()
        if name in {"host_name", "ip", "idc", "location", "state", "scheduler_cluster_id", "seed_peer_cluster_id"}
        and value
    }
    return [row for row in rows if all(str(getattr(row, name, "")) == value for name, value in wanted.items())]


def _one(call: Call, rows: Sequence[Any]) -> Any:
    for row in rows:
        if row.id == call.id:
            return row
    raise NotFound("row", call.id)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


OPEN_ROUTES = (
    Route("GET", "/clusters", list_clusters, opens="cluster"),
    Route("POST", "/clusters", refuse_change, opens="cluster"),
    Route("GET", "/clusters/{id}", get_cluster, opens="cluster"),
    Route("PATCH", "/clusters/{id}", refuse_change, opens="cluster"),
    Route("DELETE", "/clusters/{id}", refuse_change, opens="cluster"),
)
CONSOLE_ROUTES = (
    Route("GET", "/schedulers", list_schedulers),
    Route("GET", "/schedulers/{id}", get_scheduler),
    Route("GET", "/seed-peers", list_seed_peers),
    Route("GET", "/seed-peers/{id}", get_seed_peer),
    Route("GET", "/peers", list_peers),
    Route("GET", "/peers/{id}", get_peer),
)
