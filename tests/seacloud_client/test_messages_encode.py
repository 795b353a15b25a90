"""Requests in Messages' JSON: what each field becomes, and what is refused or left out."""

from __future__ import annotations

from typing import Any

import pytest
from messages_wire import (
    CACHED,
    CLOSED,
    SCHEMA,
    SEARCH,
    Json,
    body_of,
    encoded,
)
from seacloud_client.conversation import (
    Message,
    Native,
    NativeTool,
    OutputSchema,
    Request,
    Tool,
    ToolChoice,
    user,
)
from seacloud_client.errors import (
    InvalidInputError,
)
from seacloud_client.protocols.messages import PROTOCOL


def test_the_smallest_request():
    assert body_of(user("hi"), max_tokens=10) == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }


def test_a_stream_is_asked_for():
    assert encoded(Request(model="claude-x", messages=(user("hi"),)), stream=True)["stream"] is True
    assert "stream" not in body_of()


FIELDS: dict[str, tuple[Json, Json]] = {
    "stop": ({"stop": ("a", "b")}, {"stop_sequences": ["a", "b"]}),
    "sampling": ({"temperature": 0.5, "top_p": 0.9, "top_k": 5}, {"temperature": 0.5, "top_p": 0.9, "top_k": 5}),
    "user": ({"user": "u", "safety_identifier": "s", "metadata": {"user_id": "m"}}, {"metadata": {"user_id": "u"}}),
    "safety identifier": (
        {"safety_identifier": "s", "metadata": {"user_id": "m"}},
        {"metadata": {"user_id": "s"}},
    ),
    "metadata": ({"metadata": {"user_id": "m", "label": "x"}}, {"metadata": {"user_id": "m"}}),
    "labels alone": ({"metadata": {"label": "x"}}, {}),
    "service tier": ({"service_tier": "standard_only"}, {"service_tier": "standard_only"}),
    "cache control": ({"cache_control": CACHED}, {"cache_control": CACHED}),
    "thinking": (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000},
    ),
    "what is merely lacking": (
        {
            "prompt_cache_key": "k",
            "prediction": {"type": "content", "content": "x"},
            "n": 1,
            "frequency_penalty": 0.0,
            "presence_penalty": 0,
            "logprobs": False,
            "store": False,
            "truncation": "disabled",
            "verbosity": "medium",
            "modalities": ("text",),
            "logit_bias": {},
        },
        {},
    ),
    "extra body": ({"extra_body": {"max_tokens": 3, "container": "c"}}, {"max_tokens": 3, "container": "c"}),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field(name: str):
    given, expected = FIELDS[name]
    body = body_of(**{"max_tokens": 10, **given})
    assert body == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        **expected,
    }


LACKING: list[Json] = [
    {"seed": 0},
    {"n": 2},
    {"frequency_penalty": 0.1},
    {"presence_penalty": -1},
    {"logit_bias": {"1": 1}},
    {"logprobs": True},
    {"top_logprobs": 2},
    {"verbosity": "low"},
    {"modalities": ("text", "audio")},
    {"audio": {"voice": "x"}},
    {"store": True},
    {"previous_response_id": "r"},
    {"include": ("x",)},
    {"truncation": "auto"},
    {"temperature": 1.2},
    {"stop": ("a", "\n")},
    {"reasoning": {"effort": "low", "context": "x"}},
]


@pytest.mark.parametrize("fields", LACKING, ids=[next(iter(fields)) for fields in LACKING])
def test_what_is_lacking_is_refused(fields: Json):
    with pytest.raises(InvalidInputError, match=r"Nothing was sent\.") as caught:
        body_of(**fields)
    assert next(iter(fields)) in caught.value.message


ADAPTIVE = {"type": "adaptive"}
BUDGET = {"type": "enabled", "budget_tokens": 16_384}

