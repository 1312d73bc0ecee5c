"""What becomes of bodies on the event loop and in threads, on the real store."""

import asyncio
import math
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from taskward import Canceled, ChildFailed, Context, Module, Retention, Retry, SyncContext
from taskward.engine import Tempo
from taskward.engine.outcome import Stop
from taskward.model.states import State
from taskward.model.task import Progress, Task
from taskward.operations import Wishes
from taskward.testing import ManualClock, TestEngine

AT_ONCE = timedelta(0)

bodies = Module("bodies")


class Gate:
    """Lets a test and a body wait for each other, across threads."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    async def wait_until_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, 10)

    async def wait_until_open(self) -> None:
        assert await asyncio.to_thread(self.opened.wait, 10)


@bodies.operation()
async def add(ctx: Context, a: int, b: int = 1) -> int:
    await asyncio.sleep(0)
    return a + b


@bodies.operation()
def add_in_thread(ctx: SyncContext, a: int, b: int = 1) -> dict[str, Any]:
    return {"sum": a + b, "thread": threading.current_thread() is not threading.main_thread()}


@bodies.operation()
async def fail(ctx: Context, message: str = "no") -> None:
    raise ValueError(message)


async def run(engine: TestEngine, operation: Any, **args: Any) -> Task:
    return await engine.wait(await engine.submit(operation, **args))


async def test_an_async_body_returns_its_result() -> None:
    async with TestEngine([bodies]) as engine:
        task = await run(engine, add, a=2)
        assert task.state is State.COMPLETED
        assert task.result is not None
        assert msgspec.json.decode(task.result) == 3
        assert (task.attempt, task.worker) == (1, "test")


async def test_a_plain_body_runs_in_a_thread() -> None:
    async with TestEngine([bodies]) as engine:
        assert await engine.result(await engine.submit("bodies.add_in_thread", a=2)) == {"sum": 3, "thread": True}


async def test_an_error_is_kept_without_frames_of_the_engine() -> None:
    async with TestEngine([bodies]) as engine:
        task = await run(engine, fail, message="it is broken")
        assert task.state is State.FAILED
        assert task.error is not None
        assert (task.error.type, task.error.message) == ("ValueError", "it is broken")
        assert "ValueError" in task.error.names
        assert "Exception" in task.error.names
        assert "test_bodies.py" in task.error.traceback
        assert "taskward/engine" not in task.error.traceback
        assert task.error.traceback.endswith("ValueError: it is broken\n")


async def test_a_result_that_is_no_json_fails_the_task_without_a_retry() -> None:
    module = Module("m")

    @module.operation(retry=Retry(limit=3, delay=AT_ONCE))
    async def body(ctx: Context) -> object:
        return object()

    async with TestEngine([module]) as engine:
        task = await run(engine, body)
        assert (task.state, task.attempt) == (State.FAILED, 1)
        assert task.error is not None
        assert task.error.code == "result"
        assert "object" in task.error.message


async def test_arguments_that_do_not_fit_the_workers_function_fail_the_task() -> None:
    submitted, running = Module("m"), Module("m")

    @submitted.operation("body")
    async def first_version(ctx: Context, path: str) -> None: ...

    @running.operation("body")
    async def second_version(ctx: Context, folder: str) -> None: ...

    async with TestEngine([running]) as engine:
        task = await run(engine, first_version, path="x")
        assert task.state is State.FAILED
        assert task.error is not None
        assert task.error.code == "arguments"


async def test_system_exit_ends_the_body_and_not_the_worker() -> None:
    module = Module("m")

    @module.operation()
    async def leave(ctx: Context) -> None:
        raise SystemExit(3)

    @module.operation()
    def leave_thread(ctx: SyncContext) -> None:
        raise SystemExit(3)

    async with TestEngine([module, bodies]) as engine:
        for operation in (leave, leave_thread):
            task = await run(engine, operation)
            assert task.error is not None
            assert task.error.type == "SystemExit"
        assert (await run(engine, add, a=1)).state is State.COMPLETED


async def test_an_error_is_retried_while_its_policy_allows() -> None:
    module = Module("m")
    attempts: list[int] = []

    @module.operation(retry=Retry(limit=2, delay=AT_ONCE, jitter=0))
    async def flaky(ctx: Context) -> int:
        attempts.append(ctx.attempt)
        if ctx.attempt < 3:
            raise OSError("again")
        return ctx.attempt

    async with TestEngine([module]) as engine:
        task = await run(engine, flaky)
        assert task.state is State.COMPLETED
        assert attempts == [1, 2, 3]
        assert task.failures == 2


async def test_after_the_last_retry_the_task_has_failed() -> None:
    module = Module("m")

    @module.operation(retry=Retry(limit=2, delay=AT_ONCE), retry_on=[OSError])
    async def broken(ctx: Context, kind: str) -> None:
        raise FileNotFoundError if kind == "os" else ValueError

    async with TestEngine([module]) as engine:
        assert (await run(engine, broken, kind="os")).attempt == 3
        assert (await run(engine, broken, kind="value")).attempt == 1


async def test_a_retry_waits_for_its_delay() -> None:
    module = Module("m")

    @module.operation(retry=Retry(limit=3, delay=timedelta(minutes=1), backoff=2, jitter=0))
    async def broken(ctx: Context) -> None:
        raise OSError

    clock = ManualClock()
    async with TestEngine([module], clock=clock) as engine:
        task = await engine.submit(broken)
        for attempt, delay in ((1, 1), (2, 2), (3, 4)):
            waiting = await engine.wait_for(task, lambda now: now.state is State.SCHEDULED)
            assert (waiting.attempt, waiting.run_at) == (attempt, clock.now() + timedelta(minutes=delay))
            await engine.advance(timedelta(minutes=delay))
        assert (await engine.wait(task)).attempt == 4


async def test_a_body_that_takes_too_long_has_failed_by_timeout() -> None:
    module = Module("m")

    @module.operation(timeout=timedelta(milliseconds=50))
    async def sleeper(ctx: Context) -> None:
        await asyncio.sleep(60)

    @module.operation(timeout=timedelta(milliseconds=50))
    def thread_sleeper(ctx: SyncContext) -> None:
        ctx.sleep(timedelta(seconds=60))

    async with TestEngine([module]) as engine:
        for operation in (sleeper, thread_sleeper):
            task = await run(engine, operation)
            assert task.state is State.FAILED
            assert task.error is not None
            assert task.error.code == "timeout"
            assert task.error.message == "ran longer than 0.05 seconds"


async def test_a_timeout_is_retried_like_an_error() -> None:
    module = Module("m")

    @module.operation(timeout=timedelta(milliseconds=50), retry=Retry(limit=1, delay=AT_ONCE), retry_on=[TimeoutError])
    async def slow_at_first(ctx: Context) -> int:
        if ctx.attempt == 1:
            await asyncio.sleep(60)
        return ctx.attempt

    async with TestEngine([module]) as engine:
        assert await engine.result(await engine.submit(slow_at_first)) == 2


async def test_cancel_reaches_an_async_body_at_its_await() -> None:
    module = Module("m")
    gate = Gate()
    cleaned = []

    @module.operation()
    async def sleeper(ctx: Context) -> None:
        gate.reached.set()
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(ctx.canceled)

    async with TestEngine([module]) as engine:
        task = await engine.submit(sleeper)
        await gate.wait_until_reached()
        await engine.cancel(task)
        ended = await engine.wait(task)
        assert ended.state is State.CANCELED
        assert ended.error is not None
        assert ended.error.code == "canceled"
        assert cleaned == [True]


@pytest.mark.parametrize("how", ["check", "sleep", "canceled", "checkpoint", "own"])
async def test_cancel_reaches_a_thread_that_looks(how: str) -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    def watcher(ctx: SyncContext) -> str:
        gate.reached.set()
        if how == "own":
            raise Canceled
        if how == "sleep":
            ctx.sleep(timedelta(seconds=60))
        while how == "check":
            ctx.check()
        while how == "checkpoint":
            ctx.checkpoint()
        while not ctx.canceled:
            pass
        return "asked to stop, and returned normally"

    async with TestEngine([module]) as engine:
        task = await engine.submit(watcher)
        await gate.wait_until_reached()
        if how != "own":
            await engine.cancel(task)
        ended = await engine.wait(task)
        assert ended.state is State.CANCELED
        assert ended.result is None


async def test_a_canceled_body_that_raises_has_failed_without_a_retry() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation(retry=Retry(limit=5, delay=AT_ONCE))
    async def stubborn(ctx: Context) -> None:
        gate.reached.set()
        try:
            await asyncio.sleep(60)
        finally:
            raise RuntimeError("cleaning up went wrong")

    async with TestEngine([module]) as engine:
        task = await engine.submit(stubborn)
        await gate.wait_until_reached()
        await engine.cancel(task)
        ended = await engine.wait(task)
        assert (ended.state, ended.attempt) == (State.FAILED, 1)


async def test_a_body_that_swallows_the_first_cancel_is_asked_again() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    async def stubborn(ctx: Context) -> None:
        gate.reached.set()
        for _ in range(2):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    async with TestEngine([module]) as engine:
        task = await engine.submit(stubborn)
        await gate.wait_until_reached()
        await engine.cancel(task)
        assert (await engine.wait(task)).state is State.CANCELED
        assert any("still runs" in line.message and line.source == "worker" for line in await engine.logs(task))


async def test_what_is_no_finite_number_is_no_progress() -> None:
    module = Module("m")

    @module.operation()
    async def odd(ctx: Context) -> None:
        ctx.progress(done=3, total=math.inf)
        ctx.progress(done=math.nan, unit="files")
        ctx.report("odd.report", done=-math.inf, total=math.nan)
        with ctx.step("part", total=math.inf) as step:
            step.progress(advance=1e308)
            step.progress(advance=1e308)

    async with TestEngine([module]) as engine:
        ended = await engine.wait(await engine.submit(odd))
        assert (ended.state, ended.progress) == (State.COMPLETED, Progress(3, None, "files", ""))
        (report,) = await engine.store.tasks.reports(ended.id)
        assert (report.done, report.total) == (0, None)
        [node] = (await engine.tree(ended)).nodes[1:]
        assert node.folded is not None
        assert node.folded.progress == Progress(1e308, None)


async def test_progress_reports_and_log_lines_are_written() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    async def teller(ctx: Context) -> None:
        ctx.progress(total=10, unit="files")
        for _ in range(4):
            ctx.progress(advance=1)
        ctx.progress(message="four")
        ctx.report("bytes", done=5, total=7, unit="bytes")
        ctx.log("a line", severity="warning", path="/data", password="a long secret word", odd=object)
        gate.reached.set()
        await gate.wait_until_open()
        ctx.progress(done=10)

    async with TestEngine([module]) as engine:
        task = await engine.submit(teller)
        await gate.wait_until_reached()
        running = await engine.wait_for(task, lambda now: now.progress.done == 4)
        assert running.progress == Progress(4, 10, "files", "four")
        gate.opened.set()
        ended = await engine.wait(task)
        assert ended.progress == Progress(10, 10, "files", "four")
        (report,) = await engine.store.tasks.reports(task.id)
        assert (report.code, report.done, report.total, report.unit) == ("bytes", 5, 7, "bytes")
        (line,) = await engine.logs(task)
        assert (line.message, line.severity, line.source, line.attempt) == ("a line", 2, "task", 1)
        assert line.fields["path"] == "/data"
        assert "long secret" not in line.fields["password"]
        assert "object" in line.fields["odd"]


async def test_notes_are_there_when_the_end_is() -> None:
    module = Module("m")

    @module.operation()
    async def quick(ctx: Context) -> None:
        ctx.log("last words")
        with ctx.step("part"):
            pass

    async with TestEngine([module]) as engine:
        for _ in range(20):
            task = await run(engine, quick)
            assert [line.message for line in await engine.logs(task)] == ["last words"]
            assert task.folded_count == 1


async def test_open_steps_are_shown_and_closed_ones_fold() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    async def stepper(ctx: Context) -> None:
        with ctx.step("outer", type="folder", total=3, unit="files") as outer:
            for name in ("a", "b"):
                with ctx.step(name) as inner:
                    inner.progress(done=1)
            outer.progress(done=2)
            ctx.log("inside")
            gate.reached.set()
            await gate.wait_until_open()
            with pytest.raises(ValueError, match="c"), outer.step("c"):
                raise ValueError("c")

    async with TestEngine([module]) as engine:
        task = await engine.submit(stepper)
        await gate.wait_until_reached()
        while not (open_steps := await engine.store.tasks.children(task.id)):  # noqa: ASYNC110 - until it is written
            await asyncio.sleep(0.005)
        assert [(step.name, step.type, step.state, step.progress.done) for step in open_steps] == [
            ("outer", "folder", State.RUNNING, 2)
        ]
        gate.opened.set()
        await engine.wait(task)
        (outer,) = [node.folded for node in (await engine.tree(task)).nodes if node.folded and node.depth == 1]
        assert (outer.name, outer.state, outer.progress) == ("outer", State.COMPLETED, Progress(2, 3, "files"))
        assert [(part.name, part.state) for part in outer.children] == [("c", State.FAILED)]
        assert outer.dropped == {"completed": 2}
        assert await engine.store.tasks.children(task.id) == []
        (line,) = await engine.logs(task)
        assert line.step_id == outer.id


async def test_steps_left_open_end_as_the_body_does() -> None:
    module = Module("m")

    @module.operation()
    async def careless(ctx: Context, how: str) -> None:
        ctx.step("left open").__enter__().step("inside").__enter__()
        if how == "raise":
            raise ValueError

    async with TestEngine([module]) as engine:
        for how, state in (("return", State.COMPLETED), ("raise", State.FAILED)):
            task = await run(engine, careless, how=how)
            (step,) = [node.folded for node in (await engine.tree(task)).nodes if node.folded and node.depth == 1]
            assert (step.name, step.state) == ("left open", state)


async def test_steps_of_concurrent_parts_nest_each_in_its_own() -> None:
    module = Module("m")

    @module.operation()
    async def parts(ctx: Context) -> None:
        async def part(name: str) -> None:
            with ctx.step(name):
                await asyncio.sleep(0.01)
                with pytest.raises(OSError, match=name), ctx.step(f"{name}.1"):
                    raise OSError(name)

        await asyncio.gather(part("a"), part("b"))

    async with TestEngine([module]) as engine:
        task = await run(engine, parts)
        steps = [node.folded for node in (await engine.tree(task)).nodes if node.folded and node.depth == 1]
        assert {(step.name, step.children[0].name) for step in steps} == {("a", "a.1"), ("b", "b.1")}


async def test_a_pausable_body_is_paused_at_its_checkpoint_and_run_anew() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation(pausable=True)
    async def pausable(ctx: Context) -> int:
        gate.reached.set()
        while not gate.opened.is_set():
            await ctx.checkpoint()
        return ctx.attempt

    async with TestEngine([module]) as engine:
        task = await engine.submit(pausable)
        await gate.wait_until_reached()
        await engine.store.tasks.pause(task.id, engine.clock.now())
        await engine.wait_for(task, lambda now: now.state is State.PAUSED)
        gate.opened.set()
        await engine.store.tasks.resume(task.id, engine.clock.now())
        assert await engine.result(task) == 2


async def test_a_parent_gets_the_results_of_its_children() -> None:
    module = Module("m")

    @module.operation()
    async def parent(ctx: Context, count: int) -> list[int]:
        children = [await ctx.spawn(add, a=number, labels={"n": str(number)}) for number in range(count)]
        return await ctx.gather(*children)

    @module.operation()
    def sync_parent(ctx: SyncContext, count: int) -> list[int]:
        children = [ctx.spawn("bodies.add", a=number) for number in range(count)]
        return [*ctx.gather(*children), children[0].result()]

    async with TestEngine([module, bodies], concurrency=1) as engine:  # a parent that kept its slot would wait for ever
        assert await engine.result(await engine.submit(parent, count=30)) == list(range(1, 31))
        assert await engine.result(await engine.submit(sync_parent, count=3)) == [1, 2, 3, 1]


async def test_parents_several_deep_share_one_slot() -> None:
    module = Module("m")

    @module.operation()
    async def tower(ctx: Context, height: int) -> int:
        if height == 0:
            return 0
        return 1 + int(await (await ctx.spawn(tower, height=height - 1)).result())

    async with TestEngine([module], concurrency=1) as engine:
        task = await engine.submit(tower, height=10)
        assert await engine.result(task) == 10
        assert len((await engine.tree(task)).nodes) == 11


async def test_a_child_that_ended_before_anybody_waits_is_found_at_once() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    async def parent(ctx: Context) -> int:
        child = await ctx.spawn(add, a=1)
        gate.reached.set()
        await gate.wait_until_open()
        return int(await child.result())

    @module.operation()
    async def other_parent(ctx: Context) -> None:
        await (await ctx.spawn(add, a=1, queue="nobody")).result()

    async with TestEngine([module, bodies], tempo=Tempo(poll_interval=timedelta(minutes=1))) as engine:
        other = await engine.submit(other_parent)  # for it the watch is awake already
        task = await engine.submit(parent)
        await gate.wait_until_reached()
        (child,) = await engine.store.tasks.children(task.id)
        await engine.wait(child)
        await asyncio.sleep(0.1)  # what there was to be woken for is past
        gate.opened.set()
        assert await engine.result(task) == 2
        await engine.cancel(other)


async def test_a_child_that_failed_raises_in_its_parent() -> None:
    module = Module("m")

    @module.operation()
    async def parent(ctx: Context) -> str:
        child = await ctx.spawn(fail, message="poor child")
        ended = await child.wait()
        assert ended.state is State.FAILED
        with pytest.raises(ChildFailed, match=r"child bodies\.fail #2 failed: ValueError: poor child"):
            await child.result()
        with pytest.raises(TimeoutError):
            await (await ctx.spawn(add, a=1, queue="nobody")).wait(timedelta(milliseconds=20))
        raise ChildFailed(ended)

    async with TestEngine([module, bodies]) as engine:
        task = await run(engine, parent)
        assert task.error is not None
        assert task.error.type == "ChildFailed"


async def test_who_is_asked_to_stop_as_its_child_ends_is_canceled_and_not_failed() -> None:
    """The request and the child's end are seen in one turn of the loop: the request counts."""
    module = Module("m")
    spawned: asyncio.Queue[UUID] = asyncio.Queue()

    @module.operation()
    async def parent(ctx: Context) -> None:
        child = await ctx.spawn(add, a=1, queue="nobody")
        spawned.put_nowait(child.id)
        await child.wait()
        ctx._run.request_stop(Stop.CANCEL)  # type: ignore[attr-defined]
        await child.result()

    async with TestEngine([module, bodies]) as engine:
        task = await engine.submit(parent)
        await engine.cancel(await spawned.get())
        assert (await engine.wait(task)).state is State.CANCELED


