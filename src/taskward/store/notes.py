"""What a run tells while it runs: progress, reports, log lines, steps."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from taskward.model.task import Kind
from taskward.model.tree import Folded
from taskward.ports import CreationNote, LogNote, Note, ProgressNote, ReportNote, StepClosed, StepOpened, Topic
from taskward.store.folding import add_records
from taskward.store.plan import Ledger, Plan, Q, Wake, in_pieces, text
from taskward.store.rows import storable, to_micros


class _Owner:
    """A running task as notes need it."""

    __slots__ = ("attempt", "client", "id", "root_id", "worker_id")

    def __init__(self, row: Sequence[Any]) -> None:
        self.id, self.root_id, self.client, self.attempt, self.worker_id, _ = row


def record(worker_id: bytes | None, notes: Sequence[Note], now: int) -> Plan[frozenset[UUID]]:
    """See `taskward.ports.Tasks.record`."""
    ledger = Ledger(now)
    logs = [note for note in notes if isinstance(note, LogNote)]
    if logs:
        yield Q.insert_log.each(map(log_row, logs))
        yield Wake(frozenset({Topic.LOGS}))
    others = [note for note in notes if not isinstance(note, LogNote)]
    if not others:
        return frozenset()
    rows = yield from in_pieces(Q.owners, sorted({note.task_id.bytes for note in others}))
    owners = {
        row[0]: _Owner(row)
        for row in rows
        if row[4] == worker_id and (worker_id is not None or row[5] == Kind.EXTERNAL)
    }
    current: list[Note] = []
    over: set[UUID] = set()
    for note in others:
        owner = owners.get(note.task_id.bytes)
        if owner is None or (worker_id is not None and owner.attempt != note.attempt):
            over.add(note.task_id)
        else:
            current.append(note)
    yield from _steps(current, owners, ledger)
    yield from _progress([note for note in current if isinstance(note, ProgressNote)], owners, ledger)
    reports = [note for note in current if isinstance(note, ReportNote)]
    if reports:
        yield from _reports(reports, owners, ledger)
    yield from _creations([note for note in current if isinstance(note, CreationNote)], owners, ledger)
    yield from ledger.write()
    return frozenset(over)


def log_row(note: LogNote) -> tuple[Any, ...]:
    return (
        note.task_id.bytes, to_micros(note.at), note.severity, note.source, storable(note.message), note.attempt,
        None if note.step_id is None else note.step_id.bytes, note.visible, text(note.fields) if note.fields else "{}",
    )  # fmt: skip


def _progress(notes: Sequence[ProgressNote], owners: dict[bytes, _Owner], ledger: Ledger) -> Plan[None]:
    """The newest progress of each task and step; its event replaces the one before."""
    newest = {(note.step_id or note.task_id).bytes: note for note in notes}
    if not newest:
        return
    rows = []
    for one_id, note in newest.items():
        progress = note.progress
        message = storable(progress.message)
        rows.append((one_id, progress.done, progress.total, progress.unit, message, ledger.now))
        owner = owners[note.task_id.bytes]
        ledger.event(one_id, owner.root_id, owner.client, "progress", {"progress": progress})
    yield Q.set_progress.each(rows)
    yield Q.drop_transient_event.each((one_id, "progress") for one_id in newest)


def _reports(notes: Sequence[ReportNote], owners: dict[bytes, _Owner], ledger: Ledger) -> Plan[None]:
    newest = {(note.task_id.bytes, note.report.code): note for note in notes}
    rows = []
    for (task_id, _), note in newest.items():
        report = note.report
        message = storable(report.message)
        rows.append((task_id, report.code, report.done, report.total, report.unit, message, report.state.value))
        owner = owners[task_id]
        ledger.event(task_id, owner.root_id, owner.client, "report", {"report": report})
    yield Q.set_report.each(rows)


def _creations(notes: Sequence[CreationNote], owners: dict[bytes, _Owner], ledger: Ledger) -> Plan[None]:
    if notes:
        yield Q.insert_created_resource.each((note.task_id.bytes, note.name) for note in notes)
    for note in notes:
        owner = owners[note.task_id.bytes]
        ledger.event(owner.id, owner.root_id, owner.client, "resource", {"created": note.name})


def _steps(notes: Sequence[Note], owners: dict[bytes, _Owner], ledger: Ledger) -> Plan[None]:
    """Opens and closes steps; each task whose steps changed gets one event, however many did."""
    closed = [note for note in notes if isinstance(note, StepClosed)]
    ended = {note.record.id for note in closed}
    opened = [note for note in notes if isinstance(note, StepOpened) and note.record.id not in ended]
    if not opened and not closed:
        return
    if opened:
        yield Q.insert_step.each(_step_row(note.task_id, note.record) for note in opened)
        yield Q.mark_has_steps.each((one,) for one in sorted({note.task_id.bytes for note in opened}))
    if closed:
        yield Q.drop_folds.each((one.bytes,) for one in ended)
        yield Q.delete_step.each((one.bytes,) for one in ended)
    # A closed step whose outer step closes in the same notes is part of that one's record already.
    outer: defaultdict[bytes, list[Folded]] = defaultdict(list)
    for note in closed:
        if note.record.parent_id not in ended:
            outer[owners[note.task_id.bytes].root_id].append(note.record)
    for root_id, records in outer.items():
        yield from add_records(records, root_id, ledger)
    counts: defaultdict[bytes, list[int]] = defaultdict(lambda: [0, 0])
    for begun in opened:
        counts[begun.task_id.bytes][0] += 1
    for over in closed:
        counts[over.task_id.bytes][1] += 1
    yield Q.drop_transient_event.each((one, "tree") for one in counts)
    for one, (many_opened, many_closed) in counts.items():
        owner = owners[one]
        ledger.event(one, owner.root_id, owner.client, "tree", {"opened": many_opened, "closed": many_closed})


def _step_row(task_id: UUID, record: Folded) -> tuple[Any, ...]:
    progress = record.progress
    return (
        task_id.bytes, record.id.bytes, record.operation, storable(record.name), record.type, record.scope,
        text(record.labels) if record.labels else "{}", record.parent_id.bytes,
        to_micros(record.started_at or record.created_at), progress.done, progress.total, progress.unit,
        storable(progress.message),
    )  # fmt: skip
