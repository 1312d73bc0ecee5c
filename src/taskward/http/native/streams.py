"""What happens, live: events and log lines."""

from typing import Annotated

import msgspec
from litestar.types import ASGIApp
from msgspec import Meta, Struct

from taskward.http.endpoint import Answer, Call, Header, Routes, reply
from taskward.http.native.tasks import next_link
from taskward.http.native.views import event_view, log_view
from taskward.http.sse import EVENT_STREAM, event_stream, frame
from taskward.model.errors import InvalidFilter
from taskward.model.task import Event, LogLine
from taskward.service.external import SEVERITIES
from taskward.wire import EventView, LogView, Page

routes = Routes("live")

LAST_EVENT_ID = Header("Last-Event-ID", "Go on behind this event; goes before `after`", "4711")
_encode = msgspec.json.Encoder().encode
_LARGEST = 2**63 - 1

Cursor = Annotated[str, Meta(max_length=200, description="Go on behind the event with this cursor")]


class EventQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a stream begins."""

    after: Cursor | None = None
    replay: Annotated[bool, Meta(description="Without a cursor: begin with what has happened, else with now")] = False


class TaskEventQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the stream of one task begins."""

    after: Cursor | None = None
    replay: Annotated[bool, Meta(description="Without a cursor: begin with what has happened, else with now")] = True


class LogQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which log lines."""

    after: Annotated[int, Meta(ge=0, le=_LARGEST, description="Lines behind the one with this `seq`")] = 0
    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many on a page at most")] = 1000
    severity: Annotated[str, Meta(description=f"At least this: {', '.join(SEVERITIES)}")] = "debug"
    follow: Annotated[bool, Meta(description="Stream the lines to come until the task ends")] = False


@routes(
    "GET",
    "/events",
    "Follow every task",
    Answer(200, "Events as they happen", EventView, media=EVENT_STREAM),
    query=EventQuery,
    headers=(LAST_EVENT_ID,),
)
async def all_events(call: Call[EventQuery, None]) -> ASGIApp:
    """Server-sent events without an end; `id` is the cursor to go on from, `event` the kind, `data` an EventView."""
    events = call.service.streams.of_all(call.principal, _after(call.header("last-event-id"), call.query))
    return await event_stream(events, _event_frame)


@routes(
    "GET",
    "/tasks/{task}/events",
    "Follow a task",
    Answer(200, "Events of the task and of what is below it", EventView, media=EVENT_STREAM),
    Answer(204, "It has ended, and nothing is behind the cursor: do not come back"),
    query=TaskEventQuery,
    headers=(LAST_EVENT_ID,),
)
async def task_events(call: Call[TaskEventQuery, None]) -> ASGIApp:
    """Server-sent events that end with the last one of the task."""
    after = _after(call.header("last-event-id"), call.query)
    return await event_stream(call.service.streams.of_task(call.principal, call.ref, after), _event_frame)


@routes(
    "GET",
    "/tasks/{task}/logs",
    "Read or follow a task's log",
    Answer(200, "A page of lines, or a stream of them with `follow=true`", Page[LogView], headers=("Link",)),
    Answer(204, "With `follow=true`: it has ended, and nothing is behind the cursor"),
    query=LogQuery,
    headers=(LAST_EVENT_ID,),
)
async def logs(call: Call[LogQuery, None]) -> ASGIApp:
    """Followed, each line is an event `log` whose `id` is its `seq`; the stream ends with the task."""
    query = call.query
    if query.severity not in SEVERITIES:
        raise InvalidFilter("severity", f"must be one of {', '.join(SEVERITIES)}")
    severity = SEVERITIES.index(query.severity)
    if query.follow:
        after = _seq(call.header("last-event-id"), query.after)
        return await event_stream(call.service.streams.logs(call.principal, call.ref, after, severity), _log_frame)
    lines = await call.service.tasks.logs(
        call.principal, call.ref, after=query.after, limit=query.limit, min_severity=severity
    )
    cursor = str(lines[-1].seq) if len(lines) == query.limit else None
    return reply(200, Page([log_view(line) for line in lines], cursor), next_link(call, cursor))


def _event_frame(event: Event) -> bytes:
    return frame(event.kind, _encode(event_view(event)), event.cursor)


def _log_frame(line: LogLine) -> bytes:
    return frame("log", _encode(log_view(line)), str(line.seq))


def _after(last_event_id: str, query: EventQuery | TaskEventQuery) -> str | None:
    if last_event_id:
        return last_event_id
    if query.after is not None:
        return query.after
    return "" if query.replay else None


def _seq(last_event_id: str, after: int) -> int:
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19):
        raise InvalidFilter("Last-Event-ID", "must be the `seq` of a log line")
    return int(last_event_id)
