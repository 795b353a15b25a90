"""Messages' replies and streams: how they end, what they cost, what else they say, and what is no reply."""

from __future__ import annotations

import json
from typing import Any

import pytest
from messages_wire import (
    HELLO,
    START,
    STOP,
    Json,
    deltas_of,
    message,
    more,
    reply_of,
    stop,
)
from seacloud_client.conversation import (
    Finish,
)
from seacloud_client.errors import (
    InvalidRequestError,
    ProtocolError,
    RateLimitError,
    SeaCloudError,
    ServerError,
    StreamBroken,
)
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold
from seacloud_client.protocols.messages import PROTOCOL
from seacloud_client.streams import StreamReader, read_as_deltas, read_reply

FINISHES = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
    "refusal": Finish.REFUSAL,
    "pause_turn": Finish.PAUSE,
    "compaction": Finish.PAUSE,
    "something_new": Finish.UNKNOWN,
}


@pytest.mark.parametrize("reason", FINISHES)
def test_finish_reasons(reason: str):
    plain = PROTOCOL.decode(message(stop_reason=reason)).choice
    assert (plain.finish, plain.finish_reason) == (FINISHES[reason], reason)
    assert reply_of(START, stop(reason), STOP).choice == plain


def test_what_goes_with_the_finish_is_kept():
    details = {"type": "refusal", "category": "cyber", "explanation": "No."}
    plain = PROTOCOL.decode(message(stop_reason="refusal", stop_sequence=None, stop_details=details))
    assert plain.choice.extras == {"stop_details": details}
    assert reply_of(START, stop("refusal", stop_details=details), STOP) == plain
    assert PROTOCOL.decode(message(stop_sequence="X")).choice.extras == {"stop_sequence": "X"}


def test_what_else_the_wire_says_of_the_reply_is_kept():
    container = {"id": "container_1", "expires_at": "2026-01-01T00:00:00Z"}
    management = {"applied_edits": []}
    plain = PROTOCOL.decode(message(container=container, context_management=management, novelty=None))
    assert plain.extras == {"container": container, "context_management": management}
    streamed = reply_of(START, {**stop(container=container), "context_management": management}, STOP)
    assert streamed == plain


# What the start says, what the end says, and what is true: input, output, cache read, cache creation.
USAGES: dict[str, tuple[Json | None, Json | None, tuple[Any, ...] | None]] = {
    "cumulative": (
        {"input_tokens": 5, "output_tokens": 1},
        {"input_tokens": 9, "output_tokens": 4},
        (9, 4, None, None),
    ),
    "input at the start alone": ({"input_tokens": 5, "output_tokens": 1}, {"output_tokens": 4}, (5, 4, None, None)),
    "input at the end alone": (
        {"input_tokens": 0, "output_tokens": 0},
        {"input_tokens": 5, "output_tokens": 4},
        (5, 4, None, None),
    ),
    "zeros at the end": (
        {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 1},
        {"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 4},
        (7, 4, 2, None),
    ),
    "no output at the end": ({"input_tokens": 5, "output_tokens": 3}, {"output_tokens": 0}, (5, 3, None, None)),
    "cached": (
        {"input_tokens": 5, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100, "output_tokens": 1},
        {"output_tokens": 4},
        (115, 4, 100, 10),
    ),
    "cached, told at the end": (
        {"input_tokens": 100, "output_tokens": 1},
        {"input_tokens": 20, "cache_read_input_tokens": 80, "output_tokens": 4},
        (100, 4, 80, None),
    ),
    "nulls at the end": (
        {"input_tokens": 5, "output_tokens": 1},
        {"input_tokens": None, "output_tokens": 4, "cache_read_input_tokens": None},
        (5, 4, None, None),
    ),
    "at the end alone": (None, {"input_tokens": 5, "output_tokens": 4}, (5, 4, None, None)),
    "at the start alone": ({"input_tokens": 5, "output_tokens": 4}, None, (5, 4, None, None)),
    "never": (None, None, None),
}


@pytest.mark.parametrize("name", USAGES)
def test_usage_is_never_added_up(name: str):
    at_start, at_end, expected = USAGES[name]
    start: Json = {"type": "message_start", "message": {**START["message"], "usage": at_start}}
    usage = reply_of(start, {**stop(), "usage": at_end}, STOP).usage
    if expected is None:
        assert usage is None
        return
    assert usage is not None
    figures = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_creation_tokens)
    assert figures == expected
    assert usage.total_tokens == expected[0] + expected[1]


