"""Notes of a run in memory: coalescing and folding before anything is written."""

from typing import Any
from uuid import UUID, uuid4

from taskward.engine.notes import ROOM, RunNotes
from taskward.model.states import State
from taskward.model.task import Progress, Report, TaskError
from taskward.operations.run import StepOpening
from taskward.ports import LogNote, Note, ProgressNote, ReportNote, StepClosed, StepOpened
from taskward.testing import ManualClock
from tests.tasks import make_task

TASK = make_task()
BROKEN = TaskError("ValueError", "broken")


def notes() -> RunNotes:
    return RunNotes(TASK, ManualClock(), lambda _: None)


def opening(name: str, parent_id: UUID = TASK.id, **members: Any) -> StepOpening:
    values: dict[str, Any] = {"type": "", "scope": "", "labels": {}, "progress": Progress()} | members
    return StepOpening(id=uuid4(), parent_id=parent_id, name=name, **values)


def names(taken: list[Note]) -> list[str]:
    return [f"{type(note).__name__} {note.record.name}" for note in taken if isinstance(note, StepOpened | StepClosed)]


def test_only_the_newest_progress_and_report_is_kept() -> None:
    buffer = notes()
    for done in range(100):
        buffer.progress(Progress(done), None)
        buffer.report(Report("files", done))
        buffer.report(Report("bytes", done))
    assert buffer.take() == [
        ProgressNote(TASK.id, 1, Progress(99)),
        ReportNote(TASK.id, 1, Report("files", 99)),
        ReportNote(TASK.id, 1, Report("bytes", 99)),
    ]
    assert buffer.take() == []


def test_a_step_of_one_window_is_sent_only_as_closed() -> None:
    buffer = notes()
    step = opening("quick", labels={"k": "v"}, progress=Progress(total=3))
    buffer.open(step)
    buffer.progress(Progress(3, 3), step.id)
    buffer.close(step.id, State.COMPLETED, None)
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    record = closed.record
    assert (record.id, record.parent_id, record.name, record.labels) == (step.id, TASK.id, "quick", {"k": "v"})
    assert (record.state, record.progress, record.attempt) == (State.COMPLETED, Progress(3, 3), 1)
    assert record.finished_at is not None


def test_a_step_that_stays_open_is_opened_then_told_of_then_closed() -> None:
    buffer = notes()
    step = opening("long")
    buffer.open(step)
    assert names(buffer.take()) == ["StepOpened long"]
    buffer.progress(Progress(1), step.id)
    assert buffer.take() == [ProgressNote(TASK.id, 1, Progress(1), step.id)]
    buffer.close(step.id, State.FAILED, BROKEN)
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    assert (closed.record.state, closed.record.error) == (State.FAILED, BROKEN)


def test_a_step_that_counts_itself_is_not_what_its_parts_add_up_to() -> None:
    buffer = notes()
    outer = opening("outer", progress=Progress(0, 3, "things"))
    buffer.open(outer)
    for step in (opening("first", outer.id), opening("second", outer.id)):
        buffer.open(step)
        buffer.progress(Progress(43, 50, "bytes"), step.id)
        buffer.close(step.id, State.COMPLETED, None)
    buffer.close(outer.id, State.COMPLETED, None)
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    assert closed.record.progress == Progress(0, 3, "things")


def test_ended_parts_of_a_step_in_the_same_window_fold_into_it_in_memory() -> None:
    buffer = notes()
    outer = opening("outer")
    buffer.open(outer)
    for number in range(1_000):
        part = opening(f"part {number}", outer.id)
        buffer.open(part)
        buffer.close(part.id, State.FAILED if number == 7 else State.COMPLETED, BROKEN if number == 7 else None)
    buffer.close(outer.id, State.COMPLETED, None)
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    assert [child.name for child in closed.record.children] == ["part 7"]
    assert closed.record.dropped == {"completed": 999}


