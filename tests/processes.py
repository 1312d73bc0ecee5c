"""Processes that are not ours: whether they run, and waiting for what they do."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 60


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended, and that nobody has asked for yet, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], T | None], what: str) -> T:
    """Waits until something is so that another process brings about, of which nothing tells."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"no {what} within {PATIENCE_SECONDS} seconds"
        time.sleep(0.02)
    return found


def pids_in(path: Path) -> list[int]:
    """The process ids that a program has written to a file, when it has written its line to the end."""
    written = path.read_text() if path.exists() else ""
    return [int(pid) for pid in written.split()] if written.endswith("\n") else []
