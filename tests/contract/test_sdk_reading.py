"""The readings themselves: all recordings are read, nothing is dropped, and two ways of reading agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from contract import completeness, hand_read
from contract.official_clients import dump, openai_client
from contract.reading import ChoiceReading, Reading, flatten, same_arguments
from contract.recordings import PROTOCOLS, SKIP, Recording, load, load_all, parametrize
from contract.sdk_messages import read_messages_stable
from contract.sdk_reading import read, read_by_sdk
from contract.sdk_responses import TERMINAL, reading_of

COUNTS = {"chat_completions": 38, "messages": 34, "responses": 48}

# A stream's events and its terminal event disagree: in which fields, and why.
EARLIER = {
    "openai-reasoning-encrypted-content-1-chunks-c6f8e6": {"signatures"},
    "openai-shell-container-1-chunks-75b82d": {"text"},  # whoever made the fixture shortened the deltas
    "programmatic-tool-calling-1-chunks-aeaaa8": {"signatures", "native_items"},
    "test-openai-responses-code-execution-return-image-stream-276e3c": {"signatures"},
    "test-openai-responses-model-web-search-tool-stream-80e7a4": {"signatures"},
    "test-openai-responses-phase-streamed-on-part-start-ecd0f8": {"signatures"},
}

# Where the events have what a stream's text and reasoning are made of.
DELTAS = {
    "chat_completions": {
        "text": "choices[].delta.content choices[].delta.content[].text",
        "reasoning": "choices[].delta.reasoning_content choices[].delta.reasoning "
        "choices[].delta.content[].thinking[].text",
    },
    "messages": {"text": "delta.text", "reasoning": "delta.thinking"},
}

# Four responses, one after the other, in one stream: the accumulator refuses the second.
SEVERAL_RESPONSES = "openai-reasoning-encrypted-content-1-chunks-c6f8e6"


def says_something(choice: ChoiceReading) -> bool:
    return bool(choice.text or choice.reasoning or choice.tool_calls or choice.native or choice.refusal)


def raw_usage(recording: Recording) -> dict[str, Any] | None:
    """Fold the usage objects of the raw body: each event's figures replace those of the events before it."""
    usage: dict[str, Any] | None = None
    for payload in hand_read.payloads(recording):
        holders = (payload, payload.get("message"), payload.get("response"))
        for holder in holders:
            if isinstance(holder, dict) and isinstance(holder.get("usage"), dict):
                usage = (usage or {}) | flatten(holder["usage"])
        if payload.get("type") in TERMINAL:
            break
    return usage


def raw_items(recording: Recording) -> list[dict[str, Any]]:
    place = "content" if recording.protocol == "messages" else "output"
    return list(hand_read.payloads(recording)[0].get(place) or [])


def without(reading: Reading, **blank: Any) -> Reading:
    return replace(reading, choices=tuple(replace(choice, **blank) for choice in reading.choices))


@SKIP
def test_all_recordings_are_read():
    counts = Counter(recording.protocol for recording in load_all() if isinstance(read(recording), Reading))
    print(", ".join(f"{protocol} {counts[protocol]}" for protocol in PROTOCOLS))  # noqa: T201
    assert counts == COUNTS


@parametrize()
def test_nothing_is_empty_without_reason(recording: Recording):
    reading = read(recording)
    if recording.status != 200:
        assert reading.error
        assert not reading.choices
        return
    assert reading.id
    assert reading.model
    queued = "status_queued" in recording.features and not recording.stream
    assert queued or reading.error or all(map(says_something, reading.choices))
    assert queued or reading.error or all(choice.finish for choice in reading.choices)


@parametrize()
def test_every_long_string_of_the_body_is_held(recording: Recording):
    lost = [
        (path, text)
        for path, text in completeness.missing(recording, read(recording))
        if not completeness.left_out(path)
    ]
    assert lost == []


