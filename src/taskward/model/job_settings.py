"""What bounds the jobs of a client: names, defaults and bounds of the settings that are known.

Each client has its own; what it has not set is as the house has set it, or else the default.
"""

from collections.abc import Mapping

from msgspec import Struct

from taskward.model.errors import Invalid


class JobSetting(Struct, frozen=True):
    """A setting that holds a whole number."""

    default: int
    least: int
    most: int = 1_000_000

    def check(self, name: str, value: str | float) -> str:
        """The value as it is stored. Raises Invalid."""
        text = value.strip() if isinstance(value, str) else str(value)
        if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 9:
            raise Invalid("/setting", f"{name} is a whole number, not {value!r}")
        if not self.least <= int(text) <= self.most:
            raise Invalid("/setting", f"{name} is between {self.least} and {self.most}, not {text}")
        return str(int(text))


JOB_SETTINGS = {
    "max_jobs": JobSetting(default=2, least=1),
    "priority_slots": JobSetting(default=0, least=0),
    "priority_threshold": JobSetting(default=5, least=1, most=10),
    "schedule_interval": JobSetting(default=60, least=1, most=86_400),
    "retry_delay": JobSetting(default=5, least=0, most=86_400),
    "retry_limit": JobSetting(default=3, least=0),
}
TOTAL = "total_max_jobs"
"""A setting of the house alone: how many jobs of all clients together may run; 0 is no bound."""
TOTAL_SETTING = JobSetting(default=0, least=0)


class Bounds(Struct, frozen=True):
    """The settings in force for a client; intervals and delays in seconds."""

    max_jobs: int
    priority_slots: int
    priority_threshold: int
    schedule_interval: int
    retry_delay: int
    retry_limit: int

    @classmethod
    def of(cls, own: Mapping[str, str], common: Mapping[str, str]) -> "Bounds":
        """From what a client and what the house has stored."""
        return cls(
            **{
                name: int(own.get(name, common.get(name, str(setting.default))))
                for name, setting in JOB_SETTINGS.items()
            }
        )
