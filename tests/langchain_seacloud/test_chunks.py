"""Chunks: what they add up to is what `invoke` gives, whatever comes in whatever order."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_seacloud.blocks import usage_metadata
from langchain_seacloud.chunks import ChunkBuilder
from langchain_seacloud.messages import read_messages
from langchain_seacloud.replies import generations
from langchain_tests.utils.stream_lifecycle import assert_valid_event_stream
from seacloud_client.conversation import (
    Annotation,
    Audio,
    Choice,
    Finish,
    Image,
    Native,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    FinishDelta,
    MediaDelta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from seacloud_client.folding import Fold

USAGE = Usage(input_tokens=7, output_tokens=5, total_tokens=12, reasoning_tokens=2, cache_read_tokens=3)


def chunks_of(deltas: Iterable[Delta], *, v1: bool = False, choice: int = 0) -> list[AIMessageChunk]:
    builder = ChunkBuilder(v1=v1, choice=choice)
    made = [chunk for delta in deltas for chunk in builder.chunks(delta)]
    made.extend(builder.finish())
    return [chunk.message for chunk in made if isinstance(chunk.message, AIMessageChunk)]


def merged(deltas: Iterable[Delta], *, v1: bool = False) -> AIMessageChunk:
    return add_ai_message_chunks(*chunks_of(deltas, v1=v1))


def in_reply(*deltas: Delta) -> list[Delta]:
    return [
        ResponseMeta("responses", request_id="req-1"),
        ResponseMeta("responses", id="resp_1", model="gpt-5.5", created=1, service_tier="default"),
        *deltas,
        UsageDelta(USAGE),
        FinishDelta(0, Finish.STOP, "stop"),
    ]


def said(*parts: str) -> list[Delta]:
    return in_reply(PartStart(0, 0, Text("")), *(TextDelta(0, 0, part) for part in parts), PartEnd(0, 0))


@pytest.mark.parametrize("v1", [False, True])
def test_what_must_come_once_comes_once(v1: bool) -> None:
    chunks = chunks_of(said("Hel", "lo"), v1=v1)
    whole = add_ai_message_chunks(*chunks)
    facts = whole.response_metadata
    assert {name: facts[name] for name in ("model_name", "id", "created", "service_tier", "finish_reason")} == {
        "model_name": "gpt-5.5",
        "id": "resp_1",
        "created": 1,
        "service_tier": "default",
        "finish_reason": "stop",
    }
    assert (facts["model_provider"], facts["request_id"], facts["protocol"]) == ("seacloud", "req-1", "responses")
    assert facts.get("output_version") == ("v1" if v1 else None)
    assert whole.usage_metadata == {
        "input_tokens": 7,
        "output_tokens": 5,
        "total_tokens": 12,
        "input_token_details": {"cache_read": 3},
        "output_token_details": {"reasoning": 2},
    }
    assert sum(chunk.usage_metadata is not None for chunk in chunks) == 1
    assert [chunk.chunk_position for chunk in chunks] == [None] * (len(chunks) - 1) + ["last"]
    assert all(chunk.id is None for chunk in chunks)


def test_a_refusal_keeps_what_goes_back_with_it() -> None:
    deltas = in_reply(
        PartStart(0, 0, Refusal("", "msg_1", {"reasoning_id": "rs_1"})),
        RefusalDelta(0, 0, "No."),
        PartEnd(0, 0, {"status": "incomplete"}),
    )
    (read,) = read_messages([message_chunk_to_message(merged(deltas))], "responses")
    assert read.parts == (Refusal("No.", "msg_1", {"reasoning_id": "rs_1", "status": "incomplete"}),)


def test_refusals_are_joined_but_not_where_they_were() -> None:
    deltas = in_reply(
        PartStart(0, 0, Refusal("", "msg_1", {"reasoning_id": "rs_1"})),
        PartStart(0, 1, Refusal("", "msg_1", {"reasoning_id": "rs_1"})),
        RefusalDelta(0, 0, "No. "),
        RefusalDelta(0, 1, "Never."),
        PartEnd(0, 0, {"status": "incomplete"}),
        PartEnd(0, 1, {"status": "incomplete"}),
    )
    (read,) = read_messages([message_chunk_to_message(merged(deltas))], "responses")
    assert read.parts == (Refusal("No. Never.", "msg_1", {"reasoning_id": "rs_1", "status": "incomplete"}),)


@pytest.mark.parametrize(
    ("created", "details"),
    [
        ((30, 20, 10), {"cache_creation": 0, "ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10}),
        ((30, 20, None), {"cache_creation": 10, "ephemeral_5m_input_tokens": 20}),
        ((30, None, None), {"cache_creation": 30}),
        ((0, 0, 0), {"cache_creation": 0, "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}),
    ],
)
def test_what_was_cached_is_told_once_by_how_long_it_stays(created: tuple[Any, ...], details: dict[str, int]) -> None:
    """As langchain-anthropic tells it; langchain-tests: the details add up to no more than the input."""
    in_all, for_minutes, for_an_hour = created
    usage = Usage(
        input_tokens=35,
        output_tokens=5,
        total_tokens=40,
        cache_creation_tokens=in_all,
        cache_creation_5m_tokens=for_minutes,
        cache_creation_1h_tokens=for_an_hour,
    )
    assert usage_metadata(usage).get("input_token_details") == details


def test_text_alone_is_a_plain_string() -> None:
    whole = merged(said("Hel", "lo"))
    assert whole.content == "Hello"
    assert whole.content_blocks == [{"type": "text", "text": "Hello"}]


def test_text_alone_is_a_block_in_v1() -> None:
    whole = merged(said("Hel", "lo"), v1=True)
    assert whole.content == [{"type": "text", "text": "Hello", "index": 0}]


def test_tool_call_fragments_add_up() -> None:
    call = PartStart(0, 1, ToolCall("call_1", "add", ""))
    deltas = in_reply(call, ToolCallDelta(0, 1, '{"a": '), ToolCallDelta(0, 1, "1}"), PartEnd(0, 1))
    for v1 in (False, True):
        whole = merged(deltas, v1=v1)
        assert whole.tool_calls == [{"name": "add", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}]
        assert not whole.invalid_tool_calls
        blocks = [block for block in whole.content_blocks if block["type"] == "tool_call"]
        assert [(block["name"], block["args"]) for block in blocks] == [("add", {"a": 1})]


@pytest.mark.parametrize(
    "cut",
    [
        '{"text": "half',
        '{"text": "half\\',
        '{"text": "whole", "n": 1',
        '{"a": [1, 2',
        '{"a": {"b": "c"}',
        '{"a": tru',
        '{"a"',
        "{",
        '{"a": 1}}',
        '{"a": "x" "b"}',
        "[1]",
        "null",
        "nonsense",
    ],
)
@pytest.mark.parametrize("v1", [False, True])
def test_arguments_that_break_off_are_never_completed(cut: str, v1: bool) -> None:
    call = PartStart(0, 0, ToolCall("call_1", "write", ""))
    deltas = in_reply(call, ToolCallDelta(0, 0, cut[:3]), ToolCallDelta(0, 0, cut[3:]), PartEnd(0, 0))
    streamed = merged(deltas, v1=v1)
    whole = generations(Fold().add_all(deltas).reply(), v1=v1)[0].message
    assert isinstance(whole, AIMessage)
    assert streamed.tool_calls == whole.tool_calls == []
    (invalid,) = streamed.invalid_tool_calls
    assert str(invalid["args"]).startswith(cut)
    assert [(call["name"], call["id"], call["args"]) for call in whole.invalid_tool_calls] == [("write", "call_1", cut)]


def test_a_call_that_never_ends_is_invalid_too() -> None:
    call = PartStart(0, 0, ToolCall("call_1", "write", ""))
    assert not merged(in_reply(call, ToolCallDelta(0, 0, '{"text": "half'))).tool_calls


@pytest.mark.parametrize("text", ["plain", 'with "quotes"\nand lines', "", "{}", "\\", "ü 猫"])
def test_custom_tools_take_free_text(text: str) -> None:
    start = PartStart(0, 0, ToolCall("call_1", "run", "", "custom"))
    pieces = [ToolCallDelta(0, 0, piece) for piece in text]
    whole = merged(in_reply(start, *pieces, PartEnd(0, 0)))
    assert whole.tool_calls == [{"name": "run", "args": {"input": text}, "id": "call_1", "type": "tool_call"}]


def test_reasoning_of_chat_completions_is_beside_the_content() -> None:
    start = PartStart(0, 0, Reasoning("", "chat_completions", form="reasoning_content"))
    thoughts = [ReasoningDelta(0, 0, "Let me "), ReasoningDelta(0, 0, "see.")]
    deltas = in_reply(start, *thoughts, PartStart(0, 1, Text("")), TextDelta(0, 1, "Yes."))
    whole = merged(deltas)
    assert (whole.content, whole.additional_kwargs["reasoning_content"]) == ("Yes.", "Let me see.")
    assert [block["type"] for block in whole.content_blocks] == ["reasoning", "text"]
    assert whole.content_blocks[0]["reasoning"] == "Let me see."  # type: ignore[typeddict-item]
    v1 = merged(deltas, v1=True)
    assert [block["type"] for block in v1.content_blocks] == ["reasoning", "text"]


def test_reasoning_with_a_signature_is_a_block() -> None:
    start = PartStart(0, 0, Reasoning("", "messages", form="thinking"))
    deltas = in_reply(start, ReasoningDelta(0, 0, "Hm."), ReasoningDelta(0, 0, signature="sig"), PartEnd(0, 0))
    whole = merged(deltas)
    (block,) = whole.content_blocks
    assert (block["type"], block["reasoning"]) == ("reasoning", "Hm.")  # type: ignore[typeddict-item]
    assert block["extras"] == {"protocol": "messages", "form": "thinking", "signature": "sig"}  # type: ignore[typeddict-item]


def test_sound_is_whole_whatever_the_pieces() -> None:
    sound = bytes(range(100))
    pieces = [sound[:1], sound[1:3], sound[3:50], sound[50:]]
    deltas = [MediaDelta(0, 0, base64.b64encode(piece).decode(), "la ") for piece in pieces]
    whole = merged(in_reply(PartStart(0, 0, Audio(data="", id="audio_1")), *deltas, PartEnd(0, 0)))
    (block,) = whole.content_blocks
    assert base64.b64decode(block["base64"]) == sound  # type: ignore[typeddict-item]
    assert block["extras"] == {"item_id": "audio_1", "transcript": "la la la la "}  # type: ignore[typeddict-item]


def test_a_native_item_is_told_as_it_became() -> None:
    begun = Native("responses", {"type": "web_search_call", "id": "ws_1", "status": "in_progress"})
    done = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "sea"}}
    whole = merged(in_reply(PartStart(0, 0, begun), NativeDelta(0, 0, done), PartEnd(0, 0)))
    block, result = whole.content_blocks
    assert (block["type"], block["name"], block["args"]) == ("server_tool_call", "web_search", {"query": "sea"})  # type: ignore[typeddict-item]
    assert block["extras"]["item"] == done  # type: ignore[typeddict-item]
    assert (result["type"], result["tool_call_id"], result["status"]) == ("server_tool_result", "ws_1", "success")  # type: ignore[typeddict-item]


ITEMS: tuple[dict[str, Any], ...] = (
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "sea"}},
    {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["sea"], "results": [{"text": "a"}]},
    {"type": "file_search_call", "id": "fs_1", "status": "failed", "queries": ["sea"]},
    {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "code": "1 + 1",
        "container_id": "cntr_1",
        "outputs": [{"type": "logs", "logs": "2"}],
    },
    {"type": "mcp_call", "id": "mcp_1", "name": "look", "arguments": '{"a": 1}', "output": "A dot.", "error": None},
    {"type": "mcp_call", "id": "mcp_1", "name": "look", "arguments": "{}", "output": None, "error": "No such file."},
)


@pytest.mark.parametrize("v1", [False, True])
@pytest.mark.parametrize("item", ITEMS, ids=[f"{item['type']}-{item.get('status')}" for item in ITEMS])
def test_an_item_that_holds_its_result_is_a_call_and_a_result(item: dict[str, Any], v1: bool) -> None:
    """What langchain-core makes of OpenAI's items is what users look for."""
    theirs = AIMessage([item], response_metadata={"model_provider": "openai"}).content_blocks
    text = (PartStart(0, 1, Text("")), TextDelta(0, 1, "Done."), PartEnd(0, 1))
    deltas = in_reply(PartStart(0, 0, Native("responses", item)), PartEnd(0, 0), *text)
    whole = message_chunk_to_message(add_ai_message_chunks(*chunks_of(deltas, v1=v1)))
    *ours, last = whole.content_blocks
    assert last["type"] == "text"
    compared = ("type", "id", "tool_call_id", "args", "status")
    assert [[block.get(name) for name in compared] for block in ours] == [
        [block.get(name) for name in compared] for block in theirs
    ]
    assert ours[1].get("output") == theirs[1].get("output", item.get("error"))
    (read,) = read_messages([whole], "responses")
    assert read.parts[0] == Native("responses", item)
    assert len(read.parts) == 2, "the result has nothing of its own to send back"


