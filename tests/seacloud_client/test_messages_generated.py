"""Replies that nobody has recorded: whatever a message holds, and however a stream cuts it, both read the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from messages_wire import START, STOP, Json, begin, end, message, more, stop
from seacloud_client.conversation import Native, Reasoning, Reply, Text, ToolCall
from seacloud_client.folding import Fold, unfold
from seacloud_client.protocols.messages import PROTOCOL
from seacloud_client.streams import StreamReader

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORD = st.text("abc_", min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORD, inner, max_size=2),
    max_leaves=4,
)
INPUT = st.dictionaries(WORD, VALUES, max_size=3)
CITATION = st.fixed_dictionaries({"type": st.just("page_location"), "cited_text": TEXT, "document_index": st.just(0)})


def block(kind: str, **fields: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


BLOCKS = st.one_of(
    block("text", text=TEXT),
    block("text", text=TEXT, citations=st.lists(CITATION, min_size=1, max_size=2)),
    block("thinking", thinking=TEXT, signature=WORD),
    block("redacted_thinking", data=WORD),
    block("tool_use", id=WORD, name=WORD, input=INPUT),
    block("server_tool_use", id=WORD, name=WORD, input=INPUT),
    block("web_search_tool_result", tool_use_id=WORD, content=st.lists(INPUT, max_size=2)),
)
COUNTS = st.integers(0, 10**6)
USAGE = st.fixed_dictionaries(
    {"input_tokens": COUNTS, "output_tokens": COUNTS},
    optional={
        "cache_read_input_tokens": COUNTS,
        "cache_creation_input_tokens": COUNTS,
        "cache_creation": st.fixed_dictionaries({"ephemeral_5m_input_tokens": COUNTS}),
        "server_tool_use": st.fixed_dictionaries({"web_search_requests": COUNTS}),
        "service_tier": st.sampled_from(["standard", "priority"]),
    },
)
REASONS = st.sampled_from(["end_turn", "max_tokens", "tool_use", "stop_sequence", "refusal", "pause_turn", "new_word"])


def cut(data: st.DataObject, text: str) -> Iterator[str]:
    """The text in pieces."""
    while text:
        size = data.draw(st.integers(1, len(text)))
        yield text[:size]
        text = text[size:]


def text_events(data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    yield begin(index, **{**whole, "text": "", **({"citations": []} if "citations" in whole else {})})
    for piece in cut(data, whole["text"]):
        yield more(index, "text_delta", text=piece)
    for citation in whole.get("citations", ()):
        yield more(index, "citations_delta", citation=citation)


def thinking_events(data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    yield begin(index, **{**whole, "thinking": "", "signature": ""})
    for piece in cut(data, whole["thinking"]):
        yield more(index, "thinking_delta", thinking=piece)
    yield more(index, "signature_delta", signature=whole["signature"])


def input_events(data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    yield begin(index, **{**whole, "input": {}})
    yield more(index, "input_json_delta", partial_json="")
    if whole["input"]:
        for piece in cut(data, json.dumps(whole["input"], ensure_ascii=False)):
            yield more(index, "input_json_delta", partial_json=piece)


def whole_events(_data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    yield begin(index, **whole)


EVENTS: dict[str, Callable[[st.DataObject, int, Json], Iterator[Json]]] = {
    "text": text_events,
    "thinking": thinking_events,
    "tool_use": input_events,
    "server_tool_use": input_events,
}


def streamed(data: st.DataObject, plain: Json) -> Iterator[Json]:
    """The events that a service would send for a message."""
    usage = plain["usage"]
    yield {"type": "message_start", "message": {**START["message"], "usage": {**usage, "output_tokens": 1}}}
    for index, whole in enumerate(plain["content"]):
        yield from EVENTS.get(whole["type"], whole_events)(data, index, whole)
        yield {"type": "ping"}
        yield end(index)
    yield stop(plain["stop_reason"], {"output_tokens": usage["output_tokens"]})
    yield STOP


def read(data: st.DataObject, events: Iterator[Json]) -> Reply:
    """What our reader makes of the events, their bytes in two pieces."""
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    place = data.draw(st.integers(0, len(body)))
    reader = StreamReader(PROTOCOL)
    return Fold().add_all([*reader.feed(body[:place]), *reader.feed(body[place:]), *reader.close()]).reply()


@settings(max_examples=60)
@given(st.data(), st.lists(BLOCKS, max_size=4), USAGE, REASONS)
def test_a_stream_and_the_plain_reply_are_the_same(data: st.DataObject, blocks: list[Json], usage: Json, reason: str):
    if usage["output_tokens"] == 0:
        usage["output_tokens"] = 1  # what a stream begins with
    plain = message(*blocks, usage=usage, stop_reason=reason)
    reply = PROTOCOL.decode(plain)
    assert read(data, streamed(data, plain)) == reply
    assert Fold().add_all(unfold(reply)).reply() == reply
    assert [kind_of(part) for part in reply.choice.parts] == [whole["type"] for whole in blocks]
    assert reply.choice.finish_reason == reason
    assert reply.usage is not None
    assert reply.usage.output_tokens == usage["output_tokens"]


def kind_of(part: Any) -> str:
    if isinstance(part, Reasoning):
        return str(part.form)
    return part.type if isinstance(part, Native) else {Text: "text", ToolCall: "tool_use"}[type(part)]
