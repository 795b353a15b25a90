"""Who is asked before a task is posted: what they are given, and what follows from the answer."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools.calling import acall_tool
from llama_index.core.workflow import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
)
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec
from llamaindex_seacloud.spending import STATE_KEY, CallRefused, SpendingGuard
from llamaindex_tools import BOTH, MODEL, PROMPT, call, tool_of
from seacloud_client.errors import ConfigurationError, InvalidInputError
from seacloud_emulator import Emulator
from tasks_seen import posts
from workflows.errors import WorkflowCancelledByUser

if TYPE_CHECKING:
    import llama_index.core.workflow as types_only
    from llama_index.core.workflow import Context as Renamed

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

NO_MEMORY = pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key")
"""LlamaIndex says so whenever a context with an agent's memory is saved."""


@pytest.fixture(autouse=True)
def _at_once(seacloud_env: Emulator) -> None:
    seacloud_env.configure(queue_seconds=0.0, run_seconds=0.0)


@BOTH
@pytest.mark.parametrize("name", ["generate", "submit"])
def test_approval_is_asked_with_what_would_be_sent(seacloud_env: Emulator, flavour: str, name: str) -> None:
    asked: list[Any] = []

    def approve(model: str, parameters: dict[str, Any]) -> bool:
        asked.append((model, dict(parameters), len(seacloud_env.requests)))
        parameters["prompt"] = "something else"  # it is a copy
        return True

    tools = SeaCloudToolSpec(MODEL, split=True, parameters={"num_images": 1}, approve=approve).to_tool_list()
    assert not call(tools[0 if name == "generate" else 1], flavour).is_error
    assert asked == [(MODEL, {**PROMPT, "num_images": 1}, 0)]
    assert seacloud_env.requests[0].json == {**PROMPT, "num_images": 1}


@BOTH
@pytest.mark.parametrize("answer", [False, None, "yes", 1])
def test_only_true_approves(seacloud_env: Emulator, flavour: str, answer: Any) -> None:
    tool = tool_of(approve=lambda _model, _parameters: answer, max_calls=1)
    for _ in range(2):  # what was refused is not counted
        output = call(tool, flavour)
        assert isinstance(output.exception, CallRefused)
        assert f"The call of {MODEL} was not approved" in output.content
    assert seacloud_env.requests == []


@pytest.mark.parametrize("answer", [True, False])
async def test_async_approval(seacloud_env: Emulator, *, answer: bool) -> None:
    async def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        await asyncio.sleep(0)
        return answer

    assert (await acall_tool(tool_of(approve=approve), PROMPT)).is_error is not answer
    assert posts(seacloud_env) == answer


def test_async_approval_needs_async_calls(seacloud_env: Emulator) -> None:
    async def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        return True

    tool = tool_of(approve=approve, max_calls=1)
    for _ in range(2):
        assert "approve is async" in call(tool, "sync").content
    gc.collect()  # a coroutine that nobody awaited would be told of here
    assert seacloud_env.requests == []


@BOTH
def test_an_error_in_the_callback_posts_nothing(seacloud_env: Emulator, flavour: str) -> None:
    def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        raise LookupError("nobody is here")

    tool = tool_of(approve=approve, max_calls=1)
    for _ in range(2):
        assert isinstance(call(tool, flavour).exception, LookupError)
    assert seacloud_env.requests == []


@BOTH
def test_wrong_arguments_are_nobodys_question(seacloud_env: Emulator, flavour: str) -> None:
    asked: list[Any] = []
    output = call(tool_of(approve=lambda *given: bool(asked.append(given))), flavour, {"prompt": ""})
    assert isinstance(output.exception, InvalidInputError)
    assert asked == []


