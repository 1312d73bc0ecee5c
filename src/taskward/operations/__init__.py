"""What users import: modules of operations, and the context their bodies are given."""

from taskward.operations.context import Child, Context, RunContext, SyncChild, SyncContext
from taskward.operations.module import Module
from taskward.operations.operation import Operation, OperationSpec, Wishes
from taskward.operations.registry import Registry
from taskward.operations.resources import exclusive, shared
from taskward.operations.run import Canceled, ChildFailed, Paused
from taskward.operations.step import Step

__all__ = [
    "Canceled",
    "Child",
    "ChildFailed",
    "Context",
    "Module",
    "Operation",
    "OperationSpec",
    "Paused",
    "Registry",
    "RunContext",
    "Step",
    "SyncChild",
    "SyncContext",
    "Wishes",
    "exclusive",
    "shared",
]
