"""What to send and when, without sending it.

An operation of several steps is a generator that yields `HttpCall` and `Sleep` values and is sent an `HttpAnswer` for
the first and nothing for the second. A failure to get an answer is thrown into it. So retries, waits and the mapping
of errors are plain code, which a test drives without a socket or a clock; `seacloud_client.drivers` drives it with
both.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urljoin

import httpx

from seacloud_client.error_mapping import error_from_answer
from seacloud_client.errors import ConnectionFailed, ForeignOriginError, ProtocolError, RateLimitError, TransportError
from seacloud_client.settings import origin_of, shown_url

T = TypeVar("T")

RETRIED_STATUSES = frozenset({429, 502, 503, 504, 529})
"""Answers after which the same request may succeed. The others are final: 400, 401, 402, 403, 404, 408, 409, 500."""

MAX_RETRY_AFTER = 60.0
"""The longest wait, in seconds, that a Retry-After header can impose."""

FIRST_BACKOFF = 0.5
MAX_BACKOFF = 8.0
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """A request to make. The key is not part of it: the transport adds it, to the service's own origin alone.

    Attributes:
        auth: the scheme of the `Authorization` header, or `None` for a request without credentials.
        stream: whether the body of a successful answer is to be left open, for the caller to read.
        timeout: seconds without a byte before it is given up; `None` for the settings' own.
        on_answer: told the answer as soon as it is here, even if whoever waited for it was interrupted meanwhile, by a
            driver with an `Interruption`. For an answer that is needed in order to clean up.
    """

    method: str
    url: str
    auth: Literal["Bearer", "Key"] | None
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] | None = None
    content: bytes | None = None
    stream: bool = False
    timeout: float | None = None
    on_answer: Callable[[HttpAnswer], object] | None = None


@dataclass(frozen=True, slots=True)
class Sleep:
    """A wait, in seconds, that an interruption may cut short."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer. `stream` is the open response where the call asked for one and it succeeded; `body` is then empty."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    url: str = ""
    request_id: str | None = None
    stream: httpx.Response | None = None

    @property
    def content_type(self) -> str:
        """The media type, without parameters, in lower case."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()


Step: TypeAlias = "HttpCall | Sleep"
Flow: TypeAlias = Generator[Step, Any, T]


def send(call: HttpCall, *, max_retries: int, retry_unanswered: bool = False) -> Flow[HttpAnswer]:
    """Makes a call, and makes it again, at most `max_retries` times, where that is safe and may help.

    Safe means: the service answered that it would not do it now (`RETRIED_STATUSES`), or the request cannot have
    arrived. One that was sent and not answered is repeated only with `retry_unanswered`.

    Raises:
        APIError: the class that fits the service's answer.
        TransportError: if no answer came.
        ForeignOriginError: if it redirects elsewhere.
    """
    attempt = 0
    redirects = 0
    while True:
        try:
            answer: HttpAnswer = yield call
        except TransportError as failure:
            may_repeat = retry_unanswered or isinstance(failure, ConnectionFailed)
            if not may_repeat or attempt >= max_retries:
                raise
            wait = backoff(attempt)
        else:
            if answer.status < 300:
                return answer
            if answer.status < 400:
                redirects += 1
                call = redirected(call, answer, redirects)
                continue
            error = error_from_answer(answer.status, answer.headers, answer.body, answer.url, answer.request_id)
            asked = retry_after(answer.headers)
            if isinstance(error, RateLimitError):
                error.retry_after = asked
            if answer.status not in RETRIED_STATUSES or attempt >= max_retries:
                raise error
            wait = backoff(attempt) if asked is None else min(asked, MAX_RETRY_AFTER)
        attempt += 1
        yield Sleep(wait)


def backoff(attempt: int) -> float:
    """The wait, in seconds, before the retry that follows attempt number `attempt` (from 0): doubling, with jitter."""
    return min(FIRST_BACKOFF * 2.0 ** min(attempt, 10), MAX_BACKOFF) * random.uniform(0.75, 1.0)  # noqa: S311  # not a secret


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The wait that a Retry-After header asks for, in seconds: it may be a number or a date. `None` if there is none.

    `retry-after-ms`, which some gateways send beside it, is more exact and wins.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            continue
        return seconds if 0 <= seconds < float("inf") else None
    date = headers.get("retry-after")
    if not date:
        return None
    try:
        then = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    return max(0.0, (then - (now or datetime.now(timezone.utc))).total_seconds())


def redirected(call: HttpCall, answer: HttpAnswer, redirects: int) -> HttpCall:
    """The call to make after a redirect: only a GET follows, and only within the origin, since the key goes along."""
    location = answer.headers.get("location", "")
    try:
        target = urljoin(answer.url, location)
    except ValueError:  # it is no address: nowhere near ours
        target = location
    facts: dict[str, Any] = {
        "status": answer.status,
        "request_id": answer.request_id,
        "headers": answer.headers,
    }
    if origin_of(target) != origin_of(call.url):
        raise ForeignOriginError(
            f"{shown_url(call.url)} redirects to another origin ({shown_url(target)}). The key was not sent there. "
            "If that is the service's new address, pass it as base_url.",
            **facts,
        )
    if call.method != "GET" or redirects > MAX_REDIRECTS:
        raise ProtocolError(
            f"{call.method} {shown_url(call.url)} redirects to {shown_url(target)}. It was not followed: pass the "
            "right address as base_url.",
            **facts,
        )
    return replace(call, url=target, params=None)  # the target's query is the whole of it
