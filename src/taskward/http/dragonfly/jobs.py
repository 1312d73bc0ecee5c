"""`jobs`: searches, deletions and preheats, which are tasks of the module `cache`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar.types import ASGIApp

from taskward.auth import HOUSE
from taskward.http.dragonfly.arguments import JobBody, image_submission, shown_args, submission
from taskward.http.dragonfly.call import Call, Dialect, Route, answer, page
from taskward.http.dragonfly.clusters import job_cluster
from taskward.http.dragonfly.errors import Refused, TooMany, Unfit
from taskward.http.dragonfly.people import user_row
from taskward.http.dragonfly.query import convert
from taskward.http.dragonfly.wire import Job, JobResult, JobState, User
from taskward.http.dragonfly.words import (
    NEVER_STORED,
    STATES,
    TYPES,
    distribution,
    job_result,
    seconds,
    states_of,
)
from taskward.http.presence import unless_gone
from taskward.model.conditions import NEVER, Condition, Contains, Every, Field, Known, Labeled, Not, OneOf
from taskward.model.errors import Invalid, NotFound
from taskward.model.states import State
from taskward.model.task import Task
from taskward.modules.cache.findings import ClusterFindings, Distribution, Image
from taskward.modules.cache.parts import FIND, RESOLVE
from taskward.modules.cache.shares import distributed
from taskward.modules.cache.wanted import WantedImage
from taskward.ports import Search
from taskward.wire import Patch, Submit

_A_MOMENT = timedelta(seconds=2)
"""How long a look at an unfinished job waits for its end: its console looks at once, and then not for a minute."""
_END = timedelta(seconds=10)
_AT_ONCE = 1000
_PARENTS_AT_ONCE = 100
_MOST_PARTS = 10_000
"""Of so many jobs: enough for a hundred clusters each."""
_MOST = 2**31

_DRY = Contains(Field.ARGS, '"dry_run":true')
_JOBS = Every((OneOf(Field.OPERATION, tuple(TYPES)), Not(Known(Field.PARENT)), Not(_DRY)))
"""A deletion that deletes nothing is no job to Dragonfly's clients."""


async def create(call: Call) -> ASGIApp:
    """Starts one, and answers before it has ended; a few types are answered when they have."""
    body = convert(await call.json(), JobBody)
    known = {cluster.id for cluster in call.dialect.clusters}
    for cluster_id in dict.fromkeys(body.scheduler_cluster_ids):
        if cluster_id not in known:
            raise TooMany
        call.dialect.buckets.take(cluster_id)
    if body.type == "sync_peers":
        await _ended(call, Submit(operation="cache.clusters", args={"clusters": body.scheduler_cluster_ids}))
        return answer("OK")
    if body.type == "get_image_distribution":
        return answer(await _image(call, body))
    wanted = submission(body)
    if not call.dialect.clusters:
        what = "candidate" if body.type == "preheat" else "active"
        raise Refused(500, f"{what} schedulers not found")
    task = await _submitted(call, wanted)
    job = await _job(call, task)
    return answer(msgspec.structs.replace(job, result=None, seed_peer_clusters=None))


async def list_jobs(call: Call) -> ASGIApp:
    """The newest first."""
    where = _filtered(call)
    total = await call.service.searches.count(call.principal, where, _MOST)
    wanted, offset = call.query.per_page, call.query.offset
    tasks: list[Task] = []
    while len(tasks) < wanted:
        some = Search(where=where, offset=offset + len(tasks), limit=min(wanted - len(tasks), _AT_ONCE))
        found = await call.service.searches.find(call.principal, some)
        tasks += found
        if len(found) < some.limit:
            break
    parts = await _parts(call, tasks)
    users = await _users(call, tasks)
    rows = [_row(call.dialect, task, parts[task.id], users) for task in tasks]
    nothing = {"seed_peer_clusters": None, "scheduler_clusters": None}
    return page(call, [msgspec.structs.replace(row, **nothing) for row in rows], total)


async def get_job(call: Call) -> ASGIApp:
    """One job. One that has not ended is waited for a moment."""
    task = await _find(call)
    waiting = call.service.waiting.for_end(call.principal, task.id, _A_MOMENT)
    return answer(await _job(call, await unless_gone(call.request.receive, waiting)))


