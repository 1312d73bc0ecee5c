"""Modules and operations."""

from litestar.types import ASGIApp

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.views import module_view, operation_view
from taskward.wire import ModuleView, OperationView, Page

routes = Routes("operations")


@routes("GET", "/modules", "List modules", Answer(200, "The modules", Page[ModuleView]))
async def modules(call: Call[NoQuery, None]) -> ASGIApp:
    """Every module that this server or a worker has loaded."""
    known = await call.service.catalogue.modules(call.principal)
    return reply(200, Page([module_view(module) for module in known]))


@routes("GET", "/operations", "List operations", Answer(200, "The operations", Page[OperationView]))
async def operations(call: Call[NoQuery, None]) -> ASGIApp:
    """Every operation that this server or a worker has loaded, with the JSON Schema of its arguments."""
    known = await call.service.catalogue.operations(call.principal)
    return reply(200, Page([operation_view(operation) for operation in known]))


@routes("GET", "/operations/{name}", "Get an operation", Answer(200, "The operation", OperationView), errors=(404,))
async def operation(call: Call[NoQuery, None]) -> ASGIApp:
    """By its full name, `module.operation`."""
    return reply(200, operation_view(await call.service.catalogue.describe(call.principal, call.name())))
