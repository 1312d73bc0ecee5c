"""Which file a job runs: the one in force when it was submitted."""

import pytest

from taskward.auth import Principal
from taskward.model.errors import Conflict, Forbidden, Invalid, NotFound
from taskward.model.policy import Retry
from taskward.model.states import State
from taskward.wire import Submit
from tests.workflows import JobHouse, result

COMMON_LINE = "No client definitions. Using common definitions."


def saying(word: str) -> str:
    return f"""
        steps:
          say: {{run: [echo, "{word}"], outputs: {{said: "{{{{ stdout | trim }}}}"}}}}
        outputs: {{said: "{{{{ steps.say.outputs.said }}}}"}}
        """


def of(client: str) -> Principal:
    return Principal(client or "operator", "key", client, frozenset({"read", "write"}))


async def test_a_client_has_its_own_definition_or_the_common_one(quick: JobHouse) -> None:
    quick.write("talk", saying("common"))
    quick.write("talk", saying("own"), client="ann")
    own = await quick.ended(await quick.submit("talk", of("ann")))
    assert (result(own)["outputs"]["said"], own.client) == ("own", "ann")
    assert COMMON_LINE not in await quick.lines(own)
    common = await quick.ended(await quick.submit("talk", of("bob")))
    assert (result(common)["outputs"]["said"], common.client) == ("common", "bob")
    assert (await quick.lines(common))[0] == COMMON_LINE
    by_house = await quick.ended(await quick.submit("talk", client="ann"))
    assert (result(by_house)["outputs"]["said"], by_house.client) == ("own", "ann")
    with pytest.raises(Forbidden):
        await quick.submit("talk", of("bob"), client="ann")


async def test_a_job_keeps_the_definition_it_was_submitted_with(jobs: JobHouse) -> None:
    path = jobs.write("talk", saying("before"))
    jobs.write("talk", saying("before") + "queue: elsewhere")
    waiting = await jobs.submit("talk")
    await jobs.wait_for_child(waiting, "say", State.QUEUED)
    jobs.write("talk", saying("after, and longer"))
    assert result(await jobs.run("talk"))["outputs"]["said"] == "after, and longer"
    path.unlink()
    with pytest.raises(NotFound, match="no workflow talk"):
        await jobs.submit("talk")
    await jobs.worker("elsewhere")
    assert result(await jobs.ended(waiting))["outputs"]["said"] == "before"


async def test_a_broken_file_is_refused_and_the_one_before_stays(quick: JobHouse) -> None:
    path = quick.write("talk", saying("right"))
    assert result(await quick.run("talk"))["outputs"]["said"] == "right"
    quick.write("talk", "steps:\n  say: {rum: [x]}\n")
    assert result(await quick.run("talk"))["outputs"]["said"] == "right"
    shelved = await quick.service.workflows.get(of(""), "talk")
    assert shelved.problem == f"{path}:2:9: there is no `rum` here; did you mean `run`?"
    assert shelved.definition is not None
    quick.write("talk", saying("mended"))
    assert result(await quick.run("talk"))["outputs"]["said"] == "mended"


async def test_a_file_that_never_was_right_hides_the_common_one(quick: JobHouse) -> None:
    quick.write("talk", saying("common"))
    quick.write("talk", "steps: {}", client="ann")
    with pytest.raises(Conflict, match=r"workflow talk cannot be used: .*clients/ann/talk\.yaml:1:1"):
        await quick.submit("talk", of("ann"))
    listed = {shelved.name: shelved for shelved in await quick.service.workflows.all(of("ann"))}
    assert listed["talk"].definition is None
    shipped = ["asset_delete", "build_thumbnails", "createmp4", "vodcapture"]
    assert [name for name in listed if name != "talk"] == shipped


@pytest.mark.parametrize("name", ["../talk", "clients/ann/talk", "", ".", "talk\0"])
async def test_a_name_leads_to_no_other_folder(quick: JobHouse, name: str) -> None:
    quick.write("talk", saying("x"))
    quick.write("talk", saying("x"), client="ann")
    with pytest.raises(NotFound):
        await quick.submit(name)
    for client in ("..", "../x", "ann/../ann"):
        with pytest.raises(NotFound):
            await quick.submit("own", client=client)


async def test_steps_of_a_platform_wait_for_a_worker_of_it(jobs: JobHouse) -> None:
    jobs.write("capture", saying("captured") + "queue: windows_capture")
    job = await jobs.submit("capture")
    step = await jobs.wait_for_child(job, "say", State.QUEUED)
    standing = await jobs.service.tasks.why(of(""), step.id)
    [obstacle] = standing.obstacles
    assert (obstacle.gate, obstacle.facts["queue"]) == ("worker", "windows_capture")
    worker = await jobs.worker("windows_capture")
    assert result(await jobs.ended(job))["outputs"]["said"] == "captured"
    assert (await jobs.children(job))["say"].worker == worker.name


