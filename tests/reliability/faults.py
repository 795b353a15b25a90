"""The fault matrix as data: each fault, how a stub brings it about, and what each kind of operation makes of it.

`test_fault_matrix` asserts every cell, and `table` writes them down as `docs/fault-table.md`. The expectations are
design.md's rules written out: chat is repeated after 429, 502, 503, 504, 529 and where no connection was made; a task
is posted once; questions about tasks, and downloads, are repeated where that may help.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time
from typing import Any, TypeAlias

import httpx

from reliability.operations import HOST, KINDS, Operation

RETRIES = 2
"""What `max_retries` is by default."""

BACKOFF = 1.5
"""The seconds that two retries wait at most, by the backoff of 0.5 and 1 s."""

ERROR_BYTES = 100 * 1000 * 1000

Stub: TypeAlias = Callable[[Operation, int], httpx.Response]
"""Answers the request of this number (from 0), or raises what httpx would."""


@dataclass(frozen=True)
class Outcome:
    """What becomes of an operation.

    Attributes:
        error: the class of the error; `None` if it succeeds.
        sent: how many requests are made.
        waits: the seconds that are waited between them, at most.
    """

    error: str | None
    sent: int = 1
    waits: float = 0.0


def once(error: str | None) -> Outcome:
    return Outcome(error)


def again(error: str | None, waits: float = BACKOFF) -> Outcome:
    return Outcome(error, 1 + RETRIES, waits)


GOOD = once(None)
LOST = once("SubmitOutcomeUnknown")

Outcomes: TypeAlias = Mapping[str, "Outcome | None"]


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    Attributes:
        name: its name in tests.
        title: what happens, in words.
        group: the table that it stands in.
        stubs: what brings it about without a network; several ways must come to the same.
        outcomes: for each kind of operation; `None` where it cannot happen.
        options: settings that it needs.
        real: the script of `raw_server` that brings it about on a real socket.
        where: what it is a fault of, for a real one: `tls` and `dns` are addresses, not answers.
    """

    name: str
    title: str
    group: str
    stubs: tuple[Stub, ...]
    outcomes: Outcomes
    options: Mapping[str, Any] = field(default_factory=dict)
    real: str | None = None


def outcomes(
    chat: Outcome | None,
    submit: Outcome | None,
    ask: Outcome | None,
    download: Outcome | None,
    **others: Outcome | None,
) -> Outcomes:
    """By kind: a stream is as chat is, and result and cancel as status is, unless they are named."""
    table = {"chat": chat, "stream": chat, "submit": submit, "status": ask, "result": ask, "cancel": ask}
    return {**table, "download": download, **others}


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, that may break off with an error. It counts what was taken of it."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]]) -> None:
        self._pieces = pieces
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces():
            self.taken += len(piece)
            yield piece

    async def __aiter__(self) -> Any:
        for piece in self:
            yield piece


def good(operation: Operation, content_type: str | None = None, **headers: str) -> httpx.Response:
    """What the operation hopes for."""
    headers["content-type"] = content_type or operation.content_type
    return httpx.Response(operation.status, headers=headers, stream=Body(lambda: iter([operation.good])))


def raising(error: Callable[[str], Exception]) -> Stub:
    def stub(_: Operation, __: int) -> httpx.Response:
        raise error("as ordered")

    return stub


