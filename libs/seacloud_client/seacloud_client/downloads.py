"""Fetching what a task made, from an address that a stranger gave.

- No credentials go along: the request is built here, without the defaults of any client, and never to an address with
  a user name in it.
- Only public hosts are asked, unless allowed (see `public_hosts`). The host's name is resolved and every address looked
  at; then the connection goes to the address that was looked at, so that the name cannot come to mean another meanwhile
  (DNS rebinding), while TLS still checks the certificate against the name. Where a proxy resolves names, or a client of
  the caller's own makes the connections, the look is all that is possible. Redirects are followed by the same rules.
- What arrives must be what was announced, in kind and size (see `sinks`).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import socket
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes, urljoin

import anyio
import httpx

from seacloud_client.deadlines import until
from seacloud_client.drivers import MARGIN, adrive, drive
from seacloud_client.errors import ConnectionFailed, DownloadError, ProtocolError, StreamBroken, TransportError
from seacloud_client.file_names import safe_stem
from seacloud_client.flows import (
    MAX_REDIRECTS,
    MAX_RETRY_AFTER,
    RETRIED_STATUSES,
    HttpAnswer,
    Sleep,
    backoff,
    retry_after,
)
from seacloud_client.http_failures import translate
from seacloud_client.pool import ClientPool
from seacloud_client.public_hosts import goes_through_proxy, host_of, refuse_private
from seacloud_client.settings import CONNECT_TIMEOUT, Settings
from seacloud_client.sinks import FileSink, MemorySink, Sink
from seacloud_client.threads import in_thread
from seacloud_client.time_limits import Limit, limited
from seacloud_client.transport import USER_AGENT, SharesConnections, abody_of, body_of, refuse_own_clients

T = TypeVar("T")
S = TypeVar("S", bound=Sink)

Flow: TypeAlias = "Generator[Resolve | Get | Sleep, Any, T]"

DEFAULT_MAX_BYTES = 1024 * 1024 * 1024
"""The most that a download takes unless told otherwise, in bytes."""

DEFAULT_TIMEOUT = 600.0
"""Seconds that a download may take unless told otherwise."""

STALL_TIMEOUT = 60.0
"""Seconds without a byte after which a download is given up."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched, and by what rules. The options are those of `Output.save`."""

    url: str | None
    declared: str | None
    text: str | None = None
    size: int | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    timeout: float = DEFAULT_TIMEOUT
    allow_private: bool = False
    on_progress: Callable[[int, int | None], object] | None = None


