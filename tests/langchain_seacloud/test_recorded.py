"""The main paths on recorded traffic: what is sent and read has not changed since the cassettes were made.

`cassettes/README.md` says what answered each.
"""

from __future__ import annotations

from typing import Any

import pytest
from cassettes import Tape
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool

QUESTION = "Introduce SeaCloud LLM API in one sentence"
MODELS = {"chat_completions": "gpt-4.1", "responses": "gpt-5.5", "messages": "claude-opus-4-6"}

per_protocol = pytest.mark.parametrize("protocol", MODELS)


@tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


def model_of(protocol: Any, **settings: Any) -> ChatSeaCloud:
    return ChatSeaCloud(model=MODELS[protocol], protocol=protocol, max_tokens=200, **settings)


def check_answer(message: AIMessage) -> None:
    assert QUESTION in message.text
    assert message.usage_metadata is not None
    usage = message.usage_metadata
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"] > 0
    assert message.response_metadata["request_id"]


@per_protocol
def test_invoke(tape: Tape, protocol: str) -> None:
    check_answer(model_of(protocol).invoke(QUESTION))


@per_protocol
async def test_astream(tape: Tape, protocol: str) -> None:
    chunks = [chunk async for chunk in model_of(protocol).astream(QUESTION)]
    assert len(chunks) > 3
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert isinstance(whole, AIMessageChunk)
    check_answer(whole)


@per_protocol
def test_tool_round_trip(tape: Tape, protocol: str) -> None:
    model = model_of(protocol).bind_tools([get_weather])
    history: list[Any] = [HumanMessage("What is the weather in Oslo?")]
    called = model.invoke(history)
    (call,) = called.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Oslo"})
    history += [called, ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])]
    answered = model.invoke(history)
    assert not answered.tool_calls
    assert "It is sunny in Oslo." in answered.text


def test_generation(tape: Tape) -> None:
    made = SeaCloudGenerationTool(model="nano_banana_2").invoke(
        {"type": "tool_call", "id": "call_1", "name": "any", "args": {"prompt": "a cat by the sea"}}
    )
    assert isinstance(made, ToolMessage)
    assert made.status == "success"
    assert made.artifact["request_id"].startswith("mmsu_")
    (output,) = made.artifact["outputs"]
    assert (output["type"], output["content_type"]) == ("image", "image/png")
    assert output["url"].startswith(tape.root)
