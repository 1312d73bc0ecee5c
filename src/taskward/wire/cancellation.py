"""Asking a task to stop, and what that would reach."""

from typing import Annotated

from msgspec import Meta, Struct

from taskward.wire.task import TaskView


class CancelBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}:cancel`; may be left out."""

    reason: Annotated[str, Meta(max_length=1000)] = ""


class CancelPreview(Struct, frozen=True):
    """What a cancel would reach."""

    items: list[TaskView]