@dataclass(frozen=True, slots=True)
class Resolve:
    """A step: the IP addresses of a host."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Get:
    """A step: a request, whose answer's body goes into the sink if its status is 200. Nothing is followed.

    Attributes:
        address: the IP address to connect to; `None` to let the client resolve the host.
    """

    url: str
    address: str | None
    sink: Sink


class Downloader(SharesConnections):
    """Fetches results. It is cheap to make, and safe to share among threads and event loops.

    Args:
        settings: by default those of the environment. Of them only the address counts, whose host may be private, and
            the proxy; the key is not used.
        http_client: a client of the caller's own. Of its defaults no headers, cookies or credentials are sent.
        http_async_client: the same, async.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        self._settings = settings or Settings.resolve("model")
        self._own_client = http_client
        self._own_async_client = http_async_client
        self._pool = ClientPool.shared(proxy=self._settings.proxy)
        # NO_PROXY may name the host, which httpx no longer sees where the connection is to the host's address.
        self._direct_pool = ClientPool.shared(is_direct=True)

    def __reduce__(self) -> tuple[Any, ...]:
        refuse_own_clients(self._own_client, self._own_async_client)
        return type(self), (self._settings,)

    def read(self, wanted: Wanted) -> bytes:
        """The content.

        Raises:
            DownloadError: if it cannot be had, or not safely.
        """
        sink = _into(MemorySink, wanted)
        drive(self._flow(wanted, sink), self)
        return sink.content

    async def aread(self, wanted: Wanted) -> bytes:
        """`read`, async."""
        sink = _into(MemorySink, wanted)
        await self._arun(wanted, sink)
        return sink.content

    def save(self, wanted: Wanted, directory: Path, name: str | None) -> Path:
        """Saves it under a name like the given one, and says which.

        Raises:
            DownloadError: if it cannot be had, or not safely, or not saved. Nothing is left behind.
        """
        with _into(FileSink, wanted) as sink:
            drive(self._flow(wanted, sink.open(directory)), self)
            return sink.keep(*safe_stem(name, wanted.url))

    async def asave(self, wanted: Wanted, directory: Path, name: str | None) -> Path:
        """`save`, async."""
        sink = _into(FileSink, wanted)
        try:
            await in_thread(partial(sink.open, directory))
            await self._arun(wanted, sink)
            return await in_thread(partial(sink.keep, *safe_stem(name, wanted.url)))
        finally:
            if sink.is_open:
                await in_thread(sink.discard)

    def perform(self, step: Resolve | Get) -> Any:
        """Does a step of a download."""
        if isinstance(step, Resolve):
            with _resolving(step.host):
                return _addresses(socket.getaddrinfo(step.host, step.port, type=socket.SOCK_STREAM))
        pool = self._pool_of(step)
        client = self._own_client or pool.client(self)
        with limited(Limit(deadline=step.sink.deadline)):
            with translate(step.url, None, None if self._own_client else pool):
                response = client.send(_request(step), stream=True, auth=None, follow_redirects=False)
            answer = _answer(response, step)
            with body_of(answer) as body:
                if answer.status == 200:
                    _begin(step.sink, answer)
                    for data in body:
                        step.sink.feed(data)
                    _refuse_cut(step.sink, response)
        return answer

    async def aperform(self, step: Resolve | Get) -> Any:
        """`perform`, async."""
        if isinstance(step, Resolve):
            with _resolving(step.host):
                loop = asyncio.get_running_loop()
                return _addresses(await loop.getaddrinfo(step.host, step.port, type=socket.SOCK_STREAM))
        pool = self._pool_of(step)
        client = self._own_async_client or await pool.async_client(self)
        with limited(Limit(deadline=step.sink.deadline)):
            with translate(step.url, None, None if self._own_async_client else pool):
                response = await client.send(_request(step), stream=True, auth=None, follow_redirects=False)
            answer = _answer(response, step)
            async with abody_of(answer) as body:
                if answer.status == 200:
                    _begin(step.sink, answer)
                    async for data in body:
                        step.sink.feed(data)
                    _refuse_cut(step.sink, response)
        return answer

    def _pool_of(self, step: Get) -> ClientPool:
        return self._pool if step.address is None else self._direct_pool

    async def _arun(self, wanted: Wanted, sink: Sink) -> None:
        with anyio.move_on_after(wanted.timeout + MARGIN) as scope:  # for what does not look at the time itself
            await adrive(self._flow(wanted, sink, is_async=True), self)
        if scope.cancelled_caught:
            raise _late()

    def _flow(self, wanted: Wanted, sink: Sink, *, is_async: bool = False) -> Flow[None]:
        by_client = (self._own_async_client if is_async else self._own_client) is not None
        flow = self._deliver(wanted, sink, by_client=by_client)
        return until(flow, sink.deadline, time.monotonic, _late)

    def _deliver(self, wanted: Wanted, sink: Sink, *, by_client: bool) -> Flow[None]:
        url = wanted.url
        if url is None and wanted.text is None:
            raise DownloadError("There is nothing to download: the output has neither an address nor a text.")
        if url is None or url[:5].lower() == "data:":
            sink.begin(None)
            sink.feed(_content_of(url) if url else (wanted.text or "").encode(errors="replace"))
        else:
            yield from self._fetch(url, sink, wanted.allow_private, by_client=by_client)
        sink.end()

    def _fetch(self, url: str, sink: Sink, allow_private: bool, *, by_client: bool) -> Flow[None]:
        """Gets it, and tries again where that may help."""
        for attempt in count():
            look = partial(self._look, allow_private=allow_private, by_client=by_client, attempt=attempt)
            try:
                answer = yield from _follow(url, sink, look)
            except TransportError as failure:
                error = DownloadError(f"The result could not be fetched. {failure.message}")
                wait = backoff(attempt)
            except ProtocolError as failure:
                raise DownloadError(f"The result could not be fetched. {failure.message}") from None
            else:
                if answer.status == 200:
                    return
                error = _refusal(answer)
                if answer.status not in RETRIED_STATUSES:
                    raise error
                asked = retry_after(answer.headers)
                wait = backoff(attempt) if asked is None else min(asked, MAX_RETRY_AFTER)
            if attempt >= self._settings.max_retries:
                raise error
            yield Sleep(wait)

    def _look(self, url: str, *, allow_private: bool, by_client: bool, attempt: int) -> Flow[str | None]:
        """Looks at the host of an address, and says to which IP address to connect; `None` to leave that open."""
        host = host_of(url)
        if allow_private or host == host_of(self._settings.base_url):
            return None
        by_name = by_client or goes_through_proxy(url, self._settings.proxy)
        parts = httpx.URL(url)
        try:
            addresses: list[str] = yield Resolve(host, parts.port or (443 if parts.scheme == "https" else 80))
        except ConnectionFailed:
            if by_name:
                return None  # it is for the proxy, or the caller's own transport, to know it
            raise
        refuse_private(host, addresses)
        return None if by_name else addresses[attempt % len(addresses)]


