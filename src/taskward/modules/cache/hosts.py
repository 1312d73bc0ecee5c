"""What is asked of the many hosts of a cluster, and what comes of it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from dragonfly_api.common_pb2 import Download
from google.protobuf.duration_pb2 import Duration

from taskward.modules.cache.choice import chosen_hosts
from taskward.modules.cache.crowd import ask_each
from taskward.modules.cache.findings import (
    ClusterClearing,
    ClusterFindings,
    ClusterHosts,
    ClusterWarming,
    Copy,
    Holder,
    Host,
    HostFailure,
    Target,
    Warmed,
    WarmFailure,
)
from taskward.modules.cache.identity import DEFAULT_FILTERED_QUERY_PARAMS
from taskward.modules.cache.network import ClusterError, HostError, Network
from taskward.modules.cache.wanted import Preheat
from taskward.operations import Context
from taskward.settings import ClusterSettings

T = TypeVar("T")

_IDS_AT_ONCE = 8
_CLEARED = "cleared"

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def _open(
    ctx: Context, cluster: ClusterSettings, timeout: timedelta
) -> AsyncIterator[tuple[Network, ClusterHosts]]:
    """A cluster and its hosts. What its schedulers say is told to the task's log. Raises ClusterError."""
    async with Network(cluster, timeout) as network:
        known = await network.hosts()
        for scheduler in known.schedulers:
            if not scheduler.active:
                ctx.log(f"scheduler {scheduler.address}: {scheduler.error}", "warning")
        yield network, known


async def find_copies(
    ctx: Context, cluster: ClusterSettings, task_ids: Sequence[str], *, timeout: timedelta, at_once: int
) -> ClusterFindings:
    """What hosts keep of these tasks. Raises ClusterError."""

    async def copies_of(network: Network, host: Host) -> list[Copy]:
        gate = asyncio.Semaphore(_IDS_AT_ONCE)

        async def stat(task_id: str) -> Copy | None:
            async with gate:
                return await network.stat(host, task_id)

        copies = await asyncio.gather(*map(stat, task_ids))
        return [copy for copy in copies if copy is not None]

    return await _holders(ctx, cluster, copies_of, timeout=timeout, at_once=at_once)


async def list_copies(ctx: Context, cluster: ClusterSettings, *, timeout: timedelta, at_once: int) -> ClusterFindings:
    """All that hosts keep. Raises ClusterError."""
    return await _holders(ctx, cluster, Network.copies, timeout=timeout, at_once=at_once)


async def _holders(
    ctx: Context,
    cluster: ClusterSettings,
    copies_of: Callable[[Network, Host], Awaitable[list[Copy]]],
    *,
    timeout: timedelta,
    at_once: int,
) -> ClusterFindings:
    """The hosts that have copies, and those that did not say."""
    async with _open(ctx, cluster, timeout) as (network, known):

        async def ask(host: Host) -> Holder:
            return Holder(host, await copies_of(network, host))

        holders, failures = await ask_each(ctx, known.hosts, ask, at_once=at_once)
    holders = [holder for holder in holders if holder.copies]
    return ClusterFindings(known.id, known.name, known.schedulers, len(known.hosts), holders, failures)


