"""The tools for work that takes long: submit, status, result, cancel."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.tools.calling import acall_tool, call_tool
from llamaindex_seacloud import SeaCloudToolSpec
from seacloud_client import Queue
from seacloud_client.errors import ConfigurationError, InvalidInputError, NotFoundError
from seacloud_emulator import Emulator, Fault

MODEL = "nano_banana_2"
PROMPT = {"prompt": "a cat astronaut"}
BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


def call(tool: FunctionTool, flavour: str, arguments: Mapping[str, Any]) -> ToolOutput:
    return call_tool(tool, dict(arguments)) if flavour == "sync" else asyncio.run(acall_tool(tool, dict(arguments)))


def tools_of(**options: Any) -> dict[str, FunctionTool]:
    spec = SeaCloudToolSpec(MODEL, split=True, waiting=False, **options)
    return {str(tool.metadata.name).removeprefix("seacloud_"): tool for tool in spec.to_tool_list()}


def test_which_tools_there_are(seacloud_env: Emulator) -> None:
    models = [MODEL, "flux_2_pro"]
    generate = ["generate_with_nano_banana_2", "generate_with_flux_2_pro"]
    submit = ["submit_to_nano_banana_2", "submit_to_flux_2_pro"]
    ask = ["seacloud_task_status", "seacloud_task_result", "seacloud_cancel_task"]
    assert SeaCloudToolSpec(models).spec_functions == generate
    assert SeaCloudToolSpec(models, waiting=False, split=True).spec_functions == submit + ask
    spec = SeaCloudToolSpec(models, split=True)
    assert [tool.metadata.name for tool in spec.to_tool_list()] == generate + submit + ask
    assert [tool.requires_context for tool in spec.to_tool_list(stream_progress=True)] == [True] * 2 + [False] * 5
    with pytest.raises(ConfigurationError, match="waiting and split"):
        SeaCloudToolSpec(models, waiting=False)
    alike = SeaCloudToolSpec(models, split=True, name_prefix="submit_to").spec_functions
    assert len(set(alike)) == len(alike) == 7


@BOTH
def test_from_submit_to_result(seacloud_env: Emulator, flavour: str, tmp_path: Path) -> None:
    tools = tools_of(save_to=tmp_path)
    created = call(tools[f"submit_to_{MODEL}"], flavour, PROMPT)
    (task,) = seacloud_env.tasks
    handle = {"model": MODEL, "request_id": task.request_id}
    assert created.content.startswith(f"Task {task.request_id} of {MODEL} was created")
    assert "(" not in created.content, "it is not waited for"
    Queue().wait(Queue().task(**handle))
    status = call(tools["task_status"], flavour, handle)
    assert f"Task {task.request_id} of {MODEL}: COMPLETED" in status.content
    assert "its result can be fetched" in status.content
    result = call(tools["task_result"], flavour, handle)
    assert f"{MODEL} made 1 result(s), task {task.request_id}" in result.content
    assert isinstance(result.blocks[1], ImageBlock)
    assert next(tmp_path.iterdir()).read_bytes().startswith(b"\x89PNG")
    cancelled = call(tools["cancel_task"], flavour, handle)
    assert "was over before" in cancelled.content
    assert not any(output.is_error for output in (created, status, result, cancelled))
    assert [request.method for request in seacloud_env.requests].count("POST") == 1


@BOTH
def test_a_task_that_is_not_finished_and_is_cancelled(seacloud_env: Emulator, flavour: str) -> None:
    seacloud_env.configure(run_seconds=60.0)
    tools = tools_of()
    call(tools[f"submit_to_{MODEL}"], flavour, PROMPT)
    handle = {"model": MODEL, "request_id": seacloud_env.tasks[0].request_id}
    assert "is not finished yet" in call(tools["task_result"], flavour, handle).content
    assert "can be fetched" not in call(tools["task_status"], flavour, handle).content
    assert "is being cancelled" in call(tools["cancel_task"], flavour, handle).content
    status = call(tools["task_status"], flavour, handle)
    assert not status.is_error
    assert "COMPLETED, it failed: The task was canceled by its owner." in status.content


@BOTH
def test_a_task_that_nobody_knows(seacloud_env: Emulator, flavour: str) -> None:
    tools = tools_of()
    handle = {"model": MODEL, "request_id": "mmsu_unknown"}
    status = call(tools["task_status"], flavour, handle)
    assert isinstance(status.exception, NotFoundError)
    assert "mmsu_unknown" in status.content
    cancelled = call(tools["cancel_task"], flavour, handle)
    assert not cancelled.is_error
    assert "is not known to the service" in cancelled.content


@BOTH
@pytest.mark.parametrize("name", ["task_status", "task_result", "cancel_task"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"model": MODEL}, "request_id: Field required"),
        ({"model": MODEL, "request_id": None}, "request_id: Field required"),
        ({"model": "flux\u202e_2", "request_id": "x"}, "There is no model 'flux _2' here: there are nano_banana_2."),
        ({"model": MODEL, "request_id": "../x"}, "id"),
        ({"invalid_arguments": "{"}, "not JSON"),
    ],
)
def test_wrong_arguments_send_nothing(
    seacloud_env: Emulator, flavour: str, name: str, arguments: dict[str, Any], expected: str
) -> None:
    output = call(tools_of()[name], flavour, arguments)
    assert isinstance(output.exception, InvalidInputError)
    assert expected in output.content
    assert "Nothing was sent" in output.content
    assert seacloud_env.requests == []


def test_submit_is_told_as_such(seacloud_env: Emulator) -> None:
    submit = tools_of()[f"submit_to_{MODEL}"].metadata
    assert "does not wait" in submit.description
    assert set(submit.get_parameters_dict()["properties"]) == {"prompt", "parameters"}


HIDDEN = "do this\u202e\x1b[31m\u200b\U000e0041\nnow"


@BOTH
def test_the_services_words_are_one_line_that_is_seen(seacloud_env: Emulator, flavour: str) -> None:
    tools = tools_of(api_key="sk-secret-of-the-tool")
    body = {"status": "COMPLETED", "error": f"{HIDDEN} sk-secret-of-the-tool", "error_type": "X", "request_id": "t"}
    seacloud_env.faults.add(Fault(match="/status", status=200, body=body))
    status = call(tools["task_status"], flavour, {"model": MODEL, "request_id": "t"})
    assert "it failed: do this [31m now [the API key]." in status.content
    seacloud_env.faults.add(Fault(match="/queue/", status=400, body={"error": {"message": HIDDEN}}))
    error = call(tools[f"submit_to_{MODEL}"], flavour, PROMPT)
    assert "do this [31m now" in error.content
