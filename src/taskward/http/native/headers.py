"""The request headers of the native API: preferences, keys, versions, correlation."""

import re
from datetime import timedelta
from typing import Any

from taskward.http.endpoint import Call, Header
from taskward.model.errors import InvalidFilter

LONGEST_WAIT = timedelta(minutes=5)

PREFER = Header(
    "Prefer", "`wait=N` answers when the task has ended, after N seconds (300 at most) at the latest", "wait=5"
)
IDEMPOTENCY_KEY = Header(
    "Idempotency-Key", "A text of the caller's choice: the same request again gets the same tasks", '"8e03978e-40d5"'
)
CORRELATION_ID = Header("Correlation-ID", "Kept on the tasks and sent back", "order-4711")
TRACEPARENT = Header(
    "traceparent",
    "A W3C trace context; its trace id becomes the correlation id when no other is given",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
IF_MATCH = Header("If-Match", "Refuse unless the task is still the one with this ETag", '"3"')
IF_NONE_MATCH = Header("If-None-Match", "Answer 304 when the task still has this ETag", '"3"')


def preferences(call: Call[Any, Any]) -> dict[str, str]:
    """The preferences by name; unknown ones are ignored, as is the rest of one with parameters."""
    found: dict[str, str] = {}
    for part in call.header("prefer").split(","):
        name, _, value = part.partition(";")[0].partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found


def preferred_wait(call: Call[Any, Any]) -> timedelta | None:
    """How long the caller would wait, within bounds; None when it would not."""
    if not call.header("prefer"):
        return None
    seconds = preferences(call).get("wait", "")
    if not (seconds.isascii() and seconds.isdigit()):
        return None
    return min(timedelta(seconds=int(seconds[:9])), LONGEST_WAIT)


def applied(call: Call[Any, Any]) -> dict[str, str]:
    """Which preference an answer honours that comes before the end."""
    if "respond-async" in preferences(call):
        return {"Preference-Applied": "respond-async"}
    wait = preferred_wait(call)
    return {} if wait is None else waited(wait)


def waited(wait: timedelta) -> dict[str, str]:
    """That an answer came within the preferred time."""
    return {"Preference-Applied": f"wait={wait.seconds}"}


def idempotency_key(call: Call[Any, Any]) -> str | None:
    """The key; its quotes are a structured field's and not part of it."""
    header = call.header("idempotency-key").strip()
    if not header:
        return None
    if len(header) > 1 and header[0] == header[-1] == '"':
        return header[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return header


def correlation_of(correlation_id: str, traceparent: str) -> str:
    """The correlation id of a request: the one given, or its trace's. Raises InvalidFilter."""
    if correlation_id:
        if not re.fullmatch(r"[\x20-\x7e]{1,200}", correlation_id):
            raise InvalidFilter("Correlation-ID", "must be up to 200 printable ASCII characters")
        return correlation_id
    trace = re.fullmatch(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", traceparent)
    return trace["trace"] if trace and set(trace["trace"]) != {"0"} else ""
