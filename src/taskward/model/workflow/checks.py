"""What is wrong with a workflow beyond its shape: each problem with the keys that lead to it."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from taskward.model.durations import parse_duration
from taskward.model.workflow.declaration import Program, Request, Step, Wait, Workflow
from taskward.model.workflow.expression import Expression, parse
from taskward.model.workflow.filters import TemplateError
from taskward.model.workflow.graph import cycle, needed
from taskward.model.workflow.parameters import declared, schema_problems
from taskward.model.workflow.template import holes, read_template

Place = tuple[str | int, ...]
Problem = tuple[Place, str]

_KINDS = ("run", "call", "request", "wait")
_BROUGHT_ABOUT = {
    "run": ("exit_code", "stdout", "stderr"),
    "call": ("result",),
    "request": ("status", "headers", "body"),
    "wait": (),
}
"""What the outputs of a step see beside what its other templates do."""
JOB = ("id", "number", "client", "workflow", "attempt")
_STEP = ("state", "outputs")
_FAILURE = ("step", "message")


def problems(workflow: Workflow) -> Iterator[Problem]:
    """Everything that is wrong, in the order of the file where that is known."""
    for name, schema in workflow.parameters.items():
        yield from schema_problems(schema, ("parameters", name))
    main = _Names(workflow, workflow.steps)
    yield from main.steps_problems("steps")
    failed = _Names(workflow, workflow.on_failure, earlier=workflow.steps)
    yield from failed.steps_problems("on_failure")
    for name in workflow.steps.keys() & workflow.on_failure.keys():
        yield ("on_failure", name), f"there is a step `{name}` among the steps already"
    everything = set(workflow.steps)
    for field in ("not_before", "run_at"):
        yield from main.template_problems(getattr(workflow, field), (field,), visible=(), roots=("parameters",))
    for field in ("outputs", "files", "message"):
        yield from main.template_problems(
            getattr(workflow, field), (field,), visible=everything, roots=("parameters", "job", "steps")
        )


class _Names:
    """Checks steps against what their templates may speak of."""

    def __init__(
        self, workflow: Workflow, steps: Mapping[str, Step], earlier: Mapping[str, Step] | None = None
    ) -> None:
        self._workflow = workflow
        self._steps = steps
        self._earlier = earlier or {}
        self._all = {**self._earlier, **steps}

    def steps_problems(self, section: str) -> Iterator[Problem]:
        """What is wrong with the steps."""
        for name, step in self._steps.items():
            yield from self._step_problems(name, step, (section, name))
        if ring := cycle(self._steps):
            yield (section, ring[0], "needs"), f"steps need each other in a ring: {' -> '.join(ring)}"

    def _step_problems(self, name: str, step: Step, place: Place) -> Iterator[Problem]:
        kinds = [kind for kind in _KINDS if getattr(step, kind) is not None]
        if len(kinds) != 1:
            has = f"it has {' and '.join(kinds)}" if kinds else "it has none"
            yield place, f"a step has exactly one of {', '.join(_KINDS)}; {has}"
            return
        for index, need in enumerate(step.needs):
            if need not in self._steps:
                yield (*place, "needs", index), f"there is no step `{need}`{_meant(need, self._steps)}"
        yield from _duration_problems(step.timeout, (*place, "timeout"))
        if step.retries is not None and not isinstance(step.retries, int):
            yield from _duration_problems(step.retries.delay, (*place, "retries", "delay"))
        if isinstance(step.retries, int) and step.retries < 0:
            yield (*place, "retries"), "is at least 0"
        visible = needed(self._steps, name) | set(self._earlier)
        roots = ["parameters", "job", "steps", *(["failure"] if self._earlier else [])]
        for field in ("when", "for_each"):
            if text := getattr(step, field):
                yield from self._expression_problems(text, (*place, field), visible, roots)
        if step.for_each:
            roots += ["item", "index"]
        yield from self._kind_problems(step, place, visible, roots)
        outputs = [*roots, *_BROUGHT_ABOUT[kinds[0]]]
        yield from self.template_problems(step.outputs, (*place, "outputs"), visible, outputs)

    def _kind_problems(self, step: Step, place: Place, visible: Collection[str], roots: list[str]) -> Iterator[Problem]:
        match step.program or step.request or step.wait:
            case Program() as program:
                inside = place if isinstance(step.run, list) else (*place, "run")
                field = "run" if isinstance(step.run, list) else "command"
                yield from self.template_problems(program.command, (*inside, field), visible, roots)
                yield from self.template_problems(program.environment, (*inside, "environment"), visible, roots)
                yield from self.template_problems(program.folder, (*inside, "folder"), visible, roots)
                yield from self.template_problems(program.stdin, (*inside, "stdin"), visible, roots)
                yield from _duration_problems(program.grace, (*inside, "grace"))
                if program.progress is not None:
                    yield from _pattern_problems(program.progress.pattern, (*inside, "progress", "pattern"))
                    yield from self.template_problems(
                        program.progress.total, (*inside, "progress", "total"), visible, roots
                    )
            case Request() as request:
                if request.json is not None and request.body is not None:
                    yield (*place, "request", "body"), "excludes json"
                for field in ("url", "headers", "json", "body"):
                    yield from self.template_problems(
                        getattr(request, field), (*place, "request", field), visible, roots
                    )
            case Wait() as wait:
                if (wait.duration is None) is (wait.until is None):
                    yield (*place, "wait"), "needs one of for and until"
                yield from self.template_problems(wait.until, (*place, "wait", "until"), visible, roots)
                if isinstance(wait.duration, str) and not _is_constant(wait.duration):
                    yield from self.template_problems(wait.duration, (*place, "wait", "for"), visible, roots)
                else:
                    yield from _duration_problems(wait.duration, (*place, "wait", "for"))
            case _ if step.call is not None:
                yield from self.template_problems(step.call.arguments, (*place, "call", "arguments"), visible, roots)

    def template_problems(
        self, value: Any, place: Place, visible: Collection[str], roots: Iterable[str]
    ) -> Iterator[Problem]:
        """What is wrong with the templates of a value. `visible` are the steps that have ended by then."""
        try:
            found = list(holes(value))
        except TemplateError as error:
            yield place, str(error)
            return
        for below, expression in found:
            for problem in self._path_problems(expression, visible, list(roots)):
                yield (*place, *below), problem

    def _expression_problems(
        self, text: str, place: Place, visible: Collection[str], roots: Iterable[str]
    ) -> Iterator[Problem]:
        try:
            expression = parse(text)
        except TemplateError as error:
            hint = "; an expression here stands without braces" if "{{" in text else ""
            yield place, f"{error}{hint}"
            return
        for problem in self._path_problems(expression, visible, list(roots)):
            yield place, problem

    def _path_problems(self, expression: Expression, visible: Collection[str], roots: list[str]) -> Iterator[str]:
        for root, *rest in expression.paths():
            if root not in roots:
                yield f"there is no `{root}` here{_meant(str(root), roots)}"
                continue
            first = rest[0] if rest else None
            match root:
                case "parameters" if first is not None and not self._workflow.additional_parameters:
                    members = declared(self._workflow)
                    if first not in members:
                        yield f"there is no parameter `{first}`{_meant(str(first), members)}"
                case "job" if first is not None and first not in JOB:
                    yield f"a job has no `{first}`{_meant(str(first), JOB)}"
                case "failure" if first is not None and first not in _FAILURE:
                    yield f"a failure has no `{first}`{_meant(str(first), _FAILURE)}"
                case "steps" if first is not None:
                    yield from self._step_path_problems(rest, visible)

    def _step_path_problems(self, path: list[str | int], visible: Collection[str]) -> Iterator[str]:
        name, *rest = path
        if name not in self._all:
            yield f"there is no step `{name}`{_meant(str(name), self._all)}"
        elif name not in visible:
            yield f"step `{name}` need not have ended by then; name it in `needs`"
        elif rest and rest[0] not in _STEP:
            yield f"a step has no `{rest[0]}` here{_meant(str(rest[0]), _STEP)}"
        elif len(rest) > 1 and rest[0] == "outputs" and rest[1] not in (known := self._all[str(name)].outputs):
            yield f"step `{name}` has no output `{rest[1]}`{_meant(str(rest[1]), known)}"


def _is_constant(text: str) -> bool:
    try:
        return read_template(text).is_constant
    except TemplateError:
        return False


def _duration_problems(duration: str | float | None, place: Place) -> Iterator[Problem]:
    if duration is None:
        return
    try:
        parse_duration(duration)
    except ValueError as error:
        yield place, f"{duration!r} {error}"


def _pattern_problems(pattern: str, place: Place) -> Iterator[Problem]:
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        yield place, f"not a regular expression: {error}"
    else:
        if "done" not in groups:
            yield place, "has no group (?P<done>...)"


def _meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    if near := difflib.get_close_matches(name, names, n=1):
        return f"; did you mean `{near[0]}`?"
    return f"; there are {', '.join(names)}" if names else "; there are none"
