from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from taskward.model.errors import Invalid
from taskward.model.states import State
from taskward.model.task import Kind, LogLine, Progress, Report, Task, TaskError
from taskward.model.tree import Folded
from taskward.ports import LogNote, Note, ProgressNote, ReportNote, StepClosed, StepOpened, Topic
from tests.house import BOOM, House, new_task


def line(task: Task, message: str, at: datetime, **members: Any) -> LogNote:
    defaults: dict[str, Any] = {"task_id": task.id, "at": at, "severity": 1, "source": "task", "message": message}
    return LogNote(**defaults | members)


async def record(house: House, *notes: Note, worker: str = "w") -> frozenset[object]:
    return frozenset(await house.store.tasks.record(await house.worker(worker), notes, house.now))


async def logs(house: House, task: Task, **filters: Any) -> list[str]:
    lines: Sequence[LogLine] = await house.store.journal.logs(task.id, **filters)
    return [line.message for line in lines]


# ---------------------------------------------------------------- progress and reports


async def test_the_newest_progress_counts(house: House) -> None:
    task = await house.run()
    house.notifier.taken()
    house.tick()
    older, newer = ProgressNote(task.id, 1, Progress(1)), ProgressNote(task.id, 1, Progress(2, 9, "u", "m"))
    assert await record(house, older, newer) == set()
    assert house.notifier.taken() == {Topic.EVENTS}
    seen = await house.get(task)
    assert (seen.progress, seen.updated_at, seen.version > task.version) == (Progress(2, 9, "u", "m"), house.now, True)
    await record(house, ProgressNote(task.id, 1, Progress(3)))
    assert (await house.get(task)).progress == Progress(3)


async def test_the_journal_keeps_only_the_newest_progress(house: House) -> None:
    task, other = await house.run(), await house.run()
    await record(house, ProgressNote(other.id, 1, Progress(9)))
    for done in range(5):
        await record(house, ProgressNote(task.id, 1, Progress(done)))
    events = [event for event in await house.events(task) if event.kind == "progress"]
    assert [event.data["progress"]["done"] for event in events] == [4]
    assert [event.kind for event in await house.events(other)][-1] == "progress"


async def test_progress_told_with_the_end_is_in_its_event(house: House) -> None:
    task = await house.run()
    await house.finish(task, progress=Progress(4, 4))
    [*_, end] = await house.events(task)
    assert (end.data["state"], end.data["progress"]["done"]) == ("completed", 4)


async def test_progress_of_an_open_step(house: House) -> None:
    task = await house.run()
    step = Folded(id=uuid7(), parent_id=task.id, kind=Kind.STEP, operation="m.op", name="s", state=State.RUNNING,
                  created_at=house.now)  # fmt: skip
    await record(house, StepOpened(task.id, 1, step), ProgressNote(task.id, 1, Progress(3, 4), step.id))
    assert (await house.get(step.id)).progress == Progress(3, 4)
    assert (await house.get(task)).progress == Progress()
    [event] = [event for event in await house.events(step.id) if event.kind == "progress"]
    assert event.root_id == task.id


async def test_named_reports_stand_beside_the_progress(house: House) -> None:
    task = await house.run()
    first, second = Report("b", 1, 2, "u", "m"), Report("a")
    await record(house, ReportNote(task.id, 1, first), ReportNote(task.id, 1, second))
    newer = Report("b", 2, 2, "u", "done", State.COMPLETED)
    await record(house, ReportNote(task.id, 1, Report("b")), ReportNote(task.id, 1, newer))
    assert await house.store.tasks.reports(task.id) == [newer, second]
    assert (await house.get(task)).progress == Progress()
    assert [event.kind for event in await house.events(task)].count("report") == 3
    assert await house.store.tasks.reports(uuid7()) == []


