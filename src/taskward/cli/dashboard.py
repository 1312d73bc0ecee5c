"""The picture that `taskward top` draws."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from rich.console import Console, ConsoleOptions, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from taskward.cli.words import LOOKS, ago, share, span
from taskward.model.states import State
from taskward.wire import QueueView, StatsView, TaskView, WorkerView


class Glance(Struct, frozen=True):
    """What there is to see at one moment."""

    stats: StatsView
    running: list[TaskView]
    failed: list[TaskView]
    workers: list[WorkerView]
    queues: list[QueueView]


class Dashboard:
    """Draws the last glance, as large as the terminal is."""

    def __init__(self, url: str, glance: Glance) -> None:
        self._url = url
        self.glance = glance
        self.trouble = ""
        """Why the glance is not of now, if it is not."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        now = datetime.now(UTC)
        height = options.height or options.size.height
        glance = self.glance
        below = min(max(len(glance.workers), len(glance.queues)) + 3, max(height // 4, 5))
        failures = min(len(glance.failed) + 3, max(height // 4, 4))
        layout = Layout()
        layout.split_column(
            Layout(self._header(now), name="header", size=1),
            Layout(_states(glance.stats, options.max_width), name="states", size=3),
            Layout(_running(glance.running, now, height - below - failures - 7), name="running", ratio=1),
            Layout(name="below", size=below),
            Layout(_failures(glance.failed, now, failures - 3), name="failures", size=failures),
        )
        layout["below"].split_row(
            Layout(_workers(glance.workers, now, below - 3)), Layout(_queues(glance.queues, below - 3))
        )
        yield layout

    def _header(self, now: datetime) -> Text:
        text = Text.assemble(("Taskward ", "bold"), self.glance.stats.version, f"  {self._url}  ")
        text.append(f"{now.astimezone():%H:%M:%S}", style="bright_black")
        text.append(f"  {self.trouble}" if self.trouble else "   q quits", style="red" if self.trouble else "dim")
        return text


def _states(stats: StatsView, width: int) -> Panel:
    counts = [(state, stats.states.get(state.value, 0)) for state in State]
    cells = Text("   ", no_wrap=True, overflow="ellipsis").join(
        Text.assemble((f"{LOOKS[state].sign} ", LOOKS[state].style), (f"{count:,}", "bold"), f" {state}")
        for state, count in counts
        if count or state in {State.QUEUED, State.RUNNING, State.COMPLETED, State.FAILED}
    )
    return Panel(cells, title="tasks", title_align="left", border_style="bright_black", width=width)


def _panel(title: str, table: Table, count: int, shown: int) -> Panel:
    name = f"{title} ({shown} of {count})" if count > shown else title
    return Panel(table, title=name, title_align="left", border_style="bright_black")


def _table(*columns: str) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0), header_style="bright_black")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    return table


def _running(tasks: Sequence[TaskView], now: datetime, room: int) -> Panel:
    table = _table("#", "name", "time", "progress", "", "message", "worker")
    table.columns[1].ratio = 3
    table.columns[3].width = 20
    table.columns[5].ratio = 2
    for task in tasks[: max(room, 1)]:
        done = task.progress
        meter: RenderableType = ""
        if done.total:
            meter = ProgressBar(total=done.total, completed=done.done, width=20, complete_style="bright_blue")
        look = LOOKS[task.state]
        table.add_row(
            str(task.number),
            Text.assemble((f"{look.sign} ", look.style), task.name),
            span(now - task.started_at) if task.started_at else "",
            meter,
            share(done.done, done.total, done.unit) if done.done or done.total else "",
            done.message,
            task.worker or "",
        )
    return _panel("running", table, len(tasks), min(len(tasks), max(room, 1)))


def _workers(workers: Sequence[WorkerView], now: datetime, room: int) -> Panel:
    table = _table("worker", "state", "running", "heartbeat")
    for worker in workers[: max(room, 1)]:
        color = {"online": "green", "draining": "yellow"}.get(worker.state, "red")
        table.add_row(
            worker.name,
            Text(worker.state, style=color),
            f"{worker.running}/{worker.concurrency}",
            ago(worker.heartbeat_at, now),
        )
    return _panel("workers", table, len(workers), min(len(workers), max(room, 1)))


def _queues(queues: Sequence[QueueView], room: int) -> Panel:
    table = _table("queue", "queued", "running", "workers", "")
    for queue in queues[: max(room, 1)]:
        mark = Text("paused", style="magenta") if queue.paused else ""
        table.add_row(queue.name, f"{queue.queued:,}", f"{queue.running:,}", str(queue.workers), mark)
    return _panel("queues", table, len(queues), min(len(queues), max(room, 1)))


def _failures(tasks: Sequence[TaskView], now: datetime, room: int) -> Panel:
    table = _table("#", "name", "when", "error")
    table.columns[1].ratio = 1
    table.columns[3].ratio = 3
    for task in tasks[: max(room, 1)]:
        error = " ".join(f"{task.error.type}: {task.error.message}".split()) if task.error else ""
        table.add_row(str(task.number), task.name, ago(task.finished_at, now), Text(error, style="red"))
    return _panel("latest failures", table, len(tasks), min(len(tasks), max(room, 1)))