async def test_arguments_may_have_the_names_of_wishes() -> None:
    module = Module("m")

    @module.operation()
    async def child(ctx: Context, name: str, path: str) -> str:
        return f"{name} {path}"

    @module.operation()
    async def parent(ctx: Context) -> str:
        return str(await (await ctx.spawn(child, arguments={"name": "a"}, path="b", name="shown")).result())

    async with TestEngine([module]) as engine:
        assert await engine.result(await engine.submit(parent)) == "a b"


async def test_a_retried_parent_finds_its_children_again() -> None:
    module = Module("m")
    runs: list[str] = []

    @module.operation()
    async def child(ctx: Context, path: str) -> str:
        runs.append(path)
        return path.upper()

    @module.operation(retry=Retry(limit=1, delay=AT_ONCE))
    async def parent(ctx: Context) -> list[str]:
        results = await ctx.gather(*[await ctx.spawn(child, key=path, path=path) for path in ("a", "b")])
        if ctx.attempt == 1:
            raise OSError
        return results

    async with TestEngine([module]) as engine:
        assert await engine.result(await engine.submit(parent)) == ["A", "B"]
        assert runs == ["a", "b"]


async def test_children_of_a_folding_module_give_their_results_too() -> None:
    module = Module("m", retention=Retention(fold=True))

    @module.operation()
    async def child(ctx: Context, n: int) -> int:
        if n == 3:
            raise ValueError("three")
        return n * n

    @module.operation()
    async def parent(ctx: Context) -> list[int]:
        with pytest.raises(ChildFailed, match="ValueError: three"):
            await (await ctx.spawn(child, n=3)).result()
        return await ctx.gather(*[await ctx.spawn(child, n=n) for n in (1, 2, 4)])

    async with TestEngine([module]) as engine:
        task = await engine.submit(parent)
        assert await engine.result(task) == [1, 4, 16]
        assert (await engine.get(task)).folded_count == 4


