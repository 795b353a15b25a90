"""What Chat Completions' vendors refuse in a history that another's model began, and what is sent to them instead."""

from __future__ import annotations

from typing import Any

import pytest
from chat_requests import CACHED, Json, messages_of, said
from seacloud_client.conversation import Message, Reasoning, Request, Text, ToolCall, ToolResult, system, user
from seacloud_client.protocols.chat_completions import PROTOCOL

SIGNED = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
STAND_IN = {"extra_content": {"google": {"thought_signature": "skip_thought_signature_validator"}}}


def step(*calls: ToolCall) -> tuple[Message, Message]:
    """A turn that calls tools, and their results."""
    return said(*calls), Message("tool", tuple(ToolResult(call.id, (Text(call.name),)) for call in calls))


def weather(call_id: str, name: str = "weather", **extras: Any) -> ToolCall:
    return ToolCall(call_id, name, "{}", extras=extras or None)


def calls_of(*messages: Message, model: str) -> list[Json]:
    """The calls that are sent, of all turns. OpenAI's types know nothing of what gateways keep with them."""
    turns = PROTOCOL.encode(Request(model=model, messages=(user("Hi"), *messages)), False)["messages"]
    return [call for turn in turns for call in turn.get("tool_calls") or ()]


def signs_of(*messages: Message, model: str) -> list[Json]:
    """What each call has besides its own."""
    return [
        {name: call[name] for name in ("extra_content",) if name in call} for call in calls_of(*messages, model=model)
    ]


@pytest.mark.parametrize("model", ["mistral-large-latest", "mistralai/devstral-medium", "open-mixtral-8x22b"])
def test_mistral_gets_ids_of_nine_letters_and_digits(model: str):
    """Its API: "Tool call id was ... but must be a-z, A-Z, 0-9, with a length of 9"."""
    ids = ["toolu_01A09q90qw90lq917835lq9", "call_1", "call_2", "aB3dE6gH9", ""]
    turns = messages_of(user("Hi"), *step(*(weather(call_id, f"f{n}") for n, call_id in enumerate(ids))), model=model)
    made = [call["id"] for call in turns[1]["tool_calls"]]
    assert all(len(call_id) == 9 and call_id.isascii() and call_id.isalnum() for call_id in made)
    assert made[3] == "aB3dE6gH9"
    assert len(set(made)) == len(ids)
    assert [(turn["tool_call_id"], turn["content"]) for turn in turns[2:]] == [
        (call_id, f"f{n}") for n, call_id in enumerate(made)
    ]
    assert calls_of(*step(weather("call_1")), model=model)[0]["id"] == made[1]  # the same in each request


def test_an_id_of_the_right_form_that_is_another_ones_replacement_is_replaced():
    first = calls_of(*step(weather("call_1")), model="mistral-small")[0]["id"]
    turns = messages_of(user("Hi"), *step(weather("call_1", "f"), weather(first, "g")), model="mistral-small")
    ids = [call["id"] for call in turns[1]["tool_calls"]]
    assert ids[0] == first
    assert ids[1] != first
    assert {turn["tool_call_id"]: turn["content"] for turn in turns[2:]} == dict(zip(ids, "fg", strict=True))


def test_mistral_gets_no_field_that_it_does_not_know():
    """It refuses them, in whichever model's turn they came: "Extra inputs are not permitted"."""
    thought = Reasoning("hm", "chat_completions", form="reasoning_content")
    call, result = step(weather("call_1", **SIGNED))
    turn = messages_of(user("Hi"), said(thought, *call.parts), result, model="mistral-large")[1]
    assert turn.keys() == {"role", "content", "tool_calls"}
    assert turn["tool_calls"][0].keys() == {"id", "type", "function"}


@pytest.mark.parametrize("model", ["gemini-3-pro-preview", "google/gemini-3.1-flash", "gemini-4-pro"])
def test_gemini_gets_what_stands_for_a_signature_with_calls_of_other_models(model: str):
    """With the first of each step, which is the one that it signs itself."""
    history = (*step(weather("toolu_1"), weather("toolu_2")), *step(weather("call_3")))
    assert messages_of(user("Hi"), *history, model=model)[1]["tool_calls"][0].items() >= STAND_IN.items()
    assert signs_of(*history, model=model) == [STAND_IN, {}, STAND_IN]


def test_what_else_is_kept_with_a_call_stays_beside_the_stand_in():
    call = weather("call_1", extra_content={"google": {"a": 1}, "b": 2})
    assert signs_of(*step(call), model="gemini-3-pro") == [
        {"extra_content": {"google": {"a": 1, **STAND_IN["extra_content"]["google"]}, "b": 2}}
    ]
    assert call.extras == {"extra_content": {"google": {"a": 1}, "b": 2}}


def test_gemini_gets_its_own_signatures():
    history = (*step(weather("a", **SIGNED), weather("b")), *step(weather("c"), weather("d", **SIGNED)))
    assert signs_of(*history, model="gemini-3-pro") == [SIGNED, {}, {}, SIGNED]
    litellm = weather("e", provider_specific_fields={"thought_signature": "c2ln"})
    assert signs_of(*step(litellm), *step(weather("call_1__thought__c2ln")), model="gemini-3-pro") == [{}, {}]


def test_a_gateways_own_form_of_reasoning_needs_no_stand_in():
    """OpenRouter has the signature there."""
    thought = Reasoning("", "chat_completions", form="reasoning.encrypted", encrypted="c2ln", id="call_1")
    call, result = step(weather("call_1"))
    assert signs_of(said(thought, *call.parts), result, model="google/gemini-3-pro") == [{}]


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-1.5-flash", "deepseek-chat", "some-model", "gpt-4.1"])
def test_others_get_no_stand_in(model: str):
    assert signs_of(*step(weather("call_1")), model=model) == [{}]


@pytest.mark.parametrize(("model", "goes"), [("gpt-4.1", False), ("o3", False), ("deepseek-chat", True), ("m", True)])
def test_openai_gets_no_other_vendors_signature(model: str, goes: bool):
    kept = {**SIGNED, "provider_specific_fields": {"a": 1}}
    (call,) = calls_of(*step(weather("call_1", **kept, **CACHED)), model=model)
    assert {name: call[name] for name in call if name not in ("id", "type", "function")} == (
        {**kept, **CACHED} if goes else CACHED
    )


@pytest.mark.parametrize(
    ("model", "role"),
    [
        ("gpt-4.1", "developer"),
        ("o3", "developer"),
        ("gpt-oss-120b", "developer"),
        ("some-model", "developer"),
        ("deepseek-chat", "system"),
        ("claude-opus-4-6", "system"),
        ("gemini-2.5-pro", "system"),
        ("gemini-3-pro", "system"),
        ("mistral-small", "system"),
    ],
)
def test_the_role_developer_is_system_where_it_is_not_taken(model: str, role: str):
    """DeepSeek's API: "unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`"."""
    developer = Message("developer", (Text("Be kind."),))
    assert [turn["role"] for turn in messages_of(system("Be brief."), developer, user("Hi"), model=model)] == [
        "system",
        role,
        "user",
    ]
