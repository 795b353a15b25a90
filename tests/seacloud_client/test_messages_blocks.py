"""The content blocks of Messages' replies: each kind plain and streamed, as specified and as gateways bend it."""

from __future__ import annotations

import pytest
from messages_wire import (
    START,
    STOP,
    Json,
    begin,
    deltas_of,
    end,
    message,
    more,
    reply_of,
    stop,
)
from seacloud_client.conversation import (
    Finish,
    Native,
    Reasoning,
    Text,
    ToolCall,
    Usage,
)
from seacloud_client.deltas import (
    FinishDelta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from seacloud_client.protocols.messages import PROTOCOL


def test_the_deltas_of_a_stream():
    assert deltas_of(
        START,
        {"type": "ping"},
        begin(0, type="thinking", thinking="", signature=""),
        more(0, "thinking_delta", thinking="Hm"),
        more(0, "signature_delta", signature="sig"),
        end(0),
        begin(1, type="text", text=""),
        more(1, "text_delta", text="Hel"),
        more(1, "text_delta", text="lo"),
        end(1),
        begin(2, type="tool_use", id="toolu_1", name="f", input={}, caller={"type": "direct"}),
        more(2, "input_json_delta", partial_json=""),
        more(2, "input_json_delta", partial_json='{"a": 1}'),
        end(2),
        stop("tool_use", {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 3}}),
        STOP,
    ) == [
        ResponseMeta("messages", id="msg_1", model="claude-x"),
        PartStart(0, 0, Reasoning("", "messages", form="thinking")),
        ReasoningDelta(0, 0, "Hm"),
        ReasoningDelta(0, 0, signature="sig"),
        PartEnd(0, 0),
        PartStart(0, 1, Text("")),
        TextDelta(0, 1, "Hel"),
        TextDelta(0, 1, "lo"),
        PartEnd(0, 1),
        PartStart(0, 2, ToolCall("toolu_1", "f", "", extras={"caller": {"type": "direct"}})),
        ToolCallDelta(0, 2, '{"a": 1}'),
        PartEnd(0, 2),
        FinishDelta(0, Finish.TOOL_CALLS, "tool_use"),
        UsageDelta(
            Usage(
                input_tokens=7,
                output_tokens=9,
                total_tokens=16,
                reasoning_tokens=3,
                raw={"input_tokens": 7, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 3}},
            )
        ),
    ]


