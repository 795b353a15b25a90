"""HTTP by httpx: pooled clients, credentials, request ids, limits, and the translation of httpx's failures.

The one place where a request leaves, sync and async. The key goes into the header here, after the address was found
to be of the settings' own origin.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar

import httpx
from typing_extensions import Self

from seacloud_client._version import __version__
from seacloud_client.error_mapping import is_error_reply, parse_body
from seacloud_client.errors import ForeignOriginError, ProtocolError, SeaCloudError, TimedOut
from seacloud_client.flows import HttpAnswer, HttpCall
from seacloud_client.http_failures import as_ours, translate
from seacloud_client.key_hiding import hide_key
from seacloud_client.pool import ClientPool
from seacloud_client.settings import CONNECT_TIMEOUT, Settings, origin_of, shown_url
from seacloud_client.time_limits import Limit, given_up_after, limited

S = TypeVar("S", httpx.SyncByteStream, httpx.AsyncByteStream)

USER_AGENT = f"seacloud-python/{__version__}"

MAX_ERROR_BYTES = 1024 * 1024
"""How much of an error's body is read, in bytes."""

CODINGS = ("gzip", "deflate")
"""The compressions that are asked for and taken, one at a time. Of the others that httpx may know, zstd and brotli can
make gigabytes of a few bytes, and so can several on top of each other."""


class SharesConnections:
    """What has connections, or a limit to them, which its copies share: they hold locks."""

    def __copy__(self) -> Self:
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def __deepcopy__(self, _: object) -> Self:
        return copy(self)


