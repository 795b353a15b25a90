"""Whatever a network makes of an answer, on each protocol: it ends in a reply or in one of our errors, and ends.

Any cut into pieces gives the same outcome; any prefix and any corrupted byte gives some outcome. Another exception than
ours is not caught by `outcome_of`, and fails the test.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seacloud_client.conversation import Reply
from seacloud_client.errors import ProtocolError, SeaCloudError, StreamBroken
from seacloud_client.protocols import spoken

from .our_reading import Outcome, outcome_of
from .recordings import Recording, load

LONGEST = 40_000
"""Bytes of the longest answer that is used: each example reads all of it."""

EXAMPLES = 150

_CHAT_STREAM = "".join(
    f"data: {json.dumps({'id': 'c', 'created': 1, 'model': 'm', 'choices': [choice]}, ensure_ascii=False)}\n\n"
    for choice in (
        {"index": 0, "delta": {"role": "assistant", "content": ""}},
        {"index": 0, "delta": {"reasoning_content": "hé"}},
        {"index": 0, "delta": {"content": "日本 🎨"}, "logprobs": {"content": [{"token": "a", "logprob": -1}]}},
        {"index": 0, "delta": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}]}},
        {"index": 0, "delta": {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://e.com"}}]}},
        {"index": 0, "delta": {"audio": {"id": "a", "data": "aGk=", "transcript": "hi"}}},
        {"index": 0, "delta": {"images": [{"image_url": {"url": "data:image/png;base64,aGk="}}]}},
        {"index": 0, "delta": {"reasoning_details": [{"type": "reasoning.text", "text": "y", "index": 0}]}},
        {"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{"}}]}},
        {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}},
        {"index": 1, "delta": {"refusal": "no"}, "finish_reason": "stop"},
        {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
    )
)
_USAGE = 'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}\n\n'
EVERY_KIND = Recording(
    "every-kind-of-delta", "chat_completions", True, 200, "", (), {}, {}, f"{_CHAT_STREAM}{_USAGE}data: [DONE]\n\n", ""
)


def answers(protocol: str, *, stream: bool) -> list[Recording]:
    """The answers to spoil: the recorded ones that are short enough and complete, and for one protocol ours."""
    recorded = [
        recording
        for recording in load(protocol)
        if recording.stream is stream and recording.status == 200 and len(recording.response) < LONGEST
    ]
    return recorded + ([EVERY_KIND] if stream and protocol == EVERY_KIND.protocol else [])


def check(outcome: Outcome) -> None:
    assert outcome.error is not None or outcome.reply is not None
    assert outcome.error is None or isinstance(outcome.error, SeaCloudError)
    if outcome.error is not None:
        assert str(outcome.error)


def both(protocol: str, *, stream: bool) -> st.SearchStrategy[Recording]:
    found = answers(protocol, stream=stream)
    if not found:
        pytest.skip("the recorded transcripts are not beside the repository")
    return st.sampled_from(found)


few = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
each_protocol = pytest.mark.parametrize("protocol", spoken())


@each_protocol
def test_any_cut_into_pieces_is_read_alike(protocol: str):
    @few
    @given(both(protocol, stream=True), st.lists(st.integers(0, LONGEST * 3), max_size=6))
    def cut(recording: Recording, places: list[int]) -> None:
        body = recording.response.encode()
        ends = sorted({min(place, len(body)) for place in places} | {0, len(body)})
        outcome = outcome_of(recording, [body[start:end] for start, end in pairwise(ends)])
        whole = outcome_of(recording)
        assert (outcome.deltas, outcome.reply, repr(outcome.error)) == (whole.deltas, whole.reply, repr(whole.error))

    cut()


@each_protocol
def test_any_prefix_is_a_reply_or_broken(protocol: str):
    @few
    @given(both(protocol, stream=True), st.floats(0, 1))
    def break_off(recording: Recording, share: float) -> None:
        body = recording.response.encode()
        outcome = outcome_of(recording, [body[: int(len(body) * share)]])
        check(outcome)
        whole = outcome_of(recording)
        assert outcome.error is None or isinstance(outcome.error, (StreamBroken, ProtocolError, type(whole.error)))
        # What came before the break is what the whole stream begins with: nothing is invented.
        text, whole_text = text_of(outcome.reply), text_of(whole.reply)
        assert whole_text.startswith(text)

    break_off()


def text_of(reply: Reply | None) -> str:
    return reply.text if reply is not None else ""


@each_protocol
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
def test_any_corrupted_byte_is_a_reply_or_an_error_of_ours(protocol: str, stream: bool):
    @few
    @given(both(protocol, stream=stream), st.floats(0, 0.9999), st.integers(0, 255))
    def corrupt(recording: Recording, share: float, byte: int) -> None:
        body = bytearray(recording.response.encode())
        body[int(len(body) * share)] = byte
        check(outcome_of(recording, [bytes(body)]))

    corrupt()


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@each_protocol
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
def test_any_value_in_the_place_of_another_is_a_reply_or_an_error_of_ours(protocol: str, stream: bool):
    @few
    @given(both(protocol, stream=stream), st.integers(0, 10**6), values)
    def replace_value(recording: Recording, number: int, value: Any) -> None:
        lines = recording.response.split("\n") if stream else [f"data: {recording.response.strip()}"]
        events = [place for place, line in enumerate(lines) if line.startswith("data: {")]
        where = events[number % len(events)]
        event = json.loads(lines[where][6:])
        places = list(inner_places(event))
        holder, key = places[number // 7 % len(places)]
        holder[key] = value
        lines[where] = f"data: {json.dumps(event)}"
        body = "\n".join(lines) if stream else lines[0][6:]
        check(outcome_of(recording, [body.encode()]))

    replace_value()


def inner_places(value: Any) -> list[tuple[Any, Any]]:
    """Every place within a JSON value, as its holder and key."""
    keys: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    return [place for key in keys for place in ((value, key), *inner_places(value[key]))]