@pytest.mark.parametrize("at_end", [{}, {"input_tokens": 0, "cache_creation": {"ephemeral_5m_input_tokens": 0}}])
def test_usage_tells_how_long_what_was_cached_stays(at_end: Json):
    """Anthropic's reference: `cache_creation` is a breakdown of `cache_creation_input_tokens` by TTL."""
    split = {"ephemeral_5m_input_tokens": 456, "ephemeral_1h_input_tokens": 100}
    told = {"input_tokens": 5, "cache_creation_input_tokens": 556, "cache_creation": split, "output_tokens": 1}
    start: Json = {"type": "message_start", "message": {**START["message"], "usage": told}}
    usage = reply_of(start, stop(usage={"output_tokens": 4, **at_end}), STOP).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cache_creation_tokens) == (561, 556)
    assert (usage.cache_creation_5m_tokens, usage.cache_creation_1h_tokens) == (456, 100)


COMPACTION = {
    "type": "compaction",
    "input_tokens": 180_000,
    "output_tokens": 3_500,
    "cache_read_input_tokens": 200,
    "cache_creation_input_tokens": 30,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 30},
}


@pytest.mark.parametrize("streams", [False, True])
def test_usage_has_what_a_compaction_cost(streams: bool):
    """The SDK, of `iterations`: a compaction's tokens are not included in the top-level fields; a message's are."""
    turn = {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000}
    iterations = [COMPACTION, COMPACTION, turn, {"type": "advisor_message", "input_tokens": 7}, "x"]
    told = {"input_tokens": 23_000, "output_tokens": 1_000, "cache_read_input_tokens": 5, "iterations": iterations}
    reply = reply_of(START, stop(usage=told), STOP) if streams else PROTOCOL.decode(message(usage=told))
    usage = reply.usage
    assert usage is not None
    assert usage.input_tokens == 23_000 + 5 + 2 * (180_000 + 200 + 30)
    assert (usage.output_tokens, usage.total_tokens) == (8_000, usage.input_tokens + 8_000)
    assert (usage.cache_read_tokens, usage.cache_creation_tokens) == (405, 60)
    assert (usage.cache_creation_5m_tokens, usage.cache_creation_1h_tokens) == (0, 60)
    assert usage.reasoning_tokens is None
    assert usage.raw == told


@pytest.mark.parametrize(
    "iterations", [None, "x", {}, [], [{"type": "compaction"}], [{"type": "compaction", "input_tokens": "x"}]]
)
def test_strange_iterations_count_for_nothing(iterations: Any):
    usage = PROTOCOL.decode(message(usage={"input_tokens": 5, "output_tokens": 4, "iterations": iterations})).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (5, 4, 9)


def test_a_service_tier_may_come_late():
    streamed = reply_of(START, stop(usage={"output_tokens": 5, "service_tier": "priority"}), STOP)
    assert streamed.service_tier == "priority"


def test_an_event_may_be_named_by_the_stream_alone():
    events = [START, *HELLO, stop(), STOP]
    decoder = PROTOCOL.decoder()
    nameless = [(event["type"], {key: event[key] for key in event if key != "type"}) for event in events]
    deltas = [delta for name, event in nameless for delta in decoder.feed(name, event)]
    assert Fold().add_all([*deltas, *decoder.close()]).reply() == reply_of(*events)


def test_unknown_events_deltas_and_fields_are_passed_over():
    expected = reply_of(START, *HELLO, stop(), STOP)
    begun, *rest = HELLO
    reply = reply_of(
        START,
        {"type": "vendor_metrics", "elapsed": 1},
        {**begun, "extra": 1},
        more(0, "novel_delta", text="!"),
        *rest,
        stop(),
        STOP,
    )
    assert reply == expected


def test_what_comes_after_the_stop_is_not_read():
    late = [more(0, "text_delta", text="late"), stop("max_tokens"), STOP, {"type": "error", "error": {"message": "x"}}]
    assert deltas_of(START, stop(), STOP, *late) == deltas_of(START, stop(), STOP)