def _follow(url: str, sink: Sink, look: Callable[[str], Flow[str | None]]) -> Flow[HttpAnswer]:
    """Gets it, through redirects. Each is looked at like the first address."""
    for _ in range(MAX_REDIRECTS + 1):
        address = yield from look(url)
        answer: HttpAnswer = yield Get(url, address, sink)
        target = answer.headers.get("location")
        if not 300 <= answer.status < 400 or not target:
            return answer
        try:
            target = urljoin(url, target)
        except ValueError as error:
            raise DownloadError(
                f"The result's address redirects to one that makes no sense: {error}. Nothing was fetched."
            ) from None
        if url.lower().startswith("https:") and not target.lower().startswith("https:"):
            raise DownloadError("The result's address redirects from https to something else. Nothing was fetched.")
        url = target
    raise DownloadError(f"The result's address redirects more than {MAX_REDIRECTS} times. Nothing was fetched.")


def _into(kind: type[S], wanted: Wanted) -> S:
    return kind(
        wanted.declared,
        max_bytes=wanted.max_bytes,
        on_progress=wanted.on_progress,
        deadline=time.monotonic() + wanted.timeout,
        size_told=wanted.size,
    )


def _request(get: Get) -> httpx.Request:
    """The request, made by hand: a client's `build_request` would add its default headers and cookies."""
    url = httpx.URL(get.url)
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    headers["Host"] = url.netloc.decode("ascii")
    left = max(get.sink.deadline - time.monotonic(), 0.001)
    timeout = httpx.Timeout(min(STALL_TIMEOUT, left), connect=min(CONNECT_TIMEOUT, left))
    extensions: dict[str, Any] = {"timeout": timeout.as_dict()}
    if get.address is not None:
        # The connection is to the address, so the pool would take it for any host there: it is not kept.
        headers["Connection"] = "close"
        extensions["sni_hostname"] = url.raw_host.decode("ascii")
        url = url.copy_with(host=get.address)
    return httpx.Request("GET", url, headers=headers, extensions=extensions)


def _answer(response: httpx.Response, get: Get) -> HttpAnswer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpAnswer(response.status_code, headers, url=get.url, stream=response)


def _begin(sink: Sink, answer: HttpAnswer) -> None:
    length = answer.headers.get("content-length", "")
    encoded = answer.headers.get("content-encoding", "identity").lower() != "identity"
    sink.begin(int(length) if length.isascii() and length.isdigit() and not encoded else None)


def _refuse_cut(sink: Sink, response: httpx.Response) -> None:
    """Takes no file that may be cut: one that ends with its connection, before it has the size that the task tells.

    Where the end is announced, httpx has seen whether it came, and the task's `file_size` may be wrong.

    Raises:
        StreamBroken: if it may be.
    """
    is_announced = not response.headers.keys().isdisjoint(("content-length", "transfer-encoding"))
    if sink.size_told is not None and sink.size < sink.size_told and not is_announced:
        raise StreamBroken(
            f"The connection was closed after {sink.size:,} bytes of what is said to have {sink.size_told:,}."
        )


def _late() -> DownloadError:
    return DownloadError("The result did not arrive in time. Nothing was kept; raise timeout if need be.")


@contextmanager
def _resolving(host: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        raise ConnectionFailed(f"The host {host} cannot be resolved: {error}.") from None


def _addresses(found: list[Any]) -> list[str]:
    """The addresses that were found, those of IPv4 first: more networks have a way to them."""
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return sorted(addresses, key=lambda address: ":" in address)


def _refusal(answer: HttpAnswer) -> DownloadError:
    gone = answer.status in (401, 403, 404, 410)
    advice = "Its link may have expired: ask for the task's result again." if gone else "Try again later."
    return DownloadError(
        f"The result could not be fetched: {answer.url} answered {answer.status}. {advice}",
        status=answer.status,
        headers=answer.headers,
    )


def _content_of(url: str) -> bytes:
    """The content of a `data:` URL (RFC 2397)."""
    head, comma, data = url.partition(",")
    if not comma:
        raise DownloadError("The result's data: URL holds no data.")
    raw = unquote_to_bytes(data.encode(errors="replace"))  # it may hold half a surrogate pair
    if not head.lower().endswith(";base64"):
        return raw
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error as error:
        raise DownloadError(f"The result's data: URL is no valid base64: {error}.") from None