def test_ended_parts_of_a_step_that_stays_open_are_sent() -> None:
    buffer = notes()
    outer, first, second = opening("outer"), None, None
    buffer.open(outer)
    first = opening("first", outer.id)
    buffer.open(first)
    buffer.close(first.id, State.COMPLETED, None)
    assert names(buffer.take()) == ["StepOpened outer", "StepClosed first"]
    second = opening("second", outer.id)
    buffer.open(second)
    buffer.close(second.id, State.FAILED, None)
    buffer.close(outer.id, State.COMPLETED, None)
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    assert closed.record.dropped == {"completed": 1}
    assert [child.name for child in closed.record.children] == ["second"]


def test_a_part_the_store_knows_as_open_is_told_to_end_even_if_the_outer_ends_too() -> None:
    buffer = notes()
    outer = opening("outer")
    part = opening("part", outer.id)
    buffer.open(outer)
    buffer.open(part)
    assert names(buffer.take()) == ["StepOpened outer", "StepOpened part"]
    buffer.close(part.id, State.COMPLETED, None)
    buffer.close(outer.id, State.COMPLETED, None)
    assert names(buffer.take()) == ["StepClosed part", "StepClosed outer"]


def test_the_path_to_a_failure_is_kept_however_deep() -> None:
    buffer = notes()
    steps = [opening("0")]
    buffer.open(steps[0])
    for depth in range(1, 5):
        steps.append(opening(str(depth), steps[-1].id))
        buffer.open(steps[-1])
    buffer.close(steps[-1].id, State.FAILED, BROKEN)
    for step in reversed(steps[:-1]):
        buffer.close(step.id, State.COMPLETED, None)
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    record, path = closed.record, []
    while record.children:
        (record,) = record.children
        path.append(record.name)
    assert path == ["1", "2", "3", "4"]


def test_a_step_ends_with_what_is_open_inside_it() -> None:
    buffer = notes()
    outer = opening("outer")
    inner = opening("inner", outer.id)
    buffer.open(outer)
    buffer.open(inner)
    buffer.close(outer.id, State.CANCELED, None)
    buffer.close(inner.id, State.COMPLETED, None)  # too late to matter
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    assert [(child.name, child.state) for child in closed.record.children] == [("inner", State.CANCELED)]


def test_the_end_of_the_body_ends_its_steps_and_its_notes() -> None:
    buffer = notes()
    buffer.open(opening("left"))
    buffer.close_all(State.FAILED, BROKEN)
    buffer.progress(Progress(1), None)
    buffer.log(1, "too late", {}, None)
    (closed,) = buffer.take()
    assert isinstance(closed, StepClosed)
    assert closed.record.state is State.FAILED


def test_log_lines_are_masked_and_bounded() -> None:
    buffer = notes()
    buffer.log(1, "with Bearer abcdefghijklmnop", {"api_key": "abcdefghijklmnop", "count": 1}, None)
    (line,) = buffer.take()
    assert isinstance(line, LogNote)
    assert "abcdefgh" not in line.message
    assert line.fields == {"api_key": "****mnop", "count": 1}
    for _ in range(10 * ROOM + 5):
        buffer.log(1, "flood", {}, None)
    assert buffer.is_full
    taken = buffer.take()
    assert len(taken) == 10 * ROOM + 1
    assert isinstance(taken[-1], LogNote)
    assert taken[-1].message.startswith("5 log lines were dropped")
    assert not buffer.is_full


def test_dirty_is_told_once_per_window() -> None:
    told: list[RunNotes] = []
    buffer = RunNotes(TASK, ManualClock(), told.append)
    for _ in range(3):
        buffer.progress(Progress(1), None)
    assert len(told) == 1
    buffer.take()
    assert buffer.in_flight
    buffer.progress(Progress(2), None)
    assert len(told) == 2


def test_progress_alone_may_travel_with_the_end() -> None:
    buffer = notes()
    buffer.progress(Progress(5), None)
    assert not buffer.unwritten
    assert buffer.take_progress() == Progress(5)
    assert buffer.take() == []
