"""Pictures of what hosts keep, for people."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.text import Text

from taskward.cli.pictures import grid
from taskward.cli.words import ago, amount
from taskward.modules.cache.findings import (
    Cleared,
    ClusterClearing,
    ClusterFindings,
    ClusterHosts,
    ClusterWarming,
    Copy,
    Distribution,
    Found,
    Holder,
    Host,
    HostFailure,
    Target,
    Warming,
)

_STYLES = {"finished": "green", "partial": "yellow", "failed": "red"}

_Asked = ClusterClearing | ClusterFindings | ClusterWarming


def found(view: Found) -> RenderableType:
    """Which hosts keep what."""
    holders = [(cluster.name, holder) for cluster in view.clusters for holder in cluster.holders]
    failures = [(cluster.name, failure) for cluster in view.clusters for failure in cluster.failures]
    asked = sum(cluster.asked for cluster in view.clusters)
    said = f"{len(holders)} of {_many(asked, 'host')} {'keep it' if view.targets else 'keep something'}"
    return Group(
        *_targets(view.targets),
        *_schedulers(view.clusters),
        *([_copies(holders, ids=len(view.targets) != 1 or len(view.targets[0].task_ids) > 1)] if holders else []),
        *_failures(failures),
        Text(said, style="bold"),
    )


def cleared(view: Cleared) -> RenderableType:
    """What was cleared, or would be."""
    gone = [(cluster.name, holder) for cluster in view.clusters for holder in cluster.cleared]
    failures = [(cluster.name, failure) for cluster in view.clusters for failure in cluster.failures]
    copies = sum(len(holder.copies) for _, holder in gone)
    verb = "would be cleared" if view.dry_run else "cleared"
    total = f"{verb}: {_many(copies, 'copy', 'copies')} on {_many(len(gone), 'host')}"
    if failures:
        total += f"; {_many(len(failures), 'failure')}"
    return Group(
        *_targets(view.targets if view.image is None else ()),
        *_schedulers(view.clusters),
        *([_copies(gone, ids=view.image is not None)] if gone else []),
        *_failures(failures),
        Text(total, style="bold"),
    )


def distribution(view: Distribution) -> RenderableType:
    """Where the blobs of an image are."""
    total = len(view.image.blobs)
    table = grid("HOST", "IP", "TYPE", "CLUSTER", "BLOBS", "PERCENT", "IN PART")
    for share in view.hosts:
        whole = f"{len(share.finished)} of {total}"
        table.add_row(
            share.host.hostname, share.host.ip, share.host.type, str(share.cluster_id), whole, f"{share.percent:g}%",
            str(len(share.partial) or ""),
        )  # fmt: skip
    failures = [(cluster.name, failure) for cluster in view.clusters for failure in cluster.failures]
    size = sum(blob.size for blob in view.image.blobs)
    return Group(
        Text(f"{view.image.digest} for {view.image.platform}: {_many(total, 'blob')}, {amount(size, 'bytes')}"),
        *_schedulers(view.clusters),
        *([table] if view.hosts else []),
        *_failures(failures),
        Text(f"{_many(len(view.hosts), 'host')} keep some of it", style="bold"),
    )


def warming(view: Warming) -> RenderableType:
    """Which hosts have fetched what."""
    table = grid("HOST", "IP", "CLUSTER", "SIZE", "URL")
    for cluster in view.clusters:
        for one in cluster.warmed:
            size = amount(one.content_length, "bytes")
            table.add_row(one.host.hostname, one.host.ip, cluster.name, size, one.url)
    failures = [
        Text(f"! {failure.host.hostname} ({failure.host.ip}) {failure.url}: {failure.error}", style="red")
        for cluster in view.clusters
        for failure in cluster.failures
    ]
    warmed = sum(len(cluster.warmed) for cluster in view.clusters)
    return Group(
        *_schedulers(view.clusters),
        *([table] if warmed else []),
        *failures,
        Text(f"fetched: {_many(warmed, 'file')}", style="bold"),
    )


def clusters(view: Sequence[ClusterHosts]) -> RenderableType:
    """The clusters, their schedulers and hosts."""
    if not view:
        return Text("no clusters; name them in the setting cache.clusters", style="bright_black")
    parts: list[RenderableType] = []
    for cluster in view:
        seeds = sum(host.type == "seed" for host in cluster.hosts)
        counts = f"{_many(len(cluster.hosts), 'host')}, {_many(seeds, 'seed')} among them"
        parts.append(Text.assemble((f"{cluster.id}  {cluster.name}", "bold"), f"  {counts}"))
        schedulers = grid("SCHEDULER", "STATE", "DETAIL")
        for scheduler in cluster.schedulers:
            active = Text("active", style="green") if scheduler.active else Text("inactive", style="red")
            schedulers.add_row(scheduler.address, active, scheduler.error)
        parts.append(schedulers)
        if cluster.hosts:
            hosts = grid("HOST", "IP", "PORT", "TYPE", "ID")
            for host in cluster.hosts:
                hosts.add_row(host.hostname, host.ip, str(host.port), host.type, host.id)
            parts.append(hosts)
    return Group(*parts)


def _targets(targets: Iterable[Target]) -> list[RenderableType]:
    return [Text(f"{target.name}  {' '.join(target.task_ids)}") for target in targets]


def _schedulers(told: Iterable[_Asked]) -> list[RenderableType]:
    return [
        Text(f"! scheduler {scheduler.address}: {scheduler.error}", style="yellow")
        for cluster in told
        for scheduler in cluster.schedulers
        if not scheduler.active
    ]


def _copies(holders: Sequence[tuple[str, Holder]], *, ids: bool) -> RenderableType:
    now = datetime.now(UTC)
    table = grid("HOST", "IP", "TYPE", "CLUSTER", "COPY", "SIZE", "CREATED", *(["TASK ID"] if ids else []))
    for cluster, holder in holders:
        for copy in holder.copies:
            table.add_row(*_place(holder.host), cluster, *_look(copy, now), *([copy.task_id] if ids else []))
    return table


def _place(host: Host) -> tuple[str, str, str]:
    return host.hostname, host.ip, host.type


def _look(copy: Copy, now: datetime) -> tuple[Text, str, str]:
    return Text(copy.state, style=_STYLES[copy.state]), amount(copy.content_length, "bytes"), ago(copy.created_at, now)


def _failures(failures: Sequence[tuple[str, HostFailure]]) -> list[RenderableType]:
    return [
        Text(f"! {failure.host.hostname} ({failure.host.ip}): {failure.error}", style="red") for _, failure in failures
    ]


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or f'{one}s'}"
