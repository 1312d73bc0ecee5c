"""A real server process on a free port, with or without a worker."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parent.parent
_PROGRAM = """
import json, sys
from pathlib import Path
from taskward.bootstrap.server import serve
from taskward.settings import load
given = json.loads(sys.argv[1])
settings = load(given["flags"], environ={}).settings
serve(settings, given["apps"], workers=given["workers"], announce=lambda started: print(started.url, flush=True))
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    data_dir: Path
    process: "subprocess.Popen[str]"
    token: str
    """The administrator's."""

    def client(self, token: str | None = None, **headers: str) -> httpx2.Client:
        """Speaks to the server as an administrator, or with another token; "" is nobody."""
        token = self.token if token is None else token
        if token:
            headers = {"Authorization": f"Bearer {token}", **headers}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)


@contextmanager
def running_server(
    data_dir: Path,
    *,
    workers: int = 1,
    flags: Mapping[str, Any] | None = None,
    apps: tuple[str, ...] = ("tests.probe_app",),
) -> Iterator[Server]:
    """Ends with the block, by SIGTERM; a server that does not end by itself fails the test."""
    given = {
        "flags": {"server.port": 0, "server.data_dir": str(data_dir), "server.shutdown_grace": 2, **(flags or {})},
        "workers": workers,
        "apps": apps,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, json.dumps(given)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, f"the server ended at its start with {process.wait(10)}"
        yield Server(url, data_dir, process, (data_dir / "admin-token").read_text().strip())
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