async def clear_copies(
    ctx: Context, cluster: ClusterSettings, found: ClusterFindings, *, timeout: timedelta, at_once: int
) -> ClusterClearing:
    """Clears what was found. Each deletion is told to the logs of the task and of the process."""
    copies = {holder.host.id: holder.copies for holder in found.holders}
    cleared: defaultdict[str, list[Copy]] = defaultdict(list)
    failures: list[HostFailure] = []

    async def clear(network: Network, host: Host, copy: Copy) -> str:
        """What became of it, in a word when all is well."""
        try:
            await _delete(network, host, copy)
        except HostError as error:
            failures.append(HostFailure(host, str(error), copy.task_id))
            return str(error)
        cleared[host.id].append(copy)
        return _CLEARED

    async with Network(cluster, timeout) as network:

        async def ask(host: Host) -> None:
            outcomes: dict[str, None] = {}
            for copy in copies[host.id]:
                outcome = await clear(network, host, copy)
                outcomes[outcome] = None
                told: dict[str, Any] = {"host": host.id, "ip": host.ip, "cache": copy.task_id, "outcome": outcome}
                ctx.log(f"{copy.task_id} on {host.hostname}: {outcome}", **told)
                _log.info("cache deletion", task=ctx.number, by=ctx.created_by, cluster=cluster.name, **told)
            if errors := outcomes.keys() - {_CLEARED}:
                raise HostError("; ".join(errors))

        await ask_each(ctx, [holder.host for holder in found.holders], ask, at_once=at_once)
    gone = [Holder(holder.host, cleared[holder.host.id]) for holder in found.holders if cleared[holder.host.id]]
    return ClusterClearing(found.id, found.name, found.schedulers, found.asked, gone, [*failures, *found.failures])


async def _delete(network: Network, host: Host, copy: Copy) -> None:
    try:
        await network.delete(host, copy.task_id)
    except HostError:
        # A host that cannot tell its scheduler says it failed, though nothing is left.
        if await network.stat(host, copy.task_id) is not None:
            raise


async def warm_hosts(
    ctx: Context,
    cluster: ClusterSettings,
    preheat: Preheat,
    files: Mapping[str, dict[str, str]],
    *,
    timeout: timedelta,
    at_once: int,
) -> ClusterWarming:
    """Lets the chosen hosts fetch files, which are URLs with the headers to send. Raises ClusterError."""
    warmed: list[Warmed] = []
    failures: list[WarmFailure] = []
    async with _open(ctx, cluster, timeout) as (network, known):
        work: defaultdict[str, list[str]] = defaultdict(list)
        for url in files:
            for host in chosen_hosts(known.hosts, preheat, url):
                work[host.id].append(url)

        async def fetch(host: Host, url: str, gate: asyncio.Semaphore) -> None:
            target = preheat.target(url)
            async with gate:
                try:
                    length = await _fetch(network, host, target, preheat, files[url])
                    warmed.append(Warmed(host, url, target.task_ids[0], length))
                except HostError as error:
                    ctx.log(f"{url} on {host.hostname}: {error}", "warning", host=host.id, ip=host.ip)
                    failures.append(WarmFailure(host, url, str(error)))

        async def ask(host: Host) -> None:
            gate = asyncio.Semaphore(preheat.files_at_once)
            await asyncio.gather(*(fetch(host, url, gate) for url in work[host.id]))
            if wrong := [failure.error for failure in failures if failure.host == host]:
                raise HostError("; ".join(dict.fromkeys(wrong)))

        await ask_each(ctx, [host for host in known.hosts if host.id in work], ask, at_once=at_once)
    if not work:
        raise ClusterError(f"cluster {cluster.name} has no host that the preheat means ({preheat.scope})")
    return ClusterWarming(known.id, known.name, known.schedulers, warmed, failures)


async def _fetch(network: Network, host: Host, target: Target, preheat: Preheat, headers: dict[str, str]) -> int:
    """Lets a host fetch a file; the length of what it has then, in bytes. Raises HostError."""
    limit = timedelta(seconds=preheat.file_timeout_seconds)
    timeout = Duration()
    timeout.FromTimedelta(limit)
    filtered = preheat.filtered_query_params
    download = Download(
        url=target.name,
        tag=preheat.tag or None,
        application=preheat.application or None,
        piece_length=preheat.piece_length,
        filtered_query_params=DEFAULT_FILTERED_QUERY_PARAMS if filtered is None else filtered,
        request_header=headers,
        timeout=timeout,
    )
    length = 0
    async for answer in network.download(host, download, limit):
        if answer.HasField("download_task_started_response"):
            length = answer.download_task_started_response.content_length
    return length
