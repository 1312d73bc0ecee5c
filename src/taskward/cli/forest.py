"""What is known of the tasks that somebody waits for, kept up to date by events."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from taskward.cli.rates import Pace
from taskward.client import AsyncClient, ServerUnreachable
from taskward.client.watching import NAMED_AT_ONCE
from taskward.model.states import FINAL, WAITING
from taskward.wire import TaskView, TreeNodeView

CALM = timedelta(milliseconds=200)
"""Events that come closer together than this are looked at together."""
REASONS_AFTER = timedelta(seconds=2)
"""How long after the last event it is asked again why something waits: what it waits for has events of its own."""
TREES = 8
"""Of how many tasks the tree is looked at, not only the state."""
NODES = 500
"""How much of each tree."""


class Forest:
    """The tasks of a wait and the trees below some of them."""

    def __init__(self, client: AsyncClient, roots: Sequence[UUID]) -> None:
        self._client = client
        self._order = list(roots)
        self._changed = asyncio.Event()
        self._touched: set[UUID] = set()
        self.tasks: dict[UUID, TaskView] = {}
        self.trees: dict[UUID, list[TreeNodeView]] = {}
        self.paces: dict[UUID, Pace] = {}
        self.reasons: dict[UUID, str] = {}
        """Why a task does not start."""
        self.version = 0
        """Grows with every look; what is drawn of one version need not be worked out again."""

    @property
    def is_final(self) -> bool:
        """Whether every task has ended."""
        return len(self.tasks) == len(self._order) and all(task.state in FINAL for task in self.tasks.values())

    @property
    def ended(self) -> list[TaskView]:
        """The tasks, in the order they were named."""
        return [self.tasks[task] for task in self._order if task in self.tasks]

    @property
    def nodes(self) -> list[TreeNodeView]:
        """Every node that is to be shown, roots before what is below them."""
        return [node for tree in self.trees.values() for node in tree]

    async def follow(self, tell: Callable[["Forest"], None] = lambda _: None) -> None:
        """Keeps it up to date until every task has ended; calls `tell` after every look."""
        look = asyncio.create_task(self._look_until_final(tell))
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait([look, watch], return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
            await look
        finally:
            for task in (look, watch):
                task.cancel()
            await asyncio.wait([look, watch])

    async def _watch(self) -> None:
        only = self._order[0] if len(self._order) == 1 else None
        async with aclosing(self._client.watch(only)) as watch:
            async for event in watch:
                self._touch(self._order if only or event is None else (event.task_id, event.root_id))
        # Nothing more will happen, perhaps because everything had happened before.
        self._touch(self._order)

    def _touch(self, tasks: Iterable[UUID]) -> None:
        self._touched.update(tasks)
        self._changed.set()

    async def _look_until_final(self, tell: Callable[["Forest"], None]) -> None:
        wanted = set(self._order)
        while not self.is_final:
            with suppress(TimeoutError):
                async with asyncio.timeout(REASONS_AFTER.total_seconds() if any(self.reasons.values()) else None):
                    await self._changed.wait()
            self._changed.clear()
            touched, self._touched = self._touched & wanted, set()
            try:
                await self.look([task for task in self._order if task in touched or self.reasons.get(task)])
            except ServerUnreachable:
                # Once it has answered, a server that is away is waited for, as long as the stream does.
                if not self.version:
                    raise
                self._touched |= touched
            tell(self)
            await asyncio.sleep(CALM.total_seconds())

    async def look(self, touched: Sequence[UUID]) -> None:
        """Asks the server for tasks that may have changed. What has ended is not asked for again."""
        unfinished = [task for task in touched if task not in self.tasks or self.tasks[task].state not in FINAL]
        for start in range(0, len(unfinished), NAMED_AT_ONCE):
            for task in await self._client.get_many(unfinished[start : start + NAMED_AT_ONCE]):
                self.tasks[task.id] = task
        for name in unfinished:
            if name in self.trees or len(self.trees) < TREES:
                self.trees[name] = (await self._client.tree(name, limit=NODES)).nodes
                self.reasons[name] = await self._reason(name)
        self._measure(datetime.now(UTC))
        self.version += 1

    async def _reason(self, task: UUID) -> str:
        if self.tasks[task].state not in WAITING:
            return ""
        obstacles = (await self._client.why(task)).obstacles
        return obstacles[0].detail if obstacles else ""

    def _measure(self, now: datetime) -> None:
        for node in self.nodes:
            if node.state not in FINAL:
                self.paces.setdefault(node.id, Pace()).note(now, node.progress.done)