@SKIP
def test_every_reason_to_leave_out_is_needed():
    used = {
        completeness.left_out(path)
        for recording in load_all()
        for path, _ in completeness.missing(recording, read(recording))
    }
    assert used == completeness.LEFT_OUT.keys()


@parametrize()
def test_every_usage_figure_of_the_body_is_held(recording: Recording):
    assert read(recording).usage == raw_usage(recording)


@parametrize("messages", "responses", stream=False)
def test_items_are_as_the_wire_has_them(recording: Recording):
    for choice in read(recording).choices:
        assert list(choice.items) == raw_items(recording)
        assert list(choice.native_items) == [item for item in choice.items if item["type"] in choice.native]
        assert len(choice.order) == len(choice.items)


@parametrize("chat_completions", "messages", stream=True)
def test_text_and_reasoning_are_the_sum_of_the_deltas(recording: Recording):
    several = recording.protocol == "chat_completions"
    for index, choice in enumerate(read(recording).choices):
        for name, where in DELTAS[recording.protocol].items():
            found = hand_read.at(recording, where, choice=index if several else None)
            assert getattr(choice, name) == "".join(text for text in found if isinstance(text, str))


@parametrize()
def test_the_features_in_the_index_are_read(recording: Recording):
    choices = read(recording).choices
    seen = {
        "tool_calls_out": any(choice.tool_calls for choice in choices),
        "citations": any(choice.citations for choice in choices) or "citations" in read(recording).extras,
        "thinking_signature": any(choice.signatures for choice in choices),
        "redacted_thinking": any(choice.signatures for choice in choices),
        "reasoning_content": any(choice.reasoning for choice in choices),
        "reasoning_summary": any(choice.reasoning for choice in choices),
        "n_choices_out": len(choices) > 1,
        "error_in_body": read(recording).error is not None,
    }
    assert [feature for feature in recording.features if not seen.get(feature, True)] == []


@parametrize("messages")
def test_the_stable_and_the_beta_resource_agree(recording: Recording):
    assert read_messages_stable(recording) == read(recording)


@parametrize("responses", stream=True)
def test_the_accumulator_agrees_with_the_terminal_event(recording: Recording):
    with openai_client(recording) as client, client.responses.stream(model="any", input="any") as stream:
        if recording.id == SEVERAL_RESPONSES:
            with pytest.raises(RuntimeError, match="identity changed"):
                stream.get_final_response()
            return
        accumulated = reading_of(dump(stream.get_final_response()))
    # the accumulator adds `parsed` to items, and knows one state only
    assert without(accumulated, items=()) == without(read(recording), items=(), earlier={})


@parametrize()
def test_events_agree_with_the_terminal_event_but_where_listed(recording: Recording):
    earlier = [set(choice.earlier) for choice in read(recording).choices if choice.earlier]
    assert earlier == ([EARLIER[recording.id]] if recording.id in EARLIER else [])


@SKIP
def test_the_table_read_by_hand_is_needed():
    by_id = {recording.id: recording for recording in load_all()}
    assert hand_read.HAND.keys() <= by_id.keys()
    assert [name for name in hand_read.HAND if read_by_sdk(by_id[name]) == read(by_id[name])] == []


@SKIP
def test_a_text_read_by_hand_is_refused_when_it_changed():
    recording = load("chat_completions")[0]
    long = hand_read.Long("choices[].message.content", length=1, sha256="00", first="x", last="x")
    with pytest.raises(AssertionError, match="not what was read by hand"):
        long.resolve(recording)


def test_arguments_are_equal_as_text_or_as_json():
    assert same_arguments('{"a": 1}', '{"a":1}')
    assert same_arguments("{not json", "{not json")
    assert not same_arguments("{not json", '{"a":1}')


def test_a_dropped_string_is_found():
    body = '{"choices": [{"message": {"content": "' + "a long sentence that a reader could drop" * 2 + '"}}]}'
    recording = Recording("made-up", "chat_completions", False, 200, "wire", (), {}, {}, body, "")
    assert [path for path, _ in completeness.missing(recording, Reading())] == ["choices{}.message.content"]
