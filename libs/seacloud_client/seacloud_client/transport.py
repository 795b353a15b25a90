"""HTTP by httpx: pooled clients, credentials, request ids, limits, and the translation of httpx's failures.

The one place where a request leaves, sync and async. The key goes into the header here, after the address was found
to be of the settings' own origin.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import httpx

from seacloud_client._version import __version__
from seacloud_client.errors import (
    ConnectionFailed,
    ForeignOriginError,
    ProtocolError,
    SeaCloudError,
    StreamBroken,
    TimedOut,
    TransportError,
)
from seacloud_client.flows import HttpAnswer, HttpCall
from seacloud_client.pool import ClientPool
from seacloud_client.settings import CONNECT_TIMEOUT, Settings, origin_of

USER_AGENT = f"seacloud-python/{__version__}"

MAX_BODY_BYTES = 256 * 1024 * 1024
"""The largest answer that is read whole, in bytes."""

MAX_ERROR_BYTES = 1024 * 1024
"""How much of an error's body is read, in bytes."""


class Transport:
    """Makes calls for one service with one key.

    Args:
        settings: where, with what key, with which limits.
        http_client: a client of the caller's own, used and never closed; ours are pooled and shared.
        http_async_client: the same, async. It belongs to the caller's event loop.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        self.settings = settings
        self._own_client = http_client
        self._own_async_client = http_async_client
        self._pool = ClientPool.shared(proxy=settings.proxy, transport=settings.transport)
        self._origin = settings.origin

    def perform(self, call: HttpCall) -> HttpAnswer:
        """Makes a call and reads its answer, unless it is to be streamed.

        Raises:
            TransportError: if no answer came, or not all of it.
            ConfigurationError: if there is no key.
            ForeignOriginError: if the call needs the key and is not to the settings' origin.
        """
        request_id, headers, timeout = self._prepare(call)
        client = self._own_client or self._pool.client()
        with translate(call.url, request_id):
            request = client.build_request(
                call.method, call.url, headers=headers, params=call.params, content=call.content, timeout=timeout
            )
            response = client.send(request, stream=True, auth=None, follow_redirects=False)
        if call.stream and response.is_success:
            return _answer(response, call.url, request_id, stream=response)
        try:
            with translate(call.url, request_id):
                body = _collect(response, self._deadline(call), call.url)
        finally:
            response.close()
        return _answer(response, call.url, request_id, body=body)

    async def aperform(self, call: HttpCall) -> HttpAnswer:
        """`perform`, async."""
        request_id, headers, timeout = self._prepare(call)
        client = self._own_async_client or await self._pool.async_client()
        with translate(call.url, request_id):
            request = client.build_request(
                call.method, call.url, headers=headers, params=call.params, content=call.content, timeout=timeout
            )
            response = await client.send(request, stream=True, auth=None, follow_redirects=False)
        if call.stream and response.is_success:
            return _answer(response, call.url, request_id, stream=response)
        try:
            with translate(call.url, request_id):
                body = await _acollect(response, self._deadline(call), call.url)
        finally:
            await response.aclose()
        return _answer(response, call.url, request_id, body=body)

    def close(self) -> None:
        """Closes the pooled sync client's idle connections; the next call opens new ones."""
        self._pool.close()

    async def aclose(self) -> None:
        """Closes the pooled clients, the running event loop's among them; the next call opens new ones."""
        await self._pool.aclose()

    def _prepare(self, call: HttpCall) -> tuple[str, dict[str, str], httpx.Timeout]:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **dict(self.settings.headers)}
        headers.update(call.headers)
        request_id = next((value for name, value in headers.items() if name.lower() == "x-request-id"), None)
        if request_id is None:
            request_id = headers["X-Request-Id"] = f"sc-{uuid.uuid4().hex}"
        if call.auth is not None:
            if origin_of(call.url) != self._origin:
                raise ForeignOriginError(
                    f"{call.url} is not at {self.settings.base_url}: the key was not sent there. "
                    "If that is the service's new address, pass it as base_url.",
                    request_id=request_id,
                )
            headers["Authorization"] = f"{call.auth} {self.settings.require_key()}"
        seconds = self._seconds(call)
        return request_id, headers, httpx.Timeout(seconds, connect=min(CONNECT_TIMEOUT, seconds))

    def _seconds(self, call: HttpCall) -> float:
        return self.settings.timeout if call.timeout is None else call.timeout

    def _deadline(self, call: HttpCall) -> float:
        """When the body must be here: a body that drips in without an end does not hold the caller for ever."""
        return time.monotonic() + self._seconds(call)


def _answer(
    response: httpx.Response, url: str, request_id: str, *, body: bytes = b"", stream: httpx.Response | None = None
) -> HttpAnswer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpAnswer(response.status_code, headers, body, url, headers.get("x-request-id", request_id), stream)


def _collect(response: httpx.Response, deadline: float, url: str) -> bytes:
    return b"".join(_bounded(response.iter_bytes(), _Bound(response, deadline, url)))


