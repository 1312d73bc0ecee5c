"""How fast the engine is, beside other queues and beside the limit it is built towards, in one run.

    python bench/engine.py [--quick | --full] [--only WORD] [--no-peers] [--json FILE]

Each contestant answers each question in a process of its own, on a new database; contestants take turns, round by
round, and the median of the rounds counts. `prototype` is a bare loop over the same databases with the same durability
and none of the features: the limit to be close to. Peers run as their documentation sets them up, in a virtual
environment that the first run makes. Ratios are Taskward / other; below 1.3 either way is a tie.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tests.clients import environment  # noqa: E402 - other people's programs are installed as the tests do it
from tests.postgres import PostgresServer, running_postgres  # noqa: E402 - the tests' private server is the bench's too

STORES = ("sqlite", "postgres")
OURS = {"taskward": STORES, "prototype": STORES}
PEERS = {"procrastinate": ("postgres",), "pgqueuer": ("postgres",), "huey": ("sqlite",)}
"""Contestants, and the databases they run on."""
SLOW = {"procrastinate": 10, "huey": 2}
"""Contestants that get so many times fewer tasks, where that is no help to them."""

Figures = dict[str, float]


class Question(NamedTuple):
    """What is asked. `count` is for a usual run; `figure` is what counts of the answer."""

    name: str
    words: tuple[str, ...]
    count: int
    figure: str = "rate"
    more_is_better: bool = True


QUESTIONS = (
    Question("single durable submit", ("submit",), 2000),
    Question("100 concurrent submitters", ("submit", "--at-once", "100"), 10_000),
    Question("batches of 100", ("submit", "--batch", "100"), 20_000),
    Question("process, 100 at once", ("process", "--at-once", "100"), 10_000),
    Question("process, one at a time", ("process", "--at-once", "1"), 1000),
    Question("latency p50, ms", ("latency",), 100, "p50_ms", more_is_better=False),
    Question("latency p99, ms", ("latency",), 100, "p99_ms", more_is_better=False),
    Question("worker RSS, MB", ("latency",), 100, "rss_mb", more_is_better=False),
)

REACH: dict[tuple[str, str], dict[str, float]] = {
    ("single durable submit", "sqlite"): {"procrastinate": 3, "pgqueuer": 1},
    ("100 concurrent submitters", "sqlite"): {"figure": 15_000},
    ("batches of 100", "sqlite"): {"procrastinate": 4, "pgqueuer": 1, "figure": 30_000},
    ("process, 100 at once", "sqlite"): {"procrastinate": 25, "huey": 4, "pgqueuer": 1, "figure": 10_000},
    ("process, 100 at once", "postgres"): {"procrastinate": 20, "pgqueuer": 1},
    ("process, one at a time", "sqlite"): {"procrastinate": 4},
    ("process, one at a time", "postgres"): {"procrastinate": 2, "pgqueuer": 1.3},
    ("latency p50, ms", "sqlite"): {"procrastinate": 1 / 0.7, "figure": 3},
    ("latency p50, ms", "postgres"): {"procrastinate": 1 / 0.7},
    ("latency p99, ms", "sqlite"): {"figure": 15},
    ("worker RSS, MB", "sqlite"): {"figure": 70},
    ("worker RSS, MB", "postgres"): {"figure": 70},
}
"""By question and store: how many times as good as another, or which figure, is to be reached."""


class Contest:
    """Asks contestants in turn, and remembers what they answered: some questions differ only in the figure."""

    def __init__(self, server: PostgresServer, peers: Path | None, rounds: int, factor: float) -> None:
        self._server = server
        self._peers = peers
        self._rounds = rounds
        self._factor = factor
        self._databases = 0
        self._answers: dict[tuple[str, ...], dict[tuple[str, str], list[Figures]]] = {}

    def answers(self, question: Question) -> dict[tuple[str, str], list[Figures]]:
        """What each contestant answered on each of its stores, once per round."""
        if question.words not in self._answers:
            contestants = OURS if self._peers is None else {**OURS, **PEERS}
            entries = [(name, store) for name, stores in contestants.items() for store in stores]
            found: dict[tuple[str, str], list[Figures]] = {entry: [] for entry in entries}
            for _ in range(self._rounds):
                for name, store in entries:
                    found[name, store].append(self._ask(name, store, question))
            self._answers[question.words] = found
        return self._answers[question.words]

    def _ask(self, name: str, store: str, question: Question) -> Figures:
        python = Path(sys.executable) if name in OURS or self._peers is None else self._peers / "python"
        slower = SLOW.get(name, 1) if question.words[0] == "process" else 1
        count = max(int(question.count * self._factor / slower), 20)
        with self._database(store) as address, tempfile.TemporaryDirectory(prefix="taskward-bench-") as folder:
            command = [str(python), str(HERE / f"on_{name}.py"), *question.words]
            command += ["--database", address, "--count", str(count)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600, cwd=folder)
        figures: Figures = json.loads(done.stdout.splitlines()[-1])
        return figures

    @contextmanager
    def _database(self, store: str) -> Iterator[str]:
        """The address of a new, empty one."""
        if store == "sqlite":
            with tempfile.TemporaryDirectory(prefix="taskward-bench-") as folder:
                yield f"{folder}/bench.db"
            return
        self._databases += 1
        name = f"bench_{self._databases}"
        self._server.create_database(name)
        yield self._server.dsn(name)
        self._server.drop_database(name)


def main() -> int:
    """Asks, prints a table, and writes the figures as JSON where told."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="one round of fewer tasks: to see that all works")
    size.add_argument("--full", action="store_true", help="five rounds of five times as many tasks")
    parser.add_argument("--only", default="", help="only questions with this word in their name")
    parser.add_argument("--no-peers", action="store_true", help="only Taskward and the prototype")
    parser.add_argument("--json", type=Path, help="write every figure of every round to this file")
    options = parser.parse_args()
    rounds, factor = (1, 0.2) if options.quick else (5, 5.0) if options.full else (3, 1.0)
    results: list[dict[str, Any]] = []
    with running_postgres({}) as server:
        contest = Contest(server, None if options.no_peers else environment("queues"), rounds, factor)
        print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {rounds} rounds; x: Taskward / other")
        for question in (one for one in QUESTIONS if options.only in one.name):
            answers = contest.answers(question)
            middles = {entry: median(rounds_, question.figure) for entry, rounds_ in answers.items()}
            for store in STORES:
                print(line(question, store, middles), flush=True)
            told = [
                {"contestant": name, "store": store, "median": middles[name, store], "rounds": rounds_}
                for (name, store), rounds_ in answers.items()
            ]
            results.append({"question": question.name, "figure": question.figure, "answers": told})
    if options.json:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        options.json.write_text(json.dumps({**machine, "rounds": rounds, "results": results}, indent=1))
    return 0


def line(question: Question, store: str, middles: dict[tuple[str, str], float]) -> str:
    """A row of the table: our figure, and how it stands beside each other contestant."""
    ours = middles["taskward", store]
    reach = REACH.get((question.name, store), {})
    told = [f"{question.name:<26}{store:<9}{ours:>10,.1f}{_verdict(question, ours, reach.get('figure'))} "]
    for (name, other_store), other in middles.items():
        # What runs on one database only stands beside us on both.
        if name != "taskward" and (other_store == store or name in PEERS):
            ratio = ours / other if question.more_is_better else other / ours
            wanted = reach.get(name)
            aim = "" if wanted is None else f" of {wanted:.3g}, {'reached' if ratio >= wanted else 'NOT reached'}"
            told.append(f"{name} {other:,.1f} (x {ratio:.2f}{aim})")
    return "  ".join(told)


def _verdict(question: Question, ours: float, wanted: float | None) -> str:
    if wanted is None:
        return ""
    reached = ours >= wanted if question.more_is_better else ours <= wanted
    return f" ({'reached' if reached else 'NOT reached'}: {wanted:,g})"


def median(answers: Sequence[Figures], figure: str) -> float:
    """The middle of the rounds."""
    return statistics.median(answer[figure] for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
