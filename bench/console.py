"""The console at a million tasks: `make bench BENCH=console`, or `python bench/console.py --tasks 1000000 --json FILE`.

Three questions: how soon a browser with an empty cache shows the first rows of the list; how long the server takes for
each filter; and how long the page is deaf to its reader while 1,000 events a second arrive. The store is filled through
the engine's own transactions, so that counters and indexes are what they would be.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx2
from playwright.sync_api import Browser, sync_playwright
from uuid_utils.compat import uuid7

from bench.console_app import CHATTY_TASKS
from taskward.model.policy import Resource
from taskward.model.states import State
from taskward.model.task import NewTask, TaskError
from taskward.notify import LocalNotifier
from taskward.ports import Claim, Finish, Submission, WorkerInfo
from taskward.store import SqliteStore
from tests.console.browsing import add_users, launch, visiting
from tests.serving import Server, running_server

_PIECE = 1_000
_OPERATIONS = ("media.transcode", "media.inspect", "archive.copy", "archive.verify")
_LISTENED_SECONDS = 15
_FIRST_ROW = """
new MutationObserver((_, observer) => {
  if (document.querySelector('[role=cell] a')) { window.firstRowAt = performance.now(); observer.disconnect(); }
}).observe(document, {subtree: true, childList: true});
"""
_DEAF = """
window.deaf = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.deaf.push(entry.duration);
}).observe({type: 'longtask'});
"""


def main() -> None:
    """Fills a store, measures, prints, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        began = time.perf_counter()
        asyncio.run(_fill(data_dir / "taskward.db", options.tasks))
        print(f"{options.tasks:,} tasks in the store after {time.perf_counter() - began:.0f} s")
        figures: dict[str, Any] = {"tasks": options.tasks}
        with running_server(data_dir, workers=1, apps=("bench.console_app",)) as server:
            add_users(server)
            with server.client() as api:
                figures["filters_ms"] = _filters(api)
            with sync_playwright() as playwright:
                browser = launch(playwright)
                figures["first_row_ms"] = [_first_row(browser, server) for _ in range(5)]
                print(f"first row after {statistics.median(figures['first_row_ms']):.0f} ms (median of 5, cold)")
                for path in ("/", "/tasks?state=running"):
                    figures[f"deaf{path}"] = _deaf(browser, server, path)
                browser.close()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


# ------------------------------------------------------------------ the store


