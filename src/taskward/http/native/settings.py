"""Run-time settings."""

from litestar.types import ASGIApp

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.views import setting_view
from taskward.wire import Page, SettingBody, SettingView

routes = Routes("settings")


@routes("GET", "/settings", "List settings", Answer(200, "The settings", Page[SettingView]))
async def settings(call: Call[NoQuery, None]) -> ASGIApp:
    """What can be changed while everything runs. Durations are seconds."""
    return reply(200, Page([setting_view(known) for known in await call.service.settings.all(call.principal)]))


@routes("GET", "/settings/{name}", "Get a setting", Answer(200, "The setting", SettingView), errors=(404,))
async def setting(call: Call[NoQuery, None]) -> ASGIApp:
    """By its name."""
    return reply(200, setting_view(await call.service.settings.get(call.principal, call.name())))


@routes(
    "PUT",
    "/settings/{name}",
    "Set a setting",
    Answer(200, "The setting", SettingView),
    body=SettingBody,
    errors=(404,),
)
async def set_setting(call: Call[NoQuery, SettingBody]) -> ASGIApp:
    """Every process follows. A duration is a number of seconds, or a text such as 90s, 15m, 1h30m or 7d."""
    return reply(200, setting_view(await call.service.settings.set(call.principal, call.name(), call.body.value)))


@routes("DELETE", "/settings/{name}", "Return a setting to its default", Answer(204, "Done"), errors=(404,))
async def unset_setting(call: Call[NoQuery, None]) -> ASGIApp:
    """The default may be one that the servers were started with."""
    await call.service.settings.unset(call.principal, call.name())
    return reply(204)
