"""A task's whole life through the tools, under every ordered fault: a result or one error, and posted once.

What is expected is the service's documentation and the client's promises, not what the code happens to do: a question
for status or result may be repeated, a creation may not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langchain_seacloud import SeaCloudToolkit
from seacloud_emulator import Emulator, Fault
from tasks_seen import posts

MODEL = "nano_banana_2"
BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])

FAULTS: Mapping[str, dict[str, Any]] = {
    "late": {"delay": 0.2},
    "400": {"status": 400},
    "401": {"status": 401},
    "402": {"status": 402},
    "403": {"status": 403, "body": {"error": "insufficient balance"}},
    "429": {"status": 429, "retry_after": 0},
    "500": {"status": 500},
    "502": {"status": 502, "body": "<html>Bad gateway</html>", "content_type": "text/html"},
    "503": {"status": 503, "retry_after": 0},
    "504": {"status": 504},
    "no answer": {"disconnect_after": 0},
    "half an answer": {"disconnect_after": 20},
    "no JSON": {"malformed_json": True},
    "a page": {"status": 200, "body": "<html>Welcome</html>", "content_type": "text/html"},
    "a redirect": {"redirect": "https://elsewhere.test/"},
    "a stall": {"stall": 0.2},
}

POSTED = frozenset(("late", "a stall"))
"""Faults of the creation after which there is a task all the same, that the client knows."""

REFUSED = frozenset(("400", "401", "402", "403", "429", "503"))
"""Faults of the creation by which the service says that there is none."""

LASTING = frozenset(("400", "401", "402", "403", "500", "a redirect"))
"""Faults of a question that are no passing ones: a single one is an error. (500 is, but for a task that is waited for:
retries are for 429, 502, 503, 504 and 529, and what has no usable answer.)"""


@pytest.fixture
def emulator(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    seacloud_env.configure(queue_seconds=0.0, run_seconds=0.0)
    monkeypatch.setattr("seacloud_client.lifecycle.FIRST_INTERVAL", 0.02)
    return seacloud_env


def call(tool: BaseTool, flavour: str, args: dict[str, Any]) -> ToolMessage:
    made: Any = {"type": "tool_call", "id": "c", "name": tool.name, "args": args}
    message = tool.invoke(made) if flavour == "sync" else asyncio.run(tool.ainvoke(made))
    assert isinstance(message, ToolMessage)
    return message


def live(way: str, flavour: str) -> ToolMessage:
    """A task's life: by the tool that waits, or by three. The first error ends it."""
    generate, submit, status, result, _ = SeaCloudToolkit(models=[MODEL]).get_tools()
    if way == "waiting":
        return call(generate, flavour, {"prompt": "a cat"})
    message = call(submit, flavour, {"prompt": "a cat"})
    for tool in (status, result):
        if message.status == "success":
            handle = {name: message.artifact[name] for name in ("model", "request_id")}
            message = call(tool, flavour, handle)
    return message


def check_made(message: ToolMessage, emulator: Emulator) -> None:
    (task,) = emulator.tasks
    assert message.status == "success", message.text
    assert message.artifact["request_id"] == task.request_id
    assert len(message.artifact["outputs"]) == 1


@BOTH
@pytest.mark.parametrize("way", ["waiting", "split"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_creation(emulator: Emulator, flavour: str, way: str, fault: str) -> None:
    emulator.faults.add(Fault(match={"method": "POST", "path": "/queue/"}, **FAULTS[fault]))
    message = live(way, flavour)
    assert posts(emulator) == 1
    if fault in POSTED:
        check_made(message, emulator)
        return
    assert message.status == "error"
    assert ("may exist" in message.text or "redirect" in message.text) == (fault not in REFUSED), message.text
    assert ("Do not call this again" in message.text) == ("may exist" in message.text)


@pytest.mark.parametrize(("way", "flavour"), [("waiting", "sync"), ("waiting", "async"), ("split", "async")])
@pytest.mark.parametrize("step", ["/status", "/response"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_question(emulator: Emulator, flavour: str, way: str, step: str, fault: str) -> None:
    emulator.faults.add(Fault(match={"method": "GET", "path": f"{step}$"}, **FAULTS[fault]))
    message = live(way, flavour)
    assert posts(emulator) == 1
    assert len(emulator.faults) == 0
    if fault not in LASTING or (way, fault) == ("waiting", "500"):
        check_made(message, emulator)
        return
    (task,) = emulator.tasks
    assert message.status == "error"
    assert task.request_id in message.text


@BOTH
@pytest.mark.parametrize("fault", ["late", "429", "502", "no answer", "half an answer", "no JSON"])
def test_the_cancellation(emulator: Emulator, flavour: str, fault: str) -> None:
    emulator.configure(run_seconds=60.0)
    emulator.faults.add(Fault(match={"method": "PUT"}, **FAULTS[fault]))
    _, submit, _, _, cancel = SeaCloudToolkit(models=[MODEL]).get_tools()
    message = call(cancel, flavour, call(submit, flavour, {"prompt": "a cat"}).artifact)
    assert message.status == "success"
    assert emulator.tasks[0].request_id in message.text
    assert [task.error_type for task in emulator.tasks] == ["CANCELED"]


@BOTH
def test_a_cancellation_that_is_never_answered_in_json(emulator: Emulator, flavour: str) -> None:
    """What cannot be read says nothing, and is no success; the task's id is told, so that it can be asked after."""
    emulator.configure(run_seconds=60.0)
    emulator.faults.add(Fault(match={"method": "PUT"}, times=3, **FAULTS["no JSON"]))
    _, submit, _, _, cancel = SeaCloudToolkit(models=[MODEL]).get_tools()
    message = call(cancel, flavour, call(submit, flavour, {"prompt": "a cat"}).artifact)
    assert message.status == "error"
    assert emulator.tasks[0].request_id in message.text
    assert [request.method for request in emulator.requests].count("PUT") > 1


@BOTH
@pytest.mark.parametrize("fault", ["late", "429", "502", "no answer", "half an answer", "404", "another kind"])
def test_the_files(emulator: Emulator, flavour: str, fault: str, tmp_path: Any) -> None:
    """A result that cannot be saved was made and paid for: it is still told."""
    kinds = {"404": {"status": 404}, "another kind": {"status": 200, "body": "<html>", "content_type": "image/png"}}
    emulator.faults.add(Fault(match="/files/", **{**FAULTS, **kinds}[fault]))
    tool = SeaCloudToolkit(models=[MODEL], save_to=tmp_path).get_tools()[0]
    message = call(tool, flavour, {"prompt": "a cat"})
    check_made(message, emulator)
    assert ("saved as " in message.text) == (fault not in kinds)
    assert len(list(tmp_path.iterdir())) == (fault not in kinds)
