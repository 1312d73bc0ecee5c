"""What a workflow declares: the words of its file, as they are published in its JSON Schema."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

StepName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,59}\Z",
        description="Letters, digits and `_`, beginning with a letter",
        extra={"expects": "a name of letters, digits and _"},
    ),
]
WORKFLOW_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z"
Duration = Annotated[str | int | float, Meta(description="Seconds, or a text such as `90s`, `15m` or `1h30m`")]
Condition = Annotated[str, Meta(description="An expression, without braces")]
VariableName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z")]
Argument = str | int | float
Command = Annotated[list[Argument], Meta(min_length=1, max_length=1000)]

_MOST_STEPS = 200


class Progress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a program tells how far it is: lines that match are progress, and stand in no log."""

    pattern: Annotated[
        str,
        Meta(description="A regular expression whose group `(?P<done>...)` is a number, or a time as `HH:MM:SS.fff`"),
    ]
    total: Annotated[Argument | None, Meta(description="What `done` is in the end, as far as that is known")] = None
    unit: Annotated[str, Meta(max_length=50, description="What is counted; times are seconds")] = ""


class Program(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A program to run: never a line for a shell, always its arguments one by one."""

    command: Annotated[
        Command,
        Meta(
            description="The program and its arguments. A hole that holds a list gives one argument for each item, "
            "one that holds null gives none",
        ),
    ]
    environment: Annotated[
        dict[VariableName, Argument],
        Meta(description="Variables beside PATH, HOME, LANG, LC_ALL, TMPDIR and TZ of the worker"),
    ] = field(default_factory=dict)
    folder: Annotated[str, Meta(description="The working folder; else the root of the workflows' files")] = ""
    stdin: Annotated[str | None, Meta(description="A text for the program to read")] = None
    exit_codes: Annotated[list[int], Meta(min_length=1, description="The exit codes that mean success")] = field(
        default_factory=lambda: [0]
    )
    progress: Annotated[Progress | None, Meta(description="How its output tells how far it is")] = None
    grace: Annotated[
        Duration, Meta(description="How long the program may take to end by itself when it is asked to (SIGTERM)")
    ] = "5s"


class Call(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A Taskward operation to call."""

    operation: Annotated[str, Meta(min_length=1, description="Its full name, `module.operation`")]
    arguments: Annotated[dict[str, Any], Meta(description="Its arguments")] = field(default_factory=dict)


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An HTTP request to make."""

    url: Annotated[str, Meta(min_length=1, description="An http or https URL")]
    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], Meta(description="What is asked for")
    ] = "GET"
    headers: Annotated[dict[str, Argument], Meta(description="Headers of the request")] = field(default_factory=dict)
    json: Annotated[Any, Meta(description="The body as a value")] = None
    body: Annotated[str | None, Meta(description="The body as a text; excludes `json`")] = None
    expect: Annotated[list[int], Meta(description="The statuses that mean success; else 200 to 299")] = field(
        default_factory=list
    )
    follow_redirects: Annotated[
        bool, Meta(description="Whether up to five redirects are followed, each only to where requests may go")
    ] = False


class Wait(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"duration": "for"}
):
    """A time to wait: no worker is occupied meanwhile."""

    duration: Annotated[Duration | None, Meta(description="How long")] = None
    until: Annotated[str | None, Meta(description="Till when; null or a past instant is no wait")] = None


class Retries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often a step that failed is run again."""

    limit: Annotated[int, Meta(ge=0, le=1000, description="Runs beyond the first")]
    delay: Annotated[Duration | None, Meta(description="How long before; else the setting `retry_delay`")] = None
    backoff: Annotated[float, Meta(ge=1, le=1000, description="Each delay is so many times as long as the last")] = 1


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A step: exactly one of `run`, `call`, `request` and `wait`, and when, where and how often."""

    description: Annotated[str, Meta(description="What it is for")] = ""
    run: Annotated[Command | Program | None, Meta(description="A program, or only its arguments")] = None
    call: Annotated[Call | None, Meta(description="A Taskward operation")] = None
    request: Annotated[Request | None, Meta(description="An HTTP request")] = None
    wait: Annotated[Wait | None, Meta(description="A time")] = None
    needs: Annotated[list[str], Meta(description="The steps that must have ended before")] = field(default_factory=list)
    when: Annotated[Condition, Meta(description="The step is skipped unless this expression is true")] = ""
    for_each: Annotated[
        Condition,
        Meta(description="The step runs once for each item of this list, all at once, as `item` with `index`"),
    ] = ""
    queue: Annotated[str, Meta(max_length=200, description="The queue; else that of the workflow")] = ""
    retries: Annotated[
        int | Retries | None, Meta(description="Runs beyond the first after a failure; else the setting `retry_limit`")
    ] = None
    timeout: Annotated[Duration | None, Meta(description="How long each run may take")] = None
    outputs: Annotated[
        dict[StepName, Any],
        Meta(description="Values for later steps, which see in addition what the step has brought about"),
    ] = field(default_factory=dict)
    continue_on_failure: Annotated[bool, Meta(description="Whether the job goes on when the step has failed")] = False

    @property
    def program(self) -> Program | None:
        """What `run` says, whichever way."""
        return Program(command=self.run) if isinstance(self.run, list) else self.run

    @property
    def kind(self) -> str:
        """run, call, request or wait."""
        return next(name for name in ("run", "call", "request", "wait") if getattr(self, name) is not None)


class Workflow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A workflow: parameters, steps that need one another, and what comes of it."""

    name: Annotated[str, Meta(pattern=WORKFLOW_NAME, description="The file's name without `.yaml`, if it is said")]
    description: Annotated[str, Meta(description="What it is for")] = ""
    parameters: Annotated[
        dict[StepName, dict[str, Any]],
        Meta(
            description="JSON Schemas by name. A parameter without `default` is required unless it is "
            "`optional: true`; `secret: true` keeps it out of logs; `format: path` confines it to the root of the "
            "workflows' files"
        ),
    ] = field(default_factory=dict)
    additional_parameters: Annotated[bool, Meta(description="Whether parameters that are not declared are let in")] = (
        False
    )
    queue: Annotated[str, Meta(min_length=1, max_length=200, description="The queue of steps that name none")] = (
        "default"
    )
    not_before: Annotated[
        str | None, Meta(description="The job waits till this instant at least, whatever its submitter asks for")
    ] = None
    run_at: Annotated[str | None, Meta(description="When the job starts if its submitter names no time")] = None
    steps: Annotated[dict[StepName, Step], Meta(min_length=1, max_length=_MOST_STEPS, description="Steps by name")]
    on_failure: Annotated[
        dict[StepName, Step], Meta(max_length=_MOST_STEPS, description="Steps that run when the job has failed")
    ] = field(default_factory=dict)
    outputs: Annotated[dict[StepName, Any], Meta(description="What the job returns")] = field(default_factory=dict)
    files: Annotated[str | list[str], Meta(description="The files it has made")] = field(default_factory=list)
    message: Annotated[str, Meta(description="A sentence about how it went")] = ""
