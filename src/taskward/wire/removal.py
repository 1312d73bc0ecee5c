"""Forgetting tasks."""

from typing import Annotated

from msgspec import Meta, Struct, field

from taskward.model.states import State
from taskward.wire.instant import Instant


class PurgeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks:purge`: which final roots to forget."""

    states: list[State] = field(default_factory=lambda: [State.COMPLETED])
    finished_before: Instant | None = None
    module: str | None = None
    operation: str | None = None
    client: str | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 10_000


class Removed(Struct, frozen=True):
    """How many tasks were forgotten."""

    removed: int
