"""The generation tool: langchain-tests' suites, results, progress, failures, cancellation."""

from __future__ import annotations

import asyncio
import base64
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_seacloud import SeaCloudGenerationTool, SeaCloudToolkit
from langchain_seacloud.task_tools import SeaCloudTaskResultTool
from langchain_seacloud.tool_texts import image_block
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from seacloud_client.interrupts import cancel_all
from seacloud_client.media import read_output
from seacloud_emulator import Emulator, Fault

MODEL = "nano_banana_2"
PROMPT = {"prompt": "a cat astronaut above the sea"}
CALL = {"type": "tool_call", "id": "call_1", "name": "generate_with_nano_banana_2", "args": PROMPT}


class TestUnit(ToolsUnitTests):
    @property
    def tool_constructor(self) -> type[SeaCloudGenerationTool]:
        return SeaCloudGenerationTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"model": MODEL, "api_key": "sk-x"}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return PROMPT

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return (
            {"SEACLOUD_API_KEY": "sk-from-the-environment", "SEACLOUD_BASE_URL": "http://localhost:9"},
            {"model": MODEL},
            {"api_key": "sk-from-the-environment", "base_url": "http://localhost:9/model"},
        )


@pytest.mark.usefixtures("seacloud_env")
class TestIntegration(ToolsIntegrationTests):
    @pytest.fixture(autouse=True)
    def _emulator(self, seacloud_emulator: Emulator) -> None:
        """Lets these tests reach the loopback."""

    @property
    def tool_constructor(self) -> type[SeaCloudGenerationTool]:
        return SeaCloudGenerationTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"model": MODEL}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return PROMPT


@pytest.fixture
def tool(seacloud_env: Emulator) -> SeaCloudGenerationTool:
    return SeaCloudGenerationTool(model=MODEL)


def check_made(message: ToolMessage, emulator: Emulator) -> None:
    assert (message.status, message.tool_call_id) == ("success", "call_1")
    (task,) = emulator.tasks
    text, image = message.content
    assert isinstance(text, dict)
    assert isinstance(image, dict)
    assert task.request_id in text["text"]
    assert (image["type"], image["mime_type"]) == ("image", "image/png")
    assert httpx.get(image["url"]).content.startswith(b"\x89PNG")
    assert message.artifact["request_id"] == task.request_id
    assert message.artifact["outputs"][0]["url"] == image["url"]


