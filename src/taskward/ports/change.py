"""What an operator may change of a task."""

from datetime import datetime

from msgspec import Struct

from taskward.model.states import State


class Change(Struct, frozen=True, kw_only=True):
    """An operator's change of a task; absent members stay. `if_version` refuses a change based on an older sight."""

    priority: int | None = None
    run_at: datetime | None = None
    gate: str | None = None
    clear_gate: bool = False
    persist: bool | None = None
    labels: dict[str, str] | None = None
    state: State | None = None
    """paused, queued (resumed) or canceled; the rest of the change is made before."""
    if_version: int | None = None
