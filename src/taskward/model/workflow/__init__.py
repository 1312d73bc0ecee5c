"""Workflows as they are declared: pure, without a file, a clock or a program."""

from taskward.model.workflow.checks import problems
from taskward.model.workflow.declaration import Call, Program, Progress, Request, Retries, Step, Wait, Workflow
from taskward.model.workflow.filters import TemplateError
from taskward.model.workflow.graph import Node, graph_of
from taskward.model.workflow.parameters import complete, formatted, schema_of, secrets
from taskward.model.workflow.template import evaluate, render

__all__ = [
    "Call",
    "Node",
    "Program",
    "Progress",
    "Request",
    "Retries",
    "Step",
    "TemplateError",
    "Wait",
    "Workflow",
    "complete",
    "evaluate",
    "formatted",
    "graph_of",
    "problems",
    "render",
    "schema_of",
    "secrets",
]
