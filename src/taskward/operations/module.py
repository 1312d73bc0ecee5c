"""A module: operations of similar nature, with one retention policy."""

import inspect
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar, get_args

import msgspec

from taskward.model.policy import Resource, Retention, Retry, Rules
from taskward.operations.declared import check_limits, check_resources, check_retention, check_retry, check_retry_on
from taskward.operations.failure import qualified_name
from taskward.operations.operation import Isolation, Operation, OperationSpec
from taskward.operations.resources import check_templates

F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


class Module:
    """Operations of similar nature, under one name and one retention policy.

    Raises ValueError when the name is not letters, digits, `-` and `_`, beginning with a letter; TypeError or
    ValueError when the retention makes no sense.
    """

    def __init__(self, name: str, *, description: str = "", retention: Retention = Retention()) -> None:  # noqa: B008
        _check_name(name)
        check_retention(name, retention)
        self.name = name
        self.description = description
        self.retention = retention
        self.operations: dict[str, Operation] = {}
        """By full name, in the order of declaration."""

    def __repr__(self) -> str:
        return f"<Module {self.name}>"

    def operation(
        self,
        name: str | None = None,
        *,
        description: str | None = None,
        type: str | None = None,  # noqa: A002 - the word of the vocabulary
        scope: str = "",
        retry: Retry = Retry(),  # noqa: B008 - frozen
        retry_on: Sequence[type[BaseException]] = (),
        timeout: timedelta | None = None,
        resources: Sequence[Resource] = (),
        priority: int | None = None,
        queue: str = "default",
        pool: str = "",
        abortable: bool = True,
        internal: bool = False,
        spawned_only: bool = False,
        persist: bool = False,
        pausable: bool = False,
        isolation: Isolation | None = None,
    ) -> Callable[[F], F]:
        """Declares the function below it as an operation; the function itself stays what it was.

        `name` is the function's name unless given, `description` the first paragraph of its docstring, `type` the name.
        One that is `spawned_only` can be spawned by a body and by nobody else.
        `retry_on` adds exception classes to `retry.on`. `timeout` bounds each run. `resources` come from `exclusive`
        and `shared`. `isolation` follows the function unless given: `async def` on the event loop, `def` in a thread.

        Raises TypeError or ValueError when the declaration makes no sense.
        """

        def declare(function: F) -> F:
            short = name or function.__name__
            full = f"{self.name}.{short}"
            _check_name(short)
            if full in self.operations:
                raise ValueError(f"there is an operation {full} already")
            check_limits(full, priority, timeout)
            check_retry(full, retry)
            check_retry_on(full, retry_on)
            check_resources(full, resources)
            spec = OperationSpec(
                name=full,
                module=self.name,
                description=_first_paragraph(function) if description is None else description,
                type=short if type is None else type,
                scope=scope,
                isolation=_isolation(function, isolation),
                priority=priority,
                queue=queue,
                pool=pool,
                resources=tuple(resources),
                abortable=abortable,
                internal=internal,
                spawned_only=spawned_only,
                persist=persist,
                folds=self.retention.fold,
                rules=Rules(
                    retry=_with_classes(retry, retry_on), timeout=timeout, ttl=self.retention.ttl, pausable=pausable
                ),
            )
            operation = Operation(spec, function)
            check_templates(spec.resources, operation.arguments.names)
            operation.mark()
            self.operations[full] = operation
            return function

        return declare


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name: up to 100 letters, digits, - and _, beginning with a letter")


def _with_classes(retry: Retry, classes: Sequence[type[BaseException]]) -> Retry:
    if not classes:
        return retry
    return msgspec.structs.replace(retry, on=(*retry.on, *(qualified_name(kind) for kind in classes)))


def _first_paragraph(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").split("\n\n", maxsplit=1)[0].split())


def _isolation(function: Callable[..., Any], wanted: Isolation | None) -> Isolation:
    is_async = inspect.iscoroutinefunction(function)
    name = function.__qualname__
    if wanted is None:
        return "async" if is_async else "thread"
    if wanted not in get_args(Isolation):
        raise ValueError(f'{name}: isolation is "async", "thread" or "process", not {wanted!r}')
    if wanted == "async" and not is_async:
        raise TypeError(
            f'{name}: isolation="async" needs an `async def`; a `def` would stop every other task meanwhile'
        )
    if wanted == "thread" and is_async:
        raise TypeError(f'{name}: isolation="thread" needs a `def`; an `async def` runs on the event loop')
    if wanted == "process" and "<locals>" in name:
        raise TypeError(f'{name}: isolation="process" needs a function of a module, which another process can import')
    return wanted
