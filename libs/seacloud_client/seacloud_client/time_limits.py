"""A limit in time to an exchange as a whole, which httpx does not have.

Its timeouts are for the next bytes. Headers that drip in, or `103 Early Hints` without an end, keep those from ever
being over. So the connections of our own clients look at the time whenever they read: that costs a plain call next to
nothing, and the pieces of a stream, which have no such limit, one look at a context variable each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import anyio
import httpx

_SAID = "the time was over"


class Limit:
    """By when the reads of an exchange are to be over.

    Args:
        seconds: from the last byte that was sent, or from the last `begin`.
        deadline: in any case, on the monotonic clock.
    """

    __slots__ = ("_deadline", "_seconds", "_until")

    def __init__(self, seconds: float = math.inf, deadline: float = math.inf) -> None:
        self._seconds = seconds
        self._deadline = deadline
        self._until = deadline

    def begin(self) -> None:
        """Begins to count."""
        self._until = min(time.monotonic() + self._seconds, self._deadline)

    def left(self, timeout: float | None) -> float:
        """How long the next read may take.

        Raises:
            ReadTimeout: if the time is over.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout(_SAID)
        return left if timeout is None else min(timeout, left)


_current: ContextVar[Limit | None] = ContextVar("limit", default=None)


@contextmanager
def limited(limit: Limit) -> Iterator[Limit]:
    """Sets a limit to what our clients read in the block."""
    token = _current.set(limit)
    try:
        yield limit
    finally:
        _current.reset(token)


@contextmanager
def given_up_after(seconds: float) -> Iterator[None]:
    """Ends an async block after so many seconds: for clients whose connections do not know of limits.

    Raises:
        ReadTimeout: then.
    """
    with anyio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise httpx.ReadTimeout(_SAID)


def keep_limits(transport: httpx.HTTPTransport | httpx.AsyncHTTPTransport) -> None:
    """Makes the connections of a transport know of limits.

    httpx lets nobody choose the network that httpcore's pool connects by. Where a later version keeps it elsewhere, its
    own timeouts are all there is.
    """
    pool: Any = getattr(transport, "_pool", None)
    network = getattr(pool, "_network_backend", None)
    if network is not None:
        wrapped = _Network if isinstance(transport, httpx.HTTPTransport) else _AsyncNetwork
        pool._network_backend = wrapped(network)  # noqa: SLF001  # see above


class _Delegate:
    """Something of httpcore's, with some of its methods replaced."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Network(_Delegate):
    __slots__ = ()

    def connect_tcp(self, *where: Any, **how: Any) -> _Stream:
        return _Stream(self._inner.connect_tcp(*where, **how))


class _Stream(_Delegate):
    """A connection that looks at the time."""

    __slots__ = ()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        limit = _current.get()
        data: bytes = self._inner.read(max_bytes, timeout if limit is None else limit.left(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)
        limit = _current.get()
        if limit is not None:
            limit.begin()

    def start_tls(self, *how: Any, **more: Any) -> _Stream:
        return _Stream(self._inner.start_tls(*how, **more))


class _AsyncNetwork(_Delegate):
    __slots__ = ()

    async def connect_tcp(self, *where: Any, **how: Any) -> _AsyncStream:
        return _AsyncStream(await self._inner.connect_tcp(*where, **how))


class _AsyncStream(_Delegate):
    """`_Stream`, async."""

    __slots__ = ()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's
        limit = _current.get()
        data: bytes = await self._inner.read(max_bytes, timeout if limit is None else limit.left(timeout))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # httpcore's
        await self._inner.write(buffer, timeout)
        limit = _current.get()
        if limit is not None:
            limit.begin()

    async def start_tls(self, *how: Any, **more: Any) -> _AsyncStream:
        return _AsyncStream(await self._inner.start_tls(*how, **more))