def test_a_picture_is_content_that_models_can_see(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    check_made(tool.invoke(CALL), seacloud_env)


async def test_async(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    message = await tool.ainvoke(CALL)
    await asyncio.to_thread(check_made, message, seacloud_env)


def test_parameters(seacloud_env: Emulator) -> None:
    tool = SeaCloudGenerationTool(model="gpt_image_2", parameters={"size": "1024x1024", "quality": "low"})
    tool.invoke({"prompt": "a cat", "parameters": {"quality": "high"}})
    (task,) = seacloud_env.tasks
    assert task.parameters == {"size": "1024x1024", "quality": "high", "prompt": "a cat"}


def test_pictures_can_be_left_out_of_the_content(seacloud_env: Emulator) -> None:
    (text,) = SeaCloudGenerationTool(model=MODEL, show_images=False).invoke(PROMPT)
    assert text["type"] == "text"


def test_saved(seacloud_env: Emulator, tmp_path: Path) -> None:
    message = SeaCloudGenerationTool(model=MODEL, save_to=tmp_path).invoke(CALL)
    (saved,) = tmp_path.iterdir()
    assert saved.read_bytes().startswith(b"\x89PNG")
    assert message.artifact["saved"] == [str(saved)]
    assert f"saved as {saved}" in message.text


async def test_saved_async(seacloud_env: Emulator, tmp_path: Path) -> None:
    message = await SeaCloudGenerationTool(model=MODEL, save_to=tmp_path).ainvoke(CALL)
    assert [Path(path).parent for path in message.artifact["saved"]] == [tmp_path]


def test_a_result_that_cannot_be_saved_is_not_lost(seacloud_env: Emulator, tmp_path: Path) -> None:
    seacloud_env.faults.add(Fault(match="/files/", status=404, body={"error": "gone"}, times=9))
    message = SeaCloudGenerationTool(model=MODEL, save_to=tmp_path).invoke(CALL)
    assert message.status == "success"
    assert "not saved: " in message.text
    assert message.artifact["outputs"][0]["url"] in message.text
    assert "saved" not in message.artifact


@pytest.mark.parametrize("name", ["file", "file/below", "no\0name"])
@pytest.mark.parametrize("make", [SeaCloudGenerationTool, SeaCloudToolkit, SeaCloudTaskResultTool])
def test_where_nothing_can_be_saved_is_told_when_the_tool_is_made(tmp_path: Path, make: Any, name: str) -> None:
    (tmp_path / "file").touch()
    settings = {SeaCloudGenerationTool: {"model": MODEL}, SeaCloudToolkit: {"models": [MODEL]}}
    with pytest.raises(ValueError, match=r"Nothing can be saved in .*Let save_to name a directory"):
        make(save_to=tmp_path / name, **settings.get(make, {}))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_directory_to_save_in_that_is_gone_later_loses_nothing(seacloud_env: Emulator, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "pictures"
    tool = SeaCloudGenerationTool(model=MODEL, save_to=str(directory))  # type: ignore[arg-type]  # pydantic reads it
    assert list(directory.iterdir()) == []
    directory.rmdir()
    directory.touch()
    message = tool.invoke(CALL)
    assert message.status == "success"
    assert f"{message.artifact['outputs'][0]['url']}, not saved: Nothing can be saved in {directory}" in message.text


@pytest.mark.parametrize("word", ["[blocked]", "[fail]", "[timeout]", "[invalid]"])
def test_failures_are_told_to_the_model(tool: SeaCloudGenerationTool, seacloud_env: Emulator, word: str) -> None:
    message = tool.invoke({**CALL, "args": {"prompt": f"a cat {word}"}})
    (task,) = seacloud_env.tasks
    assert message.status == "error"
    assert task.request_id in message.content
    assert len(seacloud_env.tasks) == 1


def test_refused_creation_is_told_with_the_request_id(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(match="/queue/", status=403, body={"error": "insufficient balance"}))
    message = tool.invoke(CALL)
    assert message.status == "error"
    assert seacloud_env.requests[-1].request_id in message.content


def test_empty_prompt_is_told_and_not_sent(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    message = tool.invoke({**CALL, "args": {"prompt": " "}})
    assert message.status == "error"
    assert "Nothing was sent" in message.content
    assert not seacloud_env.requests


def test_no_key_is_told(tool: SeaCloudGenerationTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEACLOUD_API_KEY")
    message = SeaCloudGenerationTool(model=MODEL).invoke(CALL)
    assert "SEACLOUD_API_KEY" in message.content


class Events(BaseCallbackHandler):
    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def on_custom_event(self, name: str, data: Any, **_: Any) -> None:
        self.told.append((name, data))


def check_progress(told: list[Any], emulator: Emulator) -> None:
    (task,) = emulator.tasks
    assert {data["request_id"] for data in told} == {task.request_id}
    assert {data["model"] for data in told} == {MODEL}
    assert told[-1]["status"] == "COMPLETED"
    assert len(told) > 1


def test_progress_without_a_graph(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    events = Events()
    tool.invoke(CALL, config={"callbacks": [events]})
    assert {name for name, _ in events.told} == {"seacloud_progress"}
    check_progress([data for _, data in events.told], seacloud_env)


async def test_progress_in_astream_events(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    events = [event async for event in tool.astream_events(CALL, version="v2")]
    told = [event["data"] for event in events if event["event"] == "on_custom_event"]
    check_progress(told, seacloud_env)


def graph_of(tool: SeaCloudGenerationTool) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([tool]))
    graph.add_edge(START, "tools")
    return graph.compile()


CALLING: Any = {"messages": [AIMessage("", tool_calls=[CALL])]}


def test_progress_in_a_graph(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    told = list(graph_of(tool).stream(CALLING, stream_mode="custom"))
    check_progress([data["seacloud_progress"] for data in told], seacloud_env)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio gives LangGraph no context there: it streams nothing")
async def test_progress_in_a_graph_async(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    told = [data async for data in graph_of(tool).astream(CALLING, stream_mode="custom")]
    check_progress([data["seacloud_progress"] for data in told], seacloud_env)


def test_the_function_alone(tool: SeaCloudGenerationTool) -> None:
    """Outside of any run, as a test of a user's might call it."""
    content, artifact = tool._run("a cat", config={})
    assert content[0]["type"] == "text"
    assert artifact["outputs"]


async def test_a_cancelled_run_cancels_the_task(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    seacloud_env.configure(run_seconds=60.0)
    run = asyncio.create_task(tool.ainvoke(CALL))
    assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: bool(emulator.tasks))
    await asyncio.sleep(0.1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert [task.error_type for task in seacloud_env.tasks] == ["CANCELED"]


def test_cancel_all_ends_a_wait_in_a_thread(tool: SeaCloudGenerationTool, seacloud_env: Emulator) -> None:
    seacloud_env.configure(run_seconds=60.0)
    messages: list[ToolMessage] = []
    thread = threading.Thread(target=lambda: messages.append(tool.invoke(CALL)))
    thread.start()
    assert seacloud_env.wait_for(lambda emulator: bool(emulator.tasks))
    while thread.is_alive():
        cancel_all()
        thread.join(0.05)
    (message,) = messages
    assert message.status == "error"
    assert [task.error_type for task in seacloud_env.tasks] == ["CANCELED"]
    assert seacloud_env.tasks[0].request_id in message.content


def test_a_task_that_takes_too_long_is_cancelled(seacloud_env: Emulator) -> None:
    seacloud_env.configure(run_seconds=60.0)
    message = SeaCloudGenerationTool(model=MODEL, timeout=0.5).invoke(CALL)
    assert message.status == "error"
    assert [task.error_type for task in seacloud_env.tasks] == ["CANCELED"]


def test_toolkit(seacloud_env: Emulator, tmp_path: Path) -> None:
    tools = SeaCloudToolkit(models=[MODEL, "flux_2_pro"], save_to=tmp_path, timeout=60, split=False).get_tools()
    assert [tool.name for tool in tools] == ["generate_with_nano_banana_2", "generate_with_flux_2_pro"]
    for tool in tools:
        tool.invoke({"prompt": "a boat"})
    assert [task.endpoint for task in seacloud_env.tasks] == [MODEL, "flux_2_pro"]
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(ValueError, match="models"):
        SeaCloudToolkit(models=[])


def test_names_are_such_as_every_provider_takes() -> None:
    assert SeaCloudGenerationTool(model="vendor/model 2.0").name == "generate_with_vendor_model_2_0"
    assert len(SeaCloudGenerationTool(model="m" * 100).name) == 64
    named = SeaCloudGenerationTool(model=MODEL, name="draw", description="Draws.")
    function = convert_to_openai_tool(named)["function"]
    assert (function["name"], function["description"]) == ("draw", "Draws.")
    assert set(function["parameters"]["properties"]) == {"prompt", "parameters"}


@pytest.mark.parametrize("misspelt", [{"max_call": 1}, {"max_calls_for_thread": 1}, {"seacloud_api_key": "sk-secret"}])
@pytest.mark.parametrize(
    "make",
    [
        lambda **given: SeaCloudGenerationTool(model=MODEL, **given),
        lambda **given: SeaCloudToolkit(models=[MODEL], **given),
    ],
)
def test_a_misspelt_setting_is_told(make: Any, misspelt: dict[str, Any]) -> None:
    """A limit of spending that is not known would be no limit, and nobody would notice."""
    with pytest.raises(ValueError, match=rf"{next(iter(misspelt))}\n.*not permitted") as raised:
        make(**misspelt)
    assert "sk-secret" not in str(raised.value)


def test_the_key_is_nowhere_to_be_seen() -> None:
    key = "sk-secret-of-mine"
    tool = SeaCloudGenerationTool(model=MODEL, api_key=key)  # type: ignore[arg-type]  # pydantic makes it a secret
    kit = SeaCloudToolkit(models=[MODEL], api_key=key)  # type: ignore[arg-type]
    for shown in (repr(tool), str(tool.model_dump()), repr(tool.queue), repr(kit), repr(pickle.dumps(tool))):
        assert key not in shown
    with pytest.raises(ValueError, match="base_url") as raised:
        SeaCloudGenerationTool(model=MODEL, api_key=key, base_url="nowhere")  # type: ignore[arg-type]
    assert key not in str(raised.value)
    with pytest.raises(ValueError, match="timeout") as raised:
        SeaCloudGenerationTool(model=MODEL, api_key=key, timeout="soon")  # type: ignore[arg-type]
    assert key not in str(raised.value)


def test_data_urls_are_told_as_data() -> None:
    data = base64.b64encode(b"picture").decode()
    block = image_block(read_output(f"data:image/png;base64,{data}"))
    assert block == {"type": "image", "base64": data, "mime_type": "image/png"}


def test_the_picture_reaches_the_model(make: Any, seacloud_env: Emulator) -> None:
    """On every protocol: in the tool's result, or where that takes text alone, behind it."""
    agent = create_agent(make(), [SeaCloudGenerationTool(model=MODEL)])
    state = agent.invoke({"messages": [("user", "Please draw a cat.")]})
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    (block,) = [block for block in state["messages"][2].content if block["type"] == "image"]
    assert block["url"] in str(seacloud_env.requests[-1].json)


def test_a_pickled_tool_works(tool: SeaCloudGenerationTool) -> None:
    copied = pickle.loads(pickle.dumps(tool))  # noqa: S301  # it is our own
    assert copied.invoke(CALL).status == "success"


@pytest.mark.parametrize("how", ["cancelled", "step_timeout"])
async def test_a_graphs_run_that_ends_early_cancels_the_task(
    tool: SeaCloudGenerationTool, seacloud_env: Emulator, how: str
) -> None:
    seacloud_env.configure(run_seconds=60.0)
    graph = graph_of(tool)
    if how == "step_timeout":
        graph.step_timeout = 1.0
    run = asyncio.create_task(graph.ainvoke(CALLING))
    assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: bool(emulator.tasks))
    await asyncio.sleep(0.1)
    if how == "cancelled":
        run.cancel()
    with pytest.raises((asyncio.CancelledError, TimeoutError, asyncio.TimeoutError)):
        await run
    assert await asyncio.to_thread(
        seacloud_env.wait_for, lambda emulator: [task.error_type for task in emulator.tasks] == ["CANCELED"]
    )
