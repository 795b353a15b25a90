"""The event loop that async code needs, and blocking work for async code: in a thread, and always to its end."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import TypeVar

import anyio

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


async def _uncancelled(done: asyncio.Future[T]) -> None:
    try:
        await asyncio.wait({done})
    except asyncio.CancelledError:
        return  # a second one: the first is raised in any case
