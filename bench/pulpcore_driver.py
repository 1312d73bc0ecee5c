"""Runs inside pulpcore's own environment: dispatches, waits, and reads the tasks' own times. One command, JSON out."""

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pulpcore.app.settings")
django.setup()

from django.db import connection  # noqa: E402 - Django has to be set up first
from django_guid import set_guid  # noqa: E402
from pulpcore.app.models import ProgressReport, Task  # noqa: E402
from pulpcore.constants import TASK_FINAL_STATES  # noqa: E402
from pulpcore.tasking.tasks import cancel_task, dispatch  # noqa: E402

NOOP = "pulpcore.app.tasks.test.dummy_task"
SLEEP = "pulpcore.app.tasks.test.sleep"
_POLL_SECONDS = 0.01


def wait(ids: Sequence[Any], seconds: float, states: Sequence[str] = TASK_FINAL_STATES) -> None:
    """Until all are in one of the states; the database does the counting."""
    deadline = time.monotonic() + seconds
    while Task.objects.filter(pk__in=ids).exclude(state__in=states).exists():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(_POLL_SECONDS)


def times(ids: Sequence[Any]) -> list[dict[str, float]]:
    """Milliseconds from creation to start and to end, by task."""
    rows = Task.objects.filter(pk__in=ids).values_list("pulp_created", "started_at", "finished_at")
    return [
        {"started_ms": (start - made).total_seconds() * 1000, "finished_ms": (end - made).total_seconds() * 1000}
        for made, start, end in rows
    ]


def noops(count: int) -> list[dict[str, float]]:
    """One after the other."""
    ids = []
    for _ in range(count):
        task = dispatch(NOOP)
        wait([task.pk], 60)
        ids.append(task.pk)
    return times(ids)


def burst(count: int) -> dict[str, float]:
    """All at once; the rate from the first creation to the last end."""
    began = time.monotonic()
    ids = [dispatch(NOOP).pk for _ in range(count)]
    dispatched = time.monotonic() - began
    wait(ids, 1200)
    spans = Task.objects.filter(pk__in=ids).values_list("pulp_created", "finished_at")
    seconds = (max(end for _, end in spans) - min(made for made, _ in spans)).total_seconds()
    return {"dispatched_per_second": count / dispatched, "completed_per_second": count / seconds}


def lock(count: int, probes: int, drain_seconds: float) -> dict[str, Any]:
    """Many behind one lock: how fast an unrelated task is, and how fast they run once the lock is free."""
    resource = ["bench:lock"]
    holder = dispatch(SLEEP, args=(3600,), exclusive_resources=resource)
    wait([holder.pk], 60, ["running"])
    began = time.monotonic()
    waiting = [dispatch(NOOP, exclusive_resources=resource).pk for _ in range(count)]
    dispatched = time.monotonic() - began
    unrelated = noops(probes)
    cancel_task(holder.pk)
    wait([holder.pk], 120)
    time.sleep(drain_seconds)
    drained = Task.objects.filter(pk__in=waiting, state__in=TASK_FINAL_STATES).count()
    _clear(waiting)
    return {
        "dispatched_per_second": count / dispatched,
        "unrelated": unrelated,
        "drained_per_second": drained / drain_seconds,
    }


def _clear(ids: Sequence[Any]) -> None:
    """What is left of a line is forgotten, so that the next question begins with none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_task SET state = 'canceled', finished_at = now()"
            " WHERE state = 'waiting' AND pulp_id = ANY(%s)",
            [ids],
        )


def fill(count: int) -> dict[str, int]:
    """Finished tasks with two progress reports each."""
    set_guid("b" * 32)
    sample = Task.objects.filter(state="completed").first()
    for start in range(0, count, 1000):
        tasks = [
            Task(
                name=f"bench.op{number % 20}",
                state="completed",
                logging_cid="b" * 32,
                pulp_domain=sample.pulp_domain,
                reserved_resources_record=sample.reserved_resources_record,
                enc_args=[],
                enc_kwargs={},
                versions={"core": "3.0"},
                started_at=sample.started_at,
                finished_at=sample.finished_at,
                unblocked_at=sample.unblocked_at,
            )
            for number in range(start, min(start + 1000, count))
        ]
        Task.objects.bulk_create(tasks)
        ProgressReport.objects.bulk_create(
            ProgressReport(message="m", code=f"bench.{number}", state="completed", total=2, done=2, task=task)
            for task in tasks
            for number in range(2)
        )
    return {"tasks": Task.objects.count()}


def hold(seconds: float) -> dict[str, str]:
    """A task that runs; its id when it does."""
    task = dispatch(SLEEP, args=(seconds,))
    wait([task.pk], 60, ["running"])
    return {"id": str(task.pk)}


def lost(task_id: str, patience_seconds: float) -> dict[str, float | None]:
    """Seconds until a task whose worker was killed is not running any more; null when patience ends."""
    began = time.monotonic()
    try:
        wait([task_id], patience_seconds)
    except TimeoutError:
        return {"seconds": None}
    return {"seconds": time.monotonic() - began}


def cancel_waiting() -> dict[str, float]:
    """Milliseconds until a waiting task is canceled that every worker is too busy to start."""
    task = dispatch(NOOP)
    time.sleep(0.5)
    began = time.monotonic()
    cancel_task(task.pk)
    wait([task.pk], 600)
    return {"ms": (time.monotonic() - began) * 1000}


if __name__ == "__main__":
    set_guid("a" * 32)
    command, arguments = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(globals()[command](*arguments)))
