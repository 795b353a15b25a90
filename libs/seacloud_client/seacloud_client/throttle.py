"""A transport for thousands of tasks that wait in one event loop: only so many calls are under way at a time."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import httpx

from seacloud_client.errors import ConfigurationError, ConnectionFailed
from seacloud_client.flows import HttpAnswer, HttpCall
from seacloud_client.settings import Settings
from seacloud_client.threads import running_loop
from seacloud_client.transport import Transport, refuse_own_clients


class ThrottledTransport(Transport):
    """A `Transport` whose async calls wait their turn.

    A call whose turn does not come within half of its timeout fails with `ConnectionFailed`: nothing of it was sent.
    Cancellations wait for no turn: there is one for each task at most, and seconds for all of them together.

    Args:
        settings: as for `Transport`, and the clients.
        http_client: see there.
        http_async_client: see there.
        max_connections: the calls that are under way at a time, in each event loop.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        http_client: httpx.Client | None,
        http_async_client: httpx.AsyncClient | None,
        max_connections: int,
    ) -> None:
        super().__init__(settings, http_client=http_client, http_async_client=http_async_client)
        if max_connections < 1:
            raise ConfigurationError(f"max_connections must be 1 or more; got {max_connections!r}.")
        self._most = max_connections
        self._turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    def __reduce__(self) -> tuple[Any, ...]:
        refuse_own_clients(self._own_client, self._own_async_client)
        anew = partial(type(self), self.settings, http_client=None, http_async_client=None, max_connections=self._most)
        return anew, ()

    async def aperform(self, call: HttpCall) -> HttpAnswer:
        """Makes a call when its turn has come; a cancellation (the queue's one PUT) at once."""
        if call.method == "PUT":
            return await super().aperform(call)
        timeout = self.settings.timeout if call.timeout is None else call.timeout
        asked = time.monotonic()
        async with self._turn(timeout / 2, call.url):
            left = timeout - (time.monotonic() - asked)
            return await super().aperform(replace(call, timeout=left))

    @asynccontextmanager
    async def _turn(self, patience: float, url: str) -> AsyncIterator[None]:
        turns = self._turns.setdefault(running_loop(), asyncio.Semaphore(self._most))
        with anyio.move_on_after(patience) as scope:
            await turns.acquire()
        if scope.cancelled_caught:
            raise ConnectionFailed(
                f"{url} was not asked: this process has {self._most} calls under way, and none ended in time. Nothing "
                "was sent. Wait for fewer tasks at a time, or raise max_connections."
            )
        try:
            yield
        finally:
            turns.release()