async def test_parameters_are_checked_before_a_job_is_accepted_and_kept_as_they_were_given(quick: JobHouse) -> None:
    quick.write(
        "talk",
        """
        parameters:
          b: {type: integer}
          a: {type: string, default: x}
        steps: {say: {run: [echo, "{{ parameters.a }}", "{{ parameters.b }}"]}}
        """,
    )
    with pytest.raises(Invalid) as refused:
        await quick.submit("talk", b="1")
    assert refused.value.field == "/parameters/b"
    given = {"rest_endpoints": ["https://example.org/told"], "custom_data": {"z": 1, "password": "secret"}, "b": 1}
    job = await quick.submit("talk", **given)  # type: ignore[arg-type]
    assert list((await quick.service.workflows.arguments(job)).parameters.items()) == list(given.items())
    await quick.ended(job)
    assert "x 1" in await quick.lines((await quick.children(job))["say"])


async def test_secrets_do_not_reach_the_log_nor_who_looks_at_the_job(quick: JobHouse) -> None:
    quick.write(
        "talk",
        """
        parameters:
          key: {type: string, secret: true}
        steps: {say: {run: [echo, "using {{ parameters.key }}"]}}
        """,
    )
    job = await quick.run("talk", key="open-sesame-1234")
    lines = await quick.lines((await quick.children(job))["say"])
    assert lines[-1] == "using ****1234"
    again = await quick.ended(await quick.service.tasks.rerun(of(""), job.id))
    for each in (job, again):
        assert b"sesame" not in bytes(each.args)
        assert (await quick.service.workflows.arguments(each)).parameters == {"key": "open-sesame-1234"}
    assert not any("sesame" in line for line in lines)


async def test_secrets_do_not_reach_what_is_said_of_a_failure(quick: JobHouse) -> None:
    quick.write(
        "talk",
        """
        parameters:
          key: {type: string, secret: true}
          kind: {type: string}
        steps:
          run: {when: parameters.kind == "run", run: [echo, "{{ parameters.key | number }}"]}
          call:
            when: parameters.kind == "call"
            call: {operation: sums.add, arguments: {a: "{{ parameters.key | number }}"}}
          program:
            when: parameters.kind == "program"
            run: [sh, -c, 'echo $0; false', "{{ parameters.key }}"]
            retries: 0
        """,
    )
    for kind in ("run", "call", "program"):
        job = await quick.run("talk", key="open-sesame-1234", kind=kind)
        assert job.error is not None
        assert "****1234" in job.error.message
        children = await quick.children(job)
        said = [job.error.message, *(child.error.message for child in children.values() if child.error)]
        for each in (job, *children.values()):
            said += await quick.lines(each)
        assert not any("sesame" in text for text in said), kind


async def test_nobody_outside_starts_a_step_or_tells_it_what_to_do(quick: JobHouse) -> None:
    quick.write("talk", saying("x") + "queue: elsewhere")
    job = await quick.submit("talk")
    step = await quick.wait_for_child(job, "say", State.QUEUED)
    wanted = Submit(operation="workflow.step", args={"step": "say"}, parent_id=job.id)
    with pytest.raises(Invalid, match=r"workflow\.step runs as a part of another task only"):
        await quick.service.submissions.submit(of(""), [wanted])
    await quick.worker("elsewhere")
    await quick.ended(job)
    with pytest.raises(Conflict, match="run that one again"):
        await quick.service.tasks.rerun(of(""), step.id)


async def test_a_job_without_a_definition_runs_the_one_in_force_when_it_starts(quick: JobHouse) -> None:
    quick.write("talk", saying("found"))
    submitted = await quick.service.submissions.submit(
        of(""), [Submit(operation="workflow.run", args={"workflow": "talk"}, retry=Retry())]
    )
    job = await quick.ended(submitted.tasks[0])
    assert result(job)["outputs"]["said"] == "found"
    [inner] = (await quick.children(job)).values()
    assert (inner.operation, inner.key) == ("workflow.run", "job")


async def test_a_job_of_another_clients_definition_is_refused(quick: JobHouse) -> None:
    quick.write("talk", saying("own"), client="ann")
    digest = (await quick.service.workflows.arguments(await quick.submit("talk", of("ann")))).definition
    args = {"workflow": "talk", "definition": digest}
    submitted = await quick.service.submissions.submit(of("bob"), [Submit(operation="workflow.run", args=args)])
    ended = await quick.ended(submitted.tasks[0])
    assert ended.error is not None
    assert (ended.state, ended.error.type) == (State.FAILED, "NotFound")


async def test_a_rerun_runs_what_the_job_ran(quick: JobHouse) -> None:
    quick.write("talk", saying("before"))
    job = await quick.run("talk")
    quick.write("talk", saying("after"))
    again = await quick.ended(await quick.service.tasks.rerun(of(""), job.id))
    assert result(again)["outputs"]["said"] == "before"
    assert (again.name, again.rerun_of) == ("talk", job.id)
