"""What ScyllaDB's task manager sends: fields in the order in which it writes them.

A list is left out when it is empty; everything else is always there. Edition 2024 is the API as it was when finished
tasks began to fold into their parents, 2026 as it has become since.
"""

from msgspec import UNSET, Raw, Struct, UnsetType, field

Number = int | float
"""Whole numbers are written without a fraction."""


class Stats2024(Struct, frozen=True):
    """A task in a list."""

    task_id: str
    state: str
    type: str
    scope: str
    keyspace: str
    table: str
    entity: str
    sequence_number: int


class Stats2026(Struct, frozen=True):
    """A task in a list."""

    task_id: str
    state: str
    type: str
    kind: str
    scope: str
    keyspace: str
    table: str
    entity: str
    sequence_number: int
    shard: int
    start_time: str
    end_time: str


class Status2024(Struct, frozen=True, omit_defaults=True):
    """A task. `dropped` is sent to those alone who ask for it."""

    id: str
    type: str
    scope: str
    state: str
    is_abortable: bool
    start_time: str
    end_time: str
    error: str
    parent_id: str
    sequence_number: int
    shard: int
    keyspace: str
    table: str
    entity: str
    progress_units: str
    progress_total: Number
    progress_completed: Number
    children_ids: Raw | UnsetType = UNSET
    """An array of ids: there may be very many."""
    dropped: dict[str, int] = field(default_factory=dict)


class Status2026(Struct, frozen=True, omit_defaults=True):
    """A task. `dropped` is sent to those alone who ask for it."""

    id: str
    type: str
    kind: str
    scope: str
    state: str
    is_abortable: bool
    start_time: str
    end_time: str
    error: str
    parent_id: str
    sequence_number: int
    shard: int
    keyspace: str
    table: str
    entity: str
    progress_units: str
    progress_total: Number
    progress_completed: Number
    children_ids: Raw | UnsetType = UNSET
    """An array of `{"task_id": ..., "node": ...}`, the address of the node that has the child."""
    dropped: dict[str, int] = field(default_factory=dict)


class ErrorBody(Struct, frozen=True):
    """What every error is; `code` is the HTTP status."""

    message: str
    code: int
