"""Waiting for tasks while showing them: a live tree on a terminal, plain lines elsewhere."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack
from uuid import UUID

from taskward.cli import pictures
from taskward.cli.exits import ExitCode
from taskward.cli.forest import Forest
from taskward.cli.news import News
from taskward.cli.session import Session, console
from taskward.client import AsyncClient, WaitTimedOut
from taskward.client.filters import TaskFilter
from taskward.model.states import FINAL, State
from taskward.wire import TaskView

FRAMES_PER_SECOND = 8


class Chosen(TypedDict, total=False):
    """Which roots a wait for all means."""

    module: str
    operation: str
    client: str
    queue: str
    labels: dict[str, str]


async def watch(
    client: AsyncClient, tasks: Sequence[UUID], timeout: timedelta | None = None, *, quiet: bool = False
) -> list[TaskView]:
    """The tasks as they ended; unless `quiet`, shown meanwhile on stderr. Raises WaitTimedOut."""
    forest = Forest(client, tasks)
    try:
        async with asyncio.timeout(None if timeout is None else timeout.total_seconds()):
            if quiet:
                await forest.follow()
            elif sys.stderr.isatty():
                await _draw(forest)
            else:
                await forest.follow(News().tell)
    except TimeoutError:
        late = [task for task in forest.ended if task.state not in FINAL]
        raise WaitTimedOut(late or await client.get_many(tasks[:1])) from None
    return forest.ended


async def _draw(forest: Forest) -> None:
    from rich.live import Live

    from taskward.cli.canvas import Canvas

    with Live(Canvas(forest), console=console(sys.stderr), refresh_per_second=FRAMES_PER_SECOND, redirect_stdout=False):
        await forest.follow()


async def see_through(session: Session, tasks: Sequence[UUID], timeout: timedelta | None) -> ExitCode:
    """Waits for tasks, says how they ended, and ends the command accordingly."""
    try:
        ended = await watch(session.client, tasks, timeout, quiet=session.as_json)
    except asyncio.CancelledError:
        session.say("No longer waiting; what was waited for goes on.")
        raise
    session.show(ended[0] if len(ended) == 1 else ended, lambda _: pictures.outcome(ended))
    return exit_of(ended)


async def see_all_through(
    session: Session, timeout: timedelta | None, since: datetime | None, **chosen: Unpack[Chosen]
) -> ExitCode:
    """As `see_through`, for every root that matches and is unfinished, until there is none.

    Those created since then, or meanwhile, count as well, even those that had ended before they were seen.
    """
    deadline = None if timeout is None else datetime.now(UTC) + timeout
    mark = 0 if since else await _newest(session.client)
    ended: dict[UUID, TaskView] = {}
    while tasks := await session.client.unfinished(**chosen):
        left = None if deadline is None else max(deadline - datetime.now(UTC), timedelta())
        for task in await watch(session.client, [task.id for task in tasks], left, quiet=session.as_json):
            ended[task.id] = task
    for task in await _created(session.client, mark, since, chosen):
        ended.setdefault(task.id, task)
    shown = sorted(ended.values(), key=lambda task: task.number)
    session.show(shown, lambda _: pictures.outcome(shown))
    return exit_of(shown)


async def _newest(client: AsyncClient) -> int:
    return max((task.number for task in (await client.page(limit=1)).items), default=0)


async def _created(client: AsyncClient, mark: int, since: datetime | None, chosen: Chosen) -> list[TaskView]:
    """Finished roots that match, with a number above the mark, created since then; newest first."""
    filters: TaskFilter = {name: value for name, value in chosen.items() if name != "labels"}  # type: ignore[assignment]
    filters["label"] = chosen.get("labels", {})
    filters["roots"] = True
    if since is not None:
        filters["created_since"] = since
    found: list[TaskView] = []
    async for task in client.tasks(**filters):
        if task.number <= mark:
            break
        if task.state in FINAL:
            found.append(task)
    return found


def exit_of(tasks: Sequence[TaskView]) -> ExitCode:
    """How a wait for these tasks ends."""
    good = all(task.state is State.COMPLETED for task in tasks)
    return ExitCode.DONE if good else ExitCode.NOT_COMPLETED
