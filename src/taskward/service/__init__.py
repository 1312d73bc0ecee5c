"""The only door for front ends: scopes and tenancy are checked here, and nowhere above."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from taskward.auth import Authenticator
from taskward.operations import Registry
from taskward.ports import Clock, Notifier, Store, WorkflowShelf
from taskward.service.attempts import Attempts
from taskward.service.audit import AuditTrail
from taskward.service.bulk import Bulk
from taskward.service.catalogue import Catalogue
from taskward.service.credentials import Credentials
from taskward.service.external import ExternalWork
from taskward.service.figures import FigureDesk
from taskward.service.fleet import Fleet
from taskward.service.job_settings import JobSettings
from taskward.service.jobs import JobDesk
from taskward.service.rehearsal import Rehearsal
from taskward.service.roster import RosterDesk
from taskward.service.runtime_settings import RuntimeSettings
from taskward.service.schedules import ScheduleDesk
from taskward.service.searches import Searches
from taskward.service.stats import Counters
from taskward.service.streams import Streams
from taskward.service.submissions import Submissions
from taskward.service.tasks import Ref, TaskDesk
from taskward.service.waiting import Waiting
from taskward.service.watcher import Watcher
from taskward.service.workflows import WorkflowDesk

__all__ = ["Ref", "Service"]


@dataclass(frozen=True)
class Service:
    """What a front end may do, by noun. Every method takes the principal first and checks it."""

    tasks: TaskDesk
    bulk: Bulk
    attempts: Attempts
    searches: Searches
    submissions: Submissions
    external: ExternalWork
    roster: RosterDesk
    rehearsal: Rehearsal
    waiting: Waiting
    streams: Streams
    catalogue: Catalogue
    schedules: ScheduleDesk
    workflows: WorkflowDesk
    jobs: JobDesk
    job_settings: JobSettings
    fleet: Fleet
    settings: RuntimeSettings
    credentials: Credentials
    counters: Counters
    figures: FigureDesk
    audit: AuditTrail
    store: Store
    clock: Clock
    watcher: Watcher

    @classmethod
    def of(
        cls,
        store: Store,
        *,
        notifier: Notifier,
        clock: Clock,
        operations: Registry,
        authenticator: Authenticator,
        shelf: WorkflowShelf,
        defaults: Mapping[str, str] | None = None,
    ) -> Self:
        """Everything wired up. `defaults` are the run-time settings this process was started with."""
        watcher = Watcher(store.journal, notifier)
        catalogue = Catalogue(operations, store.workers, clock)
        submissions = Submissions(store.tasks, catalogue, clock)
        desk = TaskDesk(store.tasks, store.journal, submissions, clock)
        searches = Searches(store.tasks, desk)
        workflows = WorkflowDesk(
            shelf, definitions=store.definitions, tasks=store.tasks, desk=desk, submissions=submissions, clock=clock
        )
        job_settings = JobSettings(store.registry, store.workers, clock)
        roster = RosterDesk(desk, store, catalogue, watcher, clock)
        return cls(
            tasks=desk,
            bulk=Bulk(desk),
            attempts=Attempts(desk, store.journal),
            searches=searches,
            submissions=submissions,
            external=ExternalWork(desk, store.tasks, clock),
            roster=roster,
            rehearsal=Rehearsal(roster, store.roster, store.tasks, clock),
            waiting=Waiting(desk, store.tasks, store.journal, watcher),
            streams=Streams(desk, store.tasks, store.journal, watcher, notifier),
            catalogue=catalogue,
            schedules=ScheduleDesk(store.schedules, submissions, catalogue, clock),
            workflows=workflows,
            jobs=JobDesk(
                store,
                desk=desk,
                searches=searches,
                submissions=submissions,
                workflows=workflows,
                settings=job_settings,
                clock=clock,
            ),
            job_settings=job_settings,
            fleet=Fleet(store.workers, clock),
            settings=RuntimeSettings(store.registry, clock, defaults),
            credentials=Credentials(store.registry, authenticator, clock),
            counters=Counters(store.tasks, store.workers),
            figures=FigureDesk(store.figures, store.tasks, store.workers, clock),
            audit=AuditTrail(store.audit, clock),
            store=store,
            clock=clock,
            watcher=watcher,
        )

    async def close(self) -> None:
        """Ends every wait and stream, and writes the rest of the audit trail."""
        await self.watcher.close()
        await self.audit.close()
