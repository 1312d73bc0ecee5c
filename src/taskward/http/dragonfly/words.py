"""Our tasks in Dragonfly's words: pure functions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from taskward.http.dragonfly.wire import (
    Deletion,
    Failure,
    ImageLayers,
    ImagePeer,
    ImagePeers,
    Layer,
    Peer,
    Place,
    PreheatFailure,
    Preheating,
    PreheatPlace,
    Search,
)
from taskward.model.states import State
from taskward.modules.cache.findings import (
    ClusterClearing,
    ClusterFindings,
    ClusterWarming,
    Copy,
    Distribution,
    Host,
    HostFailure,
)

S = State
STATES = {
    S.SCHEDULED: "PENDING",
    S.BLOCKED: "PENDING",
    S.QUEUED: "PENDING",
    S.PAUSED: "PENDING",
    S.RUNNING: "PENDING",
    S.CANCELING: "PENDING",
    S.COMPLETED: "SUCCESS",
    S.FAILED: "FAILURE",
    S.CANCELED: "FAILURE",
    S.SKIPPED: "FAILURE",
}
NEVER_STORED = ("RECEIVED", "STARTED", "RETRY")
"""What a filter may ask for although no job is ever in it."""

TYPES = {
    "cache.search": "get_task",
    "cache.delete": "delete_task",
    "cache.delete-image": "delete_task",
    "cache.preheat": "preheat",
}
"""The type of job that an operation is."""

HOST_TYPES = {"normal": "normal", "seed": "super"}


def states_of(word: str) -> tuple[State, ...]:
    """Our states that a job's state stands for."""
    return tuple(state for state, told in STATES.items() if told == word)


def number_of(identity: UUID) -> int:
    """A number for what we name by a UUID alone: of its time and its last bits, within what JavaScript can count."""
    return (identity.int >> 80 << 4) | identity.int & 0xF


def seconds(at: datetime) -> str:
    """An instant as rows have it: whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def search_result(found: ClusterFindings) -> Search:
    """What a search tells of one cluster. Nobody is null, so that nobody takes it for a place to delete from."""
    peers = [_peer(holder.host, holder.copies) for holder in found.holders]
    return Search(peers or None, found.id, [_failure(failure, "") for failure in found.failures])


def deletion_result(cleared: ClusterClearing, task_id: str) -> Deletion:
    """What a deletion tells of one cluster; `task_id` is what was to go, for hosts that said nothing."""
    if not cleared.cleared and not cleared.failures:
        return Deletion(None, cleared.id, None)
    return Deletion(
        [_failure(failure, task_id) for failure in cleared.failures],
        cleared.id,
        [_place(holder.host) for holder in cleared.cleared],
    )


def preheat_result(warmed: ClusterWarming) -> Preheating:
    """What a preheat tells of one cluster."""
    return Preheating(
        [PreheatFailure(one.url, one.host.hostname, one.host.ip, one.error) for one in warmed.failures],
        warmed.id,
        [PreheatPlace(one.url, one.host.hostname, one.host.ip) for one in warmed.warmed],
    )


def distribution(found: Distribution) -> ImagePeers:
    """Where an image's blobs are. Seeds are left out, and what a host has in part."""
    url_of = {blob.digest: blob.url for blob in found.image.blobs}
    peers = []
    for share in found.hosts:
        if share.host.type == "seed" or not share.finished:
            continue
        layers = [Layer(url_of[digest]) for digest in share.finished]
        peers.append(ImagePeer(share.host.ip, share.host.hostname, layers, layers, share.cluster_id))
    return ImagePeers(ImageLayers([Layer(blob.url) for blob in found.image.blobs]), peers)


def _peer(host: Host, copies: Sequence[Copy]) -> Peer:
    return Peer(
        is_finished=any(copy.state == "finished" for copy in copies),
        created_at=min(copy.created_at for copy in copies),
        host_type=HOST_TYPES[host.type],
        hostname=host.hostname,
        id=host.id,
        ip=host.ip,
        updated_at=max(copy.updated_at for copy in copies),
    )


def _place(host: Host) -> Place:
    return Place(HOST_TYPES[host.type], host.hostname, host.ip)


def _failure(failure: HostFailure, task_id: str) -> Failure:
    name = failure.task_id or task_id
    said = f"task {name} failed: {failure.error}" if name else failure.error
    return Failure(said, HOST_TYPES[failure.host.type], failure.host.hostname, failure.host.ip)


def job_result(task_name: str, result: msgspec.Raw, task_id: str) -> Any:
    """What the child for one cluster has found or done, by the type of its job."""
    match task_name:
        case "get_task":
            return search_result(msgspec.json.decode(result, type=ClusterFindings))
        case "delete_task":
            return deletion_result(msgspec.json.decode(result, type=ClusterClearing), task_id)
        case _:
            return preheat_result(msgspec.json.decode(result, type=ClusterWarming))
