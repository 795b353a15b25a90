"""The emulator's streams beside recorded ones: the same events in the same order, with the same fields."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract.recordings import SKIP, find

pytestmark = SKIP

RESPONSES = "/llm/openai/v1/responses"
MESSAGES = "/llm/v1/messages"

# Fields of recorded events that the emulator leaves out, since the protocols' references let a server leave them out.
LEFT_OUT = {
    "obfuscation",
    *("phase", "content"),  # of newer models' items
    *("billing", "moderation", "frequency_penalty", "presence_penalty", "prompt_cache_retention", "tool_usage"),
}

CALCULATOR = {
    "type": "function",
    "name": "calculator",
    "parameters": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
    "strict": False,
}
WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}
THINKING = {"type": "enabled", "budget_tokens": 1024}

PAIRS = {
    "text": (
        "test-responses-basic-streaming-608cc8",
        RESPONSES,
        {"input": "Hello"},
    ),
    "reasoning and a call": (
        "openai-reasoning-encrypted-content-1-chunks-c6f8e6",
        RESPONSES,
        {
            "input": "Use calculator for 3",
            "tools": [CALCULATOR],
            "reasoning": {"effort": "high", "summary": "detailed"},
            "include": ["reasoning.encrypted_content"],
        },
    ),
    "a search of OpenAI's": (
        "test-openai-include-raw-annotations-streaming-00ca99",
        RESPONSES,
        {
            "input": "Search the web for cats",
            "tools": [{"type": "web_search", "filters": {"allowed_domains": ["a.b"]}}],
        },
    ),
    "redacted thinking": (
        "test-anthropic-model-thinking-part-redacted-stream-ee6460",
        MESSAGES,
        {"messages": [{"role": "user", "content": "[redact] Hello"}], "thinking": THINKING},
    ),
    "calls of Anthropic's": (
        "test-anthropic-instrumentation-multiple-tool-calling-streami-d4e264",
        MESSAGES,
        {"messages": [{"role": "user", "content": "The weather in Paris and Oslo?"}], "tools": [WEATHER]},
    ),
    "a search of Anthropic's": (
        "chat-web-search-with-anthropic-claude-haiku-4-5-streams-sear-a80e65",
        MESSAGES,
        {
            "messages": [{"role": "user", "content": "Search the web for cats"}],
            "tools": [{"type": "web_search_20250305", "name": "web_search", "allowed_domains": ["a.b"]}],
        },
    ),
}


def events_in(text: str) -> list[dict[str, Any]]:
    """The events of a stream, to the first that ends an answer."""
    events = []
    for line in text.splitlines():
        if line.startswith("data: "):
            events.append(json.loads(line.removeprefix("data: ")))
            if events[-1]["type"] in ("response.completed", "message_stop"):
                break
    return events


def kinds_of(event: dict[str, Any]) -> str:
    inner = event.get("item") or event.get("content_block") or event.get("delta")
    kind = inner["type"] if isinstance(inner, dict) and "type" in inner else ""
    return f"{event['type']} {kind}".strip()


def orders_of(events: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """The orders in which events come: of each item or block, and of those around them. What repeats counts once."""
    orders: dict[int, list[str]] = {}
    for event in events:
        if event["type"] != "ping":
            place = event.get("index", event.get("output_index", -1))
            order = orders.setdefault(place, [])
            if not order or order[-1] != kinds_of(event):
                order.append(kinds_of(event))
    return {tuple(order) for order in orders.values()}


def fields_of(value: Any, path: str = "") -> set[str]:
    """The names of all fields, with where they are; those of schemas and other free objects not."""
    if not isinstance(value, dict):
        return set()
    found = set()
    for name, inner in value.items():
        if name not in LEFT_OUT:
            found.add(f"{path}.{name}")
            if name not in ("tools", "metadata", "input", "format"):
                found |= fields_of(inner, f"{path}.{name}")
    return found


@pytest.mark.parametrize(("recording", "path", "body"), PAIRS.values(), ids=PAIRS.keys())
def test_a_stream_is_like_the_recorded_one(seacloud_emulator, recording, path, body):
    recorded = events_in(find(recording).response)
    key = {"authorization": "Bearer sk-emulator"}
    request = {"model": "m", "stream": True, **({"max_tokens": 2000} if path == MESSAGES else {}), **body}
    answer = httpx.post(seacloud_emulator.url + path, json=request, headers=key)
    assert answer.status_code == 200, answer.text
    made = events_in(answer.text)
    assert orders_of(made) <= orders_of(recorded)
    for kind in {kinds_of(event) for event in made}:
        like = set.union(*(fields_of(event) for event in recorded if kinds_of(event) == kind))
        ours = set.union(*(fields_of(event) for event in made if kinds_of(event) == kind))
        lacking = {name for name in like - ours if not name.startswith(".response.usage")}
        assert not lacking, (kind, lacking)
