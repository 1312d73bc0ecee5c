"""An operation: a function, its typed arguments, and what it asks of the engine."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct, field

from taskward.model.errors import Invalid
from taskward.model.masking import mask_value
from taskward.model.policy import PRIORITY_DEFAULT, Resource, Retry, Rules
from taskward.model.task import NewTask, Task
from taskward.operations.arguments import Arguments
from taskward.operations.resources import plan
from taskward.ports import OperationInfo

Isolation = Literal["async", "thread", "process"]
"""Where a body runs: on the worker's event loop, in a thread of its own, or in a process of its own."""

_MARK = "__taskward_operation__"


class OperationSpec(Struct, frozen=True, kw_only=True):
    """The defaults and policies of an operation."""

    name: str
    """Full name, `module.operation`."""
    module: str
    description: str = ""
    type: str = ""
    scope: str = ""
    isolation: Isolation = "async"
    priority: int | None = None
    """None: that of the parent, or the house's default for a root."""
    queue: str = "default"
    pool: str = ""
    resources: tuple[Resource, ...] = ()
    """Names may hold `{argument}`."""
    abortable: bool = True
    internal: bool = False
    spawned_only: bool = False
    """Only a body may start it, as a child; whoever asks for it from outside is refused."""
    persist: bool = False
    folds: bool = False
    rules: Rules = Rules()


class Wishes(Struct, frozen=True, kw_only=True):
    """What a submitter asks for beside the arguments. None leaves what the operation says."""

    name: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    client: str | None = None
    """None: that of the parent."""
    created_by: str | None = None
    correlation_id: str | None = None
    parent: Task | None = None
    key: str | None = None
    """The name under which a retried parent finds this child again."""
    rerun_of: UUID | None = None
    priority: int | None = None
    queue: str | None = None
    pool: str | None = None
    run_at: datetime | None = None
    gate: str | None = None
    depends_on: tuple[UUID, ...] = ()
    even_if_failed: bool = False
    resources: tuple[Resource, ...] = ()
    """Beside those of the operation."""
    paused: bool = False
    callbacks: tuple[str, ...] | None = None
    persist: bool | None = None
    timeout: timedelta | None = None
    retry: Retry | None = None


class Operation:
    """A registered kind of work. Calling it calls the function."""

    def __init__(self, spec: OperationSpec, function: Callable[..., Any]) -> None:
        self.spec = spec
        self.function = function
        self.arguments = Arguments(function)

    @staticmethod
    def of(function: Callable[..., Any]) -> "Operation":
        """The operation that a function was declared as. Raises Invalid when it was not."""
        operation = getattr(function, _MARK, None)
        if not isinstance(operation, Operation):
            name = getattr(function, "__qualname__", repr(function))
            raise Invalid("operation", f"{name} is not an operation; declare it with @module.operation()")
        return operation

    def mark(self) -> None:
        """Lets the function itself stand for the operation, as in `ctx.spawn(function, ...)`."""
        setattr(self.function, _MARK, self)

    @property
    def name(self) -> str:
        """Full name, `module.operation`."""
        return self.spec.name

    def __repr__(self) -> str:
        return f"<Operation {self.name}>"

    def check(self, args: Mapping[str, Any]) -> bytes:
        """The arguments as a JSON object, defaults filled in.

        Raises Invalid, whose `field` points at the argument (`/args/path`).
        """
        return self.arguments.check(args)

    def bind(self, args: bytes | msgspec.Raw) -> dict[str, Any]:
        """Typed values by name, from checked arguments."""
        return self.arguments.bind(args)

    def plan(self, args: Mapping[str, Any]) -> tuple[Resource, ...]:
        """The resources that a task with these arguments locks. Raises Invalid."""
        return self._plan(msgspec.json.decode(self.check(args)))

    def check_wanted(self) -> None:
        """Raises Invalid when it is not for callers from outside."""
        if self.spec.spawned_only:
            raise Invalid("/operation", f"{self.name} runs as a part of another task only")

    def describe(self, now: datetime) -> OperationInfo:
        """What a worker tells of this operation to every server."""
        return OperationInfo(
            name=self.spec.name,
            module=self.spec.module,
            description=self.spec.description,
            spec=msgspec.to_builtins(self.spec),
            schema=self.arguments.schema,
            seen_at=now,
        )

    def new_task(self, task_id: UUID, args: Mapping[str, Any], wishes: Wishes = Wishes()) -> NewTask:  # noqa: B008
        """A task of this operation, ready to submit. Raises Invalid."""
        spec, parent = self.spec, wishes.parent
        checked = self.check(args)
        values = {} if checked == b"{}" else msgspec.json.decode(checked)
        shown = mask_value(values) if values else values
        return NewTask(
            id=task_id,
            operation=spec.name,
            name=wishes.name or spec.name,
            module=spec.module,
            args=checked,
            args_shown=None if shown == values else msgspec.json.encode(shown),
            type=spec.type,
            scope=spec.scope,
            labels=wishes.labels,
            client=_first(wishes.client, parent and parent.client, ""),
            created_by=_first(wishes.created_by, parent and parent.created_by, ""),
            correlation_id=_first(wishes.correlation_id, parent and parent.correlation_id, ""),
            root_id=parent.root_id if parent else None,
            parent_id=parent.id if parent else None,
            key=wishes.key,
            rerun_of=wishes.rerun_of,
            priority=_first(wishes.priority, spec.priority, parent and parent.priority, PRIORITY_DEFAULT),
            queue=_first(wishes.queue, spec.queue),
            # Pools bound roots; a child that waited for a slot its own root holds would wait for ever.
            pool="" if parent else _first(wishes.pool, spec.pool),
            run_at=wishes.run_at,
            gate=wishes.gate,
            depends_on=wishes.depends_on,
            even_if_failed=wishes.even_if_failed,
            resources=self._plan(values, wishes.resources),
            paused=wishes.paused,
            callbacks=None if parent else wishes.callbacks,
            abortable=spec.abortable,
            internal=spec.internal,
            persist=_first(wishes.persist, spec.persist),
            folds=spec.folds and parent is not None,
            rules=self._rules(wishes),
        )

    def _plan(self, values: Mapping[str, Any], added: tuple[Resource, ...] = ()) -> tuple[Resource, ...]:
        planned = plan(self.spec.resources, values) if self.spec.resources else ()
        if not added:
            return planned
        wanted: dict[str, bool] = {}
        for resource in (*planned, *added):
            wanted[resource.name] = wanted.get(resource.name, False) or resource.exclusive
        return tuple(Resource(name=name, exclusive=is_exclusive) for name, is_exclusive in wanted.items())

    def _rules(self, wishes: Wishes) -> Rules:
        rules = self.spec.rules
        if wishes.timeout is None and wishes.retry is None:
            return rules
        return msgspec.structs.replace(
            rules, timeout=_first(wishes.timeout, rules.timeout), retry=_first(wishes.retry, rules.retry)
        )


def _first(*choices: Any) -> Any:
    """The first that says something."""
    for choice in choices:
        if choice is not None:
            return choice
    return None
