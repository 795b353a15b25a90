"""Many concurrent async calls over httpx, spread over several small connection pools.

httpcore's pool looks at all of its connections, and for each idle one at all others, whenever a call begins or ends:
with 200 connections that takes longer than the calls themselves. So calls fill pools of a few connections, one after
the other. Few calls at a time use the first pool alone, and its connections again and again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

T = TypeVar("T")

POOL_SIZE = 10
"""Connections of one small pool."""


class SpreadTransport(httpx.AsyncBaseTransport):
    """A transport over small pools.

    Args:
        make: makes a pool's transport, with the limits that it is given.
        limits: of all pools together. `keepalive_expiry` holds for each connection.
    """

    def __init__(self, make: Callable[[httpx.Limits], httpx.AsyncBaseTransport], limits: httpx.Limits) -> None:
        self._make = make
        self._most = max(1, (limits.max_connections or POOL_SIZE) // POOL_SIZE)
        self._limits = httpx.Limits(
            max_connections=POOL_SIZE, max_keepalive_connections=POOL_SIZE, keepalive_expiry=limits.keepalive_expiry
        )
        self._pools = [_Pool(make(self._limits))]  # at once, so that a proxy that cannot be used is found at once

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request over the first pool with a free connection; where there is none, it waits in the emptiest."""
        pool = next((pool for pool in self._pools if pool.calls < POOL_SIZE), None) or self._another()
        pool.calls += 1
        try:
            response = await pool.transport.handle_async_request(request)
        except BaseException:
            pool.calls -= 1
            raise
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _CountedStream(response.stream, pool)
        else:
            pool.calls -= 1
        return response

    async def aclose(self) -> None:
        """Closes all pools."""
        pools, self._pools = self._pools, []
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
        if len(self._pools) >= self._most:
            return min(self._pools, key=lambda pool: pool.calls)
        pool = _Pool(self._make(self._limits))
        self._pools.append(pool)
        return pool


class _Pool:
    """A small pool, and how many calls it has that are not over."""

    __slots__ = ("calls", "transport")

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.calls = 0


class _CountedStream(httpx.AsyncByteStream):
    """The body of an answer, whose close ends the call."""

    __slots__ = ("_pool", "_stream")

    def __init__(self, stream: httpx.AsyncByteStream, pool: _Pool) -> None:
        self._stream = stream
        self._pool: _Pool | None = pool

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        pool, self._pool = self._pool, None
        try:
            await self._stream.aclose()
        finally:
            if pool is not None:
                pool.calls -= 1


def environment_mounts(make: Callable[[str], T]) -> Mapping[str, T | None]:
    """The environment's proxies (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, ...) as httpx's mounts.

    httpx reads them only for transports of its own. `make` makes the transport of a proxy's address.
    """
    proxies = getproxies()
    mounts: dict[str, T | None] = {}
    for scheme in ("http", "https", "all"):
        address = proxies.get(scheme)
        if address:
            mounts[f"{scheme}://"] = make(address if "://" in address else f"http://{address}")
    excepted = _excepted(proxies) if mounts else []
    if "*" in excepted:
        return {}
    mounts.update((_pattern(host), None) for host in excepted)
    return mounts


def environment_proxy(url: str) -> str | None:
    """Which of the environment's proxies an address goes through: its scheme's own, or `all`; `None` for none."""
    parts = urlsplit(url)
    proxies = getproxies()
    if "*" in _excepted(proxies) or proxy_bypass(parts.hostname or ""):
        return None
    return next((name for name in (parts.scheme, "all") if proxies.get(name)), None)


def _excepted(proxies: Mapping[str, str]) -> list[str]:
    return [host.strip() for host in proxies.get("no", "").split(",") if host.strip()]


def _pattern(host: str) -> str:
    """The pattern for an entry of `NO_PROXY`: an address, a host alone, or a domain with all below it."""
    if "://" in host:
        return host
    if host.count(":") > 1:
        return f"all://[{host.strip('[]')}]"
    name = host.partition(":")[0]
    if name == "localhost" or name.replace(".", "").isdigit():
        return f"all://{host}"
    return f"all://*{host}"
