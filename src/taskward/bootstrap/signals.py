"""Being asked to stop: once nicely, a second time at once."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequests:
    """`first` is set by the first SIGTERM or SIGINT, `second` by the next."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    def ask(self) -> None:
        """One request to stop."""
        (self.second if self.first.is_set() else self.first).set()


@contextmanager
def stop_on_signals() -> Iterator[StopRequests]:
    """Inside the block the signals are requests; behind it they are what they were."""
    loop = asyncio.get_running_loop()
    requests = StopRequests()
    undo: list[Callable[[], object]] = []
    for number in _SIGNALS:
        try:
            loop.add_signal_handler(number, requests.ask)
        except (ValueError, RuntimeError, NotImplementedError):
            # Not the main thread: who runs the loop stops it otherwise.
            continue
        undo.append(lambda number=number: loop.remove_signal_handler(number))  # type: ignore[misc]
    try:
        yield requests
    finally:
        for restore in undo:
            restore()
