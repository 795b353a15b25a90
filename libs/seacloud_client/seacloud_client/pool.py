"""Pooled httpx clients: one sync client, and one async client for each event loop, shared by all who need the same.

An async client's connections belong to the loop that made them, so a client never crosses loops, and it is closed
when its loop shuts down: a small async generator lives in the loop beside it, and loops close their async generators
at the end (PEP 525). Idle sync connections are closed when the last user of the pool is gone. The child of a fork
begins with no connections.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeAlias, TypeVar

import httpx

from seacloud_client.errors import ConfigurationError
from seacloud_client.spreading import (
    SpreadTransport,
    environment_mounts,
    environment_proxy,
    proxy_problem,
    proxy_variable,
)
from seacloud_client.threads import running_loop
from seacloud_client.time_limits import keep_limits

T = TypeVar("T")

_MakeTransport: TypeAlias = "Callable[[str | None], httpx.AsyncBaseTransport]"

LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=4.0)
"""Connections of one pool. Calls beyond the maximum wait for one to become free.

Idle ones are kept for a shorter time than servers do (5 seconds is the shortest of the usual defaults): a request that
meets a connection which is just being closed is one that was sent and not answered, and so is not sent again.
"""

ENVIRONMENT = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
"""What httpx reads when a client is made. Who mends one of them in a notebook is not to get the old client again."""

_Key: TypeAlias = "tuple[str | bool | None, ...]"
_pools: weakref.WeakValueDictionary[_Key, ClientPool] = weakref.WeakValueDictionary()
_pools_lock = threading.Lock()


class ClientPool:
    """The clients for one proxy and one kind of transport. Get it with `ClientPool.shared`.

    Whoever uses a client names itself, and the clients are closed only when nobody else uses them: closing one model
    must not break another's stream.
    """

    def __init__(self, *, proxy: str | None, transport: str, is_direct: bool = False) -> None:
        self._proxy = proxy
        self._transport = transport
        self._is_direct = is_direct
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._loops: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None, None]]] = {}
        self._detach: Callable[[], object] = _nothing
        self._users: weakref.WeakSet[object] = weakref.WeakSet()

    @classmethod
    def shared(cls, *, proxy: str | None = None, transport: str = "httpx", is_direct: bool = False) -> ClientPool:
        """The process's pool for these, and for what the environment says of proxies and certificates.

        With `is_direct` it goes through no proxy, whatever the environment says.
        """
        key = (proxy, transport, is_direct, *map(os.environ.get, ENVIRONMENT))
        with _pools_lock:
            pool = _pools.get(key)
            if pool is None:
                pool = _pools[key] = cls(proxy=proxy, transport=transport, is_direct=is_direct)
            return pool

    def client(self, user: object) -> httpx.Client:
        """The sync client, made when first needed."""
        with self._lock:
            self._users.add(user)
            if self._client is None or self._client.is_closed:
                with _proxy_problems():
                    self._client = httpx.Client(
                        transport=_transport(self._proxy), mounts=self._mounts(_transport), cookies=_no_cookies()
                    )
                self._detach = weakref.finalize(self, self._client.close).detach
            return self._client

    async def async_client(self, user: object) -> httpx.AsyncClient:
        """The running event loop's client.

        Raises:
            ConfigurationError: if no event loop of asyncio is running, or the proxy or a certificate is none.
        """
        loop = running_loop()
        with self._lock:
            self._users.add(user)
        known = self._loops.get(loop)
        if known is not None and not known[0].is_closed:
            return known[0]
        self._forget_closed_loops()
        with _proxy_problems():
            client = self._make_async_client()
        keeper = _close_with_loop(self._loops, loop, client)
        await _start(keeper)
        self._loops[loop] = (client, keeper)
        return client

    def close(self, user: object) -> None:
        """Closes the sync client, unless others use it."""
        with self._lock:
            if not self._is_left_by(user):
                return
            client, self._client = self._client, None
            self._detach()
        if client is not None:
            client.close()

    async def aclose(self, user: object) -> None:
        """Closes the sync client and the running loop's, unless others use them."""
        self.close(user)
        with self._lock:
            is_free = self._is_left_by(user)
        known = self._loops.get(running_loop())
        if is_free and known is not None:
            client, keeper = known
            await keeper.aclose()
            await client.aclose()  # which its keeper did not, in a loop that sees to no generators

    def proxy_variable(self, url: str) -> str | None:
        """The environment's variable that sends an address through a proxy; `None` where none does."""
        kind = None if self._is_direct or self._proxy is not None else environment_proxy(url)
        return None if kind is None else proxy_variable(kind)

    def _is_left_by(self, user: object) -> bool:
        self._users.discard(user)
        return not self._users

    def forget(self) -> None:
        """Lets the clients go without closing them, in the child of a fork: the connections are the parent's."""
        self._lock = threading.Lock()
        self._detach()
        self._client = None
        self._loops = {}
        self._users = weakref.WeakSet()

    def _make_async_client(self) -> httpx.AsyncClient:
        make = _MAKERS[self._transport]()
        return httpx.AsyncClient(transport=make(self._proxy), mounts=self._mounts(make), cookies=_no_cookies())

    def _mounts(self, make: Callable[[str | None], T]) -> Mapping[str, T | None]:
        return {} if self._is_direct or self._proxy is not None else environment_mounts(make)

    def _forget_closed_loops(self) -> None:
        """Loops that were closed without shutting their generators down: their connections are gone already."""
        for loop in list(self._loops):  # a copy, made at one go: other threads' loops come and go meanwhile
            if loop.is_closed():
                self._loops.pop(loop, None)


