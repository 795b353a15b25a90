"""Asking a model over the emulator, plain and streamed, sync and async: answers, retries, errors, refusals."""

from __future__ import annotations

import time

import httpx
import pytest
from chat_callers import CALLERS, Caller, every_way, posts
from seacloud_client import flows
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Image, Message, Reasoning, Request, Text, ToolResult, user
from seacloud_client.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    InsufficientBalanceError,
    InvalidInputError,
    InvalidRequestError,
    ModelNotAllowedError,
    NotFoundError,
    ProtocolError,
    RateLimitError,
    SeaCloudError,
    ServerError,
    StreamBroken,
    TimedOut,
)
from seacloud_emulator import Emulator, Fault


@pytest.fixture(autouse=True)
def _no_backing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "backoff", lambda _attempt: 0.01)


@every_way
def test_a_question_is_answered(seacloud_env: Emulator, caller: Caller):
    reply = caller.ask()
    assert "Say hello to the cat" in reply.text
    assert reply.model == "gpt-4.1"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens > 0
    (record,) = seacloud_env.requests
    assert record.path == "/llm/v1/chat/completions"
    assert reply.request_id == record.request_id
    assert record.headers["accept"] == ("text/event-stream" if caller.streams else "application/json")
    assert record.headers["authorization"] == "Bearer ***"
    assert record.json.get("stream", False) is caller.streams


def test_the_four_ways_agree(seacloud_env: Emulator):
    replies = [caller.ask() for caller in CALLERS.values()]
    assert len({reply.text for reply in replies}) == 1
    assert len({(reply.usage.input_tokens, reply.usage.output_tokens) for reply in replies}) == 1


@every_way
def test_retries_are_counted_and_then_it_is_answered(seacloud_env: Emulator, caller: Caller):
    seacloud_env.faults.add(Fault(status=503, times=2))
    assert "cat" in caller.ask().text
    assert posts(seacloud_env) == 3


@every_way
@pytest.mark.parametrize("status", [429, 502, 503, 504, 529])
def test_there_are_no_more_retries_than_allowed(seacloud_env: Emulator, caller: Caller, status: int):
    seacloud_env.faults.add(Fault(status=status, times=9))
    with pytest.raises((RateLimitError, ServerError)) as caught:
        caller.ask(max_retries=1)
    assert posts(seacloud_env) == 2
    assert caught.value.request_id == seacloud_env.requests[-1].request_id
    assert caught.value.status == status


@every_way
@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (400, InvalidRequestError),
        (402, InsufficientBalanceError),
        (404, NotFoundError),
        (408, InvalidRequestError),
        (409, InvalidRequestError),
        (500, ServerError),
    ],
)
def test_the_final_ones_are_asked_once(seacloud_env: Emulator, caller: Caller, status: int, cls: type):
    seacloud_env.faults.add(Fault(status=status, times=9))
    with pytest.raises(cls):
        caller.ask()
    assert posts(seacloud_env) == 1


@every_way
@pytest.mark.parametrize(
    ("key", "cls"),
    [
        ("sk-invalid", AuthenticationError),
        ("sk-no-balance", InsufficientBalanceError),
        ("sk-no-model", ModelNotAllowedError),
    ],
)
def test_the_three_meanings_of_403_are_told_apart(seacloud_env: Emulator, caller: Caller, key: str, cls: type):
    with pytest.raises(cls) as caught:
        caller.ask(api_key=key)
    assert caught.value.status == 403
    assert key not in f"{caught.value!r} {caught.value.__dict__}"
    assert posts(seacloud_env) == 1


@every_way
def test_a_wait_that_is_asked_for_is_kept(seacloud_env: Emulator, caller: Caller):
    seacloud_env.faults.add(Fault(status=429, retry_after=0.3))
    begun = time.monotonic()
    caller.ask()
    assert time.monotonic() - begun >= 0.3


@every_way
def test_what_was_sent_and_not_answered_is_asked_again_only_by_wish(seacloud_env: Emulator, caller: Caller):
    seacloud_env.faults.add(Fault(disconnect_after=0, times=9))
    with pytest.raises(StreamBroken):
        caller.ask()
    assert posts(seacloud_env) == 1
    with pytest.raises(StreamBroken):
        caller.ask(retry_unanswered=True, max_retries=1)
    assert posts(seacloud_env) == 3


@every_way
def test_a_late_answer_is_timed_out_and_not_asked_again(seacloud_env: Emulator, caller: Caller):
    seacloud_env.faults.add(Fault(delay=2.0))
    with pytest.raises(TimedOut):
        caller.ask(timeout=0.2)
    assert posts(seacloud_env) == 1


@every_way
def test_an_answer_that_is_cut_is_not_asked_again(seacloud_env: Emulator, caller: Caller):
    seacloud_env.faults.add(Fault(disconnect_after=300))
    with pytest.raises(StreamBroken) as caught:
        caller.ask(retry_unanswered=caller.streams)  # a stream has been handed on: no wish can have it asked again
    assert posts(seacloud_env) == 1
    assert caught.value.request_id == seacloud_env.requests[0].request_id


