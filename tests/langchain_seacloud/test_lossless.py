"""A reply as a message and back: the same parts in the same order, whatever they are, plain and streamed, v0 and v1.

`test_recordings` tests the same with real traffic.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, message_chunk_to_message
from langchain_core.messages.ai import AIMessageChunk, add_ai_message_chunks
from langchain_seacloud.chunks import ChunkBuilder
from langchain_seacloud.messages import read_messages
from langchain_seacloud.replies import generations
from seacloud_client.conversation import (
    Annotation,
    Audio,
    Choice,
    File,
    Image,
    Native,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
)
from seacloud_client.folding import unfold

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
EXTRAS = st.none() | st.fixed_dictionaries({"phase": WORDS})
ARGUMENTS = st.one_of(
    st.dictionaries(st.sampled_from("ab"), st.integers() | WORDS, max_size=2).map(json.dumps),
    st.sampled_from(["[]", '{"a": "hal', '{"a": [1', "nonsense", '{"a": "x\\']),
)
IDS = st.uuids().map(str)
DATA = WORDS.map(lambda text: base64.b64encode(text.encode()).decode())


def reasoning_of(protocol: Protocol) -> st.SearchStrategy[Reasoning]:
    """As the protocols have it: a form, but where Responses shows nothing, and what only the provider can read."""
    texts, sealed = WORDS | st.just(""), st.none() | WORDS
    if protocol == "messages":
        forms = st.sampled_from(["thinking", "redacted_thinking"])
        return st.builds(Reasoning, texts, st.just(protocol), signature=sealed, encrypted=sealed, form=forms)
    forms = st.sampled_from(["summary_text", "reasoning_text"])
    ids, extras = st.none() | IDS, st.none() | st.just({"status": "completed"})
    shown = st.builds(Reasoning, texts, st.just(protocol), ids, encrypted=sealed, form=forms, extras=extras)
    return shown | st.builds(Reasoning, st.just(""), st.just(protocol), ids, encrypted=sealed, extras=extras)


def parts_of(protocol: Protocol) -> st.SearchStrategy[Part]:
    notes = st.builds(
        lambda text, start: Annotation(
            type="url_citation", raw={"title": text, "n": start}, protocol=protocol, title=text, start=start
        ),
        WORDS,
        st.none() | st.integers(0, 9),
    )
    natives = st.sampled_from(
        ["web_search_call", "mcp_call", "server_tool_use", "web_search_tool_result", "compaction"]
    )
    return st.one_of(
        st.builds(Text, WORDS, st.lists(notes, max_size=2).map(tuple), st.none() | IDS, EXTRAS),
        reasoning_of(protocol),
        st.builds(ToolCall, IDS, WORDS, ARGUMENTS, st.just("function"), st.none() | IDS, EXTRAS),
        st.builds(ToolCall, IDS, WORDS, WORDS | st.just(""), st.just("custom"), st.none() | IDS),
        st.builds(
            lambda kind, text, value: Native(protocol, {"type": kind, "id": text, "input": value, "content": [value]}),
            natives,
            IDS,
            st.dictionaries(WORDS, WORDS, max_size=2) | WORDS,
        ),
        st.builds(lambda data, item: Image(data=data, media_type="image/png", id=item, extras={"a": 1}), DATA, IDS),
        st.builds(lambda data, words: Audio(data=data, media_type="audio/wav", transcript=words), DATA, WORDS),
        st.builds(lambda name: File(url="https://files.example/a", name=name), WORDS),
    )


REPLIES = st.sampled_from(["responses", "messages"]).flatmap(
    lambda protocol: st.builds(
        lambda parts, refusal: Reply(protocol=protocol, choices=(Choice(parts=(*parts, *refusal)),)),
        st.lists(parts_of(protocol), max_size=6),
        st.lists(st.builds(Refusal, WORDS, st.none() | IDS, EXTRAS), max_size=1),
    )
)


def comparable(part: Any) -> Any:
    """Arguments as a value, since they need not be written alike."""
    if isinstance(part, ToolCall) and part.kind == "function":
        try:
            return replace(part, arguments=repr(json.loads(part.arguments)))
        except ValueError:
            return part
    return part


def streamed(reply: Reply, *, v1: bool) -> AIMessage:
    builder = ChunkBuilder(v1=v1)
    chunks = [chunk.message for delta in unfold(reply) for chunk in builder.chunks(delta)]
    chunks += [chunk.message for chunk in builder.finish()]
    merged = add_ai_message_chunks(*[chunk for chunk in chunks if isinstance(chunk, AIMessageChunk)])
    return message_chunk_to_message(merged)


@settings(max_examples=150, deadline=None)
@given(REPLIES, st.booleans())
def test_a_reply_comes_back(reply: Reply, v1: bool) -> None:
    whole = generations(reply, v1=v1)[0].message
    assert isinstance(whole, AIMessage)
    for message in (whole, streamed(reply, v1=v1)):
        written = AIMessage.model_validate_json(message.model_dump_json())
        (read,) = read_messages([written], reply.protocol)
        assert [comparable(part) for part in read.parts] == [comparable(part) for part in reply.choice.parts]
