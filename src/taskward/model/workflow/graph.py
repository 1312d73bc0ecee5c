"""The graph of a workflow's steps: who needs whom."""

from collections.abc import Mapping

from msgspec import Struct

from taskward.model.workflow.declaration import Step, Workflow


class Node(Struct, frozen=True):
    """A step in the picture. `rank` is how many steps it needs at least, one after the other, before it can begin."""

    name: str
    kind: str
    rank: int
    description: str
    queue: str
    needs: list[str]
    when: str
    for_each: str
    on_failure: bool


def cycle(steps: Mapping[str, Step]) -> list[str]:
    """Steps that need each other in a ring, the first one again at the end; empty when there is none."""
    state: dict[str, int] = {}
    for start in steps:
        if start in state:
            continue
        state[start] = 1
        path = [start]
        ahead = [iter(steps[start].needs)]
        while path:
            need = next((need for need in ahead[-1] if need in steps and state.get(need) != 2), None)
            if need is None:
                state[path.pop()] = 2
                ahead.pop()
            elif state.get(need) == 1:
                return [*path[path.index(need) :], need]
            else:
                state[need] = 1
                path.append(need)
                ahead.append(iter(steps[need].needs))
    return []


def ranks(steps: Mapping[str, Step]) -> dict[str, int]:
    """How many steps each needs at least one after the other; the steps must have no cycle."""
    found: dict[str, int] = {}
    while len(found) < len(steps):
        for name, step in steps.items():
            if name not in found and all(need in found for need in step.needs):
                found[name] = max((found[need] + 1 for need in step.needs), default=0)
    return found


def needed(steps: Mapping[str, Step], name: str) -> set[str]:
    """Every step that must have ended before this one, near and far."""
    found: set[str] = set()
    pending = list(steps[name].needs)
    while pending:
        need = pending.pop()
        if need not in found and need in steps:
            found.add(need)
            pending += steps[need].needs
    return found


def graph_of(workflow: Workflow) -> list[Node]:
    """Every step by rank, those of a failure behind the others."""
    return [
        *_nodes(workflow, workflow.steps, on_failure=False),
        *_nodes(workflow, workflow.on_failure, on_failure=True),
    ]


def _nodes(workflow: Workflow, steps: Mapping[str, Step], *, on_failure: bool) -> list[Node]:
    rank_of = ranks(steps)
    return [
        Node(
            name=name,
            kind=steps[name].kind,
            rank=rank_of[name],
            description=steps[name].description,
            queue=steps[name].queue or workflow.queue,
            needs=list(steps[name].needs),
            when=steps[name].when,
            for_each=steps[name].for_each,
            on_failure=on_failure,
        )
        for name in sorted(steps, key=lambda name: rank_of[name])
    ]
