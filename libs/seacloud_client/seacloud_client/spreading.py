"""Many concurrent async calls over httpx, spread over several small connection pools.

httpcore's pool looks at all of its connections, and for each idle one at all others, whenever a call begins or ends:
with 200 connections that takes longer than the calls themselves. So calls fill pools of a few connections, one after
the other. Few calls at a time use the first pool alone, and its connections again and again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import anyio
import httpx

from seacloud_client.errors import ConfigurationError

T = TypeVar("T")

POOL_SIZE = 10
"""Connections of one small pool."""


class SpreadTransport(httpx.AsyncBaseTransport):
    """A transport over small pools.

    httpcore may lose a connection when a call is cancelled in certain turns of the loop: it stays in its pool, neither
    idle nor closed, and takes a place there for good. A pool that has lost one gets no new calls, and is closed when
    its last call is over.

    Args:
        make: makes a pool's transport, with the limits that it is given.
        limits: of all pools together. `keepalive_expiry` holds for each connection.
    """

    def __init__(self, make: Callable[[httpx.Limits], httpx.AsyncBaseTransport], limits: httpx.Limits) -> None:
        self._make = make
        self._most = limits.max_connections or POOL_SIZE
        self._limits = httpx.Limits(
            max_connections=POOL_SIZE, max_keepalive_connections=POOL_SIZE, keepalive_expiry=limits.keepalive_expiry
        )
        self._pools = [_Pool(make(self._limits))]  # at once, so that a proxy that cannot be used is found at once
        self._left: list[_Pool] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request over the first pool with a free connection; where there is none, it waits in the emptiest."""
        pool = next((pool for pool in self._pools if pool.calls < POOL_SIZE), None) or self._another()
        pool.calls += 1
        try:
            response = await pool.transport.handle_async_request(request)
        except GeneratorExit:
            await self._end(pool, is_let_go=True)
            raise
        except BaseException:
            await self._end(pool)
            raise
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _CountedStream(response.stream, partial(self._end, pool))
        else:
            await self._end(pool)
        return response

    async def aclose(self) -> None:
        """Closes all pools."""
        pools, self._pools, self._left = [*self._pools, *self._left], [], []
        for pool in pools:
            await pool.transport.aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def _another(self) -> _Pool:
        taken = POOL_SIZE * len(self._pools) + sum(pool.calls for pool in self._left)
        if self._pools and taken + POOL_SIZE > self._most:
            return min(self._pools, key=lambda pool: pool.calls)
        pool = _Pool(self._make(self._limits))
        self._pools.append(pool)
        return pool

    async def _end(self, pool: _Pool, *, is_let_go: bool = False) -> None:
        """Ends a call. One that was let go has nobody to run it any more, so it waits for nothing: another one does."""
        pool.calls -= 1
        if pool in self._pools and pool.has_lost_one():
            self._pools.remove(pool)
            self._left.append(pool)
        if is_let_go or not self._left:
            return
        for left in [left for left in self._left if not left.calls]:
            self._left.remove(left)
            await left.close_connections()


class _Pool:
    """A small pool, and how many calls it has that are not over."""

    __slots__ = ("calls", "transport")

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.calls = 0

    def has_lost_one(self) -> bool:
        """Whether more connections are in use than there are calls to use them: then nobody ever gives one back."""
        connections = self._connections()
        if len(connections) <= self.calls:
            return False
        return sum(not (one.is_idle() or one.is_closed()) for one in connections) > self.calls

    async def close_connections(self) -> None:
        """Closes all connections, also where the task is cancelled meanwhile, and again: it is raised at the end.

        httpcore's own way would stop at the first, and have forgotten the others.
        """
        cancelled: asyncio.CancelledError | None = None
        with anyio.CancelScope(shield=True):  # anyio's cancellation would be raised again by each wait in here
            for connection in self._connections():
                try:
                    await connection.aclose()
                except asyncio.CancelledError as error:  # the socket is closed by then
                    cancelled = error
        if cancelled is not None:
            raise cancelled

    def _connections(self) -> Sequence[Any]:
        """Those of httpcore, which httpx hands to nobody. Where a later version keeps them elsewhere, none are seen."""
        pool = getattr(self.transport, "_pool", None)
        return getattr(pool, "connections", ())