@every_way
def test_an_error_in_the_answer_is_raised_as_what_it_is(seacloud_env: Emulator, caller: Caller):
    if caller.streams:
        seacloud_env.faults.add(
            Fault(stream_error=2, stream_error_body={"error": {"message": "Slow", "type": "rate_limit_error"}})
        )
    else:
        seacloud_env.faults.add(Fault(status=200, body={"error": {"message": "Slow", "type": "rate_limit_error"}}))
    with pytest.raises(RateLimitError, match="Slow") as caught:
        caller.ask()
    assert posts(seacloud_env) == 1
    assert caught.value.request_id == seacloud_env.requests[0].request_id


@every_way
def test_json_that_breaks_off_is_an_error(seacloud_env: Emulator, caller: Caller):
    seacloud_env.faults.add(Fault(malformed_json=True))
    with pytest.raises(ProtocolError, match="JSON"):
        caller.ask()


@every_way
def test_a_redirect_is_not_followed(seacloud_env: Emulator, caller: Caller):
    seacloud_env.faults.add(Fault(redirect="https://evil.example/llm/v1/chat/completions"))
    with pytest.raises(SeaCloudError, match=r"The key was not sent there"):
        caller.ask()
    assert posts(seacloud_env) == 1


@every_way
def test_nobody_there_is_tried_as_often_as_allowed(
    seacloud_env: Emulator, caller: Caller, monkeypatch: pytest.MonkeyPatch
):
    waits: list[int] = []
    monkeypatch.setattr(flows, "backoff", lambda attempt: waits.append(attempt) or 0.0)
    with pytest.raises(ConnectionFailed):
        caller.ask(base_url="http://127.0.0.1:9/llm")
    assert waits == [0, 1]


BAD = {
    "an empty model": (Request(model=" ", messages=(user("x"),)), "model is empty"),
    "no messages": (Request(model="m", messages=()), "There are no messages"),
    "an empty prompt": (Request(model="m", messages=(user(""), user(" \n"))), "The prompt is empty"),
    "messages without parts": (Request(model="m", messages=(Message("user", ()),)), "The prompt is empty"),
    "not JSON": (Request(model="m", messages=(user("x"),), extra_body={"a": object()}), "cannot be written as JSON"),
    "not a number": (Request(model="m", messages=(user("x"),), temperature=float("nan")), "cannot be written as JSON"),
    "half a character": (Request(model="m", messages=(user("\ud83c"),)), "half of a surrogate pair"),
    "a bad header": (Request(model="m", messages=(user("x"),), extra_headers={"X-A": "a\nb"}), "extra_headers"),
    "a credential": (Request(model="m", messages=(user("x"),), extra_headers={"Authorization": "x"}), "extra_headers"),
}


@every_way
@pytest.mark.parametrize(("request_", "said"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_sent_is_refused_before_anything_is(seacloud_env: Emulator, caller: Caller, request_, said):
    with pytest.raises(InvalidInputError, match=said) as caught:
        caller.ask(request_)
    assert "Nothing was sent" in caught.value.message
    assert seacloud_env.requests == []


@every_way
def test_a_missing_key_is_named_before_anything_is_sent(seacloud_env: Emulator, caller: Caller, monkeypatch):
    monkeypatch.delenv("SEACLOUD_API_KEY")
    with pytest.raises(ConfigurationError, match="SEACLOUD_API_KEY"):
        caller.ask()
    assert seacloud_env.requests == []


@every_way
def test_an_unknown_protocol_is_named(seacloud_env: Emulator, caller: Caller):
    with pytest.raises(ConfigurationError, match=r"protocol must be one of 'auto', 'chat_completions'.*got 'grpc'"):
        caller.ask(protocol="grpc")
    assert seacloud_env.requests == []


@pytest.mark.parametrize(
    "part",
    [Image(url="https://example.com/a.png"), Reasoning("hm"), ToolResult("c", ())],
)
def test_what_is_no_text_may_be_a_prompt_too(part):
    def handler(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(500)

    with httpx.Client(transport=httpx.MockTransport(handler)) as http, pytest.raises(ServerError):
        ChatClient(api_key="k", http_client=http).reply(
            Request(model="m", messages=(Message("user", (part, Text(""))),))
        )


def test_query_and_headers_of_the_callers_own_go_along(seacloud_env: Emulator):
    request = Request(model="gpt-4.1", messages=(user("x"),), extra_headers={"X-Trace": "t"}, extra_query={"a": "b c"})
    CALLERS["reply-sync"].ask(request, headers={"X-Team": "red", "X-Request-Id": "mine"})
    (record,) = seacloud_env.requests
    assert (record.headers["x-trace"], record.headers["x-team"], record.request_id) == ("t", "red", "mine")
    assert record.query in {"a=b+c", "a=b%20c"}
