"""LlamaIndex's agents for real, on each protocol, against the emulator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.agent.workflow import (
    AgentOutput,
    AgentStream,
    AgentWorkflow,
    FunctionAgent,
    ReActAgent,
    ToolCall,
    ToolCallResult,
)
from llama_index.core.base.llms.types import ChatMessage, ThinkingBlock, ToolCallBlock
from llama_index.core.workflow import Context, JsonSerializer
from llamaindex_seacloud import SeaCloud
from pydantic import BaseModel
from seacloud_emulator import Emulator, Fault
from workflows.errors import WorkflowCancelledByUser

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

MakeLLM = Callable[..., SeaCloud]

THINKING = {
    "chat_completions": {"reasoning_effort": "low"},
    "responses": {"reasoning": {"effort": "low", "summary": "auto"}},
    "messages": {"thinking": {"type": "adaptive"}},
}


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


class Weather(BaseModel):
    """The weather somewhere."""

    city: str


@pytest.mark.parametrize("streaming", [True, False])
async def test_function_agent(make_llm: MakeLLM, seacloud_env: Emulator, *, streaming: bool) -> None:
    agent = FunctionAgent(
        tools=[get_weather, add], llm=make_llm(), system_prompt="Be brief.", streaming=streaming, timeout=20
    )
    handler = agent.run("the weather in Oslo, and add 2 and 3")
    seen = [event async for event in handler.stream_events()]
    output = await handler
    assert "It is sunny in Oslo." in str(output)
    results = {event.tool_name: str(event.tool_output) for event in seen if isinstance(event, ToolCallResult)}
    assert results == {"get_weather": "It is sunny in Oslo.", "add": "5"}
    if streaming:
        said = "".join(event.delta for event in seen if isinstance(event, AgentStream))
        assert said == output.response.content
        last = [event for event in seen if isinstance(event, AgentStream)][-1]
        assert last.raw["usage"]["total_tokens"] > 0
    assert len(seacloud_env.requests) == 2


async def test_agents_show_thinking_and_send_it_back(make_llm: MakeLLM, protocol: str, seacloud_env: Emulator) -> None:
    agent = FunctionAgent(tools=[get_weather], llm=make_llm(**THINKING[protocol]), timeout=20)
    handler = agent.run("the weather in Oslo")
    seen = [event async for event in handler.stream_events()]
    await handler
    thought = "".join(event.thinking_delta or "" for event in seen if isinstance(event, AgentStream))
    assert thought
    output = next(event for event in seen if isinstance(event, AgentOutput))
    assert any(isinstance(block, ThinkingBlock) for block in output.response.blocks)
    assert any(isinstance(block, ToolCallBlock) for block in output.response.blocks)


async def test_an_agent_whose_first_tool_is_named(make_llm: MakeLLM) -> None:
    agent = FunctionAgent(tools=[get_weather, add], llm=make_llm(), initial_tool_choice="add", timeout=20)
    handler = agent.run("the weather in Oslo")
    calls = [event.tool_name async for event in handler.stream_events() if isinstance(event, ToolCall)]
    await handler
    assert calls == ["add"]


async def test_a_tools_error_is_told_to_the_model(make_llm: MakeLLM) -> None:
    def get_forecast(city: str) -> str:
        """Tells the weather forecast of a city."""
        raise RuntimeError("the station is closed")

    agent = FunctionAgent(tools=[get_forecast], llm=make_llm(), timeout=20)
    assert "the station is closed" in str(await agent.run("the weather in Oslo"))


async def test_structured_answer_of_an_agent(make_llm: MakeLLM) -> None:
    agent = FunctionAgent(tools=[get_weather], llm=make_llm(), output_cls=Weather, timeout=20)
    output = await agent.run("the weather in Oslo")
    assert isinstance(output.get_pydantic_model(Weather), Weather)


async def test_workflow_with_a_hand_off(make_llm: MakeLLM, seacloud_env: Emulator) -> None:
    desk = FunctionAgent(
        name="Desk",
        description="Takes the questions.",
        tools=[add],
        llm=make_llm(),
        initial_tool_choice="handoff",
        can_handoff_to=["Weatherman"],
    )
    weatherman = FunctionAgent(name="Weatherman", description="Knows the weather.", tools=[get_weather], llm=make_llm())
    workflow = AgentWorkflow(agents=[desk, weatherman], root_agent="Desk", timeout=20)
    handler = workflow.run("hand this off to Weatherman")
    outputs = [event async for event in handler.stream_events() if isinstance(event, AgentOutput)]
    await handler
    assert [output.current_agent_name for output in outputs] == ["Desk", "Weatherman"]
    assert [call.tool_name for call in outputs[0].tool_calls] == ["handoff"]
    assert all(request.status == 200 for request in seacloud_env.requests)


# The agent asks its own workflow whether it runs.
@pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning")
async def test_react_agent_answers(make_llm: MakeLLM) -> None:
    agent = ReActAgent(tools=[get_weather], llm=make_llm(), timeout=20)
    handler = agent.run("What do you know of the harbour?")
    said = "".join([event.delta async for event in handler.stream_events() if isinstance(event, AgentStream)])
    assert str(await handler)
    assert said


async def test_a_run_that_is_cancelled_leaves_its_stream(make_llm: MakeLLM, seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(match="/llm/", stall=20, stall_after=8))
    agent = FunctionAgent(tools=[get_weather], llm=make_llm(), timeout=30)
    handler = agent.run("Tell me about the harbour at length")
    async for event in handler.stream_events():
        if isinstance(event, AgentStream):
            await handler.cancel_run()
            break
    with pytest.raises((WorkflowCancelledByUser, asyncio.CancelledError)):
        await handler
    for _ in range(200):
        if seacloud_env.requests[-1].disconnected:
            break
        await asyncio.sleep(0.01)
    assert seacloud_env.requests[-1].disconnected


# llama_index.core 0.14.25 cannot write its own memory as JSON with pydantic 2.14, and says that it leaves it out.
@pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key")
async def test_a_conversation_goes_on_from_json(make_llm: MakeLLM, protocol: str, seacloud_env: Emulator) -> None:
    agent = FunctionAgent(tools=[get_weather], llm=make_llm(**THINKING[protocol]), timeout=20)
    context: Any = Context(agent)
    await agent.run("the weather in Oslo", ctx=context)
    memory = await context.store.get("memory")
    kept = json.dumps(
        {
            "context": context.to_dict(serializer=JsonSerializer()),
            "history": [message.model_dump(mode="json") for message in memory.get_all()],
        }
    )
    assert "sk-emulator" not in kept

    restored = json.loads(kept)
    other = FunctionAgent(tools=[get_weather], llm=make_llm(**THINKING[protocol]), timeout=20)
    output = await other.run(
        "and the harbour?",
        ctx=Context.from_dict(other, restored["context"], serializer=JsonSerializer()),
        chat_history=[ChatMessage.model_validate(message) for message in restored["history"]],
    )
    assert "harbour" in str(output)
    body = json.dumps(seacloud_env.requests[-1].json)
    assert "It is sunny in Oslo." in body, "the tool's result of the first run is part of the second's request"
    assert seacloud_env.requests[-1].status == 200


async def test_an_llm_in_a_context(make_llm: MakeLLM) -> None:
    agent = FunctionAgent(tools=[get_weather], llm=make_llm(), timeout=20)
    context: Any = Context(agent)
    await context.store.set("llm", make_llm(api_key="sk-secret-of-the-context"))
    kept = json.dumps(context.to_dict(serializer=JsonSerializer()))
    assert "sk-secret-of-the-context" not in kept
    restored = Context.from_dict(agent, json.loads(kept), serializer=JsonSerializer())
    llm = await restored.store.get("llm")
    assert isinstance(llm, SeaCloud)
    assert "harbour" in str(await llm.achat([ChatMessage(role="user", content="the harbour")]))
