"""The toolkit: langchain-tests' suites for every kind of tool, the split tools' lifecycle, contracts, names."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool, SeaCloudToolkit
from langchain_seacloud.task_tools import (
    SeaCloudCancelTool,
    SeaCloudSubmitTool,
    SeaCloudTaskResultTool,
    SeaCloudTaskStatusTool,
)
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from pydantic import BaseModel, Field, ValidationError
from seacloud_client.errors import AuthenticationError
from seacloud_client.queue import Queue
from seacloud_emulator import Emulator, Fault
from seacloud_emulator.contracts_api import contract_of
from seacloud_emulator.endpoints import MODELS

MODEL = "nano_banana_2"
PROMPT = {"prompt": "a cat astronaut above the sea"}
BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])
NANO = contract_of(MODEL, MODELS[MODEL])
SCHEMA: Any = {"model": MODEL, "contract": NANO}
TASK = {"model": MODEL, "request_id": "mmsu_1"}

KINDS: Mapping[str, tuple[type[BaseTool], dict[str, Any], dict[str, Any]]] = {
    "with a contract": (SeaCloudGenerationTool, SCHEMA, PROMPT),
    "submit": (SeaCloudSubmitTool, {"model": MODEL}, PROMPT),
    "submit with a contract": (SeaCloudSubmitTool, SCHEMA, PROMPT),
    "status": (SeaCloudTaskStatusTool, {}, TASK),
    "result": (SeaCloudTaskResultTool, {}, TASK),
    "cancel": (SeaCloudCancelTool, {}, TASK),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> tuple[type[BaseTool], dict[str, Any], dict[str, Any]]:
    return KINDS[request.param]


class Suite:
    """What both suites are told: the kind of tool, which the fixture chooses for each test."""

    @pytest.fixture(autouse=True)
    def _choose(self, kind: Any) -> None:
        self.kind = kind

    @property
    def tool_constructor(self) -> Any:
        return self.kind[0]

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"api_key": "sk-x", **self.kind[1]}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return dict(self.kind[2])


class TestUnit(Suite, ToolsUnitTests):
    @pytest.fixture
    def tool(self, _choose: None) -> BaseTool:
        return self.tool_constructor(**self.tool_constructor_params)  # type: ignore[no-any-return]

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return (
            {"SEACLOUD_API_KEY": "sk-from-the-environment", "SEACLOUD_BASE_URL": "http://localhost:9"},
            self.kind[1],
            {"api_key": "sk-from-the-environment", "base_url": "http://localhost:9/model"},
        )


class TestIntegration(Suite, ToolsIntegrationTests):
    @pytest.fixture
    def tool(self, _choose: None, seacloud_env: Emulator) -> BaseTool:
        seacloud_env.configure(queue_seconds=0.0, run_seconds=0.05)
        return self.tool_constructor(**self.tool_constructor_params)  # type: ignore[no-any-return]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        """A task that there is, for the tools that ask about one."""
        if self.kind[2] is not TASK:
            return dict(self.kind[2])
        return {"model": MODEL, "request_id": Queue(api_key="sk-x").submit(MODEL, PROMPT).request_id}


def kit(**settings: Any) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in SeaCloudToolkit(**{"models": [MODEL], **settings}).get_tools()}


def call(tool: BaseTool, flavour: str, **args: Any) -> ToolMessage:
    made: Any = {"type": "tool_call", "id": "c", "name": tool.name, "args": args}
    message = tool.invoke(made) if flavour == "sync" else asyncio.run(tool.ainvoke(made))
    assert isinstance(message, ToolMessage)
    return message


def test_what_there_is(seacloud_env: Emulator) -> None:
    assert list(kit(models=[MODEL, "flux_2_pro", MODEL])) == [
        "generate_with_nano_banana_2",
        "generate_with_flux_2_pro",
        "submit_to_nano_banana_2",
        "submit_to_flux_2_pro",
        "seacloud_task_status",
        "seacloud_task_result",
        "seacloud_cancel_task",
    ]
    assert list(kit(split=False)) == ["generate_with_nano_banana_2"]
    assert "generate_with_nano_banana_2" not in kit(waiting=False)
    assert len({id(tool.queue) for tool in kit().values()}) == 1  # type: ignore[attr-defined]
    for tool in kit(contracts={MODEL: NANO}).values():
        assert convert_to_openai_tool(tool)["function"]["name"] == tool.name


def test_names_are_unique_and_such_as_every_provider_takes() -> None:
    models = ["a.b", "a/b", "a b", "m" * 80, "m" * 81]
    tools = SeaCloudToolkit(models=models, api_key="sk-x").get_tools()  # type: ignore[arg-type]  # pydantic's
    assert len({tool.name for tool in tools}) == len(tools) == 13


@pytest.mark.parametrize("models", [[], [""], ["a", ""]])
def test_models_are_needed(models: list[str]) -> None:
    with pytest.raises(ValueError, match="models"):
        SeaCloudToolkit(models=models)


@BOTH
def test_the_split_tools_lifecycle(seacloud_env: Emulator, flavour: str, tmp_path: Path) -> None:
    seacloud_env.configure(queue_seconds=0.2, run_seconds=0.6)
    tools = kit(save_to=tmp_path)
    handle = call(tools["submit_to_nano_banana_2"], flavour, **PROMPT).artifact
    (task,) = seacloud_env.tasks
    assert handle == {"model": MODEL, "request_id": task.request_id}
    status, result = tools["seacloud_task_status"], tools["seacloud_task_result"]
    early = call(result, flavour, **handle)
    assert (early.status, early.artifact) == ("success", handle)
    assert "not finished yet" in early.text
    assert call(status, flavour, **handle).artifact["status"] in {"IN_QUEUE", "IN_PROGRESS"}
    assert seacloud_env.wait_for(lambda emulator: emulator.tasks[0].status == "COMPLETED")
    over = call(status, flavour, **handle)
    assert over.text == f"Task {task.request_id} of {MODEL}: COMPLETED, its result can be fetched."
    made = call(result, flavour, **handle)
    assert [block["type"] for block in made.content] == ["text", "image"]  # type: ignore[index]
    assert Path(made.artifact["saved"][0]).read_bytes().startswith(b"\x89PNG")
    late = call(tools["seacloud_cancel_task"], flavour, **handle)
    assert late.artifact == {**handle, "cancellation": "ALREADY_COMPLETED"}
    assert sum(record.method == "POST" for record in seacloud_env.requests) == 1


@BOTH
def test_cancelled(seacloud_env: Emulator, flavour: str) -> None:
    seacloud_env.configure(run_seconds=60.0)
    tools = kit()
    handle = call(tools["submit_to_nano_banana_2"], flavour, **PROMPT).artifact
    assert call(tools["seacloud_cancel_task"], flavour, **handle).artifact["cancellation"] == "CANCELLATION_REQUESTED"
    assert "it failed: " in call(tools["seacloud_task_status"], flavour, **handle).text
    message = call(tools["seacloud_task_result"], flavour, **handle)
    assert (message.status, seacloud_env.tasks[0].error_type) == ("error", "CANCELED")
    assert handle["request_id"] in message.text


@BOTH
def test_failed_tasks(seacloud_env: Emulator, flavour: str) -> None:
    tools = kit()
    handle = call(tools["submit_to_nano_banana_2"], flavour, prompt="a cat [blocked]").artifact
    assert seacloud_env.wait_for(lambda emulator: emulator.tasks[0].status == "COMPLETED")
    status = call(tools["seacloud_task_status"], flavour, **handle)
    assert (status.status, status.artifact["error_type"]) == ("success", "CONTENT_BLOCKED")
    assert "moderation" in status.text
    assert "CONTENT_BLOCKED" in call(tools["seacloud_task_result"], flavour, **handle).text


@BOTH
@pytest.mark.parametrize("name", ["seacloud_task_status", "seacloud_task_result"])
def test_what_cannot_be_asked_about_is_told(seacloud_env: Emulator, flavour: str, name: str) -> None:
    tool = kit()[name]
    assert (
        "There is no model 'other' here: there are nano_banana_2."
        in call(tool, flavour, model="other", request_id="x").text
    )
    assert "Nothing was sent" in call(tool, flavour, model=MODEL, request_id="../../admin").text
    assert not seacloud_env.requests
    unknown = call(tool, flavour, model=MODEL, request_id="mmsu_0")
    assert unknown.status == "error"
    assert "HTTP 404" in unknown.text
    assert "mmsu_0" in unknown.text
    missing = call(tool, flavour, model=MODEL)
    assert missing.status == "error"
    assert missing.text.splitlines()[-1] == "request_id: is required"


@BOTH
def test_interrupted_while_it_is_posted(seacloud_env: Emulator, flavour: str) -> None:
    """A task that nobody was told of is not left running."""
    seacloud_env.configure(run_seconds=60.0)
    seacloud_env.faults.add(Fault(match={"method": "POST"}, delay=0.5))
    tool = kit()["submit_to_nano_banana_2"]

    async def run() -> None:
        task = asyncio.create_task(tool.ainvoke(PROMPT))
        assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: bool(emulator.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert [task.error_type for task in seacloud_env.tasks] == ["CANCELED"]


class Film(BaseModel):
    """How I want my films."""

    prompt: str = Field(min_length=1)
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    duration: int = Field(2, ge=1, le=4)


@BOTH
def test_contracts_of_all_kinds(seacloud_env: Emulator, flavour: str) -> None:
    """A given one, a pydantic class, the catalogue's; and a model that there is none for."""
    settings = {
        "models": [MODEL, "pixverse_v6_t2v", "emulator_melody", "unheard_of"],
        "contracts": {MODEL: NANO, "pixverse_v6_t2v": Film},
        "contracts_url": f"{seacloud_env.url}/contracts",
        "split": False,
    }
    made = SeaCloudToolkit(**settings)
    tools = made.get_tools() if flavour == "sync" else asyncio.run(made.aget_tools())
    paths = [record.path.rpartition("/")[2] for record in seacloud_env.requests]
    assert paths == ["emulator_melody", "unheard_of"]
    picture, film, melody, other = tools
    assert "image_urls" in picture.args
    assert film.args["duration"]["maximum"] == 4
    assert set(melody.args) == {"prompt", "duration"}
    assert set(other.args) == {"prompt", "parameters"}
    assert "a film" in film.description
    assert melody.description.startswith("Generates a sound with SeaCloud's Emulator melody")

    for tool, wrong, told in (
        (picture, {"aspect_ratio": "2:1"}, "aspect_ratio: must be one of '1:1'"),
        (film, {"duration": 9}, "duration: must be at most 4; got 9"),
        (melody, {"duration": "long"}, "duration: must be a whole number; got 'long'"),
        (melody, {"speed": 2}, "speed: is no parameter"),
    ):
        message = call(tool, flavour, prompt="waves", **wrong)
        assert message.status == "error"
        assert told in message.text
        assert len(message.text) < 300
    assert not seacloud_env.tasks
    message = call(film, flavour, prompt="waves", duration=1)
    assert seacloud_env.tasks[0].parameters == {"prompt": "waves", "aspect_ratio": "16:9", "duration": 1}
    check_link(message, "video", "1 seconds")
    check_link(call(melody, flavour, prompt="waves", duration=1), "audio", "1 seconds")


