"""The guard over what an agent may spend: limits, approval, LangGraph's interrupt. Requests are counted."""

from __future__ import annotations

import asyncio
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_seacloud import SeaCloudGenerationTool, SeaCloudToolkit
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt
from seacloud_client.errors import ConfigurationError
from seacloud_emulator import Emulator, Fault

MODEL = "nano_banana_2"
CALL: Any = {"type": "tool_call", "id": "c", "name": "generate_with_nano_banana_2", "args": {"prompt": "a cat"}}
IN_GRAPHS = pytest.mark.parametrize(
    "flavour",
    [
        "sync",
        pytest.param(
            "async",
            marks=pytest.mark.skipif(
                sys.version_info < (3, 11), reason="asyncio gives LangGraph no context there: it cannot interrupt"
            ),
        ),
    ],
)
BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


@pytest.fixture(autouse=True)
def _quick(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    seacloud_env.configure(queue_seconds=0.0, run_seconds=0.0)
    monkeypatch.setattr("seacloud_client.lifecycle.FIRST_INTERVAL", 0.05)


def call(tool: Any, flavour: str, thread: str | None = None, **changes: Any) -> ToolMessage:
    config: Any = {"configurable": {"thread_id": thread}} if thread else {}
    made = {**CALL, **changes}
    message = tool.invoke(made, config) if flavour == "sync" else asyncio.run(tool.ainvoke(made, config))
    assert isinstance(message, ToolMessage)
    return message


@BOTH
def test_a_limit_for_the_tool(seacloud_env: Emulator, flavour: str) -> None:
    tool = SeaCloudGenerationTool(model=MODEL, max_calls=2)
    assert [call(tool, flavour).status for _ in range(4)] == ["success", "success", "error", "error"]
    assert len(seacloud_env.tasks) == 2
    told = call(tool, flavour).text
    assert told.startswith("generate_with_nano_banana_2 was not called: 2 task(s) may be created ever")
    assert "Nothing was sent or charged" in told
    assert call(SeaCloudGenerationTool(model=MODEL, max_calls=2), flavour).status == "success"


@BOTH
def test_a_limit_for_each_thread(seacloud_env: Emulator, flavour: str) -> None:
    tool = SeaCloudGenerationTool(model=MODEL, max_calls_per_thread=1)
    statuses = [call(tool, flavour, thread).status for thread in ("a", "b", "a", "b", "c")]
    assert statuses == ["success", "success", "error", "error", "success"]
    assert len(seacloud_env.tasks) == 3


def test_a_call_of_no_conversation_is_an_error(seacloud_env: Emulator) -> None:
    with pytest.raises(ConfigurationError, match=r"thread_id.*Nothing was sent"):
        call(SeaCloudGenerationTool(model=MODEL, max_calls_per_thread=1), "sync")
    assert not seacloud_env.requests


def graph_of(tool: Any, checkpointer: Any = None) -> Any:
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([tool])).add_edge(START, "tools")
    return graph.compile(checkpointer=checkpointer)


def three_calls(name: str) -> Any:
    return {"messages": [AIMessage("", tool_calls=[{**CALL, "name": name, "id": f"c{number}"} for number in range(3)])]}


@IN_GRAPHS
@pytest.mark.parametrize("key", ["thread_id", "run_id"])
def test_in_a_graph_by_thread_or_run(seacloud_env: Emulator, flavour: str, key: str) -> None:
    """The calls of one answer run at the same time, in threads."""
    tool = SeaCloudGenerationTool(model=MODEL, max_calls_per_thread=2)
    graph = graph_of(tool)

    def run() -> list[str]:
        config: Any = {"run_id": uuid.uuid4()} if key == "run_id" else {"configurable": {"thread_id": uuid.uuid4().hex}}
        question = three_calls(tool.name)
        state = graph.invoke(question, config) if flavour == "sync" else asyncio.run(graph.ainvoke(question, config))
        return sorted(message.status for message in state["messages"][1:])

    assert run() == run() == ["error", "success", "success"]
    assert len(seacloud_env.tasks) == 4


def test_a_toolkits_limit_is_for_all_its_tools(seacloud_env: Emulator) -> None:
    kit = SeaCloudToolkit(models=[MODEL, "flux_2_pro"], max_calls_per_thread=2, max_calls=1)
    tools = {tool.name: tool for tool in kit.get_tools()}
    order = [f"generate_with_{MODEL}", f"generate_with_{MODEL}", "submit_to_flux_2_pro", "generate_with_flux_2_pro"]
    told = [call(tools[name], "sync", "t", name=name) for name in order]
    assert [message.status for message in told] == ["success", "error", "success", "error"]
    assert "ever" in told[1].text
    assert "in this conversation" in told[3].text
    assert len(seacloud_env.tasks) == 2