async def test_a_spawn_of_nothing_known_raises_in_the_body() -> None:
    module = Module("m")

    @module.operation()
    async def parent(ctx: Context) -> list[str]:
        errors = []
        for operation in ("bodies.ad", "bodies.add"):
            try:
                await ctx.spawn(operation, a="x")
            except Exception as error:  # noqa: BLE001
                errors.append(f"{type(error).__name__}: {error}")
        return errors

    async with TestEngine([module, bodies]) as engine:
        assert await engine.result(await engine.submit(parent)) == [
            "NotFound: no operation bodies.ad; did you mean bodies.add?",
            "Invalid: /args/a: expected int, got str",
        ]


async def test_canceling_a_waiting_parent_cancels_its_children() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    def child(ctx: SyncContext) -> None:
        gate.reached.set()
        ctx.sleep(timedelta(seconds=60))

    @module.operation()
    def parent(ctx: SyncContext) -> None:
        ctx.spawn(child).result()

    async with TestEngine([module], concurrency=1) as engine:
        task = await engine.submit(parent)
        await gate.wait_until_reached()
        await engine.cancel(task)
        await engine.wait_all()
        assert {node.task.state for node in (await engine.tree(task)).nodes if node.task} == {State.CANCELED}


async def test_a_stopped_worker_hands_its_tasks_back() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    async def sleeper(ctx: Context) -> None:
        gate.reached.set()
        await asyncio.sleep(60)

    @module.operation()
    def thread_sleeper(ctx: SyncContext) -> None:
        ctx.sleep(timedelta(seconds=60))

    engine = TestEngine([module])
    async with engine:
        tasks = [await engine.submit(operation) for operation in (sleeper, thread_sleeper)]
        await gate.wait_until_reached()
        for task in tasks:
            await engine.wait_for(task, lambda now: now.state is State.RUNNING)
        await engine._worker.stop()
        for task in tasks:
            handed_back = await engine.get(task)
            assert (handed_back.state, handed_back.failures, handed_back.losses) == (State.QUEUED, 0, 0)
        (worker,) = await engine.store.workers.workers()
        assert worker.state == "gone"


async def test_a_draining_worker_lets_its_bodies_end() -> None:
    module = Module("m")
    gate = Gate()

    @module.operation()
    async def last(ctx: Context) -> str:
        gate.reached.set()
        await asyncio.sleep(0.1)
        return "done"

    async with TestEngine([module], concurrency=1) as engine:
        tasks = [await engine.submit(last) for _ in range(2)]
        await gate.wait_until_reached()
        await engine._worker.drain(timedelta(seconds=10))
        assert [(await engine.get(task)).state for task in tasks] == [State.COMPLETED, State.QUEUED]


async def test_wishes_reach_the_task() -> None:
    async with TestEngine([bodies]) as engine:
        task = await engine.submit(add, wishes=Wishes(name="sum", labels={"k": "v"}, priority=1), a=1)
        ended = await engine.wait(task)
        assert (ended.name, ended.labels, ended.priority) == ("sum", {"k": "v"}, 1)
