"""Steps and jobs that fail, are stopped, or lose what they run in."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from taskward.auth import HOUSE
from taskward.model.states import State
from tests.processes import is_alive, pids_in, until
from tests.workflows import JobHouse, result


async def gone(pids: list[int]) -> None:
    """Waits until none of the processes runs."""
    await asyncio.to_thread(until, lambda: not any(map(is_alive, pids)), "end of the programs")


async def written(path: Path) -> list[int]:
    """The process ids that a program writes to a file."""
    return await asyncio.to_thread(until, lambda: pids_in(path), "program")


SLEEPER = """
    steps:
      sleep:
        retries: 0
        run:
          command:
            - sh
            - -c
            - 'trap "echo asked; {on_term}" TERM; sleep 60 & echo $$ $! > pids; wait; wait'
          grace: {grace}
    """


async def test_an_abort_asks_the_whole_process_group_to_end(jobs: JobHouse) -> None:
    jobs.write("sleeper", SLEEPER.format(on_term="exit 0", grace="20s"))
    job = await jobs.submit("sleeper")
    pids = await written(jobs.root / "pids")
    assert all(map(is_alive, pids))
    await jobs.service.tasks.cancel(HOUSE, job.id, "changed my mind")
    assert (await jobs.ended(job)).state is State.CANCELED
    await gone(pids)
    sleep = await jobs.ended((await jobs.children(job))["sleep"])
    assert sleep.state is State.CANCELED
    assert "asked" in await jobs.lines(sleep)


async def test_a_program_that_does_not_end_when_asked_is_killed_after_its_grace(quick: JobHouse) -> None:
    quick.write("sleeper", SLEEPER.format(on_term=":", grace="300ms"))
    job = await quick.submit("sleeper")
    pids = await written(quick.root / "pids")
    await quick.service.tasks.cancel(HOUSE, job.id, "")
    assert (await quick.ended(job)).state is State.CANCELED
    await gone(pids)


async def test_a_step_that_takes_too_long_is_ended_and_has_failed(quick: JobHouse) -> None:
    quick.write("slow", "steps: {slow: {run: [sleep, 60], timeout: 300ms, retries: 0}}")
    job = await quick.run("slow")
    assert job.error is not None
    assert job.error.message.startswith("step slow failed: slow (task ")
    assert "Timeout: ran longer than 0.3 seconds" in job.error.message


async def test_what_a_program_leaves_behind_ends_with_it(quick: JobHouse) -> None:
    quick.write("lazy", "steps: {lazy: {run: [sh, -c, 'sleep 60 & echo $! > pid; echo left']}}")
    job = await quick.run("lazy")
    assert job.state is State.COMPLETED
    await gone([int((quick.root / "pid").read_text())])


async def test_a_failed_step_is_run_again_as_often_as_it_says_and_as_the_settings_do(jobs: JobHouse) -> None:
    program = "run: [sh, -c, 'echo x >> $0; false', '{}']"
    jobs.write(
        "again",
        f"""
        steps:
          twice: {{{program.format("a")}, retries: {{limit: 1, delay: 0}}, continue_on_failure: true}}
          once: {{{program.format("b")}, retries: 0, continue_on_failure: true}}
          as_set: {{{program.format("c")}, continue_on_failure: true}}
          own: {{call: {{operation: sums.add, arguments: {{a: 1}}}}, continue_on_failure: true}}
        """,
    )
    for name, value in (("retry_limit", "2"), ("retry_delay", "0")):
        await jobs.store.registry.set_setting("", name, value, jobs.clock.now())
    job = await jobs.run("again")
    assert job.state is State.COMPLETED
    assert [(jobs.root / name).read_text().count("x") for name in "abc"] == [2, 1, 3]
    await jobs.store.registry.set_setting("ann", "retry_limit", "0", jobs.clock.now())
    await jobs.ended(await jobs.submit("again", client="ann"))
    assert (jobs.root / "c").read_text().count("x") == 4


async def test_a_failure_stops_what_is_under_way_and_runs_the_steps_for_it(jobs: JobHouse) -> None:
    jobs.write(
        "fails",
        """
        steps:
          long: {run: [sleep, 60]}
          bad: {run: [sh, -c, 'echo so sorry >&2; exit 3'], retries: 0}
          never: {needs: [long, bad], run: [echo]}
        on_failure:
          note:
            run: [echo, "{{ failure.step }}: {{ failure.message }}", "{{ steps.never.state | default('not begun') }}"]
          behind: {needs: [note], run: [echo]}
        """,
    )
    job = await jobs.run("fails")
    assert job.state is State.FAILED
    assert job.error is not None
    assert job.error.message.startswith("step bad failed: bad (task ")
    assert job.error.message.endswith("sh ended with exit code 3: so sorry")
    assert await jobs.states(job) == {
        "long": State.CANCELED,
        "bad": State.FAILED,
        "note": State.COMPLETED,
        "behind": State.COMPLETED,
    }
    note = (await jobs.children(job))["note"]
    [said] = [line for line in await jobs.lines(note) if line.startswith("bad: ")]
    assert said.endswith("so sorry not begun")
    reports = {report.code: report.state for report in await jobs.store.tasks.reports(job.id)}
    assert reports["step.long"] is State.CANCELED
    assert reports["step.bad"] is State.FAILED
    assert "step.never" not in reports


async def test_a_step_that_was_just_about_to_begin_is_stopped_too(quick: JobHouse) -> None:
    quick.write("wrong", "steps: {bad: {for_each: job.id, run: [echo]}, slow: {run: [sleep, 60]}}")
    job = await quick.run("wrong")
    assert job.error is not None
    assert job.error.message == "step bad failed: for_each is not a list"
    assert await quick.states(job) == {"slow": State.CANCELED}


async def test_the_items_of_a_step_are_stopped_with_the_job(quick: JobHouse) -> None:
    quick.write(
        "items",
        """
        steps:
          bad: {run: ["false"], retries: 0}
          each: {for_each: "[1, 2, 3]", run: [sleep, 60], outputs: {x: 1}}
        """,
    )
    job = await quick.run("items")
    assert job.error is not None
    assert job.error.message.startswith("step bad failed: bad (task ")
    states = await quick.states(job)
    assert states.pop("bad") is State.FAILED
    assert set(states.values()) == {State.CANCELED}


async def test_results_that_cannot_be_told_fail_the_job(quick: JobHouse) -> None:
    quick.write(
        "untold", "steps: {a: {when: 'false', run: [echo], outputs: {b: 1}}}\nmessage: '{{ steps.a.outputs.b }}'"
    )
    job = await quick.run("untold")
    assert job.error is not None
    assert (
        job.error.message
        == "what the job returns cannot be told: `steps.a.outputs.b` is not there; there are no members"
    )


async def test_an_item_that_fails_stops_the_others(quick: JobHouse) -> None:
    quick.write(
        "items",
        """
        steps:
          each: {for_each: "[60, 0]", run: [sh, -c, 'sleep $0; test $0 -gt 0', "{{ item }}"], retries: 0}
        """,
    )
    job = await quick.run("items")
    assert await quick.states(job) == {"each[0]": State.CANCELED, "each[1]": State.FAILED}
    assert job.error is not None
    assert "each[1] (task" in job.error.message


async def test_a_step_that_may_fail_lets_the_job_go_on(quick: JobHouse) -> None:
    quick.write(
        "tries",
        """
        steps:
          tries: {run: ["false"], retries: 0, continue_on_failure: true, outputs: {x: "{{ stdout }}"}}
          then: {needs: [tries], run: [echo, "{{ steps.tries.state }}"], outputs: {said: "{{ stdout | trim }}"}}
        outputs: {said: "{{ steps.then.outputs.said }}", x: "{{ steps.tries.outputs.x | default('none') }}"}
        """,
    )
    assert result(await quick.run("tries"))["outputs"] == {"said": "failed", "x": "none"}


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (
            "run: [no-such-program-here]",
            "there is no program `no-such-program-here` on this worker; install it",
        ),
        ("run: {command: [echo], folder: nowhere}, retries: 0", "there is no folder "),
        ("run: [echo, '{{ parameters.custom_data.x }}']", "`parameters.custom_data.x` is not there"),
        ("run: [echo, '{{ parameters.custom_data }}']", "a object cannot stand inside a text"),
        ("run: [/etc/passwd], retries: 0", "there is no program `/etc/passwd`"),
        ("run: [sh, -c, 'kill -KILL $$'], retries: 0", "sh was killed by SIGKILL"),
        ("call: {operation: sums.ad, arguments: {}}", "no operation sums.ad; did you mean sums.add?"),
        ("call: {operation: sums.add, arguments: {a: x, b: 1}}", "/args/a: expected int, got str"),
        ("request: {url: 'ftp://x'}", "only http:// and https:// are requested"),
        ("wait: {until: soon}", "'soon' is not an instant"),
        ("for_each: job.id, run: [echo]", "for_each is not a list"),
        ("when: custom.x, run: [echo]", None),
    ],
)
async def test_what_is_wrong_with_a_step_is_said(quick: JobHouse, step: str, problem: str | None) -> None:
    quick.write("wrong", f"steps: {{wrong: {{{step}}}}}")
    if problem is None:
        with pytest.raises(Exception, match="there is no `custom` here"):
            await quick.submit("wrong")
        return
    job = await quick.run("wrong", custom_data={"y": 1})
    assert job.state is State.FAILED
    assert job.error is not None
    assert problem in job.error.message


async def test_a_program_killed_from_outside_has_failed(quick: JobHouse) -> None:
    quick.write("sleeper", SLEEPER.format(on_term=":", grace="1s"))
    job = await quick.submit("sleeper")
    program, _ = await written(quick.root / "pids")
    # With the guardian, that is all of the group.
    os.killpg(os.getpgid(program), signal.SIGKILL)
    ended = await quick.ended(job)
    assert ended.error is not None
    assert "sh was killed together with its guardian" in ended.error.message
