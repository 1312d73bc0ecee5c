"""Stands between a worker and a program: when the worker is gone, so is the program.

    python -I -S guardian.py FD GRACE_SECONDS PROGRAM ARGUMENT...

It leads the process group that the program and all its children are in, and tells the worker over the socket FD how the
program ended: `exit CODE`, or `error TEXT` when it could not be started. Only the standard library is imported: it
starts in a few milliseconds.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def main() -> None:
    """Runs the program to its end, or to the worker's."""
    line = socket.socket(fileno=int(sys.argv[1]))
    grace_seconds = float(sys.argv[2])
    # Handled and not ignored: what is ignored stays so in the program, what is handled does not.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    try:
        program = subprocess.Popen(sys.argv[3:])  # noqa: S603 - the workflow's author says what runs
    except OSError as error:
        line.sendall(f"error {error.strerror or error}".encode())
        return
    threading.Thread(target=_outlive, args=(line, grace_seconds), daemon=True).start()
    code = program.wait()
    try:
        line.sendall(f"exit {code}".encode())
    except OSError:
        pass  # nobody is left to tell
    finally:
        # Whatever the program has left behind ends with it, and this process too.
        os.killpg(0, signal.SIGKILL)


def _outlive(line: socket.socket, grace_seconds: float) -> None:
    """Waits for the worker to be gone, and ends what it has left."""
    with contextlib.suppress(OSError):
        line.recv(1)
    os.killpg(0, signal.SIGTERM)
    time.sleep(grace_seconds)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