@pytest.mark.parametrize("ended", [False, True])
async def test_notes_of_an_attempt_that_is_over_are_dropped(house: House, *, ended: bool) -> None:
    task = await house.run()
    await house.finish(task, State.COMPLETED if ended else State.QUEUED)
    if not ended:
        await house.claim(worker="v")
    step = Folded(id=uuid7(), parent_id=task.id, kind=Kind.STEP, operation="m.op", name="s", state=State.RUNNING,
                  created_at=house.now)  # fmt: skip
    closed = Folded(id=uuid7(), parent_id=task.id, kind=Kind.STEP, operation="m.op", name="s", state=State.COMPLETED,
                    created_at=house.now)  # fmt: skip
    before, events = await house.get(task), len(await house.events())
    notes: list[Note] = [
        ProgressNote(task.id, 1, Progress(1)),
        ReportNote(task.id, 1, Report("r")),
        StepOpened(task.id, 1, step),
        StepClosed(task.id, 1, closed),
        line(task, "late", house.now, attempt=1),
    ]
    assert await record(house, *notes) == {task.id}
    assert await house.get(task) == before
    assert await house.store.tasks.reports(task.id) == []
    assert await house.store.tasks.get_many([step.id, closed.id]) == {}
    assert len(await house.events()) == events
    assert await logs(house, task) == ["late"]


async def test_notes_of_another_worker_are_dropped(house: House) -> None:
    task, mine = await house.run(), await house.run()
    notes = [ProgressNote(one.id, 1, Progress(1)) for one in (task, mine)]
    assert await record(house, *notes, worker="v") == {task.id, mine.id}
    assert await house.store.tasks.record(None, notes, house.now) == {task.id, mine.id}
    assert (await house.get(task)).progress == Progress()


async def test_what_is_asked_to_stop_still_tells(house: House) -> None:
    task = await house.run()
    await house.store.tasks.cancel(task.id, "", house.now)
    assert await record(house, ProgressNote(task.id, 1, Progress(1))) == set()
    assert (await house.get(task)).progress == Progress(1)


async def test_external_work_tells_without_a_worker(house: House) -> None:
    task = await house.submit(kind=Kind.EXTERNAL)
    notes: list[Note] = [ProgressNote(task.id, 1, Progress(1)), line(task, "hello", house.now)]
    assert await house.store.tasks.record(None, notes, house.now) == set()
    assert (await house.get(task)).progress == Progress(1)
    assert await record(house, *notes[:1]) == {task.id}
    await house.store.tasks.finish_external(task.id, State.COMPLETED, None, None, house.now)
    assert await house.store.tasks.record(None, notes, house.now) == {task.id}
    assert await logs(house, task) == ["hello", "hello"]


async def test_notes_about_nothing(house: House) -> None:
    assert await record(house) == set()
    assert await record(house, ProgressNote(task_id := uuid7(), 1, Progress())) == {task_id}


async def test_a_thousand_tasks_tell_in_few_statements(house: House) -> None:
    await house.worker()
    for _ in range(3):
        await house.submit_all(*(new_task() for _ in range(1000)))
    tasks = await house.claim(3000)
    statements = house.store.database.statements
    await record(house, *(ProgressNote(task.id, 1, Progress(n)) for n, task in enumerate(tasks)))
    assert house.store.database.statements - statements < 12
    assert (await house.get(tasks[-1])).progress == Progress(2999)


# ---------------------------------------------------------------- log lines


async def test_lines_come_back_as_they_were_written(house: House) -> None:
    task = await house.run()
    step_id = uuid7()
    house.notifier.taken()
    await record(
        house,
        line(task, "first", house.now),
        line(task, "ä\n\t<b>", house.tick(), severity=3, source="api", attempt=7, step_id=step_id, visible=False,
             fields={"a": [1, None], "b": "ä"}),
    )  # fmt: skip
    assert house.notifier.taken() == {Topic.LOGS}
    first, second = await house.store.journal.logs(task.id, hidden=True)
    assert (first.message, first.severity, first.source, first.fields, first.step_id) == ("first", 1, "task", {}, None)
    assert second == LogLine(
        seq=second.seq, task_id=task.id, at=house.now, severity=3, source="api", message="ä\n\t<b>", attempt=7,
        step_id=step_id, visible=False, fields={"a": [1, None], "b": "ä"},
    )  # fmt: skip
    assert first.seq < second.seq