async def test_nothing_else_waits_while_a_person_is_asked(seacloud_env: Emulator) -> None:
    asked, answered = threading.Event(), threading.Event()

    def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        if parameters == PROMPT:
            return True
        asked.set()
        return answered.wait(10)

    tool = tool_of(approve=approve)
    dog = asyncio.create_task(acall_tool(tool, {"prompt": "a dog"}))
    assert await asyncio.to_thread(asked.wait, 10)
    cat = await asyncio.wait_for(acall_tool(tool, PROMPT), 10)
    answered.set()
    assert [cat.is_error, (await dog).is_error] == [False, False]


@BOTH
def test_outside_of_agents_a_call_has_no_id(seacloud_env: Emulator, flavour: str) -> None:
    asked: list[Any] = []
    tool = tool_of(approve=lambda _model, _parameters, call_id: asked.append(call_id))
    assert isinstance(call(tool, flavour).exception, CallRefused)
    assert asked == [None]


# A person


async def ask_by_call(model: str, parameters: Mapping[str, Any], call_id: str, ctx: Context) -> bool:
    answer = await ctx.wait_for_event(
        HumanResponseEvent,
        waiter_id=call_id,
        waiter_event=InputRequiredEvent(prefix=parameters["prompt"], call_id=call_id),
        requirements={"call_id": call_id},
    )
    return bool(answer.response == "yes")


@pytest.mark.parametrize("prompts", [("a cat", "a cat"), ("a cat", "a dog")], ids=["same", "two"])
async def test_each_call_of_a_reply_is_a_question_of_its_own(seacloud_env: Emulator, prompts: tuple[str, str]) -> None:
    (tool,) = SeaCloudToolSpec(MODEL, approve=ask_by_call).to_tool_list()
    calls = [
        ToolCallBlock(tool_call_id=f"call-{number}", tool_name=str(tool.metadata.name), tool_kwargs={"prompt": prompt})
        for number, prompt in enumerate(prompts)
    ]
    replies = iter([calls, [TextBlock(text="Done.")]])
    llm = MockFunctionCallingLLM(
        response_generator=lambda *_, **__: ChatMessage(role="assistant", blocks=next(replies))
    )
    handler = FunctionAgent(llm=llm, tools=[tool], streaming=False, timeout=20).run("Please draw.")
    asked: dict[str, str] = {}
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            asked[event.call_id] = event.prefix
            answer = "yes" if event.call_id == "call-1" else "no"
            handler.ctx.send_event(HumanResponseEvent(response=answer, call_id=event.call_id))
    output = await handler
    assert asked == {"call-0": prompts[0], "call-1": prompts[1]}
    refused = {each.tool_id: each.tool_output.is_error for each in output.tool_calls}
    assert refused == {"call-0": True, "call-1": False}
    assert [task.parameters for task in seacloud_env.tasks] == [{"prompt": prompts[1]}]


async def ask(model: str, parameters: Mapping[str, Any], ctx: Context) -> bool:
    question = f"{model} {parameters['prompt']}"
    answer = await ctx.wait_for_event(
        HumanResponseEvent,
        waiter_id=question,
        waiter_event=InputRequiredEvent(prefix=question),
        requirements={"question": question},
    )
    return bool(answer.response == "yes")


@pytest.mark.parametrize("stream_progress", [False, True])
@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_a_person_is_asked(
    make_llm: Callable[..., SeaCloud], seacloud_env: Emulator, answer: str, *, stream_progress: bool
) -> None:
    """The step is run again when the answer comes, and yet it is one task, and one that counts."""
    spec = SeaCloudToolSpec(MODEL, approve=ask, max_calls=1, max_calls_per_context=1)
    agent = FunctionAgent(tools=spec.to_tool_list(stream_progress=stream_progress), llm=make_llm(), timeout=30)
    handler = agent.run("Please draw a cat astronaut")
    questions = []
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            questions.append(event.prefix)
            assert posts(seacloud_env) == 0
            handler.ctx.send_event(HumanResponseEvent(response=answer, question=event.prefix))
    output = await handler
    assert len(questions) == 1
    assert posts(seacloud_env) == (answer == "yes")
    told = output.tool_calls[-1].tool_output
    assert told.is_error is (answer == "no")
    assert ("was not approved" in told.content) is (answer == "no")
    assert await handler.ctx.store.get(STATE_KEY) == {MODEL: int(answer == "yes")}


