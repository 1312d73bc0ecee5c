"""Which operations exist: those this process has loaded, and those that workers elsewhere tell of."""

import difflib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from taskward.auth import Principal
from taskward.model.errors import NotFound
from taskward.model.json_schema import check_schema
from taskward.operations import Operation, Registry
from taskward.operations.arguments import Arguments
from taskward.operations.operation import OperationSpec
from taskward.ports import Clock, OperationInfo, WorkerInfo, Workers

_PUBLISHED_TTL = timedelta(seconds=5)


class KnownOperation(Struct, frozen=True):
    """An operation, and how many live workers can run it."""

    info: OperationInfo
    workers: int


class KnownModule(Struct, frozen=True):
    """A module, with the full names of its operations. The description is empty where its code is elsewhere."""

    name: str
    description: str
    operations: tuple[str, ...]
    ttl: timedelta | None
    fold: bool


class Catalogue:
    """Operations and modules by name."""

    def __init__(self, registry: Registry, workers: Workers, clock: Clock) -> None:
        self._registry = registry
        self._workers = workers
        self._clock = clock
        self._published: dict[str, OperationInfo] = {}
        self._published_until: datetime | None = None

    async def operation(self, name: str) -> Operation:
        """What submits tasks of an operation. Raises NotFound, with a hint."""
        with suppress(NotFound):
            return self._registry.operation(name)
        published = await self._elsewhere()
        if name in published:
            return _Published(published[name])
        near = difflib.get_close_matches(name, [*self._registry.operations, *published], n=1)
        raise NotFound("operation", name, hint=f"did you mean {near[0]}?" if near else "")

    async def operations(self, principal: Principal) -> list[KnownOperation]:
        """All of them by name. Needs read."""
        principal.require("read")
        live = [worker for worker in await self._workers.workers() if worker.state == "online"]
        return [_known(info, live) for info in (await self._infos()).values()]

    async def describe(self, principal: Principal, name: str) -> KnownOperation:
        """One of them. Raises NotFound. Needs read."""
        principal.require("read")
        infos = await self._infos()
        if name not in infos:
            near = difflib.get_close_matches(name, infos, n=1)
            raise NotFound("operation", name, hint=f"did you mean {near[0]}?" if near else "")
        return _known(infos[name], await self._workers.workers())

    async def modules(self, principal: Principal) -> list[KnownModule]:
        """All of them by name. Needs read."""
        principal.require("read")
        by_module: dict[str, list[OperationInfo]] = {name: [] for name in self._registry.modules}
        for info in (await self._infos()).values():
            by_module.setdefault(info.module, []).append(info)
        return [self._module(name, infos) for name, infos in sorted(by_module.items())]

    def _module(self, name: str, infos: list[OperationInfo]) -> KnownModule:
        names = tuple(sorted(info.name for info in infos))
        if module := self._registry.modules.get(name):
            return KnownModule(name, module.description, names, module.retention.ttl, module.retention.fold)
        spec = msgspec.convert(infos[0].spec, OperationSpec)
        return KnownModule(name, "", names, spec.rules.ttl, spec.folds)

    async def _infos(self) -> dict[str, OperationInfo]:
        now = self._clock.now()
        own = {name: operation.describe(now) for name, operation in self._registry.operations.items()}
        return dict(sorted({**await self._elsewhere(), **own}.items()))

    async def _elsewhere(self) -> dict[str, OperationInfo]:
        now = self._clock.now()
        if self._published_until is None or now >= self._published_until:
            self._published = {info.name: info for info in await self._workers.operations()}
            self._published_until = now + _PUBLISHED_TTL
        return self._published


class _SchemaArguments(Arguments):
    """Arguments known by their schema alone; defaults are filled in by the worker."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.names = tuple(schema.get("properties", {}))

    def check(self, args: Mapping[str, Any]) -> bytes:
        check_schema(args, self.schema, "/args")
        filled = {
            name: member["default"]
            for name, member in self.schema.get("properties", {}).items()
            if isinstance(member, Mapping) and "default" in member
        }
        return msgspec.json.encode(filled | dict(args))


class _Published(Operation):
    """An operation whose code is elsewhere."""

    def __init__(self, info: OperationInfo) -> None:
        self.spec = msgspec.convert(info.spec, OperationSpec)
        self.arguments = _SchemaArguments(info.schema)


def _known(info: OperationInfo, workers: list[WorkerInfo]) -> KnownOperation:
    able = sum(worker.state == "online" and info.name in worker.operations for worker in workers)
    return KnownOperation(info, able)
