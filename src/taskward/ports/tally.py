"""Maintained counters of tasks."""

from msgspec import Struct

from taskward.model.states import State


class Tally(Struct, frozen=True):
    """A maintained counter: how many tasks of one client, operation and queue are in one state now."""

    client: str
    operation: str
    queue: str
    state: State
    count: int
