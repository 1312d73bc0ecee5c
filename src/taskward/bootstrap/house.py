"""What every process of an installation has: the store, the wake-ups, the clock and the operations."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from taskward.bootstrap.cache import cache_module
from taskward.bootstrap.outbound import open_outbound
from taskward.bootstrap.workflows import workflow_shelf, workflows
from taskward.clock import SystemClock
from taskward.model.durations import parse_duration, show_seconds
from taskward.model.settings import SETTINGS
from taskward.modules.upkeep import upkeep
from taskward.notify import PostgresNotifier, SocketNotifier
from taskward.operations import Registry
from taskward.outbound import OutboundClient
from taskward.ports import Clock, Notifier, Store, WorkflowShelf
from taskward.settings import Settings
from taskward.store import PostgresStore, SqliteStore

_SQLITE = "sqlite:///"
_STARTED_WITH = "@process"
"""Under this name the store keeps what processes were started with, beside what was set at run time."""


@dataclass(frozen=True)
class House:
    """An open installation, as one process sees it."""

    settings: Settings
    store: Store
    notifier: Notifier
    clock: Clock
    registry: Registry
    defaults: Mapping[str, str]
    """The run-time settings this process was started with."""
    outbound: OutboundClient
    workflows: WorkflowShelf


@asynccontextmanager
async def open_house(settings: Settings, apps: Sequence[str] = ()) -> AsyncIterator[House]:
    """Opens the store (and migrates it) and loads the operations.

    Raises Unavailable, SchemaTooNew, and Invalid for an app that is not one.
    """
    registry = Registry()
    registry.discover()
    for app in apps:
        registry.load(app)
    clock = SystemClock()
    url = settings.server.database_url
    async with AsyncExitStack() as stack:
        notifier: SocketNotifier | PostgresNotifier
        store: Store
        if url.startswith(_SQLITE):
            path = Path(url.removeprefix(_SQLITE))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            notifier = SocketNotifier(path.with_name(f"{path.name}-wake"))
            store = SqliteStore(path, notifier)
        else:
            notifier = PostgresNotifier(url)
            store = PostgresStore(url, notifier)
        await store.open()
        stack.push_async_callback(store.close)
        await notifier.open()
        stack.push_async_callback(notifier.close)
        outbound = await stack.enter_async_context(open_outbound(settings.outbound))
        shelf = workflow_shelf(settings)
        registry.add(upkeep(store.tasks, clock))
        registry.add(cache_module(settings))
        registry.add(workflows(settings, store, shelf=shelf, outbound=outbound, clock=clock))
        defaults = _defaults(settings)
        await _tell_defaults(store, clock, defaults)
        yield House(settings, store, notifier, clock, registry, defaults, outbound, shelf)


def _defaults(settings: Settings) -> dict[str, str]:
    retention = settings.retention
    started = {
        "task_ttl": retention.task_ttl,
        "user_task_ttl": retention.user_task_ttl,
        "idempotency_ttl": retention.idempotency_ttl,
    }
    if retention.registry_ttl:
        started["registry_ttl"] = parse_duration(retention.registry_ttl)
    return {name: show_seconds(value) for name, value in started.items()}


async def _tell_defaults(store: Store, clock: Clock, defaults: Mapping[str, str]) -> None:
    """Stores what this process was started with, where nobody has set anything else at run time."""
    stored, before = await store.registry.settings(""), await store.registry.settings(_STARTED_WITH)
    for name in defaults.keys() | before.keys():
        # What follows another setting has no default to compare with.
        unset = None if SETTINGS[name].follows else SETTINGS[name].default
        was, default = before.get(name, unset), defaults.get(name, unset)
        if default == was:
            continue
        if stored.get(name, was) == was:
            await store.registry.set_setting("", name, default, clock.now())
        await store.registry.set_setting(_STARTED_WITH, name, default, clock.now())
