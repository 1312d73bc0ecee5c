"""`make run`: a server, and a real operation on it, shown live.

Makes a checksum manifest of the standard library of the Python that runs it. A second run finds the manifest of the
first and tells what has changed.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskward.cli import pictures
from taskward.cli.exits import ExitCode
from taskward.cli.session import complain, console, exit_code
from taskward.cli.waiting import exit_of, watch
from taskward.client import AsyncClient
from taskward.model.errors import TaskwardError

APP = "examples.checksum_manifest"
PORT = 8080
CONCURRENCY = 4
"""As many folders at a time as one screen can show."""


def main() -> None:
    """Runs the demonstration; with `--once` the exit code is that of the operation."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end with the operation, with its exit code")
    parser.add_argument("--folder", type=Path, default=Path(sysconfig.get_path("stdlib")), help="what to look through")
    parser.add_argument("--data-dir", type=Path, default=Path(".taskward"), help="where to keep everything")
    options = parser.parse_args()
    data_dir: Path = options.data_dir.absolute()
    try:
        with serving(data_dir) as server:
            code = asyncio.run(show(server.url, options.folder, data_dir))
            if not options.once:
                print("\nThe server goes on. Ctrl-C stops it.")
                server.process.wait()
    except TaskwardError as error:
        complain(error)
        code = exit_code(error)
    except KeyboardInterrupt:
        print("\nStopped.")
        code = ExitCode.INTERRUPTED if options.once else ExitCode.DONE
    sys.exit(code)


class Server:
    """A server process that answers at `url`."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url


class NotStarted(TaskwardError):
    """The server ended before it answered."""


@contextmanager
def serving(data_dir: Path) -> Iterator[Server]:
    """A server and a worker on one SQLite file in `data_dir`, ended with the block. Raises NotStarted."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "serve.log"
    command = [sys.executable, "-m", "taskward.cli", "serve", "--data-dir", str(data_dir), "--app", APP]
    command += ["--port", str(_free_port()), "--concurrency", str(CONCURRENCY)]
    with log.open("a") as log_file:
        # A session of its own: Ctrl-C reaches this process alone, which ends the server when it is done.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=log_file, text=True, start_new_session=True, env=_environment()
        )
    try:
        first = next(iter(process.stdout or ()), "")
        url = first.rpartition(" ")[2].strip()
        if not url.startswith("http"):
            process.wait()
            last = "\n".join(log.read_text().splitlines()[-5:])
            raise NotStarted(f"the server did not start; {log} ends with:\n{last}")
        yield Server(process, url)
    finally:
        process.terminate()
        try:
            process.wait()
        except KeyboardInterrupt:
            process.kill()
            process.wait()


def _free_port() -> int:
    """The usual port, or any that is free when something else has it."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", PORT)) == 0 else PORT


def _environment() -> dict[str, str]:
    # Whoever looks at a demonstration does not wait for the rest of it when it is to stop.
    return {"TASKWARD_SERVER__SHUTDOWN_GRACE": "2s", **os.environ}


async def show(url: str, folder: Path, data_dir: Path) -> ExitCode:
    """Submits the example, shows it until it ends, and says how; the exit code of that."""
    taskward = _shortened(Path(sys.executable).with_name("taskward"))
    screen = console()
    screen.print(f"Taskward is at {url}", style="bold")
    screen.print(f"The administrator's token is in {_shortened(data_dir / 'admin-token')}")
    screen.print(f"Try in another terminal: {taskward} top, {taskward} task list, {taskward} --help\n")
    async with AsyncClient(url, data_dir=data_dir) as client:
        # One that an earlier demonstration was stopped in goes on by itself.
        tasks = await client.unfinished(operation="manifest.build") or [
            await client.submit(
                "manifest.build",
                name=folder.name,
                path=str(folder),
                output=str(data_dir / f"{folder.name}.manifest.jsonl"),
            )
        ]
        screen.print(f"Checksums of all files in {tasks[0].args['path']}, a child task for each folder:")
        ended = await watch(client, [task.id for task in tasks])
    screen.print(pictures.outcome(ended))
    return exit_of(ended)


def _shortened(path: Path) -> Path:
    """The path as seen from here, where that is shorter."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
