"""Jobs: steps in the order of their needs, and what they hand on."""

from taskward.model.states import State
from tests.workflows import JobHouse, result


async def test_each_step_begins_when_what_it_needs_has_ended_and_sees_its_outputs(jobs: JobHouse) -> None:
    jobs.write(
        "diamond",
        """
        parameters:
          who: {type: string}
        steps:
          first:
            run: [echo, "hello {{ parameters.who }}"]
            outputs: {said: "{{ stdout | trim }}"}
          left:
            needs: [first]
            run: [echo, left of, "{{ steps.first.outputs.said }}"]
            outputs: {said: "{{ stdout | trim }}"}
          right:
            needs: [first]
            call: {operation: sums.add, arguments: {a: 1, b: "{{ steps.first.outputs.said | length }}"}}
            outputs: {sum: "{{ result.sum }}"}
          last:
            needs: [left, right]
            run: [echo, "{{ steps.left.outputs.said }}", "{{ steps.right.outputs.sum }}"]
            outputs: {said: "{{ stdout | trim }}"}
        outputs: {said: "{{ steps.last.outputs.said }}"}
        files: ["a", "{{ parameters.who }}"]
        message: "done for {{ parameters.who }}"
        """,
    )
    job = await jobs.run("diamond", who="ann")
    assert result(job) == {
        "outputs": {"said": "left of hello ann 10"},
        "files": ["a", "ann"],
        "message": "done for ann",
    }
    children = await jobs.children(job)
    assert {key: child.operation for key, child in children.items()} == {
        "first": "workflow.step",
        "left": "workflow.step",
        "right": "sums.add",
        "last": "workflow.step",
    }
    first, last = children["first"], children["last"]
    for middle in (children["left"], children["right"]):
        assert first.finished_at is not None
        assert middle.started_at is not None
        assert first.finished_at <= middle.created_at
        assert middle.finished_at is not None
        assert middle.finished_at <= last.created_at


async def test_a_step_runs_for_each_item_at_once_and_its_outputs_become_lists(jobs: JobHouse) -> None:
    jobs.write(
        "fan",
        """
        parameters:
          names: {type: array, items: {type: string}}
        steps:
          each:
            for_each: parameters.names
            run: [echo, "{{ index }}:{{ item }}"]
            outputs: {line: "{{ stdout | trim }}"}
          joined:
            needs: [each]
            run: [echo, "{{ steps.each.outputs.line | join('+') }}"]
            outputs: {line: "{{ stdout | trim }}"}
        outputs: {line: "{{ steps.joined.outputs.line }}"}
        """,
    )
    job = await jobs.run("fan", names=["a", "b", "c"])
    assert result(job)["outputs"] == {"line": "0:a+1:b+2:c"}
    assert set(await jobs.children(job)) == {"each[0]", "each[1]", "each[2]", "joined"}
    assert result(await jobs.run("fan", names=[]))["outputs"] == {"line": ""}


async def test_a_step_whose_condition_does_not_hold_is_skipped_and_those_behind_it_run(jobs: JobHouse) -> None:
    jobs.write(
        "maybe",
        """
        parameters:
          draft: {type: boolean, default: false}
        steps:
          publish:
            when: not parameters.draft
            run: [echo, published]
            outputs: {said: "{{ stdout | trim }}"}
          tell:
            needs: [publish]
            run: [echo, "{{ steps.publish.state }}", "{{ steps.publish.outputs.said | default('nothing') }}"]
            outputs: {said: "{{ stdout | trim }}"}
        outputs: {said: "{{ steps.tell.outputs.said }}"}
        """,
    )
    assert result(await jobs.run("maybe"))["outputs"]["said"] == "completed published"
    skipped = await jobs.run("maybe", draft=True)
    assert result(skipped)["outputs"]["said"] == "skipped nothing"
    assert await jobs.states(skipped) == {"tell": State.COMPLETED}
    reports = {report.code: report.state for report in await jobs.store.tasks.reports(skipped.id)}
    assert reports == {"step.publish": State.SKIPPED, "step.tell": State.COMPLETED}
