"""Valid pieces that mutated inputs are made of: the events of each protocol, whole replies, answers of the queue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from reliability.hostile import ERRORS, REPLIES, STREAMS, TASK_ANSWERS

Json: TypeAlias = Any

NAMED: tuple[str, ...] = ("chat_completions", "messages", "responses")


def _chunk(delta: Json, **choice: Json) -> Json:
    return {"id": "c", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, **choice}]}


def _call(index: Json = None, call_id: Json = None, name: Json = None, arguments: Json = None) -> Json:
    fields = {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
    return {"tool_calls": [{name: value for name, value in fields.items() if value is not None}]}


_CHAT: list[Json] = [
    _chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
    _chunk({"content": [{"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1]}, "b"]}),
    _chunk({"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}]}),
    _chunk({"reasoning_details": [{"type": "reasoning.text", "signature": "s", "format": "x", "index": 0}]}),
    _chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "id": "rs_1"}]}),
    _chunk({"reasoning_details": [{"type": "reasoning.summary", "summary": "hm", "index": 1}]}),
    _chunk({"refusal": "no"}),
    _chunk({"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]}),
    _chunk({"audio": {"data": "aGk=", "expires_at": 1}}),
    _chunk(_call(call_id="t", name="f", arguments="{}")),
    _chunk(_call(0, "t", "f", "")),
    _chunk(_call(0, "u", "g", {"a": 1})),
    _chunk(_call(arguments='{"a"')),
    _chunk(_call(1, arguments=": 1}")),
    _chunk({"tool_calls": [{"index": 0, "type": "custom", "custom": {"name": "c", "input": "x"}}]}),
    _chunk({"function_call": {"name": "f", "arguments": "{}"}}),
    _chunk({"content": "x"}, index=1, finish_reason="stop"),
    {"choices": [], "x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 3}}},
    {"error": {"message": "no", "code": 502}, "choices": [{"index": 0, "finish_reason": "error"}]},
    {"choices": [{"index": 0, "message": {"content": "whole"}, "finish_reason": "length", "content_filter": {}}]},
]

_BLOCKS: list[Json] = [
    {"type": "mcp_tool_use", "id": "m", "name": "x", "input": {}, "server_name": "s"},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result"}]},
    {"type": "tool_use", "name": "seacloud_output", "input": {}},
    {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "code_execution_x", "tool_id": "m"}},
    {"type": "fallback", "to": {"model": "n"}},
    {"type": "compaction", "content": None},
    {"type": "unheard_of", "text": "a", "thinking": "b"},
]
_BLOCK_DELTAS: list[Json] = [
    {"type": "compaction_delta", "content": "c"},
    {"type": "unheard_of_delta", "x": 1},
    {"partial_json": '{"a"'},
    {"text": "a"},
    {"type": "input_json_delta", "partial_json": {"a": 1}},
    {"type": "citations_delta", "citation": {"type": "search_result_location", "source": "x", "cited_text": "y"}},
]
_MESSAGES: list[Json] = [
    *({"type": "content_block_start", "index": 0, "content_block": block} for block in _BLOCKS),
    *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in _BLOCK_DELTAS),
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
    {"type": "content_block_stop"},
    {"type": "ping"},
    {"type": "error", "error": {"type": "overloaded_error", "message": "no"}},
    {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": {"a": 1}}, "usage": None, "new": [1]},
    {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    REPLIES["messages"],
]

_ITEMS: list[Json] = [
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "iVBORw0KGgo="},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "c", "input": "x"},
    {"type": "function_call", "call_id": "call_3", "name": "g"},
    {"type": "reasoning", "id": "rs_2", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
    {"type": "message", "id": "msg_2", "content": [{"type": "text", "text": "a"}, {"type": "unheard_of"}]},
    {"type": "message", "phase": "commentary", "content": "plain", "status": "incomplete"},
    {"type": "local_shell_call_output", "id": "ls_1", "call_id": "ls", "output": "x"},
    {"type": "mcp_approval_request", "id": "mcpr_1", "name": "f", "arguments": "{}"},
]
_OUTPUT_EVENTS: list[tuple[str, Json]] = [
    ("output_text.delta", {"delta": "a", "content_index": 0}),
    ("output_text.delta", {"delta": "b"}),
    ("output_text.done", {"text": "ab", "content_index": 0, "logprobs": [{"token": "a"}]}),
    ("output_text.annotation.added", {"annotation": {"type": "file_citation", "filename": "f"}, "content_index": 0}),
    ("refusal.delta", {"delta": "n", "content_index": 0}),
    ("refusal.done", {"refusal": "no", "content_index": 1}),
    ("content_part.added", {"part": {"type": "output_text", "text": ""}, "content_index": 2}),
    ("content_part.done", {"part": {"type": "refusal", "refusal": "no"}, "content_index": 0}),
    ("reasoning_summary_part.added", {"part": {"type": "summary_text", "text": ""}, "summary_index": 1}),
    ("reasoning_summary_text.done", {"text": "hm", "summary_index": 0}),
    ("reasoning_text.delta", {"delta": "t", "content_index": 0}),
    ("function_call_arguments.delta", {"delta": '{"a"'}),
    ("function_call_arguments.done", {"arguments": '{"a": 1}', "name": "f"}),
    ("custom_tool_call_input.delta", {"delta": "x"}),
    ("image_generation_call.partial_image", {"partial_image_b64": "aGk="}),
    ("audio.delta", {"delta": "aGk="}),
    ("audio.transcript.delta", {"delta": "hi"}),
]
_RESPONSES: list[Json] = [
    *({"type": "response.output_item.added", "output_index": n, "item": item} for n, item in enumerate(_ITEMS)),
    *({"type": "response.output_item.done", "output_index": n, "item": item} for n, item in enumerate(_ITEMS)),
    *({"type": f"response.{kind}", "output_index": 0, **fields} for kind, fields in _OUTPUT_EVENTS),
    *({"type": f"response.{kind}", "item_id": "msg_1", **fields} for kind, fields in _OUTPUT_EVENTS[:4]),
    {"type": "response.completed", "response": {**REPLIES["responses"], "output": _ITEMS}},
    {"type": "response.completed", "response": {"status": "completed", "usage": None}},
    {
        "type": "response.incomplete",
        "response": {"output": [], "status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
    },
    {"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error", "message": "no"}}},
    {"type": "error", "message": "no", "code": "x", "param": None},
    REPLIES["responses"],
]

EVENTS: Mapping[str, Sequence[Json]] = {
    "chat_completions": [*STREAMS["chat_completions"], *_CHAT],
    "messages": [*STREAMS["messages"], *_MESSAGES],
    "responses": [*STREAMS["responses"], *_RESPONSES],
}
"""Events by protocol, each valid or what a gateway is known to send."""

PLAIN: Sequence[Json] = [
    *REPLIES.values(),
    {**REPLIES["messages"], "content": [*REPLIES["messages"]["content"], *_BLOCKS]},
    {**REPLIES["responses"], "output": [*REPLIES["responses"]["output"], *_ITEMS]},
    {
        "choices": [{"message": chunk["choices"][0]["delta"]} for chunk in _CHAT[:17]],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9},
    },
]
"""Whole replies."""

QUEUE: Sequence[Json] = [*TASK_ANSWERS.values(), *ERRORS]
"""What the queue answers."""

SPICE: Sequence[Json] = [
    *(None, True, False, 0, 1, 2, -1, 1.5, 1e308, 10**20, 10**6, "", " ", "a", "0", "x" * 70, [], {}, [None], [[]]),
    *(float("inf"), float("-inf"), float("nan"), "\u00e9\u65e5\U0001f3a8", "\u0000\u2028\r\n", "null", "{}"),
    '{"a": 1}',
    *({"type": "error"}, {"error": "no"}, {"index": -1}, {"a": {"b": [1]}}, ["a", 1, {}], "https://a.test/b.png"),
    *("data:image/png;base64,aGk=", "data:text/plain,x", "javascript:alert(1)", "<script>", "COMPLETED", "completed"),
]
"""Values that stand where others are expected."""


def sse(events: Sequence[Json], *, named: bool = True, done: bool = False) -> bytes:
    """Events as the bytes of a stream."""
    lines = []
    for event in events:
        kind = event.get("type") if named and isinstance(event, dict) else None
        name = f"event: {kind}\n" if isinstance(kind, str) and "\n" not in kind and "\r" not in kind else ""
        lines.append(f"{name}data: {json.dumps(event)}\n\n".encode())
    return b"".join(lines) + (b"data: [DONE]\n\n" if done else b"")


def stream_seeds(protocol: str) -> Iterator[bytes]:
    """Streams to begin with: the good one, and each other event within it."""
    good = STREAMS[protocol]
    done = protocol == "chat_completions"
    yield sse(good, done=done)
    for event in EVENTS[protocol][len(good) :]:
        yield sse([good[0], event, *good[-2:]], named=False, done=done)


def words_of(values: Sequence[Json]) -> list[str]:
    """The keys and short texts of JSON values: words that readers look for."""
    found: dict[str, None] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found.update(dict.fromkeys(value))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and len(value) < 40:
            found[value] = None
    return list(found)
