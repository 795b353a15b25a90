"""How Chat Completions' replies and streams end: finish and usage once each, or with an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_wire import HEAD, Json, call, calls, chunk, deltas_of, plain, stop, streamed
from seacloud_client.conversation import (
    Finish,
    Usage,
)
from seacloud_client.deltas import (
    FinishDelta,
    ReasoningDelta,
    TextDelta,
    UsageDelta,
)
from seacloud_client.errors import InvalidRequestError, ProtocolError, ServerError, StreamBroken
from seacloud_client.folding import Fold
from seacloud_client.protocols.chat_completions import PROTOCOL
from seacloud_client.protocols.chat_completions.decode import read_usage


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", Finish.STOP),
        ("length", Finish.LENGTH),
        ("tool_calls", Finish.TOOL_CALLS),
        ("function_call", Finish.TOOL_CALLS),
        ("content_filter", Finish.CONTENT_FILTER),
        ("eos", Finish.STOP),
        ("sensitive", Finish.CONTENT_FILTER),
        ("network_error", Finish.ERROR),
        ("insufficient_system_resource", Finish.ERROR),
        ("SAFETY", Finish.CONTENT_FILTER),
        ("PROHIBITED_CONTENT", Finish.CONTENT_FILTER),
        ("IMAGE_SAFETY", Finish.CONTENT_FILTER),
        ("content_filter: PROHIBITED_CONTENT", Finish.CONTENT_FILTER),  # Gemini's OpenAI compatibility
        ("function_call_filter: MALFORMED_FUNCTION_CALL", Finish.ERROR),
        ("MALFORMED_FUNCTION_CALL", Finish.ERROR),
        ("something: new", Finish.UNKNOWN),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("something new", Finish.UNKNOWN),
    ],
)
def test_the_finish_and_the_wires_own_word(reason: str, finish: Finish):
    for reply in (plain({"content": "x"}, reason), streamed(chunk({"content": "x"}), stop(reason))):
        assert (reply.choice.finish, reply.choice.finish_reason) == (finish, reason)


def test_a_choice_without_a_message_has_its_finish():
    """As Gemini's OpenAI compatibility answers what it filters."""
    reply = PROTOCOL.decode({**HEAD, "choices": [{"index": 0, "finish_reason": "content_filter: SPII"}]})
    assert (reply.choice.parts, reply.choice.finish) == ((), Finish.CONTENT_FILTER)


def test_a_finish_that_is_repeated_is_told_once():
    deltas = deltas_of(chunk({"content": "x"}), stop(), stop(), stop(), chunk({"content": ""}, "stop"))
    assert sum(isinstance(delta, FinishDelta) for delta in deltas) == 1


def test_text_behind_the_finish_is_read():
    assert streamed(chunk({"content": "a"}, "stop"), chunk({"content": "b"})).text == "ab"


def test_an_announced_end_needs_no_finish():
    reply = Fold().add_all(deltas_of(chunk({"content": "x"}), end="finish")).reply()
    assert (reply.text, reply.choice.finish, reply.choice.finish_reason) == ("x", Finish.UNKNOWN, None)


USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


@pytest.mark.parametrize(
    "chunks",
    [
        [stop(), {**HEAD, "choices": [], "usage": USAGE}],
        [{**stop(), "usage": USAGE}],
        [
            {**chunk({"content": "y"}), "usage": {**USAGE, "completion_tokens": 1, "total_tokens": 11}},
            {**stop(), "usage": USAGE},
        ],
        [{**stop(), "usage": USAGE}, {**HEAD, "choices": [], "usage": USAGE}],
        [{**stop(), "x_groq": {"usage": USAGE}}],
        [{**HEAD, "choices": [], "usage": USAGE}, {**stop(), "usage": None}],
        [{**stop(), "usage": USAGE}, {**HEAD, "choices": [], "usage": dict.fromkeys(USAGE, 0)}],
    ],
    ids=[
        "in a chunk of its own",
        "with the finish",
        "cumulative",
        "twice",
        "groq's",
        "before the finish",
        "zeros last",
    ],
)
def test_usage_is_told_once_and_is_the_last_state(chunks: list[Json]):
    deltas = deltas_of(chunk({"content": "x"}), *chunks)
    (told,) = [delta for delta in deltas if isinstance(delta, UsageDelta)]
    assert (told.usage.input_tokens, told.usage.output_tokens, told.usage.total_tokens) == (10, 5, 15)
    assert told.usage.raw == USAGE


def usage(**expected: int) -> Usage:
    return Usage(**{"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, **expected})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (USAGE, usage()),
        (
            {
                **USAGE,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 2, "cache_write_tokens": 1},
                "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 1},
            },
            usage(
                cache_read_tokens=4,
                cache_creation_tokens=1,
                input_audio_tokens=2,
                reasoning_tokens=3,
                output_audio_tokens=1,
            ),
        ),
        (
            {**USAGE, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6},
            usage(cache_read_tokens=4),
        ),  # DeepSeek
        ({**USAGE, "cached_tokens": 4}, usage(cache_read_tokens=4)),  # Moonshot
        # xAI: completion_tokens are without the reasoning, which the total counts.
        (
            {**USAGE, "total_tokens": 22, "completion_tokens_details": {"reasoning_tokens": 7}},
            usage(output_tokens=12, total_tokens=22, reasoning_tokens=7),
        ),
        # Mistral: prompt_tokens are without the sound, which the total counts.
        (
            {**USAGE, "total_tokens": 40, "prompt_tokens_details": {"audio_tokens": 25}},
            usage(input_tokens=35, total_tokens=40, input_audio_tokens=25),
        ),
        # Gemini: completion_tokens are without the thoughts, which the total alone counts.
        ({**USAGE, "total_tokens": 60}, usage(output_tokens=50, total_tokens=60)),
        ({"total_tokens": 60}, usage(input_tokens=0, output_tokens=0, total_tokens=60)),
        # Where there are details, and none accounts for the rest of the total, nothing is made of it.
        (
            {**USAGE, "total_tokens": 60, "completion_tokens_details": {"reasoning_tokens": 3}},
            usage(total_tokens=60, reasoning_tokens=3),
        ),
        ({**USAGE, "total_tokens": 60, "cached_tokens": 4}, usage(total_tokens=60, cache_read_tokens=4)),
        ({"prompt_tokens": 10, "completion_tokens": 5}, usage()),
        ({"prompt_tokens": 10.0, "completion_tokens": 5, "total_tokens": None}, usage()),
        ({"prompt_tokens": 10, "total_tokens": 10}, usage(output_tokens=0, total_tokens=10)),
    ],
)
def test_usage_in_every_detail(raw: Json, expected: Usage):
    found = read_usage(raw)
    assert found is not None
    assert found.raw == raw
    assert found == Usage(
        **{name: getattr(expected, name) for name in Usage.__dataclass_fields__ if name != "raw"}, raw=raw
    )


