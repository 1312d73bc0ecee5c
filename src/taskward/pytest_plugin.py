"""Fixtures for tests of programs that use a Taskward server: let background work settle before looking at its effects.

In `conftest.py`:

    pytest_plugins = ["taskward.pytest_plugin"]

In a test:

    def test_upload(hub, settle):
        hub.create_namespace("ns1")
        settle()
        hub.upload("ns1", "collection1")
        settle()
        assert hub.collections("ns1") == ["collection1"]

The server is found as the command line finds it: TASKWARD_SERVER and TASKWARD_TOKEN, or the one on this machine.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from taskward.client import Client
from taskward.model.states import State
from taskward.wire import TaskView

_PATIENCE = timedelta(minutes=5)


@pytest.fixture(scope="session")
def taskward_client() -> Iterator[Client]:
    """A client of the server."""
    with Client() as client:
        yield client


class Settle:
    """Waits for the ends of tasks, and fails the test for those of its time that failed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._mark = max((task.number for task in client.page(limit=1).items), default=0)

    def __call__(
        self,
        *,
        module: str | None = None,
        operation: str | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: timedelta = _PATIENCE,
        allow_failures: bool = False,
    ) -> list[TaskView]:
        """Returns when no root that matches is unfinished: those begun since the last call, oldest first.

        It waits by events and never sleeps. Fails the test when one of them failed, unless that is allowed. Raises
        WaitTimedOut.
        """
        self._client.wait_all(module=module, operation=operation, labels=labels, timeout=timeout)
        fresh = self._since_last_call(module, operation, labels)
        failed = [task for task in fresh if task.state is State.FAILED]
        if failed and not allow_failures:
            pytest.fail("\n".join(map(_line, failed)), pytrace=False)
        return fresh

    def _since_last_call(
        self, module: str | None, operation: str | None, labels: Mapping[str, str] | None
    ) -> list[TaskView]:
        conditions = {"module": module, "operation": operation, "label": dict(labels or {})}
        given = {name: value for name, value in conditions.items() if value}
        fresh: list[TaskView] = []
        for task in self._client.tasks(roots=True, **given):  # type: ignore[arg-type]
            if task.number <= self._mark:
                break
            fresh.append(task)
        self._mark = max((task.number for task in fresh), default=self._mark)
        return fresh[::-1]


@pytest.fixture
def settle(taskward_client: Client) -> Settle:
    """Call it to wait until all background work has ended."""
    return Settle(taskward_client)


def _line(task: TaskView) -> str:
    error = f": {task.error.type}: {task.error.message}" if task.error else ""
    return f"task {task.number} {task.name} {task.state}{error}"
