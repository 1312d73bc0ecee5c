"""Between Dragonfly's messages and our words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dragonfly_api import common_pb2 as common
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from dragonfly_api import errordetails_pb2 as errordetails
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from grpc.aio import AioRpcError

from taskward.model.errors import Invalid
from taskward.modules.cache.identity import (
    LONGEST_PIECE_BYTES,
    SHORTEST_PIECE_BYTES,
    content_task_id,
    task_id,
)
from taskward.peer.content import Content, Origin, Piece
from taskward.peer.errors import CacheFull, ContentGone, NoParent, OriginFailed, PeerError

DETAILS_KEY = "grpc-status-details-bin"
_CODES = {
    OriginFailed: StatusCode.INTERNAL,
    NoParent: StatusCode.FAILED_PRECONDITION,
    CacheFull: StatusCode.RESOURCE_EXHAUSTED,
    ContentGone: StatusCode.ABORTED,
}


def origin_of(download: common.Download) -> Origin:
    """What is asked for. Raises Invalid."""
    if download.HasField("piece_length") and not (SHORTEST_PIECE_BYTES <= download.piece_length <= LONGEST_PIECE_BYTES):
        raise Invalid("piece_length", f"must be from {SHORTEST_PIECE_BYTES} to {LONGEST_PIECE_BYTES} bytes")
    if download.type != common.STANDARD:
        raise Invalid("type", "must be STANDARD; there is no other kind of content here")
    if download.HasField("range"):
        raise Invalid("range", "must not be given; a peer downloads the whole")
    if not download.url.lower().startswith(("http://", "https://")):
        raise Invalid("url", f"must begin with http:// or https://, not {download.url!r}")
    if download.digest and not download.digest.startswith("sha256:"):
        raise Invalid("digest", "must be sha256: and 64 hexadecimal digits")
    return Origin(
        url=download.url,
        tag=download.tag,
        application=download.application,
        filtered_query_params=tuple(download.filtered_query_params),
        headers=dict(download.request_header),
        piece_length=download.piece_length if download.HasField("piece_length") else None,
        digest=download.digest,
        named_by=download.content_for_calculating_task_id
        if download.HasField("content_for_calculating_task_id")
        else None,
    )


def download_of(origin: Origin) -> common.Download:
    """The opposite."""
    return common.Download(
        url=origin.url,
        digest=origin.digest or None,
        tag=origin.tag or None,
        application=origin.application or None,
        filtered_query_params=origin.filtered_query_params,
        request_header=dict(origin.headers),
        piece_length=origin.piece_length,
        content_for_calculating_task_id=origin.named_by,
    )


def task_id_of(origin: Origin) -> str:
    """The id of the content that is asked for. Raises Invalid."""
    if origin.named_by is not None:
        return content_task_id(origin.named_by)
    return task_id(
        origin.url,
        tag=origin.tag,
        application=origin.application,
        piece_length=origin.piece_length,
        filtered_query_params=origin.filtered_query_params,
    )


def piece_message(piece: Piece, traffic: "common.TrafficType", parent_id: str | None = None) -> common.Piece:
    """A piece as it is reported."""
    return common.Piece(
        number=piece.number,
        offset=piece.offset,
        length=piece.length,
        digest=piece.digest,
        traffic_type=traffic,
        parent_id=parent_id,
    )


def timestamp(instant: datetime | None) -> Timestamp | None:
    """An instant as a message."""
    if instant is None:
        return None
    message = Timestamp()
    message.FromDatetime(instant)
    return message


def local_task(content: Content) -> dfdaemon.StatLocalTaskResponse:
    """What a host says of a content it keeps (contract 5.2)."""
    return dfdaemon.StatLocalTaskResponse(
        task_id=content.task_id,
        piece_length=content.piece_length,
        content_length=content.length,
        response_header=content.response_headers,
        uploading_count=content.uploading,
        uploaded_count=content.uploaded,
        created_at=timestamp(content.created_at),
        updated_at=timestamp(content.updated_at),
        failed_at=timestamp(content.failed_at),
        finished_at=timestamp(content.finished_at),
    )


def code_of(error: PeerError) -> StatusCode:
    """The status a call ends with that met this error."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), StatusCode.INTERNAL)


def details_of(error: PeerError) -> tuple[tuple[str, bytes], ...]:
    """What goes with the status: for an origin that failed, what it answered."""
    if not isinstance(error, OriginFailed):
        return ()
    backend = errordetails.Backend(message=str(error), header=error.headers, status_code=error.origin_status)
    return ((DETAILS_KEY, backend.SerializeToString()),)


def reason_of(call_error: AioRpcError) -> str:
    """Why a call failed, in few words."""
    return (call_error.details() or call_error.code().name).rpartition("last error: ")[2]


def error_of(call_error: AioRpcError) -> PeerError:
    """The error that a call ended with, as it was on the other side."""
    said = reason_of(call_error)
    match call_error.code():
        case StatusCode.FAILED_PRECONDITION | StatusCode.NOT_FOUND | StatusCode.UNAVAILABLE | StatusCode.CANCELLED:
            return NoParent(said)
        case StatusCode.RESOURCE_EXHAUSTED:
            return CacheFull(said)
        case StatusCode.ABORTED:
            return ContentGone(said)
    metadata: Mapping[str, Any] = dict(list(call_error.trailing_metadata() or ()))
    if details := metadata.get(DETAILS_KEY):
        backend = errordetails.Backend.FromString(details)
        status = backend.status_code if backend.HasField("status_code") else None
        return OriginFailed(said, status, dict(backend.header))
    return PeerError(said)
