"""Calls with retries, as plain code: no socket, no clock. A test says what each attempt comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seacloud_client.errors import (
    APIError,
    ConnectionFailed,
    ForeignOriginError,
    ProtocolError,
    RateLimitError,
    ServerError,
    StreamBroken,
    TimedOut,
)
from seacloud_client.flows import MAX_RETRY_AFTER, HttpAnswer, HttpCall, Sleep, backoff, retry_after, send

URL = "https://cloud.seaart.ai/llm/v1/chat/completions"
POST = HttpCall(method="POST", url=URL, auth="Bearer", content=b"{}")
GET = replace(POST, method="GET", content=None)
OK = HttpAnswer(200, {}, b"{}", URL)


def answer(status: int, url: str = URL, **headers: str) -> HttpAnswer:
    return HttpAnswer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", url, "r-1")


class Run:
    """Drives a flow: `outcomes` are what its calls come to, in turn. What it did is kept."""

    def __init__(self, *outcomes: HttpAnswer | Exception, call: HttpCall = POST, **options: Any) -> None:
        self.calls: list[HttpCall] = []
        self.sleeps: list[float] = []
        self.answer: HttpAnswer | None = None
        self.error: Exception | None = None
        self._left = list(outcomes)
        flow = send(call, **{"max_retries": 2, **options})
        try:
            step = next(flow)
            while True:
                step = self._take(flow, step)
        except StopIteration as end:
            self.answer = end.value
        except (APIError, ConnectionFailed, TimedOut, StreamBroken, ForeignOriginError, ProtocolError) as error:
            self.error = error
        assert not self._left or self.error or self.answer

    def _take(self, flow, step):
        if isinstance(step, Sleep):
            self.sleeps.append(step.seconds)
            return flow.send(None)
        self.calls.append(step)
        outcome = self._left.pop(0)
        return flow.throw(outcome) if isinstance(outcome, Exception) else flow.send(outcome)


def test_a_success_is_handed_on_at_once():
    run = Run(OK)
    assert run.answer is OK
    assert run.calls == [POST]
    assert run.sleeps == []


@pytest.mark.parametrize("status", [429, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status):
    run = Run(answer(status), answer(status), OK)
    assert run.answer is OK
    assert len(run.calls) == 3
    assert len(run.sleeps) == 2
    assert all(call == POST for call in run.calls)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 408, 409, 413, 422, 425, 500, 501, 505, 520, 524])
def test_the_rest_is_final(status):
    run = Run(answer(status), OK)
    assert isinstance(run.error, APIError)
    assert run.error.status == status
    assert len(run.calls) == 1
    assert run.sleeps == []


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
def test_there_are_as_many_retries_as_are_allowed(retries):
    run = Run(*[answer(503)] * 10, max_retries=retries)
    assert isinstance(run.error, ServerError)
    assert run.error.request_id == "r-1"
    assert len(run.calls) == retries + 1
    assert len(run.sleeps) == retries


def test_a_request_that_cannot_have_arrived_is_sent_again():
    assert Run(ConnectionFailed("no"), OK).answer is OK
    run = Run(*[ConnectionFailed("no")] * 5)
    assert isinstance(run.error, ConnectionFailed)
    assert len(run.calls) == 3


@pytest.mark.parametrize("failure", [TimedOut("late"), StreamBroken("broken")])
def test_a_request_that_was_sent_and_not_answered_is_repeated_only_where_asked_for(failure):
    run = Run(failure, OK)
    assert run.error is failure
    assert len(run.calls) == 1
    asked = Run(failure, OK, retry_unanswered=True)
    assert asked.answer is OK
    assert len(asked.calls) == 2
    assert len(Run(*[failure] * 9, retry_unanswered=True).calls) == 3


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_one(status):
    assert Run(answer(status)).answer == answer(status)


def test_an_error_of_a_wrong_address_tells_which():
    error = Run(answer(404, url="https://cloud.seaart.ai/v1/x")).error
    assert "The address was https://cloud.seaart.ai/v1/x" in error.message


def test_all_kinds_of_failure_share_one_count():
    run = Run(ConnectionFailed("no"), answer(503), answer(429), OK)
    assert isinstance(run.error, RateLimitError)
    assert len(run.calls) == 3


def test_backing_off_doubles_within_bounds_and_with_jitter():
    for attempt, longest in enumerate([0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]):
        waits = {backoff(attempt) for _ in range(200)}
        assert all(0.75 * longest <= wait <= longest for wait in waits)
        assert len(waits) > 100
    assert backoff(5000) <= 8.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "86400"}, MAX_RETRY_AFTER),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "7"}, 0.25),
        ({"retry_after_ms": "soon", "retry_after": "7"}, 7.0),
    ],
)
def test_the_wait_that_the_service_asks_for_is_kept_within_reason(headers, expected):
    assert Run(answer(429, **headers), OK).sleeps == [expected]


@pytest.mark.parametrize("value", ["", "soon", "-1", "nan", "inf", "1e400", "Tue, 99 Foo 2026 99:99:99 GMT", "\x00"])
def test_a_wait_that_makes_no_sense_is_not_kept(value):
    (wait,) = Run(answer(503, retry_after=value), OK).sleeps
    assert 0.375 <= wait <= 0.5


def test_a_date_is_a_wait_until_then():
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=timezone.utc)
    later = format_datetime(now + timedelta(seconds=20), usegmt=True)
    assert retry_after({"retry-after": later}, now) == 20.0
    assert retry_after({"retry-after": format_datetime(now - timedelta(hours=1), usegmt=True)}, now) == 0.0
    assert retry_after({"retry-after": "Tue, 24 Nov 2026 12:00:09 -0000"}, now) == 9.0
    assert retry_after({"retry-after": "Tue, 24 Nov 2026 13:00:09 +0100"}, now) == 9.0


@given(st.text(max_size=40))
def test_any_header_is_some_wait_or_none(value):
    seconds = retry_after({"retry-after": value})
    assert seconds is None or 0 <= seconds < float("inf")


def test_the_error_says_how_long_the_service_asks_to_wait():
    error = Run(answer(429, retry_after="86400"), max_retries=0).error
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 86400.0
    assert Run(answer(429), max_retries=0).error.retry_after is None


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 399])
def test_a_get_follows_a_redirect_within_the_origin(status):
    run = Run(answer(status, location="/llm/elsewhere"), OK, call=GET)
    assert run.answer is OK
    assert [call.url for call in run.calls] == [URL, "https://cloud.seaart.ai/llm/elsewhere"]
    assert run.sleeps == []


def test_a_redirect_says_the_whole_query():
    call = replace(GET, params={"page": "1"})
    run = Run(answer(307, location="/llm/elsewhere?sig=abc&page=9"), OK, call=call)
    assert [(call.url, call.params) for call in run.calls] == [
        (URL, {"page": "1"}),
        ("https://cloud.seaart.ai/llm/elsewhere?sig=abc&page=9", None),
    ]


@pytest.mark.parametrize("call", [GET, POST])
@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/llm",
        "http://cloud.seaart.ai/llm",
        "https://cloud.seaart.ai:8443/llm",
        "//evil.example",
        "https://cloud.seaart.ai@evil.example/",
        "https://cloud.seaart.ai.evil.example/",
        "file:///etc/passwd",
    ],
)
def test_no_redirect_leads_to_another_origin(call, location):
    run = Run(answer(302, location=location), OK, call=call)
    assert isinstance(run.error, ForeignOriginError)
    assert run.error.message == (
        f"{URL} redirects to another origin ({urljoin(URL, location)}). The key was not sent there. "
        "If that is the service's new address, pass it as base_url."
    )
    assert (run.error.status, run.error.request_id) == (302, "r-1")
    assert run.error.headers == {"location": location}
    assert len(run.calls) == 1


def test_a_post_follows_no_redirect():
    run = Run(answer(308, location="/llm/elsewhere"), OK)
    assert isinstance(run.error, ProtocolError)
    assert run.error.message == (
        f"POST {URL} redirects to https://cloud.seaart.ai/llm/elsewhere. It was not followed: "
        "pass the right address as base_url."
    )
    assert (run.error.status, run.error.request_id) == (308, "r-1")
    assert run.error.headers == {"location": "/llm/elsewhere"}
    assert len(run.calls) == 1


def test_a_redirect_without_an_end_is_given_up():
    run = Run(*[answer(307, location="/llm/again")] * 20, call=GET)
    assert isinstance(run.error, ProtocolError)
    assert len(run.calls) == 6


def test_a_redirect_to_nowhere_is_given_up():
    error = Run(*[answer(304)] * 20, call=GET).error
    assert isinstance(error, ProtocolError)
    assert f"GET {URL} redirects to {URL}." in error.message


@pytest.mark.parametrize("location", ["https://[::1/x", "https://a:port/", "https://a:99999/"])
def test_a_redirect_to_an_address_that_is_none_is_our_error(location):
    run = Run(answer(302, location=location), call=GET)
    assert isinstance(run.error, (ProtocolError, ForeignOriginError))
    assert location in run.error.message


@pytest.mark.parametrize("location", ["https://evil.test/", "/"])
def test_where_a_redirect_leads_is_told_in_a_length_that_a_log_can_bear(location):
    error = Run(answer(302, location=location + "A" * 60_000)).error
    assert isinstance(error, (ProtocolError, ForeignOriginError))
    assert "AAA..." in error.message
    assert len(error.message) < 900


def test_what_is_not_said_of_a_call_or_an_answer_is_not_there():
    call = HttpCall(method="GET", url=URL, auth=None)
    assert (call.headers, call.params, call.content, call.stream) == ({}, None, None, False)
    assert (call.timeout, call.on_answer) == (None, None)
    bare = HttpAnswer(200, {})
    assert (bare.body, bare.url, bare.request_id, bare.stream) == (b"", "", None, None)


def test_the_content_type_is_read_whatever_its_form():
    assert HttpAnswer(200, {"content-type": "Text/Event-Stream; charset=utf-8"}).content_type == "text/event-stream"
    assert HttpAnswer(200, {}).content_type == ""
