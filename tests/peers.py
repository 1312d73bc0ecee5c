"""A download network of real processes on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TASKWARD = [sys.executable, "-m", "taskward.cli"]


@dataclass
class Process:
    """A peer or a scheduler. `told` is what it said when it was ready."""

    process: "subprocess.Popen[str]"
    told: dict[str, Any]
    log: Path

    @property
    def address(self) -> str:
        """Its gRPC."""
        return self.told.get("address") or f"{self.told['ip']}:{self.told['port']}"

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def stop(self) -> None:
        """Asks it to end."""
        self.process.terminate()
        self.end()

    def end(self) -> None:
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout:
                self.process.stdout.close()


class DownloadNetwork:
    """Starts peers in one folder; each has its cache in a folder of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler_port = free_port()
        self.processes: list[Process] = []

    @property
    def scheduler_address(self) -> str:
        return f"127.0.0.1:{self.scheduler_port}"

    def scheduler(self) -> Process:
        return self.start("scheduler", "peer", "scheduler", "--port", str(self.scheduler_port))

    def peer(self, name: str, *options: str, env: dict[str, str] | None = None) -> Process:
        words = ["peer", "--scheduler", self.scheduler_address, "--cache-dir", str(self.folder / name), "--name", name]
        words += ["--port", "0", "--upload-port", "0", "--proxy-port", "0", "--capacity", str(10**10), *options]
        return self.start(name, *words, env={"TASKWARD_PEER__ANNOUNCE_INTERVAL": "0.5s", **(env or {})})

    def seed(self, name: str = "seed", *options: str, env: dict[str, str] | None = None) -> Process:
        return self.peer(name, "--seed", "--allow", "127.0.0.1", *options, env=env)

    def start(self, name: str, *words: str, env: dict[str, str] | None = None) -> Process:
        log = self.folder / f"{name}.log"
        with log.open("a") as stderr:
            process = subprocess.Popen(
                [*TASKWARD, *words, "--json"],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={**os.environ, **(env or {})},
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"it ended at its start: {log.read_text()}"
        started = Process(process, json.loads(line), log)
        self.processes.append(started)
        return started

    def fetch(self, url: str, output: Path, peer: Process, *options: str) -> "subprocess.Popen[str]":
        """Starts a fetch."""
        words = ["fetch", url, "-o", str(output), "--peer", peer.address, *options]
        return subprocess.Popen(
            [*TASKWARD, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder
        )

    def fetched(self, url: str, output: Path, peer: Process, *options: str) -> tuple[int, str]:
        """Runs a fetch; its exit code, and all it said."""
        process = self.fetch(url, output, peer, *options)
        out, error = process.communicate(timeout=60)
        return process.returncode, out + error

    def close(self) -> None:
        for process in reversed(self.processes):
            if process.process.poll() is None:
                process.stop()


@contextmanager
def download_network(folder: Path) -> Iterator[DownloadNetwork]:
    """Ends every process that is started in it."""
    network = DownloadNetwork(folder)
    try:
        yield network
    finally:
        network.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
