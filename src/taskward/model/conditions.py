"""Conditions on tasks as a tree, and orders: what a search can ask for, in words that other APIs' filters translate to.

Every condition either holds for a task or does not. What compares a value does not hold where there is none, so its
opposite does.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from taskward.model.states import State


class Field(StrEnum):
    """What of a task can be compared, or ordered by."""

    ID = "id"
    NAME = "name"
    OPERATION = "operation"
    CLIENT = "client"
    STATE = "state"
    PARENT = "parent"
    CORRELATION = "correlation"
    RESOURCES = "resources"
    RESULT = "result"
    ERROR = "error"
    CREATED = "created"
    UPDATED = "updated"
    QUEUED = "queued"
    """When nothing but a slot and a worker was left to wait for."""
    STARTED = "started"
    FINISHED = "finished"
    NUMBER = "number"
    PRIORITY = "priority"
    DUE = "due"
    """Its `run_at`; of a task without, when it was created."""
    PLACE = "place"
    """Of a waiting root, its place among those of its client in the same state; 1 of all others. Only to order by."""
    SUCCESSOR = "successor"
    """The run that replaces it."""
    ARGS = "args"
    """As readers see them."""
    PARAMETERS = "parameters"
    """What of the arguments a job was given, where they hold more than that."""
    STANDING = "standing"
    """Its state; of one that another run replaces, `repeated`."""
    PERSIST = "persist"
    INTERNAL = "internal"


class OneOf(Struct, frozen=True):
    """The field is one of these values: UUIDs for ID, PARENT and SUCCESSOR, whole numbers for NUMBER and PRIORITY,
    truths for PERSIST and INTERNAL, texts elsewhere. Not for instants.
    """

    field: Field
    values: tuple[str | int | UUID, ...]


class Contains(Struct, frozen=True):
    """The field has the text in it, case and all."""

    field: Field
    text: str


class Mentions(Struct, frozen=True):
    """The field has the text in it, whatever the case of letters."""

    field: Field
    text: str


class Numbered(Struct, frozen=True):
    """The number is above `above` and below `below`; each may be absent."""

    above: int | None = None
    below: int | None = None


class Between(Struct, frozen=True):
    """The instant is not before `since` and before `before`; each may be absent."""

    field: Field
    since: datetime | None = None
    before: datetime | None = None


class Known(Struct, frozen=True):
    """The field has a value."""

    field: Field


class Locks(Struct, frozen=True):
    """The task locks every one of these resources; `exclusive` None means in either way."""

    names: tuple[str, ...]
    exclusive: bool | None = None


class Made(Struct, frozen=True):
    """The task told that it created this resource."""

    name: str


class Labeled(Struct, frozen=True):
    """The task has this label."""

    name: str
    value: str


class ParentOf(Struct, frozen=True):
    """The task is the parent of this one."""

    child: UUID


class Not(Struct, frozen=True):
    """The condition does not hold."""

    condition: "Condition"


class Every(Struct, frozen=True):
    """All of them hold; with none, it always does."""

    conditions: "tuple[Condition, ...]" = ()


class Some(Struct, frozen=True):
    """At least one of them holds; with none, it never does."""

    conditions: "tuple[Condition, ...]" = ()


Condition = (
    OneOf | Contains | Mentions | Numbered | Between | Known | Locks | Made | Labeled | ParentOf | Not | Every | Some
)

ALWAYS = Every()
NEVER = Some()


class Order(Struct, frozen=True):
    """One key of an order. Tasks without a value come last, or first when `descending`.

    `ranks` gives the values of a field another order than that of their texts: groups of values that count as equal,
    the least first, and every value in one of them.
    """

    field: Field
    descending: bool = False
    ranks: tuple[tuple[str, ...], ...] = ()


def simplified(condition: Condition) -> Condition:
    """The same condition without what can be said shorter: opposites of opposites, and of states."""
    match condition:
        case Not(opposite):
            return _opposite(simplified(opposite))
        case Every(parts):
            kept = [part for each in parts for part in conjuncts(simplified(each))]
            return kept[0] if len(kept) == 1 else Every(tuple(kept))
        case Some((only,)):
            return simplified(only)
        case Some(parts):
            return Some(tuple(map(simplified, parts)))
        case _:
            return condition


def _opposite(condition: Condition) -> Condition:
    match condition:
        case Not(opposite):
            return opposite
        case OneOf(Field.STATE, values):
            # Every task has a state, so what is in none of these is in one of the others.
            return OneOf(Field.STATE, tuple(state.value for state in State if state.value not in values))
        case _:
            return Not(condition)


def conjuncts(condition: Condition) -> list[Condition]:
    """The conditions that all have to hold for this one to hold."""
    if isinstance(condition, Every):
        return [part for each in condition.conditions for part in conjuncts(each)]
    return [condition]