async def change_job(call: Call) -> ASGIApp:
    """Its bio and user; what is empty or 0 stays."""
    task = await _find(call)
    body = convert(await call.json(), _JobPatch)
    labels = dict(task.labels)
    if body.bio:
        labels["bio"] = body.bio
    if body.user_id:
        labels["user_id"] = str(body.user_id)
    changed = await call.service.tasks.change(call.principal, task.id, Patch(labels=labels))
    return answer(await _job(call, changed))


async def delete_job(call: Call) -> ASGIApp:
    """Forgets it, when it has ended; it is not stopped."""
    task = await _find(call)
    call.principal.require("write")
    await unless_gone(call.request.receive, call.service.waiting.for_end(call.principal, task.id, _END))
    await call.service.tasks.delete(call.principal, task.id)
    return answer(None)


class _JobPatch(msgspec.Struct, frozen=True):
    bio: str = ""
    user_id: int = 0


def _filtered(call: Call) -> Condition:
    query = call.query
    conditions: list[Condition] = [_JOBS]
    if kind := query.text("type"):
        operations = tuple(name for name, told in TYPES.items() if told == kind)
        conditions.append(OneOf(Field.OPERATION, operations) if operations else NEVER)
    if word := query.text("state"):
        if word not in {*STATES.values(), *NEVER_STORED}:
            raise Unfit(f"state: must be one of PENDING, RECEIVED, STARTED, RETRY, SUCCESS, FAILURE, not {word!r}")
        states = states_of(word)
        conditions.append(OneOf(Field.STATE, tuple(state.value for state in states)) if states else NEVER)
    if (user := query.number("user_id")) is not None:
        conditions.append(Labeled("user_id", str(user)))
    return Every(tuple(conditions))


async def _find(call: Call) -> Task:
    """The job that the address names. Raises NotFound."""
    task = await call.service.tasks.get(call.principal, call.id)
    if task.operation not in TYPES or not task.is_root:
        raise NotFound("job", call.id)
    return task


async def _submitted(call: Call, wanted: Submit) -> Task:
    submitted = await call.service.submissions.submit(call.principal, [wanted], prefix="")
    return submitted.tasks[0]


async def _ended(call: Call, wanted: Submit) -> Task:
    """The task when it has completed. Raises Refused when it has not."""
    task = await _waited_for(call, wanted)
    if task.state is not State.COMPLETED:
        raise _why(task)
    return task


def _why(task: Task) -> Refused:
    return Refused(500, task.error.message if task.error else f"the job is {task.state}")


async def _waited_for(call: Call, wanted: Submit) -> Task:
    """The task at its end, or when its time is over; canceled when its client goes away before."""
    task = await _submitted(call, wanted)
    waiting = call.service.waiting.for_end_of(task, task.rules.timeout or _END)
    try:
        task = await unless_gone(call.request.receive, waiting)
    finally:
        if not task.is_final:
            await call.service.tasks.cancel(call.principal, task.id, "nobody waits for it any more")
    return task


async def _image(call: Call, body: JobBody) -> Any:
    """Where the blobs are. Clusters that could not be asked are merely missing, unless no other answered."""
    wanted = image_submission(body)
    try:
        task = await _waited_for(call, wanted)
    except Invalid as error:
        raise Refused(500, f"get image layers failed: {error.problem}") from None
    if task.result is not None:
        return distribution(msgspec.json.decode(task.result, type=Distribution))
    known = await _known_of_image(call, task, msgspec.convert(wanted.args["image"], WantedImage))
    if known is None:
        raise Refused(500, f"get image layers failed: {_why(task)}")
    return distribution(known)


async def _known_of_image(call: Call, task: Task, wanted: WantedImage) -> Distribution | None:
    """What the parts of a search that did not complete have told; None where no cluster told anything."""
    image: Image | None = None
    findings: list[ClusterFindings] = []
    where = OneOf(Field.PARENT, (task.id,))
    for part in await call.service.searches.find(call.principal, Search(where=where, limit=_MOST_PARTS)):
        if part.result is None:
            continue
        if part.operation == RESOLVE:
            image = msgspec.json.decode(part.result, type=Image)
        elif part.operation == FIND:
            findings.append(msgspec.json.decode(part.result, type=ClusterFindings))
    if image is None or not findings:
        return None
    return distributed(wanted, image, sorted(findings, key=lambda cluster: cluster.id))


