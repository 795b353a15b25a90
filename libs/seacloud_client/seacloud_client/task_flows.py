"""The steps of a task's life, sans-IO: to create it once, to ask how it is, to fetch its result, to cancel it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

from seacloud_client.downloads import Downloader
from seacloud_client.error_mapping import error_from_answer
from seacloud_client.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    ForeignOriginError,
    InvalidInputError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
    RateLimitError,
    SeaCloudError,
    ServerError,
    SubmitOutcomeUnknown,
    TransportError,
)
from seacloud_client.flows import Flow, HttpAnswer, HttpCall, Sleep, backoff, redirected, retry_after, send
from seacloud_client.media import TaskResult, read_result
from seacloud_client.settings import Settings, origin_of
from seacloud_client.task_wire import Cancellation, TaskStatus, failure_of, read_cancellation, read_object, read_status

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@~+-]{0,199}")
"""What a model's id and a task's may be: they become parts of a path, and none of these means anything there."""

UNKNOWN_TASK_WAITS = (0.3, 0.6, 1.2)
"""Seconds between questions for a task that the service does not know: it may have been created a moment ago."""

_UNKNOWN_TASK = re.compile(r"\brequest\b.{0,20}not[ _]found|^not_found\b", re.IGNORECASE)

MAX_ADDRESS = 2000
"""Characters of an address of the service's; a longer one counts as none, and is not carried into errors."""

NOT_CREATED = (APIError, ConfigurationError, ConnectionFailed, InvalidInputError)
"""The errors of a creation (`post_once`, and what is checked before it) after which there is certainly no task."""

_CONSOLE = "Look among the account's tasks, or ask support with the request id, before you post it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a task's status and result are and where it is cancelled, as the service said when it was created."""

    status: str | None = None
    response: str | None = None
    cancel: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A task that was created. `addresses` are empty for one whose handle was rebuilt from its two strings."""

    model: str
    request_id: str
    addresses: Addresses = Addresses()
    queue_position: int | None = None


def check_id(value: str, what: str) -> str:
    """A model's or a task's id, if it is one that can be part of a path.

    Raises:
        InvalidInputError: for another: empty, with a slash, a space, a control character, not ASCII, ...
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"The {what} is empty: give one, such as 'nano_banana_2'. Nothing was sent.")
    if not _ID.fullmatch(value):
        raise InvalidInputError(
            f"The {what} {value[:100]!r} is none: it may have letters, digits and _ . : @ ~ + -, and be 200 long. "
            "Nothing was sent."
        )
    return value


class TaskCalls:
    """The queue's four calls.

    The service says at creation where a task's status and result are, and its overview page follows that, so we do as
    well: such an address must be of the configured origin, and the transport refuses another (`ForeignOriginError`)
    without sending the key. Only a scheme of `http` where ours is `https` is put right: that is a service behind a
    proxy that ends TLS. A handle that was rebuilt from its two strings has no such addresses; then, and always with
    `follow_addresses=False`, they are built from the base URL by the documented pattern. A task can be cancelled in
    any case: where the address for that is of another origin, the built one is used.
    """

    def __init__(self, settings: Settings, *, follow_addresses: bool = True) -> None:
        self._settings = settings
        self._follows = follow_addresses

    def create(self, model: str, body: bytes) -> HttpCall:
        """POST, to create a task."""
        return HttpCall(
            method="POST",
            url=f"{self._settings.base_url}/v1/queue/{model}",
            auth="Key",
            headers={"Content-Type": "application/json"},
            content=body,
            timeout=self._settings.timeout,
        )

    def status(self, task: Created) -> HttpCall:
        """GET, how it is."""
        return self._call("GET", self._given(task.addresses.status) or self._built(task, "status"))

    def result(self, task: Created) -> HttpCall:
        """GET, what it made."""
        return self._call("GET", self._given(task.addresses.response) or self._built(task, "response"))

    def cancel(self, task: Created) -> HttpCall:
        """PUT, to cancel it."""
        given = self._given(task.addresses.cancel)
        if given is None or origin_of(given) != self._settings.origin:
            given = self._built(task, "cancel")
        return self._call("PUT", given)

    def _call(self, method: str, url: str) -> HttpCall:
        return HttpCall(method=method, url=url, auth="Key", timeout=self._settings.timeout)

    def _built(self, task: Created, step: str) -> str:
        return f"{self._settings.base_url}/v1/queue/{task.model}/requests/{task.request_id}/{step}"

    def _given(self, url: str | None) -> str | None:
        if url is None or not self._follows:
            return None
        ours = urlsplit(self._settings.base_url)
        try:
            url = urljoin(self._settings.base_url, url)
            parts = urlsplit(url)
            is_plain = parts.port in (None, 80) and parts.scheme == "http"
        except ValueError:  # it is no address at all
            return None
        if is_plain and ours.scheme == "https" and parts.hostname == ours.hostname:
            return urlunsplit((ours.scheme, ours.netloc, parts.path, parts.query, ""))
        return url


