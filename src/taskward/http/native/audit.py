"""Who did what, when: for administrators."""

from typing import Annotated

from litestar.types import ASGIApp
from msgspec import Meta, Struct

from taskward.http.endpoint import Answer, Call, Routes, reply
from taskward.http.native.tasks import next_link, time_range
from taskward.ports import AuditQuery
from taskward.wire import DeedView, Instant, Page

routes = Routes("audit")


class AuditFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which deeds; all conditions hold together."""

    principal: Annotated[str, Meta(max_length=200, description="By the token, client or user of this name")] | None = (
        None
    )
    text: Annotated[str, Meta(max_length=200, description="With this text in the path")] | None = None
    since: Annotated[Instant, Meta(description="Then or later")] | None = None
    before: Annotated[Instant, Meta(description="Earlier")] | None = None
    after: Annotated[str, Meta(max_length=100, description="The cursor `next` of the page before")] | None = None
    limit: Annotated[int, Meta(ge=1, le=500, description="How many on a page at most")] = 50


@routes(
    "GET",
    "/audit",
    "See who did what",
    Answer(200, "A page, newest first", Page[DeedView], headers=("Link",)),
    query=AuditFilter,
)
async def audit(call: Call[AuditFilter, None]) -> ASGIApp:
    """Requests that change something, of every API, as they were answered; kept for `audit_ttl`.

    Submissions are not among them: a task says itself who created it. Nor is what was sent without a credential.
    """
    wanted = call.query
    query = AuditQuery(
        principal=wanted.principal,
        at=time_range("", wanted.since, wanted.before),
        text=wanted.text,
        after=wanted.after,
        limit=wanted.limit,
    )
    page = await call.service.audit.page(call.principal, query)
    views = [
        DeedView(
            at=deed.at,
            principal=deed.principal,
            kind=deed.kind,
            client=deed.client,
            method=deed.method,
            path=deed.path,
            status=deed.status,
            address=deed.address,
            correlation_id=deed.correlation_id,
        )
        for deed in page.deeds
    ]
    return reply(200, Page(views, page.next), next_link(call, page.next))
