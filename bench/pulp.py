"""Taskward beside pulpcore, question by question, in one run on one machine: `python bench/pulp.py [--json FILE]`.

Both use the same PostgreSQL server; Taskward is measured on SQLite too. Each is asked through its own front door, with
its default settings, and times of tasks are those that the tasks themselves tell. pulpcore gets two workers where that
is better for it, Taskward gets one. Milliseconds are asked in turn, so that a machine that is slow for a while is slow
for all. The first run installs pulpcore, which takes about half a minute; a run takes eight.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import pulp_house, pulpcore_peer
from tests.postgres import running_postgres

Figures = dict[str, float | None]

STORED = 10_000
LOCKED = 5_000
BURST, PEERS_BURST = 10_000, 300
ROUNDS, SINGLES, WARM_UP = 10, 12, 60
PROBES = 15
PAGES = 40
DRAIN_SECONDS = 20

TARGETS = {
    "no-op, completed per second": (100.0, "more"),
    "no-op, p50 ms to completed": (10.0, "less"),
    "no-op, p95 ms to completed": (10.0, "less"),
    "list of 100 among 10,000, p50 ms (session)": (10.0, "less"),
    "list of 100 among 10,000, p95 ms (session)": (10.0, "less"),
    "list of 100 among 10,000, p50 ms (Basic)": (10.0, "less"),
    "5,000 behind a lock, unrelated p50 ms to completed": (10.0, "less"),
    "5,000 behind a lock, drained per second": (100.0, "more"),
    "worker killed, s until its task ended": (10.0, "less"),
    "cancel of a waiting task, ms": (10.0, "less"),
}
"""By question: how many times better than the peer, and which way is better."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def one_by_one(postgres: Any, folder: Path) -> dict[str, Figures]:
    """A no-op after the other, on all sides in turn."""
    postgres.create_database("singles")
    singles: dict[str, list[dict[str, float]]] = {"postgresql": [], "sqlite": [], "pulpcore": []}
    with (
        pulpcore_peer.running_pulpcore(postgres, folder / "peer", "pulp_singles") as peer,
        pulp_house.running_house(folder / "postgresql", postgres.dsn("singles")) as distributed,
        pulp_house.running_house(folder / "sqlite") as embedded,
    ):
        ask: dict[str, Callable[[int], list[dict[str, float]]]] = {
            "postgresql": distributed.noops,
            "sqlite": embedded.noops,
            "pulpcore": lambda count: list(peer.drive("noops", count)),
        }
        for side in (peer, distributed, embedded):
            side.start_worker()
        for noops in ask.values():
            noops(WARM_UP)
        for _ in range(ROUNDS):
            for name, noops in ask.items():
                singles[name] += noops(SINGLES)
    return {name: of_tasks(found) for name, found in singles.items()}


def ask_pulpcore(postgres: Any, folder: Path, patience_seconds: float) -> Figures:
    """Every question to pulpcore."""
    with pulpcore_peer.running_pulpcore(postgres, folder, "pulp") as peer:
        peer.start_worker()
        say("pulpcore: many at once")
        one_worker = peer.drive("burst", PEERS_BURST)
        peer.start_worker()
        two_workers = peer.drive("burst", PEERS_BURST)
        say("pulpcore: behind a lock")
        lock = peer.drive("lock", LOCKED, PROBES, DRAIN_SECONDS)
        say("pulpcore: lists")
        peer.drive("fill", STORED)
        pages = lists(peer.url, pulpcore_peer.USER, pulpcore_peer.PASSWORD)
        say("pulpcore: cancel")
        peer.kill(peer.workers.pop())
        cancel = _while_busy(peer)
        say(f"pulpcore: a worker is killed; waiting for up to {patience_seconds:g} s")
        lost = _lost(peer, patience_seconds)
    return {
        "no-op, completed per second": max(one_worker["completed_per_second"], two_workers["completed_per_second"]),
        **of_the_lock(lock),
        **of_the_rest(pages, lost, cancel),
    }


