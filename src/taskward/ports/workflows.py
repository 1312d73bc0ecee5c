"""Workflows: where their definitions come from, and where those that jobs were submitted with are kept."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from taskward.model.workflow import Workflow


class Definition(Struct, frozen=True):
    """A workflow as one file declares it. `client` is whose own it is; empty for those common to all."""

    client: str
    workflow: Workflow

    @property
    def document(self) -> bytes:
        """As it is kept."""
        return msgspec.json.encode(self)

    @property
    def digest(self) -> str:
        """What it is called where it is kept: the name of its content."""
        return hashlib.sha256(self.document).hexdigest()

    @staticmethod
    def read(document: bytes) -> "Definition":
        """From what was kept."""
        return msgspec.json.decode(document, type=Definition)


JOB = "workflow.run"
"""Full name of the operation that runs a workflow; a task of it is a job."""


class JobArguments(Struct, frozen=True):
    """What a job was submitted with; `definition` is the digest of what it runs."""

    workflow: str
    parameters: dict[str, Any] = {}
    definition: str = ""


def step_report(step: str) -> str:
    """The code of the report by which a job tells how far a step is."""
    return f"step.{step}"


class Shelved(Struct, frozen=True):
    """What is known of one name: the definition in force, and what is wrong with its file now, if anything.

    Without a definition the file was never right.
    """

    name: str
    client: str
    source: str
    """The path of the file."""
    definition: Definition | None
    problem: str = ""


class WorkflowShelf(Protocol):
    """The workflows this process can submit, as their files are at the moment of the call."""

    async def all(self, client: str) -> list[Shelved]:
        """Those a client can use, by name: its own, and the common ones that it has no own of."""
        ...

    async def find(self, client: str, name: str) -> Definition:
        """The one in force for a client. Raises NotFound; Conflict while its file is wrong and never was right."""
        ...

    async def check(self, workflow: Workflow, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with their defaults; each path is made absolute, below the root of the workflows' files.

        Raises Invalid, whose field begins with `/parameters`, also for a path that leads outside, links followed.
        """
        ...


class Definitions(Protocol):
    """The definitions that jobs were submitted with, each under the digest of its content; they never change."""

    async def save(self, digest: str, document: bytes, now: datetime) -> None:
        """Keeps it; one that is there already stays as it is."""
        ...

    async def get(self, digest: str) -> bytes:
        """Raises NotFound."""
        ...