async def _acollect(response: httpx.Response, deadline: float, url: str) -> bytes:
    bound = _Bound(response, deadline, url)
    chunks = []
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        if bound.reached(len(chunk)):
            break
    return b"".join(chunks)


def _bounded(chunks: Iterator[bytes], bound: _Bound) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        if bound.reached(len(chunk)):
            return


class _Bound:
    """Says when to stop reading a body: an error's is cut, any other that is too long or too slow is given up."""

    def __init__(self, response: httpx.Response, deadline: float, url: str) -> None:
        self._is_error = not response.is_success
        self._limit = MAX_ERROR_BYTES if self._is_error else MAX_BODY_BYTES
        self._deadline = deadline
        self._url = url
        self._size = 0

    def reached(self, more: int) -> bool:
        self._size += more
        if self._size > self._limit:
            if self._is_error:
                return True
            raise ProtocolError(f"The answer of {self._url} is larger than {self._limit} bytes; it was given up.")
        if time.monotonic() > self._deadline:
            raise TimedOut(f"The answer of {self._url} began but did not end in time. Raise timeout, or stream it.")
        return False


def collect_body(answer: HttpAnswer, seconds: float) -> HttpAnswer:
    """A streamed answer, read whole after all."""
    with body_of(answer):
        response = _open_response(answer)
        with translate(answer.url, answer.request_id):
            return replace(answer, body=_collect(response, time.monotonic() + seconds, answer.url), stream=None)


async def acollect_body(answer: HttpAnswer, seconds: float) -> HttpAnswer:
    """`collect_body`, async."""
    async with abody_of(answer):
        response = _open_response(answer)
        with translate(answer.url, answer.request_id):
            return replace(answer, body=await _acollect(response, time.monotonic() + seconds, answer.url), stream=None)


def _open_response(answer: HttpAnswer) -> httpx.Response:
    if answer.stream is None:
        raise ValueError("This answer was not asked for as a stream.")
    return answer.stream


@contextmanager
def translate(url: str, request_id: str | None) -> Iterator[None]:
    """Turns httpx's failures into ours, at this one seam.

    The chain is cut (`from None`): httpx's exceptions hold the request, and the request holds the key.
    """
    try:
        yield
    except httpx.HTTPError as failure:
        raise _translated(failure, url, request_id) from None
    except (httpx.InvalidURL, UnicodeError, ValueError) as failure:
        if isinstance(failure, SeaCloudError):
            raise
        raise ProtocolError(f"{url} cannot be requested: {failure}.", request_id=request_id) from None


def _translated(failure: httpx.HTTPError, url: str, request_id: str | None) -> SeaCloudError:
    said = str(failure) or type(failure).__name__
    for kinds, make in _TRANSLATIONS:
        if isinstance(failure, kinds):
            cls, sentence = make
            return cls(sentence.format(url=url, said=said.rstrip(".")), request_id=request_id)
    return TransportError(f"The exchange with {url} failed: {said}.", request_id=request_id)


_TRANSLATIONS: tuple[tuple[tuple[type[httpx.HTTPError], ...], tuple[type[SeaCloudError], str]], ...] = (
    (
        (httpx.ConnectTimeout, httpx.PoolTimeout),
        (ConnectionFailed, "No connection to {url} in time ({said}). Nothing was sent; check network and base_url."),
    ),
    (
        (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.ProxyError),
        (ConnectionFailed, "No connection to {url}: {said}. Nothing was sent; check network and base_url."),
    ),
    (
        (httpx.TimeoutException,),
        (TimedOut, "{url} did not answer in time ({said}). It may still have done the work; raise timeout if need be."),
    ),
    ((httpx.DecodingError,), (ProtocolError, "The answer of {url} cannot be decompressed: {said}.")),
    (
        (httpx.TransportError,),
        (StreamBroken, "The connection to {url} broke before the answer was complete ({said})."),
    ),
)


@contextmanager
def body_of(answer: HttpAnswer) -> Iterator[Iterator[bytes]]:
    """The bytes of a streamed answer, as they come; the connection is closed at the end, however it comes."""
    response = _open_response(answer)
    try:
        yield _translated_bytes(response, answer)
    finally:
        response.close()


def _translated_bytes(response: httpx.Response, answer: HttpAnswer) -> Iterator[bytes]:
    with translate(answer.url, answer.request_id):
        yield from response.iter_bytes()


@asynccontextmanager
async def abody_of(answer: HttpAnswer) -> AsyncIterator[AsyncIterator[bytes]]:
    """`body_of`, async."""
    response = _open_response(answer)
    try:
        yield _atranslated_bytes(response, answer)
    finally:
        await response.aclose()


async def _atranslated_bytes(response: httpx.Response, answer: HttpAnswer) -> AsyncIterator[bytes]:
    with translate(answer.url, answer.request_id):
        async for data in response.aiter_bytes():
            yield data
