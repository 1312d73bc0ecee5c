"""The courier: carries messages to their receivers, in order, again and again until they arrive."""

import asyncio
import hashlib
import hmac
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog

from taskward.engine.chore import Chore
from taskward.engine.tempo import Tempo
from taskward.model.masking import mask_text
from taskward.ports import Clock, Delivery, LogNote, Notifier, Store, Topic

Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]
"""Sends a body and headers to a URL by POST; returns the status. What it raises counts as not arrived."""


async def out_of_reach(_url: str, _body: bytes, _headers: Mapping[str, str]) -> int:
    """Where nothing can be sent from."""
    raise ConnectionError("this process sends nothing to other hosts")


SECRET = "callback_secret"  # noqa: S105 - the name of a setting
"""A setting of a client: what its callbacks are signed with. Without it that is the sha256 of its api-key, in hex."""
SIGNATURE = "Taskward-Signature"

_AT_ONCE = 100
_LONGEST_REQUEST = timedelta(seconds=15)
_LEASE = timedelta(seconds=20)
"""Longer than any request lasts; what a process has taken that is gone is due again after it."""
_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)
_GIVE_UP_AFTER = timedelta(days=1)
_INFO, _WARNING, _ERROR = 1, 2, 3

_log = structlog.get_logger(__name__)


class Courier(Chore):
    """Each receiver of a tree has one message under way at most, whatever the number of processes."""

    topics = (Topic.CALLBACKS,)

    def __init__(self, store: Store, notifier: Notifier, post: Post, clock: Clock, tempo: Tempo) -> None:
        super().__init__(notifier)
        self._store = store
        self._post = post
        self._clock = clock
        self._tempo = tempo
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._under_way: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """What is under way is broken off, and sent again by another process, or the next one here."""
        await super().stop()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def turn(self) -> timedelta:
        """Sets out with what is due; returns how long until something else is."""
        room = _AT_ONCE - len(self._under_way)
        if room <= 0:
            return self._tempo.poll_interval
        now = self._clock.now()
        due = await self._store.callbacks.next_due()
        if due is None or due > now:
            return self._tempo.poll_interval if due is None else min(due - now, self._tempo.poll_interval)
        for delivery in await self._store.callbacks.take(now, now + _LEASE, room):
            task = asyncio.create_task(self._carry(delivery), name="taskward-callback")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return timedelta(0)

    async def _carry(self, delivery: Delivery) -> None:
        """Sends a message, and those behind it as long as they arrive."""
        following: Delivery | None = delivery
        try:
            while following is not None:
                following = await self._send(following)
        except Exception:  # noqa: BLE001 - whatever it is, the message is due again when the lease is over
            _log.warning("a callback is left for later", url=mask_text(delivery.url), exc_info=True)

    async def _send(self, delivery: Delivery) -> Delivery | None:
        reason = ""
        try:
            headers = await self._headers(delivery)
            async with asyncio.timeout(_LONGEST_REQUEST.total_seconds()):
                status = await self._post(delivery.url, delivery.message.body, headers)
            if not 200 <= status < 300:
                reason = f"it answered {status}"
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody has said that it arrived
            reason = str(error) or type(error).__name__
        now = self._clock.now()
        if not reason:
            await self._note(delivery, _INFO, "arrived", now)
            return await self._store.callbacks.sent(delivery, now + _LEASE)
        if now - delivery.message.at > _GIVE_UP_AFTER:
            await self._note(delivery, _ERROR, f"is given up: {reason}", now)
            return await self._store.callbacks.sent(delivery, now + _LEASE)
        pause = min(_FIRST_PAUSE * 2 ** min(delivery.attempts, 20), _LONGEST_PAUSE)
        pause *= 1 + 0.1 * self._random.uniform(-1, 1)
        await self._note(delivery, _WARNING, f"failed, again in {pause.total_seconds():.1f} s: {reason}", now)
        await self._store.callbacks.unsent(delivery, now + pause)
        return None

    async def _headers(self, delivery: Delivery) -> dict[str, str]:
        root_id = str(delivery.message.root_id)
        headers = {
            "Content-Type": "application/json",
            "Workflow-Id": root_id,
            "Taskward-Delivery": f"{root_id}/{delivery.number}",
            "Taskward-Attempt": str(delivery.attempts + 1),
        }
        if secret := await self._secret(delivery.client):
            headers[SIGNATURE] = signature(secret, self._clock.now(), delivery.message.body)
        return headers

    async def _secret(self, client: str) -> str:
        own = (await self._store.registry.settings(client)).get(SECRET)
        if own:
            return own
        credential = await self._store.registry.credential("key", name=client) if client else None
        return "" if credential is None else credential.secret_hash

    async def _note(self, delivery: Delivery, severity: int, what: str, now: datetime) -> None:
        line = f"{delivery.message.title} to {mask_text(delivery.url)} {what}"
        await self._store.tasks.record(None, [LogNote(delivery.message.task_id, now, severity, "callback", line)], now)


def signature(secret: str, at: datetime, body: bytes) -> str:
    """`t=T,v1=H`: T are seconds since 1970, H is the HMAC-SHA256 of T, a dot and the body, in hex."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