@NO_MEMORY
async def test_an_answer_may_come_to_another_process(make_llm: Callable[..., SeaCloud], seacloud_env: Emulator) -> None:
    def agent() -> FunctionAgent:
        spec = SeaCloudToolSpec(MODEL, approve=ask, max_calls_per_context=1)
        return FunctionAgent(tools=spec.to_tool_list(), llm=make_llm(), timeout=30)

    handler = agent().run("Please draw a cat astronaut")
    question = ""
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            question = event.prefix
            break
    saved = json.dumps(handler.ctx.to_dict())
    await handler.cancel_run()
    with pytest.raises((WorkflowCancelledByUser, asyncio.CancelledError)):
        await handler
    assert posts(seacloud_env) == 0

    resumed = agent()
    context: Context[Any] = Context.from_dict(resumed, json.loads(saved))
    await context.store.set("memory", ChatMemoryBuffer.from_defaults(llm=resumed.llm))  # LlamaIndex saves none
    handler = resumed.run(ctx=context)
    handler.ctx.send_event(HumanResponseEvent(response="yes", question=question))
    assert not (await handler).tool_calls[-1].tool_output.is_error
    assert posts(seacloud_env) == 1


@NO_MEMORY
async def test_a_run_that_is_restored_while_its_task_runs_does_not_pay_twice(
    make_llm: Callable[..., SeaCloud], seacloud_env: Emulator
) -> None:
    """There is no journal: the call is made anew. But what was paid for is counted in the state that was saved."""
    seacloud_env.configure(run_seconds=60.0)

    def agent() -> FunctionAgent:
        spec = SeaCloudToolSpec(MODEL, max_calls_per_context=1)
        return FunctionAgent(tools=spec.to_tool_list(), llm=make_llm(), timeout=30)

    handler = agent().run("Please draw a cat astronaut")
    for _ in range(1000):
        if seacloud_env.tasks:
            break
        await asyncio.sleep(0.01)
    saved = json.dumps(handler.ctx.to_dict())
    await handler.cancel_run()
    with pytest.raises((WorkflowCancelledByUser, asyncio.CancelledError)):
        await handler

    resumed = agent()
    context: Context[Any] = Context.from_dict(resumed, json.loads(saved))
    await context.store.set("memory", ChatMemoryBuffer.from_defaults(llm=resumed.llm))  # LlamaIndex saves none
    output = await resumed.run(ctx=context)
    assert "1 task(s) may be created in this conversation" in output.tool_calls[-1].tool_output.content
    assert posts(seacloud_env) == 1


Alias = Context


async def by_another_name(model: str, parameters: Mapping[str, Any], workflow: Alias[Any]) -> bool:
    return True


async def by_its_text(model: str, parameters: Mapping[str, Any], workflow: types_only.Context[Any]) -> bool:
    return True


async def not_to_be_known(model: str, parameters: Mapping[str, Any], workflow: Renamed) -> bool:
    return True


@pytest.mark.parametrize(
    ("approve", "expected"),
    [
        (ask, True),
        (by_another_name, True),
        (by_its_text, True),
        (print, False),
        (type, False),
        (lambda *_: True, False),
    ],
)
def test_a_context_is_found_by_its_annotation(approve: Any, *, expected: bool) -> None:
    assert SpendingGuard([MODEL], approve=approve).needs_context is expected


@pytest.mark.parametrize("approve", [not_to_be_known, lambda _model: True], ids=["context", "one"])
def test_what_cannot_be_asked_is_told_when_the_tools_are_made(approve: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^approve is called as approve\(model, parameters\)"):
        tool_of(approve=approve)
