"""The live picture of a wait: trees with states, bars, speeds and what is left."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from taskward.cli.forest import Forest
from taskward.cli.outline import ENDED, Line, outline, tally
from taskward.cli.rates import Pace
from taskward.cli.words import LOOKS, Look, amount, share, span
from taskward.model.states import ACTIVE, FINAL, State
from taskward.wire import TaskView, TreeNodeView

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ROOM_BELOW = 4
"""Lines of the terminal left for the summary and the shell's prompt."""


class _Widths:
    """The widths of the columns. The names' only grows, so that a picture that changes does not jump."""

    def __init__(self) -> None:
        self._name = 0

    def fit(self, width: int, lines: Sequence[Line]) -> tuple[int, int, int, int]:
        """Name, time, bar, detail for this width of the terminal; 2 columns are between each."""
        time, bar = 8, 20 if width >= 120 else 12
        longest = max((_name_length(line) for line in lines), default=0)
        self._name = min(max(self._name, longest, 20), max((width - time - bar) // 2, 16))
        return self._name, time, bar, max(width - self._name - time - bar - 6, 10)


class Canvas:
    """Draws a forest, at most as high as the terminal."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._started = datetime.now(UTC)
        self._widths = _Widths()
        self._cached: tuple[int, int, list[Line]] = (-1, 0, [])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        now = datetime.now(UTC)
        lines = self._lines(max(options.size.height - _ROOM_BELOW, 3))
        widths = self._widths.fit(options.max_width, lines)
        yield _table(lines, widths, self._forest, now, plain=_is_plain(options))
        yield self._summary(now)

    def _lines(self, height: int) -> list[Line]:
        version, cached_height, lines = self._cached
        if (version, cached_height) != (self._forest.version, height):
            lines = outline(self._forest.nodes, height)
            self._cached = (self._forest.version, height, lines)
        return lines

    def _summary(self, now: datetime) -> Text:
        counts = tally(self._forest.nodes)
        text = Text(counted(counts), style="bold")
        others = [task for task in self._forest.ended if task.id not in self._forest.trees]
        if others:
            unfinished = sum(1 for task in others if task.state not in FINAL)
            text.append(f"  and {len(others):,} more tasks, {unfinished:,} of them unfinished")
        return text.append(f"   {span(now - self._started)}", style="bright_black")


class _Still:
    """The whole tree as it is now."""

    def __init__(self, nodes: Sequence[TreeNodeView]) -> None:
        self._nodes = nodes

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        lines = outline(self._nodes)
        yield _table(
            lines,
            _Widths().fit(options.max_width, lines),
            None,
            datetime.now(UTC),
            plain=_is_plain(options),
        )


def still(nodes: Sequence[TreeNodeView]) -> RenderableType:
    """A picture of all these nodes."""
    return _Still(nodes)


def _is_plain(options: ConsoleOptions) -> bool:
    return not options.encoding.lower().startswith("utf")


def _table(
    lines: Sequence[Line],
    widths: tuple[int, int, int, int],
    forest: Forest | None,
    now: datetime,
    *,
    plain: bool,
) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for index, width in enumerate(widths):
        table.add_column(no_wrap=True, overflow="ellipsis", width=width, justify="right" if index == 1 else "left")
    for line in lines:
        if line.node is None:
            table.add_row(Text(f"{line.guide}… {beside(line.hidden)}", style="bright_black"))
            continue
        node = line.node
        name = Text.assemble(
            (line.guide, "bright_black"),
            (sign(LOOKS[node.state], node, now, plain=plain), LOOKS[node.state].style),
            " ",
            label(node, forest.tasks.get(node.id) if forest else None),
        )
        about = detail(node, forest.paces.get(node.id) if forest else None)
        if forest and (reason := forest.reasons.get(node.id)):
            about.append(f": {reason}")
        if line.hidden:
            about.append(f"{'  ' if about else ''}+ {counted(line.hidden)}", style="bright_black")
        table.add_row(name, Text(elapsed(node, now), style="bright_black"), bar(node, widths[2]) or "", about)
    return table


def sign(look: Look, node: TreeNodeView, now: datetime, *, plain: bool) -> str:
    """The sign of a state; one that turns while it runs."""
    if plain:
        return look.ascii
    if node.state is State.RUNNING:
        return _SPINNER[int(now.timestamp() * 8) % len(_SPINNER)]
    return look.sign


def _name_length(line: Line) -> int:
    if line.node is None:
        return len(line.guide)
    number = len(" #12345") if line.node.depth == 0 else 0
    attempt = len(" attempt 2") if line.node.attempt > 1 else 0
    return len(line.guide) + 2 + len(line.node.name) + number + attempt


def label(node: TreeNodeView, task: TaskView | None) -> Text:
    """What the node is called."""
    text = Text(node.name, style="bold" if node.depth == 0 else "")
    if task is not None:
        text.append(f" #{task.number}", style="bright_black")
    if node.attempt > 1:
        text.append(f" attempt {node.attempt}", style="yellow")
    return text


def elapsed(node: TreeNodeView, now: datetime) -> str:
    """How long it runs or ran; of one that waits again nobody knows when it stopped."""
    if node.started_at is None or node.state not in ACTIVE | FINAL:
        return ""
    return span((node.finished_at or now) - node.started_at)


def bar(node: TreeNodeView, width: int) -> ProgressBar | None:
    """How far it is, while it is under way or where it stopped."""
    if not node.progress.total or node.state is State.COMPLETED:
        return None
    if node.state not in ACTIVE | {State.FAILED, State.CANCELED, State.PAUSED}:
        return None
    style = {State.FAILED: "red", State.CANCELED: "yellow", State.PAUSED: "magenta"}.get(node.state, "bright_blue")
    return ProgressBar(
        total=node.progress.total,
        completed=node.progress.done,
        width=width,
        complete_style=style,
        finished_style=style,
    )


def detail(node: TreeNodeView, pace: Pace | None) -> Text:
    """Amounts, speed and what is left; the error of what failed; what state it is in where that says it all."""
    if node.error is not None:
        return Text(" ".join(f"{node.error.type}: {node.error.message}".split()), style="red")
    progress = node.progress
    parts: list[tuple[str, str]] = []
    if progress.done or progress.total:
        total = None if node.state is State.COMPLETED else progress.total
        if total:
            parts.append((f"{min(progress.done / total, 1):4.0%}", ""))
        parts.append((share(progress.done, total, progress.unit), ""))
    if node.state in ACTIVE and pace is not None and pace.per_second:
        parts.append((f"{amount(pace.per_second, progress.unit)}/s", "cyan"))
        left = pace.remaining(progress.done, progress.total)
        if left is not None:
            parts.append((f"{span(left)} left", "cyan"))
    if node.state not in {State.RUNNING, State.COMPLETED}:
        parts.insert(0, (node.state.value, LOOKS[node.state].style))
    if progress.message:
        parts.append((progress.message, "bright_black"))
    return Text("  ").join(Text(text, style=style) for text, style in parts)


def beside(counts: Mapping[str, int]) -> str:
    """`34 more: 30 completed, 4 queued`, `30 more completed`."""
    if len(counts) == 1:
        ((word, count),) = counts.items()
        return f"{count:,} more {word}"
    return f"{sum(counts.values()):,} more: {counted(counts)}"


def counted(counts: Mapping[str, int]) -> str:
    """`30 completed, 4 queued`, in the order of the states."""
    return ", ".join(f"{counts[word]:,} {word}" for word in (*State, ENDED) if counts.get(word))
