"""`taskward top`: everything at a glance, live."""

import asyncio
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from taskward.cli.session import Session, remote
from taskward.cli.values import UsageError
from taskward.model.states import State

if TYPE_CHECKING:
    from taskward.cli.dashboard import Dashboard, Glance

CALM = timedelta(milliseconds=500)
"""Events that come closer together than this are looked at together."""
ANYWAY = timedelta(seconds=5)
"""How long without an event until it looks all the same: heartbeats make none."""
FRAMES_PER_SECOND = 4
SHOWN_AT_MOST = 100
WIDTH_OF_A_FILE = 120


@remote
async def top(
    session: Session,
    *,
    once: Annotated[bool, typer.Option("--once", help="Print one picture and end.")] = False,
) -> None:
    """Watch states, running tasks, workers, queues and failures live; q quits."""
    from taskward.cli.dashboard import Dashboard

    if not (once or session.as_json or (sys.stdin.isatty() and sys.stdout.isatty())):
        raise UsageError("top needs a terminal; --once prints one picture, --json the same as data")
    board = Dashboard(session.client.url, await _look(session))
    if once or session.as_json:
        if not session.console.is_terminal:
            session.console.width = WIDTH_OF_A_FILE
        session.show(board.glance, lambda _: board)
    else:
        await _draw(session, board)


async def _draw(session: Session, board: "Dashboard") -> None:
    from rich.live import Live

    with _keys() as quits, Live(board, console=session.console, screen=True, refresh_per_second=FRAMES_PER_SECOND):
        looking = asyncio.create_task(_keep_looking(session, board))
        leaving = asyncio.create_task(quits.wait())
        try:
            done, _ = await asyncio.wait([looking, leaving], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (looking, leaving):
                task.cancel()
            await asyncio.wait([looking, leaving])


async def _keep_looking(session: Session, board: "Dashboard") -> None:
    news = asyncio.Event()
    listening = asyncio.create_task(_listen(session, news))
    try:
        while not listening.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(ANYWAY.total_seconds()):
                    await news.wait()
            news.clear()
            board.glance = await _look(session)
            await asyncio.sleep(CALM.total_seconds())
        await listening
    finally:
        listening.cancel()


async def _listen(session: Session, news: asyncio.Event) -> None:
    async with aclosing(session.client.watch()) as events:
        async for _ in events:
            news.set()


async def _look(session: Session) -> "Glance":
    from taskward.cli.dashboard import Glance

    client = session.client
    stats, running, failed, workers, queues = await asyncio.gather(
        client.stats(),
        client.page(state=[State.RUNNING, State.CANCELING], sort="-started", limit=SHOWN_AT_MOST),
        client.page(state=State.FAILED, sort="-finished", limit=SHOWN_AT_MOST),
        client.workers(),
        client.queues(),
    )
    return Glance(stats=stats, running=running.items, failed=failed.items, workers=workers, queues=queues)


@contextmanager
def _keys() -> Iterator[asyncio.Event]:
    """An event that is set when somebody types q; keys come at once and unseen while this is open."""
    quits = asyncio.Event()
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)

    def read() -> None:
        if sys.stdin.read(1).lower() in {"q", "\x1b"}:
            quits.set()

    tty.setcbreak(keyboard)
    asyncio.get_running_loop().add_reader(keyboard, read)
    try:
        yield quits
    finally:
        asyncio.get_running_loop().remove_reader(keyboard)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
