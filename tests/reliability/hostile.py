"""Replies with everything in them, and what a hostile or broken service puts in the place of any part of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from reliability.operations import TASK

HOSTILE: tuple[str, ...] = (
    "null",
    "true",
    "-1",
    "1.5",
    "1e999",
    "NaN",
    "-Infinity",
    "9" * 400,
    "9" * 5000,
    '""',
    '" "',
    r'"\ud800"',
    r'"\u0000\u202e"',
    '"' + "x" * 50_000 + '"',
    "[]",
    "{}",
    "[null]",
    '[1, "a", {}]',
    '{"type": "unheard_of", "index": -1}',
    '{"a": {"b": [1, null]}}',
    "[" * 150 + "]" * 150,
    "[" * 900 + "]" * 900,
    "[" * 20_000 + "]" * 20_000,
    '{"a":' * 20_000 + "1" + "}" * 20_000,
)
"""JSON, or nearly: wrong types, numbers that are none or too big, halves of characters, depths without a floor."""

_HERE = "@@here@@"


def spoiled(value: Any, tokens: tuple[str, ...] = HOSTILE) -> Iterator[bytes]:
    """The JSON of a value with each of its parts replaced by each of the tokens, one at a time; and without it."""
    for path in paths(value):
        marked = _replaced(value, path, _HERE)
        text = json.dumps(marked)
        yield from (text.replace(f'"{_HERE}"', token, 1).encode() for token in tokens)
        if path:
            yield json.dumps(_without(value, path)).encode()


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the parts of a JSON value are."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from paths(part, (*at, key))


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.deepcopy(value)
    _parent(changed, path)[path[-1]] = new
    return changed


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(value)
    del _parent(changed, path)[path[-1]]
    return changed


def _parent(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


_LOGPROB = {
    "token": "a",
    "logprob": -0.1,
    "bytes": [97],
    "top_logprobs": [{"token": "a", "logprob": -0.1, "bytes": [97]}],
}
_CITED = {
    "type": "url_citation",
    "url_citation": {"url": "https://a.test", "title": "A", "start_index": 0, "end_index": 1},
}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
_CHAT: dict[str, Any] = {"id": "c", "created": 1, "model": "m", "service_tier": "default", "system_fingerprint": "x"}
_CHAT_USAGE = {
    "prompt_tokens": 1,
    "completion_tokens": 2,
    "total_tokens": 3,
    "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": 0},
}
_CITATION = {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0, "end_index": 1}
_OUTPUT: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "x",
    },
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [
            {"type": "output_text", "text": "Hello", "annotations": [_CITATION], "logprobs": [_LOGPROB]},
            {"type": "refusal", "refusal": "no"},
        ],
    },
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}", "status": "completed"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
]
_RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "service_tier": "default",
    "output": _OUTPUT,
    "usage": {
        "input_tokens": 1,
        "output_tokens": 2,
        "total_tokens": 3,
        "input_tokens_details": {"cached_tokens": 1},
        "output_tokens_details": {"reasoning_tokens": 1},
    },
}
_CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "hm", "signature": "s"},
    {"type": "redacted_thinking", "data": "x"},
    {
        "type": "text",
        "text": "Hello",
        "citations": [
            {
                "type": "char_location",
                "cited_text": "a",
                "document_index": 0,
                "document_title": "A",
                "start_char_index": 0,
                "end_char_index": 1,
            }
        ],
    },
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
]
_MESSAGE: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
_MESSAGE_USAGE = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 1, "cache_creation_input_tokens": 1}

REPLIES: dict[str, dict[str, Any]] = {
    "chat_completions": {
        **_CHAT,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "logprobs": {"content": [_LOGPROB], "refusal": None},
                "message": {
                    "role": "assistant",
                    "content": "Hello",
                    "reasoning_content": "hm",
                    "refusal": "no",
                    "annotations": [_CITED],
                    "tool_calls": [_CALL],
                    "audio": {"id": "a", "data": "AAAA", "transcript": "x", "expires_at": 1},
                },
            }
        ],
        "usage": _CHAT_USAGE,
    },
    "responses": _RESPONSE,
    "messages": {
        **_MESSAGE,
        "content": _CONTENT,
        "stop_reason": "tool_use",
        "stop_sequence": "x",
        "usage": _MESSAGE_USAGE,
    },
}


def _chunk(delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    return {**_CHAT, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, **choice}]}


def _blocks() -> Iterator[dict[str, Any]]:
    for index, (block, delta) in enumerate(
        (
            ({"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "hm"}),
            ({"type": "thinking", "thinking": "", "signature": ""}, {"type": "signature_delta", "signature": "s"}),
            ({"type": "text", "text": ""}, {"type": "text_delta", "text": "Hello"}),
            (_CONTENT[2] | {"text": ""}, {"type": "citations_delta", "citation": _CONTENT[2]["citations"][0]}),
            (_CONTENT[3] | {"input": {}}, {"type": "input_json_delta", "partial_json": '{"a": 1}'}),
            (_CONTENT[4] | {"input": {}}, {"type": "input_json_delta", "partial_json": "{}"}),
        )
    ):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}


def _items() -> Iterator[dict[str, Any]]:
    growing = {
        "reasoning": [{"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "hm"}],
        "message": [
            {"type": "response.content_part.added", "content_index": 0, "part": {"type": "output_text", "text": ""}},
            {"type": "response.output_text.delta", "content_index": 0, "delta": "Hello", "logprobs": [_LOGPROB]},
            {
                "type": "response.output_text.annotation.added",
                "content_index": 0,
                "annotation_index": 0,
                "annotation": _CITATION,
            },
            {"type": "response.refusal.delta", "content_index": 1, "delta": "no"},
        ],
        "function_call": [{"type": "response.function_call_arguments.delta", "delta": "{}"}],
        "web_search_call": [{"type": "response.web_search_call.searching"}],
    }
    for index, item in enumerate(_OUTPUT):
        place = {"output_index": index, "item_id": item["id"]}
        yield {"type": "response.output_item.added", "output_index": index, "item": item | {"status": "in_progress"}}
        yield from (event | place for event in growing[item["type"]])
        yield {"type": "response.output_item.done", "output_index": index, "item": item}


STREAMS: dict[str, list[dict[str, Any]]] = {
    "chat_completions": [
        _chunk({"role": "assistant", "content": "", "reasoning_content": "hm"}),
        _chunk({"content": "Hello"}, logprobs={"content": [_LOGPROB], "refusal": None}),
        _chunk({"tool_calls": [{**_CALL, "index": 0, "function": {"name": "f", "arguments": ""}}]}),
        _chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": 1}'}}], "annotations": [_CITED]}),
        _chunk({"audio": {"id": "a", "data": "AAAA", "transcript": "x"}}),
        _chunk({}, finish_reason="tool_calls"),
        {**_CHAT, "object": "chat.completion.chunk", "choices": [], "usage": _CHAT_USAGE},
    ],
    "responses": [
        {"type": "response.created", "response": _RESPONSE | {"status": "in_progress", "output": []}},
        *_items(),
        {"type": "response.completed", "response": _RESPONSE},
    ],
    "messages": [
        {"type": "message_start", "message": _MESSAGE | {"content": [], "stop_reason": None, "usage": _MESSAGE_USAGE}},
        *_blocks(),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": _MESSAGE_USAGE},
        {"type": "message_stop"},
    ],
}

TASK_ANSWERS: dict[str, dict[str, Any]] = {
    "submit": {
        "request_id": TASK,
        "status_url": "https://service.test/model/v1/queue/m/requests/mmsu_1/status",
        "response_url": "x",
        "cancel_url": "x",
        "queue_position": 0,
    },
    "status": {
        "status": "COMPLETED",
        "request_id": TASK,
        "queue_position": 0,
        "progress": 0.5,
        "logs": [{"message": "a", "timestamp": "x"}],
        "metrics": {"inference_time": 1.5},
        "error": {"code": "X", "message": "no", "provider_error": "x"},
        "error_type": "INFERENCE_FAILURE",
    },
    "result": {
        "request_id": TASK,
        "outputs": [
            {
                "type": "image",
                "url": "https://a.test/a.png",
                "content_type": "image/png",
                "file_name": "a.png",
                "file_size": 1,
                "width": 1,
                "height": 1,
                "duration": 1.5,
                "text": "x",
            }
        ],
        "metadata": {"seed": 1},
    },
    "cancel": {"status": "CANCELLATION_REQUESTED", "error": {"code": "X", "message": "x"}},
}

ERRORS: tuple[dict[str, Any], ...] = (
    {"error": {"message": "no", "type": "x", "param": "y", "code": "z", "metadata": {"raw": "x"}}},
    {"type": "error", "error": {"type": "x_error", "message": "no"}},
    {"status": {"code": 402, "message": "no", "error_code": 40201}, "data": None},
    {"detail": [{"loc": ["body", "prompt"], "msg": "no"}]},
)


def stream_of(protocol: str, spoiled_at: int, event: bytes) -> bytes:
    """A stream with one of its events in other words."""
    lines = []
    for number, good in enumerate(STREAMS[protocol]):
        name = f"event: {good['type']}\n".encode() if "type" in good else b""
        lines.append(name + b"data: " + (event if number == spoiled_at else json.dumps(good).encode()) + b"\n\n")
    return b"".join(lines) + (b"data: [DONE]\n\n" if protocol == "chat_completions" else b"")


def spoiled_streams(protocol: str, tokens: tuple[str, ...] = HOSTILE) -> Iterator[bytes]:
    """A stream with each part of each event spoiled."""
    for number, event in enumerate(STREAMS[protocol]):
        yield from (stream_of(protocol, number, other) for other in spoiled(event, tokens))
