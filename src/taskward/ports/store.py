"""Everything durable, as one thing that opens and closes."""

from typing import Protocol

from taskward.ports.audit import Audit
from taskward.ports.callbacks import Callbacks
from taskward.ports.figures import Figures
from taskward.ports.journal import Journal
from taskward.ports.registry import Registry
from taskward.ports.roster import Roster
from taskward.ports.schedules import Schedules
from taskward.ports.tasks import Tasks
from taskward.ports.workers import Workers
from taskward.ports.workflows import Definitions


class Store(Protocol):
    """Everything durable. Opened once per process; methods may be called concurrently."""

    @property
    def tasks(self) -> Tasks:
        """Accept, claim, finish, steer, read."""
        ...

    @property
    def roster(self) -> Roster:
        """What is registered."""
        ...

    @property
    def journal(self) -> Journal:
        """What happened."""
        ...

    @property
    def workers(self) -> Workers:
        """Workers, queues, pools, operations."""
        ...

    @property
    def figures(self) -> Figures:
        """What charts show."""
        ...

    @property
    def audit(self) -> Audit:
        """Who did what, when."""
        ...

    @property
    def schedules(self) -> Schedules:
        """Recurring submissions."""
        ...

    @property
    def registry(self) -> Registry:
        """Settings and credentials."""
        ...

    @property
    def definitions(self) -> Definitions:
        """Workflows as jobs were submitted with them."""
        ...

    @property
    def callbacks(self) -> Callbacks:
        """Who is told what becomes of trees."""
        ...

    async def open(self) -> None:
        """Connects and migrates under a lock. Raises SchemaTooNew, Unavailable."""
        ...

    async def close(self) -> None:
        """Lets running transactions end and disconnects."""
        ...

    async def check(self) -> None:
        """Raises Unavailable when the store cannot be read and written now."""
        ...
