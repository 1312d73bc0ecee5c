"""The herald: turns what happens to trees that are followed into messages for others, and lines for their logs."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw, Struct
from uuid_utils.compat import uuid7

from taskward.engine.chore import Chore
from taskward.engine.tempo import Tempo
from taskward.model.errors import NotFound
from taskward.model.states import FINAL, State
from taskward.model.task import Event, Kind, Task
from taskward.ports import JOB, Clock, LogNote, Message, News, Notifier, Store, Telling, Topic

_BATCH = 500
_SILENCE = timedelta(seconds=5)
"""After so long without a word of the leading process another one takes its place."""
_REST = timedelta(milliseconds=20)
"""News that come one after the other are told together."""
_INFO, _WARNING, _ERROR = 1, 2, 3
_STARTED = frozenset({State.RUNNING, State.CANCELING})


class _Facts(Struct, frozen=True):
    """What every message about a tree repeats."""

    root: Task
    content_id: Any
    custom_data: Any


class Herald(Chore):
    """One process leads: it reads the journal and stores what is to be told of it, once. The others stand by."""

    topics = (Topic.EVENTS,)

    def __init__(self, store: Store, notifier: Notifier, clock: Clock, tempo: Tempo) -> None:
        super().__init__(notifier)
        self._store = store
        self._clock = clock
        self._tempo = tempo
        self._id = uuid7()
        self._leads_until: datetime | None = None
        self._asks_at: datetime | None = None

    async def turn(self) -> timedelta:
        """Tells what is new; returns how long to wait for more."""
        now = self._clock.now()
        if not await self._leads(now):
            return _SILENCE / 2
        await asyncio.sleep(_REST.total_seconds())
        news = await self._store.callbacks.news(_BATCH)
        if news is None or (news.after == news.until and not news.events):
            return self._tempo.poll_interval
        telling = await self._put(news)
        await self._store.callbacks.tell(news, telling, now)
        return self._tempo.poll_interval if len(news.events) < _BATCH else timedelta(0)

    async def _leads(self, now: datetime) -> bool:
        """Whether it is this process, asked no more often than it has to be."""
        if self._leads_until is not None and now < self._leads_until:
            return True
        if self._asks_at is not None and now < self._asks_at:
            return False
        if await self._store.callbacks.lead(self._id, now, _SILENCE):
            self._leads_until, self._asks_at = now + _SILENCE / 2, None
            return True
        self._leads_until, self._asks_at = None, now + _SILENCE / 2
        return False

    async def _put(self, news: News) -> Telling:
        """What there is to tell of news."""
        found = await self._store.tasks.get_many(
            list({event.task_id for event in news.events} | {event.root_id for event in news.events})
        )
        facts: dict[UUID, _Facts] = {}
        messages: list[Message] = []
        notes: list[LogNote] = []
        ended: set[UUID] = set()
        for event in news.events:
            root = found.get(event.root_id)
            if root is None:
                continue
            if event.root_id not in facts:
                facts[event.root_id] = await self._facts(root)
            task = found.get(event.task_id) or await self._folded(event, root)
            if task is not None and task.kind is Kind.TASK and not (task.internal and not task.is_root):
                told, noted = tell(event, task, facts[event.root_id])
                messages += told
                notes += noted
            if event.task_id == event.root_id and event.data.get("state") in FINAL:
                ended.add(event.root_id)
        return Telling(tuple(messages), tuple(notes), frozenset(ended))

    async def _facts(self, root: Task) -> _Facts:
        try:
            args = msgspec.json.decode((await self._store.tasks.asked(root.id)).args)
        except NotFound:
            args = {}
        given = args.get("parameters")
        parameters = given if isinstance(given, dict) else args
        return _Facts(root, parameters.get("content_id"), parameters.get("custom_data"))

    async def _folded(self, event: Event, root: Task) -> Task | None:
        """A task whose row is gone, as the journal has it."""
        for first in await self._store.journal.events("", task_id=event.task_id, limit=1):
            if first.kind == "created":
                return msgspec.structs.replace(
                    root,
                    id=event.task_id,
                    number=first.data["number"],
                    name=first.data["name"],
                    operation=first.data["operation"],
                    parent_id=root.id,
                    internal=False,
                )
        return None


def tell(event: Event, task: Task, facts: _Facts) -> tuple[list[Message], list[LogNote]]:
    """The messages and log lines of one change of state. Attempts after the first are told in the log alone."""
    state, before = State(event.data["state"]), event.data.get("from")
    messages: list[Message] = []
    notes: list[LogNote] = []
    # The root of a declared workflow does nothing itself; that of an operation is its own and only task.
    if not (task.is_root and task.operation == JOB):
        word, message, line = _of_task(event, task, state, before)
        if word:
            messages.append(_task_message(event, task, facts, word, message))
        if line is not None and not task.is_root:
            notes.append(_note(event, "worker", *line))
    if task.is_root:
        if (line := _of_root(event, state, before)) is not None:
            notes.append(_note(event, "controller", *line))
        if state in FINAL:
            messages.append(_job_message(event, facts, state))
    return messages, notes


Line = tuple[int, str]


def _of_task(event: Event, task: Task, state: State, before: str | None) -> tuple[str, str, Line | None]:
    """What others are told of a task (nothing for ""), with what words, and what stands in the log."""
    reason = _reason(event)
    has_run = before in _STARTED
    if state is State.RUNNING and event.data.get("attempt") == 1:
        return "start", "", None
    if state is State.COMPLETED:
        line = f"'{task.name}' completed successfully"
        return "complete", line, (_INFO, line)
    if state is State.FAILED or (state is State.CANCELED and has_run):
        line = f"'{task.name}' failed: {reason}" if state is State.FAILED else f"'{task.name}' was stopped: {reason}"
        return "fail", reason, (_ERROR if state is State.FAILED else _WARNING, line)
    if state is State.SCHEDULED and has_run and reason:
        return "", "", (_WARNING, f"'{task.name}' failed and is tried again: {reason}")
    return "", "", None


def _of_root(event: Event, state: State, before: str | None) -> Line | None:  # noqa: PLR0911 - one for each state
    reason = _reason(event)
    match state:
        case State.RUNNING if event.data.get("attempt") == 1:
            return _INFO, "job has started"
        case State.RUNNING:
            return _INFO, "job goes on"
        case State.COMPLETED:
            return _INFO, "job has completed successfully"
        case State.FAILED:
            return _ERROR, f"job has failed: {reason}"
        case State.PAUSED:
            return _INFO, "job is paused"
        case State.CANCELING:
            return _WARNING, "job is being stopped"
        case State.CANCELED | State.SKIPPED:
            return _WARNING, f"job is broken: {reason}"
        case State.SCHEDULED | State.QUEUED if before in _STARTED and reason:
            return _WARNING, f"job failed and is tried again: {reason}"
        case _:
            return None


def _reason(event: Event) -> str:
    error = event.data.get("error")
    return str(error.get("message", "")) if isinstance(error, dict) else ""


def _task_message(event: Event, task: Task, facts: _Facts, word: str, message: str) -> Message:
    body = {
        "job_id": facts.root.number,
        "task_id": task.number,
        "task_name": task.name,
        "workflow": facts.root.name,
        "event": word,
        "content_id": facts.content_id,
        "message": message,
        "time": _stamp(event.at),
        "client": facts.root.client,
    }
    return Message(event.root_id, event.task_id, f"task {word} of '{task.name}'", msgspec.json.encode(body), event.at)


def _job_message(event: Event, facts: _Facts, state: State) -> Message:
    root = facts.root
    status = "completed" if state is State.COMPLETED else "failed"
    result = _result(root.result)
    message = str(result.get("message") or "") if status == "completed" else _reason(event)
    files = result.get("files")
    duration = 0.0 if root.started_at is None else max((event.at - root.started_at).total_seconds(), 0.0)
    body = {
        "job_id": root.number,
        "status": status,
        "workflow": root.name,
        "content_id": facts.content_id,
        "message": message,
        "files": files if isinstance(files, list) else [],
        "metadata": {"duration": round(duration, 3)},
        "custom_data": facts.custom_data,
        "time": _stamp(event.at),
        "client": root.client,
    }
    return Message(event.root_id, event.task_id, f"job {status}", msgspec.json.encode(body), event.at)


def _result(result: Raw | None) -> dict[str, Any]:
    value = None if result is None else msgspec.json.decode(result)
    return value if isinstance(value, dict) else {}


def _note(event: Event, source: str, severity: int, message: str) -> LogNote:
    return LogNote(event.task_id, event.at, severity, source, message)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
