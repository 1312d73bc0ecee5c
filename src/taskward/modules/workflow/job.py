"""A job: starts each step as soon as what it needs has ended, and says what came of them all."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from taskward.model.durations import parse_duration
from taskward.model.errors import Conflict, NotFound, TaskwardError
from taskward.model.policy import Retry
from taskward.model.states import State
from taskward.model.task import Task
from taskward.model.workflow import Retries, Step, TemplateError, Wait, evaluate, render
from taskward.model.workflow.filters import instant_of, is_true
from taskward.model.workflow.graph import needed
from taskward.modules.workflow.case import STEP, Case, Ending, items_of, key_of
from taskward.modules.workflow.failures import WORTH_RETRY, JobFailed
from taskward.operations import Child, Context
from taskward.ports import JOB, step_report

Cancel = Callable[[UUID, str], Awaitable[None]]
"""Asks a task to stop, saying why."""


class Job:
    """One run of a job. What an earlier run of it has started is found again by its key."""

    def __init__(
        self,
        ctx: Context,
        case: Case,
        *,
        before: Mapping[str, Task],
        now: datetime,
        cancel: Cancel,
    ) -> None:
        self._ctx = ctx
        self._case = case
        self._before = before
        self._now = now
        self._cancel = cancel
        self._endings: dict[str, Ending] = {}
        self._under_way: dict[UUID, str] = {}
        """The tasks that are waited for, with the step of each."""
        self._halted: dict[str, str] = {}
        """Steps that are to begin nothing more and to stop what they have begun, with the reason."""

    async def run(self) -> dict[str, Any]:
        """Runs every step. Raises JobFailed when one failed, after the steps meant for that."""
        workflow = self._case.workflow
        failure = await self._run_all(workflow.steps, {})
        if failure is not None:
            self._ctx.log(str(failure), "error")
            if workflow.on_failure:
                facts = {"step": failure.step, "message": str(failure)}
                second = await self._run_all(workflow.on_failure, {"failure": facts})
                if second is not None:
                    self._ctx.log(f"while the failure was dealt with, {second}", "error")
            raise failure
        try:
            return self._result()
        except TemplateError as error:
            raise TemplateError(self._case.hide(f"what the job returns cannot be told: {error}")) from None

    def _result(self) -> dict[str, Any]:
        workflow, scope = self._case.workflow, self._case.scope(self._endings)
        files = render(workflow.files, scope)
        return {
            "outputs": render(workflow.outputs, scope),
            "files": _flat([files] if isinstance(files, str) else files or []),
            "message": str(render(workflow.message, scope)),
        }

    async def _run_all(self, steps: Mapping[str, Step], more: Mapping[str, Any]) -> JobFailed | None:
        """Runs some steps as early as their needs allow. After a failure no other one begins."""
        waiting = dict(steps)
        running: dict[asyncio.Task[Ending], str] = {}
        failure: JobFailed | None = None
        try:
            while True:
                if failure is None:
                    for name in [name for name, step in waiting.items() if self._is_ready(step)]:
                        await self._ctx.checkpoint()
                        step = self._run_step(name, waiting.pop(name), self._scope_of(name, steps, more))
                        running[asyncio.create_task(step)] = name
                if not running:
                    return failure
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in sorted(done, key=_failed_first):
                    name = running.pop(task)
                    failed = self._note_end(name, steps[name], task)
                    if failed is not None and failure is None:
                        failure = failed
                        await self._halt(set(running.values()), f"step {name} of the job failed")
        finally:
            for task in running:
                task.cancel()
            if running:
                await asyncio.wait(running)

    def _scope_of(self, name: str, steps: Mapping[str, Step], more: Mapping[str, Any]) -> dict[str, Any]:
        """What a step sees: what it needs, near and far, and all that was there before its like began."""
        seen = needed(steps, name)
        return self._case.scope(
            {other: ending for other, ending in self._endings.items() if other in seen or other not in steps}, more
        )

    def _is_ready(self, step: Step) -> bool:
        return all(need in self._endings for need in step.needs)

    def _note_end(self, name: str, step: Step, task: "asyncio.Task[Ending]") -> JobFailed | None:
        """Remembers how a step ended. Returns the failure that ends the job, if it is one."""
        error = task.exception()
        if error is None:
            ending = task.result()
        elif isinstance(error, TaskwardError):
            ending = Ending(State.CANCELED if _was_canceled(error) else State.FAILED)
        else:
            raise error
        self._endings[name] = ending
        message = "" if error is None else self._case.hide(str(error))
        self._ctx.report(step_report(name), state=ending.state, message=message, done=1, total=1)
        self._ctx.progress(advance=1, unit="steps")
        if error is None:
            return None
        if step.continue_on_failure:
            self._ctx.log(f"step {name} failed, and the job goes on: {message}", "warning")
            return None
        return JobFailed(name, message)

    async def _halt(self, steps: Collection[str], reason: str) -> None:
        """Stops what some steps have begun, and what they are just about to."""
        self._halted |= dict.fromkeys(steps, reason)
        for task_id in [task_id for task_id, step in self._under_way.items() if step in steps]:
            await self._stop(task_id, reason)

    async def _stop(self, task_id: UUID, reason: str) -> None:
        with contextlib.suppress(NotFound, Conflict):
            await self._cancel(task_id, reason)

    # ---------------------------------------------------------------- one step

    async def _run_step(self, name: str, step: Step, scope: dict[str, Any]) -> Ending:
        """Runs a step to its end. Raises TaskwardError when it fails."""
        if step.when and not is_true(evaluate(step.when, scope)):
            self._ctx.log(f"step {name} is skipped: {step.when} is not so")
            return Ending(State.SKIPPED)
        self._ctx.report(step_report(name), state=State.RUNNING, total=1)
        if not step.for_each:
            return Ending(State.COMPLETED, await self._run_once(name, step, scope, None))
        each = await self._run_for_each(name, step, scope)
        return Ending(State.COMPLETED, {output: [outputs[output] for outputs in each] for output in step.outputs})

    async def _run_for_each(self, name: str, step: Step, scope: dict[str, Any]) -> list[dict[str, Any]]:
        """The outputs of each item. When one has failed, the others are stopped and waited for."""
        items = items_of(step, scope)
        errors: list[TaskwardError] = []

        async def run(index: int, item: Any) -> dict[str, Any]:
            try:
                return await self._run_once(name, step, {**scope, "item": item, "index": index}, index)
            except TaskwardError as error:
                errors.append(error)
                if name not in self._halted:
                    await self._halt({name}, f"{key_of(name, index)} failed")
                return {}

        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(run(index, item)) for index, item in enumerate(items)]
        if errors:
            raise min(errors, key=_was_canceled)
        return [run.result() for run in runs]

    async def _run_once(self, name: str, step: Step, scope: dict[str, Any], index: int | None) -> dict[str, Any]:
        """Runs a step, or it for one item, as a child. Returns its outputs."""
        key = key_of(name, index)
        task = self._before.get(key)
        if task is None or not task.is_final:
            if (reason := self._halted.get(name)) is not None:
                raise StepStopped(reason)
            child = await self._start(name, key, step, scope, index)
            self._under_way[child.id] = name
            if (reason := self._halted.get(name)) is not None:
                await self._stop(child.id, reason)
            try:
                task = await child.wait()
            finally:
                del self._under_way[child.id]
        if task.state is not State.COMPLETED:
            raise StepEnded(task)
        result: Any = None if task.result is None else msgspec.json.decode(task.result)
        return dict(render(step.outputs, {**scope, "result": result}) if step.call is not None else result["outputs"])

    async def _start(self, name: str, key: str, step: Step, scope: dict[str, Any], index: int | None) -> Child:
        wishes: dict[str, Any] = {
            "key": key,
            "name": key,
            "timeout": None if step.timeout is None else parse_duration(step.timeout),
            "retry": self._retry(step),
            "labels": {"step": name},
        }
        if step.call is not None:
            arguments = render(step.call.arguments, scope)
            return await self._ctx.spawn(step.call.operation, queue=step.queue or None, arguments=arguments, **wishes)
        arguments = {"step": name, "index": index, "earlier": scope["steps"], "failure": scope.get("failure")}
        if step.wait is not None:
            wishes["run_at"] = _end_of_wait(step.wait, scope, self._now)
        queue = step.queue or self._case.workflow.queue
        return await self._ctx.spawn(STEP, queue=queue, arguments=arguments, **wishes)

    def _retry(self, step: Step) -> Retry:
        on = WORTH_RETRY if step.call is None else ()
        said = step.retries
        if said is None and step.call is not None and step.call.operation == JOB:
            # Its own steps have been repeated when it fails.
            said = 0
        if said is None:
            return Retry(backoff=1, jitter=0, on=on, from_settings=("limit", "delay"))
        wanted = said if isinstance(said, Retries) else Retries(limit=said)
        if wanted.delay is None:
            return Retry(limit=wanted.limit, backoff=wanted.backoff, jitter=0, on=on, from_settings=("delay",))
        delay = parse_duration(wanted.delay)
        longest = max(delay, Retry().max_delay)
        return Retry(limit=wanted.limit, delay=delay, backoff=wanted.backoff, max_delay=longest, jitter=0, on=on)


class StepStopped(TaskwardError):
    """A step that did not begin, or not with all its items, because another had failed."""


class StepEnded(TaskwardError):
    """A child that did not complete, in the words of its error."""

    def __init__(self, task: Task) -> None:
        reason = f"{task.error.type}: {task.error.message}" if task.error else task.state.value
        super().__init__(f"{task.name} (task {task.number}) {task.state}: {reason}" if task.error else reason)
        self.was_canceled = task.state is State.CANCELED


def _failed_first(task: "asyncio.Task[Ending]") -> int:
    """Steps canceled because of another's failure are not what the job failed of."""
    error = task.exception()
    return 2 if error is None else int(_was_canceled(error))


def _was_canceled(error: BaseException) -> bool:
    return isinstance(error, StepStopped) or (isinstance(error, StepEnded) and error.was_canceled)


def _end_of_wait(wait: Wait, scope: Mapping[str, Any], now: datetime) -> datetime | None:
    if wait.until is not None:
        until: Any = render(wait.until, scope)
        return None if until is None else instant_of(until)
    length: Any = render(wait.duration, scope)
    try:
        return now + parse_duration(length)
    except ValueError as error:
        raise TemplateError(f"for: {length!r} {error}") from None


def _flat(files: Sequence[Any]) -> list[str]:
    """The files as texts, whether they were given one by one or in lists."""
    flat: list[str] = []
    for each in files:
        flat += _flat(each) if isinstance(each, list) else [] if each is None else [str(each)]
    return flat
