"""Pulp's filters: every one of them, as conditions; and the language of `q`."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from taskward.http.pulp.errors import Refused
from taskward.http.pulp.expression import Conjunction, Disjunction, Expression, Negation, Term, parse
from taskward.http.pulp.filters import Filters
from taskward.http.pulp.query import pages, read
from taskward.http.pulp.record_filters import WORKER_FILTERS, ordered_workers
from taskward.http.pulp.task_filters import TASK_FILTERS, orders
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
from taskward.ports import WorkerInfo
from tests.tasks import NOON

ID = UUID("018a41d4-161c-7edf-bcaa-6246188c9a7f")
HREF = f"/pulp/api/v3/tasks/{ID}/"
DAY = datetime(2024, 1, 2, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WAITING = ("scheduled", "blocked", "queued", "paused")

INSTANTS = ("pulp_created", "started_at", "finished_at", "unblocked_at")
LOOKUPS = ("", "__lt", "__lte", "__gt", "__gte", "__range", "__isnull")


def condition(name: str, value: str) -> Condition:
    found, _ = TASK_FILTERS.read({name: value}, "")
    assert isinstance(found, Every)
    [only] = found.conditions
    return only


def test_the_filters_are_pulps() -> None:
    assert set(TASK_FILTERS.filters) == {
        *(f"state{lookup}" for lookup in ("", "__in", "__ne")),
        *(f"name{lookup}" for lookup in ("", "__contains", "__in", "__ne")),
        *(f"logging_cid{lookup}" for lookup in ("", "__contains")),
        *(f"{name}{lookup}" for name in INSTANTS for lookup in LOOKUPS),
        *("parent_task", "child_tasks", "task_group", "created_resources", "worker"),
        *(f"{kind}_resources{lookup}" for kind in ("reserved", "exclusive", "shared") for lookup in ("", "__in")),
        *("pulp_id__in", "pulp_href__in", "prn__in"),
    }
    assert set(TASK_FILTERS.order.keys) == {
        *("deferred", "enc_args", "enc_kwargs", "error", "finished_at", "immediate", "logging_cid", "name", "pk"),
        *("profile_options", "pulp_api_version", "pulp_created", "pulp_id", "pulp_last_updated"),
        *("reserved_resources_record", "result", "started_at", "state", "unblocked_at", "versions"),
    }


@pytest.mark.parametrize(
    ("name", "value", "meaning"),
    [
        ("state", "waiting", OneOf(Field.STATE, WAITING)),
        ("state__in", "failed,waiting,nope", OneOf(Field.STATE, ("failed", *WAITING))),
        ("state__ne", "completed", Not(OneOf(Field.STATE, ("completed",)))),
        ("name", "a,b", OneOf(Field.NAME, ("a,b",))),
        ("name__contains", "a", Contains(Field.NAME, "a")),
        ("name__in", "a, b,", OneOf(Field.NAME, ("a", "b"))),
        ("name__ne", "a", Not(OneOf(Field.NAME, ("a",)))),
        ("logging_cid", "a", OneOf(Field.CORRELATION, ("a",))),
        ("logging_cid__contains", "a", Contains(Field.CORRELATION, "a")),
        ("pulp_created", "2024-01-02", Between(Field.CREATED, DAY, DAY + MICROSECOND)),
        ("started_at__lt", "2024-01-02T01:00:00+01:00", Between(Field.STARTED, None, DAY)),
        ("started_at__lt", "2024-01-02T01:00:00 01:00", Between(Field.STARTED, None, DAY)),
        ("started_at__lte", "2024-01-02T00:00:00.000000Z", Between(Field.STARTED, None, DAY + MICROSECOND)),
        ("finished_at__gt", "2024-01-02 00:00", Between(Field.FINISHED, DAY + MICROSECOND)),
        ("finished_at__gte", "2024-01-02", Between(Field.FINISHED, DAY)),
        ("unblocked_at__range", "2024-01-02,2024-01-02", Between(Field.QUEUED, DAY, DAY + MICROSECOND)),
        ("unblocked_at__isnull", "True", Not(Known(Field.QUEUED))),
        ("unblocked_at__isnull", "false", Known(Field.QUEUED)),
        (
            "finished_at__lte",
            "9999-12-31T23:59:59.999999Z",
            Between(Field.FINISHED, None, datetime.max.replace(tzinfo=UTC)),
        ),
        ("parent_task", HREF, OneOf(Field.PARENT, (ID,))),
        ("parent_task", f"prn:core.task:{ID}", OneOf(Field.PARENT, (ID,))),
        ("parent_task", f"http://h/api/automation-hub{HREF}", OneOf(Field.PARENT, (ID,))),
        ("child_tasks", HREF, ParentOf(ID)),
        ("task_group", f"prn:core.taskgroup:{ID}", Labeled("group", str(ID))),
        ("created_resources", "/x/", Made("/x/")),
        ("worker", "anything", NEVER),
        ("reserved_resources", "/x/", Locks(("/x/",))),
        ("reserved_resources__in", "/x/,/y/", Locks(("/x/", "/y/"))),
        ("exclusive_resources", "/x/", Locks(("/x/",), exclusive=True)),
        ("exclusive_resources__in", "/x/,/y/", Locks(("/x/", "/y/"), exclusive=True)),
        ("shared_resources", "/x/", Locks(("/x/",), exclusive=False)),
        ("shared_resources__in", "/x/", Locks(("/x/",), exclusive=False)),
        ("pulp_id__in", str(ID), OneOf(Field.ID, (ID,))),
        ("pulp_href__in", f"{HREF},prn:core.task:{ID}", OneOf(Field.ID, (ID, ID))),
        ("prn__in", f"prn:core.task:{ID}", OneOf(Field.ID, (ID,))),
        ("q", "NOT state=failed", Not(Every((OneOf(Field.STATE, ("failed",)),)))),
        (
            "q",
            'name="a b" AND (name=c OR name=d)',
            Every(
                (
                    Every((OneOf(Field.NAME, ("a b",)),)),
                    Some((Every((OneOf(Field.NAME, ("c",)),)), Every((OneOf(Field.NAME, ("d",)),)))),
                )
            ),
        ),
    ],
)
def test_each_filter_has_its_meaning(name: str, value: str, meaning: Condition) -> None:
    assert condition(name, value) == meaning


@pytest.mark.parametrize("value", ["", "maybe"])
def test_a_value_that_says_nothing_is_no_condition(value: str) -> None:
    assert TASK_FILTERS.read({"started_at__isnull": value}, "") == (Every(), [])
    assert TASK_FILTERS.read({"state": "", "name": "", "q": " "}, "") == (Every(), [])


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        TASK_FILTERS.read({"state": "x", "bogus": "1", "started_at": "x"}, "nope")
    assert set(refused.value.body) == {"errors", "ordering", "state", "started_at"}


def test_orders() -> None:
    _, keys = TASK_FILTERS.read({}, "-name,state,,enc_args,-pulp_created")
    name, state, created = orders(keys)
    assert (name, created) == (Order(Field.NAME, descending=True), Order(Field.CREATED, descending=True))
    assert state.field is Field.STATE
    assert state.ranks[0] == ("canceled",)


A, B, C = Term("a", "1"), Term("b", "2"), Term("c", "3")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a=1", A),
        (" ( a = 1 ) ", A),
        ("a=1 AND b=2 AND c=3", Conjunction((A, B, C))),
        ("a=1 OR b=2 AND c=3", Disjunction((A, Conjunction((B, C))))),
        ("(a=1 OR b=2) AND c=3", Conjunction((Disjunction((A, B)), C))),
        ("NOT a=1 AND b=2", Conjunction((Negation(A), B))),
        ("NOT NOT a=1", Negation(Negation(A))),
        ("NOT(a=1)", Negation(A)),
        ("a='x y' OR a=\"(\"", Disjunction((Term("a", "x y"), Term("a", "(")))),
        ("a=x-1_2.3,*", Term("a", "x-1_2.3,*")),
        ("NOTa=1", Term("NOTa", "1")),
    ],
)
def test_expressions(text: str, meaning: Expression) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize(
    "text", ["a", "a=", "=1", "a=1 AND", "AND a=1", "a=1 b=2", "(a=1", "a=1)", "NOT", "a=1 XOR b=2", "a=/x/", "a='x"]
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(Refused, match=r"Syntax error in expression\."):
        parse(text)


@pytest.mark.parametrize("text", ["NOT " * 8 + "a=1", "(" * 5000 + "a=1", " OR ".join(["a=1"] * 8)])
def test_what_is_too_complex(text: str) -> None:
    with pytest.raises(Refused, match="complexity"):
        parse(text)


def test_eight_is_not_too_complex() -> None:
    parse(" OR ".join(["a=1"] * 7))


def worker(name: str, *, state: str = "online", seconds: int = 0) -> WorkerInfo:
    at = NOON + timedelta(seconds=seconds)
    return WorkerInfo(
        id=UUID(int=seconds), name=name, host="h", pid=1, queues=(), operations=(), concurrency=1, version="1",
        started_at=at, heartbeat_at=at, state=state,
    )  # fmt: skip


WORKERS = [worker("Abc", seconds=1), worker("abd", state="draining", seconds=2), worker("xyz", state="lost", seconds=3)]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("name", "abd", ["abd"]),
        ("name__iexact", "ABD", ["abd"]),
        ("name__in", "abd,xyz", ["abd", "xyz"]),
        ("name__contains", "b", ["Abc", "abd"]),
        ("name__icontains", "AB", ["Abc", "abd"]),
        ("name__startswith", "a", ["abd"]),
        ("name__istartswith", "a", ["Abc", "abd"]),
        ("name__regex", "^a.d$", ["abd"]),
        ("name__iregex", "^AB", ["Abc", "abd"]),
        ("online", "true", ["Abc", "abd"]),
        ("online", "false", ["xyz"]),
        ("missing", "true", ["xyz"]),
        ("missing", "nope", ["Abc", "abd", "xyz"]),
        ("last_heartbeat__gt", "2026-01-01T12:00:02Z", ["xyz"]),
        ("last_heartbeat__lte", "2026-01-01T12:00:02Z", ["Abc", "abd"]),
        ("last_heartbeat", "2026-01-01T12:00:02Z", ["abd"]),
        ("last_heartbeat__range", "2026-01-01T12:00:01Z,2026-01-01T12:00:02Z", ["Abc", "abd"]),
        ("last_heartbeat__isnull", "true", []),
        ("pulp_id__in", str(UUID(int=2)), ["abd"]),
        ("q", "online=true AND NOT name=abd", ["Abc"]),
    ],
)
def test_each_filter_of_workers(name: str, value: str, found: list[str]) -> None:
    matches, _ = WORKER_FILTERS.read({name: value}, "")
    assert [each.name for each in WORKERS if matches(each)] == found


def test_workers_hold_still_unless_they_are_ordered() -> None:
    assert [each.name for each in ordered_workers(WORKERS, [])] == ["xyz", "abd", "Abc"]
    _, keys = WORKER_FILTERS.read({}, "ttl,name")
    assert [each.name for each in ordered_workers(WORKERS, keys)] == ["Abc", "abd", "xyz"]
    _, keys = WORKER_FILTERS.read({}, "-last_heartbeat")
    assert [each.name for each in ordered_workers(WORKERS, keys)] == ["xyz", "abd", "Abc"]


@pytest.mark.parametrize("filters", [TASK_FILTERS, WORKER_FILTERS])
def test_every_filter_is_documented(filters: Filters[object]) -> None:
    assert all(each.schema for each in filters.filters.values())


@pytest.mark.parametrize(
    ("text", "limit", "offset"),
    [
        ("", 100, 0),
        ("limit=5&offset=7", 5, 7),
        ("limit=0&offset=-1", 100, 0),
        ("limit=x&offset=", 100, 0),
        ("limit=99999999999999999999", 100, 0),
        ("limit=5000", 1000, 0),
        ("limit=1&limit=2", 2, 0),
    ],
)
def test_windows(text: str, limit: int, offset: int) -> None:
    window = read(text.encode()).window
    assert (window.limit, window.offset) == (limit, offset)


def test_the_pages_beside_a_page() -> None:
    query = read(b"offset=10&limit=10&name=a%20b&fields=x")
    assert pages("http://h/", query, has_more=True) == (
        "http://h/?fields=x&limit=10&name=a+b&offset=20",
        "http://h/?fields=x&limit=10&name=a+b",
    )
    assert pages("http://h/", read(b""), has_more=False) == (None, None)
