"""Tool calls whose arguments do not parse: whatever the tool takes, it does not run, and the model is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from llama_index.core.agent.workflow import AgentOutput, FunctionAgent, ToolCallResult
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.tools import BaseTool, FunctionTool, QueryEngineTool
from llama_index.core.workflow import Context
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec
from llamaindex_seacloud.messages import read_messages
from llamaindex_wire import COMPLETION, USAGE_CHUNK, Chunks, answering, body_of, chat_chunk, events
from seacloud_client.conversation import ToolCall
from seacloud_emulator import Emulator

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

BROKEN = '{"query": "DELETE FROM boats WHERE name = \'Ra'
NO_OBJECTS = ['["a"]', '"all of it"', "null", '{"query": "a\\x"}']
RAN: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    RAN.clear()
    yield
    RAN.clear()


def one(query: str) -> str:
    """Runs a query."""
    RAN.append(query)
    return "done"


async def async_one(query: str) -> str:
    """Runs a query."""
    RAN.append(query)
    return "done"


def one_named_error(error: str) -> str:
    """Reports an error."""
    RAN.append(error)
    return "done"


def several(query: str, limit: int = 5) -> str:
    """Runs a query."""
    RAN.append((query, limit))
    return "done"


def nothing() -> str:
    """Deletes everything."""
    RAN.append("all")
    return "done"


def any_names(**arguments: Any) -> str:
    """Runs whatever it is told, as the tool of an MCP server does."""
    RAN.append(arguments)
    return "done"


async def one_and_any_names(query: str = "all", **arguments: Any) -> str:
    """Runs a query."""
    RAN.append((query, arguments))
    return "done"


async def contextual(ctx: Context, **arguments: Any) -> str:
    """Runs whatever it is told."""
    RAN.append((ctx, arguments))
    return "done"


contextual.__annotations__["ctx"] = Context  # LlamaIndex knows it by the class, not by its name


class Engine(CustomQueryEngine):
    """A query engine that answers whatever it is asked."""

    def custom_query(self, query_str: str) -> str:
        RAN.append(query_str)
        return "done"


REFUSING: list[BaseTool] = [
    FunctionTool.from_defaults(function) for function in (one, one_named_error, several, nothing)
] + [FunctionTool.from_defaults(async_fn=async_one)]
OPEN: list[BaseTool] = [
    FunctionTool.from_defaults(any_names),
    FunctionTool.from_defaults(async_fn=one_and_any_names),
    QueryEngineTool.from_defaults(Engine(), name="engine", description="Knows the boats."),
]
CONTEXTUAL = FunctionTool.from_defaults(async_fn=contextual)


def name_of(tool: BaseTool) -> str:
    return str(tool.metadata.name)


def call_of(tool: BaseTool, arguments: str) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": name_of(tool), "arguments": arguments}}


def calling(tool: BaseTool, arguments: str) -> dict[str, Any]:
    """The whole answer that calls a tool."""
    message = {"role": "assistant", "content": None, "tool_calls": [call_of(tool, arguments)]}
    return {**COMPLETION, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}


@pytest.mark.parametrize("arguments", [BROKEN, *NO_OBJECTS])
@pytest.mark.parametrize("tool", [*REFUSING, *OPEN], ids=name_of)
async def test_predict_and_call(tool: BaseTool, arguments: str) -> None:
    llm, _ = answering(calling(tool, arguments))
    for answer in (
        llm.predict_and_call([tool], user_msg="Tidy up."),
        await llm.apredict_and_call([tool], user_msg="Tidy up."),
    ):
        assert [output.is_error for output in answer.sources] == [True]
        if tool in REFUSING:
            assert "unexpected keyword argument 'invalid_arguments'" in answer.response
    assert RAN == []


def scripted(tool: BaseTool, *, streaming: bool) -> tuple[SeaCloud, list[httpx.Request]]:
    """An LLM that calls the tool with broken arguments, and then gives up."""
    call = {"index": 0, **call_of(tool, BROKEN)}
    streams = [
        events(chat_chunk({"tool_calls": [call]}), chat_chunk({}, "length"), USAGE_CHUNK),
        events(chat_chunk({"content": "I give up."}), chat_chunk({}, "stop"), USAGE_CHUNK),
    ]
    gives_up = {"index": 0, "message": {"role": "assistant", "content": "I give up."}, "finish_reason": "stop"}
    answers = [calling(tool, BROKEN), {**COMPLETION, "choices": [gives_up]}]
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if streaming:
            head = {"content-type": "text/event-stream"}
            return httpx.Response(200, headers=head, stream=Chunks(streams[len(requests) - 1]))
        return httpx.Response(200, json=answers[len(requests) - 1])

    client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return SeaCloud(model="gpt-4.1", protocol="chat_completions", api_key="sk-test", http_async_client=client), requests


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("tool", [*REFUSING, *OPEN, CONTEXTUAL], ids=name_of)
async def test_an_agent(tool: BaseTool, *, streaming: bool) -> None:
    llm, requests = scripted(tool, streaming=streaming)
    handler = FunctionAgent(llm=llm, tools=[tool], streaming=streaming, timeout=20).run("Tidy up.")
    seen = [event async for event in handler.stream_events()]
    assert str(await handler) == "I give up."
    assert RAN == []
    (result,) = [event for event in seen if isinstance(event, ToolCallResult)]
    assert result.tool_output.is_error
    if tool in REFUSING:
        assert "unexpected keyword argument 'invalid_arguments'" in str(result.tool_output)

    said = next(event for event in seen if isinstance(event, AgentOutput)).response
    (read,) = read_messages([said], "messages", "claude-opus-4-6")
    assert read.parts == (ToolCall("call_1", name_of(tool), BROKEN),), "the history is what the model said"
    _, sent, told = body_of(requests[1])["messages"]
    assert json.loads(sent["tool_calls"][0]["function"]["arguments"]) == {"invalid_arguments": BROKEN}
    assert (told["role"], told["content"]) == ("tool", str(result.tool_output))


async def test_a_tool_that_generates_tells_it_in_its_own_words(seacloud_env: Emulator) -> None:
    (tool,) = SeaCloudToolSpec(model="nano_banana_2").to_tool_list()
    llm, _ = answering(calling(tool, '{"prompt": "a c'))
    for answer in (llm.predict_and_call([tool], "Draw."), await llm.apredict_and_call([tool], "Draw.")):
        assert "The arguments are not JSON" in answer.response
        assert "Nothing was sent" in answer.response
    assert seacloud_env.requests == []


async def test_arguments_that_parse_are_the_tools() -> None:
    for tool in (*REFUSING[:1], *OPEN):
        arguments = '{"input": "a"}' if name_of(tool) == "engine" else '{"query": "a"}'
        llm, _ = answering(calling(tool, arguments))
        assert llm.predict_and_call([tool], user_msg="Look.").response == "done"
        assert (await llm.apredict_and_call([tool], user_msg="Look.")).response == "done"
    twice = [["a"] * 2, [{"query": "a"}] * 2, [("a", {})] * 2, ["a"] * 2]
    assert [RAN[place : place + 2] for place in range(0, 8, 2)] == twice
