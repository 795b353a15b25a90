"""A generation tool's arguments: from a contract, a pydantic class or nothing, as LangChain takes them."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_seacloud import SeaCloudGenerationTool
from langchain_seacloud.tool_arguments import GenerationInput, ToolArguments, contracts_of
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from pydantic import BaseModel
from seacloud_client.contracts import Contract
from seacloud_client.errors import AuthenticationError, ConfigurationError, InvalidInputError
from seacloud_emulator import Emulator
from seacloud_emulator.contracts_api import contract_of
from seacloud_emulator.endpoints import MODELS

NANO = contract_of("nano_banana_2", MODELS["nano_banana_2"])


class Tool(BaseTool):
    """A tool as the generation tools are: what it is told is checked, and given back."""

    name: str = "generate"
    description: str = ""
    arguments: Any
    handle_tool_error: bool = True

    def _run(self, *, config: RunnableConfig, **said: Any) -> dict[str, Any]:
        assert "callbacks" in config or "metadata" in config
        return self.arguments.check(said)


def tool(*args: Any, **options: Any) -> Tool:
    arguments = ToolArguments(*args, **options)
    return Tool(arguments=arguments, args_schema=arguments.schema, description=arguments.description())


def test_the_tools_schema_is_the_contracts():
    made = tool("nano_banana_2", NANO)
    function = convert_to_openai_tool(made)["function"]
    parameters = function["parameters"]
    assert parameters["properties"] == NANO["input_schema"]["properties"] == made.args
    assert parameters["required"] == ["prompt"]
    assert function["name"] == "generate"
    assert "Generates a picture with SeaCloud's Nano Banana 2: Makes and edits pictures." in function["description"]
    assert "costs money" in function["description"]


def test_what_fits_is_sent():
    made = tool("nano_banana_2", NANO)
    assert made.invoke({"prompt": "a cat", "num_images": 2.0}) == {"prompt": "a cat", "num_images": 2}
    # A model that must name every parameter says null for those that it leaves out.
    everything = dict.fromkeys(NANO["input_schema"]["properties"])
    assert made.invoke({**everything, "prompt": "a cat"}) == {"prompt": "a cat"}


def test_what_does_not_fit_is_told_in_lines():
    made = tool("nano_banana_2", NANO)
    told = made.invoke({"aspect_ratio": "2:1", "image_urls": ["cat.png"]})
    assert told.splitlines() == [
        "nano_banana_2 was not called, and nothing was charged. Correct this and call again:",
        "prompt: is required",
        "image_urls[0]: must be an absolute URL (https://..., data:...); got 'cat.png'",
        "aspect_ratio: must be one of '1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'; got '2:1'",
    ]
    with pytest.raises(ToolException, match="prompt: is required"):
        ToolArguments("nano_banana_2", NANO).check({"prompt": None})


@pytest.mark.parametrize("args", [{"prompt": ""}, {}, {"prompt": "a cat", "seed": "x"}])
def test_in_a_graph_the_model_is_told(args: dict[str, Any]):
    graph = (
        StateGraph(MessagesState).add_node("tools", ToolNode([tool("nano_banana_2", NANO)])).add_edge(START, "tools")
    )
    call = {"type": "tool_call", "id": "call_1", "name": "generate", "args": args}
    told = graph.compile().invoke({"messages": [AIMessage(content="", tool_calls=[call])]})["messages"][-1]
    assert told.status == "error"
    assert told.text.startswith("nano_banana_2 was not called")


class Bound(GenericFakeChatModel):
    """A model whose tools are known to it already."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


