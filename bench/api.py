"""What requests over HTTP cost, at many stored tasks, beside FastAPI with SQLAlchemy on PostgreSQL.

    python bench/api.py [--quick] [--stored 1000000] [--json FILE]

A real server without a worker, on SQLite; a thousand of its stored tasks ran, the others are copies of these. This
process is the client: 32 kept connections, each with one request under way. Three rounds, of which the median counts.
`us` is the processor time that the server process spent on a request: other programs change it little. PostgreSQL's own
is not in it.
"""

import argparse
import json
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.load import Load, load, request
from tests.clients import environment
from tests.postgres import PostgresServer, running_postgres
from tests.serving import running_server

RAN = 1000
BATCH = 100
P99_MS = 20


class Question(NamedTuple):
    """Requests of one kind: how many, how many tasks each is about, and what is to be reached."""

    name: str
    count: int
    tasks: int
    reach: float
    times_peer: float = 0


QUESTIONS = (
    Question("POST of one, tasks/s", 8000, 1, 4000, 5),
    Question("POST of 100, tasks/s", 400, BATCH, 25_000, 5),
    Question("GET of one, requests/s", 10_000, 1, 5000),
    Question("GET of a page of 50, requests/s", 3000, 1, 1000),
)

Requests = tuple[Callable[[int], bytes], ...]
"""What makes the requests of each question, by their numbers."""


