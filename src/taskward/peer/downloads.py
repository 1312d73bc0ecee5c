"""Every download of this peer: one at a time of each content, from parents or, if the scheduler says so, its origin."""

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import structlog

from taskward.modules.cache.identity import blob_task_id
from taskward.outbound import OutboundClient
from taskward.peer.collector import Collector, Parent
from taskward.peer.content import Origin
from taskward.peer.download import Download
from taskward.peer.errors import CacheFull, ContentGone, NoParent, OriginFailed, PeerError
from taskward.peer.host import HostIdentity
from taskward.peer.links import Links
from taskward.peer.messages import task_id_of
from taskward.peer.registration import Registration
from taskward.peer.schedulers import Schedulers
from taskward.peer.sink import StorageSink
from taskward.peer.source import OriginChanged, OriginReader
from taskward.peer.storage import Storage
from taskward.ports import Clock

_log = structlog.get_logger(__name__)
_PATIENCE_SECONDS = 10.0
"""How long a download that does not move asks for parents."""
_PAUSE_SECONDS = 0.5
_BEGINNINGS = 3


class Downloads:
    """`untold` is called when a scheduler could not be told that something is here now."""

    def __init__(
        self,
        host: HostIdentity,
        storage: Storage,
        schedulers: Schedulers,
        *,
        links: Links,
        outbound: OutboundClient,
        clock: Clock,
        idle_timeout: timedelta,
        untold: Callable[[], None],
    ) -> None:
        self._host = host
        self._storage = storage
        self._schedulers = schedulers
        self._links = links
        self._outbound = outbound
        self._clock = clock
        self._idle_timeout = idle_timeout
        self._untold = untold
        self._running: dict[str, tuple[Download, asyncio.Task[None]]] = {}

    async def close(self) -> None:
        """Breaks off every download; what has come stays."""
        for task_id in list(self._running):
            await self.stop(task_id)

    def find(self, task_id: str) -> Download | None:
        """The download of this content that runs now."""
        running = self._running.get(task_id)
        return running and running[0]

    def start(self, origin: Origin) -> Download:
        """A download that runs now, or has ended as everything is here. Raises Invalid."""
        task_id = task_id_of(origin)
        content = self._storage.find(task_id)
        if content is not None:
            self._storage.use(content)
        if (running := self._running.get(task_id)) is not None:
            return running[0]
        download = Download(task_id, origin, content if content is not None and content.is_checked else None)
        if content is not None and content.finished_at is not None and content.is_checked:
            download.end()
            return download
        task = asyncio.create_task(self._run(download))
        self._running[task_id] = (download, task)
        return download

    async def stop(self, task_id: str) -> None:
        """Breaks off a download."""
        if (running := self._running.get(task_id)) is not None:
            download, task = running
            task.cancel()
            await asyncio.wait([task])
            if not download.is_done:
                # It was canceled before its first step.
                self._running.pop(task_id, None)
                download.end(ContentGone(f"the download of {download.origin.url} was broken off"))

    async def _run(self, download: Download) -> None:
        error: PeerError | None = None
        try:
            if download.content is None and (content := self._storage.find(download.task_id)) is not None:
                await self._storage.check(content)
                download.begin(content)
            if download.content is None or not download.content.is_whole:
                await self._get(download)
            if download.known.finished_at is None:
                await self._storage.update(download.known, finished_at=self._clock.now(), failed_at=None)
        except PeerError as failed:
            error = failed
        except asyncio.CancelledError:
            error = ContentGone(f"the download of {download.origin.url} was broken off")
        except Exception:  # noqa: BLE001 - whoever waits for the download must be told that it has ended
            _log.exception("a download failed for no known reason", task_id=download.task_id)
            error = PeerError("an error of the peer, which its log describes")
        try:
            if error is not None:
                await self._settle(download, error)
        finally:
            del self._running[download.task_id]
            download.end(error)

    async def _settle(self, download: Download, error: PeerError) -> None:
        """What becomes of the part that has come: it is kept, unless it stands in the way."""
        _log.warning("a download failed", task_id=download.task_id, url=download.origin.url, reason=str(error))
        content = self._storage.find(download.task_id)
        if content is None:
            return
        if isinstance(error, CacheFull):
            await self._storage.delete(content)
        else:
            await self._storage.update(content, failed_at=self._clock.now())

    async def _get(self, download: Download) -> None:
        """Asks for parents again and again, as long as something comes; begins anew when what came is of no use."""
        moved_at, had, beginnings = time.monotonic(), -1, 1
        while True:
            try:
                return await self._get_by_scheduler(download)
            except ContentGone:
                beginnings += 1
                if beginnings > _BEGINNINGS:
                    raise
                if download.content is not None:
                    await self._storage.delete(download.content)
                download.begin_anew()
            except NoParent:
                here = 0 if download.content is None else len(download.content.pieces)
                if here > had:
                    moved_at, had = time.monotonic(), here
                if time.monotonic() > moved_at + _PATIENCE_SECONDS:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _get_by_scheduler(self, download: Download) -> None:
        failure: PeerError = NoParent("no scheduler is configured")
        for stub in self._schedulers.of_task(download.task_id):
            registration = Registration(stub, self._host.id)
            try:
                await self._get_registered(download, registration)
            except NoParent as error:
                failure = error
            else:
                if not await registration.close():
                    self._untold()
                return
            finally:
                await registration.close()
        raise failure

    async def _get_registered(self, download: Download, registration: Registration) -> None:
        peer_id = self._host.peer_id(str(uuid.uuid4()))
        registration.register(download.task_id, peer_id, download.origin, download.content)
        parents = await registration.answer()
        from_origin = parents is None
        try:
            if parents is not None:
                registration.started(from_origin=False)
                from_origin = not await self._from_parents(download, registration, parents)
            if from_origin:
                registration.started(from_origin=True)
                await self._from_origin(download, registration)
        except PeerError as error:
            registration.failed(error, from_origin=from_origin)
            raise
        registration.finished(from_origin=from_origin)

    async def _from_origin(self, download: Download, registration: Registration) -> None:
        try:
            await self._read_origin(download, registration)
        except OriginChanged as changed:
            _log.info("begins anew", task_id=download.task_id, reason=str(changed))
            download.begin_anew()
            await self._read_origin(download, registration)
        content = download.known
        expected = download.origin.digest or _named_digest(download.origin.url)
        if expected and (digest := await self._storage.digest(content)) != expected:
            await self._storage.delete(content)
            raise OriginFailed(f"what {download.origin.url} leads to has the digest {digest}, not {expected}")

    async def _read_origin(self, download: Download, registration: Registration) -> None:
        reader = OriginReader(
            self._outbound, self._storage, download, idle_timeout=self._idle_timeout, got=registration.got_from_origin
        )
        await reader.read()

    async def _from_parents(self, download: Download, registration: Registration, parents: list[Parent]) -> bool:
        """Whether everything came from parents; false when the scheduler now says that the origin is to be read."""
        sink = StorageSink(self._storage, download)
        collector = Collector(self._links, sink, download.task_id, own_host_id=self._host.id, listener=registration)
        collector.add(parents)
        listening = asyncio.create_task(self._listen(registration, collector))
        collecting = asyncio.create_task(collector.collect())
        try:
            await asyncio.wait([listening, collecting], return_when=asyncio.FIRST_COMPLETED)
            if not collecting.done() and listening.exception() is None:
                return False
            if not collecting.done() and isinstance(listening.exception(), NoParent):
                # The scheduler is gone, or knows no others. Those that are known may have everything.
                collector.rely_on_these()
                await asyncio.wait([collecting])
            await (collecting if collecting.done() else listening)
        finally:
            for task in (listening, collecting):
                task.cancel()
            await asyncio.gather(listening, collecting, return_exceptions=True)
        return True

    async def _listen(self, registration: Registration, collector: Collector) -> None:
        """Takes in parents as the scheduler names them; returns when it says that the origin is to be read."""
        while (parents := await registration.answer()) is not None:
            collector.add(parents)


def _named_digest(url: str) -> str:
    """The digest that the URL of a registry's blob promises, where it is of the kind we compare."""
    encoded = blob_task_id(url)
    return f"sha256:{encoded}" if encoded is not None and f"sha256:{encoded}" in url else ""