class Transport(SharesConnections):
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

    def __reduce__(self) -> tuple[Any, ...]:
        refuse_own_clients(self._own_client, self._own_async_client)
        return type(self), (self.settings,)

    def perform(self, call: HttpCall) -> HttpAnswer:
        """Makes a call and reads its answer, unless it is to be streamed.

        Raises:
            TransportError: if no answer came, or not all of it.
            ConfigurationError: if there is no key.
            ForeignOriginError: if the call needs the key and is not to the settings' origin.
        """
        request_id, headers, timeout = self._prepare(call)
        client = self._own_client or self._pool.client(self)
        with limited(Limit(self._seconds(call))) as limit:
            with translate(call.url, request_id, None if self._own_client else self._pool):
                request = client.build_request(
                    call.method, call.url, headers=headers, params=call.params, content=call.content, timeout=timeout
                )
                self._sign(request, call)
                response = client.send(request, stream=True, auth=None, follow_redirects=False)
            if call.stream and response.is_success:
                return self._answer(response, call, request_id, stream=response)
            try:
                limit.begin()
                with translate(call.url, request_id):
                    body = _collect(response, self._bound(response, call, request_id))
            finally:
                response.close()
        return self._answer(response, call, request_id, body=body)

    async def aperform(self, call: HttpCall) -> HttpAnswer:
        """`perform`, async."""
        request_id, headers, timeout = self._prepare(call)
        client = self._own_async_client or await self._pool.async_client(self)
        with limited(Limit(self._seconds(call))) as limit:
            with translate(call.url, request_id, None if self._own_async_client else self._pool):
                request = client.build_request(
                    call.method, call.url, headers=headers, params=call.params, content=call.content, timeout=timeout
                )
                self._sign(request, call)
                response = await self._asend(client, request, call)
            if call.stream and response.is_success:
                return self._answer(response, call, request_id, stream=response)
            try:
                limit.begin()
                with translate(call.url, request_id):
                    body = await _acollect(response, self._bound(response, call, request_id))
            finally:
                await response.aclose()
        return self._answer(response, call, request_id, body=body)

    def close(self) -> None:
        """Closes the pooled connections for sync calls, unless others use them; the next call opens new ones."""
        self._pool.close(self)

    async def aclose(self) -> None:
        """Closes the pooled connections, the running event loop's among them, unless others use them."""
        await self._pool.aclose(self)

    def _prepare(self, call: HttpCall) -> tuple[str, dict[str, str], httpx.Timeout]:
        headers = {
            "user-agent": USER_AGENT,
            "accept": "application/json",
            "accept-encoding": ", ".join(CODINGS),
        }
        # One spelling for all, so that a caller's header takes the place of ours and is not sent beside it.
        for given in (self.settings.headers, call.headers.items()):
            headers.update((name.lower(), value) for name, value in given)
        request_id = headers.setdefault("x-request-id", f"sc-{uuid.uuid4().hex}")
        if call.auth is not None:
            if origin_of(call.url) != self._origin:
                raise ForeignOriginError(
                    f"{shown_url(call.url)} is not at {self.settings.base_url}: the key was not sent there. "
                    "If that is the service's new address, pass it as base_url.",
                    request_id=request_id,
                )
            self.settings.require_key()
        seconds = self._seconds(call)
        return request_id, headers, httpx.Timeout(seconds, connect=min(CONNECT_TIMEOUT, seconds))

    def _seconds(self, call: HttpCall) -> float:
        return self.settings.timeout if call.timeout is None else call.timeout

    async def _asend(self, client: httpx.AsyncClient, request: httpx.Request, call: HttpCall) -> httpx.Response:
        if self._own_async_client is None and self.settings.transport == "httpx":
            return await client.send(request, stream=True, auth=None, follow_redirects=False)
        # Connections of aiohttp, or of a caller's client, know of no limit. The whole gets twice the time, since the
        # wait for a free connection and a long upload are in it.
        with given_up_after(2 * self._seconds(call)):
            return await client.send(request, stream=True, auth=None, follow_redirects=False)

    def _sign(self, request: httpx.Request, call: HttpCall) -> None:
        """Puts the key into the header, last and in one expression: so it is in no variable that a traceback shows."""
        if call.auth is not None:
            request.headers["authorization"] = f"{call.auth} {self.settings.require_key()}"

    def _bound(self, response: httpx.Response, call: HttpCall, request_id: str) -> _Bound:
        return _Bound(response, self._seconds(call), self.settings.max_reply_bytes, call.url, request_id)

    def _answer(
        self,
        response: httpx.Response,
        call: HttpCall,
        request_id: str,
        *,
        body: bytes = b"",
        stream: httpx.Response | None = None,
    ) -> HttpAnswer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        is_quoted = self.settings.is_key_in(body)
        if not response.is_success or call.auth == "Key" or (is_quoted and is_error_reply(parse_body(body))):
            # It may end up in an error. A model's reply is the caller's own, whatever stands in it.
            headers = {name: self.settings.without_key(value) for name, value in headers.items()}
            if is_quoted:
                body = self.settings.without_key(body.decode("latin-1")).encode("latin-1")  # which keeps every byte
        request_id = headers.get("x-request-id", request_id)
        return HttpAnswer(response.status_code, headers, body, call.url, request_id, stream)


def refuse_own_clients(*clients: httpx.Client | httpx.AsyncClient | None) -> None:
    """Refuses to pickle what makes its calls with a client of the caller's own.

    Raises:
        TypeError: if one is given, as pickle raises it for what cannot be pickled.
    """
    if any(client is not None for client in clients):
        raise TypeError(
            "http_client and http_async_client cannot be pickled: their connections belong to this process. Leave them "
            "out, or make the object where it is needed."
        )


def _collect(response: httpx.Response, bound: _Bound) -> bytes:
    return b"".join(_bounded(response.iter_bytes(), bound))


async def _acollect(response: httpx.Response, bound: _Bound) -> bytes:
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
    """Says when to stop reading a body: an error's is cut, any other that is too long or too slow is given up.

    Args:
        response: the answer.
        seconds: in which the body must be here: one that drips in without an end does not hold the caller for ever.
        max_bytes: how long it may be.
        url: what was asked, for the error.
        request_id: the same.
    """

    def __init__(
        self, response: httpx.Response, seconds: float, max_bytes: int, url: str, request_id: str | None
    ) -> None:
        self._is_error = not response.is_success
        self._limit = MAX_ERROR_BYTES if self._is_error else max_bytes
        self._deadline = time.monotonic() + seconds
        self._url = shown_url(url)
        self._request_id = request_id
        self._size = 0
        check_coding(response, url, request_id)

    def reached(self, more: int) -> bool:
        self._size += more
        if self._size > self._limit:
            if self._is_error:
                return True
            raise ProtocolError(
                f"The answer of {self._url} is larger than {self._limit} bytes; it was given up. Raise max_reply_bytes "
                "if that is no mistake of the service's.",
                request_id=self._request_id,
            )
        if time.monotonic() > self._deadline:
            raise TimedOut(
                f"The answer of {self._url} began but did not end in time. Raise timeout, or stream it.",
                request_id=self._request_id,
            )
        return False


