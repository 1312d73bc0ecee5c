"""How often the engine does what it does, and how long it waits."""

from datetime import timedelta

from msgspec import Struct


class Tempo(Struct, frozen=True, kw_only=True):
    """The intervals of one worker and its maintenance."""

    heartbeat_interval: timedelta = timedelta(seconds=5)
    lease_ttl: timedelta = timedelta(seconds=9)
    """A worker whose last heartbeat is older than this is lost."""
    abort_grace: timedelta = timedelta(seconds=10)
    """How long a body that was asked to stop may take before it is stopped by force."""
    poll_interval: timedelta = timedelta(seconds=1)
    """How often to look without having been woken; the fallback, not the mechanism."""
    flush_interval: timedelta = timedelta(milliseconds=100)
    """How long progress, log lines and steps may wait to be written together."""

    @property
    def reap_interval(self) -> timedelta:
        """How often to look for lost workers: often enough to end their attempts within two heartbeat intervals."""
        slack = (2 * self.heartbeat_interval - self.lease_ttl) / 2
        return min(max(slack, self.heartbeat_interval / 20), self.heartbeat_interval / 2)
