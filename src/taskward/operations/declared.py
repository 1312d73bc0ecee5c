"""What a declaration may say; what it may not is refused where it stands, not when a task runs."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from taskward.model.policy import PRIORITY_FIRST, PRIORITY_LAST, Resource, Retention, Retry

_NO_TIME = timedelta(0)


def check_retry(full: str, retry: object) -> None:
    """Raises TypeError or ValueError, naming the operation."""
    if not isinstance(retry, Retry):
        raise TypeError(f"{full}: retry must be a Retry, such as Retry(limit=3), not {retry!r}")
    for name in ("delay", "max_delay"):
        check_duration(f"{full}: retry.{name}", getattr(retry, name))
    try:
        msgspec.convert(msgspec.structs.asdict(retry), Retry)
    except msgspec.ValidationError as error:
        raise ValueError(f"{full}: retry: {error}") from None


def check_retry_on(full: str, classes: object) -> None:
    """Raises TypeError, naming the operation."""
    if not isinstance(classes, Iterable) or not all(_is_error(kind) for kind in classes):
        raise TypeError(f"{full}: retry_on must be a list of exception classes, such as [OSError], not {classes!r}")


def check_retention(module: str, retention: object) -> None:
    """Raises TypeError or ValueError, naming the module."""
    if not isinstance(retention, Retention):
        raise TypeError(f"{module}: retention must be a Retention, such as Retention(fold=True), not {retention!r}")
    if retention.ttl is not None:
        check_duration(f"{module}: retention.ttl", retention.ttl)


def check_limits(full: str, priority: object, timeout: object) -> None:
    """Raises TypeError or ValueError, naming the operation."""
    if priority is not None and (type(priority) is not int or not PRIORITY_FIRST <= priority <= PRIORITY_LAST):
        raise ValueError(f"{full}: priority is {PRIORITY_FIRST} (first) to {PRIORITY_LAST}, not {priority!r}")
    if timeout is not None:
        check_duration(f"{full}: timeout", timeout)
        if timeout == _NO_TIME:
            raise ValueError(f"{full}: timeout must be longer than nothing")


def check_resources(full: str, resources: object) -> None:
    """Raises TypeError, naming the operation."""
    if not isinstance(resources, Iterable) or not all(isinstance(each, Resource) for each in resources):
        raise TypeError(f"{full}: resources must be a list of exclusive(...) and shared(...), not {resources!r}")


def check_duration(name: str, duration: object) -> None:
    """Raises TypeError or ValueError."""
    if not isinstance(duration, timedelta):
        raise TypeError(f"{name} must be a timedelta, such as timedelta(seconds=30), not {duration!r}")
    if duration < _NO_TIME:
        raise ValueError(f"{name} must not be less than nothing, which {duration} is")


def _is_error(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)
