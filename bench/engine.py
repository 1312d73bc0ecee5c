"""How fast the engine is, beside the limit it is built towards, in one run.

    python bench/engine.py [--full] [--json FILE]

Each contestant answers each question in a process of its own, on a new database; contestants take turns, round by
round, and the median of the rounds counts. `prototype` is a bare loop over the same databases with the same durability
and none of the features: the limit to be close to. Ratios are Taskward / prototype; below 1.3 either way is a tie.
"""

import argparse
import json
import os
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

from tests.postgres import running_postgres  # noqa: E402 - the tests' private server is the bench's too

CONTESTANTS = {"taskward": "on_taskward.py", "prototype": "on_prototype.py"}


class Question(NamedTuple):
    """What is asked. `count` is for the short form; `figure` is what counts of the answer."""

    name: str
    words: tuple[str, ...]
    count: int
    figure: str
    more_is_better: bool = True


QUESTIONS = (
    Question("single durable submit", ("submit",), 1000, "rate"),
    Question("100 concurrent submitters", ("submit", "--at-once", "100"), 10_000, "rate"),
    Question("batches of 100", ("submit", "--batch", "100"), 20_000, "rate"),
    Question("process, 100 at once", ("process", "--at-once", "100"), 10_000, "rate"),
    Question("process, one at a time", ("process", "--at-once", "1"), 1000, "rate"),
    Question("latency p50, ms", ("latency",), 100, "p50_ms", more_is_better=False),
)


def main() -> int:
    """Asks, prints a table, and writes the figures as JSON where told."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="five rounds of ten times as many tasks")
    parser.add_argument("--json", type=Path, help="write every figure of every round to this file")
    options = parser.parse_args()
    rounds, factor = (5, 10) if options.full else (2, 1)
    results: list[dict[str, Any]] = []
    print(f"{'question':<28}{'store':<12}{'taskward':>12}{'prototype':>12}{'ratio':>8}")
    with running_postgres() as server:
        databases = 0

        @contextmanager
        def database(store: str) -> Iterator[str]:
            nonlocal databases
            databases += 1
            if store == "sqlite":
                with tempfile.TemporaryDirectory(prefix="taskward-bench-") as folder:
                    yield f"{folder}/bench.db"
                return
            name = f"bench_{databases}"
            server.create_database(name)
            yield server.dsn(name)
            server.drop_database(name)

        for question in QUESTIONS:
            for store in ("sqlite", "postgres"):
                answers: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
                for _ in range(rounds):
                    for name, script in CONTESTANTS.items():
                        with database(store) as address:
                            answers[name].append(ask(script, question, address, question.count * factor))
                results.append({"question": question.name, "store": store, "answers": answers})
                print(line(question, store, answers), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"cores": os.cpu_count(), "results": results}, indent=1))
    return 0


def ask(script: str, question: Question, database: str, count: int) -> dict[str, float]:
    """One answer of one contestant."""
    command = [sys.executable, str(HERE / script), *question.words, "--database", database, "--count", str(count)]
    with tempfile.TemporaryDirectory(prefix="taskward-bench-") as folder:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600, cwd=folder)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def line(question: Question, store: str, answers: dict[str, list[dict[str, float]]]) -> str:
    """A row of the table."""
    ours, limit = (median(answers[name], question.figure) for name in ("taskward", "prototype"))
    ratio = ours / limit if question.more_is_better else limit / ours
    return f"{question.name:<28}{store:<12}{ours:>12,.1f}{limit:>12,.1f}{ratio:>8.2f}"


def median(answers: Sequence[dict[str, float]], figure: str) -> float:
    """The middle of the rounds."""
    return statistics.median(answer[figure] for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