def _while_busy(peer: pulpcore_peer.Pulpcore) -> float:
    """Milliseconds to cancel a waiting task while the one worker is busy, for 8 s more."""
    holding = threading.Thread(target=peer.drive, args=("hold", 8))
    holding.start()
    holding.join()
    canceled: float = peer.drive("cancel_waiting")["ms"]
    return canceled


def _lost(peer: pulpcore_peer.Pulpcore, patience_seconds: float) -> float | None:
    task = peer.drive("hold", 3600)["id"]
    for worker in peer.workers:
        peer.kill(worker)
    peer.workers.clear()
    peer.start_worker()
    seconds: float | None = peer.drive("lost", task, patience_seconds)["seconds"]
    return seconds


def ask_taskward(folder: Path, new_database: Callable[[str], str | None]) -> Figures:
    """Every question to Taskward, lists and lost workers on databases of their own."""
    name = "SQLite" if new_database("first") is None else "PostgreSQL"
    with pulp_house.running_house(folder / "first", new_database("first")) as house:
        house.start_worker()
        say(f"Taskward on {name}: many at once")
        house.burst(BURST // 10)
        burst = house.burst(BURST)
        say(f"Taskward on {name}: behind a lock")
        lock = house.lock(LOCKED, PROBES)
    with pulp_house.running_house(folder / "lists", new_database("lists")) as house:
        house.start_worker()
        say(f"Taskward on {name}: lists")
        house.fill(STORED)
        pages = lists(house.url, pulp_house.USER, pulp_house.PASSWORD)
    with pulp_house.running_house(folder / "lost", new_database("lost")) as house:
        say(f"Taskward on {name}: cancel, and a worker is killed")
        house.start_worker("--concurrency", "1")
        [busy] = house.submit("endless")
        house.running(busy)
        cancel = house.cancel_waiting()
        house.cancel(busy)
        lost = house.lost()
    return {
        "no-op, completed per second": burst["completed_per_second"],
        **of_the_lock(lock),
        **of_the_rest(pages, lost, cancel),
    }


def lists(url: str, user: str, password: str) -> dict[str, list[float]]:
    """Milliseconds for the first page of 100, with a session cookie and with Basic."""
    host = url.removeprefix("http://")
    basic = {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
    connection = http.client.HTTPConnection(host)
    connection.request("POST", "/pulp/api/v3/login/", headers=basic)
    answer = connection.getresponse()
    answer.read()
    cookies = [value.partition(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    session = {"Cookie": "; ".join(cookies)}
    return {"session": _pages(connection, session), "Basic": _pages(connection, basic)}


def _pages(connection: http.client.HTTPConnection, headers: dict[str, str]) -> list[float]:
    taken = []
    for number in range(PAGES + 3):
        began = time.perf_counter()
        connection.request("GET", "/pulp/api/v3/tasks/?limit=100", headers=headers)
        answer = connection.getresponse()
        page = json.loads(answer.read())
        if number >= 3:
            taken.append((time.perf_counter() - began) * 1000)
        if len(page["results"]) != 100 or page["count"] < STORED or len(page["results"][50]["progress_reports"]) != 2:
            raise RuntimeError(f"not the page that was asked for: {page['count']}, {page['results'][50]}")
    return taken


def of_tasks(singles: list[dict[str, float]]) -> Figures:
    """What was learned of tasks that do nothing, one after the other."""
    finished = [each["finished_ms"] for each in singles]
    return {
        "no-op, p50 ms to started": statistics.median(each["started_ms"] for each in singles),
        "no-op, p50 ms to completed": statistics.median(finished),
        "no-op, p95 ms to completed": percentile(finished, 0.95),
    }


def of_the_lock(lock: dict[str, Any]) -> Figures:
    """What was learned while many waited for one lock."""
    unrelated = [each["finished_ms"] for each in lock["unrelated"]]
    return {
        "5,000 behind a lock, unrelated p50 ms to completed": statistics.median(unrelated),
        "5,000 behind a lock, unrelated p95 ms to completed": percentile(unrelated, 0.95),
        "5,000 behind a lock, drained per second": lock["drained_per_second"],
    }


def of_the_rest(pages: dict[str, list[float]], lost: float | None, cancel: float) -> Figures:
    """What was learned of lists, of a lost worker and of a cancel."""
    return {
        "list of 100 among 10,000, p50 ms (session)": statistics.median(pages["session"]),
        "list of 100 among 10,000, p95 ms (session)": percentile(pages["session"], 0.95),
        "list of 100 among 10,000, p50 ms (Basic)": statistics.median(pages["Basic"]),
        "worker killed, s until its task ended": lost,
        "cancel of a waiting task, ms": cancel,
    }


def say(text: str) -> None:
    """What goes on, on stderr."""
    print(text, file=sys.stderr, flush=True)


def ratio(question: str, ours: float | None, peers: float | None, patience_seconds: float) -> float | None:
    """How many times better we are; a peer that outlasted our patience counts as long as that."""
    if question.startswith("worker killed") and peers is None:
        peers = patience_seconds
    if ours is None or peers is None or not ours or not peers:
        return None
    _, better = TARGETS.get(question, (0, "more" if "per second" in question else "less"))
    return ours / peers if better == "more" else peers / ours


def report(results: dict[str, Figures], patience_seconds: float) -> list[str]:
    """A table, one line for each question."""
    lines = [f"{'':52}{'pulpcore':>12}{'PostgreSQL':>14}{'x':>9}{'SQLite':>12}{'x':>9}{'target':>9}"]
    for question, peers in results["pulpcore"].items():
        line = f"{question:52}{_shown(peers, patience_seconds):>12}"
        for name, width in (("postgresql", 14), ("sqlite", 12)):
            ours = results[name][question]
            times = ratio(question, ours, peers, patience_seconds)
            line += f"{_shown(ours, patience_seconds):>{width}}{'-' if times is None else format(times, '.1f'):>9}"
        wanted = TARGETS.get(question)
        lines.append(line + f"{'' if wanted is None else format(wanted[0], 'g'):>9}")
    return lines


def _shown(value: float | None, patience_seconds: float) -> str:
    return f"> {patience_seconds:g}" if value is None else f"{value:,.1f}"


def main() -> None:
    """Asks all, prints the table, and writes the figures where it is told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--patience", type=float, default=120, help="seconds to wait for pulpcore's lost worker")
    options = parser.parse_args()
    results: dict[str, Figures] = {}
    with running_postgres({}) as postgres, tempfile.TemporaryDirectory(prefix="taskward-bench-") as name:
        folder = Path(name)
        for database in ("first", "lists", "lost"):
            postgres.create_database(database)
        asked: dict[str, Callable[[], Figures]] = {
            "postgresql": lambda: ask_taskward(folder / "postgresql", postgres.dsn),
            "sqlite": lambda: ask_taskward(folder / "sqlite", lambda _: None),
            "pulpcore": lambda: ask_pulpcore(postgres, folder / "pulpcore", options.patience),
        }
        say("one by one, in turn")
        singles = one_by_one(postgres, folder / "singles")
        loads: dict[str, float] = {}
        for side, ask in asked.items():
            results[side] = singles[side] | ask()
            # Of the last five minutes: about as long as each side takes.
            loads[side] = round(os.getloadavg()[1], 1)
    print("\n".join(report(results, options.patience)))
    print("load of the machine: " + ", ".join(f"{name} {load}" for name, load in loads.items()))
    if options.json:
        ratios = {
            name: {
                question: ratio(question, value, results["pulpcore"][question], options.patience)
                for question, value in results[name].items()
            }
            for name in ("postgresql", "sqlite")
        }
        targets = {name: each[0] for name, each in TARGETS.items()}
        document = {"figures": results, "ratios": ratios, "targets": targets, "load": loads}
        options.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
