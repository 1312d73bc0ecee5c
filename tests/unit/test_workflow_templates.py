"""The template language: what it can say, what it refuses, and that it can do nothing else."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskward.model.workflow.expression import parse
from taskward.model.workflow.filters import FILTERS, LONGEST_TEXT, TemplateError
from taskward.model.workflow.template import evaluate, read_template, render

SCOPE: dict[str, Any] = {
    "parameters": {
        "title": "Film",
        "count": 3,
        "empty": "",
        "none": None,
        "yes": True,
        "clips": [
            {"source": "a.mp4", "start": "2026-01-01T00:00:10Z", "end": "2026-01-01T00:01:10Z"},
            {"source": "b.mp4", "start": "2026-01-01T00:00:00+00:00", "end": "2026-01-01T02:00:00+01:00"},
        ],
        "class": {"__class__": "a member like any other"},
    },
    "steps": {"cut": {"state": "completed", "outputs": {"files": ["1.ts", "2.ts"]}}},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("parameters.title", "Film"),
        ("parameters['title']", "Film"),
        ("parameters.clips[0].source", "a.mp4"),
        ("parameters.clips[-1]['source']", "b.mp4"),
        ("steps.cut.outputs.files[parameters.count - 2]", TemplateError),
        ("parameters.class.__class__", "a member like any other"),
        ("parameters.count == 3 and not parameters.none", True),
        ("parameters.count > 2 or parameters.nothing", True),
        ("parameters.count < 2 and parameters.nothing", False),
        ("true == 1", False),
        ("1 == 1.0", True),
        ("'b' > 'a'", True),
        ("'Fi' in parameters.title", True),
        ("3 in [1, 2, parameters.count]", True),
        ("'title' in parameters", True),
        ("not ('x' in parameters)", True),
        ("parameters.nothing | default('x')", "x"),
        ("parameters.none | default([1, 'two'])", [1, "two"]),
        ("parameters.none.deeper | default(0)", 0),
        ("parameters.empty | default('x')", ""),
        ("parameters.title | when(parameters.yes)", "Film"),
        ("parameters.title | unless(parameters.yes)", None),
        ("parameters.title | upper | lower | length", 4),
        ("steps.cut.outputs.files | join('|')", "1.ts|2.ts"),
        ("'a,b' | split(',')", ["a", "b"]),
        ("'a\\nb' | lines | last", "b"),
        ("' x ' | trim", "x"),
        ("'a-b' | replace('-', '+')", "a+b"),
        ("'{\"a\": [1]}' | from_json | json", '{"a":[1]}'),
        ("'12.5' | number", 12.5),
        ("12 | text", "12"),
        ("[[1], 2, [3, 4]] | flatten", [1, 2, 3, 4]),
        ("['b', 'a'] | sort | first", "a"),
        ("['1', 10, 2] | sort", [1, 2, 10]),
        ("'/in/film.mp4' | basename", "film.mp4"),
        ("'/in/film.mp4' | stem", "film"),
        ("'/in/film.mp4' | folder", "/in"),
        ("parameters.clips | pluck('end') | latest", "2026-01-01T01:00:00.000Z"),
        ("parameters.clips | pluck('start') | earliest", "2026-01-01T00:00:00.000Z"),
        ("['x', 3, '2026-01-01T00:00:00'] | instants", ["2026-01-01T00:00:00"]),
        ("[] | latest", None),
        ("'2026-01-01T00:00:00Z' | toward('2026-01-01T00:01:40Z', 0.8)", "2026-01-01T00:01:20.000Z"),
        ("'2026-01-01T00:00:00Z' | toward('2026-01-01T00:00:59Z', 0.8, 60)", None),
        ("null | toward('2026-01-01T00:00:59Z', 0.8)", None),
        ("'01:02:03.5' | offset_from", 3723.5),
        ("90 | offset_from(null)", 90),
        ("'2026-01-01T00:00:10Z' | offset_from('2026-01-01T00:00:00')", 10),
        ("1 | span_to('00:00:02.5')", 1.5),
        ("'2026-01-01T00:00:10Z' | span_to('2026-01-01T00:01:00Z')", 50),
        ("[1] | require('nothing there')", [1]),
    ],
)
def test_an_expression_has_a_value(expression: str, value: Any) -> None:
    if value is TemplateError:
        with pytest.raises(TemplateError):
            evaluate(expression, SCOPE)
        return
    found = evaluate(expression, SCOPE)
    assert found == value
    assert isinstance(found, bool) is isinstance(value, bool)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("parameters.tilte", "`parameters.tilte` is not there; there are title"),
        ("steps.cut.outputs.files[9]", "the list has 2 items"),
        ("parameters.none.x", "what is before it is null"),
        ("parameters.title.upper", "a text has no member 'upper'"),
        ("parameters.clips.append", "a list has no member 'append'"),
        ("nothing", "there is no `nothing` here; there are parameters, steps"),
        ("parameters.title.__class__", "a text has no member '__class__'"),
        ("parameters.title()", "the end is expected at character 17, not `(`"),
        ("__import__('os')", "not `(`"),
        ("parameters.title | system", "there is no filter `system`"),
        ("'a' | join", "a list is expected, not text 'a'"),
        ("'a' | replace('a')", "takes 2 arguments, not 1"),
        ("'a' | trim(1)", "takes 0 arguments, not 1"),
        ("1 < 'a'", "a number and a text have no order"),
        ("true < false", "have no order"),
        ("1 in 2", "cannot be looked for in a number"),
        ("'x' | number", "is not a number"),
        ("'{' | from_json", "not JSON"),
        ("'soon' | toward('later', 0.5)", "'soon' is not an instant such as"),
        ("'0001-01-01T00:00:00+23:59' | toward('later', 0.5)", "is not an instant"),
        ("'2026-01-01' | toward('2026-01-02', 2)", "0 to 1"),
        ("1 | span_to('2026-01-01T00:01:00Z')", "is not a number"),
        ("[] | first", "no first"),
        ("'' | require('say something')", "say something"),
        ("", "a value is expected at character 1, not the end"),
        ("a b", "the end is expected at character 3, not `b`"),
        ("a ==", "a value is expected"),
        ("(a", "`)` is expected"),
        ("a[0", "`]` is expected"),
        ("a.", "the name of a member is expected"),
        ("a; b", "`; b` cannot be read, at character 2"),
        ("'unclosed", "cannot be read"),
        ("a + b", "cannot be read"),
        ("and", "a value is expected"),
    ],
)
def test_what_is_wrong_is_said(expression: str, problem: str) -> None:
    with pytest.raises(TemplateError) as refused:
        evaluate(expression, SCOPE)
    assert problem in str(refused.value)


def test_a_text_that_is_one_hole_keeps_its_type_and_any_other_is_a_text() -> None:
    assert render("{{ parameters.count }}", SCOPE) == 3
    assert render("{{ parameters.count }} of {{ steps.cut.outputs.files | length }}", SCOPE) == "3 of 2"
    assert render({"a": ["{{ parameters.yes }}", 1, None]}, SCOPE) == {"a": [True, 1, None]}
    assert render("no hole } { }}", SCOPE) == "no hole } { }}"
    assert render("{{ '}}' }}{{ \"{{\" }}", SCOPE) == "}}{{"
    with pytest.raises(TemplateError, match="a list cannot stand inside a text"):
        render("files: {{ steps.cut.outputs.files }}", SCOPE)
    with pytest.raises(TemplateError, match="a null cannot stand inside a text"):
        render("x{{ parameters.none }}", SCOPE)


@pytest.mark.parametrize("text", ["{{ a", "{{ 'a }}", "x {{", "{{ {{ a }} }}"])
def test_a_hole_without_an_end_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        read_template(text)


def test_what_a_template_makes_is_bounded() -> None:
    scope = {"long": "x" * 1000, "many": list(range(9000))}
    with pytest.raises(TemplateError, match="longer than"):
        evaluate("long | replace('x', long) | replace('x', long)", scope)
    with pytest.raises(TemplateError, match="longer than"):
        evaluate("[many, many] | flatten", scope)
    with pytest.raises(TemplateError, match="longer than"):
        evaluate("many | join(long)", scope)
    with pytest.raises(TemplateError, match="longer than"):
        render("{{ long }}" * (LONGEST_TEXT // 1000 + 1), scope)


@pytest.mark.parametrize(
    "text", ["(" * 5000, "not " * 900 + "a", "a" + ".a" * 400, "a" + "[a" * 400, "a" + "|trim" * 400, "[" * 400]
)
def test_an_expression_without_measure_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
WORDS = [
    *["parameters", "steps", "item", "a", "b", "true", "null", "and", "or", "not", "in", "0", "1.5", "-2"],
    *['"x"', "'{}'", "'2026-01-01T00:00:00Z'", "'1:2:3'", "."],
    *["==", "!=", "<", ">=", "|", "(", ")", "[", "]", ",", "{{", "}}", "__class__"],
    *FILTERS,
]
EXPRESSIONS = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join) | st.text(max_size=40)
ARGUMENTS = st.lists(st.sampled_from(["parameters.a", "parameters.b", "'x'", "2", "null", "[item, 'y']"]), max_size=3)


@given(text=EXPRESSIONS, scope=st.fixed_dictionaries({"parameters": JSON, "item": JSON}))
def test_whatever_the_text_it_is_read_and_evaluated_or_refused(text: str, scope: dict[str, Any]) -> None:
    for template in (text, f"{{{{ {text} }}}}", f"before {{{{ {text} }}}} after"):
        try:
            value = render(template, scope)
        except TemplateError:
            continue
        assert is_json(value)


@given(
    name=st.sampled_from(list(FILTERS)),
    arguments=ARGUMENTS,
    subject=JSON,
    a=JSON,
    b=JSON,
)
def test_whatever_a_filter_is_given_it_makes_json_or_refuses(
    name: str, arguments: list[str], subject: Any, a: Any, b: Any
) -> None:
    given_to = f"({', '.join(arguments)})" if arguments else ""
    try:
        value = evaluate(f"item | {name}{given_to}", {"item": subject, "parameters": {"a": a, "b": b}})
    except TemplateError:
        return
    assert is_json(value)


@given(text=st.text(alphabet=string.printable, max_size=60))
def test_a_text_in_quotes_is_that_text(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    assert render(f'{{{{ "{quoted}" }}}}', {}) == text


def is_json(value: Any) -> bool:
    """Whether it is nothing but JSON, not even a subclass of it."""
    match value:
        case dict():
            return type(value) is dict and all(type(name) is str and is_json(item) for name, item in value.items())
        case list():
            return type(value) is list and all(map(is_json, value))
    return type(value) in {str, int, float, bool, type(None)} or json.dumps(value) is None
