"""A small hub of collections: deleting one takes a while, so the endpoint answers `202 {"task": ...}` as Galaxy's does.

`README.md` beside this file says how to run it. The module is two things: operations, for `taskward serve --app`, and
`app`, the hub's own API, for any ASGI server.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, delete, get
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp

from taskward import Context, Module, exclusive
from taskward.client import AsyncClient
from taskward.client.pulp import PulpTasks

COLLECTIONS = Path(os.environ.get("HUB_COLLECTIONS", "collections"))
"""Where collections are: `<namespace>/<name>/` folders."""

# ------------------------------------------------------------------ the work

collections = Module("collections", description="What the hub does to collections")


@collections.operation(resources=[exclusive("/collections/{namespace}/{name}/")])
async def delete_collection(ctx: Context, namespace: str, name: str) -> dict[str, int]:
    """Deletes a collection, file by file; two deletions of one collection never run at once."""
    folder = COLLECTIONS / namespace / name
    files = [path for path in await asyncio.to_thread(sorted, folder.rglob("*")) if path.is_file()]
    ctx.log("deleting", namespace=namespace, name=name, files=len(files))
    for path in files:
        # A cancel arrives here, between two files.
        await ctx.checkpoint()
        await asyncio.to_thread(path.unlink)
        ctx.progress(advance=1, total=len(files), unit="files", message="Deleting files")
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return {"files": len(files)}


# ------------------------------------------------------------------ the hub's own API

_INDEX = "/api/automation-hub/v3/plugin/ansible/content/published/collections/index"


@get(f"{_INDEX}/{{namespace:str}}/{{name:str}}/", sync_to_thread=False)
def read(request: Request[Any, Any, Any]) -> dict[str, str]:
    """A collection, while it is there."""
    return _wanted(request)


@delete(f"{_INDEX}/{{namespace:str}}/{{name:str}}/", status_code=202)
async def remove(request: Request[Any, Any, Any]) -> ASGIApp:
    """Begins to delete it; the answer says where to look whether it is gone."""
    tasks: PulpTasks = request.app.state.tasks
    return await tasks.dispatch(
        "collections.delete_collection", _wanted(request), cid=request.headers.get("Correlation-ID")
    )


def _wanted(request: Request[Any, Any, Any]) -> dict[str, str]:
    wanted: dict[str, str] = request.path_params
    if {".", ".."} & set(wanted.values()) or not (COLLECTIONS / wanted["namespace"] / wanted["name"]).is_dir():
        raise NotFoundException(f"there is no collection {wanted['namespace']}.{wanted['name']}")
    return wanted


@asynccontextmanager
async def _connected(hub: Litestar) -> AsyncIterator[None]:
    # TASKWARD_SERVER and TASKWARD_TOKEN say where; on the same machine neither is needed.
    async with AsyncClient() as client:
        hub.state.tasks = PulpTasks(client, root="/api/automation-hub/pulp/")
        yield


app = Litestar([read, remove], lifespan=[_connected], openapi_config=None, logging_config=None)
