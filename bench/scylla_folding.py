"""100,000 steps fold into one root: how fast, in how much memory, and how long its status takes.

    python bench/scylla_folding.py [--steps 100000] [--postgres URL] [--json]

Two shapes: every step directly below the root, where each leaves a record; and groups of 100, where only the groups do.
A real server with its worker; memory is the resident set of that process, measured before and after, and its peak.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve()
_OPERATIONS = HERE.stem
_ROUNDS = 9

try:
    from taskward import Context, Module
except ImportError:
    sys.exit("run it with the project's Python: .venv/bin/python bench/scylla_folding.py")

module = Module("folding")


@module.operation()
async def flat(ctx: Context, steps: int) -> None:
    """Every step is directly below the root."""
    for number in range(steps):
        with ctx.step("part", total=1) as step:
            step.progress(done=1)
        if number % 1000 == 999:
            await ctx.checkpoint()


@module.operation()
async def grouped(ctx: Context, steps: int) -> None:
    """Steps in groups of 100."""
    for _ in range(steps // 100):
        with ctx.step("group") as group:
            for _ in range(100):
                with group.step("part", total=1) as step:
                    step.progress(done=1)
        await ctx.checkpoint()


class Server:
    """A server process of its own."""

    def __init__(self, data_dir: Path, database: str) -> None:
        command = [sys.executable, "-m", "taskward.cli", "serve", "--port", "0", "--data-dir", str(data_dir)]
        command += ["--app", _OPERATIONS, *(("--database", database) if database else ())]
        self.process = subprocess.Popen(
            command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.output = self.process.stdout or sys.exit("no output")
        self.url = self.output.readline().split()[-1]
        self.token = (data_dir / "admin-token").read_text().strip()

    def call(self, method: str, path: str, body: Any = None, wait: int = 0) -> bytes:
        """The body of the answer."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=600)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status >= 400:
            raise SystemExit(f"{method} {path}: {response.status} {answer[:300]!r}")
        return answer

    def memory(self, word: str) -> float:
        """Of `/proc`: VmRSS now, VmHWM at its peak; in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(word))

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(30)
        self.output.close()


def milliseconds(server: Server, path: str) -> tuple[float, int]:
    """The median over some rounds, and the size of the answer."""
    took = []
    size = 0
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        size = len(server.call("GET", path))
        took.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(took), 1), size


def measure(shape: str, steps: int, database: str, folder: Path) -> dict[str, Any]:
    """One shape on a server process of its own."""
    server = Server(folder, database)
    try:
        server.call("POST", "/v1/tasks", {"operation": f"folding.{shape}", "args": {"steps": 100}}, wait=30)
        before = server.memory("VmRSS")
        began = time.perf_counter()
        body = {"operation": f"folding.{shape}", "args": {"steps": steps}}
        task = json.loads(server.call("POST", "/v1/tasks", body, wait=60))
        while task["state"] not in {"completed", "failed"}:
            task = json.loads(server.call("GET", f"/v1/tasks/{task['id']}", wait=60))
        seconds = time.perf_counter() - began
        if task["state"] != "completed":
            sys.exit(f"it ended {task['state']}: {task['error']}")
        folded = server.memory("VmHWM")
        native, _ = milliseconds(server, f"/v1/tasks/{task['id']}")
        status, status_bytes = milliseconds(server, f"/task_manager/wait_task/{task['id']}")
        listed, _ = milliseconds(server, "/task_manager/list_module_tasks/folding")
        began = time.perf_counter()
        tree = server.call("GET", f"/task_manager/task_status_recursive/{task['id']}")
        recursive = time.perf_counter() - began
        shown = len(json.loads(tree))
        expected = 1 + (steps if shape == "flat" else steps // 100)
        if shown != expected:
            sys.exit(f"{shown} nodes are shown, not {expected}")
        return {
            "shape": shape,
            "database": "postgres" if database else "sqlite",
            "steps": steps,
            "steps_per_second": round(steps / seconds),
            "rss_before_mib": round(before),
            "rss_peak_folding_mib": round(folded),
            "rss_peak_all_mib": round(server.memory("VmHWM")),
            "native_status_ms": native,
            "status_ms": status,
            "status_bytes": status_bytes,
            "list_ms": listed,
            "recursive_ms": round(1000 * recursive),
            "recursive_bytes": len(tree),
            "nodes_shown": shown,
        }
    finally:
        server.stop()


def main() -> None:
    """Measures both shapes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--postgres", metavar="URL", default="", help="an empty database; else SQLite")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [measure(shape, given.steps, given.postgres, Path(folder)) for shape in ("flat", "grouped")]
    if given.json:
        print(json.dumps(results))
        return
    for result in results:
        print(f"{result['shape']} on {result['database']}: {result['steps']:,} steps")
        for name, value in list(result.items())[3:]:
            print(f"  {name:22} {value:>12,}")


if __name__ == "__main__":
    main()
