"""The module `workflow`: jobs that files declare."""

from taskward.modules.workflow.module import workflow_module
from taskward.modules.workflow.program import Programs
from taskward.modules.workflow.shelf import Shelf
from taskward.modules.workflow.step import Performer

__all__ = ["Performer", "Programs", "Shelf", "workflow_module"]
