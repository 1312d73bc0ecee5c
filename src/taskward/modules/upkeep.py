"""The module `taskward`: operations on the house itself."""

from datetime import datetime

from taskward.model.conditions import Between, Condition, Every, Field, Known, Not, OneOf
from taskward.model.states import FINAL, State
from taskward.operations import Context, Module
from taskward.ports import Clock, Range, TaskQuery, Tasks

PURGE = "taskward.purge"
"""Full name of the operation that forgets finished tasks."""

_BATCH = 1000
_COUNTED = 1_000_000


def upkeep(tasks: Tasks, clock: Clock) -> Module:
    """The module, working on these tasks."""
    module = Module("taskward", description="Operations on the house itself")

    @module.operation("purge")
    async def purge(ctx: Context, finished_before: datetime, states: list[State]) -> dict[str, int]:
        """Forgets roots that ended before an instant in one of these states, with their trees.

        A client's purge reaches its own tasks only. Persistent ones stay. The result says how many were forgotten.
        """
        wanted = tuple(state for state in FINAL if state in states)
        if not wanted:
            return {"forgotten": 0}
        where = _condition(ctx.client, wanted, finished_before)
        query = TaskQuery(
            states=wanted,
            client=ctx.client or None,
            roots_only=True,
            finished=Range(before=finished_before),
            internal=True,
            limit=_BATCH,
        )
        total = await tasks.count(where, _COUNTED)
        forgotten = 0
        while True:
            ctx.report(
                "purge.tasks.total", done=forgotten, total=total, unit="tasks", message="Finished tasks forgotten"
            )
            removed = await tasks.purge(query, clock.now())
            if not removed:
                break
            forgotten += removed
            await ctx.checkpoint()
        ctx.report("purge.tasks.total", done=forgotten, total=forgotten, state=State.COMPLETED)
        return {"forgotten": forgotten}

    return module


def _condition(client: str, states: tuple[State, ...], finished_before: datetime) -> Condition:
    conditions: list[Condition] = [
        OneOf(Field.STATE, tuple(state.value for state in states)),
        Between(Field.FINISHED, None, finished_before),
        Not(Known(Field.PARENT)),
    ]
    if client:
        conditions.append(OneOf(Field.CLIENT, (client,)))
    return Every(tuple(conditions))
