"""What a stream said before it went wrong is told, and then the error: on each protocol, however its bytes are cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import chat_wire
import messages_wire
import pytest
import responses_wire
from seacloud_client.conversation import Protocol
from seacloud_client.deltas import Delta, TextDelta
from seacloud_client.errors import (
    APIError,
    InsufficientBalanceError,
    ProtocolError,
    RateLimitError,
    SeaCloudError,
    ServerError,
)
from seacloud_client.folding import Fold
from seacloud_client.protocols import get_protocol
from seacloud_client.streams import StreamReader

Json: TypeAlias = dict[str, Any]

HELLO: dict[Protocol, list[Json]] = {
    "chat_completions": [chat_wire.chunk({"content": "Hel"}), chat_wire.chunk({"content": "lo"})],
    "messages": [messages_wire.START, *messages_wire.HELLO[:3]],
    "responses": [
        responses_wire.created(),
        responses_wire.added(0, responses_wire.message_item()),
        responses_wire.said("Hel"),
        responses_wire.said("lo"),
    ],
}
"""The events of a text that goes on."""

HALF_RIGHT: dict[Protocol, Json] = {
    "chat_completions": {"choices": [{"index": 0, "delta": {"content": "Hello"}}, "no choice"]},
    "messages": messages_wire.message({"type": "text", "text": "Hello"}, "no block"),  # type: ignore[arg-type]
    "responses": responses_wire.completed(responses_wire.message_item("Hello"), "no item"),  # type: ignore[arg-type]
}
"""An event that begins well."""

ENDS: dict[Protocol, list[Json]] = {
    "chat_completions": [chat_wire.stop()],
    "messages": [messages_wire.end(0), messages_wire.stop(), messages_wire.STOP],
    "responses": [responses_wire.completed(responses_wire.message_item("Hello"))],
}

FAILED = {"error": {"type": "server_error", "message": "It broke"}}
LONG = json.dumps({"x": "x" * 5000})


def lines(*events: Json | str, end: str = "\n\n") -> bytes:
    told = (event if isinstance(event, str) else json.dumps(event) for event in events)
    return "".join(f"data: {event}{end}" for event in told).encode()


def whole(data: bytes) -> list[bytes]:
    return [data]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


cuts = pytest.mark.parametrize("cut", [whole, byte_by_byte])
protocols = pytest.mark.parametrize("protocol", HELLO)


def read(reader: StreamReader, pieces: list[bytes]) -> tuple[str, SeaCloudError | None]:
    """What a reader tells before it raises, and what it raises."""
    told: list[Delta] = []
    try:
        for piece in pieces:
            told.extend(reader.feed(piece))
        told.extend(reader.close())
    except SeaCloudError as raised:
        return text_of(told), raised
    return text_of(told), None


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@cuts
@protocols
@pytest.mark.parametrize(("wrong", "error"), [("{broken", ProtocolError), ("[]", ProtocolError), (FAILED, APIError)])
@pytest.mark.parametrize("end", ["\n", "\n\n"], ids=["one event of many lines", "events"])
def test_what_came_before_a_bad_line_is_told(
    protocol: Protocol,
    wrong: Json | str,
    error: type[SeaCloudError],
    end: str,
    cut: Callable[[bytes], list[bytes]],
):
    """Some gateways forget the blank line: then all the lines are one event."""
    data = lines(*HELLO[protocol], wrong, *ENDS[protocol], end=end) + b"\n"
    told, raised = read(StreamReader(get_protocol(protocol), "r-1"), cut(data))
    assert told == "Hello"
    assert isinstance(raised, error)
    assert raised.request_id == "r-1"


@cuts
@protocols
@pytest.mark.parametrize("behind", ["", "\ndata: {broken"], ids=["alone", "before a line that is wrong"])
def test_what_an_event_says_before_it_goes_wrong_is_told(
    protocol: Protocol, behind: str, cut: Callable[[bytes], list[bytes]]
):
    data = lines(json.dumps(HALF_RIGHT[protocol]) + behind)
    told, raised = read(StreamReader(get_protocol(protocol)), cut(data))
    assert told == "Hello"
    assert isinstance(raised, ProtocolError)
    assert "not JSON" not in str(raised)  # the first error is it


@cuts
@protocols
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_what_came_before_an_event_that_is_too_large_is_told(
    protocol: Protocol, end: str, cut: Callable[[bytes], list[bytes]]
):
    data = lines(*HELLO[protocol]) + lines(LONG, end=end)
    told, raised = read(StreamReader(get_protocol(protocol), max_event_bytes=4000), cut(data))
    assert told == "Hello"
    assert isinstance(raised, ProtocolError)
    assert "larger than 4000 bytes" in str(raised)


@cuts
@protocols
def test_what_came_before_the_limit_of_the_stream_is_told(protocol: Protocol, cut: Callable[[bytes], list[bytes]]):
    data = lines(*HELLO[protocol])
    told, raised = read(StreamReader(get_protocol(protocol), max_reply_bytes=len(data)), cut(data + lines(LONG)))
    assert told == "Hello"
    assert isinstance(raised, ProtocolError)
    assert "max_reply_bytes" in str(raised)
    told, raised = read(StreamReader(get_protocol(protocol), max_reply_bytes=len(data) - 1), cut(data))
    assert told == "Hel"
    assert "max_reply_bytes" in str(raised)


@cuts
@protocols
def test_a_reply_that_is_whole_within_its_limit_may_have_something_behind(
    protocol: Protocol, cut: Callable[[bytes], list[bytes]]
):
    data = lines(*HELLO[protocol], *ENDS[protocol], "[DONE]")
    assert read(StreamReader(get_protocol(protocol), max_reply_bytes=len(data)), cut(data + lines(LONG))) == (
        "Hello",
        None,
    )


@protocols
def test_lines_that_say_nothing_are_no_news(protocol: Protocol):
    ping = {"type": "ping", "choices": []}
    reader = StreamReader(get_protocol(protocol))
    list(reader.feed(lines(*HELLO[protocol])))
    assert reader.has_news
    list(reader.feed(lines(ping, ping, end="\n") + b"\n"))
    assert not reader.has_news


STATUS = {"status": {"code": 402, "message": "Insufficient credits", "error_code": 40201}, "data": None}


@cuts
@protocols
@pytest.mark.parametrize(
    ("given", "error"),
    [
        (STATUS, InsufficientBalanceError),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, InsufficientBalanceError),
        ({"object": "error", "message": "Slow down", "type": "rate_limit_error"}, RateLimitError),
        ({"detail": "Runtime execution failed"}, ServerError),
        ({"code": "Throttling", "message": "Too fast"}, ServerError),
    ],
)
def test_an_error_is_one_though_it_has_not_the_protocols_form(
    protocol: Protocol, given: Json, error: type[SeaCloudError], cut: Callable[[bytes], list[bytes]]
):
    for before, said in ([], ""), (HELLO[protocol], "Hello"):
        told, raised = read(StreamReader(get_protocol(protocol)), cut(lines(*before, given)))
        assert (told, type(raised)) == (said, error)


def test_an_error_that_is_the_first_event_says_that_nothing_was_done():
    for protocol in HELLO:
        _, raised = read(StreamReader(get_protocol(protocol)), [lines(STATUS)])
        assert "the request was not carried out" in str(raised)
        assert raised is not None
        assert raised.code == "40201"


@pytest.mark.parametrize(
    ("protocol", "failed"),
    [
        ("messages", {"type": "error", "error": {"type": "overloaded_error", "message": "It broke"}}),
        ("messages", FAILED),
        ("responses", responses_wire.event("failed", response=responses_wire.response(status="failed", **FAILED))),
        ("chat_completions", {**FAILED, "usage": {"prompt_tokens": 5, "completion_tokens": 3}}),
    ],
)
def test_what_was_used_is_told_before_a_failure(protocol: Protocol, failed: Json):
    reader = StreamReader(get_protocol(protocol))
    fold = Fold().add_all(reader.feed(lines(*HELLO[protocol])))
    with pytest.raises(APIError, match="It broke"):
        fold.add_all(reader.feed(lines(failed)))
    usage = fold.reply().usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == ((7, 1) if protocol == "messages" else (5, 3))


def test_an_error_that_comes_with_nonsense_is_still_the_error():
    chunk = {**FAILED, "choices": [{"index": 0, "delta": {"content": "Hello"}}, "no choice"]}
    told, raised = read(StreamReader(get_protocol("chat_completions")), [lines(chunk)])
    assert told == "Hello"
    assert isinstance(raised, APIError)
    assert "It broke" in str(raised)
