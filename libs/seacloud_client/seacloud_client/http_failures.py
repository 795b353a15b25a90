"""httpx's failures, and aiohttp's, turned into ours: at one seam, and with nothing in them that holds the key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from seacloud_client.errors import (
    ConfigurationError,
    ConnectionFailed,
    ProtocolError,
    SeaCloudError,
    StreamBroken,
    TimedOut,
    TransportError,
)
from seacloud_client.pool import ClientPool
from seacloud_client.settings import origin_of, shown_url

MAX_SAID = 500
"""Characters of a failure's own words that are shown."""

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
    "No connection to {url}: the server at {host}:{port}, or a proxy before it, does not speak TLS. Nothing was sent; "
    "check base_url: is it to begin with http instead of https?"
)

_PROXY = " It goes through the proxy of the environment's {}: check that, or name the host in NO_PROXY."


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
    except Exception as failure:  # as_ours hands on what is neither httpx's nor aiohttp's
        error = as_ours(failure, url, request_id)
        if error is failure:
            raise
        raise error from None


def as_ours(failure: Exception, url: str, request_id: str | None) -> Exception:
    """The error of ours that a failure means; the failure itself where it is neither httpx's nor aiohttp's."""
    said, shown = str(failure)[:MAX_SAID] or type(failure).__name__, shown_url(url)
    if isinstance(failure, (httpx.InvalidURL, UnicodeError, ValueError)):
        return ProtocolError(f"{shown} cannot be requested: {said}.", request_id=request_id)
    if isinstance(failure, RuntimeError) and any(words in said.lower() for words in ("event loop", "different loop")):
        return ConfigurationError(_OTHER_LOOP.format(url=shown), request_id=request_id)
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
    return cls(sentence.format(url=shown, said=said.rstrip("."), host=host, port=port), request_id=request_id)


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