def post_once(call: HttpCall, model: str, *, max_retries: int) -> Flow[Created]:
    """Creates a task, by one POST, whatever happens.

    It is posted again only if no connection was made, so that it cannot have arrived. What came of it is not known,
    and `SubmitOutcomeUnknown` says so, if no answer came; if the answer holds no task's id; or if it is a 408 or 5xx,
    which gateways also send for a request that they passed on, or a 302 or 303, which says that the outcome is found
    elsewhere. Only these say that nothing was created: another 4xx, a 529, and a 503 with Retry-After, by which a
    service says that it takes nothing at present.

    Raises:
        SubmitOutcomeUnknown: if the task may exist.
        APIError: if it was refused.
        ConnectionFailed: if it cannot have arrived.
    """
    for attempt in count():
        try:
            answer: HttpAnswer = yield call
        except ConnectionFailed:
            if attempt >= max_retries:
                raise
        except (TransportError, ProtocolError) as failure:
            raise _unknown(model, "no answer came", failure) from failure
        else:
            return read_created(answer, call, model)
        yield Sleep(backoff(attempt))
    raise AssertionError  # count() has no end


def read_created(answer: HttpAnswer, call: HttpCall, model: str) -> Created:
    """The task that an answer to its creation tells of.

    Raises:
        SubmitOutcomeUnknown, APIError, ProtocolError, ForeignOriginError: as `post_once` does.
    """
    if 300 <= answer.status < 400:
        try:
            redirected(call, answer, 1)  # raises: a POST is not redirected
        except (ProtocolError, ForeignOriginError) as redirect:
            if answer.status in _DONE_ELSEWHERE:
                raise _unknown(model, f"the answer was {answer.status}, a redirect", redirect) from redirect
            raise
    if answer.status >= 400:
        error = error_from_answer(answer.status, answer.headers, answer.body, answer.url, answer.request_id)
        wait = retry_after(answer.headers)
        if isinstance(error, RateLimitError):
            error.retry_after = wait
        if _may_have_been_done(answer.status, wait):
            raise _unknown(model, f"the answer was {answer.status}", error) from error
        raise error
    try:
        body = read_object(answer)
        request_id = _id_in(body, answer)
    except ServerError as error:
        raise _unknown(model, "the answer was an error of the service", error) from error
    except ProtocolError as error:
        raise _unknown(model, "the answer cannot be read", error) from error
    addresses = Addresses(**{name: _address_in(body, f"{name}_url") for name in ("status", "response", "cancel")})
    position = body.get("queue_position")
    return Created(model, request_id, addresses, position if type(position) is int else None)


def _may_have_been_done(status: int, wait: float | None) -> bool:
    refused = status == 529 or (status == 503 and wait is not None)
    return (status >= 500 and not refused) or status == 408


_DONE_ELSEWHERE = (302, 303)
"""Redirects that answer a POST which was done: its outcome is found elsewhere, by a GET (RFC 9110, sections 15.4.3 and
15.4.4). The others ask for it to be sent elsewhere."""


def _address_in(body: Mapping[str, Any], name: str) -> str | None:
    """An address that the service gave; `None` also for a word that is none, such as an empty one or `null`."""
    url = body.get(name)
    return url if isinstance(url, str) and "/" in url and len(url) <= MAX_ADDRESS else None


def _id_in(body: Mapping[str, Any], answer: HttpAnswer) -> str:
    request_id = body.get("request_id")
    if isinstance(request_id, str) and _ID.fullmatch(request_id):
        return request_id
    raise ProtocolError(
        f"{answer.url} answered without a usable request_id.",
        status=answer.status,
        request_id=answer.request_id,
        body=body,
        headers=answer.headers,
    )


