"""Why a task waits."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from taskward.model.states import State


class ObstacleView(Struct, frozen=True):
    """A closed gate: run_at, gate, dependencies, resources, paused, pool, position or worker."""

    gate: str
    detail: str
    facts: dict[str, Any]


class WhyView(Struct, frozen=True):
    """Why a task waits. `waiting` is False, and `obstacles` empty, when it does not."""

    task_id: UUID
    state: State
    waiting: bool
    obstacles: list[ObstacleView]
