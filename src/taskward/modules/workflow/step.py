"""A step of a job that this module does itself: a program, a request, the end of a wait."""

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from taskward.model.durations import parse_duration
from taskward.model.workflow import Program, Progress, Request, Step, TemplateError, render
from taskward.model.workflow.filters import seconds_of, text_of
from taskward.modules.workflow.case import Case
from taskward.modules.workflow.failures import StepFailed
from taskward.modules.workflow.program import Command, Programs
from taskward.operations import Context
from taskward.outbound import OutboundClient

_LONGEST_OUTPUTS_BYTES = 256 * 1024
"""They are handed to every later step."""


class Performer:
    """Does what steps say. `root` is the folder that programs work in if nothing else is said."""

    def __init__(self, programs: Programs, outbound: OutboundClient, root: Path) -> None:
        self._programs = programs
        self._outbound = outbound
        self._root = root

    async def perform(self, ctx: Context, case: Case, step: Step, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Does one step; returns its result: `outputs`, and a few facts of its kind.

        Raises StepFailed, OutboundError, ProgramMissing, TemplateError.
        """
        if step.program is not None:
            facts, seen = await self._run(ctx, step.program, scope, case.hide)
        elif step.request is not None:
            facts, seen = await self._ask(ctx, step, step.request, scope, case.hide)
        else:
            facts, seen = {}, {}
        outputs = render(step.outputs, {**scope, **seen})
        if len(msgspec.json.encode(outputs)) > _LONGEST_OUTPUTS_BYTES:
            raise TemplateError(f"the outputs are longer than {_LONGEST_OUTPUTS_BYTES} bytes of JSON")
        return {"outputs": outputs, **facts}

    async def _run(
        self, ctx: Context, program: Program, scope: Mapping[str, Any], hide: Callable[[str], str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        folder = self._root / text_of(render(program.folder, scope))
        await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
        if not await asyncio.to_thread(folder.is_dir):
            raise StepFailed(f"there is no folder {folder} to work in")
        command = Command(
            arguments=_arguments(program.command, scope),
            environment={name: _plain(render(value, scope)) for name, value in program.environment.items()},
            folder=folder,
            stdin=None if program.stdin is None else text_of(render(program.stdin, scope)),
            exit_codes=program.exit_codes,
            grace=parse_duration(program.grace),
            take_progress=_never if program.progress is None else _progress_taker(ctx, program.progress, scope),
        )
        ended = await self._programs.run(ctx, command, hide)
        seen = {"exit_code": ended.exit_code, "stdout": ended.stdout, "stderr": ended.stderr}
        return {"exit_code": ended.exit_code}, seen

    async def _ask(
        self, ctx: Context, step: Step, request: Request, scope: Mapping[str, Any], hide: Callable[[str], str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        url = text_of(render(request.url, scope))
        body = None if request.body is None else text_of(render(request.body, scope))
        answer = await self._outbound.request(
            request.method,
            url,
            headers={name: _plain(render(value, scope)) for name, value in request.headers.items()},
            content=None if body is None else body.encode(),
            json=render(request.json, scope),
            timeout=None if step.timeout is None else parse_duration(step.timeout),
            follow_redirects=request.follow_redirects,
        )
        ctx.log(f"{request.method} {hide(url)} answered {answer.status}")
        is_right = answer.status in request.expect if request.expect else 200 <= answer.status < 300
        if not is_right:
            wanted = ", ".join(map(str, request.expect)) or "200 to 299"
            raise StepFailed(f"{request.method} {hide(url)} answered {answer.status} where {wanted} was expected")
        text = answer.body.decode("utf-8", "replace")
        return {"status": answer.status}, {"status": answer.status, "headers": dict(answer.headers), "body": text}


def _never(_line: str) -> bool:
    return False


def _progress_taker(ctx: Context, progress: Progress, scope: Mapping[str, Any]) -> Callable[[str], bool]:
    """What tells the progress of a line, if it is one; and whether it was."""
    pattern = re.compile(progress.pattern)
    wanted = render(progress.total, scope)
    total = None if wanted is None else seconds_of(wanted)

    def take(line: str) -> bool:
        match = pattern.search(line)
        if match is None or not match["done"]:
            return False
        try:
            done = seconds_of(match["done"])
        except TemplateError:
            return False
        ctx.progress(done, total=total, unit=progress.unit)
        return True

    return take


def _arguments(command: list[Any], scope: Mapping[str, Any]) -> list[str]:
    """The arguments as texts. What is a list becomes several, what is null none."""
    arguments: list[str] = []
    for each in command:
        value = render(each, scope)
        if isinstance(value, list):
            arguments += map(_plain, value)
        elif value is not None:
            arguments.append(_plain(value))
    if not arguments or not arguments[0]:
        raise TemplateError("the command names no program")
    return arguments


def _plain(value: Any) -> str:
    text = text_of(value)
    if "\0" in text:
        raise TemplateError("NUL cannot be part of an argument, a variable or a header")
    return text
