"""Requests that use much of each protocol, and how to spoil them in one place."""

from __future__ import annotations

import copy
from typing import Any

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PIXEL = "iVBORw0KGgo="
LEFT_OUT: Any = object()
"""The value that takes a key out."""

CHAT: dict[str, Any] = {
    "model": "gpt-4.1",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}], "name": "ann"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a dot"},
        {"role": "assistant", "content": [{"type": "text", "text": "A dot."}], "refusal": None},
        {"role": "user", "content": "Sure?"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "look", "description": "Looks.", "parameters": SCHEMA, "strict": False},
        },
        {"type": "custom", "custom": {"name": "say", "format": {"type": "text"}}},
    ],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "parallel_tool_calls": True,
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
    "temperature": 1,
    "top_p": 0.5,
    "n": 2,
    "max_completion_tokens": 50,
    "stop": ["x"],
    "seed": 7,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "top_logprobs": 2,
    "stream": True,
    "stream_options": {"include_usage": True},
    "reasoning_effort": "low",
    "service_tier": "auto",
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "user": "u",
}

RESPONSES: dict[str, Any] = {
    "model": "gpt-5.5",
    "instructions": "Be brief.",
    "input": [
        {"role": "developer", "content": "Be kind."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "A dot?"}],
            "encrypted_content": "e",
        },
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{}"},
        {
            "type": "function_call_output",
            "call_id": "c1",
            "output": [{"type": "input_text", "text": "a dot"}],
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "A dot.", "annotations": []}],
        },
        {"type": "item_reference", "id": "ws_1"},
        {"role": "user", "content": "Sure?"},
    ],
    "tools": [
        {"type": "function", "name": "look", "description": "Looks.", "parameters": SCHEMA, "strict": True},
        {"type": "web_search", "search_context_size": "low"},
        {"type": "mcp", "server_label": "m", "server_url": "https://m.example", "require_approval": "never"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ],
    "tool_choice": {"type": "function", "name": "look"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "store": False,
    "previous_response_id": None,
    "parallel_tool_calls": True,
    "max_output_tokens": 50,
    "temperature": 1,
    "stream": True,
    "stream_options": {"include_obfuscation": False},
    "metadata": {"a": "b"},
    "truncation": "auto",
}

MESSAGES: dict[str, Any] = {
    "model": "claude-opus-4-6",
    "max_tokens": 2000,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?", "citations": None},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                {"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}, "title": "A"},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "A dot?", "signature": "s"},
                {"type": "redacted_thinking", "data": "d"},
                {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "is_error": False,
                    "content": [{"type": "text", "text": "a dot"}],
                }
            ],
        },
        {"role": "assistant", "content": "A dot."},
        {"role": "user", "content": "Sure?"},
    ],
    "tools": [
        {"name": "look", "description": "Looks.", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
    ],
    "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"},
    "metadata": {"user_id": "u"},
    "stop_sequences": ["x"],
    "service_tier": "auto",
    "temperature": 1.0,
    "top_p": 0.5,
    "top_k": 4,
    "stream": True,
}

BETA: dict[str, Any] = {
    "model": "claude-opus-4-6",
    "max_tokens": 2000,
    "messages": [{"role": "user", "content": "Hello"}],
    "mcp_servers": [{"type": "url", "name": "m", "url": "https://m.example"}],
    "context_management": {"edits": [{"type": "clear_tool_uses_20250919", "keep": {"type": "tool_uses", "value": 3}}]},
}

BODIES = {"chat_completions": CHAT, "responses": RESPONSES, "messages": MESSAGES}


def spoiled(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The body with another value at a place, such as `messages.0.role`; a place at a list's end makes it longer."""
    changed = copy.deepcopy(body)
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = changed
    for key in way:
        place = place[key]
    if value is LEFT_OUT:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return changed
