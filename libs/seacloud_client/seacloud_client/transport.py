"""HTTP by httpx: pooled clients, credentials, request ids, limits, and the translation of httpx's failures.

The one place where a request leaves, sync and async. The key goes into the header here, after the address was found
to be of the settings' own origin.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import TypeVar

import httpx

from seacloud_client._version import __version__
from seacloud_client.errors import (
    ConfigurationError,
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

S = TypeVar("S", httpx.SyncByteStream, httpx.AsyncByteStream)

USER_AGENT = f"seacloud-python/{__version__}"

_OTHER_LOOP = (
    "The connection to {url} belongs to another event loop, or to one that has ended. Read a stream in the loop that "
    "opened it. If you gave http_async_client, give each loop a client of its own, or leave it out: then every loop "
    "has one."
)

_NO_TRUST = (
    "No connection to {url}: its certificate was not accepted ({said}). Nothing was sent. If a proxy of your network "
    "signs for others, set SSL_CERT_FILE to the file of its authority's certificate; else check base_url."
)

_NO_TLS = (
    "No connection to {url}: the server at {host}:{port}, or a proxy before it, does not speak TLS: is it http://? "
    "Nothing was sent; check base_url."
)

_PROXY = " It goes through the proxy of the environment's {}: check that, or name the host in NO_PROXY."

MAX_ERROR_BYTES = 1024 * 1024
"""How much of an error's body is read, in bytes."""

CODINGS = ("gzip", "deflate")
"""The compressions that are asked for and taken, one at a time. Of the others that httpx may know, zstd and brotli can
make gigabytes of a few bytes, and so can several on top of each other."""


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
        client = self._own_client or self._pool.client(self)
        with translate(call.url, request_id, None if self._own_client else self._pool):
            request = client.build_request(
                call.method, call.url, headers=headers, params=call.params, content=call.content, timeout=timeout
            )
            self._sign(request, call)
            response = client.send(request, stream=True, auth=None, follow_redirects=False)
        if call.stream and response.is_success:
            return self._answer(response, call.url, request_id, stream=response)
        try:
            with translate(call.url, request_id):
                body = _collect(response, self._bound(response, call, request_id))
        finally:
            response.close()
        return self._answer(response, call.url, request_id, body=body)

    async def aperform(self, call: HttpCall) -> HttpAnswer:
        """`perform`, async."""
        request_id, headers, timeout = self._prepare(call)
        client = self._own_async_client or await self._pool.async_client(self)
        with translate(call.url, request_id, None if self._own_async_client else self._pool):
            request = client.build_request(
                call.method, call.url, headers=headers, params=call.params, content=call.content, timeout=timeout
            )
            self._sign(request, call)
            response = await client.send(request, stream=True, auth=None, follow_redirects=False)
        if call.stream and response.is_success:
            return self._answer(response, call.url, request_id, stream=response)
        try:
            with translate(call.url, request_id):
                body = await _acollect(response, self._bound(response, call, request_id))
        finally:
            await response.aclose()
        return self._answer(response, call.url, request_id, body=body)

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
                    f"{call.url} is not at {self.settings.base_url}: the key was not sent there. "
                    "If that is the service's new address, pass it as base_url.",
                    request_id=request_id,
                )
            self.settings.require_key()
        seconds = self._seconds(call)
        return request_id, headers, httpx.Timeout(seconds, connect=min(CONNECT_TIMEOUT, seconds))

    def _seconds(self, call: HttpCall) -> float:
        return self.settings.timeout if call.timeout is None else call.timeout

    def _sign(self, request: httpx.Request, call: HttpCall) -> None:
        """Puts the key into the header, last and in one expression: so it is in no variable that a traceback shows."""
        if call.auth is not None:
            request.headers["authorization"] = f"{call.auth} {self.settings.require_key()}"

    def _bound(self, response: httpx.Response, call: HttpCall, request_id: str) -> _Bound:
        return _Bound(response, self._seconds(call), self.settings.max_reply_bytes, call.url, request_id)

    def _answer(
        self,
        response: httpx.Response,
        url: str,
        request_id: str,
        *,
        body: bytes = b"",
        stream: httpx.Response | None = None,
    ) -> HttpAnswer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if not response.is_success:
            # What a service says to a request that it does not like may quote the request, and ends up in an error.
            headers = {name: self.settings.without_key(value) for name, value in headers.items()}
            body = self.settings.without_key(body.decode("latin-1")).encode("latin-1")  # which keeps every byte
        return HttpAnswer(response.status_code, headers, body, url, headers.get("x-request-id", request_id), stream)


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
        self._url = url
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
            f"The answer of {url} is compressed in a way that was not asked for: {coding[:100]!r}. It was not read.",
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
def translate(url: str, request_id: str | None, pool: ClientPool | None = None) -> Iterator[None]:
    """Turns httpx's failures into ours, at this one seam. `pool` is whose client it is, unless it is the caller's own.

    The chain is cut, and not just hidden: httpx's and aiohttp's exceptions hold the request, their frames what was
    written to the socket, and both of them the key.
    """
    try:
        with _translating(url, request_id):
            yield
    except SeaCloudError as error:
        error.__context__ = None
        variable = pool.proxy_variable(url) if pool and isinstance(error, ConnectionFailed) else None
        if variable is not None:  # its value is not shown: it may hold a password
            error.message += _PROXY.format(variable)
        raise


