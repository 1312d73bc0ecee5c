"""Processes that live beside a server, and end with it."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from taskward.bootstrap.worker import run_worker
from taskward.settings import Settings

_log = structlog.get_logger(__name__)
_PAUSE_SECONDS = 2.0


def _work(settings: Settings, apps: Sequence[str]) -> None:
    _follow_server()
    run_worker(settings, apps)


def _network(settings: Settings) -> None:
    from taskward.bootstrap.peer import run_network  # noqa: PLC0415 - only this process pays for what it imports

    _follow_server()
    run_network(settings)


def _follow_server() -> None:
    """Lets this process end when its server is gone: one killed and started again has no more than asked for."""
    server = multiprocessing.parent_process()
    if server is None:
        return

    def follow() -> None:
        server.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="taskward-server-watch", daemon=True).start()


@contextmanager
def more_workers(settings: Settings, apps: Sequence[str], count: int) -> Iterator[None]:
    """Workers in processes of their own; asked to stop, and waited for, at the end."""
    processes = [_spawned(_work, settings, tuple(apps)) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


@contextmanager
def download_network(settings: Settings) -> Iterator[None]:
    """The embedded download network, if there is to be one: in a process of its own, begun again when it dies."""
    if not settings.peer.embedded:
        yield
        return
    is_ending = threading.Event()
    running = [_spawned(_network, settings)]

    def keep() -> None:
        while True:
            running[0].join()
            if is_ending.is_set():
                return
            _log.error("the embedded download network ended; it is started again", exit_code=running[0].exitcode)
            if is_ending.wait(_PAUSE_SECONDS):
                return
            running[0] = _spawned(_network, settings)

    keeper = threading.Thread(target=keep, name="taskward-network-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_ending.set()
        running[0].terminate()
        keeper.join()
        running[0].terminate()
        running[0].join()


def _spawned(target: Callable[..., None], *arguments: Any) -> Any:
    spawn: Any = multiprocessing.get_context("spawn")
    process = spawn.Process(target=target, args=arguments)
    process.start()
    return process
