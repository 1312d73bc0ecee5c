"""How an image is spread over hosts, from what its clusters told of its blobs."""

from collections.abc import Sequence

from taskward.modules.cache.findings import BlobShare, ClusterFindings, Distribution, Image, Target
from taskward.modules.cache.wanted import WantedImage


def distributed(wanted: WantedImage, image: Image, findings: Sequence[ClusterFindings]) -> Distribution:
    """Where its blobs are, as far as these clusters know: others may not have answered."""
    return Distribution(image, _shares(image, wanted.targets(image), findings), list(findings))


def _shares(image: Image, targets: Sequence[Target], findings: Sequence[ClusterFindings]) -> list[BlobShare]:
    """Each host that keeps something of an image, with the blobs it keeps whole and those it keeps in part."""
    digest_of = {
        task_id: blob.digest for blob, target in zip(image.blobs, targets, strict=True) for task_id in target.task_ids
    }
    found = []
    for cluster in findings:
        for holder in cluster.holders:
            whole = {digest_of[copy.task_id] for copy in holder.copies if copy.state == "finished"}
            some = {digest_of[copy.task_id] for copy in holder.copies} - whole
            in_order = [blob.digest for blob in image.blobs]
            found.append(
                BlobShare(
                    holder.host,
                    cluster.id,
                    finished=[digest for digest in in_order if digest in whole],
                    partial=[digest for digest in in_order if digest in some],
                    percent=round(100 * len(whole) / len(in_order), 1),
                )
            )
    return found
