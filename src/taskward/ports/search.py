"""Tasks by any condition, for front ends that promise totals and offsets."""

from uuid import UUID

from msgspec import Struct

from taskward.model.conditions import ALWAYS, Condition, Order
from taskward.model.task import Report


class Search(Struct, frozen=True, kw_only=True):
    """Tasks by any condition, in any order, from any place; steps are never found.

    For front ends that promise totals, offsets and orders by many columns. Those that do not use `TaskQuery`, whose
    pages cost the same however much is stored.
    """

    where: Condition = ALWAYS
    order: tuple[Order, ...] = ()
    """Ties are newest first, and so is no order."""
    offset: int = 0
    limit: int = 100


class Particulars(Struct, frozen=True):
    """What hangs on a task beside its row."""

    children: tuple[UUID, ...] = ()
    """Live children that are no steps, oldest first."""
    reports: tuple[Report, ...] = ()
    created: tuple[str, ...] = ()
    """Names of the resources it told that it created."""
