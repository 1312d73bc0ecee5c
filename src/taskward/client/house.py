"""The client's methods for all that is not a task: operations, workers, lines, schedules, settings, credentials."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from taskward.client.transport import Transport, segment
from taskward.wire import (
    ClientBody,
    CredentialView,
    Issued,
    ModuleView,
    OperationView,
    Page,
    PoolBody,
    PoolView,
    QueuePatch,
    QueueView,
    ScheduleBody,
    ScheduleView,
    SettingBody,
    SettingView,
    StatsView,
    TaskView,
    TokenBody,
    UserBody,
    WhoView,
    WorkerView,
)

T = TypeVar("T")
SettingValue = str | int | float | bool


class HouseMethods:
    """What runs where, and what may."""

    _transport: Transport

    async def modules(self) -> list[ModuleView]:
        """The modules that some process has loaded."""
        return await self._all("/v1/modules", Page[ModuleView])

    async def operations(self) -> list[OperationView]:
        """The operations that some process can run."""
        return await self._all("/v1/operations", Page[OperationView])

    async def operation(self, name: str) -> OperationView:
        """One operation, with the JSON Schema of its arguments."""
        return await self._transport.call("GET", f"/v1/operations/{segment(name)}", OperationView)

    async def workers(self) -> list[WorkerView]:
        """The workers, alive and lately lost."""
        return await self._all("/v1/workers", Page[WorkerView])

    async def queues(self) -> list[QueueView]:
        """The queues that have tasks, workers or a pause."""
        return await self._all("/v1/queues", Page[QueueView])

    async def pause_queue(self, name: str) -> QueueView:
        """Stops claims from a queue; what runs goes on."""
        return await self._transport.call(
            "PATCH", f"/v1/queues/{segment(name)}", QueueView, body=QueuePatch(paused=True)
        )

    async def resume_queue(self, name: str) -> QueueView:
        """Lets a queue be claimed from again."""
        return await self._transport.call(
            "PATCH", f"/v1/queues/{segment(name)}", QueueView, body=QueuePatch(paused=False)
        )

    async def pools(self) -> list[PoolView]:
        """The pools and how full they are."""
        return await self._all("/v1/pools", Page[PoolView])

    async def save_pool(self, name: str, limit: int, *, reserved: int = 0, threshold: int = 5) -> PoolView:
        """Makes or changes a pool; see `taskward.model.pools`."""
        body = PoolBody(limit=limit, reserved=reserved, threshold=threshold)
        return await self._transport.call("PUT", f"/v1/pools/{segment(name)}", PoolView, body=body)

    async def delete_pool(self, name: str) -> None:
        """Removes a pool that nothing waits for or runs in."""
        await self._transport.do("DELETE", f"/v1/pools/{segment(name)}")

    async def schedules(self) -> list[ScheduleView]:
        """The recurring submissions."""
        return await self._all("/v1/schedules", Page[ScheduleView])

    async def save_schedule(
        self,
        name: str,
        operation: str,
        args: Mapping[str, Any] | None = None,
        *,
        every: timedelta | None = None,
        cron: str | None = None,
        timezone: str = "UTC",
        first_in: timedelta | None = None,
        priority: int | None = None,
        queue: str | None = None,
        labels: Mapping[str, str] | None = None,
        description: str = "",
        active: bool = True,
    ) -> ScheduleView:
        """Makes or replaces a schedule; exactly one of `every` and `cron` says when."""
        body = ScheduleBody(
            operation=operation,
            args=dict(args or {}),
            every_seconds=None if every is None else every.total_seconds(),
            cron=cron,
            timezone=timezone,
            first_in_seconds=None if first_in is None else first_in.total_seconds(),
            priority=priority,
            queue=queue,
            labels=dict(labels or {}),
            description=description,
            active=active,
        )
        return await self._transport.call("PUT", f"/v1/schedules/{segment(name)}", ScheduleView, body=body)

    async def delete_schedule(self, name: str) -> None:
        """Removes a schedule; tasks it has submitted stay."""
        await self._transport.do("DELETE", f"/v1/schedules/{segment(name)}")

    async def run_schedule(self, name: str) -> TaskView:
        """Submits what a schedule submits, now."""
        return await self._transport.call("POST", f"/v1/schedules/{segment(name)}:run", TaskView)

    async def settings(self) -> list[SettingView]:
        """The run-time settings."""
        return await self._all("/v1/settings", Page[SettingView])

    async def setting(self, name: str) -> SettingView:
        """One run-time setting."""
        return await self._transport.call("GET", f"/v1/settings/{segment(name)}", SettingView)

    async def set_setting(self, name: str, value: SettingValue) -> SettingView:
        """Sets a run-time setting."""
        return await self._transport.call(
            "PUT", f"/v1/settings/{segment(name)}", SettingView, body=SettingBody(value=value)
        )

    async def unset_setting(self, name: str) -> None:
        """Returns a run-time setting to its default."""
        await self._transport.do("DELETE", f"/v1/settings/{segment(name)}")

    async def stats(self) -> StatsView:
        """How many tasks are in which state."""
        return await self._transport.call("GET", "/v1/stats", StatsView)

    async def tokens(self) -> list[CredentialView]:
        """The access tokens, without their secrets."""
        return await self._all("/v1/tokens", Page[CredentialView])

    async def create_token(
        self,
        name: str,
        *,
        scopes: Sequence[str] = ("read",),
        description: str = "",
        expires_at: datetime | None = None,
        expires_in: timedelta | None = None,
        client: str = "",
    ) -> Issued:
        """Makes an access token; its secret is in this answer and nowhere else."""
        body = TokenBody(
            name=name,
            scopes=list(scopes),
            description=description,
            expires_at=expires_at,
            expires_in_seconds=None if expires_in is None else expires_in.total_seconds(),
            client=client,
        )
        return await self._transport.call("POST", "/v1/tokens", Issued, body=body)

    async def revoke_token(self, token: UUID | str) -> None:
        """Ends an access token, named by its id or name."""
        await self._transport.do("DELETE", f"/v1/tokens/{segment(token)}")

    async def clients(self) -> list[CredentialView]:
        """The tenants, without their api-keys."""
        return await self._all("/v1/clients", Page[CredentialView])

    async def create_client(self, name: str, *, description: str = "") -> Issued:
        """Makes a tenant; its api-key is in this answer and nowhere else."""
        return await self._transport.call(
            "POST", "/v1/clients", Issued, body=ClientBody(name=name, description=description)
        )

    async def rotate_client(self, client: UUID | str) -> Issued:
        """Replaces the api-key of a tenant; the old one ends at once."""
        return await self._transport.call("POST", f"/v1/clients/{segment(client)}:rotate", Issued)

    async def delete_client(self, client: UUID | str) -> None:
        """Ends a tenant's api-key; its tasks stay."""
        await self._transport.do("DELETE", f"/v1/clients/{segment(client)}")

    async def users(self) -> list[CredentialView]:
        """The people who may sign in."""
        return await self._all("/v1/users", Page[CredentialView])

    async def create_user(self, name: str, password: str, *, role: str = "viewer") -> CredentialView:
        """Makes a user; `role` is admin, operator or viewer."""
        body = UserBody(name=name, password=password, role=role)
        return await self._transport.call("POST", "/v1/users", CredentialView, body=body)

    async def change_user(self, name: str, password: str, *, role: str = "viewer") -> CredentialView:
        """Gives a user another password and role; the sessions so far end."""
        body = UserBody(name=name, password=password, role=role)
        return await self._transport.call("PUT", f"/v1/users/{segment(name)}", CredentialView, body=body)

    async def delete_user(self, user: UUID | str) -> None:
        """Ends a user."""
        await self._transport.do("DELETE", f"/v1/users/{segment(user)}")

    async def who(self) -> WhoView:
        """The caller, as the server knows it."""
        return await self._transport.call("GET", "/v1/session", WhoView)

    async def metrics(self) -> str:
        """The server's metrics in Prometheus' text format."""
        return await self._transport.text("/metrics")

    async def ready(self) -> None:
        """Returns if the server can serve; raises ApiError or ServerUnreachable if not."""
        await self._transport.do("GET", "/readyz")

    async def _all(self, path: str, into: type[Page[T]]) -> list[T]:
        items: list[T] = []
        after: str | None = None
        while True:
            page = await self._transport.call("GET", path, into, params={"after": after})
            items += page.items
            if page.next is None:
                return items
            after = page.next