def test_a_stream_may_end_without_its_stop():
    assert reply_of(START, *HELLO, stop()) == reply_of(START, *HELLO, stop(), STOP)


def test_done_may_follow_or_stand_for_the_stop():
    events = [START, *HELLO, stop(), STOP]
    for sent in (events, events[:-1]):
        reader = StreamReader(PROTOCOL)
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in sent) + "data: [DONE]\n\ndata: garbage\n\n"
        deltas = [*reader.feed(body.encode()), *reader.close()]
        assert Fold().add_all(deltas).reply() == reply_of(*events)


def test_a_plain_reply_may_stand_where_a_stream_was_asked_for_and_the_other_way_round():
    body = message({"type": "text", "text": "Hello"})
    plain = HttpAnswer(200, {"content-type": "application/json"}, json.dumps(body).encode(), request_id="r")
    streamed = "".join(f"data: {json.dumps(event)}\n\n" for event in [START, *HELLO, stop(), STOP])
    stream = HttpAnswer(200, {"content-type": "text/event-stream"}, streamed.encode(), request_id="r")
    assert read_reply(plain, PROTOCOL) == read_reply(stream, PROTOCOL)
    assert Fold().add_all(read_as_deltas(plain, PROTOCOL)).reply() == read_reply(plain, PROTOCOL)
    assert reply_of(body) == PROTOCOL.decode(body)


def test_gateways_may_have_a_text_or_nothing_for_content():
    assert PROTOCOL.decode({**message(), "content": "Hello"}).text == "Hello"
    assert reply_of({"type": "message_start", "message": {"content": None}}, stop()).choice.parts == ()
    assert reply_of({"type": "message_start", "message": None}, stop()).id is None


def test_an_empty_reply_is_a_reply():
    reply = PROTOCOL.decode(message())
    assert reply.choice.parts == ()
    assert reply.choice.finish is Finish.STOP


ERRORS: list[tuple[str, Json, type[SeaCloudError], int]] = [
    ("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, ServerError, 529),
    ("", {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}}, RateLimitError, 429),
    ("error", {"error": {"type": "invalid_request_error", "message": "no"}}, InvalidRequestError, 400),
    ("", {"error": "server_error"}, ServerError, 500),
]


@pytest.mark.parametrize(("event", "data", "cls", "status"), ERRORS)
def test_an_error_in_the_stream_is_raised(event: str, data: Json, cls: type[SeaCloudError], status: int):
    decoder = PROTOCOL.decoder()
    decoder.feed("", START)
    with pytest.raises(cls) as caught:
        list(decoder.feed(event, data))
    assert caught.value.status == status


def test_an_error_in_a_body_of_status_200_is_raised():
    with pytest.raises(ServerError):
        PROTOCOL.decode({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})


@pytest.mark.parametrize("body", [None, [], "x", 3, {}, {"choices": []}, {"content": 3}, {"content": [1]}])
def test_what_is_no_message_is_a_protocol_error(body: Any):
    with pytest.raises(ProtocolError):
        PROTOCOL.decode(body)


@pytest.mark.parametrize(
    "event",
    [
        [],
        "x",
        None,
        {"type": "content_block_start", "index": 0, "content_block": 3},
        {"type": "content_block_start", "index": 0},
        {"type": "content_block_delta", "index": 0, "delta": []},
        {"type": "message_start", "message": {"content": {"type": "text"}}},
    ],
)
def test_what_is_no_event_is_a_protocol_error(event: Any):
    decoder = PROTOCOL.decoder()
    with pytest.raises(ProtocolError):
        decoder.feed("", event)


def test_a_stream_without_a_message_is_no_reply():
    with pytest.raises(ProtocolError):
        PROTOCOL.decoder().finish()
    with pytest.raises(ProtocolError):
        PROTOCOL.decoder().feed("", STOP)
    with pytest.raises(StreamBroken):
        PROTOCOL.decoder().close()
    decoder = PROTOCOL.decoder()
    decoder.feed("", START)
    with pytest.raises(StreamBroken):
        decoder.close()


# Garbage.
