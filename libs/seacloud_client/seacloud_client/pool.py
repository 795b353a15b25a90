"""Pooled httpx clients: one sync client, and one async client for each event loop, shared by all who need the same.

An async client's connections belong to the loop that made them, so a client never crosses loops, and it is closed
when its loop shuts down: a small async generator lives in the loop beside it, and loops close their async generators
at the end (PEP 525). Idle sync connections are closed when the last user of the pool is gone.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from seacloud_client.errors import ConfigurationError

LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=30.0)
"""Connections of one pool. Calls beyond the maximum wait for one to become free."""

_pools: weakref.WeakValueDictionary[tuple[str | None, str, int], ClientPool] = weakref.WeakValueDictionary()
_pools_lock = threading.Lock()


class ClientPool:
    """The clients for one proxy and one kind of transport. Get it with `ClientPool.shared`."""

    def __init__(self, *, proxy: str | None, transport: str) -> None:
        self._proxy = proxy
        self._transport = transport
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._loops: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None, None]]] = {}
        self._detach: Callable[[], object] = _nothing

    @classmethod
    def shared(cls, *, proxy: str | None = None, transport: str = "httpx") -> ClientPool:
        """The process's pool for these. After a fork the child gets pools of its own."""
        key = (proxy, transport, os.getpid())
        with _pools_lock:
            pool = _pools.get(key)
            if pool is None:
                pool = _pools[key] = cls(proxy=proxy, transport=transport)
            return pool

    def client(self) -> httpx.Client:
        """The sync client, made when first needed: making one reads the certificates, which takes some 20 ms."""
        with self._lock:
            if self._client is None or self._client.is_closed:
                self._client = httpx.Client(limits=LIMITS, proxy=self._proxy, cookies=_no_cookies())
                self._detach = weakref.finalize(self, self._client.close).detach
            return self._client

    async def async_client(self) -> httpx.AsyncClient:
        """The running event loop's client."""
        loop = asyncio.get_running_loop()
        known = self._loops.get(loop)
        if known is not None and not known[0].is_closed:
            return known[0]
        self._forget_closed_loops()
        client = self._make_async_client()
        keeper = _close_with_loop(self._loops, loop, client)
        await _start(keeper)
        self._loops[loop] = (client, keeper)
        return client

    def close(self) -> None:
        """Closes the sync client."""
        with self._lock:
            client, self._client = self._client, None
            self._detach()
        if client is not None:
            client.close()

    async def aclose(self) -> None:
        """Closes the sync client and the running loop's."""
        self.close()
        known = self._loops.get(asyncio.get_running_loop())
        if known is not None:
            await known[1].aclose()

    def _make_async_client(self) -> httpx.AsyncClient:
        if self._transport == "aiohttp":
            return httpx.AsyncClient(
                transport=_aiohttp_transport(self._proxy), cookies=_no_cookies(), trust_env=self._proxy is None
            )
        return httpx.AsyncClient(limits=LIMITS, proxy=self._proxy, cookies=_no_cookies())

    def _forget_closed_loops(self) -> None:
        """Loops that were closed without shutting their generators down: their connections are gone already."""
        for loop in [loop for loop in self._loops if loop.is_closed()]:
            self._loops.pop(loop, None)


async def _close_with_loop(
    loops: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None, None]]],
    loop: asyncio.AbstractEventLoop,
    client: httpx.AsyncClient,
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        loops.pop(loop, None)
        await client.aclose()


def _nothing() -> None:
    """There is no client yet, so there is nothing to detach."""


async def _start(generator: AsyncGenerator[None, None]) -> None:
    """Starts a generator, and thereby makes it known to the running loop."""
    await generator.__anext__()


def _no_cookies() -> CookieJar:
    """A jar that keeps nothing: the clients are shared, and one key's cookies must not travel with another's."""
    return CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))


def _aiohttp_transport(proxy: str | None) -> httpx.AsyncBaseTransport:
    try:
        from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415  # only who asks for it needs it
    except ImportError:
        raise ConfigurationError(
            "transport='aiohttp' needs the package httpx-aiohttp: pip install 'seacloud-client[fast]'."
        ) from None
    transport: httpx.AsyncBaseTransport = AiohttpTransport(limits=LIMITS, proxy=httpx.Proxy(proxy) if proxy else None)
    return transport
