"""A wait told in plain lines, for logs and pipes: every change of state, and progress now and then."""

import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import typer

from taskward.cli.forest import Forest
from taskward.cli.words import amount, share, span
from taskward.model.states import ACTIVE, FINAL, WAITING, State
from taskward.model.task import Kind
from taskward.wire import TreeNodeView

NEWS_EVERY = timedelta(seconds=10)
"""How often progress alone is told of, a task."""


class News:
    """Remembers what it has told, and tells the rest."""

    def __init__(self) -> None:
        self._states: dict[UUID, State] = {}
        self._told_at: dict[UUID, datetime] = {}

    def tell(self, forest: Forest) -> None:
        """Writes a line for everything that is new."""
        now = datetime.now(UTC)
        for node in forest.nodes:
            if self._is_news(node, now):
                self._told_at[node.id] = now
                typer.echo(line(node, forest, now), err=True)
            self._states[node.id] = node.state
        for task in forest.ended:
            if task.id not in forest.trees and self._states.get(task.id) is not task.state:
                self._states[task.id] = task.state
                typer.echo(f"{now.astimezone():%H:%M:%S}  {task.state:<10} {task.name} #{task.number}", err=True)
        sys.stderr.flush()

    def _is_news(self, node: TreeNodeView, now: datetime) -> bool:
        before = self._states.get(node.id)
        if node.kind is Kind.STEP and node.state not in {State.FAILED, State.CANCELED}:
            return False
        if node.depth and node.state in WAITING:
            return False
        if before is not node.state:
            return True
        told_at = self._told_at.get(node.id)
        return node.state in ACTIVE and told_at is not None and now - told_at >= NEWS_EVERY


def line(node: TreeNodeView, forest: Forest, now: datetime) -> str:
    """What there is to say of a node."""
    words = [f"{now.astimezone():%H:%M:%S}  {node.state:<10} {'  ' * node.depth}{node.name}"]
    progress = node.progress
    if node.state in FINAL and node.started_at and node.finished_at:
        words.append(f"in {span(node.finished_at - node.started_at)}")
    if progress.total and node.state is not State.COMPLETED:
        words.append(f"{min(progress.done / progress.total, 1):.0%}")
    if progress.done:
        words.append(share(progress.done, progress.total, progress.unit))
    pace = forest.paces.get(node.id)
    if node.state in ACTIVE and pace and pace.per_second:
        words.append(f"{amount(pace.per_second, progress.unit)}/s")
    if reason := forest.reasons.get(node.id):
        words.append(reason)
    if node.error is not None:
        words.append(" ".join(f"{node.error.type}: {node.error.message}".split()))
    elif progress.message:
        words.append(progress.message)
    return "  ".join(words)
