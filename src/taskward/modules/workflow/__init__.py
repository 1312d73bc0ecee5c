"""The module `workflow`: jobs that files declare."""

from pathlib import Path

from taskward.modules.workflow.module import workflow_module
from taskward.modules.workflow.program import Programs
from taskward.modules.workflow.shelf import Shelf
from taskward.modules.workflow.step import Performer

__all__ = ["SHIPPED", "Performer", "Programs", "Shelf", "workflow_module"]

SHIPPED = Path(__file__).with_name("shipped")
"""The folder of the workflows that come with Taskward."""