# Model, fields, and what they become: thinking, effort, max_tokens.
THOUGHT: list[tuple[str, Json, tuple[Any, Any, int]]] = [
    ("claude-sonnet-4-5", {}, (None, None, 16_384)),
    ("claude-3-5-haiku", {}, (None, None, 8_192)),
    ("unheard-of", {}, (None, None, 8_192)),
    # A model that decides itself how much it thinks.
    ("claude-opus-4-6", {}, (None, None, 16_384)),
    ("claude-opus-4-6", {"reasoning_effort": "high"}, (ADAPTIVE, "high", 32_768)),
    ("claude-opus-4-6", {"reasoning_effort": "minimal", "max_tokens": 9}, (ADAPTIVE, "low", 9)),
    ("claude-opus-4-6", {"reasoning_effort": "none"}, ({"type": "disabled"}, None, 16_384)),
    ("claude-opus-4-6", {"reasoning": {"effort": "low"}}, (ADAPTIVE, "low", 32_768)),
    (
        "claude-opus-4-6",
        {"reasoning": {"effort": "low", "summary": "auto"}},
        ({**ADAPTIVE, "display": "summarized"}, "low", 32_768),
    ),
    ("claude-opus-4-6", {"reasoning": {"summary": "auto"}}, (None, None, 16_384)),
    ("claude-opus-4-6", {"thinking": {"type": "adaptive"}}, (ADAPTIVE, None, 32_768)),
    (
        "claude-opus-4-6",
        {"reasoning_effort": "high", "thinking": {"type": "disabled"}},
        ({"type": "disabled"}, "high", 16_384),
    ),
    # One that is given a budget; three quarters of the limit at most.
    ("claude-sonnet-4-5", {"reasoning_effort": "high"}, (BUDGET, None, 32_768)),
    ("claude-opus-4-5", {"reasoning_effort": "high"}, (BUDGET, "high", 32_768)),
    (
        "claude-sonnet-4-5",
        {"reasoning_effort": "high", "max_tokens": 4_000},
        ({"type": "enabled", "budget_tokens": 3_000}, None, 4_000),
    ),
    (
        "claude-sonnet-4-5",
        {"reasoning_effort": "minimal", "max_tokens": 1_100},
        ({"type": "enabled", "budget_tokens": 1_024}, None, 1_100),
    ),
    (
        "claude-sonnet-4-5",
        {"reasoning_effort": "low", "thinking": {"type": "enabled", "budget_tokens": 60_000}},
        ({"type": "enabled", "budget_tokens": 60_000}, None, 64_000),
    ),
    # One of which nothing is known.
    ("unheard-of", {"reasoning_effort": "high"}, (None, "high", 8_192)),
    (
        "unheard-of",
        {"thinking": {"type": "enabled", "budget_tokens": 10_000}},
        ({"type": "enabled", "budget_tokens": 10_000}, None, 18_192),
    ),
]


@pytest.mark.parametrize(("model", "fields", "expected"), THOUGHT)
def test_how_much_a_model_thinks_and_says(model: str, fields: Json, expected: tuple[Any, Any, int]):
    body = encoded(Request(model=model, messages=(user("hi"),), **fields))
    effort = body.get("output_config", {}).get("effort")
    assert (body.get("thinking"), effort, body["max_tokens"]) == expected


def test_a_limit_that_leaves_no_room_for_thinking_is_refused():
    with pytest.raises(InvalidInputError, match="raise max_tokens"):
        body_of(reasoning_effort="low", max_tokens=1_024)


FORBIDDEN: dict[str, Any] = {"temperature": 0.5, "top_k": 5, "top_p": 0.9, "tool_choice": ToolChoice("required")}


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize(
    "thinking",
    [{"thinking": {"type": "enabled", "budget_tokens": 2_000}}, {"thinking": ADAPTIVE}, {"reasoning_effort": "low"}],
)
def test_what_does_not_go_with_thinking_is_refused(name: str, thinking: Json):
    tools = (Tool("f", None, SCHEMA),)
    with pytest.raises(InvalidInputError, match=r"while the model thinks.*Nothing was sent\.") as caught:
        body_of(tools=tools, **{name: FORBIDDEN[name]}, **thinking)
    assert name in caught.value.message
    body_of(tools=tools, **{name: FORBIDDEN[name]}, thinking={"type": "disabled"})


def test_what_goes_with_thinking_is_sent():
    fields = {"temperature": 1.0, "top_p": 0.95, "tool_choice": ToolChoice("auto"), "tools": (Tool("f", None, SCHEMA),)}
    body = body_of(reasoning_effort="low", **fields)
    assert (body["temperature"], body["top_p"], body["tool_choice"]) == (1.0, 0.95, {"type": "auto"})


def test_effort_and_schema_go_together():
    request = Request(
        model="claude-opus-4-6", messages=(user("hi"),), reasoning_effort="low", output=OutputSchema("x", CLOSED)
    )
    assert encoded(request)["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": CLOSED},
    }


def test_nothing_of_the_request_is_changed():
    thought = Native("messages", dict(SEARCH))
    message = Message("assistant", (thought,), extras={"cache_control": CACHED})
    tools = (NativeTool({"type": "web_search_20250305", "name": "web_search"}),)
    request = Request(model="claude-x", messages=(user("hi"), message), tools=tools)
    body = PROTOCOL.encode(request, False)
    body["tools"][0]["changed"] = body["messages"][0]["changed"] = True
    assert thought.item == SEARCH
    assert "changed" not in PROTOCOL.encode(request, False)["tools"][0]