def _unknown(model: str, what: str, cause: SeaCloudError) -> SubmitOutcomeUnknown:
    error = SubmitOutcomeUnknown(
        f"A task for {model} was posted and {what}, so it may exist, run and be billed. It was not posted again. "
        f"{_CONSOLE} [{cause.message}]",
        status=cause.status,
        code=cause.code,
        request_id=cause.request_id,
        body=cause.body,
        headers=cause.headers,
    )
    error.model = model
    return error


def ask_status(call: HttpCall, task: Created, *, max_retries: int) -> Flow[TaskStatus]:
    """How a task is. A failed task has a status like any other: it raises nothing."""
    return _ask(call, lambda answer: read_status(answer, task.request_id), max_retries)


def ask_result(call: HttpCall, task: Created, *, max_retries: int, downloader: Downloader) -> Flow[TaskResult | None]:
    """What a task made; `None` while it is not finished.

    Raises:
        TaskFailed, ContentBlocked, TaskCancelled: if it made nothing.
    """

    def read(answer: HttpAnswer) -> TaskResult | None:
        if answer.status == 202:
            return None
        body = read_object(answer)
        if "outputs" in body:
            return read_result(body, model=task.model, request_id=task.request_id, downloader=downloader)
        status = read_status(answer, task.request_id)
        failure = failure_of(status, answer)
        if failure is not None:
            raise failure
        if status.is_over:
            raise ProtocolError(
                f"{answer.url} tells no outputs.",
                status=answer.status,
                request_id=answer.request_id,
                body=body,
                headers=answer.headers,
            )
        return None

    return _ask(call, read, max_retries)


def ask_to_cancel(call: HttpCall, *, max_retries: int) -> Flow[Cancellation]:
    """Cancels a task, and gives the service's answer; that it is over or unknown is an answer, and no error.

    One that is unknown may be new, and is tried again as it is asked after again (`UNKNOWN_TASK_WAITS`).

    Raises:
        ProtocolError: if the answer is no JSON, also when asked again: a gateway's page is no word of the service's.
    """
    unknown = iter(UNKNOWN_TASK_WAITS)
    while True:
        told = yield from _cancel_now(call, max_retries)
        wait = next(unknown, 0.0) if told is Cancellation.NOT_FOUND else 0.0
        if not wait:
            return told
        yield Sleep(wait)


def _cancel_now(call: HttpCall, max_retries: int) -> Flow[Cancellation]:

    def read(answer: HttpAnswer) -> Cancellation:
        if not answer.body.strip():
            return Cancellation.REQUESTED  # it was accepted, without a word
        return read_cancellation(read_object(answer)) or Cancellation.REQUESTED

    try:
        return (yield from _legibly(call, read, max_retries))
    except (InvalidRequestError, NotFoundError) as error:
        told = read_cancellation(error.body)
        if told is None and tells_of_no_task(error):
            return Cancellation.NOT_FOUND
        if told is None:
            raise
        return told


def tells_of_no_task(error: SeaCloudError) -> bool:
    """Whether an error is the service's word that there is no such task; any other 404 is a gateway's, or a path's."""
    return isinstance(error, NotFoundError) and _UNKNOWN_TASK.search(error.message) is not None


def about(task: Created, flow: Flow[T]) -> Flow[T]:
    """A flow whose errors carry the task's handle."""
    try:
        return (yield from flow)
    except SeaCloudError as error:
        error.model, error.task_id = task.model, task.request_id
        raise


def _ask(call: HttpCall, read: Callable[[HttpAnswer], T], max_retries: int) -> Flow[T]:
    """Asks, and asks again where the answer says that a task is unknown that may be new."""
    unknown = iter(UNKNOWN_TASK_WAITS)
    while True:
        try:
            return (yield from _legibly(call, read, max_retries))
        except NotFoundError as error:
            wait = next(unknown, 0.0) if tells_of_no_task(error) else 0.0
            if not wait:
                raise
        yield Sleep(wait)


def _legibly(call: HttpCall, read: Callable[[HttpAnswer], T], max_retries: int) -> Flow[T]:
    """Makes a call that may be repeated, and repeats it where the answer is garbled."""
    for garbled in count():
        try:
            answer = yield from send(call, max_retries=max_retries, retry_unanswered=True)
            return read(answer)
        except ProtocolError as error:
            is_redirect = error.status is not None and 300 <= error.status < 400
            if is_redirect or garbled >= max_retries:
                raise
        yield Sleep(backoff(garbled))
    raise AssertionError  # count() has no end
