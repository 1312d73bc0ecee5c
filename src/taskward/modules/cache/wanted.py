"""What a caller means, as arguments of operations. What makes no sense is refused when the task is submitted."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from taskward.model.errors import Invalid
from taskward.modules.cache.findings import Image, Target

PieceLength = Annotated[int, Meta(ge=1, le=2**62)]
Scope = Literal["single_seed_peer", "all_seed_peers", "all_peers"]


class Spelling(Struct, frozen=True, kw_only=True):
    """What is part of a task's id beside a URL. Without `filtered_query_params` the default ones are filtered."""

    tag: str = ""
    application: str = ""
    piece_length: PieceLength | None = None
    """In bytes, where the downloader asked for one."""
    filtered_query_params: tuple[str, ...] | None = None

    def target(self, url: str, revision: str = "") -> Target:
        """What a URL leads to. Raises ValueError when it is none."""
        # A process that never looks for a URL need not load what reads one.
        from taskward.modules.cache.identity import (  # noqa: PLC0415
            DEFAULT_FILTERED_QUERY_PARAMS,
            possible_task_ids,
        )

        filtered = self.filtered_query_params
        try:
            ids = possible_task_ids(
                url,
                tag=self.tag,
                application=self.application,
                revision=revision,
                piece_length=self.piece_length,
                filtered_query_params=DEFAULT_FILTERED_QUERY_PARAMS if filtered is None else filtered,
            )
        except Invalid as error:
            raise ValueError(f"{error.field.removeprefix('/')} {error.problem}") from None
        return Target(url, list(ids))


class Wanted(Spelling, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: what a URL leads to, what a content names (the empty text too), a task by its id."""

    url: str = ""
    revision: str = ""
    """Of a model's repository, for URLs such as hf://."""
    content: str | None = None
    task_id: Annotated[str, Meta(max_length=200)] = ""

    def __post_init__(self) -> None:
        if sum((bool(self.url), self.content is not None, bool(self.task_id))) != 1:
            raise ValueError("give one of url, content and task_id, and no other")
        self.named()

    def named(self) -> Target:
        """What is meant. Raises ValueError."""
        if self.url:
            return self.target(self.url, self.revision)
        if self.content is None:
            return Target(self.task_id, [self.task_id])
        from taskward.modules.cache.identity import content_task_id  # noqa: PLC0415 - as above

        return Target(self.content, [content_task_id(self.content)])


class RegistryLogin(Spelling, frozen=True, kw_only=True):
    """What an image registry is shown: headers as they are, and a user and password where it asks for them."""

    username: str = ""
    password: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    platform: str = ""
    """`os/architecture[/variant]`; empty: that of the worker's machine."""


class WantedImage(RegistryLogin, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The blobs of an image, by the URL of its manifest."""

    url: str

    def __post_init__(self) -> None:
        from taskward.modules.cache.registry import check_manifest_url  # noqa: PLC0415 - as above

        check_manifest_url(self.url)

    def targets(self, image: Image) -> list[Target]:
        """Its blobs."""
        return [self.target(blob.url) for blob in image.blobs]


class Preheat(RegistryLogin, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files, or images by the URLs of their manifests, and which hosts are to fetch them.

    One seed of each cluster by default; `scope` names all seeds or all hosts, `ips` certain ones; of these, a
    percentage or a number.
    """

    urls: Annotated[tuple[str, ...], Meta(min_length=1, max_length=1000)]
    kind: Literal["file", "image"] = "file"
    scope: Scope = "single_seed_peer"
    ips: tuple[str, ...] = ()
    percentage: Annotated[int, Meta(ge=1, le=100)] | None = None
    count: Annotated[int, Meta(ge=1, le=200)] | None = None
    files_at_once: Annotated[int, Meta(ge=1, le=100)] = 8
    """On each host."""
    file_timeout_seconds: Annotated[float, Meta(gt=0, le=7 * 86_400)] = 1800
    """For each file on each host."""

    def __post_init__(self) -> None:
        from taskward.modules.cache.registry import check_manifest_url  # noqa: PLC0415 - as above

        for url in self.urls:
            if self.kind == "image":
                check_manifest_url(url)
            else:
                self.target(url)
