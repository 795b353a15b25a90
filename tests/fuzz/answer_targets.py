"""The targets that read answers of HTTP: errors, and what the queue says of a task.

An input is a status, headers one a line, a blank line, and the body:

    429
    retry-after: 7

    {"error": {"message": "slow down"}}
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import Any

from seacloud_client.downloads import Downloader
from seacloud_client.error_mapping import error_from_answer, error_from_body, is_error_body, parse_body
from seacloud_client.errors import (
    APIError,
    AuthenticationError,
    InsufficientBalanceError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    SeaCloudError,
    ServerError,
    SubmitOutcomeUnknown,
)
from seacloud_client.flows import RETRIED_STATUSES, Flow, HttpAnswer, HttpCall, Sleep, retry_after, send
from seacloud_client.media import Output, TaskResult, read_output, read_result
from seacloud_client.media_html import html_of
from seacloud_client.task_flows import Created, ask_result, ask_status, ask_to_cancel, post_once
from seacloud_client.task_wire import MAX_LOGS, Cancellation, TaskStatus, failure_of, read_cancellation

from fuzz.reading import check_error
from fuzz.vocabulary import QUEUE

ROOT = "https://service.test/model/v1/queue/m"
NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
RETRIES = 2

CLASSES: dict[int, tuple[type[APIError], ...]] = {
    401: (AuthenticationError,),
    402: (InsufficientBalanceError,),
    403: (AuthenticationError, PermissionDeniedError),
    404: (NotFoundError,),
    429: (RateLimitError,),
}
"""Which errors a status may mean, by the table of the service's documentation; others are the request's or theirs."""


_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.1): no other comes through the parser of HTTP."""


