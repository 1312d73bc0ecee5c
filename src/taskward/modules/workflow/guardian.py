"""Stands between a worker and a program: when the worker is gone, so is the program.

    python -I -S guardian.py FD GRACE_SECONDS PROGRAM ARGUMENT...

It leads the process group that the program and all its children are in, and tells the worker over the socket FD how the
program ended: `exit CODE` (a signal's number is negative), or `error TEXT` when it could not be started. It imports
next to nothing, so that it starts quickly.
"""

import _thread
import os
import signal
import sys
import time


def main() -> None:
    """Runs the program to its end, or to the worker's."""
    line, grace_seconds, program = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    os.set_inheritable(line, False)
    # Handled and not ignored: what is ignored stays so in the program, what is handled does not.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    try:
        pid = os.posix_spawn(program[0], program, os.environ)
    except OSError as error:
        os.write(line, f"error {error.strerror or error}".encode())
        return
    _thread.start_new_thread(_outlive, (line, grace_seconds))
    _, status = os.waitpid(pid, 0)
    try:
        os.write(line, f"exit {os.waitstatus_to_exitcode(status)}".encode())
    finally:
        # Whatever the program has left behind ends with it, and this process too.
        os.killpg(0, signal.SIGKILL)


def _outlive(line: int, grace_seconds: float) -> None:
    """Waits for the worker to be gone, and ends what it has left."""
    try:
        os.read(line, 1)
    finally:
        os.killpg(0, signal.SIGTERM)
        time.sleep(grace_seconds)
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
