"""Maintained counters of tasks."""

from enum import StrEnum

from msgspec import Struct

from taskward.model.states import State


class Role(StrEnum):
    """What a task is among those of its tree, and to those who look for jobs."""

    ROOT = "root"
    REPEATED = "repeated"
    """A root that another run replaces."""
    PART = "part"
    """It has a parent, or is internal."""


class Tally(Struct, frozen=True):
    """A maintained counter: how many tasks of one client, operation, queue and role are in one state now."""

    client: str
    operation: str
    queue: str
    state: State
    role: Role
    count: int
