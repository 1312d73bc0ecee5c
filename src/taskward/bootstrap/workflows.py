"""Workflows as the settings want them: where their files are, and the module that runs their jobs."""

from pathlib import Path

from taskward.model.errors import Invalid
from taskward.modules.workflow import SHIPPED, Performer, Programs, Shelf, workflow_module
from taskward.operations import Module
from taskward.outbound import OutboundClient
from taskward.ports import Clock, Store, WorkflowShelf
from taskward.settings import Settings


def workflow_shelf(settings: Settings) -> Shelf:
    """The workflows of the folders that are set. Raises Invalid for one that is not there."""
    return Shelf(_folders(settings), _root(settings))


def workflows(
    settings: Settings, store: Store, *, shelf: WorkflowShelf, outbound: OutboundClient, clock: Clock
) -> Module:
    """The module that runs jobs."""
    programs = Programs(dict(named.split("=", 1) for named in settings.workflow.programs))
    return workflow_module(store, shelf, Performer(programs, outbound, _root(settings)), clock)


def _folders(settings: Settings) -> list[Path]:
    folders = [Path(folder).expanduser().absolute() for folder in settings.workflow.dirs]
    for folder in folders:
        if not folder.is_dir():
            raise Invalid("workflow.dirs", f"there is no folder {folder}")
    return [*folders, SHIPPED] if settings.workflow.shipped else folders


def _root(settings: Settings) -> Path:
    """The folder that jobs work in and below."""
    root = settings.workflow.root
    return Path(root).expanduser().absolute() if root else settings.server.data_dir / "files"