def test_citations_of_a_plain_text() -> None:
    note = Annotation(
        type="url_citation", raw={"url": "https://a.example"}, protocol="responses", url="https://a.example"
    )
    deltas = in_reply(PartStart(0, 0, Text("", id="msg_1")), TextDelta(0, 0, "Yes."), AnnotationDelta(0, 0, note))
    whole = merged(deltas)
    assert whole.content == "Yes."
    (block,) = whole.content_blocks
    assert (block["text"], block["id"]) == ("Yes.", "msg_1")  # type: ignore[typeddict-item]
    assert [note["url"] for note in block["annotations"]] == ["https://a.example"]  # type: ignore[typeddict-item]


def test_a_stream_tells_one_choice() -> None:
    deltas = [*said("one"), PartStart(1, 0, Text("")), TextDelta(1, 0, "two"), FinishDelta(1, Finish.LENGTH, "length")]
    assert merged(deltas).content == "one"
    other = add_ai_message_chunks(*chunks_of(deltas, choice=1))
    assert (other.content, other.response_metadata["finish_reason"]) == ("two", "length")


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
EXTRAS = st.none() | st.fixed_dictionaries({"phase": st.sampled_from(["commentary", "final"])})
ARGUMENTS = st.one_of(
    st.dictionaries(st.sampled_from("ab"), st.integers() | TEXTS, max_size=2).map(json.dumps),
    st.sampled_from(["", '{"a": "hal', "[]", "nonsense"]),
)
RAW_NOTE = st.builds(
    lambda text: Annotation(type="url_citation", raw={"title": text}, protocol="responses", title=text), TEXTS
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, TEXTS, st.lists(RAW_NOTE, max_size=2).map(tuple), st.none() | st.just("msg_1"), EXTRAS),
    st.builds(Reasoning, TEXTS, st.just("messages"), signature=st.none() | st.just("sig"), form=st.just("thinking")),
    st.builds(
        Reasoning,
        TEXTS,
        st.just("chat_completions"),
        form=st.sampled_from(["reasoning_content", "reasoning.text", "reasoning.encrypted", "reasoning.summary"]),
        encrypted=st.none() | st.just("data"),
    ),
    st.builds(
        Reasoning, TEXTS, st.just("responses"), id=st.sampled_from(["rs_1", "rs_2"]), encrypted=st.none() | TEXTS
    ),
    st.builds(ToolCall, st.uuids().map(str), st.sampled_from(["add", "run"]), ARGUMENTS),
    st.builds(ToolCall, st.uuids().map(str), st.just("run"), TEXTS, st.just("custom"), st.none() | st.just("fc_1")),
    st.builds(lambda text: Native("responses", {"type": "web_search_call", "query": text}), TEXTS),
    st.builds(lambda text: Native("messages", {"type": "x_tool_result", "content": [text]}), TEXTS),
    st.builds(lambda text: Image(data=base64.b64encode(text.encode()).decode(), media_type="image/png"), TEXTS),
    st.builds(Refusal, TEXTS.filter(bool)),
)
REPLIES = st.builds(
    lambda parts: Reply(
        protocol="responses",
        choices=(Choice(parts=tuple(parts), finish=Finish.STOP, finish_reason="stop"),),
        id="r",
        model="m",
        usage=USAGE,
    ),
    st.lists(PARTS, max_size=5),
)


