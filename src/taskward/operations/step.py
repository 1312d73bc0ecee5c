"""Steps: parts of a task tracked inside its own run."""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from contextvars import ContextVar, Token
from math import isfinite
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from uuid_utils.compat import uuid7

from taskward.model.states import State
from taskward.model.task import Progress
from taskward.operations.failure import error_of_step
from taskward.operations.run import Canceled, Paused, Run, StepOpening

SEVERITIES = {"debug": 0, "info": 1, "warning": 2, "error": 3, "fatal": 4}

_innermost: ContextVar["Step | None"] = ContextVar("taskward_step", default=None)


def innermost_step(run: Run) -> "Step | None":
    """The open step that the caller is in: of this async task or thread, and of this run."""
    step = _innermost.get()
    return step if step is not None and step.belongs_to(run) else None


def severity_of(word: str) -> int:
    """The number of a severity. Raises ValueError on another word."""
    try:
        return SEVERITIES[word]
    except KeyError:
        raise ValueError(f"severity {word!r} is none of {', '.join(SEVERITIES)}") from None


def finite(total: float | None) -> float | None:
    """None for a total that is no finite number."""
    return total if total is not None and isfinite(total) else None


class Meter:
    """The newest progress of one thing; threads may share it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()

    def update(
        self, done: float | None, total: float | None, unit: str | None, message: str | None, advance: float | None
    ) -> Progress:
        """The progress with everything that is not None put in; `advance` is added to what is done.

        What is no finite number is as if it were not given: a body that divides by nothing need not fail for it.
        """
        with self._lock:
            now = self._progress
            newest = (now.done if done is None else done) + (advance or 0)
            self._progress = Progress(
                done=newest if isfinite(newest) else now.done,
                total=now.total if (known := finite(total)) is None else known,
                unit=now.unit if unit is None else unit,
                message=now.message if message is None else message,
            )
            return self._progress


class Step:
    """A part of a task, open inside its `with` block.

    Made by `ctx.step()` and `step.step()`. Left by an exception it has failed, or was canceled when the exception
    says so; otherwise it has completed.
    """

    def __init__(self, run: Run, opening: StepOpening) -> None:
        self.id: UUID = opening.id
        self.name = opening.name
        self._run = run
        self._opening = opening
        self._meter: Meter | None = None
        self._token: Token[Step | None] | None = None

    def belongs_to(self, run: Run) -> bool:
        """Whether it is a part of this run."""
        return self._run is run

    def step(
        self,
        name: str,
        *,
        type: str = "",  # noqa: A002 - the word of the vocabulary
        scope: str = "",
        total: float | None = None,
        unit: str = "",
        labels: Mapping[str, str] = {},
    ) -> "Step":
        """A part of this part."""
        opening = StepOpening(
            uuid7(), self.id, name, type, scope, dict(labels), Progress(total=finite(total), unit=unit)
        )
        return Step(self._run, opening)

    def progress(
        self,
        done: float | None = None,
        *,
        total: float | None = None,
        unit: str | None = None,
        message: str | None = None,
        advance: float | None = None,
    ) -> None:
        """How far the step is; what is not given stays. Never blocks; written within 100 ms."""
        if self._meter is None:
            self._meter = Meter(self._opening.progress)
        self._run.note_progress(self._meter.update(done, total, unit, message, advance), self.id)

    def log(self, message: str, severity: str = "info", *, visible: bool = True, **fields: Any) -> None:
        """A line in the task's log that belongs to this step; see `Context.log`."""
        self._run.note_log(severity_of(severity), message, fields, self.id, visible=visible)

    def __enter__(self) -> Self:
        if self._token is not None:
            raise RuntimeError(f"step {self.name!r} was entered before; make a new one")
        self._run.open_step(self._opening)
        self._token = _innermost.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            # A generator may leave it in another context than it entered in: nothing there to put back.
            with contextlib.suppress(ValueError):
                _innermost.reset(self._token)
        if error is None:
            self._run.close_step(self.id, State.COMPLETED, None)
        elif isinstance(error, asyncio.CancelledError | Canceled | Paused | GeneratorExit):
            self._run.close_step(self.id, State.CANCELED, None)
        else:
            self._run.close_step(self.id, State.FAILED, error_of_step(error))
