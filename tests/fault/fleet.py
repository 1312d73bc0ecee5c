"""The processes of one installation: started, killed and started again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Process:
    """One process of a fleet, under every pid it has had."""

    name: str
    command: list[str]
    log: Path
    popen: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        assert self.popen is not None, f"{self.name} was never started"
        return self.popen.pid

    @property
    def is_running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None


@dataclass
class Fleet:
    """Processes that share a database. `heartbeat` is how often its workers beat; a lease is 1.8 times as long."""

    folder: Path
    database: str
    heartbeat: timedelta
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    port: int = field(default_factory=lambda: _free_port())  # noqa: PLW0108 - defined below

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        """Of the administrator; the server has been started."""
        return (self.folder / "admin-token").read_text().strip()

    def serve(self, *options: str) -> Process:
        """Starts the server."""
        return self._add("server", "serve", f"--port={self.port}", *options)

    def work(self, name: str, *options: str) -> Process:
        """Starts a worker in a process of its own."""
        return self._add(name, "worker", f"--name={name}", *options)

    def kill(self, process: Process, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends a signal to one process, and after SIGKILL waits until it is gone."""
        os.kill(process.pid, number)
        if number is signal.SIGKILL and process.popen is not None:
            process.popen.wait(10)

    def stop(self, process: Process) -> int:
        """Asks one process to end, and returns its exit code."""
        assert process.popen is not None
        process.popen.terminate()
        return process.popen.wait(20)

    def start(self, process: Process) -> None:
        """Starts a process, again."""
        with process.log.open("ab") as log:
            process.popen = subprocess.Popen(
                process.command, cwd=ROOT, env=self._environ(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def close(self) -> None:
        """Ends whatever still runs."""
        for process in self.processes:
            if process.popen is not None and process.popen.poll() is None:
                process.popen.kill()
                process.popen.wait()

    def logs(self) -> str:
        """The last lines of each process."""
        return "\n".join(
            f"--- {process.name}\n" + "\n".join(process.log.read_text(errors="replace").splitlines()[-40:])
            for process in self.processes
        )

    def _add(self, name: str, command: str, *options: str) -> Process:
        arguments = [
            *(sys.executable, "-m", "taskward.cli", command, *options),
            *("--data-dir", str(self.folder), "--app", "tests.fault.operations"),
            *(("--database", self.database) if self.database else ()),
        ]
        process = Process(name, arguments, self.folder / f"{name}.log")
        self.processes.append(process)
        self.start(process)
        return process

    def _environ(self) -> dict[str, str]:
        seconds = self.heartbeat.total_seconds()
        return {
            **os.environ,
            "TASKWARD_WORKER__HEARTBEAT_INTERVAL": f"{seconds}s",
            "TASKWARD_WORKER__LEASE_TTL": f"{seconds * 1.8}s",
            "TASKWARD_WORKER__ABORT_GRACE": "1s",
            "TASKWARD_SERVER__SHUTDOWN_GRACE": "1s",
            **self.settings,
        }


@contextmanager
def fleet_in(folder: Path, database: str, heartbeat: timedelta, **settings: str) -> Iterator[Fleet]:
    """A fleet without processes yet; those that it gets end with the block."""
    fleet = Fleet(folder, database, heartbeat, settings)
    try:
        yield fleet
    finally:
        fleet.close()
        print(fleet.logs())  # noqa: T201 - pytest shows it beside what failed


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
