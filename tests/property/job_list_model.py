"""What `GET /jobs` finds, said once more: over the jobs as they are shown, in the words of its documentation."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Shown = dict[str, Any]
"""A job as the API shows it, with `persist` beside."""

NUMBERS = ["queued", "started", "completed", "pending", "broken", "scheduled", "paused"]


def listed(jobs: Sequence[Shown], query: dict[str, str]) -> list[int]:
    """The ids, in their order, of what a query that makes sense finds."""
    found = [job for job in jobs if _matches(job, query)]
    order_by = query.get("order_by", "created_at")
    found.sort(key=lambda job: (_key(job, order_by), job["id"]), reverse=query.get("asc", "0") in ("0", "false"))
    default = len(set(query["job_ids"].split(","))) if "job_ids" in query else 10
    limit = int(query.get("limit", query.get("items", default)))
    return [job["id"] for job in found[:limit]]


def _key(job: Shown, order_by: str) -> Any:
    if order_by == "queue_state":
        return NUMBERS.index(job["queue_state"])
    # Jobs are numbered in the order in which they were made.
    return job["id"] if order_by == "created_at" else job[order_by]


def _matches(job: Shown, query: dict[str, str]) -> bool:
    return all(
        _holds(job, name, value, query)
        for name, value in query.items()
        if name not in ("limit", "items", "order_by", "asc")
    )


def _holds(job: Shown, name: str, value: str, query: dict[str, str]) -> bool:  # noqa: C901, PLR0911 - one for each
    match name:
        case "state":
            return _in_state(job, value, query.get("failed"))
        case "failed":
            if value in ("0", "false"):
                return not job["failed"]
            if query.get("state", "2") not in ("2", "completed", "7", "failed"):
                return False
            return bool(job["failed"])
        case "from":
            return _instant(job["created_at"]) >= _instant(value)
        case "to":
            length = {10: timedelta(days=1), 16: timedelta(minutes=1), 19: timedelta(seconds=1)}
            return _instant(job["created_at"]) < _instant(value) + length.get(len(value), timedelta(milliseconds=1))
        case "search":
            parameters = json.dumps(job["parameters"], ensure_ascii=False, separators=(",", ":"))
            texts = (job["workflow"].lower(), parameters.lower())
            return any(value.lower() in text for text in texts) or value == str(job["id"])
        case "job_ids":
            return str(job["id"]) in value.split(",")
        case "client":
            return bool(job["client"] == value)
        case "persist":
            return job["persist"] is (value in ("1", "true"))
    raise AssertionError(name)


def _in_state(job: Shown, value: str, failed: str | None) -> bool:
    if value in ("7", "failed"):
        return bool(job["failed"])
    word = NUMBERS[int(value)] if value.isdigit() else value
    if job["queue_state"] != word:
        return False
    # Completed jobs are those that did not fail, unless failed ones are asked for.
    return word != "completed" or failed in ("1", "true") or not job["failed"]


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