def check_link(message: ToolMessage, kind: str, length: str) -> None:
    """Films and sounds are linked, with the facts; a picture is no part of the content."""
    (text,) = message.content
    (output,) = message.artifact["outputs"]
    assert isinstance(text, dict)
    assert output["type"] == kind
    assert output["content_type"] in text["text"]
    assert length in text["text"]
    assert text["text"].endswith(output["url"])
    assert len(httpx.get(output["url"]).content) == output["file_size"]


def test_a_catalogue_that_does_not_answer_is_an_error(seacloud_env: Emulator) -> None:
    made = SeaCloudToolkit(models=[MODEL], contracts_url=f"{seacloud_env.url}/contracts", api_key="sk-invalid")  # type: ignore[arg-type]
    with pytest.raises(AuthenticationError):
        made.get_tools()


def test_a_contract_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="is that of nano_banana_2"):
        SeaCloudGenerationTool(model="flux_2_pro", contract=NANO)
    with pytest.raises(ValueError, match="do not fit nano_banana_2"):
        SeaCloudGenerationTool(model=MODEL, contract=NANO, parameters={"num_images": 99})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory. Give the path of a JSON file, or the contract itself"),
        ("{", "A contract must be JSON"),
        ("[]", "A contract must be a JSON object"),
    ],
)
def test_a_contracts_file_that_is_none_is_refused_like_any_bad_setting(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValidationError, match=said) as caught:
        SeaCloudGenerationTool(model=MODEL, contract=str(path))
    assert str(path) in str(caught.value)
    with pytest.raises(ValidationError, match=said):
        SeaCloudToolkit(models=[MODEL], contracts={MODEL: str(path)}).get_tools()


