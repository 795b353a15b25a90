"""Responses' decoder under garbage: it ends in deltas or in one of our errors."""

from __future__ import annotations

import copy
import json
from typing import Any

from contract.recordings import Recording, load
from hypothesis import given
from hypothesis import strategies as st
from responses_wire import added, call_item, completed, created, done, event, message_item, reasoning_item, said
from seacloud_client.conversation import Request, user
from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold
from seacloud_client.protocols.responses import PROTOCOL
from seacloud_client.protocols.responses.decode import _EVENTS
from seacloud_client.streams import StreamReader, read_reply

TEXTS = st.text('ab{}": \né', max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
EVENT_TYPES = st.sampled_from(sorted(_EVENTS))
WORDS = st.sampled_from(
    [
        "type",
        "item",
        "part",
        "response",
        "output",
        "content",
        "delta",
        "text",
        "message",
        "reasoning",
        "function_call",
        "image_generation_call",
        "output_text",
        "refusal",
        "output_index",
        "content_index",
        "item_id",
        "status",
        "failed",
    ]
)

MADE_UP = [
    created(),
    added(0, reasoning_item()),
    event("reasoning_summary_text.delta", 0, summary_index=0, delta="Grüße"),
    done(0, reasoning_item("Grüße", encrypted_content="x")),
    added(1, message_item()),
    said("Hi.", 1),
    done(1, message_item("Hi.")),
    added(2, call_item("f", "")),
    event("function_call_arguments.delta", 2, delta='{"a": 1}'),
    done(2, call_item("f", '{"a": 1}')),
    completed(reasoning_item("Grüße", encrypted_content="x"), message_item("Hi."), call_item("f", '{"a": 1}')),
]
STREAM = "".join(f"event: {given['type']}\ndata: {json.dumps(given, ensure_ascii=False)}\n\n" for given in MADE_UP)
SHORT = [recording for recording in load("responses") if len(recording.response) < 20_000]
BODIES = [STREAM, *(recording.response for recording in SHORT)]


def events_of(recording: Recording) -> list[Any]:
    if not recording.stream:
        return [json.loads(recording.response)]
    lines = recording.response.splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:") and line[5:].strip() != "[DONE]"]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: its container, and its key or number."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in pairs for found in ((value, key), *places(inner))]


@given(st.data())
def test_mutated_recordings_end_in_deltas_or_our_errors(data: st.DataObject):
    recording = data.draw(st.sampled_from([None, *SHORT]))
    events = copy.deepcopy(MADE_UP if recording is None else events_of(recording))
    for _ in range(data.draw(st.integers(1, 4))):
        found = places(events)
        container, key = found[data.draw(st.integers(0, len(found) - 1))]
        if data.draw(st.booleans()):
            container[key] = data.draw(JSON | WORDS | EVENT_TYPES)
        elif len(container) > 1:
            del container[key]
    decoder, fold = PROTOCOL.decoder(), Fold()
    try:
        for one in events:
            fold.add_all(decoder.feed(data.draw(st.sampled_from(["", "error", "response.created"])), one))
        fold.add_all(decoder.close())
        sent_back = (user("hi"), fold.reply().message, user("go on"))
        json.dumps(PROTOCOL.encode(Request(model="gpt-x", messages=sent_back), False))
        PROTOCOL.decode(events[0])
    except SeaCloudError:
        pass


def corrupted(data: st.DataObject) -> bytes:
    """A body of which one byte is another, and perhaps the end is missing."""
    body = bytearray(data.draw(st.sampled_from(BODIES)).encode())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    return bytes(body[: data.draw(st.integers(0, len(body)) | st.just(len(body)))])


@given(st.data())
def test_a_corrupted_stream_ends_in_deltas_or_our_errors(data: st.DataObject):
    body = corrupted(data)
    cut = data.draw(st.integers(0, len(body)))
    reader, fold = StreamReader(PROTOCOL), Fold()
    try:
        fold.add_all(reader.feed(body[:cut]))
        fold.add_all(reader.feed(body[cut:]))
        fold.add_all(reader.close())
    except SeaCloudError:
        pass
    assert fold.reply().protocol in {"responses", "chat_completions"}  # the latter before anything was told


@given(st.data(), st.sampled_from(["application/json", "text/event-stream", ""]))
def test_a_corrupted_answer_ends_in_a_reply_or_our_errors(data: st.DataObject, content_type: str):
    answer = HttpAnswer(200, {"content-type": content_type}, corrupted(data), request_id="r")
    try:
        assert read_reply(answer, PROTOCOL).request_id == "r"
    except SeaCloudError as error:
        assert error.request_id == "r"  # noqa: PT017  # which of both it is, is for the body to say


@given(st.lists(st.dictionaries(WORDS, JSON | WORDS | EVENT_TYPES, max_size=4), max_size=5), EVENT_TYPES)
def test_any_json_ends_in_deltas_or_our_errors(events: list[Any], kind: str):
    decoder, fold = PROTOCOL.decoder(), Fold()
    try:
        for one in events:
            fold.add_all(decoder.feed(kind, one))
        fold.add_all(decoder.close())
    except SeaCloudError:
        pass
