"""The run-time settings, as administrators see and set them."""

from collections.abc import Mapping

from msgspec import Struct

from taskward.auth import Principal
from taskward.model.settings import SETTINGS, Setting, setting_named, text_of
from taskward.ports import Clock, Registry


class SettingInForce(Struct, frozen=True):
    """A setting with its value now and what it is without one that was set."""

    setting: Setting
    value: str
    default: str
    is_set: bool


class RuntimeSettings:
    """Reads need read, changes admin. `defaults` are those this process was started with."""

    def __init__(self, registry: Registry, clock: Clock, defaults: Mapping[str, str] | None = None) -> None:
        self._registry = registry
        self._clock = clock
        self._defaults = defaults or {}

    async def all(self, principal: Principal) -> list[SettingInForce]:
        """In the order of their table."""
        principal.require("read")
        stored = await self._registry.settings("")
        return [self._in_force(setting, stored) for setting in SETTINGS.values()]

    async def get(self, principal: Principal, name: str) -> SettingInForce:
        """Raises NotFound, with the nearest name."""
        principal.require("read")
        return self._in_force(setting_named(name), await self._registry.settings(""))

    async def set(self, principal: Principal, name: str, value: str | float) -> SettingInForce:
        """Raises NotFound, Invalid."""
        principal.require("admin")
        setting = setting_named(name)
        await self._registry.set_setting("", name, setting.check(value), self._clock.now())
        return await self.get(principal, name)

    async def swap(self, principal: Principal, name: str, value: str | float) -> str:
        """As `set`; returns the value it replaced, which of two changes at the same time each gets its own."""
        principal.require("admin")
        setting = setting_named(name)
        before = await self._registry.settings("")
        replaced = await self._registry.set_setting("", name, setting.check(value), self._clock.now())
        others = {other: text for other, text in before.items() if other != name}
        return replaced if replaced is not None else text_of(name, others, self._defaults)

    async def unset(self, principal: Principal, name: str) -> SettingInForce:
        """Returns to the default. Raises NotFound."""
        principal.require("admin")
        setting = setting_named(name)
        default = self._defaults.get(name)
        # A default of this process is not known to the others, nor to the store: it has to be said.
        value = default if default is not None and default != setting.default else None
        await self._registry.set_setting("", name, value, self._clock.now())
        return await self.get(principal, name)

    def _in_force(self, setting: Setting, stored: Mapping[str, str]) -> SettingInForce:
        others = {name: text for name, text in stored.items() if name != setting.name}
        default = text_of(setting.name, others, self._defaults)
        value = stored.get(setting.name, default)
        return SettingInForce(setting, value, default, value != default)
