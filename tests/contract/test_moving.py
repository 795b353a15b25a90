"""A conversation that moves to another protocol in mid-course goes on: what was recorded on one is sent on the others.

Nothing that the other one refuses is sent, and what it can take is: the words, the calls, their results.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from seacloud_client.conversation import Message, Request, Text, ToolCall, ToolResult, user
from seacloud_client.protocols import get_protocol, spoken
from seacloud_emulator.strict import problems

from .our_reading import outcome_of
from .recordings import SKIP, Recording, load_all, parametrize

MODELS = {"chat_completions": "some-model", "responses": "gpt-5.5", "messages": "claude-opus-4-6"}


def moved(
    recording: Recording, protocol: str, change: Callable[[Message], Message] = lambda turn: turn
) -> tuple[dict[str, Any], Message] | None:
    """Return the next request, on the other protocol, and the turn that it moves; None if there is no reply."""
    outcome = outcome_of(recording)
    if outcome.reply is None or not outcome.reply.choices:
        return None
    turn = change(outcome.reply.message)
    results = tuple(
        ToolResult(call.id, (Text(f"result {place}"),), kind=call.kind)
        for place, call in enumerate(outcome.reply.tool_calls)
    )
    history = (user("Begin."), turn, Message("tool", results), user("Go on."))
    request = Request(model=MODELS[protocol], messages=history, max_tokens=2000)
    return get_protocol(protocol).encode(request, False), turn  # type: ignore[arg-type]  # it is one of the protocols


@pytest.mark.parametrize("protocol", spoken())
@parametrize()
def test_it_goes_on(recording: Recording, protocol: str):
    next_one = moved(recording, protocol)
    if next_one is None:
        return
    body, turn = next_one
    assert problems(protocol, body) == []
    sent = json.dumps(body, ensure_ascii=False)
    assert "Go on." in sent
    for part in turn.parts:
        if isinstance(part, Text) and part.text.strip():
            assert json.dumps(part.text, ensure_ascii=False)[1:-1] in sent
    for place in range(len([part for part in turn.parts if type(part).__name__ == "ToolCall"])):
        assert f"result {place}" in sent


@pytest.mark.parametrize("protocol", spoken())
@parametrize()
def test_no_reasoning_and_no_item_of_another_protocol_is_sent(recording: Recording, protocol: str):
    next_one = moved(recording, protocol)
    if next_one is None or protocol == recording.protocol:
        return
    body, turn = next_one
    sent = json.dumps(body)
    for part in turn.parts:
        for name in ("signature", "encrypted"):
            secret = getattr(part, name, None)
            assert not secret or secret not in sent


def without_extras_of_calls(turn: Message) -> Message:
    return replace(
        turn, parts=tuple(replace(part, extras=None) if isinstance(part, ToolCall) else part for part in turn.parts)
    )


@pytest.mark.parametrize("protocol", spoken())
@parametrize()
def test_no_extra_of_a_call_is_sent_to_another_protocol(recording: Recording, protocol: str):
    """Names are not enough: Messages and Responses both have callers (`direct`, programs), each its own."""
    if protocol != recording.protocol:
        with_extras, without = moved(recording, protocol), moved(recording, protocol, without_extras_of_calls)
        assert (with_extras and with_extras[0]) == (without and without[0])


@pytest.mark.parametrize("protocol", spoken())
@pytest.mark.parametrize("blank", ["", " ", "\r"])
def test_a_call_without_arguments_goes_back_with_an_empty_object(protocol: str, blank: str):
    """OpenAI's types call the arguments JSON, Anthropic's want an object: an empty text is neither."""
    function, custom = ToolCall("call_1", "f", blank), ToolCall("call_2", "g", blank, "custom")
    results = Message("tool", (ToolResult("call_1", (Text("a"),)), ToolResult("call_2", (Text("b"),), kind="custom")))
    history = (user("Begin."), Message("assistant", (function, custom)), results, user("Go on."))
    request = Request(model=MODELS[protocol], messages=history, max_tokens=2000)
    body = get_protocol(protocol).encode(request, False)  # type: ignore[arg-type]  # it is one of the protocols
    assert problems(protocol, body) == []
    assert arguments_in[protocol](body) == [{}, {"input": blank}]


def in_chat(body: dict[str, Any]) -> list[Any]:
    one, two = body["messages"][1]["tool_calls"]
    return [json.loads(one["function"]["arguments"]), {"input": two["custom"]["input"]}]


def in_responses(body: dict[str, Any]) -> list[Any]:
    one, two = (item for item in body["input"] if "name" in item)
    return [json.loads(one["arguments"]), {"input": two["input"]}]


arguments_in: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "chat_completions": in_chat,
    "responses": in_responses,
    "messages": lambda body: [block["input"] for block in body["messages"][1]["content"]],
}


@SKIP
def test_recorded_calls_have_such_extras():
    found = {
        (recording.protocol, part.extras["caller"]["type"])
        for recording in load_all()
        for part in reply_parts(recording)
        if isinstance(part, ToolCall) and part.extras and part.extras.get("caller")
    }
    assert found >= {("messages", "direct"), ("responses", "program")}


def reply_parts(recording: Recording) -> tuple[Any, ...]:
    reply = outcome_of(recording).reply
    return () if reply is None else reply.choice.parts
