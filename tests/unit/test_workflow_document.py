"""Workflow files: what they may say, and where each mistake is."""
# ruff: noqa: E501 - a case is a line

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskward.model.errors import Invalid
from taskward.model.json_schema import check_schema
from taskward.model.workflow import Program, Workflow, complete, graph_of, schema_of, secrets
from taskward.modules.workflow.document import Misdeclared, file_schema, parse_workflow

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "workflows.md"


def read(text: str) -> Workflow:
    return parse_workflow(dedent(text).encode(), name="film", source="film.yaml")


def faults(text: str) -> list[str]:
    """Every problem of a file, as `line:column: problem`."""
    with pytest.raises(Misdeclared) as refused:
        read(text)
    return [line.removeprefix("film.yaml:") for line in str(refused.value).splitlines()]


def test_a_file_declares_a_workflow() -> None:
    workflow = read(
        """
        description: Makes a film
        parameters:
          title: {type: string}
          yes: {type: string, default: on}
        queue: work
        steps:
          first:
            run: [echo, "{{ parameters.title }}", 1, 2.5]
          second:
            needs: [first]
            run: {command: [echo], grace: 1m}
        """
    )
    assert (workflow.name, workflow.description, workflow.queue) == ("film", "Makes a film", "work")
    # As in JSON, and not as in YAML 1.1.
    assert workflow.parameters["yes"]["default"] == "on"
    assert workflow.steps["first"].program == Program(command=["echo", "{{ parameters.title }}", 1, 2.5])
    assert workflow.steps["second"].program == Program(command=["echo"], grace="1m")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: a workflow is a mapping, with `steps:` at least"),
        ("- a", "1:1: a workflow is a mapping, with `steps:` at least"),
        ("steps: {", "1:9: not YAML: expected the node content, but found '<stream end>'"),
        ("steps:\n\ta: 1", "2:1: not YAML: found character '\\t' that cannot start any token"),
        ("steps: {}", "1:1: expected `object` of length >= 1"),
        ("name: other\nsteps: {a: {run: [x]}}", "1:7: must be 'film', as the file is called, or be left out"),
        ("setps: {a: {run: [x]}}\nsteps: {a: {run: [x]}}", "1:1: there is no `setps` here; did you mean `steps`?"),
        ("steps:\n  a: {run: [x], nedes: [b]}", "2:17: there is no `nedes` here; did you mean `needs`?"),
        ("steps:\n  a: {run: [x]}\n  a: {run: [y]}", "3:3: `a` is there twice"),
        ("steps:\n  1a: {run: [x]}", "2:3: expected a name of letters, digits and _, beginning with a letter"),
        ("steps:\n  a: {run: [x]}\n1: 2", "3:1: a name is a text; put it in quotes"),
        ("steps:\n  a:\n    run: []", "3:5: expected `array` of length >= 1"),
        ("steps:\n  a:\n    run: [true]", "3:11: expected `int | float | str`, got `bool`"),
        ("steps:\n  a:\n    run: echo hello", "3:10: expected `object | array | null`, got `str`"),
        ("steps:\n  a: {}", "2:3: a step has exactly one of run, call, request, wait; it has none"),
        ("steps:\n  a: {run: [x], wait: {for: 1}}", "2:3: a step has exactly one of run, call, request, wait; it has run and wait"),
        ("steps:\n  a: {run: [x], needs: [b]}", "2:25: there is no step `b`; there are a"),
        ("steps:\n  a: {run: [x], needs: [a]}", "2:17: steps need each other in a ring: a -> a"),
        ("steps:\n  a: {run: [x], timeout: soon}", "2:26: 'soon' is not a duration; write seconds, or a number and a unit such as 90s, 15m, 1h30m or 7d"),
        ("steps:\n  a: {run: [x], when: '{{ true }}'}", "2:23: `{{ true }}` cannot be read, at character 1 of `{{ true }}`; an expression here stands without braces"),
        ("steps:\n  a:\n    run:\n      - x\n      - '{{ parameters.titel }}'", "5:9: there is no parameter `titel`; there are content_id, rest_endpoints, custom_data"),
        ("steps:\n  a: {run: ['{{ job.nr }}']}", "2:13: a job has no `nr`; there are id, number, client, workflow, attempt"),
        ("steps:\n  a: {run: ['{{ item }}']}", "2:13: there is no `item` here; there are parameters, job, steps"),
        ("steps:\n  a: {run: ['{{ steps.b }}']}", "2:13: there is no step `b`; there are a"),
        ("steps:\n  a: {run: [x]}\n  b: {run: ['{{ steps.a.state }}']}", "3:13: step `a` need not have ended by then; name it in `needs`"),
        ("steps:\n  a: {run: [x]}\n  b: {needs: [a], run: ['{{ steps.a.stdout }}']}", "3:25: a step has no `stdout` here; there are state, outputs"),
        ("steps:\n  a: {run: [x]}\n  b: {needs: [a], run: ['{{ steps.a.outputs.c }}']}", "3:25: step `a` has no output `c`; there are none"),
        ("steps:\n  a: {run: [x], outputs: {b: '{{ result }}'}}", "2:30: there is no `result` here; there are parameters, job, steps, exit_code, stdout, stderr"),
        ("steps:\n  a: {wait: {for: 1, until: x}}", "2:7: needs one of for and until"),
        ("steps:\n  a: {request: {url: u, json: 1, body: b}}", "2:40: excludes json"),
        ("steps:\n  a: {request: {url: u, method: get}}", "2:33: invalid enum value 'get'"),
        ("steps: {a: {run: [x]}}\non_failure: {a: {run: [x]}}", "2:14: there is a step `a` among the steps already"),
        ("parameters: {p: {type: text}}\nsteps: {a: {run: [x]}}", "1:24: 'text' is no type; there are string, integer, number, boolean, array, object, null"),
        ("parameters: {p: {typ: string}}\nsteps: {a: {run: [x]}}", "1:14: there is no `typ` here"),
        ("parameters: {p: {pattern: '('}}\nsteps: {a: {run: [x]}}", "1:27: not a regular expression: missing ), unterminated subpattern at position 0"),
        ("parameters: {p: {type: integer, default: x}}\nsteps: {a: {run: [x]}}", "1:42: does not fit the parameter: it must be integer, not string"),
        ("parameters: {p: {anyOf: [{format: path}]}}\nsteps: {a: {run: [x]}}", "1:35: has no effect inside anyOf"),
        ("steps:\n  a: {run: {command: [x], progress: {pattern: '('}}}", "2:47: not a regular expression: missing ), unterminated subpattern at position 0"),
        ("steps:\n  a: {run: {command: [x], progress: {pattern: 'at (.*)'}}}", "2:47: has no group (?P<done>...)"),
        ("run_at: '{{ job.id }}'\nsteps: {a: {run: [x]}}", "1:9: there is no `job` here; there are parameters"),
        ("steps: !!python/object/apply:os.system [x]", "1:8: the tag tag:yaml.org,2002:python/object/apply:os.system is not understood here"),
        ("steps: &a [*a]", "1:8: more than 50 levels deep"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: " + "[*c]" , "1:1: there is no `a` here"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_column(text: str, problem: str) -> None:
    assert faults(text) == [problem]


def test_every_mistake_of_a_file_is_told_at_once_in_its_order() -> None:
    assert [line.split(" ")[0] for line in faults(
        """
        parameters:
          p: {type: strin}
        steps:
          a: {run: ["{{ parameters.q }}"], needs: [z]}
          b: {wait: {for: x}}
        message: "{{ steps.c }}"
        """
    )] == ["3:13:", "5:13:", "5:44:", "6:19:", "7:10:"]  # fmt: skip


def test_steps_that_need_each_other_in_a_ring_are_refused() -> None:
    assert faults(
        """
        steps:
          a: {run: [x]}
          b: {run: [x], needs: [a, d]}
          c: {run: [x], needs: [b]}
          d: {run: [x], needs: [c]}
        """
    ) == ["4:17: steps need each other in a ring: b -> d -> c -> b"]


@given(needs=st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=8))
def test_a_graph_is_a_ring_or_has_ranks(needs: list[set[int]]) -> None:
    names = [f"s{number}" for number in range(len(needs))]
    steps = {
        name: {"wait": {"for": 0}, "needs": sorted(f"s{need}" for need in needed if f"s{need}" in names)}
        for name, needed in zip(names, needs, strict=True)
    }
    text = str({"steps": steps}).replace("'", '"').encode()
    try:
        workflow = parse_workflow(text, name="film", source="film.yaml")
    except Misdeclared as error:
        problems = error.faults[0].problem
        assert "ring" in problems or "no step" in problems
        return
    rank = {node.name: node.rank for node in graph_of(workflow)}
    assert list(rank) == sorted(rank, key=lambda name: rank[name])
    for name, step in workflow.steps.items():
        assert rank[name] == max((rank[need] + 1 for need in step.needs), default=0)


