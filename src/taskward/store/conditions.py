"""Conditions of a search as SQL.

Columns carry SQLite's unary plus, which hides a condition from its planner: only what a search chose to drive it is
rendered without. Some spellings are SQLite's; `postgres_text` turns them.
"""

from typing import Any
from uuid import UUID

from taskward.model.conditions import (
    Between,
    Condition,
    Contains,
    Every,
    Field,
    Known,
    Labeled,
    Locks,
    Made,
    Mentions,
    Not,
    Numbered,
    OneOf,
    Order,
    ParentOf,
    Some,
)
from taskward.model.policy import Resource
from taskward.store.plan import text
from taskward.store.rows import to_micros

_SHOWN = "COALESCE(t.args_shown, t.args)"
COLUMNS = {
    Field.ID: "t.id",
    Field.NAME: "t.name",
    Field.OPERATION: "t.operation",
    Field.CLIENT: "t.client",
    Field.STATE: "t.state",
    Field.PARENT: "t.parent_id",
    Field.CORRELATION: "t.correlation_id",
    Field.RESOURCES: "t.resources",
    Field.RESULT: "t.result",
    Field.ERROR: "t.error",
    # Numbers are given in the order of creation, and there is an index on them.
    Field.CREATED: "t.created_at",
    Field.UPDATED: "t.updated_at",
    Field.QUEUED: "t.queued_at",
    Field.STARTED: "t.started_at",
    Field.FINISHED: "t.finished_at",
    Field.NUMBER: "t.number",
    Field.PRIORITY: "t.priority",
    Field.DUE: "COALESCE(t.run_at, t.created_at)",
    Field.PLACE: "COALESCE(place.place, 1)",
    Field.SUCCESSOR: "t.superseded_by",
    Field.ARGS: _SHOWN,
    Field.PARAMETERS: f"COALESCE(json_extract({_SHOWN}, '$.parameters'), {_SHOWN})",
    Field.STANDING: "CASE WHEN t.superseded_by IS NULL THEN t.state ELSE 'repeated' END",
    Field.PERSIST: "t.persist",
    Field.INTERNAL: "t.internal",
}
PLACES = (
    "(SELECT number, row_number() OVER (PARTITION BY client, state"
    " ORDER BY CASE WHEN state = 'queued' THEN priority ELSE COALESCE(run_at, created_at) END, number) AS place"
    " FROM task WHERE state IN ('queued', 'scheduled', 'paused', 'blocked') AND parent_id IS NULL)"
)
"""Where `Field.PLACE` comes from, by number."""
_NULLABLE = frozenset(
    {Field.PARENT, Field.SUCCESSOR, Field.RESULT, Field.ERROR, Field.QUEUED, Field.STARTED, Field.FINISHED}
)


def postgres_text(sql: str) -> str:
    """The same statement as PostgreSQL takes it."""
    sql = sql.replace(f"json_extract({_SHOWN}, '$.parameters')", f"({_SHOWN}::json ->> 'parameters')")
    return sql.replace("+t.", "t.").replace("instr(", "strpos(").replace("unicode_lower(", "lower(")


class Clauses:
    """Renders conditions; `args` are the values of the `$n` in them."""

    def __init__(self) -> None:
        self.args: list[Any] = []

    def bind(self, value: Any) -> str:
        """The mark that stands for a value."""
        self.args.append(value.bytes if isinstance(value, UUID) else value)
        return f"${len(self.args)}"

    def one_of(self, column: str, values: tuple[str | int | UUID, ...]) -> str:
        """That a column has one of these values."""
        if not values:
            return "FALSE"
        if len(values) == 1:
            return f"{column} = {self.bind(values[0])}"
        return f"{column} IN ({', '.join(self.bind(value) for value in values)})"

    def render(self, condition: Condition) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each kind of condition
        """As a boolean expression that hides from SQLite's planner."""
        match condition:
            case OneOf(field, values):
                return self.one_of(f"+{COLUMNS[field]}", values)
            case Contains(field, wanted):
                return f"instr({COLUMNS[field]}, {self.bind(wanted)}) > 0"
            case Mentions(field, wanted):
                # SQLite's own function knows ASCII letters only, and is quick.
                lower = "lower" if wanted.isascii() else "unicode_lower"
                return f"instr({lower}({COLUMNS[field]}), {self.bind(wanted.lower())}) > 0"
            case Numbered(above, below):
                bounds = [f"+t.number > {self.bind(above)}"] if above is not None else []
                bounds += [f"+t.number < {self.bind(below)}"] if below is not None else []
                return f"({' AND '.join(bounds)})" if bounds else "TRUE"
            case Between(field, since, before):
                column = f"+{COLUMNS[field]}"
                bounds = [f"{column} >= {self.bind(to_micros(since))}"] if since is not None else []
                bounds += [f"{column} < {self.bind(to_micros(before))}"] if before is not None else []
                return f"({' AND '.join(bounds)})" if bounds else "TRUE"
            case Known(field):
                return f"+{COLUMNS[field]} IS NOT NULL"
            case Locks(names, exclusive):
                return self._every([self._locks(name, exclusive) for name in names])
            case Made(name):
                return f"+t.number IN (SELECT number FROM created_resource WHERE name = {self.bind(name)})"
            case Labeled(name, value):
                wanted = f"name = {self.bind(name)} AND value = {self.bind(value)}"
                return f"+t.number IN (SELECT number FROM label WHERE {wanted})"
            case ParentOf(child):
                return f"+t.id IN (SELECT parent_id FROM task WHERE id = {self.bind(child)})"
            case Not(opposite):
                # Where there is no value to compare, the condition does not hold and its opposite does.
                return f"NOT COALESCE({self.render(opposite)}, FALSE)"
            case Every(parts):
                return self._every([self.render(part) for part in parts])
            case Some(parts):
                return f"({' OR '.join(self.render(part) for part in parts)})" if parts else "FALSE"

    def order(self, key: Order) -> str:
        """One key of an ORDER BY."""
        direction = "DESC" if key.descending else "ASC"
        if key.ranks:
            ranks = " ".join(
                f"WHEN {self.bind(value)} THEN {rank}" for rank, group in enumerate(key.ranks) for value in group
            )
            return f"CASE {COLUMNS[key.field]} {ranks} END {direction}"
        if key.field is Field.CREATED:
            return f"t.number {direction}"
        nulls = (" NULLS FIRST" if key.descending else " NULLS LAST") if key.field in _NULLABLE else ""
        return f"{COLUMNS[key.field]} {direction}{nulls}"

    @staticmethod
    def _every(parts: list[str]) -> str:
        return f"({' AND '.join(parts)})" if parts else "TRUE"

    def _locks(self, name: str, exclusive: bool | None) -> str:  # noqa: FBT001 - as in the condition
        named = f"+t.number IN (SELECT number FROM task_resource WHERE resource = {self.bind(name)})"
        if exclusive is None:
            return named
        # How it is locked stands in the task's own list, as JSON that is always written the same way.
        return f"({named} AND instr(t.resources, {self.bind(text(Resource(name, exclusive)))}) > 0)"
