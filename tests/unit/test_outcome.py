from datetime import timedelta

import pytest

from taskward.engine.outcome import (
    Killed,
    Outcome,
    PausedAtBoundary,
    Raised,
    Returned,
    Stop,
    Stopped,
    conclude,
    step_outcome,
)
from taskward.model.policy import Retry, Rules
from taskward.model.states import ACTIVE, State, is_legal
from taskward.model.task import Progress, TaskError
from taskward.ports import Finish
from tests.tasks import NOON, make_task

ERROR = TaskError("OSError", "no", names=("OSError", "Exception"))
RETURNED = Returned(b"1")
KILLED = Killed("killed by SIGKILL", by_us=True)
OUTCOMES: list[Outcome] = [RETURNED, Raised(ERROR), Stopped(), PausedAtBoundary(), KILLED]


def end(outcome: Outcome, stop: Stop | None = None, *, retry: Retry = Retry(), failures: int = 0) -> Finish:  # noqa: B008
    task = make_task(rules=Rules(retry=retry, timeout=timedelta(seconds=5)), failures=failures)
    return conclude(task, outcome, stop=stop, progress=Progress(1), now=NOON, spread=0)


@pytest.mark.parametrize(
    ("outcome", "stop", "state", "code"),
    [
        (RETURNED, None, State.COMPLETED, None),
        (Raised(ERROR), None, State.FAILED, ""),
        (Stopped(), None, State.CANCELED, "canceled"),
        (PausedAtBoundary(), None, State.PAUSED, None),
        (KILLED, None, State.FAILED, "killed"),
        (RETURNED, Stop.CANCEL, State.CANCELED, "canceled"),
        (Raised(ERROR), Stop.CANCEL, State.FAILED, ""),
        (Stopped(), Stop.CANCEL, State.CANCELED, "canceled"),
        (PausedAtBoundary(), Stop.CANCEL, State.CANCELED, "canceled"),
        (KILLED, Stop.CANCEL, State.CANCELED, "aborted"),
        (RETURNED, Stop.HAND_BACK, State.COMPLETED, None),
        (Raised(ERROR), Stop.HAND_BACK, State.QUEUED, None),
        (Stopped(), Stop.HAND_BACK, State.QUEUED, None),
        (PausedAtBoundary(), Stop.HAND_BACK, State.PAUSED, None),
        (KILLED, Stop.HAND_BACK, State.QUEUED, None),
        *((outcome, Stop.TIMEOUT, State.FAILED, "timeout") for outcome in OUTCOMES),
    ],
)
def test_each_outcome_has_its_end(outcome: Outcome, stop: Stop | None, state: State, code: str | None) -> None:
    finish = end(outcome, stop)
    assert finish.state is state
    assert (finish.error.code if finish.error else None) == code
    assert finish.progress == Progress(1)
    assert any(is_legal(source, state) for source in ACTIVE)


def test_the_result_travels_only_with_completed() -> None:
    assert end(RETURNED).result == b"1"
    assert end(RETURNED, Stop.CANCEL).result is None


def test_errors_are_retried_within_the_limit_and_later_each_time() -> None:
    retry = Retry(limit=2, delay=timedelta(seconds=10), backoff=3, jitter=0)
    assert end(Raised(ERROR), retry=retry).run_at == NOON + timedelta(seconds=10)
    assert end(Raised(ERROR), retry=retry, failures=1).run_at == NOON + timedelta(seconds=30)
    assert end(Raised(ERROR), retry=retry, failures=2).state is State.FAILED
    assert end(Killed("x", by_us=False), retry=retry).state is State.SCHEDULED
    assert end(RETURNED, Stop.TIMEOUT, retry=retry).state is State.SCHEDULED


def test_only_the_errors_a_policy_names_are_retried() -> None:
    assert end(Raised(ERROR), retry=Retry(limit=1, on=("OSError",))).state is State.SCHEDULED
    assert end(Raised(ERROR), retry=Retry(limit=1, on=("ValueError",))).state is State.FAILED
    assert end(Raised(ERROR, may_retry=False), retry=Retry(limit=1)).state is State.FAILED
    assert end(RETURNED, Stop.TIMEOUT, retry=Retry(limit=1, on=("TimeoutError",))).state is State.SCHEDULED


def test_a_canceled_task_is_never_retried() -> None:
    retry = Retry(limit=9)
    assert {end(outcome, Stop.CANCEL, retry=retry).state for outcome in OUTCOMES} == {State.CANCELED, State.FAILED}


def test_steps_left_open_end_as_their_body() -> None:
    assert step_outcome(end(RETURNED)) == (State.COMPLETED, None)
    state, error = step_outcome(end(Raised(ERROR), retry=Retry(limit=1)))
    assert (state, error) == (State.FAILED, ERROR)
    assert step_outcome(end(Stopped(), Stop.HAND_BACK)) == (State.CANCELED, None)
    assert step_outcome(end(Stopped(), Stop.CANCEL)) == (State.CANCELED, None)