def in_pieces(reply: Reply, sizes: list[int]) -> list[Delta]:
    """The reply as a stream that tells its texts a few characters at a time."""
    deltas: list[Delta] = [ResponseMeta("responses", id=reply.id, model=reply.model)]
    step = iter(sizes * 100)
    for number, part in enumerate(reply.choice.parts):
        deltas.extend(_pieces(number, part, step))
        deltas.append(PartEnd(0, number))
    return [*deltas, UsageDelta(USAGE), FinishDelta(0, Finish.STOP, "stop")]


def _pieces(number: int, part: Part, step: Any) -> list[Delta]:
    if isinstance(part, Text):
        notes = [AnnotationDelta(0, number, note) for note in part.annotations]
        texts = [TextDelta(0, number, piece) for piece in cut(part.text, next(step))]
        return [PartStart(0, number, Text("", (), part.id, part.extras)), *texts, *notes]
    if isinstance(part, Reasoning):
        start = Reasoning("", part.protocol, part.id, form=part.form)
        texts = [ReasoningDelta(0, number, piece) for piece in cut(part.text, next(step))]
        return [PartStart(0, number, start), *texts, ReasoningDelta(0, number, "", part.signature, part.encrypted)]
    if isinstance(part, ToolCall):
        start = ToolCall(part.id, part.name, "", part.kind, part.item_id)
        fragments = [ToolCallDelta(0, number, piece) for piece in cut(part.arguments, next(step))]
        return [PartStart(0, number, start), *fragments]
    return [PartStart(0, number, part)]