@given(content=st.binary(max_size=60) | st.text(alphabet="steps:{}[]&*!|>-'\"\n a1?", max_size=60).map(str.encode))
def test_whatever_the_file_it_is_read_or_refused(content: bytes) -> None:
    try:
        parse_workflow(content, name="film", source="film.yaml")
    except Misdeclared as error:
        # Either outcome is right.
        assert all(fault.line > 0 and fault.column > 0 and fault.problem for fault in error.faults)  # noqa: PT017


PARAMETERS = """
    parameters:
      title: {type: string, minLength: 1}
      count: {type: integer, default: 2}
      api: {type: string, optional: true, secret: true}
      since: {type: string, format: date-time, optional: true}
    steps:
      a: {run: [x]}
"""


@pytest.mark.parametrize(
    ("given_", "field", "problem"),
    [
        ({}, "/parameters/title", "is missing; it is required"),
        ({"title": ""}, "/parameters/title", "must have at least 1 characters"),
        ({"title": "x", "cuont": 1}, "/parameters/cuont", "is not known; did you mean count?"),
        ({"title": "x", "count": "1"}, "/parameters/count", "must be integer, not string"),
        ({"title": "x", "since": "soon"}, "/parameters/since", "'soon' is not an instant such as 2026-03-01T12:00:00Z"),
        ({"title": "x", "rest_endpoints": ["ftp://x"]}, "/parameters/rest_endpoints/0", "must be an http or https URL, such as https://example.org/told"),
    ],
)  # fmt: skip
def test_parameters_are_held_to_what_is_declared(given_: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        complete(read(PARAMETERS), given_)
    assert (refused.value.field, refused.value.problem) == (field, problem)


def test_parameters_get_their_defaults_and_are_published_as_a_schema() -> None:
    workflow = read(PARAMETERS)
    given_ = {"title": "x", "custom_data": {"any": ["thing"]}, "content_id": "c"}
    assert complete(workflow, given_) == {"count": 2, "rest_endpoints": [], **given_}
    schema = schema_of(workflow)
    assert (schema["required"], schema["additionalProperties"]) == (["title"], False)
    assert "secret" not in schema["properties"]["api"]


def test_secrets_are_what_is_declared_so_and_what_its_name_says() -> None:
    parameters = {"title": "plain", "api": "declared-secret", "custom_data": {"api_key": "named-secret", "n": "plain"}}
    assert secrets(read(PARAMETERS), parameters) == ["declared-secret", "named-secret"]


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(description:.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL))
def test_whole_examples_of_the_documentation_are_right(text: str) -> None:
    assert read(text).steps


def test_the_published_schema_fits_what_is_read() -> None:
    schema = file_schema()
    document = {"steps": {"a": {"run": {"command": ["x", 1]}, "timeout": "1m"}, "b": {"wait": {"for": 3}}}}
    check_schema(document, schema, "")
    assert "Z" not in schema["properties"]["name"]["pattern"][-2:]
    assert schema["required"] == ["steps"]
