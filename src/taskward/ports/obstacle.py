"""One reason why a task waits."""

from typing import Any

from msgspec import Struct, field


class Obstacle(Struct, frozen=True):
    """One closed gate between a task and its start, with the thing behind it.

    `gate` is run_at, gate, dependencies, resources, paused, pool, position or worker.
    """

    gate: str
    detail: str
    facts: dict[str, Any] = field(default_factory=dict)