@pytest.mark.parametrize("flavour", ["sync", "async"])
@pytest.mark.parametrize("contract", [NANO, None], ids=["contract", "none"])
def test_in_an_agent_a_null_means_that_it_is_left_out(seacloud_env: Emulator, contract: Any, flavour: str):
    """A model that is held to a strict schema must name every parameter, and has no other way to leave one out."""
    made = SeaCloudGenerationTool(model="nano_banana_2", contract=contract)
    said = {**dict.fromkeys(made.args), "prompt": "a cat"}
    assert len(said) > 1
    call = {"type": "tool_call", "id": "call_1", "name": made.name, "args": said}
    model = Bound(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Here it is.")]))
    agent, question = create_agent(model, [made]), {"messages": [("user", "Draw a cat.")]}
    answer = agent.invoke(question) if flavour == "sync" else asyncio.run(agent.ainvoke(question))
    assert answer["messages"][-2].status == "success"
    assert [task.parameters for task in seacloud_env.tasks] == [{"prompt": "a cat"}]


def test_preset_parameters():
    made = tool("nano_banana_2", NANO, preset={"prompt": "a cat", "output_format": "jpeg"})
    assert "required" not in made.args_schema
    assert made.args["output_format"]["default"] == "jpeg"
    assert made.invoke({}) == {"prompt": "a cat", "output_format": "jpeg"}
    assert made.invoke({"output_format": "png"}) == {"prompt": "a cat", "output_format": "png"}
    with pytest.raises(InvalidInputError, match=r"output_format: must be one of .*; got 'gif'; sed: is no parameter"):
        tool("nano_banana_2", NANO, preset={"output_format": "gif", "sed": 1})


def test_names_that_are_langchains_own():
    names = ["config", "run_manager", "self", "callbacks", "kwargs", "config_", "prompt", "parameters"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    made = tool("m", Contract.from_json(schema))
    assert made.args.keys() == {
        "config__",
        "run_manager_",
        "self_",
        "callbacks_",
        "kwargs_",
        "config_",
        "prompt",
        "parameters",
    }
    assert sorted(made.args_schema["required"]) == sorted(made.args)
    sent = made.invoke({name: name for name in made.args})
    assert {name: sent.pop(name) for name in names[:5]} == {
        "config": "config__",
        "run_manager": "run_manager_",
        "self": "self_",
        "callbacks": "callbacks_",
        "kwargs": "kwargs_",
    }
    assert sent == {name: name for name in names[5:]}


@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_a_model_may_say_self(seacloud_env: Emulator, flavour: str):
    """It is an argument like any other that there is not, and no error of Python's, which would end an agent."""
    made = SeaCloudGenerationTool(model="nano_banana_2", contract=NANO)
    call = {"type": "tool_call", "id": "call_1", "name": made.name, "args": {"prompt": "a cat", "self": "me"}}
    answer = made.invoke(call) if flavour == "sync" else asyncio.run(made.ainvoke(call))
    assert answer.status == "error"
    assert "self: is no parameter" in answer.text
    assert not seacloud_env.tasks


def test_a_pydantic_class():
    class Mine(BaseModel):
        """How I want it."""

        prompt: str
        size: Literal["small", "large"] = "large"

    made = tool("any_model", Mine)
    assert made.args["size"]["enum"] == ["small", "large"]
    assert made.invoke({"prompt": "a cat"}) == {"prompt": "a cat", "size": "large"}
    assert "size: must be one of 'small', 'large'; got 'huge'" in made.invoke({"prompt": "a cat", "size": "huge"})


def test_without_a_contract():
    made = tool("any_model", preset={"seed": 1, "n": 2})
    assert made.args_schema is GenerationInput
    assert made.invoke({"prompt": "a cat"}) == {"seed": 1, "n": 2, "prompt": "a cat"}
    said = {"prompt": "a cat", "parameters": {"seed": 3, "prompt": "a dog"}}
    assert made.invoke(said) == {"seed": 3, "n": 2, "prompt": "a cat"}
    beside = {"prompt": "a cat", "aspect_ratio": "16:9"}
    assert made.invoke(beside) == {"seed": 1, "n": 2, **beside}, "it is paid for, so it is not left out"
    with pytest.raises(ToolException, match="parameters: must be an object"):
        ToolArguments("any_model").check({"prompt": "a cat", "parameters": "seed=3"})
    assert "any_model" in made.description


def test_contracts_of_several_models(seacloud_env):
    address = f"{seacloud_env.url}/contracts"
    models = ["nano_banana_2", "flux_2_pro", "no_such_model"]
    assert contracts_of(models) == {}
    assert list(seacloud_env.requests) == []
    found = contracts_of(models, given={"nano_banana_2": NANO, "other": NANO}, contracts_url=address)
    assert found == {
        "nano_banana_2": NANO,
        "flux_2_pro": Contract.from_json(contract_of("flux_2_pro", MODELS["flux_2_pro"])),
    }
    with pytest.raises(AuthenticationError):
        contracts_of(models, contracts_url=address, api_key="sk-invalid")


def test_contracts_that_do_not_do():
    with pytest.raises(InvalidInputError, match="is that of nano_banana_2"):
        ToolArguments("flux_2_pro", NANO)
    with pytest.raises(ConfigurationError, match="has none"):
        ToolArguments("flux_2_pro", {"a": 1})