async def _fill(path: Path, count: int) -> None:
    """Of 1,000 tasks 20 have failed, 10 were canceled, 5 wait and the others have completed."""
    store = SqliteStore(path, LocalNotifier())
    await store.open()
    now = datetime.now(UTC) - timedelta(hours=6)
    worker = uuid7()
    await store.workers.register(
        WorkerInfo(
            id=worker,
            name="filler",
            host="bench",
            pid=1,
            queues=("default",),
            operations=_OPERATIONS,
            concurrency=_PIECE,
            version="0",
            started_at=now,
            heartbeat_at=now,
        )
    )
    claim = Claim(("default",), _PIECE, _OPERATIONS)
    for start in range(0, count, _PIECE):
        now += timedelta(hours=5) / max(count // _PIECE, 1)
        tasks = tuple(_new_task(number) for number in range(start, start + _PIECE))
        await store.tasks.submit(Submission(tasks), now)
        claimed = (await store.tasks.exchange(worker, (), claim, now + timedelta(milliseconds=40))).claimed
        ends = [_end(index, task.id, task.attempt) for index, task in enumerate(claimed)]
        await store.tasks.exchange(worker, ends, None, now + timedelta(milliseconds=400))
    await store.close()


def _new_task(number: int) -> NewTask:
    operation = _OPERATIONS[number % len(_OPERATIONS)]
    return NewTask(
        id=uuid7(),
        operation=operation,
        module=operation.partition(".")[0],
        name=f"{operation} {number}",
        args=json.dumps({"title": f"film-{number % 5_000}"}).encode(),
        labels={"team": ("video", "storage", "web")[number % 3], "batch": str(number // _PIECE)},
        client="" if number % 10 else "acme",
        correlation_id=f"c-{number // 50}",
        resources=(Resource(f"film-{number % 5_000}", exclusive=False),) if number % 4 == 0 else (),
        # These stay where they are.
        paused=number % _PIECE >= _PIECE - 5,
    )


def _end(index: int, task_id: Any, attempt: int) -> Finish:
    if index % 50 == 0:
        error = TaskError(type=("ValueError", "TimeoutError")[index % 100 == 0], message="the film is torn")
        return Finish(task_id=task_id, attempt=attempt, state=State.FAILED, error=error)
    state = State.CANCELED if index % 100 == 1 else State.COMPLETED
    return Finish(task_id=task_id, attempt=attempt, state=state)


# ------------------------------------------------------------------ the server


def _filters(api: httpx2.Client) -> dict[str, float]:
    """The median of five answers for each filter of the list, and for what the overview asks."""
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    asked: dict[str, list[tuple[str, str]]] = {
        "everything": [],
        "state failed": [("state", "failed")],
        "state paused": [("state", "paused")],
        "state running": [("state", "running"), ("state", "canceling")],
        "operation": [("operation", "media.inspect")],
        "operation, failed": [("operation", "archive.verify"), ("state", "failed")],
        "module": [("module", "archive")],
        "queue": [("queue", "default")],
        "label, one in three": [("label", "team:storage")],
        "label, one in a thousand": [("label", "batch:7")],
        "resource": [("resource", "film-4000")],
        "worker": [("worker", "filler")],
        "client": [("client", "acme")],
        "client, failed": [("client", "acme"), ("state", "failed")],
        "correlation": [("correlation_id", "c-77")],
        "text, common": [("text", "media")],
        "text, one in a million": [("text", "archive.copy 4242")],
        "text, nowhere": [("text", "nowhere to be found")],
        "created since": [("created_since", hour_ago)],
        "created before, failed": [("created_before", hour_ago), ("state", "failed")],
        "finished, last first": [("sort", "-finished")],
        "oldest first": [("sort", "created")],
        "roots": [("roots", "true")],
    }
    figures: dict[str, float] = {}
    for name, query in asked.items():
        figures[name] = _median_ms(api, "/v1/tasks", [*query, ("limit", "100")])
    for path in ("stats", "stats/series", "stats/waiting", "stats/failures"):
        figures[path] = _median_ms(api, f"/v1/{path}", [])
    for name, median in figures.items():
        print(f"{name:28} {median:7.1f} ms")
    return figures


def _median_ms(api: httpx2.Client, path: str, query: list[tuple[str, str]]) -> float:
    lasted: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        api.get(path, params=httpx2.QueryParams(query)).raise_for_status()
        lasted.append((time.perf_counter() - began) * 1_000)
    return round(statistics.median(lasted), 1)


# ------------------------------------------------------------------ the browser


def _first_row(browser: Browser, server: Server) -> float:
    """From the start of the navigation, with nothing in the cache, to the first row on the page. In ms."""
    with visiting(browser, server, "ann") as visit:
        visit.page.add_init_script(_FIRST_ROW)
        visit.open("/tasks")
        visit.page.get_by_role("cell").first.wait_for()
        return float(visit.page.evaluate("window.firstRowAt"))


def _deaf(browser: Browser, server: Server, path: str) -> dict[str, float]:
    """How long the page did not heed its reader while chatty tasks told of their progress. In ms."""
    with server.client() as api, visiting(browser, server, "ann") as visit:
        page = visit.open(path)
        page.get_by_role("heading").first.wait_for()
        tasks = [
            api.post("/v1/tasks", json={"operation": "bench.chatty"}).raise_for_status().json()
            for _ in range(CHATTY_TASKS)
        ]
        page.evaluate(_DEAF)
        page.evaluate("window.heard = 0; window.counter = new EventSource('/v1/events');")
        page.evaluate("window.counter.addEventListener('progress', () => { window.heard += 1; })")
        page.wait_for_timeout(_LISTENED_SECONDS * 1_000)
        heard, deaf = page.evaluate("[window.heard, window.deaf]")
        for task in tasks:
            api.post(f"/v1/tasks/{task['id']}:cancel")
    figures = {
        "events_per_second": round(heard / _LISTENED_SECONDS),
        "long_tasks": len(deaf),
        "longest_ms": round(max(deaf, default=0)),
    }
    print(f"{path}: {figures}")
    return figures


if __name__ == "__main__":
    main()
