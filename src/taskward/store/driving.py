"""What a search is read along: one condition that drives, and runs of rows that come in order from an index.

Several runs are merged: one for each of several states or names, or one after the other where an order sets tasks of
one kind before all others. A run gives no more rows than the search can reach, so merging stays cheap.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from taskward.model.conditions import Between, Condition, Field, Labeled, Locks, Made, OneOf, Order, ParentOf
from taskward.model.states import State
from taskward.store.conditions import COLUMNS, Clauses

_MOST_RUNS = 20
_NEVER_STARTED = ("scheduled", "blocked", "queued", "paused", "canceled", "skipped")
_UNFINISHED = ("scheduled", "blocked", "queued", "paused", "running", "canceling")


class Run(Struct, frozen=True):
    """Rows in the order of creation, or of `key` first; `rank` sets them before or behind those of other runs."""

    condition: str
    source: str = "task t"
    number: str = "t.number"
    key: str = "0"
    rank: int = 0


class Driver(Struct, frozen=True):
    """How rows are found: no two runs have one in common. `rest` is left to filter."""

    runs: tuple[Run, ...]
    rest: tuple[Condition, ...]
    part: Condition | None = None
    """The condition that drives."""


def choose(parts: Sequence[Condition], span: Between | None, clauses: Clauses) -> Driver:
    """The kind of condition that narrows most drives. `span` is one that is known to hold for few tasks."""
    for drive in _PREFERENCES:
        for part in parts:
            if drive is _by_span and part is not span:
                continue
            runs = drive(part, clauses)
            if runs:
                # A lock drives by its first name only, however it is locked.
                rest = tuple(each for each in parts if each is not part or isinstance(part, Locks))
                return Driver(runs, rest, part)
    return Driver((Run("TRUE"),), tuple(parts))


def in_order(
    parts: Sequence[Condition], span: Between | None, order: Sequence[Order], clauses: Clauses
) -> Driver | None:
    """Runs that give the order, newest first among equals; None when what drives has to be sorted."""
    if len(order) != 1:
        return None
    [key] = order
    if key.field is Field.CREATED:
        return choose(parts, span, clauses)
    driving = choose(parts, span, Clauses()).part
    if key.field is Field.STATE and key.ranks and (driving is None or _is_of_state(driving)):
        wanted = driving.values if isinstance(driving, OneOf) else tuple(State)
        runs = tuple(
            Run(clauses.one_of("t.state", (value,)), rank=-rank if key.descending else rank)
            for rank, group in enumerate(key.ranks)
            for value in group
            if value in wanted
        )
        return Driver(runs, tuple(part for part in parts if part is not driving), driving)
    if key.field in (Field.STARTED, Field.FINISHED) and driving is None:
        column = COLUMNS[key.field]
        without = _NEVER_STARTED if key.field is Field.STARTED else _UNFINISHED
        rank = -1 if key.descending else 1
        runs = (
            Run(f"{column} IS NOT NULL", key=column),
            *(Run(f"{clauses.one_of('t.state', (state,))} AND +{column} IS NULL", rank=rank) for state in without),
        )
        return Driver(runs, tuple(parts))
    return None


def _is_of_state(part: Condition) -> bool:
    return isinstance(part, OneOf) and part.field is Field.STATE


Drive = Callable[[Condition, Clauses], tuple[Run, ...]]


def _by_id(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    match part:
        case OneOf(Field.ID, values):
            return (_few(clauses.one_of("t.id", values)),)
        case OneOf(Field.NUMBER, values):
            return (Run(clauses.one_of("t.number", values)),)
        case ParentOf(child):
            return (_few(f"t.id = (SELECT parent_id FROM task WHERE id = {clauses.bind(child)})"),)
    return ()


def _few(condition: str) -> Run:
    """So few rows that sorting them is nothing: the plus keeps SQLite from reading all in order instead."""
    return Run(condition, number="+t.number")


def _by_parent(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    match part:
        case OneOf(Field.PARENT, (_,) as values):
            return (Run(f"{clauses.one_of('t.parent_id', values)} AND t.parent_id IS NOT NULL"),)
    return ()


def _by_side_table(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    """Rows of a side table come ordered by number. A cross join keeps SQLite from turning the loops round."""
    match part:
        case Made(name):
            table, condition = "created_resource", f"s.name = {clauses.bind(name)}"
        case Labeled(name, value):
            table, condition = "label", f"s.name = {clauses.bind(name)} AND s.value = {clauses.bind(value)}"
        case Locks((name, *_)):
            table, condition = "task_resource", f"s.resource = {clauses.bind(name)}"
        case _:
            return ()
    return (Run(f"{condition} AND s.number = t.number", f"{table} s CROSS JOIN task t", "s.number"),)


def _by_correlation(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    match part:
        case OneOf(Field.CORRELATION, (str(value),) as values) if value:
            return (Run(f"{clauses.one_of('t.correlation_id', values)} AND t.correlation_id <> ''"),)
    return ()


def _by_span(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    return (_few(clauses.render(part).replace("+t.", "t.")),)


def _by_rare_state(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    match part:
        case OneOf(Field.STATE, values) if State.COMPLETED not in values:
            return _by_state(part, clauses)
    return ()


def _by_name(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    """Most tasks are called what their operation is: those are found by it, and only the others have an index."""
    match part:
        case OneOf(Field.NAME, values) if 0 < len(values) <= _MOST_RUNS:
            marks = [clauses.bind(value) for value in dict.fromkeys(values)]
            usual = (Run(f"t.operation = {mark} AND +t.name = {mark}") for mark in marks)
            return (*usual, *(Run(f"t.name = {mark} AND t.name <> t.operation") for mark in marks))
    return ()


def _by_client(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    match part:
        case OneOf(Field.CLIENT, (str(value),) as values) if value:
            return (Run(f"{clauses.one_of('t.client', values)} AND t.client <> ''"),)
    return ()


def _by_operation(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    match part:
        case OneOf(Field.OPERATION, values) if 0 < len(values) <= _MOST_RUNS:
            return tuple(Run(clauses.one_of("t.operation", (value,))) for value in dict.fromkeys(values))
    return ()


def _by_state(part: Condition, clauses: Clauses) -> tuple[Run, ...]:
    match part:
        case OneOf(Field.STATE, values) if values:
            return tuple(Run(clauses.one_of("t.state", (value,))) for value in dict.fromkeys(values))
    return ()


_PREFERENCES: tuple[Drive, ...] = (
    _by_id, _by_parent, _by_side_table, _by_correlation, _by_span, _by_rare_state, _by_name, _by_client, _by_operation,
    _by_state,
)  # fmt: skip