def test_a_schema_of_ones_own(seacloud_env: Emulator) -> None:
    """It decides what the agent's model may say; what is sent is still the model's parameters."""

    class Wish(BaseModel):
        prompt: str = Field(max_length=20)

    tool = SeaCloudGenerationTool(model=MODEL, args_schema=Wish)
    told = call(tool, "sync", prompt="a cat " * 9)
    first, problem = told.text.splitlines()
    assert first == "Nothing was sent, and nothing was charged. Correct this and call again:"
    assert problem.startswith("prompt: must have at most 20 characters; got 'a cat")
    assert not seacloud_env.requests
    assert call(tool, "sync", prompt="a cat").status == "success"


def test_pickled_tools_work(seacloud_env: Emulator) -> None:
    for tool in kit(contracts={MODEL: NANO}, max_calls_per_thread=1).values():
        copied = pickle.loads(pickle.dumps(tool))  # noqa: S301  # it is our own
        assert (copied.name, copied.args) == (tool.name, tool.args)
        assert copied.queue.settings.base_url == f"{seacloud_env.url}/model"


def test_progress_for_people(seacloud_env: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    tool = kit(progress=True)["generate_with_nano_banana_2"]
    call(tool, "sync", **PROMPT)
    assert f"nano_banana_2: done ({seacloud_env.tasks[0].request_id})" in capsys.readouterr().err


async def test_an_agent_with_all_of_them(seacloud_env: Emulator) -> None:
    kit_ = SeaCloudToolkit(models=[MODEL])
    agent = create_agent(ChatSeaCloud(model="gpt-4.1"), await kit_.aget_tools())
    state = await agent.ainvoke({"messages": [("user", "Please draw a cat.")]})
    (message,) = [message for message in state["messages"] if message.type == "tool"]
    assert message.status == "success"
    kit_.close()
    await kit_.aclose()
