"""Every error Taskward raises on purpose, on one screen.

TaskwardError
├── Invalid                bad input; names the field and what would be right        (422)
│   ├── InvalidFilter      a filter, sort or cursor of a list                         (400)
│   ├── SettingError       a process setting; lives in `taskward.settings`            (422)
│   └── Misdeclared        a workflow's file; lives in `taskward.modules.workflow`    (-)
├── NotFound               no such task, schedule, pool, ...                          (404)
│   └── Gone               it existed and was removed by retention or by hand         (410)
├── Conflict               the thing is not in a state that allows this               (409)
│   ├── IllegalTransition  TRANSITIONS has no such edge                               (409)
│   ├── NotAbortable       the task was declared `abortable=False`                    (409)
│   └── KeyInProgress      same idempotency key, first request not answered yet       (409)
├── KeyReused              same idempotency key, another payload                      (422)
├── VersionMismatch        `If-Match` names an older version                          (412)
├── LeaseLost              the caller's attempt is no longer the task's attempt       (409)
├── Unauthenticated        no credential, or one we do not know                       (401)
│   ├── Expired            a credential whose time is over                            (401)
│   └── Suspended          a credential that is switched off                          (401)
├── Forbidden              the credential lacks the scope                             (403)
├── OutboundError          a request to another host; lives in `taskward.outbound`
│   ├── OutboundRefused    the address or scheme is not allowed                       (422)
│   └── OutboundFailed     it was tried and did not work                              (502)
├── TemplateError          a template of a workflow; in `taskward.model.workflow`     (422)
├── JobFailed              a step failed, so the job has; in `taskward.modules.workflow`
├── StepFailed             a step did not do what it is for; lives there too
│   └── ProgramFailed      the program ended with an exit code that means failure
├── ProgramMissing         this worker has no such program; lives there too
└── Unavailable            the store cannot be used now                               (503)
    └── SchemaTooNew       the database was written by a newer Taskward               (-)
"""


class TaskwardError(Exception):
    """Base of every error raised on purpose."""

    status = 500
    title = "Internal error"


class Invalid(TaskwardError):
    """Bad input.

    `field` is a JSON pointer below the request (`/args/path`) or the name of a parameter;
    `problem` says what is wrong and what would be right.
    """

    status = 422
    title = "Input rejected"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class InvalidFilter(Invalid):
    """A filter, sort key or cursor of a list is not one we know."""

    status = 400
    title = "Filter rejected"


class NotFound(TaskwardError):
    """No such thing. `kind` is its noun, `key` what was asked for, `hint` what may have been meant."""

    status = 404
    title = "Not found"

    def __init__(self, kind: str, key: object, hint: str = "") -> None:
        super().__init__(f"no {kind} {key}" + (f"; {hint}" if hint else ""))
        self.kind = kind
        self.key = key


class Gone(NotFound):
    """It existed, and was removed by retention or by hand."""

    status = 410
    title = "Gone"


class Conflict(TaskwardError):
    """The thing is not in a state that allows what was asked."""

    status = 409
    title = "Conflict"


class IllegalTransition(Conflict):
    """TRANSITIONS has no edge from `source` to `target`."""

    title = "Illegal change of state"

    def __init__(self, source: str, target: str, detail: str = "") -> None:
        super().__init__(detail or f"a {source} task cannot become {target}")
        self.source = source
        self.target = target


class NotAbortable(Conflict):
    """The task was declared `abortable=False`."""

    title = "Not abortable"


class KeyInProgress(Conflict):
    """The same idempotency key is being served right now."""

    title = "Request in progress"


class KeyReused(TaskwardError):
    """The same idempotency key came with another payload."""

    status = 422
    title = "Idempotency key reused"


class VersionMismatch(TaskwardError):
    """`If-Match` names a version that is not the current one."""

    status = 412
    title = "Version mismatch"


class LeaseLost(Conflict):
    """The caller's attempt is no longer the task's attempt: nothing was changed."""

    title = "Lease lost"


class Unauthenticated(TaskwardError):
    """No credential, or one we do not know."""

    status = 401
    title = "Not authenticated"


class Expired(Unauthenticated):
    """The credential is known, and its time is over."""

    title = "Expired"


class Suspended(Unauthenticated):
    """The credential is known, and switched off."""

    title = "Switched off"


class Forbidden(TaskwardError):
    """The credential is known and lacks the scope."""

    status = 403
    title = "Forbidden"


class Unavailable(TaskwardError):
    """The store cannot be used now."""

    status = 503
    title = "Unavailable"


class SchemaTooNew(Unavailable):
    """The database was written by a newer Taskward; this one must not touch it."""
