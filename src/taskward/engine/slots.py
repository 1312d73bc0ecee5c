"""The slots of a worker: how many bodies it runs at once."""

import asyncio
from collections import deque
from collections.abc import Callable


class Slots:
    """`capacity` slots. A body that waited for its children and goes on comes before a new task.

    `on_free` is called when a slot became free and nobody of the worker itself wanted it.
    """

    def __init__(self, capacity: int, on_free: Callable[[], None]) -> None:
        self.capacity = capacity
        self._on_free = on_free
        self._taken = 0
        self._returning: deque[asyncio.Future[None]] = deque()

    @property
    def free(self) -> int:
        """How many tasks may be claimed."""
        return max(self.capacity - self._taken, 0)

    def take(self) -> None:
        """Takes one, even beyond the capacity: whoever must go on does."""
        self._taken += 1

    def give_back(self) -> None:
        """Frees one, for the body that has waited longest for one if there is any."""
        while self._returning:
            future = self._returning.popleft()
            if not future.done():
                future.set_result(None)
                return
        self._taken -= 1
        if self._taken < self.capacity:
            self._on_free()

    async def take_again(self) -> None:
        """Takes one as soon as there is one."""
        if self._taken < self.capacity:
            self._taken += 1
            return
        future = asyncio.get_running_loop().create_future()
        self._returning.append(future)
        try:
            await future
        except asyncio.CancelledError:
            # A body that is to stop needs no slot to do so; one that was just given to it is its own all the same.
            if not future.done() or future.cancelled():
                self.take()
            raise
