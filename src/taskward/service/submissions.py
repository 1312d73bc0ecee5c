"""From a request to tasks in the store."""

import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from taskward.auth import Principal
from taskward.model.errors import Conflict, Invalid, NotFound, TaskwardError
from taskward.model.masking import mask_texts, mask_value
from taskward.model.pools import is_open_to
from taskward.model.states import State
from taskward.model.task import Kind, NewTask, Task
from taskward.operations import Wishes
from taskward.ports import Asked, Clock, IdempotencyKey, Submission, Submitted, Tasks
from taskward.service.catalogue import Catalogue
from taskward.service.instants import duration, utc
from taskward.wire import Submit

_LONGEST_KEY = 255
_LONGEST_LABEL = 1000
_MOST_LABELS = 100
_MOST_CALLBACKS = 20

_WORKERS_ONLY = (
    "run_at",
    "gate",
    "depends_on",
    "even_if_failed",
    "resources",
    "paused",
    "callbacks",
    "timeout_seconds",
    "retry",
    "pool",
)
"""What means nothing for a task that no worker runs."""


class Submissions:
    """Accepts tasks: one or many, once, again, or tracked from outside."""

    def __init__(self, tasks: Tasks, catalogue: Catalogue, clock: Clock) -> None:
        self._tasks = tasks
        self._catalogue = catalogue
        self._clock = clock

    async def submit(
        self,
        principal: Principal,
        wanted: Sequence[Submit],
        *,
        idempotency_key: str | None = None,
        correlation_id: str = "",
        prefix: str = "/tasks/{}",
        secrets: Sequence[str] = (),
    ) -> Submitted:
        """Accepts all of them, durably, or none. Needs write.

        `secrets` are texts among the arguments that readers are not shown, beside those that their names tell.
        `prefix` is where the request has the submission number {}: errors point there. Raises Invalid, Conflict (the
        parent has ended), KeyReused.
        """
        principal.require("write")
        relatives = await self._relatives(principal, wanted)
        new: list[NewTask] = []
        for index, submit in enumerate(wanted):
            try:
                new.append(await self._new_task(principal, submit, relatives, correlation_id))
            except Invalid as error:
                raise _moved(error, prefix.format(index)) from None
        if secrets:
            new = [_hidden(task, secrets) for task in new]
        fingerprint = _fingerprint(wanted) if idempotency_key is not None else ""
        key = _key(principal.client, idempotency_key, fingerprint)
        return await self._tasks.submit(Submission(tuple(new), idempotency=key), self._clock.now())

    async def rerun(
        self, principal: Principal, task: Task, asked: Asked, *, idempotency_key: str | None = None
    ) -> Task:
        """Runs a task's operation again with the same arguments and wishes, as a root that supersedes it. Needs write.

        It runs now, or when the gate of the first run is open again; whether it is kept for good is decided anew.
        Raises Conflict while the task is neither final nor paused, Invalid when the operation has changed and refuses
        the arguments now.
        """
        principal.require("write")
        if task.kind is not Kind.TASK:
            raise Conflict(f"task {task.number} is a {task.kind.value}: no worker can run it again")
        try:
            operation = await self._catalogue.operation(task.operation)
        except NotFound as error:
            raise Conflict(f"task {task.number} cannot run again: {error}") from None
        if operation.spec.spawned_only:
            raise Conflict(f"task {task.number} runs as a part of another task only; run that one again")
        wishes = Wishes(
            name=task.name,
            labels=task.labels,
            client=task.client,
            created_by=principal.name,
            correlation_id=task.correlation_id,
            rerun_of=task.id,
            priority=task.priority,
            queue=task.queue,
            # A child is in no pool; run again it is a root.
            pool=task.pool if task.is_root else None,
            resources=task.resources,
            gate=asked.gate,
            callbacks=asked.callbacks,
            timeout=task.rules.timeout,
            retry=task.rules.retry,
        )
        new = operation.new_task(uuid7(), msgspec.json.decode(asked.args), wishes)
        if bytes(task.args) != asked.args:
            # What readers were not shown of the first run they are not shown of this one.
            new = msgspec.structs.replace(new, args_shown=bytes(task.args))
        key = _key(principal.client, idempotency_key, f"rerun {task.id}")
        submission = Submission((new,), idempotency=key, supersedes=task.id)
        return (await self._tasks.submit(submission, self._clock.now())).tasks[0]

    async def _relatives(self, principal: Principal, wanted: Sequence[Submit]) -> dict[UUID, Task]:
        """The parents and dependencies that the principal can see."""
        ids = {submit.parent_id for submit in wanted if submit.parent_id is not None}
        ids.update(*(submit.depends_on for submit in wanted))
        if not ids:
            return {}
        found = await self._tasks.get_many(list(ids))
        return {task_id: task for task_id, task in found.items() if principal.sees(task.client)}

    async def _new_task(
        self, principal: Principal, submit: Submit, relatives: dict[UUID, Task], correlation_id: str
    ) -> NewTask:
        check_labels(submit.labels)
        parent = None
        if submit.parent_id is not None:
            parent = relatives.get(submit.parent_id)
            if parent is None:
                raise Invalid("/parent_id", f"there is no task {submit.parent_id}")
        elif submit.key is not None:
            raise Invalid("/key", "names a child of a task, so it needs a parent_id")
        if submit.state is not None:
            return self._external(principal, submit, parent, correlation_id)
        if submit.abortable is not None:
            raise Invalid("/abortable", "is for work tracked from outside (state: running); the operation says it else")
        _check_admission(principal, submit, relatives)
        try:
            operation = await self._catalogue.operation(submit.operation)
        except NotFound as error:
            raise Invalid("/operation", str(error)) from None
        operation.check_wanted()
        return operation.new_task(
            uuid7(),
            submit.args,
            Wishes(
                name=submit.name,
                labels=submit.labels,
                client=principal.client or (parent.client if parent else ""),
                created_by=principal.name,
                correlation_id=correlation_id or None,
                parent=parent,
                key=submit.key,
                priority=submit.priority,
                queue=submit.queue,
                pool=submit.pool,
                run_at=None if submit.run_at is None else utc("/run_at", submit.run_at),
                gate=submit.gate,
                depends_on=tuple(submit.depends_on),
                even_if_failed=submit.even_if_failed,
                resources=tuple(submit.resources or ()),
                paused=submit.paused,
                callbacks=None if submit.callbacks is None else tuple(submit.callbacks),
                persist=submit.persist,
                timeout=(
                    None if submit.timeout_seconds is None else duration("/timeout_seconds", submit.timeout_seconds)
                ),
                retry=submit.retry,
            ),
        )

    def _external(self, principal: Principal, submit: Submit, parent: Task | None, correlation_id: str) -> NewTask:
        """A task that something outside runs; its operation is only a name."""
        if submit.state is not State.RUNNING:
            raise Invalid("/state", "can only be running, for work tracked from outside; leave it out otherwise")
        for name in _WORKERS_ONLY:
            if getattr(submit, name) not in (None, False, []):
                raise Invalid(f"/{name}", "has no meaning for work tracked from outside (state: running)")
        task_id = uuid7()
        shown = mask_value(submit.args)
        return NewTask(
            id=task_id,
            kind=Kind.EXTERNAL,
            operation=submit.operation,
            name=submit.name or submit.operation,
            module=submit.operation.partition(".")[0],
            args=msgspec.json.encode(submit.args),
            args_shown=None if shown == submit.args else msgspec.json.encode(shown),
            labels=submit.labels,
            client=principal.client or (parent.client if parent else ""),
            created_by=principal.name,
            correlation_id=correlation_id or (parent.correlation_id if parent else ""),
            root_id=parent.root_id if parent else None,
            parent_id=parent.id if parent else None,
            key=submit.key,
            priority=submit.priority or 5,
            queue=submit.queue or "default",
            persist=bool(submit.persist),
            abortable=submit.abortable is not False,
        )