def check_coding(response: httpx.Response, url: str, request_id: str | None) -> None:
    """Refuses to decompress what was not asked for.

    Raises:
        ProtocolError: if the answer is compressed otherwise than by one of `CODINGS`.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", *CODINGS):
        raise ProtocolError(
            f"The answer of {shown_url(url)} is compressed in a way that was not asked for: {coding[:100]!r}. It was "
            "not read.",
            request_id=request_id,
        )


def collect_body(answer: HttpAnswer, settings: Settings) -> HttpAnswer:
    """A streamed answer, read whole after all."""
    with body_of(answer):
        response = _open_response(answer)
        bound = _Bound(response, settings.timeout, settings.max_reply_bytes, answer.url, answer.request_id)
        with translate(answer.url, answer.request_id):
            return replace(answer, body=_collect(response, bound), stream=None)


async def acollect_body(answer: HttpAnswer, settings: Settings) -> HttpAnswer:
    """`collect_body`, async."""
    async with abody_of(answer):
        response = _open_response(answer)
        bound = _Bound(response, settings.timeout, settings.max_reply_bytes, answer.url, answer.request_id)
        with translate(answer.url, answer.request_id):
            return replace(answer, body=await _acollect(response, bound), stream=None)


def _open_response(answer: HttpAnswer) -> httpx.Response:
    if answer.stream is None:
        raise ValueError("This answer was not asked for as a stream.")
    return answer.stream


@contextmanager
def body_of(answer: HttpAnswer) -> Iterator[Iterator[bytes]]:
    """The bytes of a streamed answer, as they come; the connection is closed at the end, however it comes."""
    response = _open_response(answer)
    try:
        check_coding(response, answer.url, answer.request_id)
        yield _translated_bytes(response, answer)
    except SeaCloudError as error:
        hide_key(error, response)
        raise
    finally:
        response.close()


def _translated_bytes(response: httpx.Response, answer: HttpAnswer) -> Iterator[bytes]:
    with translate(answer.url, answer.request_id):
        yield from _plain_stream(response, httpx.SyncByteStream) or response.iter_bytes()


def _plain_stream(response: httpx.Response, kind: type[S]) -> S | None:
    """The body as the transport gives it, where it is not compressed.

    httpx's own iterators look at each piece twice more, which a stream of thousands of small pieces feels.
    """
    is_plain = "content-encoding" not in response.headers
    return response.stream if is_plain and isinstance(response.stream, kind) else None


class abody_of:  # noqa: N801  # it is called like `body_of`
    """`body_of`, async.

    It is no generator: when a loop shuts down, it closes all generators at the same time, and those that hang together
    get into each other's way.
    """

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer
        self._response = _open_response(answer)
        self._chunks: AsyncIterator[bytes] | None = None

    async def __aenter__(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        answer = self._answer
        try:
            if self._chunks is None:
                check_coding(self._response, answer.url, answer.request_id)
                plain = _plain_stream(self._response, httpx.AsyncByteStream)
                self._chunks = aiter(plain or self._response.aiter_bytes())
            return await anext(self._chunks)
        except (StopAsyncIteration, SeaCloudError):
            raise
        except Exception as failure:
            error = as_ours(failure, answer.url, answer.request_id)
            if error is failure:
                raise
        raise error  # here, where nothing is being handled, so that no chain leads to what holds the key

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(RuntimeError):  # the loop is closing it already
            if isinstance(self._chunks, AsyncGenerator):
                await self._chunks.aclose()
        if isinstance(error, SeaCloudError):
            hide_key(error, self._response)
        await self._response.aclose()
