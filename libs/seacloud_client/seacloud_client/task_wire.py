"""The queue's answers, read: what a task's status, its result, its failure and the answer to a cancellation say.

Sources, as in `docs`: the service's overview page is binding (`COMPLETED` without `error` is success); its multimodal
pages name the failures and the answers to a cancellation; of its clients come `QUEUED`, `progress`, `logs`, and an
`error` that is an object.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from seacloud_client.error_mapping import MAX_SHOWN, MAX_WORD, error_from_body, is_error_body, parse_body
from seacloud_client.errors import ContentBlocked, ProtocolError, TaskCancelled, TaskError, TaskFailed
from seacloud_client.flows import HttpAnswer, retry_after

COMPLETED = "COMPLETED"
"""The one status that is terminal. It does not mean success."""

_SYNONYMS = {"QUEUED": "IN_QUEUE"}

MAX_LOGS = 1000
"""Log lines of one status that are kept; the last ones."""


class Cancellation(str, Enum):
    """What the service says to a request to cancel a task."""

    REQUESTED = "CANCELLATION_REQUESTED"
    """It will be cancelled, if that is still possible."""
    ALREADY_COMPLETED = "ALREADY_COMPLETED"
    """It was over before."""
    NOT_FOUND = "NOT_FOUND"
    """There is no such task, or it is not this key's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """How a task is getting on.

    Attributes:
        status: `IN_QUEUE`, `IN_PROGRESS`, `COMPLETED`, or a word of the service's that we do not know, in capitals.
        request_id: the task's id.
        queue_position: its place in the queue, where it is told (the service always says 0 at present).
        progress: how much is done, from 0 to 1, where it is told.
        logs: the lines that the task has written so far, the oldest first.
        inference_time: the seconds that it ran, once it is over.
        error: why it failed, once it is over; `None` for success.
        error_type: the service's word for the kind of failure, such as `CONTENT_BLOCKED`.
        retry_after: the seconds that the service asks to wait before it is asked again.
        raw: the service's answer, whole.
    """

    status: str
    request_id: str
    queue_position: int | None = None
    progress: float | None = None
    logs: tuple[str, ...] = ()
    inference_time: float | None = None
    error: str | None = None
    error_type: str | None = None
    retry_after: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether the task has come to its end, good or bad. Words that are not known count as still running."""
        return self.status == COMPLETED

    @property
    def is_failed(self) -> bool:
        """Whether it has ended without a result."""
        return self.is_over and (self.error is not None or self.error_type is not None)


def read_object(answer: HttpAnswer) -> dict[str, Any]:
    """The answer's JSON object.

    Raises:
        APIError: if it is an error that comes with a status of 200.
        ProtocolError: if it is no JSON object.
    """
    body = parse_body(answer.body)
    if not isinstance(body, dict):
        raise ProtocolError(
            f"{answer.url} answered with something other than a JSON object "
            f"({answer.content_type or 'without a content type'}). Is base_url right?",
            status=answer.status,
            request_id=answer.request_id,
            body=parse_body(answer.body[:2000]),
        )
    if is_error_body(body) and not isinstance(body.get("status"), str):
        raise error_from_body(body, status=answer.status, headers=answer.headers, request_id=answer.request_id)
    return body


def read_status(answer: HttpAnswer, request_id: str) -> TaskStatus:
    """The status that an answer tells, also that of a result which is not there yet (202).

    Raises:
        APIError: if it is an error that comes with a status of 200.
        ProtocolError: if it tells no status.
    """
    body = read_object(answer)
    word = body.get("status")
    if not isinstance(word, str) or not word.strip():
        raise ProtocolError(
            f"{answer.url} tells no status of the task.",
            status=answer.status,
            request_id=answer.request_id,
            body=body,
        )
    word = _cut(word.strip().upper(), MAX_WORD)
    metrics = body.get("metrics")
    return TaskStatus(
        status=_SYNONYMS.get(word, word),
        request_id=request_id,
        queue_position=_integer(body.get("queue_position")),
        progress=_fraction(body.get("progress")),
        logs=_logs(body.get("logs")),
        inference_time=_number(metrics.get("inference_time")) if isinstance(metrics, dict) else None,
        error=_error_text(body),
        error_type=_word(body.get("error_type")),
        retry_after=retry_after(answer.headers),
        raw=body,
    )


