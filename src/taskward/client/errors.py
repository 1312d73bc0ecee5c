"""What can go wrong between a program and its server.

ClientError
├── ServerUnreachable   no usable answer: no connection, a broken one, or something that is no Taskward
├── ApiError            the server refused; `problem` is its RFC 9457 answer
└── WaitTimedOut        the time was over before the tasks ended (also a TimeoutError)
"""

from collections.abc import Sequence

from taskward.model.errors import TaskwardError
from taskward.wire import Problem, TaskView


class ClientError(TaskwardError):
    """Base of what the client raises."""


class ServerUnreachable(ClientError):
    """There was no usable answer. Whether the request was carried out is not known."""


class ApiError(ClientError):
    """The server refused the request."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(_sentence(problem))
        self.problem = problem
        self.status = problem.status


class WaitTimedOut(ClientError, TimeoutError):
    """A wait ended before its tasks did. `tasks` are those that were not final, as last seen."""

    def __init__(self, tasks: Sequence[TaskView]) -> None:
        names = ", ".join(f"{task.name} ({task.id}, {task.state})" for task in tasks[:3])
        super().__init__(f"not finished in time: {names}{', ...' if len(tasks) > 3 else ''}")
        self.tasks = tuple(tasks)


def _sentence(problem: Problem) -> str:
    items = "; ".join(f"{item.pointer}: {item.detail}" for item in problem.errors)
    return ": ".join(part for part in (problem.title, items or problem.detail) if part)