def cut(text: str, size: int) -> list[str]:
    return [text[place : place + size] for place in range(0, len(text), size)]


def comparable(message: AIMessage) -> Any:
    """A message without what streams alone have, and what only whole calls can have: the error's words."""
    content = message.content
    if isinstance(content, list):
        content = [_comparable_block(block) for block in content]
    return (
        content,
        message.additional_kwargs,
        message.response_metadata,
        message.usage_metadata,
        message.tool_calls,
        [(call["name"], call["id"]) for call in message.invalid_tool_calls],
    )


def _comparable_block(block: Any) -> Any:
    if isinstance(block, str):
        return block
    if block["type"] in ("invalid_tool_call", "tool_call_chunk"):
        return ("invalid", block["id"])
    return {name: value for name, value in block.items() if name != "index"}


@settings(max_examples=120, deadline=None)
@given(REPLIES, st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans())
def test_merged_chunks_are_the_invoked_message(reply: Reply, sizes: list[int], v1: bool) -> None:
    whole = generations(reply, v1=v1)[0].message
    assert isinstance(whole, AIMessage)
    assert comparable(merged(in_pieces(reply, sizes), v1=v1)) == comparable(whole)


class Told(BaseChatModel):
    """A model whose stream is given chunks."""

    chunks: list[Any]

    @property
    def _llm_type(self) -> str:
        return "told"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Any:
        yield from (ChatGenerationChunk(message=chunk) for chunk in self.chunks)


