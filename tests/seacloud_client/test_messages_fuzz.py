"""Messages' decoder under garbage: it ends in deltas or in one of our errors."""

from __future__ import annotations

import copy
import json
from typing import Any

from contract.recordings import Recording, load
from hypothesis import given
from hypothesis import strategies as st
from messages_wire import HELLO, START, STOP, begin, end, more, stop
from seacloud_client.conversation import (
    Request,
    user,
)
from seacloud_client.errors import (
    SeaCloudError,
)
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold
from seacloud_client.protocols.messages import PROTOCOL
from seacloud_client.streams import StreamReader, read_reply

TEXTS = st.text('ab{}": \né', max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    [
        "type",
        "text",
        "thinking",
        "tool_use",
        "message",
        "message_start",
        "message_delta",
        "error",
        "text_delta",
        "input_json_delta",
        "compaction_delta",
        "server_tool_use",
        "redacted_thinking",
    ]
)


def events_of(recording: Recording) -> list[Any]:
    if not recording.stream:
        return [json.loads(recording.response)]
    lines = recording.response.splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:")]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: its container, and its key or number."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in pairs for found in ((value, key), *places(inner))]


SHORT = [recording for recording in load("messages") if len(recording.response) < 12_000] or [None]


@given(st.data())
def test_mutated_recordings_end_in_deltas_or_our_errors(data: st.DataObject):
    recording = data.draw(st.sampled_from(SHORT))
    events = copy.deepcopy(events_of(recording) if recording else [START, *HELLO, stop(), STOP])
    for _ in range(data.draw(st.integers(1, 4))):
        found = places(events)
        container, key = found[data.draw(st.integers(0, len(found) - 1))]
        if data.draw(st.booleans()):
            container[key] = data.draw(JSON | WORDS)
        elif len(container) > 1:
            del container[key]
    decoder, fold = PROTOCOL.decoder(), Fold()
    try:
        for event in events:
            fold.add_all(decoder.feed(data.draw(st.sampled_from(["", "error", "message_start"])), event))
        fold.add_all(decoder.close())
        sent_back = (user("hi"), fold.reply().message, user("go on"))
        PROTOCOL.encode(Request(model="claude-x", messages=sent_back), False)
        PROTOCOL.decode(events[0])
    except SeaCloudError:
        pass


MADE_UP = [
    START,
    begin(0, type="thinking", thinking=""),
    more(0, "thinking_delta", thinking="Grüße"),
    more(0, "signature_delta", signature="sig"),
    end(0),
    begin(1, type="tool_use", id="t", name="f", input={}),
    more(1, "input_json_delta", partial_json='{"a": 1}'),
    end(1),
    stop("tool_use"),
    STOP,
]
STREAM = "".join(f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in MADE_UP)
BODIES = [STREAM, *(recording.response for recording in SHORT if recording)]


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
    assert fold.reply().protocol in {"messages", "chat_completions"}  # the latter before anything was told


@given(st.data(), st.sampled_from(["application/json", "text/event-stream", ""]))
def test_a_corrupted_answer_ends_in_a_reply_or_our_errors(data: st.DataObject, content_type: str):
    answer = HttpAnswer(200, {"content-type": content_type}, corrupted(data), request_id="r")
    try:
        assert read_reply(answer, PROTOCOL).request_id == "r"
    except SeaCloudError as error:
        assert error.request_id == "r"  # noqa: PT017  # which of both it is, is for the body to say


@given(st.lists(st.dictionaries(WORDS, JSON | WORDS, max_size=4), max_size=5))
def test_any_json_ends_in_deltas_or_our_errors(events: list[Any]):
    decoder, fold = PROTOCOL.decoder(), Fold()
    try:
        for event in events:
            fold.add_all(decoder.feed("content_block_delta", event))
        fold.add_all(decoder.close())
    except SeaCloudError:
        pass
