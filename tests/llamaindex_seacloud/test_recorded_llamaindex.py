"""The main paths on recorded traffic: what is sent and read has not changed since the cassettes were made.

`cassettes/README.md` says what answered each.
"""

from __future__ import annotations

from typing import Any

import pytest
from cassettes import Tape
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ImageBlock
from llama_index.core.tools import FunctionTool
from llama_index.core.tools.calling import call_tool
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec

QUESTION = "Introduce SeaCloud LLM API in one sentence"

MODELS = {"chat_completions": "gpt-4.1", "responses": "gpt-5.5", "messages": "claude-opus-4-6"}

per_protocol = pytest.mark.parametrize("protocol", MODELS)


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


def llm_of(protocol: Any) -> SeaCloud:
    return SeaCloud(model=MODELS[protocol], protocol=protocol, max_tokens=200)


def check_answer(response: ChatResponse) -> None:
    assert QUESTION in (response.message.content or "")
    usage = response.additional_kwargs
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"] > 0


@per_protocol
def test_chat(tape: Tape, protocol: str) -> None:
    check_answer(llm_of(protocol).chat([ChatMessage(QUESTION)]))


@per_protocol
async def test_astream_chat(tape: Tape, protocol: str) -> None:
    responses = [response async for response in await llm_of(protocol).astream_chat([ChatMessage(QUESTION)])]
    assert len(responses) > 3
    assert "".join(response.delta or "" for response in responses) == responses[-1].message.content
    check_answer(responses[-1])


@per_protocol
def test_tool_round_trip(tape: Tape, protocol: str) -> None:
    llm = llm_of(protocol)
    weather = FunctionTool.from_defaults(get_weather)
    history = [ChatMessage("What is the weather in Oslo?")]
    called = llm.chat_with_tools([weather], chat_history=history)
    (call,) = llm.get_tool_calls_from_response(called)
    assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Oslo"})
    told = call_tool(weather, call.tool_kwargs)
    result = ChatMessage(role="tool", content=told.content, additional_kwargs={"tool_call_id": call.tool_id})
    answered = llm.chat_with_tools([weather], chat_history=[*history, called.message, result])
    assert not llm.get_tool_calls_from_response(answered, error_on_no_tool_call=False)
    assert "It is sunny in Oslo." in (answered.message.content or "")


def test_generation(tape: Tape) -> None:
    (tool,) = SeaCloudToolSpec(model="nano_banana_2").to_tool_list()
    made = call_tool(tool, {"prompt": "a cat by the sea"})
    assert not made.is_error
    (picture,) = (block for block in made.blocks if isinstance(block, ImageBlock))
    assert str(picture.url).startswith(tape.root)
