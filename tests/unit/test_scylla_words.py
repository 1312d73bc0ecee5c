"""Our tasks in ScyllaDB's words."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest

from taskward.http.scylla.errors import Refused
from taskward.http.scylla.query import Query, parse_uuid
from taskward.http.scylla.words import (
    STATES_2024,
    STATES_2026,
    entity_of,
    error_of,
    number,
    progress_2024,
    stats_2024,
    stats_2026,
    status_2024,
    status_2026,
    time,
    type_of,
)
from taskward.model.ids import NONE, Ids
from taskward.model.states import FINAL, State
from taskward.model.task import Kind, Progress, TaskError
from taskward.model.tree import Folded
from taskward.ports import Relative
from taskward.service.sightings import Sighting
from tests.tasks import NOON, make_task

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
CHILD = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
OLD = UUID("01890a5d-ac96-774b-bcce-b302099a8059")


def members(value: object) -> dict[str, object]:
    """As a client reads it, in the order of the wire."""
    decoded: dict[str, object] = msgspec.json.decode(msgspec.json.encode(value))
    return decoded


@pytest.mark.parametrize("words", [STATES_2024, STATES_2026])
def test_every_state_has_a_word(words: dict[State, str]) -> None:
    assert words.keys() == set(State)
    assert {state for state, word in words.items() if word in {"done", "failed"}} == FINAL
    assert {state for state, word in words.items() if word == "running"} == {State.RUNNING, State.CANCELING}


def test_suspended_came_later() -> None:
    assert set(STATES_2024.values()) == {"created", "running", "done", "failed"}
    assert {state for state in State if STATES_2024[state] != STATES_2026[state]} == {State.PAUSED}


def test_fields_come_in_the_order_of_the_original() -> None:
    task = make_task(id=ID)
    seen = Sighting(task, Progress(), (Relative(CHILD, State.RUNNING, None),), Ids.of([OLD]), 7, 3)
    assert list(members(stats_2024(task))) == [
        "task_id", "state", "type", "scope", "keyspace", "table", "entity", "sequence_number",
    ]  # fmt: skip
    assert list(members(stats_2026(task))) == [
        "task_id", "state", "type", "kind", "scope", "keyspace", "table", "entity", "sequence_number", "shard",
        "start_time", "end_time",
    ]  # fmt: skip
    status = [
        "id", "type", "scope", "state", "is_abortable", "start_time", "end_time", "error", "parent_id",
        "sequence_number", "shard", "keyspace", "table", "entity", "progress_units", "progress_total",
        "progress_completed", "children_ids",
    ]  # fmt: skip
    old = members(status_2024(seen, lambda _: "", counts=False))
    assert list(old) == status
    assert old["children_ids"] == [str(CHILD), str(OLD)]
    new = members(status_2026(seen, lambda row: "10.0.0.1" if row else "10.0.0.2", counts=False))
    assert list(new) == [*status[:2], "kind", *status[2:]]
    assert new["children_ids"] == [
        {"task_id": str(CHILD), "node": "10.0.0.1"},
        {"task_id": str(OLD), "node": "10.0.0.2"},
    ]


@pytest.mark.parametrize("write", [status_2024, status_2026])
def test_nothing_but_the_children_is_ever_left_out(write: type) -> None:
    seen = Sighting(make_task(state=State.QUEUED, started_at=None, type=""), Progress(), (), NONE, 0, 0)
    status = members(write(seen, lambda _: "", counts=False))
    assert "children_ids" not in status
    assert None not in status.values()
    assert (status["start_time"], status["end_time"]) == ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z")
    assert (status["error"], status["keyspace"], status["table"], status["entity"]) == ("", "", "", "")


def test_counts_of_what_folded_are_for_those_who_ask() -> None:
    seen = Sighting(make_task(dropped={"completed": 12}), Progress(), (), NONE, 1, 0)
    assert "dropped" not in members(status_2026(seen, lambda _: "", counts=False))
    assert members(status_2026(seen, lambda _: "", counts=True))["dropped"] == {"completed": 12}


def test_a_record_is_shown_as_a_task_is() -> None:
    record = Folded(
        id=ID,
        parent_id=CHILD,
        kind=Kind.STEP,
        operation="backup.run",
        name="upload",
        state=State.FAILED,
        created_at=NOON,
        started_at=NOON,
        finished_at=NOON + timedelta(seconds=90),
        error=TaskError("OSError", "disk full"),
        progress=Progress(3, 10, "files"),
    )
    status = status_2026(Sighting(record, record.progress, (), Ids.of([OLD]), 4, 2), lambda _: "10.0.0.1", counts=False)
    assert (status.type, status.state, status.error) == ("upload", "failed", "OSError (disk full)")
    assert (status.start_time, status.end_time) == ("2026-01-01T12:00:00Z", "2026-01-01T12:01:30Z")
    assert (status.parent_id, status.sequence_number, status.shard) == (str(CHILD), 4, 2)
    assert (status.progress_completed, status.progress_total, status.progress_units) == (3, 10, "files")


@pytest.mark.parametrize(
    ("state", "error", "shown"),
    [
        (State.COMPLETED, TaskError("ValueError", "of an earlier attempt"), ""),
        (State.QUEUED, TaskError("ValueError", "of an earlier attempt"), ""),
        (State.RUNNING, None, ""),
        (State.CANCELING, None, ""),
        (State.FAILED, TaskError("ValueError", "broken"), "ValueError (broken)"),
        (State.FAILED, None, "failed"),
        (State.SKIPPED, TaskError("DependencyFailed", "task 3 failed"), "DependencyFailed (task 3 failed)"),
        (State.CANCELED, TaskError("Canceled", "by me"), "seastar::abort_requested_exception (abort requested)"),
        (State.CANCELED, None, "seastar::abort_requested_exception (abort requested)"),
    ],
)
def test_errors_are_told_of_what_failed_alone(state: State, error: TaskError | None, shown: str) -> None:
    assert error_of(state, error) == shown


@pytest.mark.parametrize(
    ("task", "type_", "entity"),
    [
        ({"operation": "backup.run", "name": "backup.run", "type": ""}, "run", ""),
        ({"operation": "backup.run", "name": "backup.run", "type": "backup"}, "backup", ""),
        ({"operation": "backup.run", "name": "Nightly", "type": "backup"}, "backup", "Nightly"),
        ({"operation": "backup.run", "name": "Nightly", "labels": {"entity": "n1", "type": "b"}}, "b", "n1"),
        ({"operation": "backup.run", "name": "upload", "kind": Kind.STEP}, "upload", ""),
        ({"operation": "backup.run", "name": "/a/b", "kind": Kind.STEP, "type": "file"}, "file", "/a/b"),
    ],
)
def test_type_and_entity(task: dict[str, object], type_: str, entity: str) -> None:
    made = make_task(**task)
    assert (type_of(made), entity_of(made)) == (type_, entity)


@pytest.mark.parametrize(
    ("state", "progress", "total", "completed"),
    [
        (State.RUNNING, Progress(), 1, 0),
        (State.COMPLETED, Progress(), 1, 1),
        (State.FAILED, Progress(), 1, 1),
        (State.RUNNING, Progress(3, None), 1, 0),
        (State.RUNNING, Progress(3, 12), 12, 3),
        (State.FAILED, Progress(2.5, 12), 12, 2.5),
    ],
)
def test_progress_was_binary_once(state: State, progress: Progress, total: float, completed: float) -> None:
    assert progress_2024(state, progress) == (total, completed)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (4.0, "4"), (2.5, "2.5"), (float("inf"), "0"), (float("nan"), "0"), (-1.0, "-1")]
)
def test_numbers_are_written_short(value: float, text: str) -> None:
    assert msgspec.json.encode(number(value)).decode() == text


def test_times_are_utc_to_the_second() -> None:
    at = datetime(2026, 3, 1, 1, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert time(at) == "2026-02-28T23:02:03Z"
    assert time(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01T00:00:00Z"
    assert time(None) == "1970-01-01T00:00:00Z"


# ------------------------------------------------------------------ what comes in


@pytest.mark.parametrize(
    "text",
    [
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "01890A5DAC96774BBCCEB302099A8057",
        "0-1-8-9-0-a-5-dac96774bbcceb302099a8057-",
    ],
)
def test_hyphens_may_be_anywhere(text: str) -> None:
    assert parse_uuid(text) == ID


@pytest.mark.parametrize(
    "text", ["", "-", "xyz", "01890a5dac96774bbcceb302099a805", "{01890a5d-ac96-774b-bcce-b302099a8057}", "\u0660" * 32]
)
def test_what_is_no_uuid_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_uuid(text)
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("text", "value"),
    [(b"", False), (b"b=", False), (b"b=true", True), (b"b=TRUE", True), (b"b=1", True), (b"b=0", False)],
)
def test_booleans(text: bytes, value: object) -> None:
    assert Query(text).boolean("b") is value


def test_what_is_no_boolean_is_named() -> None:
    with pytest.raises(Refused, match=r"^internal \(maybe\): type error - should be bool$"):
        Query(b"internal=maybe").boolean("internal")


@pytest.mark.parametrize(("text", "value"), [(b"", None), (b"n=", None), (b"n=0", 0), (b"n=4294967295", 2**32 - 1)])
def test_whole_numbers(text: bytes, value: int | None) -> None:
    assert Query(text).whole("n") == value


@pytest.mark.parametrize("text", [b"n=4294967296", b"n=-1", b"n=1.5", b"n=abc", b"n=%D9%A1", b"n=+1", b"n=1_0"])
def test_what_is_no_whole_number_is_refused(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        Query(text).whole("n")
    assert refused.value.code == 400


@pytest.mark.parametrize("text", [b"", b"ttl=", b"other=1"])
def test_a_mandatory_parameter_must_have_a_value(text: bytes) -> None:
    with pytest.raises(Refused, match=r"^Missing mandatory parameter 'ttl'$"):
        Query(text).required("ttl")


def test_values_are_decoded_and_the_first_counts() -> None:
    query = Query(b"entity=a%20b+c&entity=d&keyspace=%FF")
    assert (query.text("entity"), query.text("keyspace")) == ("a b c", "\ufffd")
    assert ("entity" in query, "table" in query) == (True, False)