def breaking(error: Callable[[str], Exception]) -> Stub:
    """Half of the good answer, and then this."""

    def stub(operation: Operation, _: int) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            yield operation.good[: len(operation.good) // 2]
            raise error("as ordered")

        return httpx.Response(operation.status, headers={"content-type": operation.content_type}, stream=Body(pieces))

    return stub


def answering(status: int | None, body: bytes, content_type: str = "application/json", **headers: str) -> Stub:
    """This answer; without a status, the operation's own."""
    sent = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda operation, _: httpx.Response(status or operation.status, headers=sent, content=body)


def relabelled(content_type: str) -> Stub:
    return lambda operation, _: good(operation, content_type)


def truncated(operation: Operation, _: int) -> httpx.Response:
    """JSON that breaks off, in a body that does not; of a stream, the JSON of an event in its middle."""
    body = operation.good
    body = body.replace(b"}\n\n", b"\n\n", 2) if operation.kind == "stream" else body[: len(body) * 2 // 3]
    return httpx.Response(operation.status, headers={"content-type": operation.content_type}, content=body)


def garbled(operation: Operation, _: int) -> httpx.Response:
    headers = {"content-type": operation.content_type, "content-encoding": "gzip"}
    return httpx.Response(operation.status, headers=headers, stream=Body(lambda: iter([b"no gzip at all" * 10])))


def unasked_coding(operation: Operation, _: int) -> httpx.Response:
    headers = {"content-type": operation.content_type, "content-encoding": "gzip, gzip"}
    return httpx.Response(operation.status, headers=headers, stream=Body(lambda: iter([b"\x1f\x8b" * 10])))


def _many(piece: bytes, total: int) -> Iterator[bytes]:
    for _ in range(total // len(piece)):
        yield piece


def huge_error(_: Operation, __: int) -> httpx.Response:
    return httpx.Response(
        500, headers={"content-type": "text/plain"}, stream=Body(lambda: _many(b"x" * 65536, ERROR_BYTES))
    )


def huge_answer(operation: Operation, _: int) -> httpx.Response:
    """An answer without an end: a stream of comments, or a text."""
    piece = b": ping\n\n" * 8192 if operation.kind == "stream" else b"x" * 65536
    headers = {"content-type": operation.content_type}
    return httpx.Response(operation.status, headers=headers, stream=Body(lambda: _many(piece, ERROR_BYTES)))


def redirecting(to: str, *, for_ever: bool = False, status: int = 307) -> Stub:
    def stub(operation: Operation, number: int) -> httpx.Response:
        if number and not for_ever:
            return good(operation)
        return httpx.Response(status, headers={"location": to})

    return stub


CONNECTION = "Connection"
ANSWER = "Answer"
WAITS = "Retry-After"
STATUS = "Status"

NO_CONNECTION = outcomes(*[again("ConnectionFailed")] * 3, again("DownloadError"))
BROKEN = outcomes(once("StreamBroken"), LOST, again("StreamBroken"), again("DownloadError"))
LATE = outcomes(once("TimedOut"), LOST, again("TimedOut"), again("DownloadError"))
GARBLED = outcomes(once("ProtocolError"), LOST, again("ProtocolError"), once("DownloadError"))
ALL_GOOD = outcomes(GOOD, GOOD, GOOD, GOOD)


def _connections() -> Iterator[Fault]:
    rows: tuple[tuple[str, str, type[httpx.HTTPError], Outcomes], ...] = (
        ("dns", "the host's name is not known", httpx.ConnectError, NO_CONNECTION),
        ("refused", "the connection is refused", httpx.ConnectError, NO_CONNECTION),
        ("tls", "TLS fails: the server does not speak it", httpx.ConnectError, NO_CONNECTION),
        ("tls_stranger", "TLS fails: nobody knows who signed the certificate", httpx.ConnectError, NO_CONNECTION),
        ("tls_expired", "TLS fails: the certificate has expired", httpx.ConnectError, NO_CONNECTION),
        ("tls_other_host", "TLS fails: the certificate is another host's", httpx.ConnectError, NO_CONNECTION),
        ("connect_timeout", "no connection in time", httpx.ConnectTimeout, NO_CONNECTION),
        ("pool_timeout", "all connections stay busy", httpx.PoolTimeout, NO_CONNECTION),
        ("reset_before", "reset while the request is sent", httpx.WriteError, BROKEN),
        ("write_timeout", "the server takes no bytes", httpx.WriteTimeout, LATE),
        ("reset_after", "reset once the request was sent", httpx.ReadError, BROKEN),
        ("hang_up", "closed without an answer", httpx.RemoteProtocolError, BROKEN),
        ("no_http", "an answer that is no HTTP", httpx.RemoteProtocolError, BROKEN),
        ("slow_headers", "no answer in time", httpx.ReadTimeout, LATE),
    )
    scripted = {"connect_timeout", "pool_timeout", "write_timeout"}
    for name, title, error, expected in rows:
        yield Fault(name, title, CONNECTION, (raising(error),), expected, real=None if name in scripted else name)


PAGE = b"<!doctype html><html><body><h1>Welcome to the portal</h1></body></html>"
IN_A_200 = json.dumps({"error": {"message": "slow down", "type": "rate_limit_error"}}).encode()

FINAL_RATE = outcomes(*[once("RateLimitError")] * 3, None)
FOREIGN = "https://elsewhere.test/v1/x"
SAME = f"https://{HOST}/moved"
REDIRECT = outcomes(
    once("ProtocolError"), once("ProtocolError"), Outcome(None, 2), Outcome(None, 2), cancel=once("ProtocolError")
)
LOOP = {**REDIRECT, "status": Outcome("ProtocolError", 6), "result": Outcome("ProtocolError", 6)}
LOOP["download"] = Outcome("DownloadError", 6)

ANSWERS = (
    Fault("stall", "silence in the middle of the body", ANSWER, (breaking(httpx.ReadTimeout),), LATE, real="stall"),
    Fault("slow_body", "a body that drips in without an end", ANSWER, (), LATE, real="slow_body"),
    Fault(
        "early_close",
        "the connection closes in the middle of the body",
        ANSWER,
        (breaking(httpx.RemoteProtocolError), breaking(httpx.ReadError)),
        BROKEN,
        real="early_close",
    ),
    Fault(
        "truncated",
        "JSON that breaks off, in a body that does not",
        ANSWER,
        (truncated,),
        {**GARBLED, "download": None},
        real="truncated",
    ),
    Fault(
        "page",
        "a web page with status 200",
        ANSWER,
        (answering(None, PAGE, "text/html"), answering(None, PAGE, "application/json")),
        GARBLED,
        real="page",
    ),
    Fault(
        "wrong_type",
        "the right body under a wrong content type",
        ANSWER,
        (relabelled("text/plain"), relabelled("application/octet-stream"), relabelled("application/json")),
        ALL_GOOD,
        real="wrong_type",
    ),
    Fault("gzip_garbage", "gzip that is none", ANSWER, (garbled,), GARBLED, real="gzip_garbage"),
    Fault("coding", "compressed in a way that was not asked for", ANSWER, (unasked_coding,), GARBLED, real="coding"),
    Fault(
        "huge_error",
        "an error of 100 MB, status 500",
        ANSWER,
        (huge_error,),
        outcomes(once("ServerError"), LOST, once("ServerError"), once("DownloadError")),
        real="huge_error",
    ),
    Fault(
        "huge_answer",
        "an answer longer than `max_reply_bytes`",
        ANSWER,
        (huge_answer,),
        {**dict.fromkeys(KINDS), "chat": once("ProtocolError"), "stream": once("ProtocolError")},
        {"max_reply_bytes": 1_000_000},
        real="huge_answer",
    ),
    Fault(
        "error_in_200",
        "an error with status 200 (a rate limit)",
        ANSWER,
        (answering(200, IN_A_200),),
        FINAL_RATE,
    ),
    Fault(
        "error_event",
        "an error in the middle of a stream (a rate limit)",
        ANSWER,
        (
            lambda operation, _: httpx.Response(
                200,
                headers={"content-type": "text/event-stream"},
                content=operation.good.partition(b"\n\n")[0] + b"\n\nevent: error\ndata: " + IN_A_200 + b"\n\n",
            ),
        ),
        {**dict.fromkeys(KINDS), "stream": once("RateLimitError")},
    ),
    Fault(
        "redirect",
        "a redirect within the origin",
        ANSWER,
        (redirecting(SAME), redirecting("/moved", status=308), redirecting("/moved", status=301)),
        REDIRECT,
    ),
    Fault(
        "redirect_done",
        "a redirect to where the outcome is (302, 303)",
        ANSWER,
        (redirecting("/moved", status=302), redirecting(SAME, status=303)),
        {**REDIRECT, "submit": LOST},
    ),
    Fault("redirect_loop", "redirects without an end", ANSWER, (redirecting(SAME, for_ever=True),), LOOP),
    Fault(
        "redirect_foreign",
        "a redirect to another origin",
        ANSWER,
        (redirecting(FOREIGN), redirecting("//elsewhere.test/x"), redirecting(f"https://{HOST}@elsewhere.test/x")),
        {**dict.fromkeys(KINDS, once("ForeignOriginError")), "download": None},
        real=None,
    ),
    Fault(
        "redirect_public",
        "a download's redirect to another public host",
        ANSWER,
        (redirecting(FOREIGN),),
        {**dict.fromkeys(KINDS), "download": Outcome(None, 2)},
    ),
    Fault(
        "redirect_private",
        "a download's redirect to a private address, or from https to http",
        ANSWER,
        (
            redirecting("https://169.254.169.254/latest/meta-data"),
            redirecting("https://[::1]/x"),
            redirecting(f"http://{HOST}/x"),
            redirecting("file:///etc/passwd"),
            redirecting("https://user:pw@elsewhere.test/x"),
        ),
        {**dict.fromkeys(KINDS), "download": once("DownloadError")},
    ),
)


def _asked(value: str, waits: float) -> Fault:
    expected = outcomes(
        again("RateLimitError", waits),
        once("RateLimitError"),
        again("RateLimitError", waits),
        again("DownloadError", waits),
    )
    shown = value if len(value) < 40 else f"{value[:8]}... ({len(value)} digits)"
    return Fault(
        f"retry_after_{shown}",
        f"429, Retry-After: `{shown}`",
        WAITS,
        (answering(429, b"{}", retry_after=value),),
        expected,
    )


def _dated(seconds: float, shown: str, waits: float) -> Fault:
    """A date, reckoned when it is answered: HTTP's dates have no fractions, so up to a second less is waited."""

    def stub(_: Operation, __: int) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": formatdate(time() + seconds, usegmt=True)}, json={})

    row = _asked(shown, waits)
    return Fault(row.name, row.title, row.group, (stub,), row.outcomes)


RETRY_AFTER = (
    _asked("2", 4.0),
    _asked("0.5", 1.0),
    _asked("0", 0.0),
    _asked("86400", 120.0),
    _asked("1e300", 120.0),
    _asked("9" * 400, BACKOFF),
    _asked("-5", BACKOFF),
    _asked("nan", BACKOFF),
    _asked("inf", BACKOFF),
    _asked("soon", BACKOFF),
    _asked("", BACKOFF),
    _dated(20, "(a date in 20 s)", 40.0),
    _dated(-3600, "(a date that is past)", 0.0),
    _asked("Fri, 31 Dec 9999 23:59:59 GMT", 120.0),
    _asked("Mon, 99 Foo 20266 99:99:99 GMT", BACKOFF),
)

Shape: TypeAlias = Callable[[int, str], "tuple[bytes, str]"]


def _as_json(make: Callable[[int, str], Any]) -> Shape:
    return lambda status, said: (json.dumps(make(status, said)).encode(), "application/json")


SHAPES: Mapping[str, Shape] = {
    "a plain string": _as_json(lambda _, said: {"error": said}),
    "OpenAI's object": _as_json(lambda _, said: {"error": {"message": said, "type": "x", "param": None, "code": None}}),
    "Anthropic's object": _as_json(lambda _, said: {"type": "error", "error": {"type": "x_error", "message": said}}),
    "the vendor's status": _as_json(lambda status, said: {"status": {"code": status, "message": said}, "data": None}),
    "the queue's error": _as_json(lambda _, said: {"error": {"code": "X", "message": said}, "request_id": "r"}),
    "the queue's detail": _as_json(lambda _, said: {"detail": said}),
    "a web page": lambda _, said: (f"<html><body><h1>{said}</h1></body></html>".encode(), "text/html"),
    "a text": lambda _, said: (said.encode(), "text/plain"),
}
"""The shapes of an error (seacloud-api.md), and what gateways send in their place."""

FINAL_STATUSES = (
    (400, "bad value", "InvalidRequestError"),
    (400, "maximum context length is 8 tokens", "ContextLengthError"),
    (401, "missing authentication token", "AuthenticationError"),
    (402, "no more", "InsufficientBalanceError"),
    (403, "invalid api key", "AuthenticationError"),
    (403, "insufficient balance", "InsufficientBalanceError"),
    (403, "Model not allowed for this user", "ModelNotAllowedError"),
    (403, "no", "PermissionDeniedError"),
    (404, "no such path", "NotFoundError"),
    (409, "conflict", "InvalidRequestError"),
    (413, "too large", "InvalidRequestError"),
    (422, "bad value", "InvalidRequestError"),
)


def _status(status: int, said: str, expected: Outcomes, **headers: str) -> Fault:
    stubs = tuple(
        answering(status, body, kind, **headers) for body, kind in (make(status, said) for make in SHAPES.values())
    )
    name = f"{status}_{said}{'_retry_after' if headers else ''}".replace(" ", "_")
    title = f'{status} "{said}"' + (", Retry-After: `1`" if headers else "")
    return Fault(name, title, STATUS, stubs, expected)


def _statuses() -> Iterator[Fault]:
    for status, said, error in FINAL_STATUSES:
        yield _status(status, said, outcomes(*[once(error)] * 3, once("DownloadError")))
    unknown = outcomes(once("InvalidRequestError"), LOST, once("InvalidRequestError"), once("DownloadError"))
    yield _status(408, "request timeout", unknown)
    rate = outcomes(again("RateLimitError"), once("RateLimitError"), again("RateLimitError"), again("DownloadError"))
    yield _status(429, "quota exceeded", rate)
    yield _status(500, "oops", outcomes(once("ServerError"), LOST, once("ServerError"), once("DownloadError")))
    for status in (502, 503, 504):
        served = outcomes(again("ServerError"), LOST, again("ServerError"), again("DownloadError"))
        yield _status(status, "unavailable", served)
    refused = once("ServerError")
    busy = outcomes(again("ServerError", 2.0), refused, again("ServerError", 2.0), again("DownloadError", 2.0))
    yield _status(503, "unavailable", busy, retry_after="1")
    yield _status(
        529, "overloaded", outcomes(again("ServerError"), refused, again("ServerError"), again("DownloadError"))
    )


FAULTS: tuple[Fault, ...] = (*_connections(), *ANSWERS, *_statuses(), *RETRY_AFTER)
