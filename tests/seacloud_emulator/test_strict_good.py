"""The strict check lets pass what real services took, and what the types allow."""

from __future__ import annotations

import pytest
from contract.recordings import SKIP, Recording, load, load_all
from seacloud_emulator.strict import problems

from .strict_bodies import BETA, BODIES, CHAT, LEFT_OUT, MESSAGES, RESPONSES, SCHEMA, spoiled

EXCEPTIONS = {
    "chat-with-params-perplexity-sonar-supports-json-schema-respo-d65511": (
        "Perplexity takes a schema without a name, which OpenAI's reference demands",
        ["response_format.json_schema.name: is required"],
    ),
    "test-together-chat-legacy-129f79": (
        "an old client of Together's own: it sends null for all that is not set, and Together's sampling parameters",
        [
            "messages.0.tool_calls: unknown key",
            "response_format: must be object, not null",
            "tool_choice: must be string or object, not null",
            "tools: must be list, not null",
            "top_k: unknown key",
            "repetition_penalty: unknown key",
            "min_p: unknown key",
            "echo: unknown key",
            "... and 1 more",
        ],
    ),
}
"""Recorded requests that do not pass, each with the reason and what is said of it."""


def holds_a_request(recording: Recording) -> bool:
    return not recording.request.keys() <= {"model", "stream"}


@SKIP
@pytest.mark.parametrize("recording", [one for one in load_all() if holds_a_request(one)], ids=str)
def test_what_real_services_took(recording: Recording):
    _, expected = EXCEPTIONS.get(recording.id, ("", []))
    assert problems(recording.protocol, recording.request) == expected


@SKIP
@pytest.mark.parametrize("protocol", BODIES)
def test_there_are_many_recorded_requests(protocol):
    assert sum(holds_a_request(recording) for recording in load(protocol)) >= 30


@pytest.mark.parametrize("protocol", BODIES)
def test_much_at_once(protocol):
    assert problems(protocol, BODIES[protocol]) == []


NULLS = [
    *(
        ("chat_completions", path)
        for path in ("temperature", "n", "stop", "metadata", "service_tier", "stream_options")
    ),
    *(("chat_completions", f"messages.3.{key}") for key in ("content", "refusal", "reasoning_content", "audio")),
    *(("chat_completions", "tools.0.function.strict"), ("chat_completions", "response_format.json_schema.strict")),
    *(("responses", path) for path in ("instructions", "reasoning", "temperature", "include", "truncation")),
    *(("responses", path) for path in ("input.2.encrypted_content", "tools.0.parameters", "tools.0.strict")),
    *(("messages", path) for path in ("cache_control", "messages.0.content.0.cache_control", "metadata.user_id")),
    *(("messages", path) for path in ("tools.0.cache_control", "output_config.effort", "messages.0.content.2.title")),
]
"""Places where the SDKs' types allow null; `test_strict_bad` has some where they do not."""


@pytest.mark.parametrize(("protocol", "path"), NULLS)
def test_null_where_the_types_allow_it(protocol, path):
    assert problems(protocol, spoiled(BODIES[protocol], path, None)) == []


GOOD = {
    "chat: the least": ("chat_completions", {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}),
    "chat: not streamed": ("chat_completions", spoiled(spoiled(CHAT, "stream", False), "stream_options", LEFT_OUT)),
    "chat: a whole number for a float": ("chat_completions", spoiled(CHAT, "top_p", 1)),
    "chat: one stop": ("chat_completions", spoiled(CHAT, "stop", "x")),
    "chat: tool_choice by a word": ("chat_completions", spoiled(CHAT, "tool_choice", "required")),
    "chat: text alone": ("chat_completions", spoiled(CHAT, "response_format", {"type": "text"})),
    "chat: a custom tool's call": (
        "chat_completions",
        spoiled(
            CHAT, "messages.3.tool_calls.0", {"id": "c1", "type": "custom", "custom": {"name": "say", "input": "x"}}
        ),
    ),
    "chat: what the assistant spoke": ("chat_completions", spoiled(CHAT, "messages.5.audio", {"id": "a"})),
    "responses: the least": ("responses", {"model": "m", "input": "Hello"}),
    "responses: no type of a message": ("responses", spoiled(RESPONSES, "input.1.type", LEFT_OUT)),
    "responses: a text of the assistant": (
        "responses",
        spoiled(RESPONSES, "input.8", {"role": "assistant", "content": "A dot."}),
    ),
    "responses: a built-in tool's item": (
        "responses",
        spoiled(
            RESPONSES,
            "input.8",
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "completed",
                "action": {"type": "search", "query": "dots", "queries": ["dots"]},
            },
        ),
    ),
    "responses: chosen from some": (
        "responses",
        spoiled(
            RESPONSES,
            "tool_choice",
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "look"}]},
        ),
    ),
    "messages: the least": (
        "messages",
        {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]},
    ),
    "messages: instructions as text": ("messages", spoiled(MESSAGES, "system", "Be brief.")),
    "messages: a result as text": ("messages", spoiled(MESSAGES, "messages.2.content.0.content", "a dot")),
    "messages: a built-in tool's result": (
        "messages",
        spoiled(
            MESSAGES,
            "messages.3.content",
            [
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "dots"}},
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "s1",
                    "content": [{"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "e"}],
                },
            ],
        ),
    ),
    "messages: a tool's type given": ("messages", spoiled(MESSAGES, "tools.0.type", "custom")),
    "messages: its betas": ("messages", BETA),
    "messages: its betas, streamed": (
        "messages",
        {**BETA, "stream": True, "tools": [{"name": "f", "input_schema": SCHEMA}]},
    ),
}


@pytest.mark.parametrize(("protocol", "body"), GOOD.values(), ids=GOOD.keys())
def test_what_the_types_allow(protocol, body):
    assert problems(protocol, body) == []
