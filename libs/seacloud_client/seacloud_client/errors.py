"""What can go wrong, as one tree of exceptions.

    SeaCloudError
    |-- ConfigurationError        a setting is missing or makes no sense; nothing was sent (also a ValueError)
    |-- InvalidInputError         what was asked for cannot be sent as it is; nothing was sent (also a ValueError)
    |-- APIError                  the service said no
    |   |-- AuthenticationError       401, or 403 for a key that is invalid or has expired
    |   |-- PermissionDeniedError     403 for another reason
    |   |   |-- InsufficientBalanceError   402, or 403 for lack of balance
    |   |   `-- ModelNotAllowedError       403 for a model that the key may not use
    |   |-- NotFoundError             404
    |   |-- InvalidRequestError       400, 413, 422 and other 4xx
    |   |   |-- ContextLengthError         the input is longer than the model's context window
    |   |   `-- ContentRefusedError        the provider's filter refused the input
    |   |-- RateLimitError            429
    |   `-- ServerError               5xx, and errors that the service puts into a body or a stream
    |-- TransportError            no answer came, or not all of it
    |   |-- ConnectionFailed          the request cannot have arrived (also a ConnectionError)
    |   |-- TimedOut                  no answer in time (also a TimeoutError)
    |   `-- StreamBroken              the answer broke off
    |-- ProtocolError             the answer is not what the protocol allows
    |-- ForeignOriginError        an address that is not the service's: the key was not sent to it
    `-- TaskError                 a generation task did not come to a result
        |-- SubmitOutcomeUnknown      the task may or may not have been created, and billed
        |-- TaskFailed                the service says that it failed
        |   `-- ContentBlocked            its input or output was blocked by a filter
        |-- TaskCancelled             it was cancelled
        |-- TaskTimedOut              it was not finished by the deadline (also a TimeoutError)
        `-- DownloadError             a result could not be fetched safely

Every one of them carries what support asks for (status, code, request id, the body) and says what to do next. None
holds a key: a response that is kept has no request in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import httpx

__all__ = [
    "APIError",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailed",
    "ContentBlocked",
    "ContentRefusedError",
    "ContextLengthError",
    "DownloadError",
    "ForeignOriginError",
    "InsufficientBalanceError",
    "InvalidInputError",
    "InvalidRequestError",
    "ModelNotAllowedError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "SeaCloudError",
    "ServerError",
    "StreamBroken",
    "SubmitOutcomeUnknown",
    "TaskCancelled",
    "TaskError",
    "TaskFailed",
    "TaskTimedOut",
    "TimedOut",
    "TransportError",
]


class SeaCloudError(Exception):
    """The root of all our errors.

    Attributes:
        status: the HTTP status, where an answer came.
        code: the service's own word for the error, where it gave one.
        request_id: the X-Request-Id, for support.
        body: the answer's body: parsed where it is JSON, else text; long ones are cut.
        response: the answer, without the request (LangChain's tracer reads it).
        model: the model of the generation task that it is about, if it is about one.
        task_id: that task's request id, if it is known: with the model it is all that is needed to go on with it.
        may_go_on: whether that task may exist and go on, or have finished, and be billed, though the wait for it ended
            without a result. To post another would be to pay again.
    """

    model: str | None = None
    task_id: str | None = None
    may_go_on: bool = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.body = body
        self.headers = dict(headers) if headers else {}

    def __str__(self) -> str:
        facts = [f"{name} {value}" for name, value in (("HTTP", self.status), ("code", self.code)) if value is not None]
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        if self.task_id:
            facts.append(f"task {self.task_id}")
        return f"{self.message} ({', '.join(facts)})" if facts else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.message, self.__dict__))

    @property
    def message(self) -> str:
        """What happened, and what to do."""
        return str(self.args[0])

    @message.setter
    def message(self, text: str) -> None:
        self.args = (text,)

    @property
    def status_code(self) -> int | None:
        """The HTTP status by the name that HTTP clients give it."""
        return self.status

    @property
    def response(self) -> httpx.Response | None:
        """The answer as an `httpx.Response` without its request, or `None` where none came."""
        if self.status is None:
            return None
        kind = {"content-type": "application/json" if isinstance(self.body, (dict, list)) else "text/plain"}
        headers = {**_safe_headers(self.headers), **kind}
        # As bytes: a value may hold any, and httpx would take a text for ASCII.
        raw = [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in headers.items()]
        return httpx.Response(self.status, headers=raw, content=self._content())

    def _content(self) -> bytes:
        """The body as bytes again, also where it holds what JSON and UTF-8 do not allow."""
        if isinstance(self.body, (dict, list)):
            return json.dumps(self.body).encode()
        return str(self.body or "").encode("utf-8", "replace")


def _rebuild(cls: type[SeaCloudError], message: str, attributes: dict[str, Any]) -> SeaCloudError:
    error = cls.__new__(cls)
    error.message = message
    error.__dict__.update(attributes)
    return error


def _safe_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers for a body that has been decoded: without those that speak of its encoding and length."""
    about_the_bytes = {"content-encoding", "content-length", "transfer-encoding", "content-type"}
    return {name: value for name, value in headers.items() if name.lower() not in about_the_bytes}


_T = TypeVar("_T")


def after(read: Sequence[_T], error: SeaCloudError) -> Iterator[_T]:
    """What was read before an error, and then the error; if nothing was, the error at once."""
    if not read:
        raise error
    return _then_raise(read, error)


def _then_raise(read: Sequence[_T], error: SeaCloudError) -> Iterator[_T]:
    yield from read
    raise error


class ConfigurationError(SeaCloudError, ValueError):
    """A setting or an argument is missing or makes no sense. Nothing was sent."""


class InvalidInputError(SeaCloudError, ValueError):
    """What was asked for cannot be sent as it is. Nothing was sent."""


class APIError(SeaCloudError):
    """The service answered, and said no."""


class AuthenticationError(APIError):
    """The key is missing, invalid or expired."""


class PermissionDeniedError(APIError):
    """The key is known but may not do this."""


class InsufficientBalanceError(PermissionDeniedError):
    """The account has no balance left."""


class ModelNotAllowedError(PermissionDeniedError):
    """The key may not use this model."""


class NotFoundError(APIError):
    """There is nothing at this address: a wrong path, model or task."""


class InvalidRequestError(APIError):
    """The service cannot accept the request as it is."""


class ContextLengthError(InvalidRequestError):
    """The input does not fit into the model's context window."""


class ContentRefusedError(InvalidRequestError):
    """A filter of the provider refused the input."""


class RateLimitError(APIError):
    """Too many requests, or a quota is used up. `retry_after` is the wait that the service asks for, in seconds."""

    retry_after: float | None = None


class ServerError(APIError):
    """The service, or the provider behind it, failed."""


class TransportError(SeaCloudError):
    """No answer came, or not all of it."""


class ConnectionFailed(TransportError, ConnectionError):
    """No connection: the request cannot have arrived."""


class TimedOut(TransportError, TimeoutError):
    """No answer within the time allowed. The request may have been carried out, and billed."""


class StreamBroken(TransportError):
    """The answer broke off. It may have been generated to its end, and billed."""


class ProtocolError(SeaCloudError):
    """The answer is not what the protocol allows."""


class ForeignOriginError(SeaCloudError):
    """An answer points to another origin than the service's. The key was not sent there."""


class TaskError(SeaCloudError):
    """A generation task did not come to a result. `model` and `task_id` say which."""


class SubmitOutcomeUnknown(TaskError):
    """The task was posted and no answer came: it may exist, run and be billed. It is never posted again by itself."""

    may_go_on = True


class TaskFailed(TaskError):
    """The service says that the task failed. `error_type` is its word for the kind of failure."""

    error_type: str | None = None


class ContentBlocked(TaskFailed):
    """A filter blocked the task's input or output."""


class TaskCancelled(TaskError):
    """The task was cancelled."""


class TaskTimedOut(TaskError, TimeoutError):
    """The task was not finished by the deadline."""


class DownloadError(TaskError):
    """A result could not be fetched, or not safely."""
