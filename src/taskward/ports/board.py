"""The jobs that run and wait, seen at one instant."""

from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct

from taskward.model.task import Task


class Board(Struct, frozen=True):
    """Roots that are not internal, of one client or of all; each list has the first ones up to a limit.

    `places` are those of `Tasks.places`; `settings` are the stored ones of the client and `common` those of the house.
    """

    running: list[Task]
    """By their start."""
    queued: list[Task]
    """In the order of dispatch."""
    scheduled: list[Task]
    """By their time."""
    places: dict[UUID, int]
    settings: Mapping[str, str]
    common: Mapping[str, str]
