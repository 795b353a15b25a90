"""Thinking in loops of tool calls and results, which to the service are one turn: on or off for the whole of it."""

from __future__ import annotations

from typing import Any

import pytest
from messages_wire import Json, assistant, body_of, result, tool
from seacloud_client.conversation import Message, Part, Reasoning, ToolCall, user
from seacloud_client.protocols.messages.thinking import is_taken
from seacloud_emulator.protocols.messages.signatures import redact, sign
from seacloud_emulator.protocols.messages.validation import check_request

THOUGHT = Reasoning("Hm.", "messages", signature=sign("Hm.", omitted=False), form="thinking")
REDACTED = Reasoning("", "messages", encrypted=redact("Hm."), form="redacted_thinking")
BUDGET = {"type": "enabled", "budget_tokens": 8_192}
ON: Json = {"reasoning_effort": "medium"}
OFF: Json = {"reasoning_effort": "none"}


def round_of(name: str, *before: Part, calls: int = 1) -> tuple[Message, Message]:
    """A turn that calls tools, side by side, behind what it says before; and their results."""
    ids = [f"toolu_{name}{number}" for number in range(calls)]
    called = assistant(*before, *(ToolCall(call_id, "f", "{}") for call_id in ids))
    return called, tool(*(result(call_id, "done") for call_id in ids))


def sent(*history: Message, model: str = "claude-sonnet-4-5", **fields: Any) -> Json:
    """The body of a request, which the emulator takes."""
    body = body_of(*history, model=model, **fields)
    check_request(body)
    return body


def kinds(body: Json) -> list[list[str]]:
    """The types of the blocks of each of the assistant's turns."""
    return [[block["type"] for block in turn["content"]] for turn in body["messages"] if turn["role"] == "assistant"]


THINKS = {
    "two rounds": (*round_of("a", THOUGHT), *round_of("b")),
    "three rounds": (*round_of("a", THOUGHT), *round_of("b"), *round_of("c")),
    "thoughts again and again": (*round_of("a", THOUGHT), *round_of("b", THOUGHT), *round_of("c")),
    "parallel calls": (*round_of("a", THOUGHT, calls=2), *round_of("b", calls=3)),
    "redacted thoughts": (*round_of("a", REDACTED), *round_of("b")),
    "an earlier loop without": (
        *round_of("a"),
        assistant("So."),
        user("again"),
        *round_of("b", THOUGHT),
        *round_of("c"),
    ),
    "an earlier loop with thoughts": (
        *round_of("a", THOUGHT),
        assistant("So."),
        user("again"),
        *round_of("b", THOUGHT),
        *round_of("c"),
    ),
    "a user who spoke beside results": (*round_of("a"), user("hurry"), *round_of("b", THOUGHT), *round_of("c")),
    "no loop at all": (*round_of("a"), assistant("So."), user("again")),
}


@pytest.mark.parametrize("name", THINKS)
def test_a_loop_that_began_with_thoughts_goes_on_thinking(name: str):
    body = sent(user("go"), *THINKS[name], **ON)
    assert body["thinking"] == BUDGET
    thoughts = [part for message in THINKS[name] for part in message.parts if isinstance(part, Reasoning)]
    assert sum("thinking" in kind for turn in kinds(body) for kind in turn) == len(thoughts)


BEGAN_WITHOUT = {
    "one round": round_of("a"),
    "thoughts in the second": (*round_of("a"), *round_of("b", THOUGHT)),
    "thoughts in the second of three": (*round_of("a"), *round_of("b", REDACTED), *round_of("c", calls=2)),
    "an earlier loop with thoughts": (
        *round_of("z", THOUGHT),
        assistant(THOUGHT, "So."),
        user("again"),
        *round_of("a"),
        *round_of("b", THOUGHT),
    ),
}


@pytest.mark.parametrize("name", BEGAN_WITHOUT)
def test_a_loop_that_began_without_thoughts_goes_on_without(name: str):
    body = sent(user("go"), *BEGAN_WITHOUT[name], **ON)
    assert "thinking" not in body
    earlier = 2 if "earlier" in name else 0
    assert kinds(body)[:earlier] == [["thinking", "tool_use"], ["thinking", "text"]][:earlier]
    assert not any("thinking" in kind for turn in kinds(body)[earlier:] for kind in turn)


@pytest.mark.parametrize("fields", [{}, OFF, {"thinking": {"type": "disabled"}}], ids=["unasked", "none", "disabled"])
def test_without_thinking_the_open_loop_has_no_thoughts(fields: Json):
    history = (
        user("go"),
        *round_of("a", THOUGHT),
        assistant(THOUGHT, "So."),
        user("again"),
        *round_of("b", THOUGHT, REDACTED, calls=2),
        *round_of("c", REDACTED),
    )
    assert kinds(sent(*history, **fields)) == [
        ["thinking", "tool_use"],
        ["thinking", "text"],
        ["tool_use", "tool_use"],
        ["tool_use"],
    ]


STAYING: dict[str, tuple[str, Json]] = {
    "it thinks": ("claude-sonnet-4-5", ON),
    "it thinks by the body's own word": (
        "claude-sonnet-4-5",
        {"extra_body": {"thinking": BUDGET}, "max_tokens": 9_000},
    ),
    "it sets its thinking itself, some unasked": ("claude-opus-4-8", {}),
    "another vendor's": ("kimi-k2-thinking", {}),
    "another vendor's, thinking off": ("kimi-k2-thinking", {"thinking": {"type": "disabled"}}),
}


@pytest.mark.parametrize("name", STAYING)
def test_thoughts_of_the_open_loop_stay_where_they_may_be_wanted(name: str):
    model, fields = STAYING[name]
    body = sent(user("go"), *round_of("a", THOUGHT), *round_of("b"), model=model, **fields)
    assert kinds(body) == [["thinking", "tool_use"], ["tool_use"]]


def test_thoughts_of_a_closed_loop_stay():
    assert kinds(sent(user("go"), *round_of("a", THOUGHT), user("go on"))) == [["thinking", "tool_use"]]


def test_the_bodys_own_word_turns_thinking_off_too():
    fields = {"extra_body": {"thinking": {"type": "disabled"}}, **ON}
    assert kinds(sent(user("go"), *round_of("a", THOUGHT), **fields)) == [["tool_use"]]


def test_a_history_may_begin_with_the_calls():
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    turns = [
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]},
    ]
    assert not is_taken({"type": "enabled", "budget_tokens": 1024}, turns)
    turns[0]["content"].insert(0, {"type": "redacted_thinking", "data": "x"})
    assert is_taken({"type": "enabled", "budget_tokens": 1024}, turns)
