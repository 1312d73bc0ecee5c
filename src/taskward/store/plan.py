"""Plans: transactions written once, without I/O, run by either database's driver.

A plan is a generator. It yields a `Call` or a `Batch` and is sent the rows; it yields `Writes` where it wants none, and
a `Wake` to have topics published after the commit; what it returns is the result. Raising rolls the transaction back.
One yield of anything but a `Wake` is one round trip.
"""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from taskward.model.pace import NONE, bucket_of
from taskward.model.states import FINAL, State
from taskward.model.task import TaskError
from taskward.ports import Role, Topic
from taskward.store.catalogue import Batch, Call, Row, Statement, Writes, load
from taskward.store.rows import storable

T = TypeVar("T")
P = ParamSpec("P")

Q = load()


class Wake(Struct, frozen=True):
    """Publish these topics once the transaction is durable."""

    topics: frozenset[Topic]


Plan: TypeAlias = Generator[Call | Batch | Writes | Wake, list[Row], T]

encode = msgspec.json.Encoder().encode

FORGOTTEN = "forgotten"
"""Counted like a state: tasks that had ended and whose rows are gone."""

PIECE = 1000
"""Most members of one list parameter."""
MINUTE = 60_000_000
"""Microseconds."""
_KIND_SHOWN, _MESSAGE_SHOWN = 200, 500
"""Characters kept of a failure where failures are grouped."""


class Clash(Exception):
    """A row with this key exists: another transaction was quicker, or a caller gave an id twice."""


def in_pieces(statement: Statement, members: Sequence[Any]) -> Plan[list[Row]]:
    """Runs a statement whose only parameter is a list, however long the list is; gives the rows of all runs."""
    rows: list[Row] = []
    for start in range(0, len(members), PIECE):
        rows += yield statement(list(members[start : start + PIECE]))
    return rows


def text(value: Any) -> str:
    """`value` as JSON text. Half a surrogate pair, as in a file name that is not text, is shown as unreadable."""
    try:
        return encode(value).decode()
    except UnicodeEncodeError:
        return encode(_readable(msgspec.to_builtins(value))).decode()


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_readable(name): _readable(member) for name, member in value.items()}
    return [_readable(member) for member in value] if isinstance(value, list | tuple) else value


class Database(Protocol):
    """A driver: runs plans."""

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a plan in one durable transaction; may group it with others, and run it again after a deadlock."""
        ...

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a plan that only reads; meant for reads by index, which are over at once."""
        ...

    async def scan(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `read`, for reads that take long or whose statements must see the same instant."""
        ...


Kind = tuple[str, str, str, str, str]
"""What is counted together: client, operation, queue, state, role."""


class Ledger:
    """What a transaction writes besides its rows: events and counters, in one round trip."""

    def __init__(self, now: int) -> None:
        self.now = now
        """The instant of what happens next, in microseconds."""
        self._events: list[tuple[Any, ...]] = []
        self._tally: Counter[Kind] = Counter()
        self._pace: Counter[tuple[int, str, str, int]] = Counter()
        self._lasted: Counter[tuple[int, str, str, int]] = Counter()
        self._failures: dict[tuple[int, str, str, str], tuple[int, bytes, str, int]] = {}
        self._topics: set[Topic] = set()
        self._queued: set[bytes] = set()
        """What became ready and has not been claimed: what is claimed by the same transaction is nobody else's work."""

    def wake(self, *topics: Topic) -> None:
        self._topics.update(topics)

    def event(self, task_id: bytes, root_id: bytes, client: str, kind: str, data: dict[str, Any]) -> None:
        self._events.append((task_id, root_id, client, kind, self.now, text(data)))

    def count(self, kind: Kind, change: int) -> None:
        self._tally[kind] += change

    def moved(self, task: "Counted", before: str | None, after: str, kind: str = "state", /, **facts: Any) -> None:
        """A task changed state (`before` None: it is new): an event, and one count from here to there."""
        data: dict[str, Any] = {"state": after, "from": before, "attempt": task.attempt, **facts}
        self.event(task.id, task.root_id, task.client, kind, data)
        role = Role.PART if task.internal or task.id != task.root_id else Role.ROOT
        if before is not None:
            self.count((task.client, task.operation, task.queue, before, role), -1)
        self.count((task.client, task.operation, task.queue, after, role), +1)
        self._keep_pace(task, before, after)
        if after == State.FAILED:
            self._keep_failure(task, facts.get("error"))
        if after == State.QUEUED:
            self._queued.add(task.id)
        elif before == State.QUEUED:
            self._queued.discard(task.id)
        if after == State.SCHEDULED:
            self.wake(Topic.TIMERS)

    def _keep_pace(self, task: "Counted", before: str | None, after: str) -> None:
        """One more in this minute: accepted, started after a wait, or ended after a run."""
        if before is None:
            measure, since = "accepted", None
        elif after == State.RUNNING and before == State.QUEUED:
            measure, since = "started", task.since
        elif after in FINAL:
            measure, since = after, task.since if before in (State.RUNNING, State.CANCELING) else None
        else:
            return
        lasted = None if since is None else max(self.now - since, 0)
        key = (self.now // MINUTE, task.client, str(measure), NONE if lasted is None else bucket_of(lasted))
        self._pace[key] += 1
        self._lasted[key] += lasted or 0

    def _keep_failure(self, task: "Counted", error: TaskError | None) -> None:
        kind, message = ("", "") if error is None else (error.type, error.message)
        key = (self.now // MINUTE, task.client, task.operation, storable(kind[:_KIND_SHOWN]))
        count = self._failures[key][0] if key in self._failures else 0
        self._failures[key] = (count + 1, task.id, storable(message[:_MESSAGE_SHOWN]), self.now)

    def write(self) -> Plan[None]:
        if self._events:
            self._topics.add(Topic.EVENTS)
        if self._queued:
            self._topics.add(Topic.WORK)
        batches = [
            Q.add_event.each(self._events),
            Q.bump_tally.each((*key, change) for key, change in sorted(self._tally.items()) if change),
            Q.bump_pace.each((*key, count, self._lasted[key]) for key, count in sorted(self._pace.items())),
            Q.add_failure.each((*key, *newest) for key, newest in sorted(self._failures.items())),
        ]
        if batches := [batch for batch in batches if batch.rows]:
            yield Writes(batches)
        if self._topics:
            yield Wake(frozenset(self._topics))


class Counted(Protocol):
    """What the ledger reads of a task's row."""

    @property
    def id(self) -> bytes: ...
    @property
    def root_id(self) -> bytes: ...
    @property
    def client(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def queue(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def since(self) -> int | None:
        """When what the move ends began, in microseconds: the wait of a start, the run of an end."""
        ...

    @property
    def internal(self) -> bool: ...
