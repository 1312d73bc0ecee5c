"""The filters of lists of tasks, as conditions of a search."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from uuid import UUID

from taskward.http.pulp import values
from taskward.http.pulp.errors import bad
from taskward.http.pulp.filters import (
    LOOKUPS,
    STRING,
    STRINGS,
    Filter,
    Filters,
    Ordering,
)
from taskward.http.pulp.words import GROUP, RANKS, STATES, TASK, Kind, states_of
from taskward.model.conditions import (
    NEVER,
    Between,
    Condition,
    Contains,
    Every,
    Field,
    Known,
    Labeled,
    Locks,
    Made,
    Not,
    OneOf,
    Order,
    ParentOf,
    Some,
)
from taskward.model.groups import GROUP_LABEL

Read = Callable[[str], Condition | None]

_STATE = {"type": "string", "enum": sorted(STATES)}


def _states(words: Iterable[str]) -> OneOf:
    return OneOf(Field.STATE, tuple(state.value for word in dict.fromkeys(words) for state in states_of(word)))


def _choice(value: str) -> Condition:
    if value not in STATES:
        raise bad("state", f"Select a valid choice. {value} is not one of the available choices.")
    return _states([value])


def _not(read: Callable[[str], Condition], value: str) -> Condition:
    return Not(read(value))


def _one_of(field: Field, value: str) -> Condition:
    return OneOf(field, (value,))


def _listed(field: Field, value: str) -> Condition:
    return OneOf(field, values.texts(value))


def _instant(field: Field, lookup: str, name: str) -> Read:
    """How one lookup of an instant is read."""

    def read(value: str) -> Condition | None:  # noqa: PLR0911 - one for each lookup
        if lookup == "isnull":
            is_null = values.truth(value)
            return None if is_null is None else Not(Known(field)) if is_null else Known(field)
        if lookup == "range":
            since, until = values.span(name, value)
            return Between(field, since, values.after(until))
        at = values.instant(name, value)
        match lookup:
            case "lt":
                return Between(field, None, at)
            case "lte":
                return Between(field, None, values.after(at))
            case "gt":
                return Between(field, values.after(at))
            case "gte":
                return Between(field, at)
            case _:
                return Between(field, at, values.after(at))

    return read


def _related(name: str, kind: Kind, condition: Callable[[UUID], Condition]) -> Filter[Condition]:
    return Filter(
        name,
        STRING,
        "Foreign Key referenced by HREF",
        lambda value: condition(values.reference(name, value, kind)),
        takes_empty=True,
    )


def _locks(exclusive: bool | None, value: str) -> Condition:  # noqa: FBT001 - as in the condition
    return Locks((value,), exclusive)


def _locks_all(exclusive: bool | None, value: str) -> Condition:  # noqa: FBT001 - as in the condition
    return Locks(values.texts(value), exclusive)


def _resources() -> Iterable[Filter[Condition]]:
    kinds = (("reserved", None), ("exclusive", True), ("shared", False))
    for word, exclusive in kinds:
        name = f"{word}_resources"
        yield Filter(name, STRING, "", partial(_locks, exclusive))
        description = "Multiple values may be separated by commas."
        yield Filter(f"{name}__in", STRINGS, description, partial(_locks_all, exclusive))


def _instants() -> Iterable[Filter[Condition]]:
    fields = (
        ("pulp_created", Field.CREATED),
        ("started_at", Field.STARTED),
        ("finished_at", Field.FINISHED),
        ("unblocked_at", Field.QUEUED),
    )
    for word, field in fields:
        for lookup, (phrase, schema) in LOOKUPS.items():
            name = f"{word}__{lookup}" if lookup else word
            yield Filter(name, schema, f"Filter results where {word} {phrase}", _instant(field, lookup, name))


def _worker(value: str) -> Condition:  # noqa: ARG001 - whatever is asked for
    # Pulp does not say any more which worker a task was run by.
    return NEVER


def _ids(*, only_prns: bool) -> Read:
    return lambda value: OneOf(Field.ID, values.identities(value, only_prns=only_prns))


_ALL: tuple[Filter[Condition], ...] = (
    Filter("state", _STATE, "Filter results where state matches value", _choice),
    Filter(
        "state__in",
        STRINGS,
        "Filter results where state is in a comma-separated list of values",
        lambda value: _states(values.texts(value)),
    ),
    Filter("state__ne", STRING, "Filter results where state not equal to value", lambda value: Not(_states([value]))),
    Filter("name", STRING, "Filter results where name matches value", partial(_one_of, Field.NAME)),
    Filter("name__contains", STRING, "Filter results where name contains value", partial(Contains, Field.NAME)),
    Filter(
        "name__in",
        STRINGS,
        "Filter results where name is in a comma-separated list of values",
        partial(_listed, Field.NAME),
    ),
    Filter(
        "name__ne",
        STRING,
        "Filter results where name not equal to value",
        partial(_not, partial(_one_of, Field.NAME)),
    ),
    Filter(
        "logging_cid", STRING, "Filter results where logging_cid matches value", partial(_one_of, Field.CORRELATION)
    ),
    Filter(
        "logging_cid__contains",
        STRING,
        "Filter results where logging_cid contains value",
        partial(Contains, Field.CORRELATION),
    ),
    *_instants(),
    _related("parent_task", TASK, lambda identity: OneOf(Field.PARENT, (identity,))),
    _related("child_tasks", TASK, ParentOf),
    _related("task_group", GROUP, lambda identity: Labeled(GROUP_LABEL, str(identity))),
    Filter("created_resources", STRING, "", Made),
    Filter("worker", STRING, "", _worker),
    *_resources(),
    Filter(
        "pulp_id__in",
        {"type": "array", "items": {"type": "string", "format": "uuid"}},
        "Multiple values may be separated by commas.",
        lambda value: OneOf(Field.ID, values.uuids("pulp_id__in", value)),
    ),
    Filter("pulp_href__in", STRINGS, "Multiple values may be separated by commas.", _ids(only_prns=False)),
    Filter("prn__in", STRINGS, "Multiple values may be separated by commas.", _ids(only_prns=True)),
)

_FIELDS: dict[str, Field] = {
    "error": Field.ERROR,
    "finished_at": Field.FINISHED,
    "logging_cid": Field.CORRELATION,
    "name": Field.NAME,
    "pk": Field.CREATED,
    "pulp_created": Field.CREATED,
    "pulp_id": Field.CREATED,
    "pulp_last_updated": Field.UPDATED,
    "reserved_resources_record": Field.RESOURCES,
    "result": Field.RESULT,
    "started_at": Field.STARTED,
    "state": Field.STATE,
    "unblocked_at": Field.QUEUED,
}
"""What the keys of an order are here; the rest of Pulp's keys are equal, or secret, for all tasks."""

_EQUAL = ("deferred", "enc_args", "enc_kwargs", "immediate", "profile_options", "pulp_api_version", "versions")


def orders(wanted: Sequence[tuple[str, bool]]) -> tuple[Order, ...]:
    """Keys of Pulp's as an order."""
    return tuple(
        Order(field, descending, RANKS if field is Field.STATE else ())
        for key, descending in wanted
        if (field := _FIELDS.get(key)) is not None
    )


TASK_FILTERS: Filters[Condition] = Filters(
    filters={each.name: each for each in _ALL},
    order=Ordering(tuple(sorted((*_FIELDS, *_EQUAL)))),
    every=lambda conditions: Every(tuple(conditions)),
    some=lambda conditions: Some(tuple(conditions)),
    opposite=Not,
)
