"""Pulp's way to answer, for endpoints of your own: the work goes to Taskward, the caller gets `202` and a link.

    tasks = PulpTasks(AsyncClient(), root="/api/automation-hub/pulp/")

    @delete("/collections/{name:str}/", status_code=202)            # Litestar, Starlette: the answer is an ASGI app
    async def delete_collection(request: Request, name: str) -> ASGIApp:
        return await tasks.dispatch("collections.delete", {"name": name}, cid=request.headers.get("Correlation-ID"))

    @app.delete("/collections/{name}/", status_code=202)            # FastAPI: it makes JSON of a plain dict
    async def delete_collection(name: str, response: Response) -> dict[str, str]:
        accepted = await tasks.dispatch("collections.delete", {"name": name})
        response.headers.update(accepted.headers)
        return accepted.body

No framework is imported here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
from uuid_utils.compat import uuid7

from taskward.client.asynchronous import AsyncClient
from taskward.model.groups import DESCRIPTION_LABEL, GROUP_LABEL
from taskward.model.policy import Resource
from taskward.wire import Submit, TaskView

_GUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Accepted:
    """The answer `202 {"task": href}`, or `{"task_group": href}`: an ASGI application that answers one request."""

    status = 202

    def __init__(self, body: dict[str, str], tasks: Sequence[TaskView], correlation_id: str) -> None:
        self.body = body
        self.tasks = tasks
        """What was submitted."""
        self.correlation_id = correlation_id
        """On the tasks, in what they log, and in the header Correlation-ID of the answer."""

    @property
    def href(self) -> str:
        """The link: a path without a host."""
        [href] = self.body.values()
        return href

    @property
    def headers(self) -> dict[str, str]:
        """What the answer has beside its body, for frameworks that make an answer of the body themselves."""
        return {"Location": self.href, "Correlation-ID": self.correlation_id}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 - every framework has its types
        """Answers the request."""
        body = msgspec.json.encode(self.body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode(), value.encode()) for name, value in self.headers.items()),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class PulpTasks:
    """Submits tasks to a Taskward server and answers with links into its Pulp tree.

    `root` is where callers find that tree: `/pulp/`, `/api/automation-hub/pulp/` or `/api/galaxy/pulp/`. Links have no
    host, so the tree must be reached by the host of your own endpoints; a reverse proxy sees to that.
    """

    def __init__(self, client: AsyncClient, *, root: str = "/pulp/") -> None:
        self._client = client
        self._base = f"{root.rstrip('/')}/api/v3/"

    async def dispatch(
        self,
        operation: str,
        args: Mapping[str, Any] | None = None,
        *,
        exclusive: Iterable[str] = (),
        shared: Iterable[str] = (),
        group: UUID | None = None,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        priority: int | None = None,
        cid: str | None = None,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Submits one task. `exclusive` and `shared` name resources it locks beside those of its operation.

        `cid` is the correlation id of the request; without a GUID a new one is made. Raises ApiError when Taskward
        refuses (422 for wrong arguments), ServerUnreachable when it does not answer.
        """
        correlation_id = _guid(cid)
        task = await self._client.submit(
            operation,
            args,
            name=name,
            labels={**(labels or {}), **({} if group is None else {GROUP_LABEL: str(group)})},
            priority=priority,
            resources=_locks(exclusive, shared),
            correlation_id=correlation_id,
            idempotency_key=idempotency_key,
        )
        return Accepted({"task": self.href(task.id)}, [task], correlation_id)

    async def dispatch_group(
        self, description: str, submissions: Sequence[Submit], *, cid: str | None = None
    ) -> Accepted:
        """Submits up to 1,000 tasks as one group, all or none; the link is the group's. Raises as `dispatch`."""
        group, correlation_id = uuid7(), _guid(cid)
        labels = {GROUP_LABEL: str(group), DESCRIPTION_LABEL: description}
        members = [msgspec.structs.replace(each, labels={**each.labels, **labels}) for each in submissions]
        tasks = await self._client.submit_many(members, correlation_id=correlation_id)
        return Accepted({"task_group": f"{self._base}task-groups/{group}/"}, tasks, correlation_id)

    def href(self, task_id: UUID) -> str:
        """Where a task is seen."""
        return f"{self._base}tasks/{task_id}/"


def _locks(exclusive: Iterable[str], shared: Iterable[str]) -> list[Resource]:
    return [*map(Resource, exclusive), *(Resource(name, exclusive=False) for name in shared)]


def _guid(given: str | None) -> str:
    return given if given and _GUID.fullmatch(given) else uuid4().hex
