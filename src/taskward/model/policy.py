"""What an operation asks of the engine: retries, retention, resources, dependencies."""

from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

PRIORITY_FIRST = 1
PRIORITY_DEFAULT = 5
PRIORITY_LAST = 10

Priority = Annotated[int, Meta(ge=PRIORITY_FIRST, le=PRIORITY_LAST)]


class Retry(Struct, frozen=True, kw_only=True):
    """When a failed or lost run is run again.

    The wait before retry n (1-based) is `delay * backoff ** (n - 1)`, at most `max_delay`,
    spread by plus or minus `jitter` (a share, 0..1) so that a crowd does not come back at once.
    """

    limit: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """Runs beyond the first after an error; 3 means up to four executions."""
    delay: timedelta = timedelta(seconds=5)
    backoff: Annotated[float, Meta(ge=1, le=1000)] = 2.0
    max_delay: timedelta = timedelta(hours=1)
    jitter: Annotated[float, Meta(ge=0, le=1)] = 0.1
    on: tuple[str, ...] = ()
    """Names of the exception classes worth a retry, base classes included; empty means every error."""
    lost_limit: Annotated[int, Meta(ge=0, le=1_000_000)] = 3
    """Runs beyond the first after a *worker* was lost; then the task fails, so that a task
    that kills its workers cannot kill them for ever."""
    from_settings: tuple[Literal["limit", "delay"], ...] = ()
    """What the client's `retry_limit` and `retry_delay` say when a run fails, instead of what is said here."""

    def governed(self, limit: int, delay: timedelta) -> "Retry":
        """With the settings put in, where they are to decide."""
        return replace(
            self,
            limit=limit if "limit" in self.from_settings else self.limit,
            delay=delay if "delay" in self.from_settings else self.delay,
            max_delay=max(delay, self.max_delay) if "delay" in self.from_settings else self.max_delay,
        )

    def delay_before(self, retry: int, spread: float) -> timedelta:
        """How long to wait before retry number `retry` (1-based); `spread` is drawn from -1..1."""
        seconds = min(self.delay.total_seconds() * self.backoff ** min(retry - 1, 64), self.max_delay.total_seconds())
        return timedelta(seconds=seconds * (1 + self.jitter * spread))

    def covers(self, error_names: tuple[str, ...]) -> bool:
        """Whether an error whose class and base classes are `error_names` is worth a retry."""
        return not self.on or bool(set(self.on) & set(error_names))


class Retention(Struct, frozen=True):
    """How long a module keeps what has finished.

    `ttl` counts from the finish of the root; None follows the setting `task_ttl`.
    `fold` makes spawned children fold into their parent when they finish, as steps always do.
    """

    ttl: timedelta | None = None
    fold: bool = False


LONGEST_NAME = 500
"""Characters of a resource's name."""


class Resource(Struct, frozen=True):
    """A name that tasks lock. Exclusive conflicts with any lock on the name, shared only with exclusive."""

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
    exclusive: bool = True


class Rules(Struct, frozen=True, omit_defaults=True):
    """The policies that travel with each task, so that any process can apply them without the operation's code."""

    retry: Retry = Retry()
    timeout: timedelta | None = None
    """Longest a run may take; None means no limit."""
    ttl: timedelta | None = None
    """Retention of this task's tree after its root has finished; None follows the setting."""
    pausable: bool = False
    """The body calls `ctx.checkpoint()`, so a running task can be paused at such a boundary."""
