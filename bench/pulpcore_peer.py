"""A real pulpcore to stand beside: installed from its pins, on a database of the same PostgreSQL server."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.clients import environment
from tests.postgres import PostgresServer

USER, PASSWORD = "admin", "password"
_DRIVER = Path(__file__).with_name("pulpcore_driver.py")

_SETTINGS = """
SECRET_KEY = "bench"
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql", "NAME": "{database}", "USER": "{user}", "HOST": "{host}"
}}}}
CONTENT_ORIGIN = "http://127.0.0.1:1"
DB_ENCRYPTION_KEY = "{folder}/key"
DEPLOY_ROOT = "{folder}"
MEDIA_ROOT = "{folder}/media"
STATIC_ROOT = "{folder}/static"
WORKING_DIRECTORY = "{folder}/tmp"
FILE_UPLOAD_TEMP_DIR = "{folder}/tmp"
ANALYTICS = False
CACHE_ENABLED = False
"""


class Pulpcore:
    """A running installation: its API, and workers that come and go."""

    def __init__(self, programs: Path, environ: dict[str, str], folder: Path, port: int) -> None:
        self._programs = programs
        self._environ = environ
        self._folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.workers: list[subprocess.Popen[bytes]] = []

    def drive(self, command: str, *arguments: Any) -> Any:
        """Runs a command of the driver in pulpcore's environment."""
        driver = [str(self._programs / "python"), str(_DRIVER), command, json.dumps(arguments)]
        done = subprocess.run(driver, env=self._environ, check=True, stdout=subprocess.PIPE, timeout=3600)
        return json.loads(done.stdout.splitlines()[-1])

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """One more worker, online."""
        log = (self._folder / "worker.log").open("ab")
        before = self._online()
        worker = subprocess.Popen(
            [self._programs / "pulpcore-worker"], env=self._environ, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        self.workers.append(worker)
        deadline = time.monotonic() + 60
        while self._online() <= before and time.monotonic() < deadline:
            time.sleep(0.1)
        return worker

    def _online(self) -> int:
        return len(httpx2.get(f"{self.url}/pulp/api/v3/status/", trust_env=False).json()["online_workers"])

    def kill(self, worker: "subprocess.Popen[bytes]") -> None:
        """As a power failure would: the worker and what it has forked."""
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@contextmanager
def running_pulpcore(postgres: PostgresServer, folder: Path, database: str) -> Iterator[Pulpcore]:
    """Without a worker yet. Installing takes about half a minute the first time, migrating ten seconds every time."""
    programs = environment("pulpcore")
    postgres.create_database(database)
    for name in ("media", "static", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "key").write_bytes(base64.urlsafe_b64encode(secrets.token_bytes(32)))
    settings = folder / "settings.py"
    host = postgres.dsn("").rpartition("host=")[2]
    settings.write_text(_SETTINGS.format(database=database, user=PostgresServer.superuser, host=host, folder=folder))
    environ = dict(os.environ, PULP_SETTINGS=str(settings), DJANGO_SETTINGS_MODULE="pulpcore.app.settings")
    manager = [str(programs / "pulpcore-manager")]
    for command in (["migrate"], ["reset-admin-password", "-p", PASSWORD]):
        subprocess.run([*manager, *command], env=environ, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "api.log").open("wb") as log:
        api = subprocess.Popen(
            [programs / "pulpcore-api", "-b", f"127.0.0.1:{port}", "-w", "2", "--no-control-socket"],
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    pulpcore = Pulpcore(programs, environ, folder, port)
    try:
        _wait_for(f"{pulpcore.url}/pulp/api/v3/livez/")
        yield pulpcore
    finally:
        for worker in pulpcore.workers:
            pulpcore.kill(worker)
        api.terminate()
        api.wait(30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx2.get(url, trust_env=False)
        except httpx2.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