def _forget_all() -> None:
    global _pools_lock  # noqa: PLW0603  # another thread of the parent may have held it
    _pools_lock = threading.Lock()
    for pool in list(_pools.values()):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


async def _close_with_loop(
    loops: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None, None]]],
    loop: asyncio.AbstractEventLoop,
    client: httpx.AsyncClient,
) -> AsyncGenerator[None, None]:
    # Some loops see to no generators (nest_asyncio's): such a one is ended where it is let go, which can wait for
    # nothing, and often only when the interpreter exits.
    is_seen_to = sys.get_asyncgen_hooks().finalizer is not None
    try:
        yield
    finally:
        loops.pop(loop, None)
        if is_seen_to:
            await client.aclose()
        elif _is_running(loop):
            loop.call_soon(_begin_to_close, client)


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _begin_to_close(client: httpx.AsyncClient) -> None:
    closing = asyncio.ensure_future(client.aclose())
    _closing.add(closing)
    closing.add_done_callback(_closing.discard)


_closing: set[asyncio.Future[None]] = set()
"""What closes clients by itself: a loop alone would not keep it alive."""


def _nothing() -> None:
    """There is no client yet, so there is nothing to detach."""


async def _start(generator: AsyncGenerator[None, None]) -> None:
    """Starts a generator, and thereby makes it known to the running loop."""
    await generator.__anext__()


@contextmanager
def _proxy_problems() -> Iterator[None]:
    """Says of a proxy of the caller's that httpx cannot use it; those of the environment are told of already."""
    try:
        yield
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"The proxy cannot be used: {proxy_problem(error)} Check proxy.") from None


def _no_cookies() -> CookieJar:
    """A jar that keeps nothing: the clients are shared, and one key's cookies must not travel with another's."""
    return CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))


def shared_ssl_context() -> ssl.SSLContext:
    """What httpx verifies servers with. Reading the authorities takes some 20 to 50 ms, so it is done once.

    Raises:
        ConfigurationError: if they cannot be read.
    """
    return _ssl_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _ssl_context(file: str | None, directory: str | None) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl's own errors are some
        raise ConfigurationError(
            f"The certificates of authorities cannot be read ({error.strerror or error}). Nothing was sent; check the "
            f"environment's SSL_CERT_FILE ({file!r}) and SSL_CERT_DIR ({directory!r})."
        ) from None


def _transport(proxy: str | None) -> httpx.HTTPTransport:
    transport = httpx.HTTPTransport(verify=shared_ssl_context(), limits=LIMITS, proxy=proxy)
    keep_limits(transport)
    return transport


def _httpx_maker() -> _MakeTransport:
    """Transports of httpx's own."""
    verify = shared_ssl_context()

    def make(proxy: str | None) -> httpx.AsyncBaseTransport:
        def small(limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
            transport = httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=proxy)
            keep_limits(transport)
            return transport

        return SpreadTransport(small, LIMITS)

    return make


def _aiohttp_maker() -> _MakeTransport:
    try:
        import aiohttp  # noqa: PLC0415  # only who asks for it needs it
        from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415  # an extra, not always there
    except ImportError:
        raise ConfigurationError(
            "transport='aiohttp' needs the package httpx-aiohttp: pip install 'seacloud-client[fast]'."
        ) from None

    verify = shared_ssl_context()

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=LIMITS.max_connections or 0, keepalive_timeout=LIMITS.keepalive_expiry, ssl=verify
        )
        # The session is shared, and its own jar would send one key's cookies with another's requests.
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def make(proxy: str | None) -> httpx.AsyncBaseTransport:
        transport: httpx.AsyncBaseTransport = AiohttpTransport(
            verify=verify, client=session, proxy=httpx.Proxy(proxy) if proxy else None
        )
        return transport

    return make


_MAKERS: Mapping[str, Callable[[], _MakeTransport]] = {"httpx": _httpx_maker, "aiohttp": _aiohttp_maker}
"""Makers of transports, by the setting `transport`. A transport is made for a proxy's address, or for none."""
