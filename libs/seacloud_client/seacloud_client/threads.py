"""The event loop that async code needs, and blocking work for async code, in threads."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from seacloud_client.errors import ConfigurationError

T = TypeVar("T")


def running_loop() -> asyncio.AbstractEventLoop:
    """The running event loop.

    Raises:
        ConfigurationError: if there is none, as under trio.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "Async calls run on asyncio, and no event loop of asyncio is running here (trio's is another): "
            "run them with asyncio.run(), or make the sync call in a thread."
        ) from None


async def in_thread(work: Callable[[], T]) -> T:
    """Does blocking work in a thread, and gives what it gives.

    A cancellation meanwhile is raised when the work is done, and not before: what it opened can then be closed, and
    what it wrote is written. So the work must be short.
    """
    context = contextvars.copy_context()
    done = running_loop().run_in_executor(None, lambda: context.run(work))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):  # anyio's cancellation would be raised again by each wait in here
            while not done.done():
                await _uncancelled(done)
        if not done.cancelled():
            done.exception()  # asyncio complains of an exception that nobody looked at
        raise


async def in_own_thread(work: Callable[[], T]) -> T:
    """Does work that takes as long as it takes, such as asking a person, in a thread, and gives what it gives.

    The thread is none of the event loop's executor, which has few, and files to write in them. A cancellation meanwhile
    is raised at once: the work goes on to its end, and what it gives is nobody's.
    """
    running_loop()
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))


async def _uncancelled(done: asyncio.Future[T]) -> None:
    try:
        await asyncio.wait({done})
    except asyncio.CancelledError:
        return  # a second one: the first is raised in any case