def failure_of(status: TaskStatus, answer: HttpAnswer | None = None) -> TaskError | None:
    """The error that a task's end means; `None` if it is not over, or went well."""
    if not status.is_failed:
        return None
    error = status.raw.get("error")
    code = status.error_type or (_word(error.get("code")) if isinstance(error, dict) else None)
    kind = (status.error_type or code or "").upper()
    cls, advice = _FAILURES.get(kind, (TaskFailed, "Nothing was made."))
    said = (status.error or kind).rstrip(".")
    failure = cls(
        f"The task failed: {said}. {advice}" if cls is not TaskCancelled else f"The task was cancelled: {said}.",
        status=answer.status if answer else None,
        code=code,
        request_id=answer.request_id if answer else None,
        body=dict(status.raw),
        headers=answer.headers if answer else None,
    )
    if isinstance(failure, TaskFailed):
        failure.error_type = status.error_type
    failure.task_id = status.request_id
    return failure


_FAILURES: Mapping[str, tuple[type[TaskError], str]] = {
    "CONTENT_BLOCKED": (ContentBlocked, "A filter blocked it: change the prompt or the input."),
    "CANCELED": (TaskCancelled, ""),
    "CANCELLED": (TaskCancelled, ""),
    "REQUEST_INVALID": (TaskFailed, "Check the parameters; the same ones would fail again."),
    "INFERENCE_TIMEOUT": (TaskFailed, "The model took too long; ask for less, or try again later."),
    "INFERENCE_FAILURE": (TaskFailed, "The model failed; it may help to try again."),
    "INTERNAL_SERVER_ERROR": (TaskFailed, "The service failed; try again later."),
}


def read_cancellation(body: Any) -> Cancellation | None:
    """What the answer to a cancellation says, whatever its HTTP status was; `None` if it is no such answer."""
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    told = [body.get("status"), error, body.get("detail"), body.get("code")]
    told += [error.get("code"), error.get("message")] if isinstance(error, dict) else []
    words = (word.upper() for word in told if isinstance(word, str))
    return next((_CANCELLATIONS[word] for word in words if word in _CANCELLATIONS), None)


_CANCELLATIONS = {
    **{word.value: word for word in Cancellation},
    "REQUEST NOT FOUND": Cancellation.NOT_FOUND,
}


def _error_text(body: Mapping[str, Any]) -> str | None:
    """Why a task failed, in so many words as a log can bear: `error` is a string, or an object; empty ones are none."""
    error = body.get("error")
    if not error:
        return None
    if not isinstance(error, dict):
        return _cut(str(error), MAX_SHOWN)
    words = [_text(error.get("message")) or _text(error.get("code")), _text(error.get("provider_error"))]
    words.append(_text(body.get("provider_error")))
    told = list(dict.fromkeys(word for word in words if word))
    return _cut(": ".join(told) or str(error), MAX_SHOWN)


def _logs(logs: Any) -> tuple[str, ...]:
    if not isinstance(logs, list):
        return ()
    lines = (line.get("message") if isinstance(line, dict) else line for line in logs[-MAX_LOGS:])
    return tuple(str(line) for line in lines if line is not None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _word(value: Any) -> str | None:
    text = _text(value)
    return text and _cut(text, MAX_WORD)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
        return None
    return float(value)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _fraction(value: Any) -> float | None:
    """Progress as a fraction. Its scale is not documented: what exceeds 1 is taken for percent."""
    number = _number(value)
    if number is None or not number >= 0:
        return None
    return min(number / 100 if number > 1 else number, 1.0)
