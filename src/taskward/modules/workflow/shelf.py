"""The shelf: folders of workflow files, each read again when it has changed."""

import asyncio
import difflib
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct

from taskward.model.errors import Conflict, NotFound
from taskward.model.workflow import Workflow, complete
from taskward.model.workflow.declaration import WORKFLOW_NAME
from taskward.modules.workflow.confinement import confined
from taskward.ports import Definition, Shelved

_log = structlog.get_logger(__name__)

_CLIENTS = "clients"
_NAME = re.compile(WORKFLOW_NAME)
_CLIENT_NAME = re.compile(r"[^/\\\0.][^/\\\0]*")
_SETTLED_NS = 1_000_000_000
"""A file that was changed so shortly before it was read may be changed again without its time telling."""


class _Read(Struct):
    """A file as it was read last. The definition is the newest one that was right."""

    stamp: tuple[int, int, int]
    """When it was changed, its length and its place on the disk."""
    read_ns: int
    definition: Definition | None
    problem: str = ""

    def holds(self, stamp: tuple[int, int, int]) -> bool:
        """Whether reading it again would give the same."""
        return self.stamp == stamp and self.read_ns - stamp[0] > _SETTLED_NS


class Shelf:
    """`taskward.ports.WorkflowShelf` on folders: `DIR/NAME.yaml`, and `DIR/clients/CLIENT/NAME.yaml` before it.

    Of several folders the first that has a workflow counts. A file that is wrong is refused, and said so in the
    process's log; what was read of it before stays.
    """

    def __init__(self, folders: Sequence[Path], root: Path) -> None:
        self._folders = tuple(folders)
        self._root = root
        self._read: dict[Path, _Read] = {}
        self._lock = threading.Lock()

    async def all(self, client: str) -> list[Shelved]:
        """See `WorkflowShelf.all`."""
        return await asyncio.to_thread(self._all, client)

    async def find(self, client: str, name: str) -> Definition:
        """See `WorkflowShelf.find`."""
        return await asyncio.to_thread(self._find, client, name)

    async def check(self, workflow: Workflow, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """See `WorkflowShelf.check`."""
        completed = complete(workflow, parameters)
        return await asyncio.to_thread(confined, workflow, completed, self._root)

    def _all(self, client: str) -> list[Shelved]:
        found: dict[str, Shelved] = {}
        for owner, folder in self._places(client):
            try:
                paths = sorted(folder.glob("*.yaml"))
            except OSError:
                continue
            for path in paths:
                if path.stem not in found and (shelved := self._shelved(owner, path)) is not None:
                    found[path.stem] = shelved
        return [found[name] for name in sorted(found)]

    def _find(self, client: str, name: str) -> Definition:
        if _NAME.fullmatch(name):
            for owner, folder in self._places(client):
                shelved = self._shelved(owner, folder / f"{name}.yaml")
                if shelved is not None and shelved.definition is None:
                    raise Conflict(f"workflow {name} cannot be used: {shelved.problem}")
                if shelved is not None and shelved.definition is not None:
                    return shelved.definition
        known = [shelved.name for shelved in self._all(client)]
        near = difflib.get_close_matches(name, known, n=1)
        there_are = f"there are {', '.join(known)}" if known else "there are none; see `serve --workflow-dir`"
        raise NotFound("workflow", name, hint=f"did you mean {near[0]}?" if near else there_are)

    def _places(self, client: str) -> Iterator[tuple[str, Path]]:
        """Folders to look into, with whose they are."""
        if client and _CLIENT_NAME.fullmatch(client):
            for folder in self._folders:
                yield client, folder / _CLIENTS / client
        for folder in self._folders:
            yield "", folder

    def _shelved(self, client: str, path: Path) -> Shelved | None:
        """What is known of a file; None when it is not there."""
        with self._lock:
            try:
                status = path.stat()
            except OSError:
                self._read.pop(path, None)
                return None
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._read.get(path)
            if known is None or not known.holds(stamp):
                known = self._read[path] = self._read_again(client, path, stamp, known)
            return Shelved(path.stem, client, str(path), known.definition, known.problem)

    def _read_again(self, client: str, path: Path, stamp: tuple[int, int, int], before: _Read | None) -> _Read:
        # Most workers have no files to read, and no use for what reads them.
        from taskward.modules.workflow.document import Misdeclared, read_workflow  # noqa: PLC0415

        read_ns = time.time_ns()
        try:
            return _Read(stamp, read_ns, Definition(client, read_workflow(path)))
        except Misdeclared as error:
            kept = before.definition if before is not None else None
            if before is None or before.problem != str(error):
                told = "a workflow was refused; the one before stays" if kept else "a workflow was refused"
                _log.error(told, file=str(path), problem=str(error))
            return _Read(stamp, read_ns, kept, str(error))
