"""A line of claimable tasks."""

from msgspec import Struct


class QueueView(Struct, frozen=True):
    """A line of claimable tasks."""

    name: str
    paused: bool
    queued: int
    running: int
    workers: int


class QueuePatch(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PATCH /v1/queues/{name}`."""

    paused: bool
