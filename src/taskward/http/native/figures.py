"""Figures: throughput and latency over time, why tasks wait, what failed."""

from datetime import timedelta
from typing import Annotated

from litestar.types import ASGIApp
from msgspec import Meta, Struct

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.service.figures import Lasting, Point
from taskward.wire import FailureView, Latency, Page, SeriesPoint, SeriesView, WaitingView

routes = Routes("figures")

Span = Annotated[int, Meta(ge=60, le=86_400, description="How many seconds back from now; a day at most")]


class SeriesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which stretch of time, and how fine."""

    span_seconds: Span = 3600
    step_seconds: Annotated[int, Meta(ge=60, le=86_400, description="The length of one point: a multiple of 60")] = 60


@routes(
    "GET",
    "/stats/series",
    "Throughput and latency over time",
    Answer(200, "One point per step, oldest first", SeriesView),
    query=SeriesQuery,
)
async def series(call: Call[SeriesQuery, None]) -> ASGIApp:
    """Counts that every change keeps; no task is looked at. The newest point is of a stretch that is not over."""
    span, step = timedelta(seconds=call.query.span_seconds), timedelta(seconds=call.query.step_seconds)
    points = await call.service.figures.series(call.principal, span, step)
    return reply(200, SeriesView(step_seconds=call.query.step_seconds, items=[_point(point) for point in points]))


@routes("GET", "/stats/waiting", "Why tasks wait", Answer(200, "The reasons that hold for any", Page[WaitingView]))
async def waiting(call: Call[NoQuery, None]) -> ASGIApp:
    """For one task, `/tasks/{task}/why` says more. Tenants see no counts that would tell of others' tasks."""
    found = await call.service.figures.waiting(call.principal)
    return reply(
        200,
        Page([WaitingView(reason=one.reason, name=one.name, count=one.count, at_least=one.at_least) for one in found]),
    )


class FailureQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which stretch of time, and how many groups."""

    span_seconds: Span = 86_400
    limit: Annotated[int, Meta(ge=1, le=100, description="How many groups at most")] = 20


@routes(
    "GET",
    "/stats/failures",
    "Recent failures by error",
    Answer(200, "The newest group first", Page[FailureView]),
    query=FailureQuery,
)
async def failures(call: Call[FailureQuery, None]) -> ASGIApp:
    """Grouped by operation and kind of error, each with its count and its newest task."""
    span = timedelta(seconds=call.query.span_seconds)
    groups = await call.service.figures.failures(call.principal, span, call.query.limit)
    views = [
        FailureView(
            operation=group.operation,
            type=group.type,
            count=group.count,
            last_at=group.at,
            last_task_id=group.task_id,
            last_message=group.message,
        )
        for group in groups
    ]
    return reply(200, Page(views))


def _point(point: Point) -> SeriesPoint:
    def count(measure: str) -> int:
        return point.counts.get(measure, 0)

    return SeriesPoint(
        at=point.at,
        accepted=count("accepted"),
        started=count("started"),
        completed=count("completed"),
        failed=count("failed"),
        canceled=count("canceled"),
        skipped=count("skipped"),
        wait=_latency(point.wait),
        run=_latency(point.run),
    )


def _latency(lasting: Lasting | None) -> Latency | None:
    if lasting is None:
        return None
    return Latency(
        mean_seconds=round(lasting.mean.total_seconds(), 6),
        p50_seconds=round(lasting.p50.total_seconds(), 6),
        p95_seconds=round(lasting.p95.total_seconds(), 6),
    )
