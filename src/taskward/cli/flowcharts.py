"""Pictures of workflows, for people."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from taskward.cli.pictures import arguments, facts, grid
from taskward.cli.words import LOOKS
from taskward.wire import StepNode, WorkflowDetail, WorkflowView

_MERMAID_SHAPES = {"run": ("[", "]"), "call": ("[[", "]]"), "request": ("[/", "/]"), "wait": ("([", "])")}


def workflows(items: Sequence[WorkflowView]) -> RenderableType:
    """Workflows, and what is wrong with their files."""
    table = grid("WORKFLOW", "CLIENT", "STATE", "DESCRIPTION")
    for item in items:
        if not item.problem:
            state = Text("right", style="green")
        elif item.usable:
            state = Text("wrong since, the one before stays", style="yellow")
        else:
            state = Text("wrong", style="red")
        table.add_row(item.name, item.client or "-", state, item.problem or item.description)
    return table if items else Text("no workflows; see `taskward serve --workflow-dir`", style="bright_black")


def workflow(item: WorkflowDetail) -> RenderableType:
    """One workflow with its parameters and its steps."""
    rows = {"client": item.client, "file": item.source, "problem": item.problem, "digest": item.digest}
    steps = grid("STEP", "KIND", "QUEUE", "NEEDS", "DESCRIPTION")
    for step in item.steps:
        name = f"{step.name} (on failure)" if step.on_failure else step.name
        steps.add_row(name, step.kind, step.queue, " ".join(step.needs) or "-", _about(step))
    return Group(
        Text(item.name, style="bold"),
        Text(item.description),
        facts({name: value for name, value in rows.items() if value}),
        arguments(item.schema),
        Text(),
        steps,
    )


def graph(steps: Sequence[StepNode]) -> RenderableType:
    """Steps by what they need: those of one line may run at the same time."""
    lines: list[Text] = []
    for on_failure in (False, True):
        group = [step for step in steps if step.on_failure is on_failure]
        if on_failure and group:
            lines.append(Text("on failure", style="bright_black"))
        for rank in sorted({step.rank for step in group}):
            line = Text("    " * rank)
            for step in (each for each in group if each.rank == rank):
                if len(line.plain.strip()) > 0:
                    line.append("   ")
                line.append(_sign(step))
                line.append(_marked(step), style="bold")
                if step.needs:
                    line.append(f" ◀ {', '.join(step.needs)}", style="bright_black")
            lines.append(line)
    return Group(*lines)


def mermaid(steps: Sequence[StepNode]) -> RenderableType:
    """Steps as a Mermaid flowchart."""
    return Text("\n".join(["flowchart LR", *_mermaid(steps)]))


def _mermaid(steps: Iterable[StepNode]) -> Iterable[str]:
    for step in steps:
        opening, closing = _MERMAID_SHAPES[step.kind]
        yield f'  {step.name}{opening}"{_marked(step)}"{closing}'
        for need in step.needs:
            yield f"  {need} --> {step.name}"


def _marked(step: StepNode) -> str:
    """Its name; `[]` if it runs for each item of a list, `?` if only under a condition."""
    return f"{step.name}{'[]' if step.for_each else ''}{'?' if step.when else ''}"


def _sign(step: StepNode) -> Text:
    if step.state is None:
        return Text()
    look = LOOKS[step.state]
    return Text(f"{look.sign} ", style=look.style)


def _about(step: StepNode) -> str:
    parts = [step.description]
    if step.when:
        parts.append(f"when {step.when}")
    if step.for_each:
        parts.append(f"for each of {step.for_each}")
    return "; ".join(part for part in parts if part)
