"""The arguments of jobs, both ways: a request as a submission, and a task's arguments as a job shows them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from taskward.http.dragonfly.errors import Unfit
from taskward.http.dragonfly.query import convert
from taskward.model.task import Task
from taskward.modules.cache.identity import DEFAULT_FILTERED_QUERY_PARAMS
from taskward.wire import Submit

_NANOSECONDS = 1_000_000_000
_HOUR = 3600 * _NANOSECONDS

PieceLength = Annotated[int, Meta(ge=4 * 1024 * 1024, le=64 * 1024 * 1024)]
PeerCount = Annotated[int, Meta(ge=1, le=1000)]
AtOnce = Annotated[int, Meta(ge=1, le=100)]
Timeout = Annotated[int, Meta(ge=0, le=2**62)]
"""Nanoseconds; 0 as absent."""


class JobBody(Struct, frozen=True):
    """A job to make."""

    type: Annotated[str, Meta(min_length=1)]
    args: dict[str, Any] = field(default_factory=dict)
    bio: Annotated[str, Meta(max_length=1000)] = ""
    user_id: Annotated[int, Meta(ge=0)] = 0
    scheduler_cluster_ids: list[Annotated[int, Meta(ge=1)]] = field(default_factory=list)
    seed_peer_cluster_ids: list[int] = field(default_factory=list)


class Spelling(Struct, frozen=True):
    """What belongs to a URL, and what bounds the work."""

    tag: str = ""
    application: str = ""
    filtered_query_params: str = ""
    piece_length: PieceLength | None = None
    timeout: Timeout = _HOUR

    @property
    def spelling(self) -> dict[str, Any]:
        """As our operations take it. An empty list of parameters is the default one: none cannot be asked for."""
        names = [name for name in self.filtered_query_params.split("&") if name]
        return {
            "tag": self.tag,
            "application": self.application,
            "piece_length": self.piece_length,
            "filtered_query_params": names or None,
        }


class TaskArgs(Spelling, frozen=True):
    """Of get_task and delete_task."""

    task_id: str = ""
    url: str = ""
    content_for_calculating_task_id: str | None = None
    concurrent_peer_count: PeerCount = 500

    @property
    def what(self) -> dict[str, Any]:
        """The one thing that is meant: a URL goes before a content, a content before an id. Raises Unfit."""
        if self.url:
            return {"url": self.url, **self.spelling}
        if self.content_for_calculating_task_id is not None:
            return {"content": self.content_for_calculating_task_id, **self.spelling}
        if self.task_id:
            return {"task_id": self.task_id, **self.spelling}
        raise Unfit("invalid params: task_id, content_for_calculating_task_id or url is required")


class ImageArgs(Spelling, frozen=True, kw_only=True):
    """Of get_image_distribution."""

    url: Annotated[str, Meta(min_length=1)]
    headers: dict[str, str] = field(default_factory=dict)
    username: str = ""
    password: str = ""
    platform: str = ""
    concurrent_layer_count: AtOnce = 8
    concurrent_peer_count: PeerCount = 500


class PreheatArgs(Spelling, frozen=True, kw_only=True):
    """Of preheat."""

    type: Literal["image", "file"]
    url: str = ""
    urls: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    username: str = ""
    password: str = ""
    platform: str = ""
    scope: Literal["", "single_seed_peer", "all_seed_peers", "all_peers"] = ""
    ips: Annotated[list[str], Meta(max_length=100)] = field(default_factory=list)
    percentage: Annotated[int, Meta(ge=1, le=100)] | None = None
    count: Annotated[int, Meta(ge=1, le=200)] | None = None
    concurrent_task_count: AtOnce = 8
    concurrent_peer_count: PeerCount = 500


def submission(body: JobBody) -> Submit:
    """What a job of these types is for us: get_task, delete_task, preheat. Raises Unfit."""
    match body.type:
        case "get_task":
            wanted = convert(body.args, TaskArgs, "args")
            args = {"what": wanted.what, "concurrency": wanted.concurrent_peer_count}
            return _submit("cache.search", body, args, wanted.timeout)
        case "delete_task":
            wanted = convert(body.args, TaskArgs, "args")
            return _submit("cache.delete", body, {"what": wanted.what}, wanted.timeout)
        case "preheat":
            preheat = convert(body.args, PreheatArgs, "args")
            args = {"what": _preheat(preheat, body.args), "concurrency": preheat.concurrent_peer_count}
            return _submit("cache.preheat", body, args, preheat.timeout)
        case _:
            raise Unfit("Unknow type")


def image_submission(body: JobBody) -> Submit:
    """What a get_image_distribution is for us. Raises Unfit."""
    wanted = convert(body.args, ImageArgs, "args")
    image = {
        "url": wanted.url,
        "headers": wanted.headers,
        "username": wanted.username,
        "password": wanted.password,
        "platform": wanted.platform,
        **wanted.spelling,
    }
    return _submit("cache.image", body, {"image": image, "concurrency": wanted.concurrent_peer_count}, wanted.timeout)


def _preheat(wanted: PreheatArgs, given: dict[str, Any]) -> dict[str, Any]:
    urls = [*([wanted.url] if wanted.url else []), *wanted.urls]
    if not urls:
        raise Unfit("invalid params: url or urls is required")
    if unknown := next((name for name in ("object_storage", "hdfs") if given.get(name)), None):
        raise Unfit(f"args.{unknown}: is not supported here; hosts fetch over http and https")
    return {
        "urls": urls,
        "kind": wanted.type,
        "scope": wanted.scope or "single_seed_peer",
        "ips": wanted.ips,
        "percentage": wanted.percentage,
        "count": wanted.count,
        "headers": wanted.headers,
        "username": wanted.username,
        "password": wanted.password,
        "platform": wanted.platform,
        "files_at_once": wanted.concurrent_task_count,
        "file_timeout_seconds": (wanted.timeout or _HOUR) / _NANOSECONDS,
        **wanted.spelling,
    }


def _submit(operation: str, body: JobBody, args: dict[str, Any], timeout: int) -> Submit:
    labels = {"bio": body.bio, "user_id": str(body.user_id) if body.user_id else ""}
    return Submit(
        operation=operation,
        args={**args, "clusters": body.scheduler_cluster_ids},
        labels={name: value for name, value in labels.items() if value},
        timeout_seconds=max((timeout or _HOUR) / _NANOSECONDS, 1e-6),
    )


# ---------------------------------------------------------------- the other way


def shown_args(task: Task) -> dict[str, Any]:
    """A task's arguments as a job shows them: every member there, defaults filled in, in the order of letters."""
    args = msgspec.json.decode(task.args)
    limit = task.rules.timeout
    timeout = _HOUR if limit is None else round(limit.total_seconds() * _NANOSECONDS)
    what = args.get("what") or args.get("image") or {}
    names = what.get("filtered_query_params")
    shown = {
        "application": what.get("application", ""),
        "filtered_query_params": "&".join(DEFAULT_FILTERED_QUERY_PARAMS if names is None else names),
        "piece_length": what.get("piece_length"),
        "tag": what.get("tag", ""),
        "timeout": timeout,
    }
    if task.operation == "cache.preheat":
        shown |= _shown_preheat(what, args["concurrency"])
    else:
        shown |= {
            "content_for_calculating_task_id": what.get("content"),
            "task_id": what.get("task_id", ""),
            "url": what.get("url", ""),
        }
        if task.operation == "cache.search":
            shown["concurrent_peer_count"] = args["concurrency"]
    return dict(sorted(shown.items()))


def _shown_preheat(what: dict[str, Any], concurrency: int) -> dict[str, Any]:
    urls = what["urls"]
    return {
        "type": what["kind"],
        "url": urls[0] if len(urls) == 1 else "",
        "urls": urls if len(urls) > 1 else [],
        "headers": what["headers"],
        "username": what["username"],
        "password": what["password"],
        "platform": what["platform"],
        "scope": what["scope"],
        "ips": what["ips"],
        "percentage": what["percentage"],
        "count": what["count"],
        "concurrent_task_count": what["files_at_once"],
        "concurrent_peer_count": concurrency,
    }
