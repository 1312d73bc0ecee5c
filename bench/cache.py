"""How long a search and a deletion take, from the request to the answer that shows them done.

    python bench/cache.py [--hosts 100] [--rounds 9] [--dead 0] [--json]

A real server with its worker on a new SQLite file; the hosts are stand-ins on loopback in this process, each with a
gRPC server of its own, so what they cost is in the figures. A round is a POST of a job to Dragonfly's Open API and the
GET that shows its end; every other host keeps what is looked for. `--dead` hosts refuse connections.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx2

from taskward.modules.cache.identity import task_id
from tests.dragonfly import ClustersBeside, Daemon, as_flag
from tests.serving import running_server

_URL = "https://example.com/file"


def _round(api: httpx2.Client, kind: str) -> tuple[float, dict[str, Any]]:
    """Seconds from the request to the answer that shows the end, and the job."""
    began = time.perf_counter()
    job = api.post("/oapi/v1/jobs", json={"type": kind, "args": {"url": _URL}}).json()
    while job["state"] == "PENDING":
        job = api.get(f"/oapi/v1/jobs/{job['id']}").json()
    seconds = time.perf_counter() - began
    if job["state"] != "SUCCESS":
        sys.exit(f"the job failed: {json.dumps(job['result'])}")
    return seconds, job


def _measure(hosts: int, rounds: int, dead: int) -> dict[str, Any]:
    name = task_id(_URL)
    daemons = [Daemon(f"host-{number:04}", is_seed=number == 0) for number in range(hosts)]
    figures: dict[str, Any] = {"hosts": hosts, "dead": dead, "rounds": rounds}
    with ClustersBeside() as beside, tempfile.TemporaryDirectory() as folder:
        flags = {"cache.clusters": as_flag(beside.cluster(*daemons)), "log.level": "warning"}
        for daemon in daemons[hosts - dead :]:
            beside.stop(daemon)
        with running_server(Path(folder), flags=flags, apps=()) as server, server.client() as api:
            _round(api, "get_task")  # loads gRPC
            for kind, list_name in (("get_task", "peers"), ("delete_task", "success_tasks")):
                taken = []
                for _ in range(rounds):
                    for daemon in daemons[::2]:
                        daemon.keeps[name] = "finished"
                    seconds, job = _round(api, kind)
                    taken.append(seconds)
                    told = job["result"]["job_states"][0]["results"][0][list_name]
                    if len(told) != len(daemons[: hosts - dead : 2]):
                        sys.exit(f"{kind} told of {len(told)} hosts")
                figures[kind] = {
                    "median_seconds": round(statistics.median(taken), 3),
                    "worst_seconds": round(max(taken), 3),
                }
    return figures


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dead", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = _measure(options.hosts, options.rounds, options.dead)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{options.hosts} hosts, {options.dead} of them dead, {options.rounds} rounds")
    for kind in ("get_task", "delete_task"):
        print(
            f"{kind:<12} median {figures[kind]['median_seconds']:.3f} s, worst {figures[kind]['worst_seconds']:.3f} s"
        )


if __name__ == "__main__":
    main()
