"""The two editions: what each sends, and where they behave differently."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import Struct

from taskward.http.scylla.errors import Refused
from taskward.http.scylla.wire import Stats2024, Stats2026, Status2024, Status2026
from taskward.http.scylla.words import NodeOf, stats_2024, stats_2026, status_2024, status_2026
from taskward.model.task import Task
from taskward.service.sightings import Sighting


class WriteStatus(Protocol):
    """A status on the wire."""

    def __call__(self, seen: Sighting, node_of: NodeOf, *, counts: bool) -> Any:
        """`counts` adds how many parts folding has forgotten."""
        ...


@dataclass(frozen=True)
class Edition:
    """One edition."""

    name: str
    stats: Callable[[Task], Any]
    stats_kind: type[Struct]
    """What `stats` gives."""
    status: WriteStatus
    status_kind: type[Struct]
    reading_unregisters: bool
    """Looking at a finished task's status makes the registry forget it."""
    empty_error_fails: bool
    """A test task that is ended with an error without a text has failed."""
    not_abortable: Callable[[object], Refused]


EDITIONS = {
    "2024": Edition(
        name="2024",
        stats=stats_2024,
        stats_kind=Stats2024,
        status=status_2024,
        status_kind=Status2024,
        reading_unregisters=True,
        empty_error_fails=True,
        not_abortable=lambda _: Refused(500, "std::runtime_error (Requested task cannot be aborted)"),
    ),
    "2026": Edition(
        name="2026",
        stats=stats_2026,
        stats_kind=Stats2026,
        status=status_2026,
        status_kind=Status2026,
        reading_unregisters=False,
        empty_error_fails=False,
        not_abortable=lambda task_id: Refused(403, f"task with id {task_id} cannot be aborted"),
    ),
}
