"""How a body ended, and what becomes of its task: pure decisions."""

from datetime import datetime
from enum import IntEnum

import msgspec
from msgspec import Struct

from taskward.model.states import State
from taskward.model.task import Progress, Task, TaskError
from taskward.ports import Finish


class Stop(IntEnum):
    """Why a body was asked to end. A later, stronger reason replaces a weaker one."""

    HAND_BACK = 1
    """The worker shuts down: the task goes back to its queue."""
    TIMEOUT = 2
    CANCEL = 3
    ABANDON = 4
    """The attempt is not this worker's any more: whatever comes of it is dropped."""


class Returned(Struct, frozen=True, tag=True):
    """The body returned; `result` is JSON."""

    result: bytes


class Raised(Struct, frozen=True, tag=True):
    """The body ended by an error. One that cannot go better another time is not worth a retry."""

    error: TaskError
    may_retry: bool = True


class Stopped(Struct, frozen=True, tag=True):
    """The body ended by the exception that asks it to stop."""


class PausedAtBoundary(Struct, frozen=True, tag=True):
    """The body stopped at a checkpoint to be paused."""


class Killed(Struct, frozen=True, tag=True):
    """The process of the body died. `cause` says how; `by_us` when it had been asked to stop and did not."""

    cause: str
    by_us: bool


Outcome = Returned | Raised | Stopped | PausedAtBoundary | Killed


def conclude(
    task: Task, outcome: Outcome, *, stop: Stop | None, progress: Progress | None, now: datetime, spread: float
) -> Finish:
    """The end of an attempt, by what happened and what had been asked. `spread` (-1..1) spreads retries in time."""
    ending = _Ending(task, progress, now, spread)
    if stop is Stop.CANCEL:
        return _canceled(ending, outcome)
    if stop is Stop.TIMEOUT:
        return ending.failed_or_retried(_timeout_error(task))
    if stop is Stop.HAND_BACK and not isinstance(outcome, Returned | PausedAtBoundary):
        # What a body raises when it is interrupted tells nothing about the task.
        return ending.finish(State.QUEUED)
    return _undisturbed(ending, outcome)


def step_outcome(finish: Finish) -> tuple[State, TaskError | None]:
    """How steps end that were still open when the body ended."""
    if finish.state is State.COMPLETED:
        return State.COMPLETED, None
    if finish.error is not None and finish.state is not State.CANCELED:
        return State.FAILED, msgspec.structs.replace(finish.error, traceback="")
    return State.CANCELED, None


def canceled_error(message: str = "canceled on request", code: str = "canceled") -> TaskError:
    """What a canceled task keeps."""
    return TaskError("Canceled", message, code=code)


class _Ending:
    """What every end of an attempt has in common."""

    def __init__(self, task: Task, progress: Progress | None, now: datetime, spread: float) -> None:
        self._task = task
        self._progress = progress
        self._now = now
        self._spread = spread

    def finish(
        self,
        state: State,
        *,
        result: bytes | None = None,
        error: TaskError | None = None,
        run_at: datetime | None = None,
    ) -> Finish:
        """The end in this state."""
        return Finish(
            task_id=self._task.id,
            attempt=self._task.attempt,
            state=state,
            result=result,
            error=error,
            progress=self._progress,
            run_at=run_at,
        )

    def failed_or_retried(self, error: TaskError) -> Finish:
        """Failed, unless the task's policy gives it another run."""
        retry, failures = self._task.rules.retry, self._task.failures
        if failures >= retry.limit or not retry.covers(error.names):
            return self.finish(State.FAILED, error=error)
        run_at = self._now + retry.delay_before(failures + 1, self._spread)
        return self.finish(State.SCHEDULED, error=error, run_at=run_at)


def _undisturbed(ending: _Ending, outcome: Outcome) -> Finish:
    match outcome:
        case Returned(result):
            return ending.finish(State.COMPLETED, result=result)
        case Raised(error, may_retry):
            return ending.failed_or_retried(error) if may_retry else ending.finish(State.FAILED, error=error)
        case Stopped():
            return ending.finish(State.CANCELED, error=canceled_error("the body canceled itself"))
        case PausedAtBoundary():
            return ending.finish(State.PAUSED)
        case Killed(cause):
            return ending.failed_or_retried(TaskError("Killed", cause, names=("Killed",), code="killed"))


def _canceled(ending: _Ending, outcome: Outcome) -> Finish:
    match outcome:
        case Raised(error):
            return ending.finish(State.FAILED, error=error)
        case Killed(cause, by_us):
            message = f"{cause}, because it did not stop when asked" if by_us else cause
            return ending.finish(State.CANCELED, error=canceled_error(message, code="aborted"))
        case _:
            return ending.finish(State.CANCELED, error=canceled_error())


def _timeout_error(task: Task) -> TaskError:
    limit = task.rules.timeout
    message = f"ran longer than {limit.total_seconds():g} seconds" if limit else "ran too long"
    return TaskError("Timeout", message, names=("Timeout", "TimeoutError"), code="timeout")