@pytest.mark.parametrize("raw", [None, {}, [], "none", 7])
def test_no_usage_is_none(raw: Any):
    assert read_usage(raw) is None


@pytest.mark.parametrize(
    "bad",
    [
        [],
        "text",
        None,
        {**HEAD, "choices": {"0": {}}},
        {**HEAD, "choices": "x"},
        {**HEAD, "choices": ["x"]},
        chunk("text"),
        chunk(["x"]),
        {**HEAD, "choices": [{"index": "zero", "delta": {}}]},
        {**HEAD, "choices": [{"index": [0], "delta": {}}]},
        chunk({"content": 7}),
        chunk({"audio": "x"}),
        chunk({"images": [{"image_url": {"url": "data:image/png"}}]}),
    ],
)
def test_what_the_protocol_does_not_allow_is_an_error(bad: Any):
    with pytest.raises(ProtocolError):
        deltas_of(bad, stop())


@pytest.mark.parametrize(
    "odd",
    [
        chunk({"tool_calls": "x"}),
        chunk({"tool_calls": [None, "x", {}]}),
        chunk({"reasoning_details": "x"}),
        chunk({"annotations": {"a": 1}}),
        chunk({"images": [None, {"image_url": None}]}),
        chunk({"content": [None, {"type": ["x"]}]}),
        chunk({"reasoning_content": {"a": 1}}),
        chunk({"function_call": "x"}),
        {**chunk({}), "created": "now", "id": 7, "model": None},
        {**chunk({}), "usage": "much"},
        {**chunk({}), "service_tier": {"a": 1}},
        {**chunk({}), "x_groq": "x"},
    ],
)
def test_what_makes_no_sense_but_harms_nothing_is_passed_over(odd: Json):
    assert streamed(odd, chunk({"content": "x"}), stop()).text.endswith("x")


def test_an_error_in_the_stream_is_raised():
    with pytest.raises(InvalidRequestError, match="Nope"):
        deltas_of(chunk({"content": "x"}), {"error": {"message": "Nope", "type": "invalid_request_error"}})


def test_an_error_event_is_raised_by_its_name():
    with pytest.raises(ServerError):
        list(PROTOCOL.decoder().feed("error", {"message": "It broke"}))


def test_what_an_errors_chunk_says_besides_is_told_first():
    decoder = PROTOCOL.decoder()
    seen = list(decoder.feed("", chunk({"content": "x"}, "length")))
    failing = decoder.feed(
        "", {**chunk({"content": "y"}, "error"), "error": {"message": "Nope", "code": 400}, "usage": USAGE}
    )
    with pytest.raises(InvalidRequestError, match="Nope"):
        seen.extend(failing)
    reply = Fold().add_all(seen).reply()
    assert (reply.text, reply.choice.finish, reply.usage.total_tokens) == ("xy", Finish.ERROR, 15)


@pytest.mark.parametrize("chunks", [[], [chunk({})], [chunk({"content": "x"})], [{**HEAD, "choices": []}]])
def test_a_stream_that_ends_early_is_broken(chunks: list[Json]):
    with pytest.raises(StreamBroken, match="may have been generated to its end, and billed"):
        deltas_of(*chunks)


def test_an_announced_end_without_any_choice_is_no_reply():
    with pytest.raises(ProtocolError, match="no choice"):
        deltas_of({**HEAD, "choices": []}, end="finish")


def test_a_choices_own_error_is_kept():
    error = {"code": 502, "message": "Provider failed"}  # OpenRouter
    reply = plain({"content": "x"}, "error", choice={"error": error})
    assert reply.choice.finish is Finish.ERROR
    assert reply.choice.extras == {"error": error}


def test_a_text_delta_is_one_delta():
    """The hot path: a chunk of text gives its delta and nothing else."""
    decoder = PROTOCOL.decoder()
    list(decoder.feed("", chunk({"content": "a"})))
    (delta,) = decoder.feed("", chunk({"content": "b"}))
    assert type(delta) is TextDelta
    list(decoder.feed("", chunk({"reasoning_content": "a"})))
    (delta,) = decoder.feed("", chunk({"reasoning_content": "b"}))
    assert type(delta) is ReasoningDelta


def test_nothing_that_was_fed_is_changed():
    chunks = [
        chunk(calls(call(0, "a", "f", "{}", extra_content={"x": [1]}))),
        {**stop(), "usage": USAGE, "x_groq": {"id": "r"}},
    ]
    before = json.dumps(chunks)
    streamed(*chunks)
    assert json.dumps(chunks) == before
