"""The client for programs without an event loop."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from taskward.client.asynchronous import AsyncClient
from taskward.client.external import Tracked
from taskward.client.face import Blocking, Face, Iterating, LoopThread, Managing
from taskward.wire import TaskView


class SyncTracked(Face[Tracked]):
    """Work that is being tracked. Set `result` to what the task shall have as its result."""

    progress = Blocking(Tracked.progress)
    log = Blocking(Tracked.log)
    finish = Blocking(Tracked.finish)

    @property
    def task(self) -> TaskView:
        """The task as the server last described it."""
        return self.inner.task

    @property
    def result(self) -> Any:
        """What the task shall have as its result."""
        return self.inner.result

    @result.setter
    def result(self, value: Any) -> None:
        self.inner.result = value


class Client(Face[AsyncClient]):
    """A Taskward server, from Python without `await`; see `AsyncClient`, whose methods these are.

    with Client() as client:
        task = client.submit("files.checksum", path="/data")
        print(client.wait(task.id))
    """

    def __init__(self, server: str | None = None, token: str | None = None, *, data_dir: Path | None = None) -> None:
        super().__init__(AsyncClient(server, token, data_dir=data_dir), LoopThread())
        self.url = self.inner.url

    def close(self) -> None:
        """Closes every connection and ends the client's thread."""
        self.loop.run(self.inner.close())
        self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    submit = Blocking(AsyncClient.submit)
    submit_one = Blocking(AsyncClient.submit_one)
    submit_many = Blocking(AsyncClient.submit_many)
    get = Blocking(AsyncClient.get)
    page = Blocking(AsyncClient.page)
    tasks = Iterating(AsyncClient.tasks)
    tree = Blocking(AsyncClient.tree)
    created = Blocking(AsyncClient.created)
    reports = Blocking(AsyncClient.reports)
    why = Blocking(AsyncClient.why)
    cancel = Blocking(AsyncClient.cancel)
    cancel_preview = Blocking(AsyncClient.cancel_preview)
    pause = Blocking(AsyncClient.pause)
    resume = Blocking(AsyncClient.resume)
    rerun = Blocking(AsyncClient.rerun)
    persist = Blocking(AsyncClient.persist)
    change = Blocking(AsyncClient.change)
    delete = Blocking(AsyncClient.delete)
    purge = Blocking(AsyncClient.purge)

    events = Iterating(AsyncClient.events)
    watch = Iterating(AsyncClient.watch)
    logs = Iterating(AsyncClient.logs)
    wait = Blocking(AsyncClient.wait)
    get_many = Blocking(AsyncClient.get_many)
    unfinished = Blocking(AsyncClient.unfinished)
    wait_many = Blocking(AsyncClient.wait_many)
    wait_all = Blocking(AsyncClient.wait_all)

    begin = Blocking(AsyncClient.begin)
    report = Blocking(AsyncClient.report)
    add_logs = Blocking(AsyncClient.add_logs)
    finish = Blocking(AsyncClient.finish)
    track = Managing(AsyncClient.track, SyncTracked)

    workflows = Blocking(AsyncClient.workflows)
    workflow = Blocking(AsyncClient.workflow)
    run_workflow = Blocking(AsyncClient.run_workflow)
    job = Blocking(AsyncClient.job)

    modules = Blocking(AsyncClient.modules)
    operations = Blocking(AsyncClient.operations)
    operation = Blocking(AsyncClient.operation)
    workers = Blocking(AsyncClient.workers)
    queues = Blocking(AsyncClient.queues)
    pause_queue = Blocking(AsyncClient.pause_queue)
    resume_queue = Blocking(AsyncClient.resume_queue)
    pools = Blocking(AsyncClient.pools)
    save_pool = Blocking(AsyncClient.save_pool)
    delete_pool = Blocking(AsyncClient.delete_pool)
    schedules = Blocking(AsyncClient.schedules)
    save_schedule = Blocking(AsyncClient.save_schedule)
    delete_schedule = Blocking(AsyncClient.delete_schedule)
    run_schedule = Blocking(AsyncClient.run_schedule)
    settings = Blocking(AsyncClient.settings)
    setting = Blocking(AsyncClient.setting)
    set_setting = Blocking(AsyncClient.set_setting)
    unset_setting = Blocking(AsyncClient.unset_setting)
    stats = Blocking(AsyncClient.stats)
    tokens = Blocking(AsyncClient.tokens)
    create_token = Blocking(AsyncClient.create_token)
    revoke_token = Blocking(AsyncClient.revoke_token)
    clients = Blocking(AsyncClient.clients)
    create_client = Blocking(AsyncClient.create_client)
    rotate_client = Blocking(AsyncClient.rotate_client)
    delete_client = Blocking(AsyncClient.delete_client)
    users = Blocking(AsyncClient.users)
    create_user = Blocking(AsyncClient.create_user)
    change_user = Blocking(AsyncClient.change_user)
    delete_user = Blocking(AsyncClient.delete_user)
    who = Blocking(AsyncClient.who)
    metrics = Blocking(AsyncClient.metrics)
    ready = Blocking(AsyncClient.ready)
