"""Taskward runs and tracks long-running background operations as trees."""

from importlib.metadata import version

from taskward.model.policy import Retention, Retry
from taskward.operations import (
    Canceled,
    Child,
    ChildFailed,
    Context,
    Module,
    Registry,
    Step,
    SyncChild,
    SyncContext,
    exclusive,
    shared,
)

__version__ = version("taskward")

__all__ = [
    "Canceled",
    "Child",
    "ChildFailed",
    "Context",
    "Module",
    "Registry",
    "Retention",
    "Retry",
    "Step",
    "SyncChild",
    "SyncContext",
    "exclusive",
    "shared",
]