@BOTH
@pytest.mark.parametrize("name", ["generate", "submit"])
def test_what_was_certainly_not_created_does_not_count(seacloud_env: Emulator, flavour: str, name: str) -> None:
    generate, submit, *_ = SeaCloudToolkit(models=[MODEL], max_calls=1, max_calls_per_thread=1).get_tools()
    tool = generate if name == "generate" else submit
    seacloud_env.faults.add(Fault(match="/queue/", status=429, retry_after=0))
    assert "HTTP 429" in call(tool, flavour, "t").text
    assert call(tool, flavour, "t", args={"prompt": " "}).status == "error"
    assert call(tool, flavour, "t").status == "success"
    assert "may be created" in call(tool, flavour, "t").text


@BOTH
def test_what_may_have_been_created_counts(seacloud_env: Emulator, flavour: str) -> None:
    tool = SeaCloudGenerationTool(model=MODEL, max_calls=1)
    seacloud_env.faults.add(Fault(match="/queue/", disconnect_after=0))
    told = call(tool, flavour)
    assert told.status == "error"
    assert told.text.endswith("Do not call this again by yourself: say so to the user.")
    assert "may be created ever" in call(tool, flavour).text
    assert len(seacloud_env.requests) == 1


def test_many_threads_at_once_keep_the_limit(seacloud_env: Emulator) -> None:
    tool = SeaCloudGenerationTool(model=MODEL, max_calls=3)
    with ThreadPoolExecutor(8) as pool:
        messages = list(pool.map(lambda _: call(tool, "sync"), range(8)))
    assert sum(message.status == "success" for message in messages) == 3
    assert len(seacloud_env.tasks) == 3


@BOTH
def test_approved(seacloud_env: Emulator, flavour: str) -> None:
    asked: list[Any] = []

    def approve(model: str, parameters: Any) -> bool:
        asked.append((model, dict(parameters)))
        parameters["prompt"] = "something else"  # what is asked about is what is sent
        assert not seacloud_env.requests
        return True

    tool = SeaCloudGenerationTool(model=MODEL, approve=approve, parameters={"seed": 1})
    assert call(tool, flavour).status == "success"
    assert asked == [(MODEL, {"seed": 1, "prompt": "a cat"})]
    assert seacloud_env.tasks[0].parameters == {"seed": 1, "prompt": "a cat"}


@BOTH
@pytest.mark.parametrize("answer", [False, None, "no", "yes", {"approved": False}, 1], ids=repr)
def test_only_true_approves(seacloud_env: Emulator, flavour: str, answer: Any) -> None:
    tool = SeaCloudGenerationTool(model=MODEL, approve=lambda *_: answer, max_calls=1)
    for _ in range(2):  # a refused call does not count
        message = call(tool, flavour)
        assert message.status == "error"
        assert message.text.startswith("The call of nano_banana_2 was not approved. Nothing was sent or charged.")
    assert not seacloud_env.requests


@pytest.mark.parametrize("answer", [True, False])
async def test_async_approval(seacloud_env: Emulator, answer: bool) -> None:
    async def approve(model: str, parameters: Any) -> bool:
        await asyncio.sleep(0)
        return answer

    tool = SeaCloudGenerationTool(model=MODEL, approve=approve)
    assert (await tool.ainvoke(CALL)).status == ("success" if answer else "error")
    assert len(seacloud_env.tasks) == answer
    with pytest.raises(ConfigurationError, match="ainvoke"):
        tool.invoke(CALL)


@BOTH
def test_approval_is_given_the_calls_id(seacloud_env: Emulator, flavour: str) -> None:
    asked: list[Any] = []
    tool = SeaCloudGenerationTool(model=MODEL, approve=lambda _model, _parameters, call_id: asked.append(call_id))
    assert call(tool, flavour, id="call-1").status == "error"
    assert "was not approved" in tool.invoke({"prompt": "a cat"})
    assert asked == ["call-1", None]
    assert not seacloud_env.requests


@pytest.mark.parametrize("make", [SeaCloudGenerationTool, SeaCloudToolkit])
def test_what_cannot_be_asked_is_told_when_the_tool_is_made(make: Any) -> None:
    model: Any = {"model": MODEL} if make is SeaCloudGenerationTool else {"models": [MODEL]}
    with pytest.raises(ValueError, match=r"approve is called as approve\(model, parameters\)"):
        make(**model, approve=lambda _model: True)