@contextmanager
def _translating(url: str, request_id: str | None) -> Iterator[None]:
    try:
        yield
    except SeaCloudError:
        raise
    except Exception as failure:  # _translated hands on what is neither httpx's nor aiohttp's
        error = _translated(failure, url, request_id)
        if error is failure:
            raise
        raise error from None


def _translated(failure: Exception, url: str, request_id: str | None) -> Exception:
    said = str(failure) or type(failure).__name__
    if isinstance(failure, (httpx.InvalidURL, UnicodeError, ValueError)):
        return ProtocolError(f"{url} cannot be requested: {said}.", request_id=request_id)
    if isinstance(failure, RuntimeError) and any(words in said.lower() for words in ("event loop", "different loop")):
        return ConfigurationError(_OTHER_LOOP.format(url=url), request_id=request_id)
    if _is_aiohttps(failure):
        # httpx-aiohttp passes it on: an answer that is no HTTP. Its repr would show the request's headers.
        failure.args, vars(failure)["request_info"] = (said,), None
        failure = httpx.ReadError(said)
    if isinstance(failure, httpx.ConnectTimeout) and _is_aiohttps(failure.__cause__):
        failure = _connecting(failure.__cause__)(said)
    if not isinstance(failure, httpx.HTTPError):
        return failure
    cls, sentence = _meaning(failure, said)
    _, host, port = origin_of(url)
    return cls(sentence.format(url=url, said=said.rstrip("."), host=host, port=port), request_id=request_id)


def _meaning(failure: httpx.HTTPError, said: str) -> tuple[type[SeaCloudError], str]:
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return ConnectionFailed, _NO_TRUST
    if isinstance(failure, httpx.ConnectError) and "WRONG_VERSION_NUMBER" in said:  # later, it is a garbled record
        return ConnectionFailed, _NO_TLS
    known = (make for kinds, make in _TRANSLATIONS if isinstance(failure, kinds))
    return next(known, (TransportError, "The exchange with {url} failed: {said}."))


def _is_aiohttps(failure: BaseException | None) -> bool:
    return type(failure).__module__.partition(".")[0] == "aiohttp"


def _connecting(cause: BaseException | None) -> type[httpx.TransportError]:
    """What aiohttp's failure is to httpx: httpx-aiohttp calls it a `ConnectTimeout`, whatever became of a connection.

    What may have been sent must not be taken for what was not, and be sent again: so only the two failures of aiohttp
    that come before a connection are of connecting.
    """
    kinds = {cls.__name__ for cls in type(cause).__mro__}
    if "ConnectionTimeoutError" in kinds:
        return httpx.ConnectTimeout
    return httpx.ConnectError if "ClientConnectorError" in kinds else httpx.ReadError


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
        check_coding(response, answer.url, answer.request_id)
        yield _translated_bytes(response, answer)
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
            error = _translated(failure, answer.url, answer.request_id)
            if error is failure:
                raise
        raise error  # here, where nothing is being handled, so that no chain leads to what holds the key

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(RuntimeError):  # the loop is closing it already
            if isinstance(self._chunks, AsyncGenerator):
                await self._chunks.aclose()
        await self._response.aclose()
