"""Tasks handed over together, and the answer."""

from uuid import UUID

from msgspec import Struct

from taskward.model.task import NewTask, Task


class IdempotencyKey(Struct, frozen=True):
    """A submitter's promise that two requests are one. `fingerprint` tells payloads apart."""

    client: str
    key: str
    fingerprint: str


class Submission(Struct, frozen=True):
    """Tasks that are accepted together or not at all."""

    tasks: tuple[NewTask, ...]
    idempotency: IdempotencyKey | None = None
    supersedes: UUID | None = None
    """The final or paused task this one repeats; it is marked as superseded in the same transaction."""


class Asked(Struct, frozen=True):
    """What a task was submitted with that readers are not shown, or not any more.

    `args` hold secrets; `gate` is there also when it has opened.
    """

    args: bytes
    gate: str | None
    callbacks: tuple[str, ...] | None = None


class Submitted(Struct, frozen=True):
    """The answer to a submission, durable when it is given."""

    tasks: tuple[Task, ...]
    replayed: bool = False
    """The idempotency key or spawn key was known: these are the tasks accepted before."""
