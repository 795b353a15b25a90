"""Streams: what each response holds, that the last is the plain answer, and what a delta costs."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ChatResponse,
    CitationBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.callbacks.schema import EventPayload
from llamaindex_seacloud.replies import response_of
from llamaindex_seacloud.streaming import ResponseBuilder
from llamaindex_wire import USAGE_CHUNK, Chunks, answering, chat_chunk, events
from seacloud_client.conversation import (
    Annotation,
    Audio,
    Choice,
    Finish,
    Image,
    Logprobs,
    Native,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from seacloud_client.deltas import (
    Delta,
    FinishDelta,
    MediaDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from seacloud_client.folding import unfold

HELLO = [ChatMessage(role="user", content="Hello")]


def told(*deltas: Delta) -> list[ChatResponse]:
    """The responses of a stream of these deltas."""
    builder = ResponseBuilder()
    responses = [response for delta in deltas if (response := builder.add(delta)) is not None]
    return [*responses, builder.last()]


def test_calls_in_one_chunk_and_in_turns_stay_apart() -> None:
    def call(index: int, **fields: Any) -> dict[str, Any]:
        return {"index": index, **fields}

    first = {"id": "call_a", "type": "function", "function": {"name": "add", "arguments": ""}}
    second = {"id": "call_b", "type": "function", "function": {"name": "add", "arguments": ""}}
    llm, _ = answering(
        events(
            chat_chunk({"role": "assistant", "tool_calls": [call(0, **first), call(1, **second)]}),
            chat_chunk({"tool_calls": [call(0, function={"arguments": '{"a":'})]}),
            chat_chunk(
                {"tool_calls": [call(1, function={"arguments": '{"a": 1'}), call(0, function={"arguments": "1"})]}
            ),
            chat_chunk({"tool_calls": [call(0, function={"arguments": "}"})]}),
            chat_chunk({"tool_calls": [call(1, function={"arguments": "}"})]}, finish="tool_calls"),
            USAGE_CHUNK,
        )
    )
    responses = list(llm.stream_chat(HELLO))
    expected = [("call_a", "add", {"a": 1}), ("call_b", "add", {"a": 1})]
    calls = llm.get_tool_calls_from_response(responses[-1])
    assert [(call.tool_id, call.tool_name, call.tool_kwargs) for call in calls] == expected
    assert [call["function"]["arguments"] for call in responses[-1].message.additional_kwargs["tool_calls"]] == [
        '{"a":1}',
        '{"a": 1}',
    ]
    for response in responses:
        assert len(response.message.additional_kwargs["tool_calls"]) == len(response.message.blocks)
        llm.get_tool_calls_from_response(response)


@pytest.mark.parametrize("so_far", ["", '{"a": tru', '{"a": 1.', '{"a": "x\\', '{"a', "[1", "nonsense"])
def test_partial_arguments_are_always_readable(so_far: str) -> None:
    llm, _ = answering({})
    call = ToolCall("call_1", "add", "")
    (started, grown, _) = told(PartStart(0, 0, call), ToolCallDelta(0, 0, so_far))
    for response in (started, grown):
        (selection,) = llm.get_tool_calls_from_response(response)
        assert isinstance(selection.tool_kwargs, dict)


def test_invalid_arguments_of_a_whole_answer_are_handed_on() -> None:
    llm, _ = answering({})
    last = told(PartStart(0, 0, ToolCall("call_1", "add", '{"a": 1,')), FinishDelta(0, Finish.TOOL_CALLS))[-1]
    (selection,) = llm.get_tool_calls_from_response(last)
    assert selection.tool_kwargs["invalid_arguments"] == '{"a": 1,'
    assert len(selection.tool_kwargs) == 2, "LlamaIndex hands on a single one without its name"
    assert [block.tool_kwargs for block in last.message.blocks if isinstance(block, ToolCallBlock)] == ['{"a": 1,']


def test_thinking_is_apart_from_text() -> None:
    responses = told(
        PartStart(0, 0, Reasoning("", "messages", form="thinking")),
        ReasoningDelta(0, 0, "Let me "),
        ReasoningDelta(0, 0, "see."),
        ReasoningDelta(0, 0, signature="sig"),
        PartEnd(0, 0),
        PartStart(0, 1, Text("")),
        TextDelta(0, 1, "Yes."),
    )
    thoughts = [response.additional_kwargs.get("thinking_delta") for response in responses]
    assert thoughts == ["Let me ", "see.", None, None]
    assert [response.delta for response in responses] == ["", "", "Yes.", ""]
    thinking, text = responses[-1].message.blocks
    assert isinstance(thinking, ThinkingBlock)
    assert (thinking.content, thinking.additional_information["signature"]) == ("Let me see.", "sig")
    assert text == TextBlock(text="Yes.")


def test_parts_are_in_their_own_order() -> None:
    last, *_ = reversed(
        told(
            PartStart(0, 5, Text("")),
            TextDelta(0, 5, "second"),
            PartStart(0, 2, Text("")),
            TextDelta(0, 2, "first"),
            TextDelta(0, 5, "!"),
        )[:-1]
    )
    assert [block.text for block in last.message.blocks] == ["first", "second!"]


def test_sound_comes_with_its_words() -> None:
    responses = told(
        PartStart(0, 0, Audio(id="audio_1", data="", media_type="audio/wav")),
        MediaDelta(0, 0, transcript="Good "),
        MediaDelta(0, 0, "UklGRg=="),
        MediaDelta(0, 0, "AAAA", "day"),
    )
    assert [response.delta for response in responses] == ["Good ", "day", ""]
    assert responses[-2].message.content == responses[-1].message.content == "Good day"
    sound = responses[-1].message.blocks[-1]
    assert isinstance(sound, AudioBlock)
    assert sound.resolve_audio().read() == b"RIFF\0\0\0"


def test_other_choices_are_not_mixed_in() -> None:
    responses = told(
        PartStart(0, 0, Text("")), PartStart(1, 0, Text("")), TextDelta(1, 0, "other"), TextDelta(0, 0, "mine")
    )
    assert [response.message.content for response in responses] == ["mine", "mine"]


ANNOTATION = Annotation(
    type="url_citation",
    raw={"type": "url_citation", "url": "https://example.com", "title": "T", "start_index": 0, "end_index": 4},
    protocol="responses",
    url="https://example.com",
    title="T",
    start=0,
    end=4,
)

WHOLE = Reply(
    protocol="responses",
    id="resp_1",
    model="gpt-4.1",
    request_id="sc-1",
    usage=Usage(input_tokens=7, output_tokens=5, total_tokens=12, reasoning_tokens=2, raw={"input_tokens": 7}),
    choices=(
        Choice(
            parts=(
                Reasoning("I see.", "responses", id="rs_1", encrypted="enc", form="summary_text"),
                Native("responses", {"type": "web_search_call", "id": "ws_1"}),
                Text("Some text", (ANNOTATION,), id="msg_1"),
                Text("More text", id="msg_2"),
                Image(data="iVBORw0KGgo=", media_type="image/png", id="ig_1"),
                ToolCall("call_1", "add", '{"a":  1}', item_id="fc_1"),
                Refusal("Not that.", id="msg_3"),
            ),
            finish=Finish.TOOL_CALLS,
            finish_reason="completed",
            logprobs=Logprobs(({"token": "Some", "logprob": -0.5, "bytes": [83], "top_logprobs": []},)),
        ),
    ),
)


def test_the_last_response_is_the_plain_answers() -> None:
    plain = response_of(WHOLE, delta="")
    assert told(*unfold(WHOLE))[-1] == plain
    assert [type(block) for block in plain.message.blocks] == [
        ThinkingBlock,
        TextBlock,
        CitationBlock,
        TextBlock,
        ImageBlock,
        ToolCallBlock,
    ]
    assert plain.message.content == "Some text\nMore text"
    assert plain.message.additional_kwargs["refusal"] == "Not that."
    assert plain.logprobs is not None
    assert [(found.token, found.logprob, found.bytes) for found in plain.logprobs[0]] == [("Some", -0.5, [83])]
    assert plain.raw["usage"]["wire"] == {"input_tokens": 7}
    assert plain.additional_kwargs["request_id"] == "sc-1"


def test_usage_tells_how_long_what_was_cached_stays() -> None:
    usage = Usage(
        input_tokens=35,
        output_tokens=5,
        total_tokens=40,
        cache_creation_tokens=30,
        cache_creation_5m_tokens=20,
        cache_creation_1h_tokens=10,
    )
    told_usage = response_of(replace(WHOLE, usage=usage), delta="").raw["usage"]
    assert told_usage["cache_creation_tokens"] == 30
    assert (told_usage["cache_creation_5m_tokens"], told_usage["cache_creation_1h_tokens"]) == (20, 10)


def test_pictures_without_any_text_are_kept() -> None:
    picture = Image(data="iVBORw0KGgo=", media_type="image/png", id="ig_1")
    for response in told(PartStart(0, 0, picture), PartEnd(0, 0)):
        (block,) = response.message.blocks
        assert isinstance(block, ImageBlock)
        assert block.resolve_image().read() == b"\x89PNG\r\n\x1a\n"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("text"), st.integers(0, 2), st.text(max_size=4)),
            st.tuples(st.just("thinking"), st.integers(3, 4), st.text(max_size=4)),
            st.tuples(st.just("call"), st.integers(5, 7), st.text(max_size=4)),
        ),
        max_size=30,
    )
)
def test_whatever_interleaves_each_response_is_complete_and_stays_so(steps: list[tuple[str, int, str]]) -> None:
    starts = {"text": Text(""), "thinking": Reasoning("", "messages", form="thinking")}
    deltas: list[Delta] = []
    texts: dict[int, str] = {}
    for kind, part, text in steps:
        if part not in texts:
            texts[part] = ""
            deltas.append(PartStart(0, part, starts.get(kind) or ToolCall(f"call_{part}", "add", "")))
        texts[part] += text
        deltas.append({"text": TextDelta, "thinking": ReasoningDelta, "call": ToolCallDelta}[kind](0, part, text))
    kept: list[tuple[ChatResponse, str]] = []
    builder = ResponseBuilder()
    for delta in deltas:
        response = builder.add(delta)
        if response is not None:
            kept.append((response, response.model_dump_json()))
    last = builder.last()
    assert all(response.model_dump_json() == as_it_was for response, as_it_was in kept)
    visible = [texts[part] for part in sorted(texts) if part < 3 and texts[part]]
    assert (last.message.content or "") == "\n".join(visible)
    deltas_told = [response.delta or "" for response, _ in kept]
    assert "".join(deltas_told) == "".join(text for kind, _, text in steps if kind == "text")
    calls = last.message.additional_kwargs.get("tool_calls", [])
    assert [call["function"]["arguments"] for call in calls] == [texts[part] for part in sorted(texts) if part >= 5]


# Leaving a stream


def stream_of_three() -> Chunks:
    return Chunks(events(*(chat_chunk({"content": word}) for word in ("one", "two", "three"))))


def test_leaving_closes_at_once_even_if_a_handler_keeps_the_exception() -> None:
    body = stream_of_three()
    llm, _ = answering(body)
    stream = llm.stream_chat(HELLO)
    assert next(stream).delta == "one"
    assert not body.closed
    kept = None
    try:
        stream.throw(RuntimeError("a handler's own"))
    except RuntimeError as error:
        kept = error  # its traceback holds every frame, so nothing is left to the garbage collector
    assert kept is not None
    assert body.closed


async def test_leaving_an_async_stream_closes_at_once() -> None:
    body = stream_of_three()
    llm, _ = answering(body)
    gc.disable()
    try:
        stream = await llm.astream_chat(HELLO)
        assert (await anext(stream)).delta == "one"
        assert not body.closed
        await stream.aclose()
        assert body.closed
    finally:
        gc.enable()


async def test_breaking_out_of_an_async_stream_closes_it_too() -> None:
    body = stream_of_three()
    llm, _ = answering(body)
    async for response in await llm.astream_chat(HELLO):
        assert response.delta == "one"
        break
    for _ in range(5):  # the event loop closes what nobody holds any more
        await asyncio.sleep(0)
    assert body.closed


def test_a_stream_that_is_left_is_told_of_once() -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    llm, _ = answering(stream_of_three(), callback_manager=CallbackManager([handler]))
    stream = llm.stream_chat(HELLO)
    next(stream)
    stream.close()
    (pair,) = handler.get_event_pairs(CBEventType.LLM)
    assert [event.payload is not None for event in pair] == [True, True]
    assert EventPayload.EXCEPTION in pair[1].payload


def test_a_stream_that_was_never_started_asks_nothing() -> None:
    llm, requests = answering(stream_of_three())
    llm.stream_chat(HELLO).close()
    assert requests == []


# Cost


def long_stream(count: int) -> list[bytes]:
    return events(
        *(chat_chunk({"content": f"tok{n % 10} "}) for n in range(count)), chat_chunk({}, "stop"), USAGE_CHUNK
    )


def seconds_a_delta(count: int) -> float:
    llm, _ = answering(long_stream(count))
    best = float("inf")
    for _ in range(3):
        start = time.thread_time()
        assert sum(1 for _ in llm.stream_chat(HELLO)) == count + 1
        best = min(best, time.thread_time() - start)
    return best / count


def test_a_delta_costs_the_same_in_a_long_stream() -> None:
    short, long = seconds_a_delta(2_000), seconds_a_delta(20_000)
    assert long < 2.5 * short, f"{short * 1e6:.1f} and {long * 1e6:.1f} microseconds"


def test_memory_is_linear_where_responses_are_not_kept() -> None:
    def peak(count: int) -> int:
        llm, _ = answering(long_stream(count))
        tracemalloc.start()
        for _ in llm.stream_chat(HELLO):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(8_000) < 6 * peak(2_000)
