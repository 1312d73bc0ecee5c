"""The filters of short lists, workers and schedules: predicates over what the house tells of all of them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from taskward.http.pulp import values
from taskward.http.pulp.errors import bad
from taskward.http.pulp.filters import BOOLEAN, LOOKUPS, STRING, STRINGS, Filter, Filters, Ordering
from taskward.http.pulp.views import is_online, schedule_id
from taskward.ports import Schedule, WorkerInfo

T = TypeVar("T")

Predicate: TypeAlias = Callable[[Any], bool]

_LONGEST_PATTERN = 200

_NAMES = {
    "iexact": "matches",
    "contains": "contains",
    "icontains": "contains",
    "startswith": "starts with",
    "istartswith": "starts with",
    "regex": "matches regex",
    "iregex": "matches regex",
}


def _matcher(name: str, lookup: str, wanted: str) -> Callable[[str], bool]:  # noqa: PLR0911 - one for each lookup
    folded = wanted.casefold()
    match lookup:
        case "iexact":
            return lambda text: text.casefold() == folded
        case "contains":
            return lambda text: wanted in text
        case "icontains":
            return lambda text: folded in text.casefold()
        case "startswith":
            return lambda text: text.startswith(wanted)
        case "istartswith":
            return lambda text: text.casefold().startswith(folded)
        case "regex" | "iregex":
            return _pattern(name, wanted, re.IGNORECASE if lookup == "iregex" else re.NOFLAG)
        case _:
            return lambda text: text == wanted


def _pattern(name: str, wanted: str, flags: re.RegexFlag) -> Callable[[str], bool]:
    try:
        if len(wanted) > _LONGEST_PATTERN:
            raise ValueError(wanted)  # noqa: TRY301 - refused as any other that does not compile
        compiled = re.compile(wanted, flags)
    except (re.error, ValueError, RecursionError, OverflowError):
        raise bad(name, "Enter a valid regular expression.") from None
    return lambda text: compiled.search(text) is not None


def _texts(word: str, get: Callable[[T], str], lookups: Iterable[str]) -> Iterable[Filter[Predicate]]:
    """Filters of a text: itself, and lookups."""

    def reader(name: str, lookup: str) -> Callable[[str], Predicate]:
        def read(value: str) -> Predicate:
            matches = _matcher(name, lookup, value)
            return lambda record: matches(get(record))

        return read

    yield Filter(word, STRING, f"Filter results where {word} matches value", reader(word, ""))
    for lookup in lookups:
        name = f"{word}__{lookup}"
        yield Filter(name, STRING, f"Filter results where {word} {_NAMES[lookup]} value", reader(name, lookup))


def _instants(word: str, get: Callable[[T], datetime]) -> Iterable[Filter[Predicate]]:
    def reader(name: str, lookup: str) -> Callable[[str], Predicate | None]:
        def read(value: str) -> Predicate | None:
            if lookup == "isnull":
                is_null = values.truth(value)
                return None if is_null is None else lambda _: not is_null
            if lookup == "range":
                since, until = values.span(name, value)
                return lambda record: since <= get(record) <= until
            at = values.instant(name, value)
            compare = _COMPARISONS[lookup]
            return lambda record: compare(get(record), at)

        return read

    for lookup, (phrase, schema) in LOOKUPS.items():
        name = f"{word}__{lookup}" if lookup else word
        yield Filter(name, schema, f"Filter results where {word} {phrase}", reader(name, lookup))


_COMPARISONS: Mapping[str, Callable[[datetime, datetime], bool]] = {
    "": lambda one, other: one == other,
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
}


def _flag(name: str, holds: Callable[[T], bool]) -> Filter[Predicate]:
    def read(value: str) -> Predicate | None:
        wanted = values.truth(value)
        return None if wanted is None else lambda record: holds(record) is wanted

    return Filter(name, BOOLEAN, "", read)


def _ids(identify: Callable[[T], UUID]) -> Iterable[Filter[Predicate]]:
    description = "Multiple values may be separated by commas."

    def among(ids: Sequence[UUID]) -> Predicate:
        return lambda record: identify(record) in ids

    yield Filter(
        "pulp_id__in",
        {"type": "array", "items": {"type": "string", "format": "uuid"}},
        description,
        lambda value: among(values.uuids("pulp_id__in", value)),
    )
    yield Filter("pulp_href__in", STRINGS, description, lambda value: among(values.identities(value, only_prns=False)))
    yield Filter("prn__in", STRINGS, description, lambda value: among(values.identities(value, only_prns=True)))


def _listed(word: str, get: Callable[[T], str]) -> Filter[Predicate]:
    def read(value: str) -> Predicate:
        wanted = values.texts(value)
        return lambda record: get(record) in wanted

    return Filter(f"{word}__in", STRINGS, f"Filter results where {word} is in a comma-separated list of values", read)


def _filters(filters: Iterable[Filter[Predicate]], keys: Iterable[str]) -> Filters[Predicate]:
    def every(predicates: Sequence[Predicate]) -> Predicate:
        return lambda record: all(holds(record) for holds in predicates)

    def some(predicates: Sequence[Predicate]) -> Predicate:
        return lambda record: any(holds(record) for holds in predicates)

    def opposite(predicate: Predicate) -> Predicate:
        return lambda record: not predicate(record)

    return Filters({each.name: each for each in filters}, Ordering(tuple(sorted(keys))), every, some, opposite)


Key: TypeAlias = Callable[[Any], Any]


def _worker_name(worker: WorkerInfo) -> str:
    return worker.name


def _heartbeat(worker: WorkerInfo) -> datetime:
    return worker.heartbeat_at


def _is_missing(worker: WorkerInfo) -> bool:
    return not is_online(worker)


def _worker_id(worker: WorkerInfo) -> UUID:
    return worker.id


_WORKER_KEYS: dict[str, Key | None] = {
    "app_type": None,
    "last_heartbeat": _heartbeat,
    "name": _worker_name,
    "pk": _worker_id,
    "pulp_created": lambda worker: worker.started_at,
    "pulp_id": _worker_id,
    "pulp_last_updated": _heartbeat,
    "ttl": None,
    "versions": lambda worker: worker.version,
}

WORKER_FILTERS = _filters(
    (
        *_texts("name", _worker_name, _NAMES),
        _listed("name", _worker_name),
        *_instants("last_heartbeat", _heartbeat),
        _flag("online", is_online),
        _flag("missing", _is_missing),
        *_ids(_worker_id),
    ),
    _WORKER_KEYS,
)


def _schedule_name(schedule: Schedule) -> str:
    return schedule.name


def _task_name(schedule: Schedule) -> str:
    return schedule.operation


_SCHEDULE_KEYS: dict[str, Key | None] = {
    "dispatch_interval": lambda schedule: schedule.every,
    "name": _schedule_name,
    "next_dispatch": lambda schedule: schedule.next_at,
    "pk": schedule_id,
    "pulp_created": lambda schedule: schedule.created_at,
    "pulp_id": schedule_id,
    "pulp_last_updated": lambda schedule: schedule.updated_at,
    "task_args": None,
    "task_kwargs": None,
    "task_name": _task_name,
}

SCHEDULE_FILTERS = _filters(
    (
        *_texts("name", _schedule_name, ["contains"]),
        *_texts("task_name", _task_name, ["contains"]),
        *_ids(schedule_id),
    ),
    _SCHEDULE_KEYS,
)


def ordered_workers(workers: Iterable[WorkerInfo], wanted: Sequence[tuple[str, bool]]) -> list[WorkerInfo]:
    """By Pulp's keys; without any, newest first: a list that holds still."""
    return _ordered(
        sorted(workers, key=lambda worker: (worker.started_at, worker.id), reverse=True), _WORKER_KEYS, wanted
    )


def ordered_schedules(schedules: Iterable[Schedule], wanted: Sequence[tuple[str, bool]]) -> list[Schedule]:
    """By Pulp's keys; without any, by name."""
    return _ordered(sorted(schedules, key=_schedule_name), _SCHEDULE_KEYS, wanted)


def _ordered(records: list[T], keys: Mapping[str, Key | None], wanted: Sequence[tuple[str, bool]]) -> list[T]:
    for name, descending in reversed(wanted):
        key = keys[name]
        if key is not None:
            # What has no value comes last, or first when descending.
            records.sort(key=_last_without(key), reverse=descending)
    return records


def _last_without(key: Key) -> Key:
    def rank(record: Any) -> tuple[bool, Any]:
        value = key(record)
        return (False, value) if value is not None else (True, None)

    return rank