async def test_lines_are_filtered(house: House) -> None:
    task, other = await house.run(), await house.run()
    step_id = uuid7()
    await record(house, line(other, "other", house.now))
    for severity in range(5):
        await record(
            house,
            line(task, f"v{severity}", house.now, severity=severity),
            line(task, f"h{severity}", house.now, severity=severity, visible=False, step_id=step_id),
        )
    assert await logs(house, task) == ["v0", "v1", "v2", "v3", "v4"]
    assert await logs(house, task, hidden=True, min_severity=3) == ["v3", "h3", "v4", "h4"]
    assert await logs(house, task, step_id=step_id) == []
    assert await logs(house, task, step_id=step_id, hidden=True, min_severity=4) == ["h4"]
    assert await logs(house, task, limit=2) == ["v0", "v1"]


async def test_lines_are_read_page_by_page(house: House) -> None:
    task = await house.run()
    await record(house, *(line(task, str(n), house.now) for n in range(10)))
    after, pages = 0, []
    while page := await house.store.journal.logs(task.id, after=after, limit=4):
        pages.append([line.message for line in page])
        after = page[-1].seq
        await record(house, line(task, "new", house.now)) if len(pages) == 1 else None
    assert [len(page) for page in pages] == [4, 4, 3]
    assert [message for page in pages for message in page] == [*map(str, range(10)), "new"]


async def test_lines_about_what_never_was_or_is_gone_are_not_kept(house: House) -> None:
    task = await house.complete()
    await house.store.tasks.delete(task.id, house.now)
    stranger = (await house.submit()).id
    await record(house, line(task, "late", house.now))
    await house.store.tasks.record(None, [LogNote(uuid7(), house.now, 1, "s", "m")], house.now)
    assert await logs(house, task) == []
    assert await house.store.journal.logs(stranger) == []


async def test_text_that_no_database_holds_is_shown_as_well_as_can_be(house: House) -> None:
    task = await house.run()
    ugly, shown = "a\0b\udce4ä", "a\N{SYMBOL FOR NULL}b?ä"
    await record(
        house,
        line(task, ugly, house.now, fields={"path": "x\udce4"}),
        ProgressNote(task.id, 1, Progress(message=ugly)),
        ReportNote(task.id, 1, Report("r", message=ugly)),
    )
    [told] = await house.store.journal.logs(task.id)
    assert (told.message, told.fields) == (shown, {"path": "x?"})
    assert (await house.get(task)).progress.message == shown
    assert (await house.store.tasks.reports(task.id))[0].message == shown
    await house.finish(
        task, State.FAILED, error=TaskError("E", ugly, traceback="\udce4"), progress=Progress(message=ugly)
    )
    ended = await house.get(task)
    assert ended.error == TaskError("E", "a\0b?ä", traceback="?")
    assert ended.progress.message == shown


@pytest.mark.parametrize("members", [{"name": "a\0"}, {"client": "\0"}, {"labels": {"a": "\0"}}, {"key": "\0"}])
async def test_submitted_text_that_no_database_holds_is_refused(house: House, members: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=f"/{next(iter(members))}: .*NUL"):
        await house.submit(**members)


async def test_an_error_is_kept_whole(house: House) -> None:
    task = await house.run()
    error = TaskError("ValueError", "bad", "Traceback ...\n", ("ValueError", "Exception"), "code")
    await house.finish(task, State.FAILED, error=error)
    assert (await house.get(task)).error == error != BOOM
