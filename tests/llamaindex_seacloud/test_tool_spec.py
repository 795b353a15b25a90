"""The media tools by LlamaIndex's rules: on their own, and in agents on each protocol."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent, FunctionAgent, ToolCall, ToolCallResult
from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.tools.calling import acall_tool, call_tool
from llama_index.core.tools.tool_spec.base import BaseToolSpec
from llamaindex_seacloud import SeaCloud, SeaCloudGenerated, SeaCloudProgress, SeaCloudToolSpec
from llamaindex_seacloud.tool_signatures import signature_of
from pydantic import BaseModel, Field
from seacloud_client.errors import ConfigurationError, ContentBlocked, InvalidInputError, SubmitOutcomeUnknown
from seacloud_client.names import tool_names
from seacloud_emulator import Emulator, Fault
from workflows.errors import WorkflowCancelledByUser

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

MakeLLM = Callable[..., SeaCloud]

MODEL = "nano_banana_2"
PROMPT = {"prompt": "a cat astronaut"}


class Picture(BaseModel):
    """The parameters of a picture."""

    prompt: str
    size: Literal["1024x1024", "1536x1024"] = "1024x1024"
    n: int = Field(default=1, ge=1, le=2)


def created(emulator: Emulator) -> list[Any]:
    """The requests that created tasks."""
    return [request for request in emulator.requests if request.method == "POST" and "/queue/" in request.path]


@pytest.fixture
def tool(seacloud_env: Emulator) -> FunctionTool:
    return SeaCloudToolSpec(model=MODEL).to_tool_list()[0]


def test_it_is_a_tool_spec_of_function_tools(seacloud_env: Emulator) -> None:
    spec = SeaCloudToolSpec(model=[MODEL, "flux_2_pro"])
    assert BaseToolSpec.__name__ in [cls.__name__ for cls in type(spec).__mro__]
    tools = spec.to_tool_list()
    assert [type(each) for each in tools] == [FunctionTool, FunctionTool]
    assert [each.metadata.name for each in tools] == spec.spec_functions
    assert spec.to_tool_list(["generate_with_flux_2_pro"])[0].metadata.name == "generate_with_flux_2_pro"
    with pytest.raises(ConfigurationError, match="generate_with_flux_2_pro"):
        spec.to_tool_list(["generate_with_flux"])


async def test_what_is_said_of_a_tool_can_be_changed(seacloud_env: Emulator) -> None:
    said = ToolMetadata("Draws.", "draw", Picture)
    spec = SeaCloudToolSpec(model=MODEL, contracts={MODEL: Picture})
    (changed,) = await spec.to_tool_list_async(func_to_metadata_mapping={f"generate_with_{MODEL}": said})
    assert changed.metadata is said
    assert set(spec.to_tool_list()[0].metadata.get_parameters_dict()["properties"]) == {"prompt", "size", "n"}


def test_names_are_what_every_protocol_takes() -> None:
    models = ["vendor/flux.dev", "vendor/flux_dev", "x" * 100, "x" * 101, "x" * 102]
    names = tool_names(models, "generate_with")
    assert len(set(names)) == len(models)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names)
    metadata = [ToolMetadata("", name) for name in names]
    assert [each.to_openai_tool()["function"]["name"] for each in metadata] == names, "core has nothing to change"


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_picture(tool: FunctionTool, seacloud_env: Emulator, how: str) -> None:
    output = call_tool(tool, PROMPT) if how == "sync" else await acall_tool(tool, PROMPT)
    assert not output.is_error, output.content
    text, picture = output.blocks
    assert isinstance(text, TextBlock)
    assert isinstance(picture, ImageBlock)
    assert str(picture.url).startswith(seacloud_env.url)
    assert str(picture.url) in text.text
    assert seacloud_env.tasks[0].request_id in text.text
    (request,) = created(seacloud_env)
    assert request.json == PROMPT
    assert request.path == f"/model/v1/queue/{MODEL}"


def test_pictures_can_be_left_out_and_saved(seacloud_env: Emulator, tmp_path: Path) -> None:
    spec = SeaCloudToolSpec(model=MODEL, show_images=False, save_to=tmp_path)
    output = call_tool(spec.to_tool_list()[0], PROMPT)
    (text,) = output.blocks
    (saved,) = tmp_path.iterdir()
    assert f"saved as {saved}" in text.text
    assert saved.read_bytes().startswith(b"\x89PNG")


def test_parameters(seacloud_env: Emulator) -> None:
    spec = SeaCloudToolSpec(model="gpt_image_2", parameters={"quality": "low", "size": "1024x1024"})
    (tool,) = spec.to_tool_list()
    output = call_tool(tool, {**PROMPT, "parameters": {"size": "1536x1024"}, "n": 2})
    assert not output.is_error, output.content
    assert created(seacloud_env)[0].json == {**PROMPT, "quality": "low", "size": "1536x1024", "n": 2}
    assert len(output.blocks) == 3


# Mistakes cost nothing


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "prompt: Field required"),
        ({"prompt": ""}, "prompt: String should have at least 1 character"),
        ({"prompt": 3}, "prompt: Input should be a valid string"),
        ({"prompt": "a cat", "parameters": "large"}, "parameters: Input should be a valid dictionary"),
        ({"invalid_arguments": '{"prompt": '}, "not JSON"),
    ],
)
async def test_wrong_arguments_are_told_and_nothing_is_sent(
    tool: FunctionTool, seacloud_env: Emulator, arguments: dict[str, Any], expected: str
) -> None:
    for output in (call_tool(tool, arguments), await acall_tool(tool, arguments)):
        assert output.is_error
        assert expected in output.content
        assert "Nothing was sent" in output.content
        assert "https://errors.pydantic.dev" not in output.content
    assert seacloud_env.requests == []


CONTRACT = {
    "model_id": "gpt_image_2",
    "display_name": "GPT Image 2",
    "kind": "image",
    "protocol": "queue",
    "input_schema": {
        "type": "object",
        "required": ["prompt", "size"],
        "properties": {
            "prompt": {"type": "string", "description": "What to draw."},
            "size": {"type": "string", "enum": ["1024x1024", "1536x1024"]},
            "n": {"type": "integer", "minimum": 1, "maximum": 2},
        },
    },
}


@pytest.mark.parametrize("contract", [Picture, CONTRACT], ids=["class", "contract"])
def test_a_contract_holds(seacloud_env: Emulator, contract: Any) -> None:
    spec = SeaCloudToolSpec(
        model="gpt_image_2", contracts={"gpt_image_2": contract}, parameters={"size": "1024x1024"}, show_images=False
    )
    (tool,) = spec.to_tool_list()
    shown = tool.metadata.get_parameters_dict()
    assert set(shown["properties"]) == {"prompt", "size", "n"}
    assert shown["required"] == ["prompt"], "the size is preset"
    assert shown["properties"]["size"]["default"] == "1024x1024"
    wrong = call_tool(tool, {**PROMPT, "size": "9x9", "n": 7})
    assert wrong.is_error
    assert all(text in wrong.content for text in ("size", "1536x1024", "n: ", "Nothing was sent"))
    assert seacloud_env.requests == []
    assert not call_tool(tool, {**PROMPT, "n": None, "size": None}).is_error
    assert not call_tool(tool, {**PROMPT, "n": 2, "size": "1536x1024"}).is_error
    first, second = (request.json for request in created(seacloud_env))
    assert (first["size"], second["size"], second["n"]) == ("1024x1024", "1536x1024", 2)


def test_a_contract_describes_the_tool(seacloud_env: Emulator) -> None:
    (tool,) = SeaCloudToolSpec(model="gpt_image_2", contracts={"gpt_image_2": CONTRACT}).to_tool_list()
    assert "a picture with SeaCloud's GPT Image 2" in tool.metadata.description
    assert tool.metadata.to_openai_tool()["function"]["parameters"]["properties"]["prompt"]["description"]
    with pytest.raises(InvalidInputError, match="gpt_image_2"):
        SeaCloudToolSpec(model=MODEL, contracts={MODEL: CONTRACT})
    with pytest.raises(InvalidInputError, match="size"):
        SeaCloudToolSpec(model="gpt_image_2", contracts={"gpt_image_2": CONTRACT}, parameters={"size": "9x9"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory. Give the path of a JSON file, or the contract itself"),
        ("{", "A contract must be JSON"),
        ("[]", "A contract must be a JSON object"),
    ],
)
def test_a_contracts_file_that_is_none_is_our_error(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        SeaCloudToolSpec(model=MODEL, contracts={MODEL: str(path)})
    assert str(path) in caught.value.message


def test_no_model_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nano_banana_2"):
        SeaCloudToolSpec(model=[])


def test_without_a_key_the_first_call_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    output = call_tool(SeaCloudToolSpec(model=MODEL).to_tool_list()[0], PROMPT)
    assert output.is_error
    assert "SEACLOUD_API_KEY" in output.content


# Failures


def test_a_failure_is_told_with_the_tasks_id_and_without_the_key(seacloud_env: Emulator) -> None:
    (tool,) = SeaCloudToolSpec(model=MODEL, api_key="sk-secret-of-the-tool").to_tool_list()
    output = call_tool(tool, {"prompt": "a cat [blocked]"})
    assert output.is_error
    assert isinstance(output.exception, ContentBlocked)
    assert seacloud_env.tasks[0].request_id in output.content
    assert "sk-secret" not in output.content + repr(output.exception)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_task_is_never_created_twice(seacloud_env: Emulator, tool: FunctionTool, how: str) -> None:
    seacloud_env.faults.add(Fault(match={"method": "POST", "path": "/queue/"}, disconnect_after=0, times=5))
    output = call_tool(tool, PROMPT) if how == "sync" else await acall_tool(tool, PROMPT)
    assert output.is_error
    assert isinstance(output.exception, SubmitOutcomeUnknown)
    assert len(created(seacloud_env)) == 1


def test_what_cannot_be_saved_is_no_failure(seacloud_env: Emulator, tmp_path: Path) -> None:
    (tool,) = SeaCloudToolSpec(model=MODEL, save_to=tmp_path).to_tool_list()
    seacloud_env.faults.add(Fault(match="/files/", status=404, times=9))
    output = call_tool(tool, PROMPT)
    assert not output.is_error
    assert "not saved: " in output.content
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["file", "file/below", "no\0name"])
def test_where_nothing_can_be_saved_is_told_when_the_tools_are_made(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"^Nothing can be saved in .*Let save_to name a directory"):
        SeaCloudToolSpec(model=MODEL, save_to=str(tmp_path / name))


def test_a_directory_to_save_in_that_is_gone_later_loses_nothing(seacloud_env: Emulator, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "pictures"
    (tool,) = SeaCloudToolSpec(model=MODEL, save_to=directory).to_tool_list()
    assert list(directory.iterdir()) == []
    directory.rmdir()
    directory.touch()
    output = call_tool(tool, PROMPT)
    assert not output.is_error
    assert f"/0.png, not saved: Nothing can be saved in {directory}" in output.content


# As functions, which code that a model writes calls


async def test_code_is_shown_each_tool_as_a_function(seacloud_env: Emulator) -> None:
    contracts = {"flux_2_pro": Picture}
    tools = SeaCloudToolSpec(model=[MODEL, "flux_2_pro"], contracts=contracts, split=True).to_tool_list()
    await CodeActAgent(code_execute_fn=repr, llm=SeaCloud(model="gpt-4.1"), tools=[*tools]).run("Good morning!")
    shown = seacloud_env.requests[-1].json["messages"][0]["content"]
    for each in tools:
        assert f"def {each.metadata.name}(*, " in shown
        assert each.metadata.description[:60] in shown
    assert f"def generate_with_{MODEL}(*, prompt: str, parameters: dict | None = None) -> list:" in shown
    assert "def generate_with_flux_2_pro(*, prompt: str, size: str = '1024x1024', n: int = 1) -> list:" in shown
    assert "def seacloud_task_status(*, model: str, request_id: str) -> list:" in shown
    by_name: dict[str, Any] = {each.real_fn.__name__: each.real_fn for each in tools}
    assert f"{MODEL} made 1 result" in by_name[f"generate_with_{MODEL}"](**PROMPT)[0].text


@pytest.mark.parametrize("given", ["a cat astronaut", PROMPT])
async def test_arguments_without_names_are_told_the_names(tool: FunctionTool, given: Any) -> None:
    for call in (tool, tool.call, tool.real_fn):
        with pytest.raises(InvalidInputError, match=r"by their names: generate_with_nano_banana_2\(\*, prompt: str, "):
            call(given)
    with pytest.raises(InvalidInputError, match="Nothing was sent"):
        await tool.acall(given)


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": ["string", "null"]}, "x: str | None = None"),
        ({"type": "number", "default": 0.5}, "x: float = 0.5"),
        ({"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/Size"}]}, "x: Any = None"),
        ({"enum": ["a", "b"]}, "x: Any = None"),
    ],
)
def test_a_schema_as_a_signature(schema: dict[str, Any], shown: str) -> None:
    assert str(signature_of({"properties": {"x": schema}})) == f"(*, {shown}) -> list"


def test_parameters_whose_names_are_none_in_python() -> None:
    properties: dict[str, Any] = {"img-url": {"type": "string"}, "from": {"type": "integer"}, "x": {"type": "boolean"}}
    assert str(signature_of({"properties": properties, "required": ["x"]})) == "(*, x: bool, **others: Any) -> list"
    assert str(signature_of({})) == "() -> list"


# In agents


async def test_an_agent_makes_a_picture(make_llm: MakeLLM, seacloud_env: Emulator) -> None:
    tools = SeaCloudToolSpec(model=MODEL).to_tool_list(stream_progress=True)
    handler = FunctionAgent(tools=tools, llm=make_llm(), timeout=30).run("Please draw a cat astronaut")
    seen = [event async for event in handler.stream_events()]
    output = await handler
    kinds = [
        type(event)
        for event in seen
        if isinstance(event, (ToolCall, ToolCallResult, SeaCloudProgress, SeaCloudGenerated))
    ]
    assert kinds[0] is ToolCall
    assert kinds[-2:] == [SeaCloudGenerated, ToolCallResult]
    assert set(kinds[1:-2]) == {SeaCloudProgress}
    made = next(event for event in seen if isinstance(event, SeaCloudGenerated))
    assert made.request_id == seacloud_env.tasks[0].request_id
    assert made.outputs[0]["url"] in str(output)
    result = next(event for event in seen if isinstance(event, ToolCallResult))
    assert isinstance(result.tool_output.blocks[1], ImageBlock)
    assert made.outputs[0]["url"] in str(seacloud_env.requests[-1].json), "the picture itself goes to the model"


async def test_in_a_workflow_of_agents(make_llm: MakeLLM) -> None:
    tools = SeaCloudToolSpec(model=MODEL).to_tool_list(stream_progress=True)
    agent = FunctionAgent(name="Painter", description="Paints.", tools=tools, llm=make_llm())
    handler = AgentWorkflow(agents=[agent], timeout=30).run("Please draw a cat astronaut")
    seen = [event async for event in handler.stream_events() if isinstance(event, SeaCloudProgress)]
    await handler
    assert seen[-1].status == "COMPLETED"


def test_predict_and_call(llm: SeaCloud, tool: FunctionTool) -> None:
    answer = llm.predict_and_call([tool], "Please draw a cat astronaut")
    assert f"{MODEL} made 1 result(s)" in str(answer)


def test_progress_needs_a_context(seacloud_env: Emulator) -> None:
    (tool,) = SeaCloudToolSpec(model=MODEL).to_tool_list(stream_progress=True)
    assert tool.requires_context
    assert inspect.iscoroutinefunction(tool.real_fn)
    assert "Context is required" in call_tool(tool, PROMPT).content
    assert seacloud_env.requests == []


@pytest.mark.parametrize("stream_progress", [False, True])
async def test_a_run_that_is_cancelled_cancels_the_task(
    make_llm: MakeLLM, seacloud_env: Emulator, *, stream_progress: bool
) -> None:
    seacloud_env.faults.add(Fault(match="/status", delay=0.2, times=50))
    tools = SeaCloudToolSpec(model=MODEL).to_tool_list(stream_progress=stream_progress)
    handler = FunctionAgent(tools=tools, llm=make_llm(), timeout=30).run("Please draw a cat astronaut")
    for _ in range(500):
        if seacloud_env.tasks:
            break
        await asyncio.sleep(0.01)
    await handler.cancel_run()
    for _ in range(200):
        if any(request.method == "PUT" for request in seacloud_env.requests):
            break
        await asyncio.sleep(0.01)
    assert [request.method for request in seacloud_env.requests].count("PUT") == 1
    with pytest.raises((WorkflowCancelledByUser, asyncio.CancelledError)):
        await handler


async def test_a_model_corrects_its_arguments() -> None:
    with pytest.raises(InvalidInputError, match="prompt: Field required"):
        await SeaCloudToolSpec(model=MODEL, api_key="sk-x").to_tool_list()[0].acall(size="large")
