"""Decides what each download is told: which parents to ask, to read the origin, to wait for a seed, or to give up."""

import asyncio
from collections import defaultdict

import grpc
import structlog
from dragonfly_api import common_pb2 as common
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from dragonfly_api import scheduler_pb2 as scheduler

from taskward.peer.conversation import Conversation
from taskward.peer.errors import NoParent, OriginFailed, PeerError
from taskward.peer.host import address_of
from taskward.peer.links import Links
from taskward.peer.messages import error_of
from taskward.peer.network import PARENTS, Holding, KnownHost, KnownTask, Network

_log = structlog.get_logger(__name__)


class Matchmaker:
    """Only seeds read origins, one seed each content; everybody else waits for it and is given parents."""

    def __init__(self, network: Network, links: Links) -> None:
        self._network = network
        self._links = links
        self._conversations: dict[str, set[Conversation]] = defaultdict(set)
        self._asking: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stops asking seeds."""
        for asking in self._asking:
            asking.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def join(self, conversation: Conversation) -> None:
        """A download asks for the first time."""
        task = conversation.task
        if task.source is None and not any(other.is_waiting for other in self._conversations[task.task_id]):
            task.tried.clear()
        self._conversations[task.task_id].add(conversation)
        conversation.holding.is_running = True
        self.serve(conversation)

    def leave(self, conversation: Conversation) -> None:
        """A download has ended, or its host is gone."""
        task, holding = conversation.task, conversation.holding
        self._conversations[task.task_id].discard(conversation)
        if not self._conversations[task.task_id]:
            del self._conversations[task.task_id]
        for host_id in conversation.parents:
            if (host := self._network.hosts.get(host_id)) is not None:
                host.children -= 1
        holding.is_running = holding.is_reading = False
        self._release(task, holding.host_id)
        self.wake(task)

    def serve(self, conversation: Conversation) -> None:
        """Answers a download that asks where to get what it is missing, now or when it is known."""
        task, holding = conversation.task, conversation.holding
        host = self._network.hosts.get(holding.host_id)
        if parents := self._network.parents(task, holding.host_id, conversation.refused):
            self._name(conversation, parents)
        elif host is not None and host.is_seed and task.source in {None, holding.host_id}:
            task.source = holding.host_id
            holding.is_reading = True
            holding.is_running = False
            conversation.send(
                scheduler.AnnouncePeerResponse(need_back_to_source_response=scheduler.NeedBackToSourceResponse())
            )
            self.wake(task)
        elif task.source is None:
            conversation.is_waiting = True
            self._ask_seed(task, conversation.refused)
        elif task.source in conversation.refused:
            conversation.give_up(NoParent(f"the seed that reads {task.download.url} does not give its pieces"))
        else:
            conversation.is_waiting = True

    def wake(self, task: KnownTask) -> None:
        """Something about the task changed: those that wait are answered, those with few parents are named more."""
        for conversation in list(self._conversations.get(task.task_id, ())):
            if conversation.is_waiting:
                self.serve(conversation)
            elif conversation.holding.is_running and len(conversation.parents) < PARENTS:
                refused = conversation.refused | conversation.parents
                if more := self._network.parents(task, conversation.holding.host_id, refused):
                    self._name(conversation, more)

    def fail(self, task: KnownTask, error: PeerError) -> None:
        """The origin does not give the content: nobody needs to wait for it."""
        for conversation in list(self._conversations.get(task.task_id, ())):
            if not conversation.holding.is_reading:
                conversation.give_up(error)

    def pass_over(self, task: KnownTask, host_id: str) -> None:
        """A seed did not manage to read the origin, for reasons of its own; another is asked."""
        task.tried.add(host_id)
        self._release(task, host_id)
        self.wake(task)

    def _name(self, conversation: Conversation, parents: list[Holding]) -> None:
        candidates = []
        for holding in parents:
            host = self._network.hosts[holding.host_id]
            if holding.host_id not in conversation.parents:
                conversation.parents.add(holding.host_id)
                host.children += 1
            candidates.append(common.Peer(id=holding.peer_id, host=host.message, state=holding.state))
        response = scheduler.NormalTaskResponse(candidate_parents=candidates)
        conversation.send(scheduler.AnnouncePeerResponse(normal_task_response=response))

    def _release(self, task: KnownTask, host_id: str) -> None:
        if task.source == host_id:
            task.source = None

    # ---------------------------------------------------------------- seeds

    def _ask_seed(self, task: KnownTask, refused: set[str]) -> None:
        """Has a seed read the origin, or tells everybody who waits that there is none."""
        seeds = self._network.seeds()
        left = [seed for seed in seeds if seed.message.id not in task.tried | refused]
        if left:
            task.source = left[0].message.id
            asking = asyncio.create_task(self._have_read(task, left[0]))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
            return
        reason = (
            f"no seed could read {task.download.url}"
            if seeds
            else "no seed peer has announced itself to the scheduler; `taskward peer --seed` is one"
        )
        for conversation in list(self._conversations.get(task.task_id, ())):
            if conversation.is_waiting:
                conversation.give_up(NoParent(reason))

    async def _have_read(self, task: KnownTask, seed: KnownHost) -> None:
        seed_id = seed.message.id
        daemon = self._links.daemon(address_of(seed.message))
        peer_id = ""
        try:
            async for response in daemon.DownloadTask(dfdaemon.DownloadTaskRequest(download=task.download)):
                peer_id = response.peer_id
        except grpc.aio.AioRpcError as call_error:
            error = error_of(call_error)
            _log.warning("a seed failed", task_id=task.task_id, seed=seed_id, reason=str(error))
            if isinstance(error, OriginFailed):
                self._release(task, seed_id)
                self.fail(task, error)
            else:
                self.pass_over(task, seed_id)
            return
        # It may have had everything before it was asked, and then has not registered.
        self._network.hold(task, seed_id, peer_id).is_finished = True
        self._release(task, seed_id)
        self.wake(task)
