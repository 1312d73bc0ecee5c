"""A store, a shelf of workflow files and workers that run jobs, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec

from taskward.auth import HOUSE, Authenticator, Principal
from taskward.clock import SystemClock
from taskward.engine import Maintenance, Tempo, Worker
from taskward.model.states import State
from taskward.model.task import LogLine, Task
from taskward.modules.workflow import SHIPPED, Performer, Programs, Shelf, workflow_module
from taskward.notify import LocalNotifier
from taskward.operations import Module, Operation, Registry
from taskward.outbound import OutboundClient
from taskward.ports import Notifier, Topic
from taskward.service import Service
from taskward.store import SqlStore
from taskward.wire import WorkflowRun

PATIENCE = timedelta(seconds=30)
_QUICK = Tempo(abort_grace=timedelta(seconds=5), flush_interval=timedelta(milliseconds=10))


class JobHouse:
    """Submits jobs and looks at what becomes of them. Workflows are in `folder`, what they work on is in `root`."""

    def __init__(self, store: SqlStore, notifier: LocalNotifier, folder: Path, root: Path) -> None:
        self.store = store
        self.folder = folder
        self.root = root
        self.clock = SystemClock()
        self.shelf = Shelf([folder, SHIPPED], root)
        self.outbound = OutboundClient(allow_private=True)
        self.programs: dict[str, str] = {}
        self.registry = Registry()
        self.service = Service.of(
            store,
            notifier=notifier,
            clock=self.clock,
            operations=self.registry,
            authenticator=Authenticator(store.registry, self.clock),
            shelf=self.shelf,
        )
        self._notifier = notifier
        self._workers: list[Worker] = []
        self._maintenance: Maintenance | None = None

    def write(self, name: str, text: str, client: str = "") -> Path:
        """Writes the file of a workflow."""
        folder = self.folder / "clients" / client if client else self.folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.yaml"
        path.write_text(dedent(text))
        return path

    async def start(self, *modules: Module) -> None:
        """Begins to look after times."""
        performer = Performer(Programs(self.programs), self.outbound, self.root)
        self.registry.add(workflow_module(self.store, self.shelf, performer, self.clock))
        for module in modules:
            self.registry.add(module)

        async def probe(_url: str) -> bool:
            return True

        self._maintenance = Maintenance(
            self.store, self._notifier, self.clock, find_operation=self.find, probe=probe, tempo=_QUICK
        )
        self._maintenance.start()

    async def find(self, name: str) -> Operation:
        return self.registry.operation(name)

    async def worker(self, *queues: str) -> Worker:
        """Starts a worker for these queues."""
        worker = Worker(
            self.store, self._notifier, self.registry, self.clock, queues=queues or ("default",), tempo=_QUICK
        )
        await worker.start()
        self._workers.append(worker)
        return worker

    async def stop(self) -> None:
        for worker in self._workers:
            await worker.stop()
        if self._maintenance is not None:
            await self._maintenance.stop()
        await self.service.close()
        await self.outbound.aclose()

    async def submit(self, workflow: str, by: Principal = HOUSE, client: str = "", **parameters: Any) -> Task:
        return await self.service.workflows.submit(by, workflow, WorkflowRun(parameters=parameters, client=client))

    async def run(self, workflow: str, **parameters: Any) -> Task:
        """A job, when it has ended."""
        return await self.ended(await self.submit(workflow, **parameters))

    async def ended(self, task: Task) -> Task:
        return await self.wait_for(task, lambda now: now.is_final)

    async def wait_for(self, task: Task, condition: Callable[[Task], bool]) -> Task:
        """The task as soon as it meets a condition."""
        async with asyncio.timeout(PATIENCE.total_seconds()), self._notifier.subscribe(Topic.EVENTS) as events:
            while not condition(current := await self.store.tasks.get(task.id)):
                await events.wait(timedelta(seconds=1))
        return current

    async def wait_for_child(self, job: Task, key: str, state: State = State.RUNNING) -> Task:
        """The task of a step as soon as it is in a state."""
        async with asyncio.timeout(PATIENCE.total_seconds()), self._notifier.subscribe(Topic.EVENTS) as events:
            while (child := (await self.children(job)).get(key)) is None or child.state is not state:
                await events.wait(timedelta(seconds=1))
        return child

    async def children(self, job: Task) -> dict[str, Task]:
        return {str(child.key): child for child in await self.store.tasks.children(job.id)}

    async def states(self, job: Task) -> dict[str, State]:
        return {key: child.state for key, child in (await self.children(job)).items()}

    async def logs(self, task: Task) -> list[LogLine]:
        return await self.store.journal.logs(task.id)

    async def lines(self, task: Task) -> list[str]:
        return [line.message for line in await self.logs(task)]


def result(job: Task) -> Any:
    """What a job returned that has to have ended well."""
    assert job.state is State.COMPLETED, job.error
    assert job.result is not None
    return msgspec.json.decode(job.result)


@asynccontextmanager
async def job_house(
    make_store: Callable[[Notifier], SqlStore], base: Path, modules: Sequence[Module] = ()
) -> AsyncIterator[JobHouse]:
    """With one worker for the queue `default`."""
    notifier = LocalNotifier()
    store = make_store(notifier)
    await store.open()
    folder, root = base / "workflows", base / "files"
    folder.mkdir()
    root.mkdir()
    house = JobHouse(store, notifier, folder, root)
    try:
        await house.start(*modules)
        await house.worker()
        yield house
    finally:
        await house.stop()
        await store.close()