def read_answer(data: bytes) -> HttpAnswer:
    """The answer that an input tells."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.decode("latin-1").split("\n")
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in pairs if _NAME.fullmatch(name) and "\0" not in value}
    number = int(status) if status.isascii() and status.isdigit() and len(status) == 3 else 200
    return HttpAnswer(max(number, 200), headers, body, f"{ROOT}/requests/t/status", headers.get("x-request-id"))


def check_errors(data: bytes) -> None:
    """Whatever the answer is, it means an error of the right class, which can be shown and kept."""
    answer = read_answer(data)
    body = parse_body(answer.body)
    json.dumps(body)
    wait = retry_after(answer.headers, NOW)
    assert wait is None or 0 <= wait < float("inf")
    if answer.status >= 400:
        error = error_from_answer(answer.status, answer.headers, answer.body, answer.url, answer.request_id)
        assert isinstance(error, CLASSES.get(answer.status, (InvalidRequestError, ServerError)))
        assert answer.status in CLASSES or isinstance(error, ServerError) == (answer.status >= 500)
        assert error.status == answer.status
        check_error(error)
    assert is_error_body(body) in {True, False}
    within = error_from_body(body, headers=answer.headers)
    assert isinstance(within, APIError)
    assert within.status is not None
    check_error(within)
    _check_send(answer)


def _check_send(answer: HttpAnswer) -> None:
    """A call that is always answered so ends, and is made again only where that is allowed."""
    call = HttpCall(method="POST", url=answer.url, auth="Bearer")
    found, calls, waits = drive(send(call, max_retries=RETRIES), answer)
    allowed = RETRIES + 1 if answer.status in RETRIED_STATUSES else 1
    assert calls <= allowed
    assert all(0 <= wait <= 60 for wait in waits)
    assert isinstance(found, SeaCloudError) == (answer.status >= 300)


def drive(flow: Flow[Any], answer: HttpAnswer) -> tuple[Any, int, list[float]]:
    """What came of a flow all of whose calls are answered so: a value or an error; how many calls; the waits."""
    calls, waits = 0, []
    step: Any = None
    try:
        step = next(flow)
        while True:
            if isinstance(step, Sleep):
                waits.append(step.seconds)
                step = flow.send(None)
            else:
                calls += 1
                assert calls < 100, "it asks without end"
                step = flow.send(answer)
    except StopIteration as end:
        return end.value, calls, waits
    except SeaCloudError as error:
        check_error(error)
        return error, calls, waits


def check_tasks(data: bytes) -> None:
    """Whatever the queue answers: a task is posted once, and what is said of it is read as the types promise."""
    answer = read_answer(data)
    call = HttpCall(method="POST", url=ROOT, auth="Key")
    created, posts, _ = drive(post_once(call, "m", max_retries=RETRIES), answer)
    assert posts == 1, "it was posted more than once"
    task = created if isinstance(created, Created) else Created("m", "t")
    if isinstance(created, Created):
        assert answer.status < 300
        assert "/" not in created.request_id
    elif answer.status < 300:
        assert isinstance(created, (SubmitOutcomeUnknown, APIError))
    get = HttpCall(method="GET", url=answer.url, auth="Key")
    status, _, _ = drive(ask_status(get, task, max_retries=RETRIES), answer)
    if not isinstance(status, SeaCloudError):
        _check_status(status, answer)
    result, _, _ = drive(ask_result(get, task, max_retries=RETRIES, downloader=Downloader()), answer)
    if isinstance(result, TaskResult):
        _check_result(result)
    told, _, _ = drive(ask_to_cancel(HttpCall(method="PUT", url=answer.url, auth="Key"), max_retries=RETRIES), answer)
    assert isinstance(told, (Cancellation, SeaCloudError))
    assert read_cancellation(parse_body(answer.body)) in {None, *Cancellation}
    _check_body(answer)


def _check_body(answer: HttpAnswer) -> None:
    """A body by itself: as a result, and as one output."""
    body = parse_body(answer.body)
    check_output(read_output(body))
    if isinstance(body, dict):
        _check_result(read_result(body, model="m", request_id="t", downloader=Downloader()))


def _check_status(status: TaskStatus, answer: HttpAnswer) -> None:
    assert status.status == status.status.strip().upper() != ""
    assert status.progress is None or 0 <= status.progress <= 1
    assert len(status.logs) <= MAX_LOGS
    assert all(isinstance(line, str) for line in status.logs)
    assert status.retry_after is None or 0 <= status.retry_after < float("inf")
    assert status.is_over == (status.status == "COMPLETED")
    failure = failure_of(status, answer)
    assert (failure is not None) == status.is_failed
    if failure is not None:
        check_error(failure)
    assert pickle.loads(pickle.dumps(status)).status == status.status  # noqa: S301  # what was pickled here


def _check_result(result: TaskResult) -> None:
    for output in result.outputs:
        check_output(output)
    check_page(html_of(result.outputs))
    assert repr(result)
    given = result.raw.get("outputs")
    assert len(result.outputs) >= (len([one for one in given if one is not None]) if isinstance(given, list) else 0)


def check_output(output: Output) -> None:
    """Its facts are of the types that are promised, and it survives a pickle."""
    for size in (output.file_size, output.width, output.height):
        assert size is None or (type(size) is int and size >= 0)
    assert output.duration is None or 0 <= output.duration <= sys.float_info.max
    assert output.type
    assert repr(pickle.loads(pickle.dumps(output))) == repr(output)  # noqa: S301  # what was pickled here
    assert repr(output)


class _Page(HTMLParser):
    """What is allowed of a page that a stranger's data is in."""

    allowed = frozenset(("figure", "img", "video", "audio", "pre", "span", "a"))
    attributes = frozenset(
        ("style", "src", "alt", "title", "referrerpolicy", "controls", "preload", "href", "rel", "target")
    )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.allowed
        for name, value in attrs:
            assert name in self.attributes
            if name in {"src", "href"}:
                address = (value or "").lower()
                assert address.startswith(("http://", "https://", "data:image/", "data:video/", "data:audio/"))
                assert name == "src" or not address.startswith("data:")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def check_page(page: str) -> None:
    """Nothing of a stranger's became markup."""
    parser = _Page()
    parser.feed(page)
    parser.close()


def seeds() -> list[bytes]:
    """Answers to begin with."""
    heads = (b"200\n\n", b"429\nretry-after: 7\n\n", b"403\nx-request-id: r-2\n\n", b"503\nretry-after: x\n\n")
    dates = (b"Sun, 06 Nov 2094 08:49:37 GMT", b"1e3", b"-1", b"nan", b"Mon, 99 Zug 0000 00:00:00 -9999")
    return [
        *(head + json.dumps(body).encode() for head in heads for body in QUEUE),
        *(b"429\nretry-after: " + date + b"\nretry-after-ms: 1\n\n" for date in dates),
        b"302\nlocation: /elsewhere\n\n",
        b"500\ncontent-type: text/html\n\n<html><style>x</style><p>Bad gateway</html>",
    ]
