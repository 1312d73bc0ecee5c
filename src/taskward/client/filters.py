"""Which tasks a list shows, as keyword arguments."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from taskward.client.transport import Params
from taskward.model.states import State


class TaskFilter(TypedDict, total=False):
    """Conditions of a list of tasks; all of them hold together.

    `label` maps names to values. Instants are aware datetimes; `since` is inclusive, `before` exclusive. `sort` is
    created, started or finished, with a leading minus for newest first. `internal` shows internal tasks and steps too.
    """

    state: State | str | Iterable[State | str]
    module: str
    operation: str
    parent: UUID | str
    root: UUID | str
    client: str
    label: Mapping[str, str]
    resource: str
    worker: str
    queue: str
    pool: str
    correlation_id: str
    created_since: datetime
    created_before: datetime
    started_since: datetime
    started_before: datetime
    finished_since: datetime
    finished_before: datetime
    text: str
    internal: bool
    roots: bool
    sort: str


def query(conditions: TaskFilter) -> dict[str, str | bool | list[str]]:
    """The conditions as parameters of a URL."""
    return {name: _value(value) for name, value in conditions.items() if value is not None}


def _value(value: object) -> str | bool | list[str]:
    match value:
        case bool():
            return value
        case datetime():
            return value.isoformat()
        case Mapping():
            return [f"{name}:{text}" for name, text in value.items()]
        case str() | UUID():
            return str(value)
        case Iterable():
            return [str(item) for item in value]
        case _:
            return str(value)


def page_query(conditions: TaskFilter, after: str | None, limit: int) -> Params:
    """As `query`, with the place and size of a page."""
    return {**query(conditions), "after": after, "limit": limit}