async def test_nothing_else_waits_while_a_person_is_asked(seacloud_env: Emulator) -> None:
    asked, answered = threading.Event(), threading.Event()

    def approve(model: str, parameters: Any) -> bool:
        if parameters["prompt"] == "a cat":
            return True
        asked.set()
        return answered.wait(10)

    tool = SeaCloudGenerationTool(model=MODEL, approve=approve)
    dog = asyncio.create_task(tool.ainvoke({**CALL, "args": {"prompt": "a dog"}}))
    assert await asyncio.to_thread(asked.wait, 10)
    cat = await asyncio.wait_for(tool.ainvoke(CALL), 10)
    answered.set()
    assert [cat.status, (await dog).status] == ["success", "success"]


@BOTH
def test_an_error_in_the_callback_is_the_callers(seacloud_env: Emulator, flavour: str) -> None:
    def approve(model: str, parameters: Any) -> bool:
        raise LookupError("the register of budgets")

    tool = SeaCloudGenerationTool(model=MODEL, approve=approve, max_calls=1)
    for _ in range(2):
        with pytest.raises(LookupError):
            call(tool, flavour)
    assert not seacloud_env.requests


@IN_GRAPHS
@pytest.mark.parametrize("answer", [True, False])
def test_langgraphs_interrupt_as_approval(seacloud_env: Emulator, flavour: str, answer: bool) -> None:
    def ask(model: str, parameters: Any) -> bool:
        return bool(interrupt({"model": model, "parameters": dict(parameters)}) == "yes")

    tool = SeaCloudGenerationTool(model=MODEL, approve=ask, max_calls=1)
    graph = graph_of(tool, InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    question: Any = {"messages": [AIMessage("", tool_calls=[CALL])]}

    def run(given: Any) -> Any:
        return graph.invoke(given, config) if flavour == "sync" else asyncio.run(graph.ainvoke(given, config))

    (asked,) = run(question)["__interrupt__"]
    assert asked.value == {"model": MODEL, "parameters": {"prompt": "a cat"}}
    assert not seacloud_env.requests
    message = run(Command(resume="yes" if answer else "no"))["messages"][-1]
    assert message.status == ("success" if answer else "error")
    assert len(seacloud_env.tasks) == answer


CAT, DOG = ({**CALL, "id": prompt, "args": {"prompt": f"a {prompt}"}} for prompt in ("cat", "dog"))


class Twice(GenericFakeChatModel):
    """Asks for two pictures in one answer."""

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self


@IN_GRAPHS
def test_in_create_agent_each_call_has_its_own_interrupt(seacloud_env: Emulator, flavour: str) -> None:
    def ask(model: str, parameters: Any) -> bool:
        return bool(interrupt(parameters["prompt"]))

    tool = SeaCloudGenerationTool(model=MODEL, approve=ask)
    model = Twice(messages=iter([AIMessage("", tool_calls=[CAT, DOG]), AIMessage("Done.")]))
    agent = create_agent(model, [tool], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}

    def run(given: Any) -> Any:
        return agent.invoke(given, config) if flavour == "sync" else asyncio.run(agent.ainvoke(given, config))

    asked = run({"messages": [("user", "Please draw.")]})["__interrupt__"]
    assert {each.value for each in asked} == {"a cat", "a dog"}
    assert not seacloud_env.requests
    state = run(Command(resume={each.id: each.value == "a dog" for each in asked}))
    assert [(message.tool_call_id, message.status) for message in state["messages"][2:4]] == [
        ("cat", "error"),
        ("dog", "success"),
    ]
    assert [task.parameters["prompt"] for task in seacloud_env.tasks] == ["a dog"]


def test_an_answer_that_names_its_call_approves_no_other(seacloud_env: Emulator) -> None:
    """LangGraph hands the answer for one of a node's calls to whichever asks first when the node runs again."""
    first, has_asked = ["dog"], threading.Event()

    def ask(model: str, parameters: Any, call_id: str) -> bool:
        assert call_id == first[0] or has_asked.wait(10)
        try:
            return bool(interrupt({"call": call_id}) == {"call": call_id, "approved": True})
        finally:
            has_asked.set()

    tool = SeaCloudGenerationTool(model=MODEL, approve=ask)
    graph = graph_of(tool, InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    graph.invoke({"messages": [AIMessage("", tool_calls=[CAT, DOG])]}, config)
    first[0] = "cat"
    has_asked.clear()
    graph.invoke(Command(resume={"call": "dog", "approved": True}), config)
    assert not seacloud_env.requests, "the cat was handed it"


def test_limits_are_numbers() -> None:
    for settings in ({"max_calls": -1}, {"max_calls_per_thread": -1}):
        with pytest.raises(ValueError, match="0"):
            SeaCloudGenerationTool(model=MODEL, **settings)  # type: ignore[arg-type]
