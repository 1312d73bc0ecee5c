"""An error, as RFC 9457 has it."""

from msgspec import Struct, field

from taskward.wire.task import TaskView


class ProblemItem(Struct, frozen=True):
    """One thing wrong with a request: where (JSON pointer or parameter) and what would be right."""

    pointer: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details, sent as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: list[ProblemItem] = field(default_factory=list)
    task: TaskView | None = None
    """The task in play, where a change of state was refused."""