# Each kind of block: as a plain reply has it, and the same streamed.
BLOCKS: dict[str, tuple[Json, list[Json]]] = {
    "text": (
        {"type": "text", "text": "Hello"},
        [begin(0, type="text", text=""), more(0, "text_delta", text="Hel"), more(0, "text_delta", text="lo"), end(0)],
    ),
    "text in the start": (
        {"type": "text", "text": "Hello"},
        [begin(0, type="text", text="Hel"), more(0, "text_delta", text="lo"), end(0)],
    ),
    "empty text": ({"type": "text", "text": ""}, [begin(0, type="text", text=""), end(0)]),
    "cited text": (
        {"type": "text", "text": "A", "citations": [{"type": "page_location", "cited_text": "a"}]},
        [
            begin(0, type="text", text="", citations=[]),
            more(0, "text_delta", text="A"),
            more(0, "citations_delta", citation={"type": "page_location", "cited_text": "a"}),
            end(0),
        ],
    ),
    "thinking": (
        {"type": "thinking", "thinking": "Hm", "signature": "sig"},
        [
            begin(0, type="thinking", thinking="", signature=""),
            more(0, "thinking_delta", thinking="Hm", estimated_tokens=1),
            more(0, "signature_delta", signature="sig"),
            end(0),
        ],
    ),
    "hidden thinking": (
        {"type": "thinking", "thinking": "", "signature": "sig"},
        [begin(0, type="thinking", thinking="", signature=""), more(0, "signature_delta", signature="sig"), end(0)],
    ),
    "redacted thinking": (
        {"type": "redacted_thinking", "data": "secret"},
        [begin(0, type="redacted_thinking", data="secret"), end(0)],
    ),
    "tool use": (
        {"type": "tool_use", "id": "t", "name": "f", "input": {"city": "Paris", "ü": [1]}},
        [
            begin(0, type="tool_use", id="t", name="f", input={}),
            more(0, "input_json_delta", partial_json=""),
            more(0, "input_json_delta", partial_json='{"city": "Par'),
            more(0, "input_json_delta", partial_json='is", "ü": [1]}'),
            end(0),
        ],
    ),
    "tool use without input": (
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        [
            begin(0, type="tool_use", id="t", name="f", input={}),
            more(0, "input_json_delta", partial_json=""),
            end(0),
        ],
    ),
    "tool use whole in the start": (
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}},
        [begin(0, type="tool_use", id="t", name="f", input={"a": 1}, caller={"type": "direct"}), end(0)],
    ),
    "tool use in the start and in deltas": (
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
        [
            begin(0, type="tool_use", id="t", name="f", input={"a": 1}),
            more(0, "input_json_delta", partial_json='{"a": 1}'),
            end(0),
        ],
    ),
    "tool use without an id": (
        {"type": "tool_use", "name": "f", "input": {"a": 1}},
        [begin(0, type="tool_use", name="f"), more(0, "input_json_delta", partial_json='{"a": 1}'), end(0)],
    ),
    "server tool use": (
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}},
        [
            begin(0, type="server_tool_use", id="s", name="web_search", input={}),
            more(0, "input_json_delta", partial_json='{"query"'),
            more(0, "input_json_delta", partial_json=': "x"}'),
            end(0),
        ],
    ),
    "server tool result": (
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result"}]},
        [begin(0, type="web_search_tool_result", tool_use_id="s", content=[{"type": "web_search_result"}]), end(0)],
    ),
    "mcp tool use": (
        {"type": "mcp_tool_use", "id": "m", "name": "f", "server_name": "s", "input": {"a": 1}},
        [
            begin(0, type="mcp_tool_use", id="m", name="f", server_name="s", input={}),
            more(0, "input_json_delta", partial_json='{"a": 1}'),
            end(0),
        ],
    ),
    "compaction": (
        {"type": "compaction", "content": "Summary", "encrypted_content": "e"},
        [
            begin(0, type="compaction", content=None),
            more(0, "compaction_delta", content="Summary", encrypted_content="e"),
            end(0),
        ],
    ),
    "fallback": (
        {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}},
        [begin(0, type="fallback", **{"from": {"model": "a"}, "to": {"model": "b"}}), end(0)],
    ),
    "unknown block": (
        {"type": "new_block", "text": "Hello", "citations": [{"a": 1}], "score": 2, "note": "ab"},
        [
            begin(0, type="new_block", text=""),
            more(0, "text_delta", text="Hel"),
            more(0, "text_delta", text="lo"),
            more(0, "citations_delta", citation={"a": 1}),
            more(0, "score_delta", score=2),
            more(0, "note_delta", note="a"),
            more(0, "note_delta", note="b"),
            end(0),
        ],
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_the_same_plain_and_streamed(name: str):
    plain, streamed = BLOCKS[name]
    reply = reply_of(START, *streamed, stop(), STOP)
    assert reply == PROTOCOL.decode(message(plain))
    assert len(reply.choice.parts) == 1


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_may_lack_its_end_or_its_index(name: str):
    plain, streamed = BLOCKS[name]
    expected = PROTOCOL.decode(message(plain, {"type": "text", "text": "Bye"}))
    rest = [begin(1, type="text", text=""), more(1, "text_delta", text="Bye"), end(1), stop(), STOP]
    without_index = [{key: value for key, value in event.items() if key != "index"} for event in (*streamed, *rest)]
    assert reply_of(START, *streamed[:-1], *rest) == expected
    assert reply_of(START, *without_index) == expected


@pytest.mark.parametrize("name", ["text", "cited text", "thinking", "hidden thinking"])
def test_a_block_may_lack_its_start(name: str):
    plain, streamed = BLOCKS[name]
    assert reply_of(START, *streamed[1:], stop(), STOP) == PROTOCOL.decode(message(plain))


def test_blocks_without_starts_are_told_apart_by_their_deltas():
    reply = reply_of(
        START,
        more(0, "thinking_delta", thinking="Hm"),
        more(0, "text_delta", text="Yes"),
        {"type": "content_block_delta", "delta": {"text": "!"}},
        {"type": "content_block_delta", "delta": {"partial_json": "{}"}},
        stop(),
    )
    call = reply.choice.parts[2]
    assert isinstance(call, ToolCall)
    assert reply.choice.parts[:2] == (Reasoning("Hm", "messages", form="thinking"), Text("Yes!"))
    assert (call.name, call.arguments) == ("", "{}")


def test_interleaved_blocks_are_kept_apart():
    reply = reply_of(
        START,
        begin(0, type="tool_use", id="a", name="f", input={}),
        begin(1, type="tool_use", id="b", name="g", input={}),
        more(1, "input_json_delta", partial_json='{"b": 1}'),
        more(0, "input_json_delta", partial_json='{"a": 1}'),
        end(1),
        end(0),
        stop("tool_use"),
        STOP,
    )
    assert reply.tool_calls == (ToolCall("a", "f", '{"a": 1}'), ToolCall("b", "g", '{"b": 1}'))


def test_an_index_used_anew_is_another_block():
    streamed = BLOCKS["text"][1]
    reply = reply_of(START, *streamed, *streamed, stop(), STOP)
    assert reply.choice.parts == (Text("Hello"), Text("Hello"))


def test_arguments_that_do_not_parse_are_handed_on():
    started = begin(0, type="tool_use", id="t", name="f", input={})
    reply = reply_of(START, started, more(0, "input_json_delta", partial_json='{"a": '), stop("max_tokens"), STOP)
    assert reply.tool_calls[0].arguments == '{"a": '
    assert reply.choice.finish is Finish.LENGTH
    started = begin(0, type="server_tool_use", id="t", name="web_search", input={})
    reply = reply_of(START, started, more(0, "input_json_delta", partial_json='{"a": '), stop("max_tokens"), STOP)
    assert reply.choice.parts == (
        Native(
            "messages",
            {"type": "server_tool_use", "id": "t", "name": "web_search", "input": {"invalid_arguments": '{"a": '}},
        ),
    )


def test_the_model_is_the_one_that_answered():
    start = {"type": "message_start", "message": {**START["message"], "model": "claude-a"}}
    hops = [("claude-a", "claude-b"), ("claude-b", "claude-c")]
    handed = [
        event
        for place, (one, other) in enumerate(hops)
        for event in (
            begin(
                place, type="fallback", **{"from": {"model": one}, "to": {"model": other}}, trigger={"type": "refusal"}
            ),
            end(place),
        )
    ]
    streamed = reply_of(start, *handed, stop(), STOP)
    blocks = [event["content_block"] for event in handed if "content_block" in event]
    assert streamed.model == "claude-c"
    assert streamed == PROTOCOL.decode(message(*blocks, model="claude-c"))
    models = [delta.model for delta in deltas_of(start, *handed, stop(), STOP) if isinstance(delta, ResponseMeta)]
    assert models == ["claude-a", "claude-c"]


def test_a_native_item_is_known_from_its_start_and_whole_at_its_end():
    deltas = deltas_of(START, *BLOCKS["server tool use"][1], stop(), STOP)
    started = next(delta for delta in deltas if isinstance(delta, PartStart))
    ended = next(delta for delta in deltas if isinstance(delta, NativeDelta))
    assert isinstance(started.value, Native)
    assert started.value.item["input"] == {}
    assert ended.item is not None
    assert ended.item["input"] == {"query": "x"}


CITATIONS: list[tuple[Json, tuple[str | None, str | None, str | None]]] = [
    (
        {"type": "char_location", "cited_text": "a", "document_title": "T", "start_char_index": 1, "document_index": 0},
        (None, "T", "a"),
    ),
    ({"type": "page_location", "cited_text": "a", "document_title": None}, (None, None, "a")),
    ({"type": "content_block_location", "cited_text": "a", "document_title": "T"}, (None, "T", "a")),
    (
        {"type": "web_search_result_location", "cited_text": "a", "url": "https://x.test", "title": "T"},
        ("https://x.test", "T", "a"),
    ),
    (
        {"type": "search_result_location", "cited_text": "a", "source": "https://y.test", "title": "T"},
        ("https://y.test", "T", "a"),
    ),
]


@pytest.mark.parametrize(("raw", "expected"), CITATIONS, ids=[raw["type"] for raw, _ in CITATIONS])
def test_citations(raw: Json, expected: tuple[str | None, ...]):
    text = PROTOCOL.decode(message({"type": "text", "text": "A", "citations": [raw]})).choice.parts[0]
    assert isinstance(text, Text)
    (note,) = text.annotations
    assert (note.url, note.title, note.cited_text) == expected
    assert (note.type, note.raw, note.protocol) == (raw["type"], raw, "messages")
    assert (note.start, note.end) == (None, None)  # the offsets are the source's