class _CountedStream(httpx.AsyncByteStream):
    """The body of an answer, whose close ends the call."""

    __slots__ = ("_end", "_stream")

    def __init__(self, stream: httpx.AsyncByteStream, end: Callable[..., Awaitable[None]]) -> None:
        self._stream = stream
        self._end: Callable[..., Awaitable[None]] | None = end

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        end, self._end = self._end, None
        is_let_go = False
        try:
            await self._stream.aclose()
        except GeneratorExit:
            is_let_go = True
            raise
        finally:
            if end is not None:
                await end(is_let_go=is_let_go)


def environment_mounts(make: Callable[[str], T]) -> Mapping[str, T | None]:
    """The environment's proxies (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, ...) as httpx's mounts.

    httpx reads them only for transports of its own. `make` makes the transport of a proxy's address. Entries of
    `NO_PROXY` that httpx cannot match by (networks, such as `fe80::/10`) except nothing.

    Raises:
        ConfigurationError: if a proxy cannot be used; it names the variable, and shows nothing of what it holds.
    """
    proxies = getproxies()
    mounts: dict[str, T | None] = {}
    for scheme in ("http", "https", "all"):
        address = proxies.get(scheme)
        if address:
            try:
                mounts[f"{scheme}://"] = make(address if "://" in address else f"http://{address}")
            except (ValueError, ImportError, httpx.InvalidURL) as error:
                if isinstance(error, ConfigurationError):
                    raise
                variable = proxy_variable(scheme) or "settings"
                raise ConfigurationError(
                    f"The proxy of the environment's {variable} cannot be used: {proxy_problem(error)} Nothing was "
                    "sent; its value is not shown, since it may hold a password."
                ) from None
    excepted = _excepted(proxies) if mounts else []
    if "*" in excepted:
        return {}
    mounts.update((pattern, None) for pattern in map(_pattern, excepted) if _is_pattern(pattern))
    return mounts


def environment_proxy(url: str) -> str | None:
    """Which of the environment's proxies an address goes through: its scheme's own, or `all`; `None` for none."""
    parts = urlsplit(url)
    proxies = getproxies()
    if "*" in _excepted(proxies) or proxy_bypass(parts.hostname or ""):
        return None
    return next((name for name in (parts.scheme, "all") if proxies.get(name)), None)


def proxy_variable(kind: str) -> str | None:
    """The environment's variable for a kind of proxy (`http`, `https`, `all`); `None` where the system says it."""
    return next((name for name in (f"{kind}_proxy", f"{kind}_PROXY".upper()) if os.environ.get(name)), None)


def proxy_problem(error: Exception) -> str:
    """Why a proxy cannot be used, as a sentence. No part of the address is shown: any may be of a password."""
    if isinstance(error, ImportError):
        return str(error)  # a package is missing, which httpx names
    return (
        "it must be an address such as http://proxy.example:3128. In a user name or password, characters such as "
        "/, ?, #, @ and : are to be written as %2F, %3F, %23, %40 and %3A."
    )


def _excepted(proxies: Mapping[str, str]) -> list[str]:
    return [host.strip() for host in proxies.get("no", "").split(",") if host.strip()]


def _pattern(host: str) -> str:
    """The pattern for an entry of `NO_PROXY`: an address, a host alone, or a domain with all below it."""
    if "://" in host:
        return host
    if host.count(":") > 1:
        address, _, port = host.lstrip("[").partition("]")
        return f"all://[{address}]{port}"
    name = host.partition(":")[0]
    if name == "localhost" or name.replace(".", "").isdigit():
        return f"all://{host}"
    return f"all://*{host}"


def _is_pattern(pattern: str) -> bool:
    try:
        httpx.URL(pattern)
    except httpx.InvalidURL:
        return False
    return True
