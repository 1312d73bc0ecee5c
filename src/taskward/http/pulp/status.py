"""`status/` and `livez/`: whether the house is well, for anyone who asks."""

import os
import platform
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from taskward.auth import HOUSE
from taskward.http.endpoint import Reply
from taskward.http.pulp.endpoint import Answer, Call, Operations, answer, no_content
from taskward.http.pulp.views import VERSION, VERSIONS, is_online
from taskward.http.pulp.wire import (
    AppBody,
    Connection,
    ContentSettingsBody,
    StatusBody,
    StorageBody,
    VersionBody,
)
from taskward.model.errors import Unavailable
from taskward.ports import WorkerInfo

Storage = Callable[[], StorageBody]
"""Tells how much space there is where the data is."""

_THIS_APP = f"{os.getpid()}@{platform.node()}"


def local_storage(folder: Path) -> Storage:
    """Of the file system that a folder is on."""

    def look() -> StorageBody:
        try:
            usage = shutil.disk_usage(folder)
        except OSError:
            return StorageBody(None, None, None)
        return StorageBody(usage.total, usage.used, usage.free)

    return look


def remote_storage() -> StorageBody:
    """Of a database elsewhere nothing is known."""
    return StorageBody(None, None, None)


def status_operations(storage: Storage) -> Operations:
    """The operations, with a way to look at the storage."""
    operations = Operations()

    @operations(
        "GET",
        "status/",
        id="status_read",
        summary="Inspect status of Pulp",
        answers=(Answer(200, StatusBody),),
        is_open=True,
    )
    async def read_status(call: Call) -> Reply:
        """Returns status and app information."""
        connected = True
        workers: list[WorkerInfo] = []
        try:
            workers = [worker for worker in await call.service.fleet.workers(HOUSE) if is_online(worker)]
        except Unavailable:
            connected = False
        body = StatusBody(
            versions=[VersionBody("core", VERSION, "taskward", "taskward.http.pulp", domain_compatible=False)],
            online_workers=[AppBody(worker.name, worker.heartbeat_at, VERSIONS) for worker in workers],
            online_api_apps=[AppBody(_THIS_APP, datetime.now(UTC), VERSIONS)],
            online_content_apps=[],
            database_connection=Connection(connected),
            redis_connection=Connection(connected=False),
            storage=storage(),
            content_settings=ContentSettingsBody(None, "/pulp/content/"),
            domain_enabled=False,
        )
        return answer(body)

    @operations(
        "GET",
        "livez/",
        id="livez_read",
        summary="Inspect liveness of Pulp's REST API.",
        answers=(Answer(200),),
        is_open=True,
    )
    async def read_livez(call: Call) -> Reply:  # noqa: ARG001 - an operation's handler
        """Returns 200 OK when API is alive."""
        return no_content(200)

    return operations
