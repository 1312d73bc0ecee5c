"""The audit trail: who did what, when."""

import asyncio
from datetime import timedelta

import structlog

from taskward.auth import Principal
from taskward.model.errors import TaskwardError
from taskward.ports import Audit, AuditPage, AuditQuery, Clock, Deed

_log = structlog.get_logger(__name__)

_GATHER = timedelta(milliseconds=200)
"""Deeds within this time are written together: a change is answered before its trace is durable."""
_MOST_UNWRITTEN = 10_000
_TRY_AGAIN = timedelta(seconds=1)


class AuditTrail:
    """Deeds are noted as they are answered, and written a moment later."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._unwritten: list[Deed] = []
        self._writer: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    def note(
        self, principal: Principal, method: str, path: str, status: int, *, address: str, correlation_id: str
    ) -> None:
        """Notes what was asked and how it was answered; never fails and never waits."""
        if len(self._unwritten) >= _MOST_UNWRITTEN:
            _log.error("a deed could not be kept", principal=principal.name, method=method, path=path)
            return
        deed = Deed(
            at=self._clock.now(),
            principal=principal.name,
            kind=principal.kind,
            client=principal.client,
            method=method,
            path=path,
            status=status,
            address=address,
            correlation_id=correlation_id,
        )
        self._unwritten.append(deed)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_soon())

    async def page(self, principal: Principal, query: AuditQuery) -> AuditPage:
        """One page, newest first. Needs admin. Raises InvalidFilter."""
        principal.require("admin")
        await self._write()
        return await self._audit.page(query)

    async def close(self) -> None:
        """Writes what is not written yet."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        try:
            await self._write()
        except TaskwardError:
            _log.exception("deeds could not be kept", count=len(self._unwritten))

    async def _write_soon(self) -> None:
        await asyncio.sleep(_GATHER.total_seconds())
        while self._unwritten:
            try:
                await self._write()
            except TaskwardError:
                await asyncio.sleep(_TRY_AGAIN.total_seconds())

    async def _write(self) -> None:
        async with self._writing:
            deeds = list(self._unwritten)
            if deeds:
                await self._audit.add(deeds)
                del self._unwritten[: len(deeds)]