def main() -> int:
    """Seeds, asks, prints, and writes the figures as JSON where told."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="one round of a fifth of the requests, 20,000 stored tasks"
    )
    parser.add_argument("--stored", type=int, help="how many tasks are stored before (1,000,000)")
    parser.add_argument("--json", type=Path, help="write every figure of every round to this file")
    options = parser.parse_args()
    stored = options.stored or (20_000 if options.quick else 1_000_000)
    rounds, share = (1, 5) if options.quick else (3, 1)
    found: dict[str, list[list[Load]]] = {}
    with tempfile.TemporaryDirectory(prefix="taskward-bench-") as folder, running_postgres({}) as postgres:
        contestants = {"Taskward": _taskward(Path(folder), stored), "FastAPI": _fastapi(postgres, stored)}
        for name, contestant in contestants.items():
            with contestant as (url, pid, requests):
                found[name] = [[] for _ in QUESTIONS]
                for _ in range(rounds):
                    for question, makes, answers in zip(QUESTIONS, requests, found[name], strict=True):
                        answers.append(uvloop.run(load(url, pid, makes, question.count // share)))
    print(f"{os.cpu_count()} cores, {stored:,} stored tasks, {rounds} rounds")
    for question, ours, peers in zip(QUESTIONS, *found.values(), strict=True):
        print(line(question, middle(ours), middle(peers)))
    if options.json:
        told = {name: {question.name: [one._asdict() for one in loads]
                for question, loads in zip(QUESTIONS, all_, strict=True)} for name, all_ in found.items()}  # fmt: skip
        options.json.write_text(json.dumps({"cores": os.cpu_count(), "stored": stored, "results": told}, indent=1))
    return 0


def line(question: Question, ours: Load, peers: Load) -> str:
    """A row of the table."""
    rate, ratio = ours.rate * question.tasks, ours.rate / peers.rate
    missed = [f"{question.reach:,.0f}/s"] if rate < question.reach else []
    if ratio < question.times_peer:
        missed.append(f"x {question.times_peer:g}")
    if question.name.startswith("GET") and ours.p99_ms > P99_MS:
        missed.append(f"p99 {P99_MS} ms")
    verdict = f"NOT reached: {', '.join(missed)}" if missed else "reached"
    told = [_told(name, one, question.tasks) for name, one in (("Taskward", ours), ("FastAPI", peers))]
    return f"{question.name:<33}{told[0]}  {told[1]}  x {ratio:.1f}  {verdict}"


def _told(name: str, load: Load, tasks: int) -> str:
    times = f"p50 {load.p50_ms:.1f}, p99 {load.p99_ms:.1f} ms; {load.cpu_us:,.0f} us"
    return f"{name} {load.rate * tasks:>7,.0f} ({times})"


def middle(answers: list[Load]) -> Load:
    """The median of the rounds, figure by figure."""
    return Load(*(statistics.median(figures) for figures in zip(*answers, strict=True)))


# ------------------------------------------------------------------ contestants


@contextmanager
def _taskward(folder: Path, stored: int) -> Iterator[tuple[str, int, Requests]]:
    apps = ("bench.pulp_app",)
    with running_server(folder, apps=apps) as server, server.client() as api:
        for _ in range(RAN // BATCH):
            answer = api.post("/v1/tasks", json={"tasks": [{"operation": "bench.noop"}] * BATCH})
            ids = [task["id"] for task in answer.raise_for_status().json()["items"]]
            if not api.post("/v1/tasks:wait", json={"ids": ids}).json()["done"]:
                raise RuntimeError("the worker is too slow")
    _multiply(folder / "taskward.db", stored // RAN - 1)
    with running_server(folder, workers=0, apps=apps) as server:
        headers = {"Authorization": f"Bearer {server.token}"}
        yield server.url, server.process.pid, _requests("/v1/tasks", "/v1/tasks", headers, stored)


def _multiply(database: Path, times: int) -> None:
    """Copies every task so many times, under new ids."""
    with sqlite3.connect(database, isolation_level=None) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(task)")]
        kept = ", ".join(name for name in columns if name not in ("number", "id", "root_id"))
        # With a limit it is not flattened, so that a row has one fresh id in both places.
        source = "(SELECT randomblob(16) AS fresh, task.* FROM copy, task LIMIT -1 OFFSET 0)"
        copies = "WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < ?)"
        insert = f"INSERT INTO task (id, root_id, {kept}) SELECT fresh, fresh, {kept} FROM {source}"  # noqa: S608 - names
        connection.execute(f"{copies} {insert}", (times,))


@contextmanager
def _fastapi(postgres: PostgresServer, stored: int) -> Iterator[tuple[str, int, Requests]]:
    postgres.create_database("peer")
    host = postgres.dsn("").rpartition("host=")[2]
    environ = {**os.environ, "BENCH_DATABASE": f"postgresql+asyncpg://{postgres.superuser}@/peer?host={host}"}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [str(environment("fastapi") / "python"), "-m", "uvicorn", "--app-dir", str(Path(__file__).parent)]
        command += ["--fd", str(listener.fileno()), "--no-access-log", "--log-level", "warning", "fastapi_app:app"]
        server = subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()])
    try:
        # The socket listens already: the first answer comes when the server does.
        httpx2.get(f"{url}/tasks", timeout=60, trust_env=False).raise_for_status()
        columns = "id, operation, state, queue, priority, args, created_at"
        row = "gen_random_uuid(), 'bench.noop', 'completed', 'default', 5, '{}', now()"
        copies = f"INSERT INTO job ({columns}) SELECT {row} FROM generate_series(1, {stored})"  # noqa: S608 - a number
        postgres.execute(f"{copies}; ANALYZE", "peer")
        yield url, server.pid, _requests("/tasks", "/tasks:many", {}, stored)
    finally:
        server.terminate()
        server.wait(30)


def _requests(tasks: str, submit_many: str, headers: dict[str, str], stored: int) -> Requests:
    one = json.dumps({"operation": "bench.noop"}).encode()
    many = json.dumps({"tasks": [{"operation": "bench.noop"}] * BATCH}).encode()
    chance = random.Random(1)  # noqa: S311 - the same tasks in every run
    post, post_many = request("POST", tasks, headers, one), request("POST", submit_many, headers, many)
    page = request("GET", f"{tasks}?limit=50", headers)
    return (
        lambda _: post,
        lambda _: post_many,
        lambda _: request("GET", f"{tasks}/{chance.randint(1, stored)}", headers),
        lambda _: page,
    )


if __name__ == "__main__":
    sys.exit(main())