async def _job(call: Call, task: Task) -> Job:
    parts = await _parts(call, [task])
    return _row(call.dialect, task, parts[task.id], await _users(call, [task]))


def _user_id(task: Task) -> int:
    return int(task.labels.get("user_id", "0"))


async def _users(call: Call, tasks: Sequence[Task]) -> dict[int, User]:
    """Those that jobs name, by number: to whoever may see a job, whatever else of users may be seen."""
    named = {_user_id(task) for task in tasks} - {0}
    if not named:
        return {}
    users = [user_row(one) for one in await call.service.credentials.all(HOUSE, "user")]
    return {user.id: user for user in users if user.id in named}


async def _parts(call: Call, tasks: Sequence[Task]) -> defaultdict[UUID, list[Task]]:
    """The children that do the jobs' work, one for each cluster, by job."""
    parts: defaultdict[UUID, list[Task]] = defaultdict(list)
    for start in range(0, len(tasks), _PARENTS_AT_ONCE):
        where = OneOf(Field.PARENT, tuple(task.id for task in tasks[start : start + _PARENTS_AT_ONCE]))
        for child in await call.service.searches.find(call.principal, Search(where=where, limit=_MOST_PARTS)):
            if child.parent_id is not None and "cluster" in child.labels:
                parts[child.parent_id].append(child)
    for children in parts.values():
        children.sort(key=lambda child: child.number)
    return parts


def _row(dialect: Dialect, task: Task, parts: Sequence[Task], users: Mapping[int, User]) -> Job:
    args = msgspec.json.decode(task.args)
    chosen = args.get("clusters") or [cluster.id for cluster in dialect.clusters]
    user_id = _user_id(task)
    return Job(
        id=task.number,
        created_at=seconds(task.created_at),
        updated_at=seconds(task.updated_at),
        is_del=0,
        task_id=f"group_{task.id}",
        bio=task.labels.get("bio", ""),
        type=TYPES[task.operation],
        state=STATES[task.state],
        args=shown_args(task),
        result=_result(task, parts),
        user_id=user_id,
        user=users.get(user_id, User(id=user_id)),
        seed_peer_clusters=[],
        scheduler_clusters=[
            job_cluster(cluster, dialect.started_at) for cluster in dialect.clusters if cluster.id in chosen
        ],
    )


def _result(task: Task, parts: Sequence[Task]) -> JobResult:
    """What has come of a job, by cluster. A job that came to no cluster has one part, which says why."""
    name = TYPES[task.operation]
    ids = _task_ids(task)
    states = [_state(part, name, ids) for part in parts]
    if not states and task.is_final:
        states = [_state(task, name, ids)]
    return JobResult(
        created_at=task.created_at,
        group_uuid=f"group_{task.id}",
        job_states=states,
        state=STATES[task.state],
        updated_at=task.updated_at,
    )


def _task_ids(task: Task) -> str:
    """The id that a job is about, for hosts that said nothing; empty where it is about several."""
    what = msgspec.json.decode(task.args).get("what", {})
    given: str = what.get("task_id", "")
    if given or task.result is None:
        return given
    targets = msgspec.json.decode(task.result).get("targets", [])
    return targets[0]["task_ids"][0] if len(targets) == 1 else ""


def _state(part: Task, name: str, task_id: str) -> JobState:
    is_of_cluster = part.result is not None and "cluster" in part.labels
    return JobState(
        created_at=part.created_at,
        error=part.error.message if part.error else "",
        results=[job_result(name, part.result, task_id)] if is_of_cluster and part.result is not None else None,
        state=STATES[part.state],
        task_name=name,
        task_uuid=f"task_{part.id}",
    )


ROUTES = (
    Route("POST", "/jobs", create, opens="job"),
    Route("GET", "/jobs", list_jobs, opens="job"),
    Route("GET", "/jobs/{id}", get_job, opens="job"),
    Route("PATCH", "/jobs/{id}", change_job, opens="job"),
    Route("DELETE", "/jobs/{id}", delete_job, opens="job"),
)
