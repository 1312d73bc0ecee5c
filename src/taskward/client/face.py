"""Blocking faces for asynchronous objects: the loop runs on a thread of its own, and nothing is written twice.

A face names each method once, by the asynchronous one that does the work:

    class Client(Face[AsyncClient]):
        get = Blocking(AsyncClient.get)
"""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Inner = TypeVar("Inner")
Outer = TypeVar("Outer")
Inner_co = TypeVar("Inner_co", covariant=True)

_SETTLE_SECONDS = 1
"""How long what is being closed may take, before it is canceled."""


class LoopThread:
    """An event loop on a daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="taskward-client", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """The result of a coroutine. An interrupt in the calling thread cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Ends the loop and its thread, and what still runs there, such as streams that were left before their end."""
        asyncio.run_coroutine_threadsafe(self._settle(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _settle(self) -> None:
        await self._loop.shutdown_asyncgens()
        if rest := asyncio.all_tasks() - {asyncio.current_task()}:
            _, pending = await asyncio.wait(rest, timeout=_SETTLE_SECONDS)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)


class Face(Generic[Inner_co]):
    """An asynchronous object and the loop it lives on."""

    def __init__(self, inner: Inner_co, loop: LoopThread) -> None:
        self._inner = inner
        self.loop = loop

    @property
    def inner(self) -> Inner_co:
        """The object that does the work."""
        return self._inner


class Blocking(Generic[Inner, P, R]):
    """A coroutine method as a blocking one."""

    def __init__(self, method: Callable[Concatenate[Inner, P], Coroutine[Any, Any, R]]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, face: Face[Inner], owner: type[Face[Inner]]) -> Callable[P, R]:
        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return face.loop.run(self._method(face.inner, *args, **kwargs))

        return call


class Iterating(Generic[Inner, P, R]):
    """A method that returns an asynchronous iterator as one that returns an iterator."""

    def __init__(self, method: Callable[Concatenate[Inner, P], AsyncIterator[R]]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, face: Face[Inner], owner: type[Face[Inner]]) -> Callable[P, Iterator[R]]:
        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
            return _iterate(face.loop, self._method(face.inner, *args, **kwargs))

        return call


class Managing(Generic[Inner, P, R, Outer]):
    """A method that returns an asynchronous context manager as one that returns a context manager.

    What the manager gives gets a face of its own.
    """

    def __init__(
        self,
        method: Callable[Concatenate[Inner, P], AbstractAsyncContextManager[R]],
        face: Callable[[R, LoopThread], Outer],
    ) -> None:
        self._method = method
        self._face = face
        self.__doc__ = method.__doc__

    def __get__(self, face: Face[Inner], owner: type[Face[Inner]]) -> Callable[P, AbstractContextManager[Outer]]:
        @functools.wraps(self._method)
        @contextmanager
        def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[Outer]:
            manager = self._method(face.inner, *args, **kwargs)
            inner = face.loop.run(manager.__aenter__())
            try:
                yield self._face(inner, face.loop)
            except BaseException as error:
                if not face.loop.run(manager.__aexit__(type(error), error, error.__traceback__)):
                    raise
            else:
                face.loop.run(manager.__aexit__(None, None, None))

        return call


def _iterate(loop: LoopThread, items: AsyncIterator[R]) -> Iterator[R]:
    end = object()

    async def following() -> R | object:
        return await anext(items, end)

    try:
        while (item := loop.run(following())) is not end:
            yield item  # type: ignore[misc]
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            loop.run(close())