def _check_admission(principal: Principal, submit: Submit, relatives: dict[UUID, Task]) -> None:
    """Raises Invalid for what a task cannot wait for."""
    for index, dependency in enumerate(submit.depends_on):
        if dependency not in relatives:
            raise Invalid(f"/depends_on/{index}", f"there is no task {dependency}")
    if submit.gate is not None:
        check_gate(submit.gate)
    for index, url in enumerate(submit.callbacks or ()):
        check_url(f"/callbacks/{index}", url)
    if submit.callbacks is not None and (submit.parent_id is not None or len(submit.callbacks) > _MOST_CALLBACKS):
        raise Invalid("/callbacks", f"up to {_MOST_CALLBACKS} URLs, of a task without a parent")
    if submit.pool and not is_open_to(submit.pool, principal.client):
        raise Invalid("/pool", f"no pool is called {submit.pool}; make it first, or leave it out")


def check_gate(url: str) -> None:
    """Raises Invalid when the text is not an http or https URL."""
    check_url("/gate", url)


def check_url(field: str, url: object) -> None:
    """Raises Invalid for what is not an http or https URL."""
    if not isinstance(url, str):
        raise Invalid(field, "must be a text, an http or https URL such as https://example.org/ready")
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or len(url) > 2000:
        raise Invalid(field, "must be an http or https URL, such as https://example.org/ready")


def check_labels(labels: dict[str, str]) -> None:
    """Raises Invalid when there are too many, or one is too long."""
    if len(labels) > _MOST_LABELS:
        raise Invalid("/labels", f"at most {_MOST_LABELS} labels fit on a task")
    for name, value in labels.items():
        if not name or len(name) > _LONGEST_LABEL or len(value) > _LONGEST_LABEL:
            raise Invalid("/labels", f"names and values have up to {_LONGEST_LABEL} characters, names at least one")


def _key(client: str, key: str | None, fingerprint: str) -> IdempotencyKey | None:
    if key is None:
        return None
    if not 0 < len(key) <= _LONGEST_KEY:
        raise Invalid("Idempotency-Key", f"must have 1 to {_LONGEST_KEY} characters")
    return IdempotencyKey(client, key, fingerprint)


def _hidden(task: NewTask, secrets: Sequence[str]) -> NewTask:
    shown = msgspec.json.decode(task.args if task.args_shown is None else task.args_shown)
    return msgspec.structs.replace(task, args_shown=msgspec.json.encode(mask_texts(shown, secrets)))


def _fingerprint(wanted: Sequence[Submit]) -> str:
    return hashlib.sha256(msgspec.json.encode(wanted, order="deterministic")).hexdigest()


def _moved(error: Invalid, prefix: str) -> TaskwardError:
    """The same, of what is below `prefix`."""
    return Invalid(prefix + error.field, error.problem) if error.field.startswith("/") else error
