"""Submissions that come while others are being written are written together next: one transaction for many."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from taskward.model.errors import Conflict, TaskwardError
from taskward.ports import Submission, Submitted
from taskward.store import reading, submission
from taskward.store.plan import Clash, Database
from taskward.store.rows import to_micros

_WRITERS = 2
"""Groups under way at once: while one is made durable the next is prepared."""
_GROUP = 200
"""Most submissions written together: bounds how long the first of them waits."""


class _Wish(Struct, frozen=True):
    """A submission, its instant in microseconds, and who waits for the answer."""

    submission: Submission
    now: int
    future: asyncio.Future[Submitted]


class Submitter:
    """Groups the submissions of one process."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._waiting: list[_Wish] = []
        self._writers: set[asyncio.Task[None]] = set()

    async def submit(self, wish: Submission, now: datetime) -> Submitted:
        """See `taskward.ports.Tasks.submit`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Submitted] = loop.create_future()
        self._waiting.append(_Wish(wish, to_micros(now), future))
        if len(self._writers) < _WRITERS:
            # A task of its own: a submitter who goes away takes nobody's answer along.
            writer = loop.create_task(self._write_all(), name="taskward-submit")
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        return await future

    async def drain(self) -> None:
        """Waits until everything submitted is answered."""
        while self._writers:
            await asyncio.wait(self._writers)

    async def _write_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            await self._write(group)

    async def _write(self, group: Sequence[_Wish]) -> None:
        answers: Sequence[Submitted | Exception]
        try:
            answers = await self._db.write(submission.submit, [(wish.submission, wish.now) for wish in group])
        except TaskwardError as error:
            answers = [error] * len(group)
        except Exception as error:  # noqa: BLE001 - the submitter gets it
            if len(group) > 1:
                # One of them cannot be written at all: the others can.
                for wish in group:
                    await self._write([wish])
                return
            answers = [await self._refusal(error, group[0].submission)]
        except BaseException:
            for wish in group:
                wish.future.cancel()
            raise
        for wish, answer in zip(group, answers, strict=True):
            if wish.future.done():
                continue
            if isinstance(answer, Exception):
                wish.future.set_exception(answer)
            else:
                wish.future.set_result(answer)

    async def _refusal(self, error: Exception, wish: Submission) -> Exception:
        if not isinstance(error, Clash):
            return error
        known = await self._db.read(reading.get_many, [new.id.bytes for new in wish.tasks])
        return Conflict(f"there is a task {', '.join(map(str, known)) or 'with this id'} already")
