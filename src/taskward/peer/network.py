"""What a scheduler knows of its network, in memory, and whom it names as parents.

Everything here is told again by the peers when the scheduler is another one than before.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dragonfly_api import common_pb2 as common

from taskward.peer.host import SEED
from taskward.ports import Clock

PARENTS = 4
"""How many parents a peer is given at most."""
_MISSED_ANNOUNCEMENTS = 2
_GRACE = timedelta(seconds=5)
_DEFAULT_INTERVAL = timedelta(minutes=5)


@dataclass(eq=False)
class KnownHost:
    """A host that announced itself; `children` is how many downloads were given it as a parent."""

    message: common.Host
    interval: timedelta
    announced_at: datetime
    children: int = 0
    acquaintance: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Another one means that everything about the host was forgotten meanwhile."""

    @property
    def is_seed(self) -> bool:
        """Whether it may read from origins."""
        return self.message.type == SEED


@dataclass(eq=False)
class Holding:
    """What one host has of one content. `is_reading`: it reads the rest from the origin; `is_running`: from parents."""

    host_id: str
    peer_id: str
    created_at: datetime
    updated_at: datetime
    pieces: set[int] = field(default_factory=set)
    is_finished: bool = False
    is_reading: bool = False
    is_running: bool = False

    @property
    def state(self) -> str:
        """As Dragonfly's schedulers call it."""
        if self.is_finished:
            return "Succeeded"
        return "BackToSource" if self.is_reading else "Running" if self.is_running else "Failed"


@dataclass(eq=False)
class KnownTask:
    """A content that some host has, or asks for; `source` is the seed that was told to read it from the origin."""

    task_id: str
    download: common.Download
    created_at: datetime
    updated_at: datetime
    length: int = 0
    piece_length: int = 0
    piece_count: int = 0
    source: str | None = None
    tried: set[str] = field(default_factory=set)
    """Seeds that did not manage to read it, until somebody asks anew."""
    holdings: dict[str, Holding] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """As Dragonfly's schedulers call it."""
        states = {holding.state for holding in self.holdings.values()}
        return "Succeeded" if "Succeeded" in states else "Running" if states & {"BackToSource", "Running"} else "Failed"


class Network:
    """Hosts, and which of them has what of which task."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.hosts: dict[str, KnownHost] = {}
        self.tasks: dict[str, KnownTask] = {}

    # ---------------------------------------------------------------- hosts

    def announce(self, message: common.Host, interval: timedelta | None) -> KnownHost:
        """A host is there, and will say so again within the interval."""
        now, interval = self._clock.now(), interval or _DEFAULT_INTERVAL
        known = self.hosts.setdefault(message.id, KnownHost(message, interval, now))
        known.message, known.interval, known.announced_at = message, interval, now
        return known

    def forget_host(self, host_id: str) -> bool:
        """A host leaves; whether it was known."""
        for task in list(self.tasks.values()):
            self.forget(task.task_id, host_id)
        return self.hosts.pop(host_id, None) is not None

    def forget_silent(self) -> None:
        """Drops hosts that have missed their announcements."""
        now = self._clock.now()
        for host_id, host in list(self.hosts.items()):
            if host.announced_at + max(host.interval * _MISSED_ANNOUNCEMENTS, host.interval + _GRACE) < now:
                self.forget_host(host_id)

    def seeds(self) -> list[KnownHost]:
        """The seeds that are alive, the least busy first."""
        return sorted((host for host in self.hosts.values() if host.is_seed), key=lambda host: host.children)

    # ---------------------------------------------------------------- tasks

    def task(self, task_id: str, download: common.Download) -> KnownTask:
        """The task of this id, made known if it was not."""
        now = self._clock.now()
        task = self.tasks.setdefault(task_id, KnownTask(task_id, download, now, now))
        if download.HasField("actual_content_length"):
            task.length, task.piece_count = download.actual_content_length, download.actual_piece_count
            task.piece_length = download.actual_piece_length
        task.updated_at = now
        return task

    def hold(self, task: KnownTask, host_id: str, peer_id: str) -> Holding:
        """What this host has of the task; a newer download of the same host takes the place of an older one."""
        now = self._clock.now()
        holding = task.holdings.get(host_id)
        if holding is None or holding.peer_id != peer_id:
            holding = task.holdings[host_id] = Holding(host_id, peer_id, now, now)
        return holding

    def forget(self, task_id: str, host_id: str) -> bool:
        """The host has nothing of the task any more; whether it was known to have."""
        task = self.tasks.get(task_id)
        if task is None or task.holdings.pop(host_id, None) is None:
            return False
        if task.source == host_id:
            task.source = None
        if not task.holdings:
            del self.tasks[task_id]
        return True

    def touch(self, task: KnownTask, holding: Holding) -> None:
        """Something was heard of the two; they are known again, should their host have been forgotten meanwhile."""
        task.updated_at = holding.updated_at = self._clock.now()
        if holding.host_id in self.hosts:
            self.tasks.setdefault(task.task_id, task).holdings.setdefault(holding.host_id, holding)

    # ---------------------------------------------------------------- selection

    def parents(self, task: KnownTask, child: str, refused: Iterable[str]) -> list[Holding]:
        """Whom to name as parents to the host `child`; empty when all of them together could not give everything.

        Those with the fewest children come first, then those with the most pieces. One of them at least has the whole,
        or reads it from the origin, unless the pieces of all of them are the whole.
        """
        refused = {child, *refused}
        candidates = [
            holding
            for host_id, holding in task.holdings.items()
            if host_id not in refused
            and self._may_serve(host_id)
            and (holding.pieces or _is_root(holding) or holding.is_running)
        ]
        candidates.sort(key=lambda holding: (self.hosts[holding.host_id].children, -len(holding.pieces)))
        roots = [holding for holding in candidates if _is_root(holding)]
        if roots:
            chosen = candidates[:PARENTS]
            return chosen if any(map(_is_root, chosen)) else [roots[0], *chosen[: PARENTS - 1]]
        together = set().union(*(holding.pieces for holding in candidates))
        return candidates if task.piece_count and len(together) == task.piece_count else []

    def _may_serve(self, host_id: str) -> bool:
        host = self.hosts.get(host_id)
        return host is not None and not host.message.disable_shared


def _is_root(holding: Holding) -> bool:
    return holding.is_finished or holding.is_reading