@pytest.mark.filterwarnings("ignore:The v3 streaming protocol")
@settings(max_examples=60, deadline=None)
@given(REPLIES.filter(lambda reply: bool(reply.choice.parts)), st.integers(1, 4), st.booleans())
def test_v3_events_tell_the_same(reply: Reply, size: int, v1: bool) -> None:
    events = list(Told(chunks=chunks_of(in_pieces(reply, [size]), v1=v1)).stream_events("hi", version="v3"))
    assert_valid_event_stream(events)
    told = [event["content"] for event in events if event["event"] == "content-block-finish"]  # type: ignore[typeddict-item]
    whole = generations(reply, v1=v1)[0].message
    assert isinstance(whole, AIMessage)
    texts = "".join(block["text"] for block in told if block["type"] == "text")
    assert texts == whole.text
    calls = [(block["id"], block["args"]) for block in told if block["type"] == "tool_call"]
    assert sorted(calls, key=str) == sorted(((call["id"], call["args"]) for call in whole.tool_calls), key=str)
    signatures = [block["extras"]["signature"] for block in told if "signature" in block.get("extras", {})]
    assert signatures == [
        part.signature for part in reply.choice.parts if isinstance(part, Reasoning) and part.signature
    ]
    notes = sum(len(block.get("annotations") or ()) for block in told)
    assert notes == sum(len(part.annotations) for part in reply.choice.parts if isinstance(part, Text))
